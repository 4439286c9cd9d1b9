"""Histograms of data and simulation side by side, summed chunk by chunk, and their table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from exonu.core.types import Array
from exonu.events.diagnostics.panels import Columns, Panel, passed
from exonu.events.selection.cuts import Selection

if TYPE_CHECKING:
    import pandas as pd

DATA = "data"
STAGES = ("before", "after")
_COLUMNS = ("histogram", "stage", "source", "low", "high", "events", "weighted", "weighted_error")


class Counts:
    """Events, Σw and Σw² by bin, of histograms with given edges and of any sources.

    Bin 0 holds what is below the edges, the last but one what is above (infinity too), the last
    what is not there."""

    def __init__(self) -> None:
        self.edges: dict[str, Array] = {}
        self.sums: dict[tuple[str, str, str], Array] = {}

    def add(
        self, name: str, stage: str, source: str, edges: Array, values: Array, weight: Array
    ) -> None:
        """Add values with their weights, shape (n,) each."""
        place = np.searchsorted(edges, values, side="right")  # NaN comes last, behind all
        place[np.isnan(values)] = len(edges) + 1
        powers = (None, weight, weight**2)
        self._sum(
            name, stage, source, edges, [np.bincount(place, w, len(edges) + 2) for w in powers]
        )

    def add_hits(
        self, name: str, source: str, edges: Array, values: Array, weight: Array, counts: Any
    ) -> None:
        """Add hits: errors are those of events, as all hits of an event share its weight and its
        fate.

        Args:
            name, source, edges: as in `add`.
            values: of each hit, shape (n_hits,).
            weight: of each event, shape (n,).
            counts: hits of each event, shape (n,).
        """
        bins = len(edges) + 2
        place = np.searchsorted(edges, values, side="right")
        cell = np.repeat(np.arange(len(weight)), counts) * bins + place
        hits = np.bincount(cell, minlength=bins * len(weight)).reshape(-1, bins).astype(np.float64)
        self._sum(
            name, STAGES[0], source, edges, [hits.sum(axis=0), weight @ hits, weight**2 @ hits**2]
        )

    def _sum(
        self, name: str, stage: str, source: str, edges: Array, sums: Sequence[NDArray[Any]]
    ) -> None:
        self.edges[name] = edges
        key = (name, stage, source)
        self.sums[key] = self.sums.get(key, 0.0) + np.array(sums, dtype=np.float64)

    def table(self, live_days: float) -> pd.DataFrame:
        """One row per bin that holds something; simulation scaled to the live time, data as they
        are.

        Bins beyond the edges have an infinite one; values that are not there have none.
        """
        import pandas as pd

        parts = []
        for (name, stage, source), sums in self.sums.items():
            ends = np.concatenate([[-np.inf], self.edges[name], [np.inf, np.nan]])
            scale = 1.0 if source == DATA else live_days
            columns = (name, stage, source, np.append(ends[:-2], np.nan), ends[1:])
            filled = (sums[0] > 0) | (sums[1] != 0)
            values = (sums[0].astype(np.int64), scale * sums[1], scale * np.sqrt(sums[2]))
            parts.append(
                pd.DataFrame(dict(zip(_COLUMNS, (*columns, *values), strict=True)))[filled]
            )
        return (
            pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(_COLUMNS))
        )


@dataclass(frozen=True)
class Plane:
    """z against the square of the distance from the axis.

    Attributes:
        columns: x, y and z, or the distance from the axis and z.
        before: numbers of the cuts that its events have passed: all but those on the vertex.
        squares, heights: edges [cm², cm].
    """

    columns: tuple[str, ...]
    before: tuple[int, ...]
    squares: Array
    heights: Array

    @classmethod
    def of_sphere(cls, columns: tuple[str, ...], before: tuple[int, ...], reach_cm: float) -> Plane:
        """As far as the furthest wall is from the centre."""
        squares, heights = np.linspace(0, reach_cm**2, 41), np.linspace(-reach_cm, reach_cm, 61)
        return cls(columns, before, squares, heights)

    def filled(self, columns: Columns, weight: Array) -> Array:
        """Weights in its bins."""
        *across, z = (np.asarray(columns[name], dtype=np.float64) for name in self.columns)
        square = np.sum([side**2 for side in across], axis=0)
        filled = np.histogram2d(square, z, [self.squares, self.heights], weights=weight)[0]
        return np.asarray(filled, dtype=np.float64)


class PanelCounts:
    """Fills the panels of a selection, and z against R², from reconstructed events.

    Args:
        selection: the cuts.
        panels: with their edges.
        plane: of z against R²; None without positions.
        live_days: live time, for Asimov data.
        blind_keVee: energies at which data that pass all cuts are replaced by the expectation; None
            for none.
    """

    def __init__(
        self,
        selection: Selection,
        panels: Sequence[Panel],
        plane: Plane | None,
        live_days: float,
        blind_keVee: tuple[float, float] | None = None,
    ) -> None:
        self.counts = Counts()
        self._selection, self._panels, self._live_days, self._blind = (
            selection,
            panels,
            live_days,
            blind_keVee,
        )
        self.plane = plane
        shape = (0, 0) if plane is None else (len(plane.squares) - 1, len(plane.heights) - 1)
        self.vertices = {source: np.zeros(shape) for source in (DATA, "simulation")}

    def add(self, columns: Columns, source: str) -> None:
        """Add events of the data or of a component."""
        masks = self._selection.passed(columns)
        weight = np.asarray(columns["weight"], dtype=np.float64)
        if self._blind is None:
            self._fill(columns, masks, weight, source)
            return
        energy = columns["energy_keVee"]
        closed = (
            np.logical_and.reduce(masks, axis=0)
            & (energy >= self._blind[0])
            & (energy < self._blind[1])
        )
        if source == DATA:
            self._fill(*_chosen(columns, masks, weight, ~closed), source)
        else:
            self._fill(columns, masks, weight, source)
            self._fill(
                *_chosen(columns, masks, self._live_days * weight, closed), DATA, asimov=True
            )

    def _fill(
        self,
        columns: Columns,
        masks: NDArray[np.bool_],
        weight: Array,
        source: str,
        *,
        asimov: bool = False,
    ) -> None:
        for panel in self._panels:
            values = np.broadcast_to(panel.observable.evaluate(columns), len(weight)).astype(
                np.float64
            )
            ready = passed(masks, panel.before)
            more = (panel.cut,) if panel.cut is not None else range(len(masks))
            for stage, chosen in zip(
                STAGES, (ready, ready & passed(masks, tuple(more))), strict=True
            ):
                self.counts.add(
                    panel.name, stage, source, panel.edges, values[chosen], weight[chosen]
                )
        if self.plane is None:
            return
        chosen = passed(masks, self.plane.before)
        scale = 1.0 if source == DATA or asimov else self._live_days
        place = {name: columns[name][chosen] for name in self.plane.columns}
        filled = self.plane.filled(place, scale * weight[chosen])
        self.vertices[DATA if source == DATA else "simulation"] += filled

    def vertex_table(self) -> pd.DataFrame:
        """Events by R² and z after all cuts but those on the vertex, simulation scaled to the live
        time."""
        import pandas as pd

        parts = []
        squares, heights = (
            (self.plane.squares, self.plane.heights) if self.plane else (np.zeros(1),) * 2
        )
        for source, filled in self.vertices.items():
            square, height = np.nonzero(filled)
            columns = {
                "source": source,
                "rho2_low_cm2": squares[square],
                "rho2_high_cm2": squares[square + 1],
                "z_low_cm": heights[height],
                "z_high_cm": heights[height + 1],
                "weighted": filled[square, height],
            }
            parts.append(pd.DataFrame(columns))
        return pd.concat(parts, ignore_index=True)


def _chosen(
    columns: Columns, masks: NDArray[np.bool_], weight: Array, chosen: NDArray[np.bool_]
) -> tuple[dict[str, NDArray[Any]], NDArray[np.bool_], Array]:
    return (
        {name: values[chosen] for name, values in columns.items()},
        masks[:, chosen],
        weight[chosen],
    )
