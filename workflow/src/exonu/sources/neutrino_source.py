"""What a rate needs to know of a source of neutrinos, and spectra that come as points."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from exonu.core.types import Array
from exonu.solar import Oscillation, Spectrum
from exonu.solar.spectrum import gauss_legendre

NODES_PER_PIECE = 4


class NeutrinoSource(Protocol):
    """A source; those of the Sun are `exonu.solar.Source`."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def flux_per_cm2_s(self) -> float:
        """Flux at the detector, all flavours."""

    @property
    def relative_uncertainty(self) -> float:
        """Relative uncertainty of the flux, one standard deviation."""

    @property
    def spectrum(self) -> Spectrum:
        """Normalised energy spectrum."""

    @property
    def is_antineutrino(self) -> bool:
        """Whether it emits antineutrinos: the weak couplings g_L and g_R then change places."""

    def flavours(self, energy_MeV: Array, parameters: Oscillation) -> Array:
        """Shares of ν_e, ν_μ, ν_τ at the detector, shape (3, *energy.shape)."""

    def masses(self, energy_MeV: Array, parameters: Oscillation) -> Array:
        """Shares of ν_1, ν_2, ν_3 at the detector, shape (3, *energy.shape)."""


@dataclass(frozen=True)
class PiecewiseSpectrum:
    """A spectrum through points, straight between them; zero outside.

    Args:
        energy_MeV: increasing energies; one that is there twice is a step.
        density: values at them, of any normalisation.

    >>> flat = PiecewiseSpectrum((1.0, 3.0), (5.0, 5.0))
    >>> energy, weight = flat.nodes(np.array([0.0, 2.0]), np.array([9.0, 9.0]), 32)
    >>> weight.sum(axis=1).round(12)
    array([1. , 0.5])
    """

    energy_MeV: tuple[float, ...]
    density: tuple[float, ...]

    @property
    def endpoint_MeV(self) -> float:
        """Highest energy."""
        return self.energy_MeV[-1]

    @cached_property
    def integral(self) -> float:
        """∫ of the given values over the energy."""
        return float(np.trapezoid(self.density, self.energy_MeV))

    def nodes(self, lower_MeV: Array, upper_MeV: Array, order: int) -> tuple[Array, Array]:
        """See `exonu.solar.spectrum.Spectrum.nodes`: Gauss-Legendre in each piece, cut at the
        limits; the number of nodes is that of the pieces."""
        energy, density = np.array(self.energy_MeV), np.array(self.density)
        low = np.clip(energy[:-1], lower_MeV[:, None], upper_MeV[:, None])
        width = np.clip(energy[1:], lower_MeV[:, None], upper_MeV[:, None]) - low
        u, w = gauss_legendre(NODES_PER_PIECE)
        at = low[:, :, None] + u * width[:, :, None]
        span = np.where(np.diff(energy) > 0, np.diff(energy), 1.0)[:, None]
        slope = np.diff(density)[:, None] / span
        value = density[:-1, None] + slope * (at - energy[:-1, None])
        weight = w * width[:, :, None] * value / self.integral
        return at.reshape(len(lower_MeV), -1), weight.reshape(len(lower_MeV), -1)

    def part(
        self, piece: NDArray[np.int64], lower_MeV: Array, upper_MeV: Array
    ) -> tuple[Array, Array]:
        """Nodes and weights of a part of one piece each, shape (n, nodes).

        Args:
            piece: which pieces, shape (n,).
            lower_MeV, upper_MeV: ends inside them, shape (n,).
        """
        energy, density = np.array(self.energy_MeV), np.array(self.density)
        width = np.diff(energy)
        slope = np.diff(density) / np.where(width > 0, width, 1.0)
        u, w = gauss_legendre(NODES_PER_PIECE)
        at = lower_MeV[:, None] + u * (upper_MeV - lower_MeV)[:, None]
        value = density[piece, None] + slope[piece, None] * (at - energy[piece, None])
        return at, w * (upper_MeV - lower_MeV)[:, None] * value / self.integral
