"""Coherent elastic scattering of neutrinos on nuclei, and what of a nuclear recoil is seen.

A nucleus of mass M has the vector coupling g_V = Z(½ − 2s²) − N/2 = −Q_w/2, and

    dσ/dT = (G_F²M/π) g_V² (1 − T/E − MT/2E²) F²(q²)

(Freedman, PRD 9, 1389 (1974)). F is Helm's form factor, with the parameters of Lewin & Smith,
Astropart. Phys. 6, 87 (1996). A vector boson or a millicharge shifts g_V as it shifts the
electron's couplings, by g_ν g_N/[√2 G_F(M_A'² + 2MT)]: a dark photon of B − L by the charge −A, a
photon by qZ·4πα. A magnetic moment adds (πα²Z²/m_e²)μ²[1/T − 1/E]F².

Of the recoil energy electrons get Lindhard's share: k g/(1 + k g), k = 0.133 Z^⅔ A^−½, g = 3ε^0.15 +
0.7ε^0.6 + ε, ε = 11.5 Z^−7/3 T/keV."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from exonu.core import constants
from exonu.core.errors import InputError
from exonu.core.tables import read_numbers
from exonu.core.types import Array
from exonu.interactions.cross_sections import (
    ALPHA,
    ELECTRON_MASS_MEV,
    FERMI_PER_MEV2,
    HBAR_C_MEV_CM,
)
from exonu.interactions.moments import kinematic_moments
from exonu.interactions.physics import Physics
from exonu.solar import oscillation
from exonu.sources.boron import boron_source
from exonu.targets import atoms_per_tonne, target_folder, target_property

SIN2_THETA_W = 0.2386
"""At low momentum transfer; the tree-level set of `resources/couplings`."""
KINDS = ("weak", "magnetic-moment", "millicharge", "dark-photon")
_ATOMIC_MASS_MEV: float = constants.value("atomic mass constant energy equivalent in MeV")


@cache
def isotopes(target: str) -> tuple[tuple[float, float], ...]:
    """Mass number and share of the atoms of each isotope.

    Raises:
        InputError: if the target has no such table.
    """
    table = read_numbers(target_folder(target) / "isotopes.csv", ["mass_number", "share"])
    return tuple(zip(*(column.tolist() for column in table.values()), strict=True))


def helm_form_factor(momentum_MeV: ArrayLike, mass_number: float) -> Array:
    """F(q) of a nucleus, F(0) = 1, any shape.

    >>> helm_form_factor([0.0, 50.0], 131).round(3)
    array([1.   , 0.777])
    """
    fm_per_MeV = 1e13 * HBAR_C_MEV_CM
    q = np.maximum(np.asarray(momentum_MeV, dtype=np.float64) / fm_per_MeV, 1e-6)
    c, a, s = 1.23 * mass_number ** (1 / 3) - 0.60, 0.52, 0.9
    x = q * np.sqrt(c**2 + 7 / 3 * np.pi**2 * a**2 - 5 * s**2)
    sphere = np.where(x < 1e-2, 1 - x**2 / 10, 3 * (np.sin(x) - x * np.cos(x)) / x**3)
    return np.asarray(sphere * np.exp(-((q * s) ** 2) / 2))


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


def nuclear_rate(
    kind: str,
    recoil_keV: ArrayLike,
    physics: Physics | None = None,
    *,
    strength: float = 0.0,
    mass_MeV: float = 0.0,
) -> Array:
    """Rate of nuclear recoils, of ⁸B neutrinos or of the physics' reactor or table.

    Args:
        kind: `weak` alone; or what a `magnetic-moment`, `millicharge` or `dark-photon` (of B − L)
            adds to it, interference included.
        recoil_keV: energies of the nucleus > 0, shape (n,).
        physics: source and target.
        strength: μ_ν in μ_B, q in e, or g.
        mass_MeV: of the dark photon.

    Returns:
        Events/(tonne year keV of nuclear recoil), shape (n,).

    Raises:
        InputError: for another kind.

    >>> nuclear_rate("weak", [1.0, 3.0]).round(2)
    array([2.4586e+02, 2.4000e-01])
    """
    if kind not in KINDS:
        raise InputError(f"must be one of {', '.join(KINDS)} (got {kind!r})", field="kind")
    chosen = Physics() if physics is None else physics
    solar = chosen.reactor is None and chosen.flux_table is None
    sources = (boron_source(chosen.solar_model),) if solar else chosen.neutrino_sources
    recoil = np.atleast_1d(np.asarray(recoil_keV, dtype=np.float64)) * 1e-3
    z, total = target_property(chosen.target, "atomic_number"), np.zeros_like(recoil)
    for number, share in isotopes(chosen.target):
        mass = number * _ATOMIC_MASS_MEV
        lower = (recoil + np.sqrt(recoil * (recoil + 2 * mass))) / 2
        parameters = oscillation(chosen.oscillation)
        moments = kinematic_moments(sources, parameters, recoil, lower_MeV=lower).sum(axis=(0, 1))
        form = helm_form_factor(np.sqrt(2 * mass * recoil), number) ** 2
        if kind == "magnetic-moment":
            scale = np.pi * (ALPHA * z * strength / ELECTRON_MASS_MEV) ** 2
            rate = scale * (moments[0] / recoil - moments[1])
        else:
            coupling = z * (0.5 - 2 * SIN2_THETA_W) - (number - z) / 2
            shift = _shift(kind, z, number, mass, recoil, strength, mass_MeV)
            square = coupling**2 if kind == "weak" else shift * (2 * coupling + shift)
            flat = moments[0] - recoil * moments[1] - mass * recoil / 2 * moments[2]
            rate = FERMI_PER_MEV2**2 * mass / np.pi * square * flat
        total = total + share * form * rate
    per_tonne = atoms_per_tonne(chosen.target) * constants.Julian_year * 1e-3
    return np.asarray(HBAR_C_MEV_CM**2 * per_tonne * total)


def _shift(
    kind: str, z: float, number: float, mass: float, recoil: Array, strength: float, boson: float
) -> Array:
    """What a boson adds to the vector coupling of a nucleus."""
    product = 4 * np.pi * ALPHA * strength * z if kind == "millicharge" else -(strength**2) * number
    heavy = boson if kind == "dark-photon" else 0.0
    return np.asarray(product / (np.sqrt(2) * FERMI_PER_MEV2 * (heavy**2 + 2 * mass * recoil)))
