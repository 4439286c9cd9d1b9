"""Recoil spectra in a target, in events/(tonne year keV)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from exonu.catalogue import (
    FLAVOURS,
    INTERACTIONS,
    SEARCHED,
    Form,
    Interaction,
    MassiveForm,
    Recoil,
    Shift,
)
from exonu.catalogue.declaration import MASS_STATES, PAIRS
from exonu.core import constants
from exonu.core.errors import InputError
from exonu.core.types import Array
from exonu.interactions.couplings import chiral_couplings
from exonu.interactions.cross_section_table import CrossSectionTable
from exonu.interactions.cross_sections import (
    ALPHA,
    ELECTRON_MASS_MEV,
    FERMI_PER_MEV2,
    HBAR_C_MEV_CM,
    bilinear_form,
    maximum_recoil_MeV,
)
from exonu.interactions.many_body import many_body_ratio
from exonu.interactions.millicharge import photoabsorption_rate
from exonu.interactions.moments import ORDER, atomic_moments, kinematic_moments, threshold_moments
from exonu.interactions.physics import Physics, check_atomic
from exonu.solar import LineSpectrum, oscillation
from exonu.targets import (
    atoms_per_tonne,
    edges_keV,
    effective_charge,
    free_electrons,
    target_property,
)

PARTS = ("total", "pure", "interference")
_PHOTOABSORPTION = ("epa", "pai", "pai-liquid")


@dataclass(frozen=True)
class Polynomial:
    """The rate that an interaction adds, N(x) = x I + x² P with x = strength**power.

    Attributes:
        linear, quadratic: I and P, shape (masses, states, sources, n); P is None where there is
            none.
        power: of the strength in x.
        states: names of the states, `all` left out.
    """

    linear: Array
    quadratic: Array | None
    power: int
    states: tuple[str, ...]

    def of(self, state: str) -> tuple[Array, Array | None]:
        """I and P of one state, or of all together, shape (masses, sources, n)."""

        def chosen(rates: Array) -> Array:
            if state == "all":
                return np.asarray(rates.sum(axis=1))
            return np.asarray(rates[:, self.states.index(state)])

        return chosen(self.linear), None if self.quadratic is None else chosen(self.quadratic)


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
        self._sources = self.physics.neutrino_sources
        # Of an antineutrino the electron's two chiralities change places.
        self._chirality = -1 if self._sources[0].is_antineutrino else 1
        self._couplings = chiral_couplings(self.physics.couplings)[:: self._chirality]
        self._order = order

    @property
    def source_names(self) -> tuple[str, ...]:
        """Names of the sources, in the order of the arrays."""
        return self.physics.source_names

    @cached_property
    def _kinematic(self) -> Array:
        return kinematic_moments(self._sources, self._parameters, self._recoil_MeV, self._order)

    @cached_property
    def _kinematic_of_masses(self) -> Array:
        return kinematic_moments(
            self._sources, self._parameters, self._recoil_MeV, self._order, of_masses=True
        )

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
            interaction: a name of the catalogue.
            flavour: the state that interacts, one of the interaction's; `all` of them.
            strength: of its parameter; none for `weak`.
            mass_MeV: mass, of an interaction that has one.
            part: `interference` with the weak term, `pure` without it, or `total`. For a millicharge
                the total has the interference only if the physics says so.
            atomic: instead of the atomic setting of the physics.

        Returns:
            Events/(tonne year keV) of the target, shape (sources, n).

        Raises:
            InputError: if the arguments are not allowed or do not fit together.
        """
        _check_arguments(interaction, flavour, strength, mass_MeV, part)
        if interaction == "weak":
            atomic = self.physics.atomic("weak") if atomic is None else atomic
            check_atomic(atomic, "weak")
            form = bilinear_form(self._couplings, self._couplings, self._recoil_MeV)
            rates = self._electron_rate(form, atomic)
            chosen = slice(None) if flavour == "all" else [FLAVOURS.index(flavour)]
            return np.asarray(rates[chosen].sum(axis=0))
        asked = None if part == "total" else part == "interference"
        masses = None if mass_MeV is None else [mass_MeV]
        found = self.polynomial(interaction, masses, atomic=atomic, interference=asked)
        by_mass, by_mass_squared = found.of(flavour)
        linear, x = by_mass[0], strength**found.power
        if by_mass_squared is None or part == "interference":
            return np.asarray(x * linear)
        quadratic = by_mass_squared[0]
        return np.asarray(x**2 * quadratic if part == "pure" else x * linear + x**2 * quadratic)

    def polynomial(
        self,
        interaction: str | Interaction,
        masses_MeV: ArrayLike | None = None,
        *,
        atomic: str | None = None,
        interference: bool | None = None,
    ) -> Polynomial:
        """What an interaction adds to the weak rate for unit x, by mass, state and source.

        Args:
            interaction: one that is searched for, by its name or as declared.
            masses_MeV: masses ≥ 0, shape (m,), where there is a mass.
            atomic: instead of the atomic setting of the physics.
            interference: whether the part that interferes is there; as the physics says if left out.

        Returns:
            Rates in events/(tonne year keV).

        Raises:
            InputError: if a mass is not finite and ≥ 0, a setting is not the interaction's, or the
                interference of a table is asked for.
        """
        one = SEARCHED[interaction] if isinstance(interaction, str) else interaction
        atomic = self.physics.atomic(one.name) if atomic is None else atomic
        check_atomic(atomic, one.name)
        at = self._recoil(masses_MeV)
        if (own := self.physics.cross_section(one.name)) is not None:
            if interference:
                raise InputError(
                    f"has no interference with the weak one: the cross-section of {one.name} is a table",
                    field="part",
                    remedy="ask for pure or total",
                )
            power = 2 * one.power if isinstance(one.formula, Shift) else one.power
            return Polynomial(self._tabled(own, one)[None], None, power, one.states[1:] or FLAVOURS)
        if isinstance(one.formula, Shift):
            return self._shifted(one, one.formula, at, atomic, interference)
        if isinstance(one.formula, MassiveForm):
            linear = self._massive(one.formula, at, atomic)
        else:
            assert isinstance(one.formula, Form)
            coefficients = np.broadcast_arrays(*one.formula.coefficients(at), self._recoil_MeV)[:3]
            of_masses = one.states in (MASS_STATES, PAIRS)
            form = np.stack(coefficients)[None]
            rates = of_states(one, self._electron_rate(form, atomic, of_masses=of_masses))
            profile = np.ones((1, 1)) if one.formula.profile is None else one.formula.profile(at)
            linear = np.atleast_2d(profile)[:, None, None, :] * rates
        states = one.states[1:] or FLAVOURS
        return Polynomial(linear, None, one.power, states)

    def _tabled(self, table: CrossSectionTable, one: Interaction) -> Array:
        """Rate of a user's own cross-section, shape (states, sources, n)."""
        of_masses = one.states in (MASS_STATES, PAIRS)
        per_atom = table.rate(
            self._sources, self._parameters, self.energies_keV, of_masses=of_masses
        )
        atoms = atoms_per_tonne(self.physics.target) * constants.Julian_year
        return of_states(one, np.asarray(atoms * per_atom))

    def _massive(self, formula: MassiveForm, at: Recoil, atomic: str) -> Array:
        """Rate where each mass has coefficients and a threshold of its own, shape (m, flavours,
        sources, n)."""
        lower = formula.minimum_energy(at)
        moments = threshold_moments(self._sources, self._parameters, lower)
        coefficients = np.stack(np.broadcast_arrays(*formula.coefficients(at), lower)[:3])
        per_electron = np.einsum("sfkmn,kmn->mfsn", moments, coefficients)
        return np.asarray(self._scale(atomic) * per_electron)

    def _recoil(self, masses_MeV: ArrayLike | None) -> Recoil:
        masses = np.atleast_1d(np.asarray(0.0 if masses_MeV is None else masses_MeV, np.float64))
        if not np.all((masses >= 0) & (masses < np.inf)):
            raise InputError("must be finite numbers ≥ 0", field="mass_MeV")
        return Recoil(
            self._recoil_MeV,
            masses[:, None],
            ELECTRON_MASS_MEV,
            ALPHA,
            FERMI_PER_MEV2,
            HBAR_C_MEV_CM,
        )

    def _shifted(
        self, one: Interaction, shift: Shift, at: Recoil, atomic: str, interference: bool | None
    ) -> Polynomial:
        """With B the bilinear form of the weak cross-section, I = 2 B(g, δ) and P = B(δ, δ)."""
        charges = np.array(shift.charges, dtype=np.float64)[:: self._chirality]
        profile = np.atleast_2d(shift.profile(at))[:, None, None, :]
        if interference is None:
            interference = (
                shift.interferes == "always" or self.physics.millicharge_weak_interference
            )
        pure: Array | None = None
        # The interference of a millicharge has one photon pole less, hence no photoabsorption
        # term: electrons count as in the weak rate.
        bound = self.physics.atomic("weak") if shift.interferes == "asked" else atomic
        if atomic in _PHOTOABSORPTION:
            pure = self._photoabsorbed(profile**2, charges, atomic)
        else:
            form = bilinear_form(charges, charges, self._recoil_MeV)
            pure = profile**2 * self._electron_rate(form, atomic)
        if not interference and shift.interferes == "asked":
            return Polynomial(pure, None, 2 * one.power, FLAVOURS)
        form = 2 * bilinear_form(self._couplings, charges, self._recoil_MeV)
        linear = one.sign * profile * self._electron_rate(form, bound)
        return Polynomial(linear, pure, one.power, FLAVOURS)

    def _photoabsorbed(self, shift_squared: Array, charges: Array, atomic: str) -> Array:
        """Pure rate of a millicharge of 1 e on an atom, shape (1, flavours, sources, n)."""
        target = self.physics.target
        atoms = atoms_per_tonne(target) * constants.Julian_year * 1e-3
        soft = photoabsorption_rate(
            atomic, self.energies_keV, self._atomic, self.physics.neutrino_mass_eV, target
        )
        pure = atoms * soft.swapaxes(0, 1)[None]
        if atomic != "epa":
            form = bilinear_form(charges, charges, self._recoil_MeV)
            hard = self._electron_rate(form, "free") / target_property(target, "atomic_number")
            pure = pure + shift_squared * effective_charge(target, self.energies_keV) * hard
        return np.asarray(pure)

    def _electron_rate(self, form: Array, atomic: str, *, of_masses: bool = False) -> Array:
        """Rate of a cross-section on one electron, coefficients of shape (flavours, 3, n).

        Returns:
            Shape (flavours, sources, n), or mass states instead of flavours.
        """
        moments = self._kinematic_of_masses if of_masses else self._kinematic
        per_electron = np.einsum("sfkn,fkn->fsn", moments, np.broadcast_to(form, moments.shape[1:]))
        return np.asarray(self._scale(atomic) * per_electron)

    def _scale(self, atomic: str) -> Array:
        """From a rate per electron, second and MeV to one per tonne, year and keV."""
        per_atom = atoms_per_tonne(self.physics.target) * constants.Julian_year * 1e-3
        return np.asarray(per_atom * self._electrons(atomic))

    def _electrons(self, atomic: str) -> Array | float:
        """Electrons of an atom that count, by the treatment of bound ones, shape (n,) or a
        number."""
        target = self.physics.target
        if atomic == "free":
            return target_property(target, "atomic_number")
        electrons = free_electrons(target, self.energies_keV)
        if atomic == "rrpa":
            electrons = electrons * many_body_ratio(target, self.energies_keV)[0]
        return electrons


def of_states(one: Interaction, rates: Array) -> Array:
    """Rates of the states of an interaction from those of flavours or mass states."""
    if one.states != PAIRS:
        return rates
    pairs = [rates[[0, 1]], rates[[0, 2]], rates[[1, 2]]]  # a moment μ_ij counts for both
    return np.asarray(np.stack(pairs).sum(axis=1))


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
    """Recoil rate in events/(tonne year keV) of the target, shape (n,): one call for one
    spectrum.

    Args:
        interaction: see `RecoilSpectra.rate`, as for the other arguments.
        energies_keV: true deposited energies, shape (n,).
        source: one source of the physics, or `all` of them.
        flavour: flavour that interacts.
        strength: coupling.
        mass_MeV: mass, of an interaction that has one.
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
    """Energies at which a recoil spectrum steps: the target's edges and the highest recoils of
    neutrino lines, ascending.

    Give them to the quadrature that folds a spectrum with a detector's response.
    """
    chosen = Physics() if physics is None else physics
    lines = [
        maximum_recoil_MeV(source.spectrum.energies_MeV) * 1e3
        for source in chosen.neutrino_sources
        if isinstance(source.spectrum, LineSpectrum)
    ]
    return np.unique(np.concatenate([edges_keV(chosen.target), *lines]))


def _check_arguments(
    interaction: str, flavour: str, strength: float, mass_MeV: float | None, part: str
) -> None:
    if interaction not in INTERACTIONS:
        raise InputError(
            f"must be one of {', '.join(INTERACTIONS)} (got {interaction!r})", field="interaction"
        )
    one = INTERACTIONS[interaction]
    if not one.by_neutrinos:
        raise InputError(
            f"{interaction} is not a scattering of neutrinos",
            field="interaction",
            remedy="a line has no recoil spectrum, and that of a file is in the file; `exonu limit` searches",
        )
    if flavour not in one.states:
        raise InputError(
            f"must be one of {', '.join(one.states)} (got {flavour!r})"
            if len(one.states) > 1
            else f"must be all for a {one.title} (got {flavour!r})",
            field="flavour",
            remedy=None
            if len(one.states) > 1
            else f"the parameter, {one.quantity}, is the same for all flavours",
        )
    if part not in PARTS:
        raise InputError(f"must be one of {', '.join(PARTS)} (got {part!r})", field="part")
    if part == "interference" and not one.interferes:
        raise InputError(
            f"{interaction} has no interference term",
            field="part",
            remedy="ask for total"
            if interaction == "weak"
            else "it flips the helicity and adds incoherently",
        )
    _check_strength(one, strength)
    if one.has_mass != (mass_MeV is not None):
        raise InputError(
            "is missing" if mass_MeV is None else f"is given for {interaction}, which has no mass",
            field="mass_MeV",
            remedy=f"a {one.title} needs its mass" if one.has_mass else "leave it out",
        )


def _check_strength(one: Interaction, strength: float) -> None:
    if one.formula is None and strength != 1.0:
        raise InputError(f"must be left out for {one.name} (got {strength!r})", field="strength")
    signed = one.power % 2 == 1 and one.sign > 0  # only there the sign matters, by interference
    if not np.isfinite(strength) or (strength < 0 and not signed):
        raise InputError(
            f"must be a finite number{'' if signed else ' ≥ 0'} (got {strength!r})",
            field="strength",
        )
