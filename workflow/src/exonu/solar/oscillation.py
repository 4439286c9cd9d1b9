"""Flavour of solar neutrinos at Earth by day: adiabatic MSW conversion in the Sun."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import radians

import numpy as np
from numpy.typing import ArrayLike

from exonu.core import constants
from exonu.core.errors import ArgumentError, InputError
from exonu.core.resources import resource_path
from exonu.core.tables import read_rows
from exonu.core.types import Array

_FERMI_PER_MEV2 = constants.value("Fermi coupling constant") * 1e-6
_HBAR_C_MEV_CM = constants.value("reduced Planck constant times c in MeV fm") * 1e-13


@dataclass(frozen=True)
class Oscillation:
    """Three-flavour oscillation parameters; angles in radians, Δm² in eV². Δm²31 does not enter
    solar conversion."""

    theta12: float
    theta13: float
    theta23: float
    delta_cp: float
    dm2_21: float
    dm2_31: float

    def mixing_squared(self) -> Array:
        """|U_fi|², shape (3 flavours, 3 masses).

        >>> oscillation("NuFIT-6.0-NO").mixing_squared().sum(axis=0).round(12)
        array([1., 1., 1.])
        """
        s12, s13, s23 = np.sin([self.theta12, self.theta13, self.theta23])
        c12, c13, c23 = np.cos([self.theta12, self.theta13, self.theta23])
        phase = np.exp(1j * self.delta_cp)
        mixing = np.array(
            [
                [c12 * c13, s12 * c13, s13 / phase],
                [
                    -s12 * c23 - c12 * s23 * s13 * phase,
                    c12 * c23 - s12 * s23 * s13 * phase,
                    s23 * c13,
                ],
                [
                    s12 * s23 - c12 * c23 * s13 * phase,
                    -c12 * s23 - s12 * c23 * s13 * phase,
                    c23 * c13,
                ],
            ]
        )
        return np.asarray(np.abs(mixing) ** 2, dtype=np.float64)


@cache
def _parameter_sets() -> dict[str, Oscillation]:
    sets: dict[str, dict[str, float]] = {}
    for row in read_rows(resource_path("solar/oscillation.csv")):
        value = float(row["value"])
        sets.setdefault(row["set"], {})[row["parameter"]] = (
            radians(value) if row["unit"] == "deg" else value
        )
    return {name: Oscillation(**values) for name, values in sets.items()}


def oscillation_sets() -> tuple[str, ...]:
    """Names of the sets of oscillation parameters.

    >>> oscillation_sets()
    ('NuFIT-6.0-NO',)
    """
    return tuple(_parameter_sets())


def oscillation(name: str) -> Oscillation:
    """A set of oscillation parameters by name.

    Raises:
        InputError: if there is no such set.
    """
    if name not in _parameter_sets():
        raise InputError(
            f"is not a set of oscillation parameters (got {name!r})",
            field="oscillation",
            remedy=f"choose one of {', '.join(_parameter_sets())}",
        )
    return _parameter_sets()[name]


def flavour_probabilities(
    energy_MeV: ArrayLike, electron_density_mol_per_cm3: float, parameters: Oscillation
) -> Array:
    """Probabilities that a solar ν_e arrives as ν_e, ν_μ, ν_τ by day: P_f = Σ_i |U_fi|² k_i.

    Args:
        energy_MeV: neutrino energies, any shape.
        electron_density_mol_per_cm3: electron density at production.
        parameters: oscillation parameters.

    Returns:
        Shape (3, *energy.shape), in the order of `FLAVOURS`; sums to 1.

    Raises:
        InputError: an energy that is not > 0.

    >>> flavour_probabilities(0.1, 60.6, oscillation("NuFIT-6.0-NO")).round(4)
    array([0.5475, 0.2163, 0.2361])
    """
    lowest = np.min(energy_MeV, initial=np.inf)
    if not lowest > 0:
        raise ArgumentError(f"must be > 0 (got {lowest:g})", field="energy_MeV")
    content = mass_content(energy_MeV, electron_density_mol_per_cm3, parameters)
    return np.asarray(np.tensordot(parameters.mixing_squared(), content, axes=1), dtype=np.float64)


def mass_content(
    energy_MeV: ArrayLike, electron_density_mol_per_cm3: float, parameters: Oscillation
) -> Array:
    """Probabilities k_i that a solar ν_e arrives as the mass state ν_1, ν_2, ν_3.

    k = (c13² cos²θ12ᵐ, c13² sin²θ12ᵐ, s13²), θ12ᵐ the mixing angle in matter at the place of
    production (adiabatic MSW; Parke, PRL 57, 1275 (1986), with three flavours as in PDG "Neutrino
    masses, mixing and oscillations").

    Args:
        energy_MeV: neutrino energies, any shape.
        electron_density_mol_per_cm3: electron density at production.
        parameters: oscillation parameters.

    Returns:
        Shape (3, *energy.shape); sums to 1.
    """
    energy = np.asarray(energy_MeV, dtype=np.float64)
    c13_squared = np.cos(parameters.theta13) ** 2
    electrons_MeV3 = electron_density_mol_per_cm3 * constants.N_A * _HBAR_C_MEV_CM**3
    potential = (
        2
        * np.sqrt(2)
        * c13_squared
        * _FERMI_PER_MEV2
        * electrons_MeV3
        / (parameters.dm2_21 * 1e-12)
        * energy
    )
    detuning = np.cos(2 * parameters.theta12) - potential
    cos_2theta_matter = detuning / np.hypot(detuning, np.sin(2 * parameters.theta12))
    return np.stack(
        [
            c13_squared * (1 + cos_2theta_matter) / 2,
            c13_squared * (1 - cos_2theta_matter) / 2,
            np.full_like(energy, 1 - c13_squared),
        ]
    )
