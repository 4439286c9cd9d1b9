"""Neutrino scattering on one free electron at rest: polynomials in 1/E.

Each dσ/dT = Σ_k c_k(T) E^−k, k = 0, 1, 2, E the neutrino energy and T the recoil energy. Hence the
rate of any interaction is Σ_k c_k(T) M_k(T), with moments M_k(T) = ∫ φ(E) E^−k dE that know nothing
of the interaction.

Chirality-conserving exchange of a vector boson only shifts the weak couplings, g_L,R → g_L,R +
δ(T): with B(g, h) the bilinear form of the weak cross-section, dσ/dT = B(g + δ, g + δ) = B(g, g) +
2δ B(g, 1) + δ² B(1, 1). The three terms are the weak, interference and pure rate. Energies are in
MeV, cross-sections in cm²."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from exonu.core import constants
from exonu.core.types import Array

ELECTRON_MASS_MEV: float = constants.value("electron mass energy equivalent in MeV")
FERMI_PER_MEV2: float = constants.value("Fermi coupling constant") * 1e-6
HBAR_C_MEV_CM: float = constants.value("reduced Planck constant times c in MeV fm") * 1e-13
ALPHA: float = constants.alpha


def minimum_energy_MeV(recoil_MeV: ArrayLike) -> Array:
    """Lowest neutrino energy that gives a free electron the recoil: E_min = [T + √(T² + 2mT)]/2.

    >>> minimum_energy_MeV(0.1).round(4)
    np.float64(0.2175)
    """
    recoil = np.asarray(recoil_MeV, dtype=np.float64)
    return np.asarray((recoil + np.sqrt(recoil * (recoil + 2 * ELECTRON_MASS_MEV))) / 2)


def maximum_recoil_MeV(energy_MeV: ArrayLike) -> Array:
    """Highest recoil of a free electron: T_max = 2E²/(m + 2E).

    >>> maximum_recoil_MeV(0.8618).round(4)
    np.float64(0.6647)
    """
    energy = np.asarray(energy_MeV, dtype=np.float64)
    return np.asarray(2 * energy**2 / (ELECTRON_MASS_MEV + 2 * energy))


def bilinear_form(g: ArrayLike, h: ArrayLike, recoil_MeV: Array) -> Array:
    """B(g, h): the weak cross-section made bilinear in the couplings.

    B(g, g) = (2G_F²m/π)[g_L² + g_R²(1 − T/E)² − g_L g_R mT/E²] (Bahcall, Kamionkowski & Sirlin, PRD
    51, 6146 (1995)).

    Args:
        g: (g_L, g_R), each a number or of shape (flavours,).
        h: the same.
        recoil_MeV: T, shape (n,).

    Returns:
        Coefficients c_k in cm² MeV^(k−1), shape (3, n) or (flavours, 3, n).
    """
    (g_l, g_r), (h_l, h_r) = (np.asarray(x, dtype=np.float64)[..., None] for x in (g, h))
    t, m = recoil_MeV, ELECTRON_MASS_MEV
    right = g_r * h_r
    mixed = (g_l * h_r + g_r * h_l) / 2
    flat = np.broadcast_to(g_l * h_l + right, (*np.shape(right)[:-1], t.size))
    coefficients = np.stack([flat, -2 * right * t, right * t**2 - mixed * m * t], axis=-2)
    return np.asarray(
        2 * FERMI_PER_MEV2**2 * m / np.pi * HBAR_C_MEV_CM**2 * coefficients, dtype=np.float64
    )
