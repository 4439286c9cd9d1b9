"""Energy spectra of solar neutrinos: analytic beta spectra and lines, as quadrature rules.

A spectrum gives nodes and weights: ``Σ w f(E) = ∫ λ(E) f(E) dE`` between two limits, with ``∫ λ dE
    = 1`` over all
energies. A line is a rule with one node, and then an integral over the flux is the same sum for
every source."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from exonu.core import constants
from exonu.core.types import Array

ELECTRON_MASS_MEV: float = constants.value("electron mass energy equivalent in MeV")
_NORMALISATION_PANELS, _NORMALISATION_ORDER = 8, 32


class Spectrum(Protocol):
    """A normalised energy spectrum."""

    @property
    def endpoint_MeV(self) -> float:
        """Highest neutrino energy."""
        ...

    def nodes(self, lower_MeV: Array, upper_MeV: Array, order: int) -> tuple[Array, Array]:
        """Quadrature rule on each ``lower ≤ E < upper``.

        Args:
            lower_MeV: lower limits, shape (n,).
            upper_MeV: upper limits, shape (n,); no higher than the endpoint counts.
            order: number of Gauss-Legendre nodes of a continuous spectrum.

        Returns:
            Energies in MeV and weights (spectrum included, no unit), each of shape (n, nodes). Zero
            weight where empty.
        """
        ...


@dataclass(frozen=True)
class BetaSpectrum:
    """Allowed β⁺ spectrum of the neutrino: dN/dE ∝ E² W p F(W), W = q₀ + m − E.

    F = 2πη/(1 − e^(−2πη)) with η = −αWZ/p is the Fermi function of a point nucleus, Z the charge of
    the daughter.

    Args:
        endpoint_MeV: q₀, highest neutrino energy.
        daughter_charge: Z.

    >>> pp = BetaSpectrum(endpoint_MeV=0.42341, daughter_charge=1)
    >>> energy, weight = pp.nodes(np.array([0.0]), np.array([1.0]), order=64)
    >>> f"{weight.sum():.6f} {(weight * energy).sum():.4f} MeV"
    '1.000000 0.2668 MeV'
    """

    endpoint_MeV: float
    daughter_charge: float

    def density(self, energy_MeV: ArrayLike) -> Array:
        """Normalised spectrum in 1/MeV; zero outside 0 < E < q₀."""
        energy = np.asarray(energy_MeV, dtype=np.float64)
        inside = (energy > 0) & (energy < self.endpoint_MeV)
        v = np.sqrt(np.where(inside, self.endpoint_MeV - energy, 1.0))
        return np.where(inside, self._shape(v), 0.0) / self._norm

    def _shape(self, v: Array) -> Array:
        """Unnormalised spectrum as a function of v = √(q₀ − E): kinetic energy of the positron
        v²."""
        total = v**2 + ELECTRON_MASS_MEV
        momentum = v * np.sqrt(v**2 + 2 * ELECTRON_MASS_MEV)
        x = 2 * np.pi * constants.alpha * self.daughter_charge * total / momentum  # −2πη
        fermi = -x * np.exp(-x) / np.expm1(-x)
        shape: Array = (self.endpoint_MeV - v**2) ** 2 * total * momentum * fermi
        return shape

    @cached_property
    def _norm(self) -> float:
        # Panels: nodes of one high order take 0.3 s, most of the first rate of a process.
        x, weight = gauss_legendre(_NORMALISATION_ORDER)
        u = ((np.arange(_NORMALISATION_PANELS)[:, None] + x) / _NORMALISATION_PANELS).ravel()
        w = np.tile(weight / _NORMALISATION_PANELS, _NORMALISATION_PANELS)
        top = np.sqrt(self.endpoint_MeV)
        return float(np.sum(w * top * 2 * u * top * self._shape(u * top)))

    def nodes(self, lower_MeV: Array, upper_MeV: Array, order: int) -> tuple[Array, Array]:
        """See `Spectrum.nodes`. Gauss-Legendre in v = √(q₀ − E), in which the spectrum is smooth at
        its endpoint."""
        u, w = gauss_legendre(order)
        v_high = np.sqrt(np.clip(self.endpoint_MeV - lower_MeV, 0.0, self.endpoint_MeV))[:, None]
        v_low = np.sqrt(np.clip(self.endpoint_MeV - upper_MeV, 0.0, self.endpoint_MeV))[:, None]
        width = np.maximum(v_high - v_low, 0.0)
        # An empty panel has weight zero; its nodes stay strictly inside the spectrum.
        v = np.where(width > 0, v_low + u * width, 0.5 * np.sqrt(self.endpoint_MeV))
        return self.endpoint_MeV - v**2, w * width * 2 * v * self._shape(v) / self._norm


@dataclass(frozen=True)
class LineSpectrum:
    """Monoenergetic lines of electron capture.

    >>> be7 = LineSpectrum(energies_MeV=(0.8618, 0.3843), fractions=(0.8956, 0.1044))
    >>> be7.nodes(np.array([0.5]), np.array([1.0]), order=1)[1]
    array([[0.8956, 0.    ]])
    """

    energies_MeV: tuple[float, ...]
    fractions: tuple[float, ...]

    @property
    def endpoint_MeV(self) -> float:
        """Highest line."""
        return max(self.energies_MeV)

    def nodes(self, lower_MeV: Array, upper_MeV: Array, order: int) -> tuple[Array, Array]:
        """See `Spectrum.nodes`: an exact sum over the lines."""
        shape = (len(lower_MeV), len(self.energies_MeV))
        energy = np.broadcast_to(np.array(self.energies_MeV), shape)
        inside = (lower_MeV[:, None] <= energy) & (energy < upper_MeV[:, None])
        return energy, np.where(inside, np.array(self.fractions), 0.0)


@cache
def gauss_legendre(order: int) -> tuple[Array, Array]:
    """Nodes and weights on (0, 1), each of shape (order,)."""
    nodes, weights = np.polynomial.legendre.leggauss(order)
    return (nodes + 1) / 2, weights / 2
