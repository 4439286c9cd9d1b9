"""Dielectric function of a target, from its photoabsorption by the Kramers-Kronig relation."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exonu.core import constants
from exonu.core.types import Array
from exonu.targets.atom import target_property
from exonu.targets.photoabsorption import HBAR_C_KEV_CM, photoabsorption_cm2, photoabsorption_table

_GRID_STEP = 5e-3
_SHARPEST = 1e-6


def number_density_per_cm3(target: str) -> float:
    """Atoms per cm³ of the liquid or solid.

    >>> f"{number_density_per_cm3('xenon'):.3e}"
    '1.326e+22'
    """
    return float(
        target_property(target, "liquid_density")
        * constants.N_A
        / target_property(target, "atomic_mass")
    )


@cache
def _segments(target: str) -> tuple[Array, Array, Array]:
    """σ_γ(T) as straight lines a + bT: breakpoints in keV, a in cm², b in cm²/keV.

    The power laws of the table on a grid so fine that a straight line is within 1e-4.
    """
    energy = np.unique(photoabsorption_table(target)[0])
    pieces = [
        np.geomspace(low, high, 2 + int(np.log(high / low) / _GRID_STEP))[:-1]
        for low, high in pairwise(energy)
    ]
    grid = np.concatenate([*pieces, energy[-1:]])
    left = photoabsorption_cm2(target, grid)[:-1]  # right-continuous: the value just above a step
    right = photoabsorption_cm2(target, grid * (1 - 1e-12))[1:]  # and just below the next
    slope = (right - left) / np.diff(grid)
    return grid, left - slope * grid[:-1], slope


def susceptibility(target: str, energy_keV: ArrayLike) -> NDArray[np.complex128]:
    """ε(T) − 1 at the density of the target, isolated-atom oscillator strengths.

    Im ε = N ħc σ_γ/T (for |ε − 1| ≪ 1) and Re ε − 1 = (2/π) P∫ T' Im ε(T')/(T'² − T²) dT', the
    principal value taken analytically on straight pieces of σ_γ. It tends to −(ħω_p/T)² well above
    the edges.

    Args:
        target: the target.
        energy_keV: energies, shape (n,).

    Returns:
        Complex susceptibility, shape (n,).
    """
    at = np.atleast_1d(np.asarray(energy_keV, dtype=np.float64))[:, None]
    grid, a, b = _segments(target)
    # ∫ (a + bT')/(T'² − T²) dT' = ½(b + a/T) ln|T' − T| + ½(b − a/T) ln(T' + T). At a step the
    # logarithm diverges, which a real edge with its natural width does not.
    log_minus = np.log(np.maximum(np.abs(grid - at), _SHARPEST * at))
    log_plus = np.log(grid + at)
    integral = ((b + a / at) * np.diff(log_minus) + (b - a / at) * np.diff(log_plus)).sum(
        axis=1
    ) / 2
    density = number_density_per_cm3(target) * HBAR_C_KEV_CM
    real = 2 / np.pi * density * integral
    imaginary = density * photoabsorption_cm2(target, at[:, 0]) / at[:, 0]
    return np.asarray(real + 1j * imaginary, dtype=np.complex128)
