"""The atom of a target: electron shells and numbers, read from its folder of tables."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from exonu.core import constants
from exonu.core.errors import InputError
from exonu.core.resources import resource_path
from exonu.core.tables import read_numbers, read_rows
from exonu.core.types import Array

TARGETS = ("xenon", "argon", "germanium", "silicon")
"""Targets of `resources/targets`; a folder with the same three tables is another."""
TABLES = ("shells.csv", "photoabsorption.csv", "properties.csv")


def target_folder(target: str) -> Path:
    """Where the tables of a target are.

    Args:
        target: one of `TARGETS`, or a folder.

    Raises:
        InputError: if there is no such target, or a table is missing.
    """
    folder = resource_path("targets") / target if target in TARGETS else Path(target)
    missing = [name for name in TABLES if not (folder / name).is_file()]
    if missing:
        raise InputError(
            f"is neither one of {', '.join(TARGETS)} nor a folder with {', '.join(TABLES)}"
            f" (got {target!r})",
            field="target",
            remedy="copy a folder of resources/targets and write your tables into it",
        )
    return folder


@cache
def _properties(target: str) -> dict[str, float]:
    rows = read_rows(target_folder(target) / "properties.csv")
    return {row["quantity"]: float(row["value"]) for row in rows}


def target_property(target: str, quantity: str) -> float:
    """A number of a target's `properties.csv`, in the unit given there.

    Raises:
        InputError: if the table has no such number.

    >>> target_property("xenon", "atomic_number"), target_property("germanium", "atomic_number")
    (54.0, 32.0)
    """
    known = _properties(target)
    if quantity not in known:
        raise InputError(
            "is missing", file=target_folder(target) / "properties.csv", field=quantity
        )
    return known[quantity]


@cache
def _shells(target: str) -> tuple[Array, Array]:
    """Binding energies in keV, ascending, and the number of electrons bound by no more than
    each."""
    table = read_numbers(
        target_folder(target) / "shells.csv",
        ["binding_energy_eV", "electrons"],
        ignored=["shell"],
    )
    order = np.argsort(table["binding_energy_eV"])
    return table["binding_energy_eV"][order] / 1e3, np.cumsum(table["electrons"][order])


def binding_energies_keV(target: str) -> Array:
    """Binding energies of the subshells, ascending."""
    return _shells(target)[0].copy()


def free_electrons(target: str, energy_keV: ArrayLike) -> Array:
    """Number of electrons with a binding energy ≤ the deposited energy (stepping approximation).

    Args:
        target: the target.
        energy_keV: deposited energies, any shape.

    Returns:
        N_e, same shape.

    >>> free_electrons("xenon", [1.0, 4.9, 100.0])
    array([40., 48., 54.])
    """
    binding_keV, electrons = _shells(target)
    below = np.searchsorted(binding_keV, energy_keV, side="right")
    return np.concatenate([[0.0], electrons])[below]


def atoms_per_tonne(target: str) -> float:
    """Atoms in a tonne.

    >>> f"{atoms_per_tonne('xenon'):.4g}"
    '4.587e+27'
    """
    return float(constants.N_A * 1e6 / target_property(target, "atomic_mass"))
