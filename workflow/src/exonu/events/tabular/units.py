"""The units in which a column of a file may be given: a closed list, each with its dimension."""

from __future__ import annotations

from collections.abc import Mapping

from exonu.core.errors import InputError
from exonu.events.expressions import nearest

ENERGY, LENGTH, TIME, LIGHT = "energy", "length", "time", "light"
FACTORS: dict[str, dict[str, float]] = {
    ENERGY: {"eV": 1e-3, "keV": 1.0, "keVee": 1.0, "MeV": 1e3, "GeV": 1e6},
    LENGTH: {"mm": 0.1, "cm": 1.0, "m": 100.0},
    TIME: {
        "ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0,
    },
    LIGHT: {"PE": 1.0, "phd": 1.0},
}  # fmt: skip
"""Of each dimension, the size of a unit in that of the variables: keV, cm, s, PE."""


def factor(unit: str, dimension: str, file: object, field: str) -> float:
    """What a number in a unit is multiplied by.

    Args:
        unit: as the user writes it.
        dimension: that it has to have.
        file, field: for messages.

    Raises:
        InputError: an unknown unit, or one of another dimension.

    >>> factor("eV", ENERGY, "events.yaml", "columns.energy")
    0.001
    """
    known = FACTORS[dimension]
    if unit in known:
        return known[unit]
    listed = ", ".join(known)
    of = dimension_of(unit)
    if of is not None:
        problem, remedy = f"is in {unit}, a unit of {of}", f"{dimension} is given in {listed}"
    else:
        near = nearest(unit, list(known))
        problem = f"has the unit {unit!r}, which is not known"
        remedy = f"did you mean {near[0]}? Known: {listed}" if near else f"known: {listed}"
    raise InputError(problem, file=str(file), field=f"{field}.unit", remedy=remedy)


def dimension_of(unit: str) -> str | None:
    """Dimension of a unit, None if it is none."""
    return next((name for name, units in FACTORS.items() if unit in units), None)


def any_factor(unit: str, file: object, field: str) -> float:
    """The same for a unit of any dimension."""
    every: Mapping[str, float] = {
        name: size for units in FACTORS.values() for name, size in units.items()
    }
    if unit not in every:
        raise InputError(
            f"has the unit {unit!r}, which is not known", file=str(file), field=f"{field}.unit",
            remedy=f"known: {', '.join(every)}",
        )  # fmt: skip
    return every[unit]
