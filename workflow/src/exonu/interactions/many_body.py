"""Many-body ratio of the weak rate on xenon, to stepping: `resources/atomic`, tables of others with
their spread."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from exonu.core.errors import InputError
from exonu.core.resources import resource_path
from exonu.core.tables import read_numbers
from exonu.core.types import Array

TABLES, OTHERS = ("wimprates", "snudd"), ("chen2017",)


@cache
def _table() -> tuple[Array, Array, Array]:
    columns = read_numbers(
        resource_path("atomic/weak_many_body.csv"), ["energy_keV", *TABLES, *OTHERS]
    )
    tables = np.stack([columns[name] for name in TABLES])
    every = np.stack([columns[name] for name in (*TABLES, *OTHERS)])
    return columns["energy_keV"], tables.mean(axis=0), np.ptp(every, axis=0) / 2


def many_body_ratio(target: str, energy_keV: ArrayLike) -> tuple[Array, Array]:
    """Ratio of the weak rate to that by stepping, and its uncertainty.

    Args:
        target: xenon, of which alone there is a table.
        energy_keV: deposited energies, shape (n,).

    Returns:
        Mean of two tables, straight in the logarithm of the energy and held outside 1 to 28 keV,
        and half the range of three sources, shape (n,) each.

    Raises:
        InputError: for another target.

    >>> ratio, uncertainty = many_body_ratio("xenon", [5.0, 28.0])
    >>> ratio.round(3).tolist(), uncertainty.round(3).tolist()
    ([0.86, 0.735], [0.05, 0.045])
    """
    if target != "xenon":
        raise InputError(
            f"rrpa is known for xenon alone (got {target!r})",
            field="atomic",
            remedy="choose stepping or free",
        )
    energy, ratio, uncertainty = _table()
    at = np.log(np.asarray(energy_keV, dtype=np.float64))
    known = np.log(energy)
    return np.interp(at, known, ratio), np.interp(at, known, uncertainty)
