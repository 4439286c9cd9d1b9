"""What of a nuclear recoil is seen: its energy in units of an electron's that leaves as much.

Lindhard's share is k g/(1 + k g), k = 0.133 Z^⅔ A^−½, g = 3ε^0.15 + 0.7ε^0.6 + ε, ε = 11.5 Z^−7/3
T/keV (Lindhard et al., Mat. Fys. Medd. 33, 10 (1963)). A table of shares serves for all else, a
relative scintillation efficiency times ratios of yields among it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from exonu.core.types import Array
from exonu.targets import target_property

Quenching = Callable[[ArrayLike], Array]
"""Electron-equivalent energy in keV of recoils in keV, rising."""


def lindhard(recoil_keV: ArrayLike, target: str, k: float | None = None) -> Array:
    """Electron-equivalent energy of a nuclear recoil in keV, any shape.

    Args:
        recoil_keV: T.
        target: whose nuclei.
        k: the parameter, if not Lindhard's own 0.133 Z^⅔ A^−½.

    >>> float(lindhard(5.0, "germanium").round(2))
    1.06
    """
    z, a = target_property(target, "atomic_number"), target_property(target, "atomic_mass")
    recoil = np.asarray(recoil_keV, dtype=np.float64)
    epsilon = 11.5 * z ** (-7 / 3) * recoil
    g = 3 * epsilon**0.15 + 0.7 * epsilon**0.6 + epsilon
    share = (0.133 * z ** (2 / 3) / np.sqrt(a) if k is None else k) * g
    return np.asarray(recoil * share / (1 + share))


def tabulated(recoil_keV: Array, share: Array) -> Quenching:
    """Electron-equivalent energy by a table of shares, straight in ln T and held outside.

    >>> half = tabulated(np.array([1.0, 10.0]), np.array([0.5, 0.5]))
    >>> float(half(4.0))
    2.0
    """
    at = np.log(recoil_keV)

    def energy(recoil: ArrayLike) -> Array:
        t = np.asarray(recoil, dtype=np.float64)
        return np.asarray(t * np.interp(np.log(t), at, share))

    return energy


def inverse(quenching: Quenching, seen_keV: Array) -> tuple[Array, Array]:
    """Recoils that leave so much, and by how much they rise with it.

    Args:
        quenching: a rising one.
        seen_keV: electron-equivalent energies > 0, shape (n,).

    Returns:
        T in keV and dT/dE, shape (n,) each.

    >>> recoil, slope = inverse(lambda t: 0.25 * np.asarray(t), np.array([0.5]))
    >>> float(recoil[0].round(9)), float(slope[0].round(9))
    (2.0, 4.0)
    """
    low, high = np.full_like(seen_keV, 1e-6), np.full_like(seen_keV, 1e6)
    for _ in range(100):  # bisection in the logarithm, to a float's precision
        middle = np.sqrt(low * high)
        below = quenching(middle) < seen_keV
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    recoil = np.sqrt(low * high)
    step = 1e-5 * recoil
    slope = 2 * step / (quenching(recoil + step) - quenching(recoil - step))
    return recoil, slope
