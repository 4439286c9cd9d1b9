"""Weak couplings of neutrino-electron scattering, read from `resources/couplings`."""

from __future__ import annotations

from functools import cache

import numpy as np

from exonu.catalogue import FLAVOURS
from exonu.core.resources import resource_path
from exonu.core.tables import read_rows
from exonu.core.types import Array


@cache
def _sets() -> dict[str, Array]:
    sets: dict[str, dict[str, tuple[float, float]]] = {}
    for row in read_rows(resource_path("couplings/weak_couplings.csv")):
        g_v, g_a = float(row["g_v"]), float(row["g_a"])
        sets.setdefault(row["set"], {})[row["flavour"]] = ((g_v + g_a) / 2, (g_v - g_a) / 2)
    return {name: np.array([flavours[f] for f in FLAVOURS]).T for name, flavours in sets.items()}


def coupling_sets() -> tuple[str, ...]:
    """Names of the sets of couplings.

    >>> coupling_sets()
    ('radiative', 'tree-0.2312', 'tree-0.2386')
    """
    return tuple(_sets())


def chiral_couplings(name: str) -> Array:
    """(g_L, g_R) of each flavour, shape (2, 3), flavours in the order e, μ, τ.

    >>> chiral_couplings("tree-0.2312").round(4)
    array([[ 0.7312, -0.2688, -0.2688],
           [ 0.2312,  0.2312,  0.2312]])
    """
    return _sets()[name].copy()
