"""Coherent elastic scattering of neutrinos on nuclei, and what the catalogue's interactions add.

A nucleus of mass M has the vector coupling g_V = Z(½ − 2s²) − N/2 = −Q_w/2, and

    dσ/dT = (G_F²M/π) g_V² (1 − T/E − MT/2E²) F²(q²)

(Freedman, PRD 9, 1389 (1974)). F is Helm's form factor, with the parameters of Lewin & Smith,
Astropart. Phys. 6, 87 (1996). A vector boson or a millicharge shifts g_V as it shifts the
electron's couplings, by g_ν g_N/[√2 G_F(M_A'² + 2MT)]: a dark photon of B − L by the charge −A, a
photon by qZ·4πα. A magnetic moment adds (πα²Z²/m_e²)μ²[1/T − 1/E]F². What nuclei do by their spin
is left out."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from exonu.catalogue import (
    FLAVOURS,
    SEARCHED,
    Interaction,
    NuclearForm,
    NuclearShift,
    Nucleus,
    Recoil,
    Shift,
)
from exonu.catalogue.declaration import MASS_STATES, PAIRS
from exonu.core import constants
from exonu.core.errors import InputError
from exonu.core.resources import resource_path
from exonu.core.tables import read_numbers, read_rows
from exonu.core.types import Array
from exonu.interactions.couplings import chiral_couplings
from exonu.interactions.cross_sections import (
    ALPHA,
    ELECTRON_MASS_MEV,
    FERMI_PER_MEV2,
    HBAR_C_MEV_CM,
)
from exonu.interactions.moments import kinematic_moments
from exonu.interactions.physics import Physics
from exonu.interactions.spectra import Polynomial, of_states
from exonu.solar import oscillation
from exonu.sources import NeutrinoSource
from exonu.sources.boron import boron_source
from exonu.targets import atoms_per_tonne, target_folder, target_property

SIN2_THETA_W = float(chiral_couplings("tree-0.2386")[1, 0])
"""At zero momentum transfer: at tree level g_R = s²."""
NUCLEAR = tuple(name for name, one in SEARCHED.items() if one.nuclear is not None)
"""Interactions that are known on nuclei."""
_ATOMIC_MASS_MEV: float = constants.value("atomic mass constant energy equivalent in MeV")


@cache
def isotopes(target: str) -> tuple[tuple[float, float], ...]:
    """Mass number and share of the atoms of each isotope.

    Raises:
        InputError: if the target has no such table.
    """
    table = read_numbers(target_folder(target) / "isotopes.csv", ["mass_number", "share"])
    return tuple(zip(*(column.tolist() for column in table.values()), strict=True))


@cache
def _scalar_charges() -> tuple[float, float]:
    rows = read_rows(resource_path("couplings/nucleon_scalar.csv"))
    charges = {row["nucleon"]: float(row["scalar_charge"]) for row in rows}
    return charges["proton"], charges["neutron"]


def helm_form_factor(momentum_MeV: ArrayLike, mass_number: float) -> Array:
    """F(q) of a nucleus, F(0) = 1, any shape.

    >>> helm_form_factor([0.0, 50.0], 131).round(3)
    array([1.   , 0.777])
    """
    fm_per_MeV = 1e13 * HBAR_C_MEV_CM
    q = np.maximum(np.asarray(momentum_MeV, dtype=np.float64) / fm_per_MeV, 1e-6)
    c, a, s = 1.23 * mass_number ** (1 / 3) - 0.60, 0.52, 0.9
    x = q * np.sqrt(c**2 + 7 / 3 * np.pi**2 * a**2 - 5 * s**2)
    sphere = np.where(x < 1e-2, 1 - x**2 / 10, 3 * (np.sin(x) - x * np.cos(x)) / x**3)
    return np.asarray(sphere * np.exp(-((q * s) ** 2) / 2))


def nuclear_sources(physics: Physics) -> tuple[NeutrinoSource, ...]:
    """The sources whose neutrinos have the energy to be seen by nuclei: of the Sun ⁸B alone, else
    those of the physics."""
    if physics.reactor is None and physics.flux_table is None:
        return (boron_source(physics.solar_model),)
    return physics.neutrino_sources


class NuclearSpectra:
    """Spectra of nuclear recoils on one energy grid; see `RecoilSpectra` for those of electrons.

    Args:
        energies_keV: energies of the nucleus > 0, shape (n,).
        physics: source, target and solar model.

    >>> spectra = NuclearSpectra([1.0, 3.0])
    >>> spectra.weak().sum(axis=(0, 1)).round(2)
    array([2.4582e+02, 2.4000e-01])
    >>> spectra.polynomial("nsi-left") is None
    True
    """

    def __init__(self, energies_keV: ArrayLike, physics: Physics | None = None) -> None:
        self.energies_keV: Array = np.atleast_1d(np.asarray(energies_keV, dtype=np.float64))
        self.physics = Physics() if physics is None else physics
        self.sources = nuclear_sources(self.physics)
        self._recoil = self.energies_keV * 1e-3
        self._protons = target_property(self.physics.target, "atomic_number")
        self._isotopes = isotopes(self.physics.target)

    @property
    def source_names(self) -> tuple[str, ...]:
        """Names of the sources, in the order of the arrays."""
        return tuple(source.name for source in self.sources)

    def weak(self) -> Array:
        """Rate of the Standard Model's coherent scattering.

        Returns:
            Events/(tonne year keV of nuclear recoil), shape (flavours, sources, n).
        """
        total = sum(
            share * self._coherent(moments, mass) * self._weak_coupling(number) ** 2
            for number, share, mass, moments in self._nuclei(self._moments)
        )
        return np.asarray(self._scale * total)

    def polynomial(
        self,
        interaction: str | Interaction,
        masses_MeV: ArrayLike | None = None,
        *,
        interference: bool | None = None,
    ) -> Polynomial | None:
        """What an interaction adds to that rate for unit x, by mass, state and source.

        Args:
            interaction: one that is searched for, by its name or as declared.
            masses_MeV: masses ≥ 0, shape (m,), where there is a mass.
            interference: whether the part that interferes is there; as the physics says if left
                out. It is what the electrons' polynomial has, so that the two add.

        Returns:
            Rates in events/(tonne year keV); None if nothing is known of it on nuclei.
        """
        one = SEARCHED[interaction] if isinstance(interaction, str) else interaction
        masses = np.atleast_1d(np.asarray(0.0 if masses_MeV is None else masses_MeV, np.float64))
        if isinstance(one.nuclear, NuclearShift):
            return self._shifted(one, one.nuclear, masses[:, None], interference)
        if isinstance(one.nuclear, NuclearForm):
            return self._added(one, one.nuclear, masses[:, None])
        return None

    def _shifted(
        self, one: Interaction, nuclear: NuclearShift, masses: Array, interference: bool | None
    ) -> Polynomial:
        shift = one.formula
        assert isinstance(shift, Shift)
        charges = np.mean(shift.charges, axis=0)[:, None, None]  # of the electron's vector current
        linear: Any = 0.0
        pure: Any = 0.0
        for number, share, mass, moments in self._nuclei(self._moments):
            at = Recoil(self._recoil, masses, mass, ALPHA, FERMI_PER_MEV2, HBAR_C_MEV_CM)
            profile = np.atleast_2d(shift.profile(at))[:, None, None, :]
            nucleons = self._protons * nuclear.proton + (number - self._protons) * nuclear.neutron
            step = 2 * nucleons * charges * profile  # (masses, flavours, 1, n)
            flat = share * self._scale * self._coherent(moments, mass)
            linear = linear + one.sign * 2 * self._weak_coupling(number) * step * flat
            pure = pure + step**2 * flat
        asked = shift.interferes == "always" or self.physics.millicharge_weak_interference
        if not (asked if interference is None else interference) and shift.interferes == "asked":
            return Polynomial(pure, None, 2 * one.power, FLAVOURS)
        return Polynomial(linear, pure, one.power, FLAVOURS)

    def _added(self, one: Interaction, nuclear: NuclearForm, masses: Array) -> Polynomial:
        protons, neutrons = _scalar_charges()
        of_masses = one.states in (MASS_STATES, PAIRS)
        total: Any = 0.0
        every = self._moments_of_masses if of_masses else self._moments
        for number, share, mass, moments in self._nuclei(every):
            scalar = self._protons * protons + (number - self._protons) * neutrons
            at = Nucleus(
                self._recoil, masses, mass, self._protons, scalar,
                ELECTRON_MASS_MEV, ALPHA, FERMI_PER_MEV2, HBAR_C_MEV_CM,
            )  # fmt: skip
            form = np.stack(np.broadcast_arrays(*nuclear.coefficients(at), self._recoil)[:3])
            profile = np.ones((1, 1)) if nuclear.profile is None else nuclear.profile(at)
            rate = share * self._per_atom * np.einsum("sfkn,kn->fsn", moments, form)
            form_factor = self._form_factor(number, mass)
            total = total + np.atleast_2d(profile)[:, None, None, :] * form_factor * rate
        states = one.states[1:] or FLAVOURS
        rates = np.stack([of_states(one, rate) for rate in total])
        return Polynomial(rates, None, one.power, states)

    def _nuclei(self, moments: Array) -> Iterator[tuple[float, float, float, Array]]:
        """Mass number, share, mass and moments of each isotope."""
        for place, (number, share) in enumerate(self._isotopes):
            yield number, share, number * _ATOMIC_MASS_MEV, moments[place]

    @cached_property
    def _moments(self) -> Array:
        return self._all_moments(False)

    @cached_property
    def _moments_of_masses(self) -> Array:
        return self._all_moments(True)

    def _all_moments(self, of_masses: bool) -> Array:
        """Moments above the threshold of each isotope, shape (isotopes, sources, 3, 3, n)."""
        t, lower = self._recoil, []
        for number, _ in self._isotopes:
            lower.append((t + np.sqrt(t * (t + 2 * number * _ATOMIC_MASS_MEV))) / 2)
        limits = np.concatenate(lower)
        parameters = oscillation(self.physics.oscillation)
        found = kinematic_moments(
            self.sources, parameters, limits, lower_MeV=limits, of_masses=of_masses
        )
        return np.moveaxis(found.reshape(*found.shape[:3], len(lower), -1), 3, 0)

    def _coherent(self, moments: Array, mass: float) -> Array:
        """(1 − T/E − MT/2E²) F² over the flux, shape (flavours, sources, n)."""
        t = self._recoil
        flat = moments[:, :, 0] - t * moments[:, :, 1] - mass * t / 2 * moments[:, :, 2]
        form_factor = self._form_factor(mass / _ATOMIC_MASS_MEV, mass)
        return np.asarray(
            FERMI_PER_MEV2**2 * mass / np.pi * form_factor * flat.swapaxes(0, 1), dtype=np.float64
        )

    def _form_factor(self, number: float, mass: float) -> Array:
        return helm_form_factor(np.sqrt(2 * mass * self._recoil), number) ** 2

    def _weak_coupling(self, number: float) -> float:
        return self._protons * (0.5 - 2 * SIN2_THETA_W) - (number - self._protons) / 2

    @property
    def _per_atom(self) -> float:
        """From a rate per atom, second and MeV to one per tonne, year and keV."""
        return atoms_per_tonne(self.physics.target) * constants.Julian_year * 1e-3

    @property
    def _scale(self) -> float:
        return HBAR_C_MEV_CM**2 * self._per_atom


def nuclear_rate(
    kind: str,
    recoil_keV: ArrayLike,
    physics: Physics | None = None,
    *,
    flavour: str = "all",
    strength: float = 0.0,
    mass_MeV: float | None = None,
    interference: bool | None = True,
) -> Array:
    """Rate of nuclear recoils, of ⁸B neutrinos or of the physics' reactor or table.

    Args:
        kind: `weak` alone; or what one of `NUCLEAR` adds to it.
        recoil_keV: energies of the nucleus > 0, shape (n,).
        physics: source and target.
        flavour: the state that interacts.
        strength: of its parameter.
        mass_MeV: of an interaction that has one.
        interference: see `NuclearSpectra.polynomial`.

    Returns:
        Events/(tonne year keV of nuclear recoil), shape (n,).

    Raises:
        InputError: for another kind.

    >>> nuclear_rate("weak", [1.0, 3.0]).round(2)
    array([2.4582e+02, 2.4000e-01])
    """
    spectra = NuclearSpectra(recoil_keV, physics)
    if kind == "weak":
        return np.asarray(spectra.weak().sum(axis=(0, 1)))
    if kind not in NUCLEAR:
        raise InputError(
            f"must be one of weak, {', '.join(NUCLEAR)} (got {kind!r})",
            field="kind",
            remedy="of others nothing is known on nuclei",
        )
    masses = None if mass_MeV is None else [mass_MeV]
    found = spectra.polynomial(kind, masses, interference=interference)
    assert found is not None
    linear, pure = found.of(flavour)
    x = strength**found.power
    rate = x * linear[0] if pure is None else x * linear[0] + x**2 * pure[0]
    return np.asarray(rate.sum(axis=0))
