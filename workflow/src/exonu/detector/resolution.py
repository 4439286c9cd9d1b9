"""Energy resolution σ(E), in the three forms in which experiments publish it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from exonu.core.types import Array


@dataclass(frozen=True)
class SqrtLinearResolution:
    """σ = a √E + b E, with a in √keV (XENON1T's form, arXiv:2003.03825).

    >>> float(SqrtLinearResolution(0.310, 0.0037)(4.0).round(4))
    0.6348
    """

    a: float
    b: float

    def __call__(self, energy_keV: ArrayLike) -> Array:
        """σ [keV] at these energies, same shape."""
        energy = np.asarray(energy_keV, dtype=float)
        return np.asarray(self.a * np.sqrt(energy) + self.b * energy)


@dataclass(frozen=True)
class PolynomialResolution:
    """σ = c₀ + c₁ E + c₂ E² + …, coefficients in keV, 1, 1/keV …

    >>> float(PolynomialResolution((0.1, 0.02))(5.0))
    0.2
    """

    coefficients: tuple[float, ...]

    def __call__(self, energy_keV: ArrayLike) -> Array:
        """σ [keV] at these energies, same shape."""
        return np.asarray(
            np.polynomial.polynomial.polyval(np.asarray(energy_keV, dtype=float), self.coefficients)
        )


@dataclass(frozen=True)
class TableResolution:
    """σ linear between the points of a table, its first and last value held outside.

    >>> float(TableResolution(np.array([1.0, 3.0]), np.array([0.2, 0.4]))(2.0).round(9))
    0.3
    """

    energy_keV: Array
    sigma_keV: Array

    def __call__(self, energy_keV: ArrayLike) -> Array:
        """σ [keV] at these energies, same shape."""
        return np.asarray(
            np.interp(np.asarray(energy_keV, dtype=float), self.energy_keV, self.sigma_keV)
        )
