"""Moments of a neutrino flux above a recoil energy: all that an interaction needs to know of its
source."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np

from exonu.core.types import Array
from exonu.interactions.cross_sections import ELECTRON_MASS_MEV, minimum_energy_MeV
from exonu.solar import Oscillation
from exonu.sources import NeutrinoSource

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
        energy, flux = _flavour_flux(
            source, parameters, lower, np.full_like(lower, np.inf), order, of_masses
        )
        inverse = 1 / np.maximum(energy, np.finfo(float).tiny ** 0.25)
        powers = np.stack([np.ones_like(energy), inverse, inverse**2])
        moments.append(np.einsum("fij,kij->fki", flux, powers))
    return np.stack(moments)


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
