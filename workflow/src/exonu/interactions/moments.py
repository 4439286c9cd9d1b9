"""Moments of a neutrino flux above a recoil energy: all that an interaction needs to know of its
source."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from exonu.core.types import Array
from exonu.interactions.cross_sections import ELECTRON_MASS_MEV, minimum_energy_MeV
from exonu.solar import BetaSpectrum, Oscillation
from exonu.sources import NeutrinoSource, PiecewiseSpectrum

_PANELS = 400
ORDER = 32
"""Gauss-Legendre nodes per panel: relative error below 1e-6
(tests/interactions/test_moments.py)."""


def kinematic_moments(
    sources: Iterable[NeutrinoSource],
    parameters: Oscillation,
    recoil_MeV: Array,
    order: int = ORDER,
    *,
    lower_MeV: Array | None = None,
    of_masses: bool = False,
) -> Array:
    """M_k(T) = ∫ φ(E) P_f(E) E^−k dE over E > E_min(T), k = 0, 1, 2.

    Args:
        sources: of the neutrinos.
        parameters: of their oscillation.
        recoil_MeV: T, shape (n,).
        order: quadrature nodes per panel.
        lower_MeV: E_min, shape (n,), if not that of a recoiling electron.
        of_masses: P of the mass states ν_1, ν_2, ν_3 instead of the flavours.

    Returns:
        Shape (sources, 3 flavours, 3, n), in MeV^−k cm⁻² s⁻¹.
    """
    lower = minimum_energy_MeV(recoil_MeV) if lower_MeV is None else lower_MeV
    moments = []
    for source in sources:
        if isinstance(source.spectrum, PiecewiseSpectrum):
            moments.append(_of_pieces(source, source.spectrum, parameters, lower, of_masses))
            continue
        energy, flux = _flavour_flux(
            source, parameters, lower, np.full_like(lower, np.inf), order, of_masses
        )
        moments.append(_powers(energy, flux))
    return np.stack(moments)


def _powers(energy: Array, flux: Array) -> Array:
    """Σ flux E^−k over the nodes, shape (flavours, 3, n)."""
    inverse = 1 / np.maximum(energy, np.finfo(float).tiny ** 0.25)
    powers = np.stack([np.ones_like(energy), inverse, inverse**2])
    return np.asarray(np.einsum("fij,kij->fki", flux, powers))


def _of_pieces(
    source: NeutrinoSource,
    spectrum: PiecewiseSpectrum,
    parameters: Oscillation,
    lower: Array,
    of_masses: bool,
) -> Array:
    """The same of a spectrum in pieces: whole pieces are integrated once, for all lower limits."""
    edges = np.array(spectrum.energy_MeV)
    share = source.masses if of_masses else source.flavours

    def integrals(piece: NDArray[np.int64], low: Array, high: Array) -> Array:
        energy, weight = spectrum.part(piece, low, high)
        return _powers(energy, source.flux_per_cm2_s * weight * share(energy, parameters))

    whole = integrals(np.arange(len(edges) - 1), edges[:-1], edges[1:])
    above = np.zeros((3, 3, len(edges)))
    above[..., :-1] = np.cumsum(whole[..., ::-1], axis=-1)[..., ::-1]
    start = np.clip(lower, edges[0], edges[-1])
    piece = np.clip(np.searchsorted(edges, start, side="right") - 1, 0, len(edges) - 2)
    return np.asarray(integrals(piece, start, edges[piece + 1]) + above[..., piece + 1])


def threshold_moments(
    sources: Iterable[NeutrinoSource], parameters: Oscillation, lower_MeV: Array
) -> Array:
    """`kinematic_moments` above so many lower limits that each may not have a quadrature of its
    own.

    The moments of a beta spectrum are integrated once, from its endpoint down to every edge of a
    grid in v = √(q₀ − E), and interpolated with their exact derivatives (cubic Hermite): within
    1e-7 of the quadrature.

    Args:
        sources: of the neutrinos.
        parameters: of their oscillation.
        lower_MeV: E_min, any shape.

    Returns:
        Shape (sources, 3 flavours, 3, *shape).
    """
    lower = np.asarray(lower_MeV, dtype=np.float64).ravel()
    moments = [
        _interpolated(source, source.spectrum, parameters, lower)
        if isinstance(source.spectrum, BetaSpectrum)
        else kinematic_moments([source], parameters, lower, lower_MeV=lower)[0]
        for source in sources
    ]
    return np.stack(moments).reshape(len(moments), 3, 3, *np.shape(lower_MeV))


def _interpolated(
    source: NeutrinoSource, spectrum: BetaSpectrum, parameters: Oscillation, lower: Array
) -> Array:
    top = np.sqrt(spectrum.endpoint_MeV)
    step = top / _PANELS
    v = np.arange(_PANELS + 1) * step
    edge = np.maximum(spectrum.endpoint_MeV - v**2, 0.0)
    energy, flux = _flavour_flux(source, parameters, edge[1:], edge[:-1], 6)
    powers = np.stack([np.ones_like(energy), 1 / energy, 1 / energy**2])
    panels = np.einsum("fij,kij->fki", flux, powers)
    total = np.concatenate([np.zeros((3, 3, 1)), np.cumsum(panels, axis=-1)], axis=-1)
    inside = np.clip(edge, 1e-9 * spectrum.endpoint_MeV, None)
    density = source.flux_per_cm2_s * 2 * v * spectrum.density(inside)
    share = density * source.flavours(inside, parameters)
    slope = share[:, None] * np.stack([np.ones_like(inside), 1 / inside, 1 / inside**2]) * step
    at = np.sqrt(np.clip(spectrum.endpoint_MeV - lower, 0.0, None)) / step
    i = np.clip(at.astype(np.int64), 0, _PANELS - 1)
    u = np.clip(at - i, 0.0, 1.0)
    rise, here, there = np.diff(total, axis=-1), slope[..., :-1], slope[..., 1:]
    cubics = np.stack([total[..., :-1], here, 3 * rise - 2 * here - there, here + there - 2 * rise])
    a, b, c, d = np.take(cubics.reshape(36, _PANELS), i, axis=1).reshape(4, 3, 3, -1)
    return np.asarray(((d * u + c) * u + b) * u + a)


def atomic_moments(
    sources: Iterable[NeutrinoSource],
    parameters: Oscillation,
    recoil_MeV: Array,
    order: int = ORDER,
) -> Array:
    """Moments over E > T, the neutrinos that can give an atom the energy T, for the photoabsorption
    terms.

    0: ∫ φ P dE; 1: ∫ φ P ln E² dE (E in MeV); 2: ∫ φ P ln(Q²max/T²) dE with Q²max = min(2mT, 4E(E −
      T)), the
    logarithm ≥ 0. The integrand of the last has kinks where the logarithm starts, 4E(E − T) = T²,
    and at E_min(T), where 4E(E − T) = 2mT exactly: three panels.

    Returns:
        Shape (sources, 3 flavours, 3, n), in cm⁻² s⁻¹.
    """
    t = recoil_MeV
    kinematic = minimum_energy_MeV(t)
    start = np.minimum(t * (1 + np.sqrt(2)) / 2, kinematic)
    limits = [t, start, kinematic, np.full_like(t, np.inf)]
    moments = []
    for source in sources:
        total = np.zeros((3, 3, t.size))
        for lower, upper in pairwise(limits):
            energy, flux = _flavour_flux(source, parameters, lower, upper, order)
            recoil = t[:, None]
            momentum_squared = np.minimum(
                2 * ELECTRON_MASS_MEV * recoil, 4 * energy * np.maximum(energy - recoil, 0)
            )
            hard = np.log(np.maximum(momentum_squared / recoil**2, 1.0))
            total += np.einsum(
                "fij,kij->fki", flux, np.stack([np.ones_like(energy), 2 * np.log(energy), hard])
            )
        moments.append(total)
    return np.stack(moments)


def _flavour_flux(
    source: NeutrinoSource,
    parameters: Oscillation,
    lower: Array,
    upper: Array,
    order: int,
    of_masses: bool = False,
) -> tuple[Array, Array]:
    """Nodes, shape (n, nodes), and flux × P_f × weight, shape (3, n, nodes)."""
    energy, weight = source.spectrum.nodes(lower, upper, order)
    share = source.masses if of_masses else source.flavours
    probability = share(energy, parameters)
    return energy, source.flux_per_cm2_s * weight * probability
