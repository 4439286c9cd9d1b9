"""Photoabsorption cross-section of a target's atoms and its oscillator-strength sum.

The tables are made by `resources/targets/make_photoabsorption.py`; between its points the cross-section
is a power law."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exonu.core import constants
from exonu.core.tables import read_numbers
from exonu.core.types import Array
from exonu.targets.atom import binding_energies_keV, target_folder, target_property

HBAR_C_KEV_CM: float = constants.value("reduced Planck constant times c in MeV fm") * 1e-13 * 1e3
_ELECTRON_RADIUS_CM: float = constants.value("classical electron radius") * 1e2
SUM_RULE_CM2_KEV = 2 * np.pi**2 * _ELECTRON_RADIUS_CM * HBAR_C_KEV_CM
"""∫ σ_γ dT of one electron by the Thomas-Reiche-Kuhn sum rule: 2π² r_e ħc."""

_CM2_PER_MEGABARN = 1e-18


@cache
def photoabsorption_table(target: str) -> tuple[Array, Array]:
    """Energies in keV and cross-sections in cm² per atom; an energy that is there twice is a
    step."""
    table = read_numbers(
        target_folder(target) / "photoabsorption.csv", ["energy_keV", "cross_section_Mb"]
    )
    return table["energy_keV"], table["cross_section_Mb"] * _CM2_PER_MEGABARN


@cache
def _power_laws(target: str) -> tuple[Array, Array]:
    """Exponent γ of σ ∝ T^γ in each interval, and ∫ σ dT in cm² keV from the first point to each
    point."""
    energy, sigma = photoabsorption_table(target)
    step = np.diff(energy) == 0
    exponent = np.where(
        step, 0.0, np.diff(np.log(sigma)) / np.where(step, 1.0, np.diff(np.log(energy)))
    )
    area = sigma[:-1] * energy[:-1] * _power_integral(energy[1:] / energy[:-1], exponent)
    return exponent, np.concatenate([[0.0], np.cumsum(area)])


def _power_integral(ratio: Array, exponent: Array) -> Array:
    """∫_1^ratio x^exponent dx, also at exponent = −1."""
    n = exponent + 1
    flat = np.abs(n) < 1e-9
    safe = np.where(flat, 1.0, n)
    return np.where(flat, np.log(ratio), np.expm1(safe * np.log(ratio)) / safe)


def _interval(target: str, energy_keV: Array) -> NDArray[np.int64]:
    energy, _ = photoabsorption_table(target)
    return np.clip(np.searchsorted(energy, energy_keV, side="right") - 1, 0, len(energy) - 2)


def photoabsorption_cm2(target: str, energy_keV: ArrayLike) -> Array:
    """Photoabsorption cross-section per atom.

    Henke's f₂ at low energies (At. Data Nucl. Data Tables 54, 181 (1993)), xraylib's Kissel tables
    above. Zero below the first ionisation energy; above the table its last power law goes on.

    Args:
        target: the target.
        energy_keV: photon energies > 0, any shape.

    Returns:
        σ_γ in cm², same shape.

    >>> f"{photoabsorption_cm2('xenon', 0.1):.1e} {photoabsorption_cm2('xenon', 10.0):.2e}"
    '2.7e-17 3.62e-20'
    """
    at = np.asarray(energy_keV, dtype=np.float64)
    energy, sigma = photoabsorption_table(target)
    i = _interval(target, at)
    value = sigma[i] * (at / energy[i]) ** _power_laws(target)[0][i]
    return np.where(at < energy[0], 0.0, value)


def oscillator_strength(target: str, energy_keV: ArrayLike) -> Array:
    """∫ σ_γ dT' / (2π² r_e ħc) from the first ionisation energy to T: the atomic number in all, were
    the table perfect.

    >>> f"{oscillator_strength('xenon', 700.0) / 54:.3f}"
    '0.962'
    """
    energy, sigma = photoabsorption_table(target)
    at = np.clip(np.asarray(energy_keV, dtype=np.float64), energy[0], energy[-1])
    i = _interval(target, at)
    exponent, area = _power_laws(target)
    partial = sigma[i] * energy[i] * _power_integral(at / energy[i], exponent[i])
    return np.asarray((area[i] + partial) / SUM_RULE_CM2_KEV, dtype=np.float64)


def effective_charge(target: str, energy_keV: ArrayLike) -> Array:
    """Z_eff(T): electrons that take part in hard collisions with energy transfer T (Allison-Cobb).

    The oscillator strength up to T, renormalised to the atomic number at its `sum_rule_energy`.

    >>> effective_charge("xenon", [5.0, 700.0]).round(1)
    array([46.7, 54. ])
    """
    total = oscillator_strength(target, target_property(target, "sum_rule_energy"))
    return np.asarray(
        target_property(target, "atomic_number") * oscillator_strength(target, energy_keV) / total,
        dtype=np.float64,
    )


def edges_keV(target: str) -> Array:
    """Energies at which a rate in the target steps: binding energies and steps of the photoabsorption
    table, ascending.

    Give them to a quadrature as breakpoints.
    """
    energy, _ = photoabsorption_table(target)
    return np.union1d(binding_energies_keV(target), energy[1:][np.diff(energy) == 0])
