"""The xenon atom: electron shells and numbers, read from `resources/xenon`."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from exonu.core.resources import resource_path
from exonu.core.tables import read_numbers
from exonu.core.types import Array


@cache
def xenon_property(quantity: str) -> float:
    """A number of `resources/xenon/properties.csv`, in the unit given there.

    >>> xenon_property("atomic_number")
    54.0
    """
    table = np.loadtxt(
        resource_path("xenon/properties.csv"), dtype=str, delimiter=",", usecols=(0, 1), skiprows=2
    )
    return float(dict(table.tolist())[quantity])


@cache
def _shells() -> tuple[Array, Array]:
    """Binding energies in keV, ascending, and the number of electrons bound by no more than
    each."""
    table = read_numbers(
        resource_path("xenon/shells.csv"), ["binding_energy_eV", "electrons"], ignored=["shell"]
    )
    order = np.argsort(table["binding_energy_eV"])
    return table["binding_energy_eV"][order] / 1e3, np.cumsum(table["electrons"][order])


def binding_energies_keV() -> Array:
    """Binding energies of the 17 subshells, ascending."""
    return _shells()[0].copy()


def free_electrons(energy_keV: ArrayLike) -> Array:
    """Number of electrons with a binding energy ≤ the deposited energy (stepping approximation).

    Args:
        energy_keV: deposited energies, any shape.

    Returns:
        N_e, same shape.

    >>> free_electrons([1.0, 4.9, 100.0])
    array([40., 48., 54.])
    """
    binding_keV, electrons = _shells()
    below = np.searchsorted(binding_keV, energy_keV, side="right")
    return np.concatenate([[0.0], electrons])[below]
