"""The tables of an event-level analysis as its figures want them, see
`exonu.events.diagnostics.diagnostic_tables`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from exonu.core.errors import InputError
from exonu.core.files import read_json
from exonu.core.types import Array

if TYPE_CHECKING:
    import pandas as pd

DATA = "data"


@dataclass(frozen=True)
class BinnedCounts:
    """One histogram of data and classes of simulation.

    Attributes:
        edges: shape (n + 1,).
        data, data_error: shape (n,).
        classes: expectation by label, shape (n,) each; the first lies at the bottom.
        simulation_error: statistical error of their sum, shape (n,).
        elsewhere: of the data and of the simulation, the numbers below the edges, above, and not
            there.
    """

    edges: Array
    data: Array
    data_error: Array
    classes: Mapping[str, Array]
    simulation_error: Array
    elsewhere: Mapping[str, tuple[float, float, float]]

    @property
    def simulation(self) -> Array:
        """Sum of all classes, shape (n,)."""
        return np.asarray(sum(self.classes.values(), np.zeros(len(self.edges) - 1)))


@dataclass(frozen=True)
class EventTables:
    """All tables of a folder.

    Attributes:
        folder: where they are.
        record: `events.json`.
    """

    folder: Path
    record: Mapping[str, Any]

    @classmethod
    def read(cls, folder: str | Path) -> EventTables:
        """Open a folder that the step `event_diagnostics` wrote.

        Raises:
            InputError: a folder without `events.json`.
        """
        return cls(Path(folder), read_json(Path(folder) / "events.json"))

    def table(self, name: str) -> pd.DataFrame:
        """One of the tables, e.g. ``"hit_map"``."""
        return read_table(self.folder / f"{name}.csv")

    @cached_property
    def _histograms(self) -> pd.DataFrame:
        return self.table("histograms")

    @cached_property
    def labels(self) -> dict[str, str]:
        """Label of each component, in the order in which they are stacked; several may share
        one."""
        return dict(self.record["components"])

    def histogram(self, name: str, stage: str = "before") -> BinnedCounts:
        """One histogram, before or after the cut that it shows."""
        edges = np.array(self.record["histograms"][name]["edges"])
        rows = self._histograms
        rows = rows[(rows["histogram"] == name) & (rows["stage"] == stage)]
        data, data_error, lost = _binned(rows[rows["source"] == DATA], edges)
        classes: dict[str, Array] = {}
        variance = np.zeros(len(edges) - 1)
        beyond = np.zeros(3)
        for component, label in self.labels.items():
            values, error, outside = _binned(rows[rows["source"] == component], edges)
            classes[label] = classes.get(label, 0.0) + values
            variance += error**2
            beyond += outside
        elsewhere = {DATA: _three(lost), "simulation": _three(beyond)}
        return BinnedCounts(edges, data, data_error, classes, np.sqrt(variance), elsewhere)


def read_table(path: str | Path) -> pd.DataFrame:
    """A CSV with comment lines.

    Raises:
        InputError: a file that is not there.
    """
    import pandas as pd

    if not Path(path).is_file():
        raise InputError("does not exist", file=path, remedy="make it with snakemake")
    return pd.read_csv(path, comment="#")


def _binned(rows: pd.DataFrame, edges: Array) -> tuple[Array, Array, Array]:
    """Values and errors by bin, and what is below, above and nowhere."""
    sums = np.zeros((2, len(edges) + 2))
    middle = (rows["low"].to_numpy(dtype=float) + rows["high"].to_numpy(dtype=float)) / 2
    place = np.searchsorted(edges, middle, "right")
    place[np.isnan(middle)] = len(edges) + 1
    sums[0, place] = rows["weighted"]
    sums[1, place] = rows["weighted_error"]
    return sums[0, 1:-2], sums[1, 1:-2], sums[0, [0, -2, -1]]


def _three(values: Array) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])
