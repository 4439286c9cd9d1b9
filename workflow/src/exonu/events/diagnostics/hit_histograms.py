"""Diagnostics from the hits: mean charge of each photomultiplier, charges and times of hits, light
of events."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from exonu.core.progress import Progress
from exonu.core.settings import Settings
from exonu.core.types import Array
from exonu.events.diagnostics.panels import leading_cuts, passed
from exonu.events.diagnostics.stacked_histograms import DATA, Counts
from exonu.events.raw.raw_events import Events, read_events
from exonu.events.raw.root_files import CHUNK_BYTES, open_tree
from exonu.events.runs.run_list import RunList
from exonu.events.selection.cuts import TREE, Selection

if TYPE_CHECKING:
    import pandas as pd


HIT_CHARGE_EDGES: Array = np.geomspace(0.1, 1e3, 61)
HIT_TIME_EDGES: Array = np.linspace(0, 500, 101)
EVENTS_AT_ONCE = 20_000
"""Events whose hits are counted together: their histograms, one per event, are in memory."""
TOTAL_PE_EDGES: Array = np.geomspace(1, 1e5, 76)
HISTOGRAMS = {
    "hit_charge": ("charge of a hit [PE]", "log", HIT_CHARGE_EDGES),
    "hit_time": ("time of a hit after the event's first [ns]", "linear", HIT_TIME_EDGES),
    "event_charge": ("charge of an event [PE]", "log", TOTAL_PE_EDGES),
}


class HitCounts:
    """Sums over ingested events that pass the leading cuts, those that need no reconstruction.

    Args:
        selection: the cuts.
        runs: says which photomultipliers are dead in which run.
        n_channels: number of photomultipliers.
        counts: where the histograms go.

    Attributes:
        before: numbers of the cuts that were applied.
    """

    def __init__(
        self, selection: Selection, runs: RunList, n_channels: int, counts: Counts
    ) -> None:
        self._selection, self._runs, self._n_channels, self._counts = (
            selection,
            runs,
            n_channels,
            counts,
        )
        self.before: tuple[int, ...] = ()
        self._charge = {kind: np.zeros((2, n_channels)) for kind in (DATA, "simulation")}
        self._alive = {kind: np.zeros(n_channels) for kind in (DATA, "simulation")}

    def add_file(self, path: str | Path, source: str, chunk_bytes: int = CHUNK_BYTES) -> None:
        """Add the ingested events of a run or a sample."""
        with open_tree(path, TREE, allow_empty=True) as tree:
            total = tree.n_entries
            names = [name for name in tree.branches if tree.is_number(name)]
        self.before = leading_cuts(self._selection, names)
        with Progress(f"hits of {Path(path).name}", total) as progress:
            for events in read_events(path, chunk_bytes):
                masks = self._selection_passed(events)
                chosen = events[passed(masks, self.before)]
                for start in range(0, len(chosen), EVENTS_AT_ONCE):
                    self.add(chosen[start : start + EVENTS_AT_ONCE], source)
                progress.add(len(events))

    def _selection_passed(self, events: Events) -> NDArray[np.bool_]:
        return Selection(self._selection.cuts[: len(self.before)]).passed(events.scalars())

    def add(self, events: Events, source: str) -> None:
        """Add events."""
        if not len(events):
            return
        kind = DATA if source == DATA else "simulation"
        weight = np.ones(len(events)) if events.weight is None else events.weight
        count = events.n_hits
        charge = weight[events.event_of_hit] * events.charge
        for power, values in enumerate((charge, charge**2)):
            self._charge[kind][power] += np.bincount(events.channel, values, self._n_channels)
        runs, place = np.unique(events.run, return_inverse=True)
        alive = ~self._runs.dead_masks(runs, self._n_channels)
        self._alive[kind] += np.bincount(place, weight) @ alive
        first = np.full(len(events), np.nan)
        there = count > 0
        first[there] = (
            np.minimum.reduceat(events.time, events.offsets[:-1][there]) if there.any() else np.nan
        )
        after_first = events.time - np.repeat(first, count)
        charges = np.asarray(events.charge, dtype=np.float64)
        total = np.bincount(events.event_of_hit, charges, len(events)).astype(np.float64)
        self._counts.add_hits("hit_charge", source, HIT_CHARGE_EDGES, charges, weight, count)
        self._counts.add_hits("hit_time", source, HIT_TIME_EDGES, after_first, weight, count)
        self._counts.add("event_charge", "before", source, TOTAL_PE_EDGES, total, weight)

    def table(self, positions_cm: Array) -> pd.DataFrame:
        """One row per photomultiplier.

        Args:
            positions_cm: shape (n_channels, 3).

        Returns:
            Direction from the centre; share of the live time in which it was dead; mean charge per
            event while it was alive, in data and simulation, with statistical errors; NaN where it
            never was.
        """
        import pandas as pd

        x, y, z = positions_cm.T
        made = {
            "channel": np.arange(self._n_channels),
            "longitude_deg": np.degrees(np.arctan2(y, x)),
            "latitude_deg": np.degrees(np.arctan2(z, np.hypot(x, y))),
            "dead_share": self._dead_share(),
        }
        for kind in self._charge:
            with np.errstate(invalid="ignore", divide="ignore"):
                made[f"{kind}_pe"] = self._charge[kind][0] / self._alive[kind]
                made[f"{kind}_error_pe"] = np.sqrt(self._charge[kind][1]) / self._alive[kind]
        return pd.DataFrame(made)

    def _dead_share(self) -> Array:
        live = np.array([run.live_time_s for run in self._runs.physics])
        masks = self._runs.dead_masks(
            np.array([run.run for run in self._runs.physics]), self._n_channels
        )
        return np.asarray(live @ masks / live.sum())

    def as_json(self) -> Settings:
        """What a figure has to know of the histograms."""
        before = [self._selection.cuts[number].name for number in self.before]
        return {
            name: {
                "kind": "hits",
                "observable": text,
                "cut": None,
                "keep": None,
                "before": before,
                "marks": [],
                "axis": axis,
                "edges": edges.tolist(),
            }
            for name, (text, axis, edges) in HISTOGRAMS.items()
        }
