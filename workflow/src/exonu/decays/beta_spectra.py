"""Energy spectra of what decays in and around the xenon: β⁻, two-neutrino double beta, anything
tabulated.

All are numerical densities, normalised on a grid that is fine where spectra start; `Tabulated` is
what the generator draws from. Neither screening nor atomic exchange is included (a few per cent
below some 10 keV)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import factorial

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import loggamma

from exonu.core import constants
from exonu.core.errors import InputError
from exonu.core.resources import resource_path
from exonu.core.types import Array

ELECTRON_MASS_KEV: float = constants.value("electron mass energy equivalent in MeV") * 1e3
GRID = 1024
"""Cells of a tabulated spectrum, quadratically spaced: the first reach from 0 to 1e-6 of the
endpoint."""


@dataclass(frozen=True)
class Tabulated:
    """A normalised spectrum as a piecewise uniform density.

    Attributes:
        energies_keV: edges of the cells, ascending, shape (n + 1,).
        cumulative: probability below each edge, from 0 to 1, same shape.
    """

    energies_keV: Array
    cumulative: Array

    @property
    def mean_keV(self) -> float:
        """Mean energy."""
        middles = (self.energies_keV[1:] + self.energies_keV[:-1]) / 2
        return float(np.sum(middles * np.diff(self.cumulative)))

    def fraction(self, low_keV: float, high_keV: float) -> float:
        """Probability of an energy between two limits."""
        low, high = np.interp([low_keV, high_keV], self.energies_keV, self.cumulative)
        return float(high - low)


def tabulated(
    density: Callable[[Array], Array], low_keV: float, high_keV: float, cells: int = GRID
) -> Tabulated:
    """Tabulate a density (any normalisation) between two energies by three-point Gauss rules per
    cell.

    Raises:
        InputError: if the density is negative, not finite, or zero everywhere.

    >>> tabulated(lambda energy: energy, 0.0, 3.0).mean_keV.__round__(4)
    2.0
    """
    edges = low_keV + (high_keV - low_keV) * (np.arange(cells + 1) / cells) ** 2
    nodes, weights = np.polynomial.legendre.leggauss(3)
    width = np.diff(edges)[:, None]
    energies = edges[:-1, None] + width * (nodes + 1) / 2
    content = np.sum(density(energies) * weights * width / 2, axis=1)
    if not np.all(np.isfinite(content)) or np.any(content < 0) or content.sum() <= 0:
        raise InputError(
            "is not a density: it must be finite, ≥ 0 and somewhere > 0", field="spectrum"
        )
    cumulative = np.concatenate([[0.0], np.cumsum(content)])
    return Tabulated(edges, cumulative / cumulative[-1])


def coulomb_factor(total: Array, daughter_charge: int, mass_number: int, k: int = 1) -> Array:
    """F_{k−1}(Z, W) of β⁻ decay, with a nucleus of finite size; F₀ is the Fermi function.

    N. B. Gove and M. J. Martin, At. Data Nucl. Data Tables 10, 205 (1971), with the nuclear radius
    of L. R. B. Elton.

    Args:
        total: W > 1, total energy of the electron in electron masses, any shape.
        daughter_charge, mass_number: Z and A of the daughter.
        k: |κ| of the electron's partial wave.
    """
    alpha_z = constants.alpha * daughter_charge
    momentum = np.sqrt(total**2 - 1)
    eta = alpha_z * total / momentum
    gamma = np.sqrt(k**2 - alpha_z**2)
    radius = 2 * momentum * nuclear_radius(mass_number)
    odd_factorial = factorial(2 * k - 1) / (2 ** (k - 1) * factorial(k - 1))
    log = np.pi * eta + 2 * np.real(loggamma(gamma + 1j * eta)) - 2 * loggamma(1 + 2 * gamma)
    prefactor = 4.0 ** (k - 1) * 2 * k * (k + gamma) * odd_factorial**2
    return np.asarray(prefactor * radius ** (2 * (gamma - k)) * np.exp(np.real(log)))


def charge_distribution(total: Array, daughter_charge: int, mass_number: int) -> Array:
    """L₀, the correction of F₀ for a nucleus that is a charged sphere and not a point (same shape
    as W).

    D. H. Wilkinson, Nucl. Instrum. Meth. A 290, 509 (1990), without the terms of a few 1e-4.
    """
    alpha_z, radius = constants.alpha * daughter_charge, nuclear_radius(mass_number)
    gamma = np.sqrt(1 - alpha_z**2)
    slope = total * radius * alpha_z * (41 - 26 * gamma) / (15 * (2 * gamma - 1))
    inverse = alpha_z * radius * gamma * (17 - 2 * gamma) / (30 * total * (2 * gamma - 1))
    return np.asarray(1 + 13 * alpha_z**2 / 60 - slope - inverse)


def nuclear_radius(mass_number: int) -> float:
    """Radius of the nucleus in electron Compton wavelengths ħ/mc (Elton: 1.121 A^⅓ + 2.426 A^−⅓ −
    6.614/A fm)."""
    root = float(np.cbrt(mass_number))
    femtometre = 1.121 * root + 2.426 / root - 6.614 / mass_number
    return float(femtometre * 1e-15 / constants.value("reduced Compton wavelength"))


def beta_density(
    kinetic_keV: ArrayLike,
    endpoint_keV: float,
    daughter_charge: int,
    mass_number: int,
    *,
    forbidden: int = 0,
    linear: float = 0.0,
    quadratic: float = 0.0,
) -> Array:
    """β⁻ spectrum dN/dT ∝ p W q² F₀ L₀ C, not normalised, zero outside 0 < T < endpoint.

    C = (1 + linear·W + quadratic·W²) × Σ_k λ_k p^(2k−2) q^(2n−2k+2) / ((2k−1)! (2n−2k+3)!) for a
    unique n-fold forbidden decay (H. Behrens and W. Bühring, 1982; λ_k = F_{k−1}/F₀), all in
    electron masses.

    Args:
        kinetic_keV: T, any shape.
        endpoint_keV: highest T.
        daughter_charge, mass_number: of the daughter.
        forbidden: n, 0 for an allowed shape.
        linear, quadratic: of a measured shape factor.
    """
    kinetic = np.asarray(kinetic_keV, dtype=np.float64)
    inside = (kinetic > 0) & (kinetic < endpoint_keV)
    total = np.where(inside, kinetic, endpoint_keV / 2) / ELECTRON_MASS_KEV + 1
    momentum, q = np.sqrt(total**2 - 1), endpoint_keV / ELECTRON_MASS_KEV + 1 - total
    fermi = coulomb_factor(total, daughter_charge, mass_number)
    sphere = charge_distribution(total, daughter_charge, mass_number)
    unique = np.zeros_like(total)
    for k in range(1, forbidden + 2):
        ratio = coulomb_factor(total, daughter_charge, mass_number, k) / fermi if k > 1 else 1.0
        share = factorial(2 * k - 1) * factorial(2 * (forbidden - k) + 3)
        unique += ratio * momentum ** (2 * k - 2) * q ** (2 * (forbidden - k + 1)) / share
    shape = 1 + linear * total + quadratic * total**2
    return np.asarray(
        np.where(inside, momentum * total * q**2 * fermi * sphere * unique * shape, 0.0)
    )


def double_beta_density(sum_keV: ArrayLike, q_value_keV: float) -> Array:
    """Sum energy of the two electrons of 2νββ in the Primakoff-Rosen approximation, not normalised.

    dN/dK ∝ K (Q − K)⁵ (1 + 2K + 4K²/3 + K³/3 + K⁴/30) in electron masses; H. Primakoff and S. P.
    Rosen, Rep. Prog. Phys. 22, 121 (1959)."""
    energy = np.asarray(sum_keV, dtype=np.float64) / ELECTRON_MASS_KEV
    left = np.clip(q_value_keV / ELECTRON_MASS_KEV - energy, 0.0, None)
    polynomial = 1 + 2 * energy + 4 * energy**2 / 3 + energy**3 / 3 + energy**4 / 30
    return np.asarray(energy * left**5 * polynomial)


@cache
def decay_rows(name: str) -> tuple[dict[str, str], ...]:
    """Rows of a table of `resources/decays`: branches, transitions, shapes, relaxation or
    double_beta."""
    import csv

    paths = {
        "branches": resource_path("decays/branches.csv"),
        "transitions": resource_path("decays/transitions.csv"),
        "shapes": resource_path("decays/shapes.csv"),
        "relaxation": resource_path("decays/relaxation.csv"),
        "double_beta": resource_path("decays/double_beta.csv"),
    }
    lines = paths[name].read_text(encoding="utf-8").splitlines()
    return tuple(csv.DictReader(line for line in lines if not line.startswith("#")))


def nuclides() -> tuple[str, ...]:
    """Nuclides with a decay scheme.

    >>> "Pb214" in nuclides()
    True
    """
    return tuple(dict.fromkeys(row["nuclide"] for row in decay_rows("branches")))


@cache
def beta_spectrum(nuclide: str, daughter_charge: int, level_keV: float) -> Tabulated:
    """β⁻ spectrum of the branch to one level.

    >>> beta_spectrum("C14", 7, 0.0).mean_keV.__round__(1)
    49.4
    """
    row = next(
        row
        for row in decay_rows("branches")
        if row["nuclide"] == nuclide
        and row["mode"] == "beta-"
        and int(row["daughter_charge"]) == daughter_charge
        and float(row["level_keV"]) == level_keV
    )
    measured = next(
        (
            s
            for s in decay_rows("shapes")
            if s["nuclide"] == nuclide and float(s["level_keV"]) == level_keV
        ),
        None,
    )
    endpoint = float(row["endpoint_keV"])
    forbidden = (
        int(row["shape"].removeprefix("unique-")) if row["shape"].startswith("unique-") else 0
    )
    return tabulated(
        lambda energy: beta_density(
            energy,
            endpoint,
            daughter_charge,
            int(row["mass_number"]),
            forbidden=forbidden,
            linear=float(measured["linear"]) if measured else 0.0,
            quadratic=float(measured["quadratic"]) if measured else 0.0,
        ),
        0.0,
        endpoint,
    )


def double_beta(nuclide: str = "Xe136") -> tuple[Tabulated, float, float]:
    """Sum spectrum of 2νββ; half-life in s; abundance by atoms."""
    facts = {
        row["quantity"]: float(row["value"])
        for row in decay_rows("double_beta")
        if row["nuclide"] == nuclide
    }
    q_value = facts["q_value"]
    spectrum = tabulated(lambda energy: double_beta_density(energy, q_value), 0.0, q_value)
    return spectrum, facts["half_life"] * constants.Julian_year, facts["abundance"]
