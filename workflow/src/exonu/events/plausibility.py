"""What of a run's events is not impossible and yet hardly meant: collected while they are ingested,
and said as notes of the report.

Nothing is changed or refused here. The bounds are assumed: far enough from what detectors do that a
note is worth reading."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from exonu.core.types import Array
from exonu.events.raw.raw_events import INNER, OUTER, Events
from exonu.events.runs.run_list import Run

CHANCE = 1e-6
"""What happens less often by chance gives a note."""
MOST_DEAD = 1.5
"""Time that a run takes over its live time, above which the two hardly belong together."""
EARLIEST_EPOCH_S = 1e8
"""Later times since the start of a run (three years) are times since 1970, or of another unit."""
UNITS = {"ms": 1e3, "µs": 1e6, "ns": 1e9, "ps": 1e12}
ENOUGH_HITS, SILENT_SHARE = 20, 0.05
"""With so many hits for each photomultiplier, not so many of them are without any."""
LOWEST, HIGHEST, PER_DECADE = -4, 8, 200


class Median:
    """The median of positive numbers, many of them, within 0.6 %; without the numbers.

    >>> median = Median()
    >>> median.add(np.array([1.0, 10.0, 10.1, 0.0, np.nan]))
    >>> round(median.value, 1)
    10.1
    """

    def __init__(self) -> None:
        self._counts = np.zeros((HIGHEST - LOWEST) * PER_DECADE, dtype=np.int64)

    def add(self, values: Array) -> None:
        """Add numbers; what is not positive is left out."""
        place = np.floor((np.log10(values[values > 0]) - LOWEST) * PER_DECADE).astype(np.int64)
        self._counts += np.bincount(
            np.clip(place, 0, len(self._counts) - 1), minlength=len(self._counts)
        )

    @property
    def value(self) -> float:
        """The median, NaN of no numbers."""
        total = int(self._counts.sum())
        if not total:
            return math.nan
        place = int(np.searchsorted(np.cumsum(self._counts), (total + 1) // 2))
        return float(10 ** (LOWEST + (place + 0.5) / PER_DECADE))


QUANTITIES = {
    "charge": "charge of a hit [PE]",
    "total_pe": "charge of an event [PE]",
    "hit_time_rms_ns": "RMS of its hit times [ns]",
    "n_hits": "its number of hits",
}
OF_TABLES = {"energy_keVee": "energy of an event [keVee]"}
"""The same of events that come reconstructed."""


@dataclass
class Collected:
    """What is collected of a run or sample, chunk by chunk.

    Attributes:
        n_events: number of events.
        first_s, last_s: earliest and latest time of an event [s]; NaN without times.
        triggers: how many events have each bit of the trigger word.
        hits: number of hits of each photomultiplier, shape (n_channels,).
        medians: of `QUANTITIES`, over events with hits of which the inner detector triggered.
        reconstructed: median of the energies of events that come reconstructed [keVee].
    """

    n_channels: int
    n_events: int = 0
    first_s: float = math.nan
    last_s: float = math.nan
    triggers: NDArray[np.int64] = field(default_factory=lambda: np.zeros(2, dtype=np.int64))
    medians: dict[str, Median] = field(
        default_factory=lambda: {name: Median() for name in QUANTITIES}
    )
    reconstructed: Median = field(default_factory=Median)

    def __post_init__(self) -> None:
        self.hits = np.zeros(self.n_channels, dtype=np.int64)

    def add(self, events: Events) -> None:
        """Add calibrated events with their variables."""
        self.n_events += len(events)
        if len(events):
            self.first_s = float(np.fmin(self.first_s, events.time_s.min()))
            self.last_s = float(np.fmax(self.last_s, events.time_s.max()))
        inner = (events.trigger & INNER) != 0
        self.triggers += [np.count_nonzero(inner), np.count_nonzero(events.trigger & OUTER)]
        self.hits += np.bincount(events.channel, minlength=self.n_channels)
        self.medians["charge"].add(events.charge[np.repeat(inner, events.n_hits)])
        for name in ("total_pe", "hit_time_rms_ns", "n_hits"):
            self.medians[name].add(events.columns[name][inner])

    def median_values(self) -> dict[str, float]:
        """The medians by quantity."""
        return {name: median.value for name, median in self.medians.items()}


def run_notes(
    collected: Collected, run: Run, trigger: str, geometry_is_given: bool
) -> Iterator[str]:
    """Notes on a run.

    Args:
        collected: of its events.
        run: the run, as the run list has it.
        trigger: expression of the trigger word, empty if there is none.
        geometry_is_given: whether the events file names a geometry of its own.
    """
    if not collected.n_events:
        return
    if math.isfinite(collected.last_s):
        yield from time_notes(collected, run, "branches.time_s")
    yield from _trigger_notes(collected, trigger)
    yield from _channel_notes(collected, run, geometry_is_given)


def time_notes(collected: Collected, run: Run, setting: str) -> Iterator[str]:
    """Notes on the times of a run.

    Args:
        collected, run: as for `run_notes`; there is a time.
        setting: where the events file says what the time is.
    """
    ways = {
        "branches.time_s": "`- start` into `branches.time_s`",
        "columns.time": "`from: unix` into `columns.time`",
    }
    first, last, live = collected.first_s, collected.last_s, run.live_time_s
    unit = next((name for name, many in UNITS.items() if 1 / 3 < last / live / many < 3), None)
    if unit is not None and unit != "ms":
        yield (
            f"the last event is at {last:.4g} s of a live time of {live:.4g} s: `{setting}` looks like {unit} "
            "taken as s"
        )
        return
    if first > max(live, EARLIEST_EPOCH_S):
        yield (
            f"the first event is at {first:.10g} s: times count from the start of the run, not from an epoch such as "
            f"1970 (write {ways[setting]})"
        )
        last -= first
    if last > MOST_DEAD * live:
        yield (
            f"the events reach over {last:.4g} s, and `live_time_s` is {live:.4g}: is it right, and in s?"
        )
    elif last <= 0 or collected.n_events * math.log(last / live) < math.log(CHANCE):
        yield (
            f"the events end after {max(last, 0):.4g} s, and `live_time_s` is {live:.4g}: are all files listed, and "
            "are the times in s?"
        )


def _trigger_notes(collected: Collected, trigger: str) -> Iterator[str]:
    if not collected.triggers[0]:
        yield f"no event has the trigger bit of the inner detector (`branches.trigger`: {trigger})"
    if trigger.count("bit(") > 1 and not collected.triggers[1]:
        yield f"no event has the trigger bit of the outer detector (`branches.trigger`: {trigger})"


def _channel_notes(collected: Collected, run: Run, geometry_is_given: bool) -> Iterator[str]:
    alive = np.setdiff1d(np.arange(collected.n_channels), run.dead_pmts)
    hits = collected.hits[alive]
    total, silent = int(hits.sum()), int(np.count_nonzero(hits == 0))
    if not total:
        yield "no event has a hit of a live photomultiplier"
        return
    reached = int(np.flatnonzero(hits)[-1]) + 1
    whose = (
        f"the geometry has {collected.n_channels} photomultipliers"
        if geometry_is_given
        else f"without `geometry` the XMASS-like detector of {collected.n_channels} photomultipliers is assumed"
    )
    if total * math.log(reached / len(alive)) < math.log(CHANCE):
        yield f"no hit is above channel {alive[reached - 1]}: {whose}"
    elif total >= ENOUGH_HITS * len(alive) and silent >= SILENT_SHARE * len(alive):
        yield f"{silent} of {len(alive)} live photomultipliers have no hit at all: {whose}"
