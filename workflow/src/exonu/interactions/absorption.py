"""What does not come from neutrinos: lines of absorbed dark matter, and the spectrum of a file."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from exonu.catalogue import SEARCHED, AbsorbedFlux, Halo, Line
from exonu.core import constants
from exonu.core.resources import resource_path
from exonu.core.tables import check_rising, check_something, read_numbers
from exonu.core.types import Array
from exonu.interactions.cross_sections import ALPHA, ELECTRON_MASS_MEV
from exonu.interactions.physics import Physics
from exonu.targets import atoms_per_tonne, photoabsorption_cm2

_AXION_COUPLING = 1e-13  # g_ae of the table of solar axions
COLUMNS = ("energy_keV", "rate_per_tonne_year_keV")


def line_rate(interaction: str, masses_MeV: ArrayLike, physics: Physics | None = None) -> Array:
    """Events per tonne and year of a line at the energy of each mass, for unit x.

    Args:
        interaction: one whose formula is a line.
        masses_MeV: masses > 0, shape (m,).
        physics: gives target and local density.

    Returns:
        Shape (m,).

    >>> f"{line_rate('alp', [0.01])[0] * 1e-13**2:.4g}"
    '147.7'
    """
    formula = SEARCHED[interaction].formula
    assert isinstance(formula, Line)
    masses = np.atleast_1d(np.asarray(masses_MeV, dtype=np.float64))
    at = _absorbed(masses, Physics() if physics is None else physics)
    return np.asarray(formula.rate(at), dtype=np.float64)


def _absorbed(energy_MeV: Array, chosen: Physics) -> Halo:
    return Halo(
        energy_MeV,
        photoabsorption_cm2(chosen.target, energy_MeV * 1e3),
        chosen.dark_matter_density_GeV_per_cm3 * 1e3,
        atoms_per_tonne(chosen.target),
        constants.Julian_year,
        constants.c * 100,
        ELECTRON_MASS_MEV,
        ALPHA,
    )


def absorbed_flux_rate(
    interaction: str, energies_keV: Array, physics: Physics | None = None
) -> Array:
    """Rate of absorbed particles of the Sun in events/(tonne year keV), for unit x.

    Args:
        interaction: one whose formula is an absorbed flux.
        energies_keV: energies, shape (n,).
        physics: gives the target.

    Returns:
        Shape (n,).

    >>> f"{absorbed_flux_rate('solar-axion', np.array([2.0]))[0] * 1e-12**4:.3g}"
    '0.356'
    """
    formula = SEARCHED[interaction].formula
    assert isinstance(formula, AbsorbedFlux)
    energies = np.asarray(energies_keV, dtype=np.float64)
    table = _fluxes()[formula.table]
    flux = np.interp(energies, *table, left=0.0, right=0.0)
    at = _absorbed(energies * 1e-3, Physics() if physics is None else physics)
    return np.asarray(formula.rate(at, flux), dtype=np.float64)


@cache
def _fluxes() -> dict[str, tuple[Array, Array]]:
    """Energies in keV and fluxes per cm², s and keV at unit coupling, by table."""
    columns = ["energy_keV", "flux_per_cm2_s_keV"]
    axions = read_numbers(resource_path("solar/axions.csv"), columns)
    return {"solar-axions": (axions[columns[0]], axions[columns[1]] / _AXION_COUPLING**2)}


def read_curve(file: Path) -> list[list[float]]:
    """Rows of a spectrum of the user, energy_keV and rate_per_tonne_year_keV.

    Raises:
        InputError: a table that is not a spectrum.
    """
    table = read_numbers(file, COLUMNS)
    energy, rate = (table[name] for name in COLUMNS)
    check_rising(energy, file, COLUMNS[0])
    check_something(rate, file, COLUMNS[1], "give the rate of recoils before any detector")
    rows: list[list[float]] = np.column_stack([energy, rate]).tolist()
    return rows


def curve_rate(rows: Sequence[Sequence[float]], energies_keV: Array) -> Array:
    """The spectrum of a file at energies, straight between its rows and zero outside, shape (n,).

    >>> curve_rate([[1.0, 2.0], [3.0, 4.0]], np.array([0.5, 2.0, 9.0])).tolist()
    [0.0, 3.0, 0.0]
    """
    energy, rate = np.array(rows, dtype=np.float64).T
    return np.asarray(np.interp(energies_keV, energy, rate, left=0.0, right=0.0))
