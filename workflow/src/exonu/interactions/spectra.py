"""Recoil spectra in natural xenon, in events/(tonne year keV)."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy import constants

from exonu.core.errors import InputError
from exonu.core.types import Array
from exonu.interactions.couplings import chiral_couplings
from exonu.interactions.cross_sections import (
    bilinear_form,
    dark_photon_shift,
    magnetic_moment_form,
    maximum_recoil_MeV,
    millicharge_shift,
)
from exonu.interactions.millicharge import photoabsorption_rate
from exonu.interactions.moments import ORDER, atomic_moments, kinematic_moments
from exonu.interactions.physics import INTERACTIONS, Physics, check_atomic
from exonu.solar import FLAVOURS, LineSpectrum, Source, oscillation, solar_sources
from exonu.xenon import edges_keV, effective_charge, free_electrons, xenon_property

PARTS = ("total", "pure", "interference")
_VECTOR = (1.0, 1.0)  # a shift of g_L and g_R alike


class RecoilSpectra:
    """Recoil spectra of all interactions on one energy grid.

    The moments of the solar flux are computed once; every interaction, flavour, coupling and mass
    follows by multiplication.

    Args:
        energies_keV: true deposited energies > 0, shape (n,).
        physics: the choices; the defaults if left out.
        order: quadrature nodes per panel.

    Raises:
        InputError: if an energy is not finite and > 0.

    >>> spectra = RecoilSpectra([5.0, 100.0])
    >>> spectra.rate("weak").sum(axis=0).round(2)
    array([2.86, 2.01])
    >>> spectra.rate("magnetic-moment", strength=1.8e-10, atomic="free")[:2].sum(axis=0).round(1)
    array([799.9,  20.7])
    """

    def __init__(
        self, energies_keV: ArrayLike, physics: Physics | None = None, *, order: int = ORDER
    ) -> None:
        self.energies_keV: Array = np.atleast_1d(np.asarray(energies_keV, dtype=np.float64))
        if self.energies_keV.ndim != 1 or not np.all(
            (self.energies_keV > 0) & (self.energies_keV < np.inf)
        ):
            raise InputError("must be finite numbers > 0, in one list", field="energies_keV")
        self.physics = Physics() if physics is None else physics
        self._recoil_MeV = self.energies_keV * 1e-3
        self._parameters = oscillation(self.physics.oscillation)
        self._couplings = chiral_couplings(self.physics.couplings)
        self._sources = _selected_sources(self.physics)
        self._order = order

    @property
    def source_names(self) -> tuple[str, ...]:
        """Names of the sources, in the order of the arrays."""
        return self.physics.sources

    @cached_property
    def _kinematic(self) -> Array:
        return kinematic_moments(self._sources, self._parameters, self._recoil_MeV, self._order)

    @cached_property
    def _atomic(self) -> Array:
        return atomic_moments(self._sources, self._parameters, self._recoil_MeV, self._order)

    def rate(
        self,
        interaction: str,
        *,
        flavour: str = "all",
        strength: float = 1.0,
        mass_MeV: float | None = None,
        part: str = "total",
        atomic: str | None = None,
    ) -> Array:
        """Recoil rate of an interaction, per source. Of a new interaction, what it adds to the weak
        rate.

        Args:
            interaction: `weak`, `magnetic-moment`, `millicharge` or `dark-photon`.
            flavour: `all`, `e`, `mu` or `tau`: the flavour that interacts. A dark photon couples to
                all.
            strength: μ_ν in μ_B, q in e, or the coupling g; none for `weak`.
            mass_MeV: mass of the dark photon, and of nothing else.
            part: `pure` (∝ strength² for a millicharge or magnetic moment, g⁴), `interference` with
                the weak term, or `total`. For a millicharge the total has the interference only if
                the physics says so.
            atomic: instead of the atomic setting of the physics.

        Returns:
            Events/(tonne year keV) of natural xenon, shape (sources, n).

        Raises:
            InputError: if the arguments are not allowed or do not fit together.
        """
        _check_arguments(interaction, flavour, strength, mass_MeV, part)
        atomic = self.physics.atomic(interaction) if atomic is None else atomic
        check_atomic(atomic, interaction)
        chosen = (
            slice(None)
            if flavour == "all"
            else slice(FLAVOURS.index(flavour), FLAVOURS.index(flavour) + 1)
        )
        if interaction == "weak":
            form = bilinear_form(
                self._couplings[:, chosen], self._couplings[:, chosen], self._recoil_MeV
            )
            return self._electron_rate(form, chosen, atomic)
        if interaction == "magnetic-moment":
            form = strength**2 * magnetic_moment_form(self._recoil_MeV)
            return self._electron_rate(form, chosen, atomic)
        if interaction == "millicharge":
            return self._millicharge(chosen, strength, part, atomic)
        assert mass_MeV is not None  # checked above
        interference, pure = self.dark_photon([mass_MeV], atomic=atomic)
        rate: dict[str, Array] = {
            "interference": strength**2 * interference[0],
            "pure": strength**4 * pure[0],
        }
        rate["total"] = rate["interference"] + rate["pure"]
        return rate[part]

    def dark_photon(
        self, masses_MeV: ArrayLike, *, atomic: str | None = None
    ) -> tuple[Array, Array]:
        """Interference I and pure term P of a U(1)_B-L dark photon for unit x = g²: N = N_SM + x I
        + x² P.

        Args:
            masses_MeV: masses ≥ 0, shape (m,).
            atomic: instead of the atomic setting of the physics.

        Returns:
            I and P in events/(tonne year keV), each of shape (m, sources, n).

        Raises:
            InputError: if a mass is not finite and ≥ 0.
        """
        masses = np.atleast_1d(np.asarray(masses_MeV, dtype=np.float64))
        if not np.all((masses >= 0) & (masses < np.inf)):
            raise InputError("must be finite numbers ≥ 0", field="mass_MeV")
        atomic = self.physics.atomic("dark-photon") if atomic is None else atomic
        check_atomic(atomic, "dark-photon")
        shift = dark_photon_shift(masses, self._recoil_MeV)[:, None, :]
        everyone = slice(None)
        return shift * self._interference(everyone, atomic), shift**2 * self._pure(everyone, atomic)

    def _millicharge(self, chosen: slice, charge: float, part: str, atomic: str) -> Array:
        shift = charge * millicharge_shift(self._recoil_MeV)
        # Interference has one photon pole less, hence no photoabsorption term: electrons count as
        # in the weak rate.
        weak_atomic = self.physics.weak_atomic
        if part == "interference":
            return shift * self._interference(chosen, weak_atomic)
        if atomic in ("free", "stepping"):
            pure = shift**2 * self._pure(chosen, atomic)
        else:
            atoms = _atoms_per_tonne() * constants.Julian_year * 1e-3
            soft = photoabsorption_rate(
                atomic,
                self.energies_keV,
                self._atomic[:, chosen].sum(axis=1),
                self.physics.neutrino_mass_eV,
            )
            pure = charge**2 * atoms * soft
            if atomic != "epa":
                hard = self._pure(chosen, "free") / xenon_property("atomic_number")
                pure = pure + shift**2 * effective_charge(self.energies_keV) * hard
        if part == "total" and self.physics.millicharge_weak_interference:
            return pure + shift * self._interference(chosen, weak_atomic)
        return pure

    def _pure(self, chosen: slice, atomic: str) -> Array:
        return self._electron_rate(
            bilinear_form(_VECTOR, _VECTOR, self._recoil_MeV), chosen, atomic
        )

    def _interference(self, chosen: slice, atomic: str) -> Array:
        form = 2 * bilinear_form(self._couplings[:, chosen], _VECTOR, self._recoil_MeV)
        return self._electron_rate(form, chosen, atomic)

    def _electron_rate(self, form: Array, chosen: slice, atomic: str) -> Array:
        """Rate of a cross-section on one electron, coefficients of shape (3, n) or (flavours, 3,
        n)."""
        moments = self._kinematic[:, chosen]
        per_electron = np.einsum("sfkn,fkn->sn", moments, np.broadcast_to(form, moments.shape[1:]))
        electrons = (
            free_electrons(self.energies_keV)
            if atomic == "stepping"
            else xenon_property("atomic_number")
        )
        return np.asarray(
            _atoms_per_tonne() * constants.Julian_year * 1e-3 * electrons * per_electron
        )


def recoil_rate(
    interaction: str,
    energies_keV: ArrayLike,
    *,
    source: str = "all",
    flavour: str = "all",
    strength: float = 1.0,
    mass_MeV: float | None = None,
    part: str = "total",
    physics: Physics | None = None,
) -> Array:
    """Recoil rate in events/(tonne year keV) of natural xenon, shape (n,): one call for one
    spectrum.

    Args:
        interaction: see `RecoilSpectra.rate`, as for the other arguments.
        energies_keV: true deposited energies, shape (n,).
        source: one source of the physics, or `all` of them.
        flavour: flavour that interacts.
        strength: coupling.
        mass_MeV: mass of the dark photon.
        part: part of the rate.
        physics: the choices.

    Raises:
        InputError: if the arguments are not allowed or do not fit together.

    >>> recoil_rate("dark-photon", 2.0, source="pp", strength=1e-6, mass_MeV=1e-3, part="pure").round()
    array([2817.])
    """
    spectra = RecoilSpectra(energies_keV, physics)
    if source != "all" and source not in spectra.source_names:
        raise InputError(
            f"must be one of all, {', '.join(spectra.source_names)} (got {source!r})",
            field="source",
        )
    rate = spectra.rate(
        interaction, flavour=flavour, strength=strength, mass_MeV=mass_MeV, part=part
    )
    chosen = slice(None) if source == "all" else [spectra.source_names.index(source)]
    return np.asarray(rate[chosen].sum(axis=0), dtype=np.float64)


def breakpoints_keV(physics: Physics | None = None) -> Array:
    """Energies at which a recoil spectrum steps: xenon's edges and the highest recoils of neutrino
    lines, ascending.

    Give them to the quadrature that folds a spectrum with a detector's response.
    """
    lines = [
        maximum_recoil_MeV(source.spectrum.energies_MeV) * 1e3
        for source in _selected_sources(Physics() if physics is None else physics)
        if isinstance(source.spectrum, LineSpectrum)
    ]
    return np.unique(np.concatenate([edges_keV(), *lines]))


def _selected_sources(physics: Physics) -> list[Source]:
    by_name = {
        source.name: source for source in solar_sources(physics.solar_model, physics.beryllium_line)
    }
    return [by_name[name] for name in physics.sources]


def _atoms_per_tonne() -> float:
    return float(constants.N_A * 1e6 / xenon_property("atomic_mass"))


def _check_arguments(
    interaction: str, flavour: str, strength: float, mass_MeV: float | None, part: str
) -> None:
    if interaction not in INTERACTIONS:
        raise InputError(
            f"must be one of {', '.join(INTERACTIONS)} (got {interaction!r})", field="interaction"
        )
    if flavour not in ("all", *FLAVOURS):
        raise InputError(
            f"must be one of all, {', '.join(FLAVOURS)} (got {flavour!r})", field="flavour"
        )
    if interaction == "dark-photon" and flavour != "all":
        raise InputError(
            f"must be all for a dark photon (got {flavour!r})",
            field="flavour",
            remedy="a U(1)_B-L boson couples to all flavours alike",
        )
    if part not in PARTS:
        raise InputError(f"must be one of {', '.join(PARTS)} (got {part!r})", field="part")
    if part == "interference" and interaction in ("weak", "magnetic-moment"):
        raise InputError(
            f"{interaction} has no interference term",
            field="part",
            remedy="a magnetic moment flips the helicity and adds incoherently"
            if interaction == "magnetic-moment"
            else "ask for total",
        )
    _check_strength(interaction, strength)
    if (interaction == "dark-photon") != (mass_MeV is not None):
        raise InputError(
            "is missing" if mass_MeV is None else f"is given for {interaction}, which has no mass",
            field="mass_MeV",
            remedy="a dark photon needs its mass, and nothing else has one",
        )


def _check_strength(interaction: str, strength: float) -> None:
    if interaction == "weak" and strength != 1.0:
        raise InputError(f"must be left out for weak (got {strength!r})", field="strength")
    signed = interaction == "millicharge"  # only there the sign matters, through interference
    if not np.isfinite(strength) or (strength < 0 and not signed):
        raise InputError(
            f"must be a finite number{'' if signed else ' ≥ 0'} (got {strength!r})",
            field="strength",
        )
