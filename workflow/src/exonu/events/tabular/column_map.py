"""The column map: where a user's table of reconstructed events keeps what the analysis needs, and in
which unit.

Each quantity is an expression over the file's columns (`events.expressions`):
``energy: {column: 0.0137 * (cs1 / 0.142 + cs2 / 11.4), unit: keV}``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exonu.core.errors import InputError, raise_all
from exonu.core.settings import Settings
from exonu.events.expressions import Expression, parse
from exonu.events.tabular.units import ENERGY, LENGTH, LIGHT, TIME, any_factor, factor

FROM_RUN, FROM_EPOCH = "run", "unix"


@dataclass(frozen=True)
class Quantity:
    """What the map may name.

    Attributes:
        variable: the documented variable that it becomes.
        dimension: of its unit; None if it has none.
        kind: type in which it is stored.
        of_simulation: whether data need not have it.
        may_be_missing: whether NaN is no fault.
    """

    variable: str
    dimension: str | None
    kind: Any
    of_simulation: bool = False
    may_be_missing: bool = False


QUANTITIES: dict[str, Quantity] = {
    "energy": Quantity("energy_keVee", ENERGY, np.float32),
    "x": Quantity("x_cm", LENGTH, np.float32),
    "y": Quantity("y_cm", LENGTH, np.float32),
    "z": Quantity("z_cm", LENGTH, np.float32),
    "r": Quantity("r_cm", LENGTH, np.float32),
    "s1": Quantity("s1_pe", LIGHT, np.float32),
    "s2": Quantity("s2_pe", LIGHT, np.float32),
    "time": Quantity("time_s", TIME, np.float64),
    "run": Quantity("run", None, np.uint32),
    "event": Quantity("event", None, np.uint64),
    "weight": Quantity("weight", None, np.float64, of_simulation=True),
    "true_energy": Quantity("true_energy_keV", ENERGY, np.float64, of_simulation=True),
    "component": Quantity("component", None, np.uint16, of_simulation=True),
}
"""By their keys in the block `columns` of an events file."""


@dataclass(frozen=True)
class Column:
    """One entry of the map.

    Attributes:
        key: in the map, e.g. `energy` or `extra.drift`.
        variable: what cuts call it.
        expression: over the columns of the file.
        factor: from its unit to that of the variable.
        kind: type in which it is stored.
        of_simulation, may_be_missing: as in `Quantity`.
    """

    key: str
    variable: str
    expression: Expression
    factor: float
    kind: Any
    of_simulation: bool
    may_be_missing: bool

    def evaluate(self, columns: Mapping[str, NDArray[Any]], n: int) -> NDArray[Any]:
        """Its values in the unit of the variable, shape (n,), whole numbers as they stand."""
        values = np.broadcast_to(self.expression.evaluate(columns), n)
        return values if self.factor == 1 else values * self.factor


@dataclass(frozen=True)
class ColumnMap:
    """A column map.

    Attributes:
        tree: name of the TTree, RNTuple or HDF5 group.
        columns: what is read, in the order in which it is stored.
        time_from: `run`, times since the start of the run, or `unix`.
        drops: whether events without a value are left out, not refused.
        file: the settings that it stands in, for messages.
    """

    tree: str
    columns: tuple[Column, ...]
    time_from: str
    drops: bool
    file: str

    @classmethod
    def from_settings(cls, block: Settings, file: str | Path) -> ColumnMap:
        """The block `columns` of an events file.

        Raises:
            InputError: one line per expression that is none and unit that is not known or of
                another dimension.
        """
        found: list[Column] = []
        faults: list[InputError] = []
        for key, content in _entries(block):
            try:
                found.append(_column(key, content, file))
            except InputError as fault:
                faults.append(fault)
        raise_all([*faults, *_missing(block, file)])
        time_from = str(block["time"].get("from", FROM_RUN)) if "time" in block else FROM_RUN
        drops = block["no_value"] == "drop"
        return cls(block["tree"], tuple(found), time_from, drops, str(file))

    def of(self, *, is_simulation: bool, has_runs: bool = False) -> tuple[Column, ...]:
        """What is read of data, or of simulation: its times are drawn, and it is given to the runs if
        it has none (`has_runs`)."""
        if not is_simulation:
            return tuple(one for one in self.columns if not one.of_simulation)
        unread = {"time_s"} | (set() if has_runs else {"run"})
        return tuple(one for one in self.columns if one.variable not in unread)

    def wanted(self, columns: Sequence[Column]) -> dict[str, str]:
        """The columns of the files that some of the map reads, each with the setting that asks for it."""
        return {
            name: f"columns.{one.key}: {one.expression.text} in {self.file}"
            for one in reversed(columns)
            for name in one.expression.names
        }

    @property
    def has_plane(self) -> bool:
        """Whether x and y are there, from which r follows."""
        return {"x_cm", "y_cm"} <= {one.variable for one in self.columns}

    @property
    def variables(self) -> frozenset[str]:
        """All that cuts may read: what is mapped, what follows from it, what every event has."""
        mapped = {one.variable for one in self.columns}
        radius = {"r_cm"} if self.has_plane else set()
        times = {"days"} if "time_s" in mapped else set()
        return frozenset(mapped | radius | times | {"run", "event", "weight"})


def _entries(block: Settings) -> Iterator[tuple[str, Any]]:
    yield from ((key, block[key]) for key in QUANTITIES if key in block)
    yield from ((f"extra.{name}", content) for name, content in block["extra"].items())


def _column(key: str, content: Any, file: str | Path) -> Column:
    field = f"columns.{key}"
    given = content if isinstance(content, Mapping) else {"column": content}
    unit = given.get("unit")
    if key.startswith("extra."):
        size = 1.0 if unit is None else any_factor(unit, file, field)
        known = Quantity(key[6:], None, np.float32, may_be_missing=True)
    else:
        known = QUANTITIES[key]
        size = 1.0 if known.dimension is None else factor(str(unit), known.dimension, file, field)
    expression = parse(str(given["column"]), None, want_truth=False, file=file, field=field)
    return Column(
        key, known.variable, expression, size, known.kind, known.of_simulation, known.may_be_missing
    )


def _missing(block: Settings, file: str | Path) -> Iterator[InputError]:
    """Half of a position."""
    for one, other in (("x", "y"), ("y", "x")):
        if one in block and other not in block:
            yield InputError(
                f"is given without {other}", file=file, field=f"columns.{one}",
                remedy="give both, or the distance from the axis as `r`",
            )  # fmt: skip
    if "r" in block and "x" in block:
        yield InputError(
            "follows from x and y, which are given too",
            file=file,
            field="columns.r",
            remedy="leave one out",
        )
