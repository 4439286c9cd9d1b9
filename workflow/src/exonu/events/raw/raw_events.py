"""Events with their hits: one structure for all stages, read from any layout that the branch map
describes.

The default layout (`BRANCHES`) is one entry per event with ``run, event, time_s, trigger``,
``nhit`` and the lists
``channel, charge, time``; simulation adds ``true_energy_keV, true_x_cm, true_y_cm, true_z_cm, component, weight``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exonu.core.settings import Settings
from exonu.events.raw.branches import Branches
from exonu.events.raw.reading import Reading
from exonu.events.raw.root_files import CHUNK_BYTES, open_tree
from exonu.events.raw.writer import ColumnWriter, cut_mantissa

INNER, OUTER = 1, 2
"""Bits of the trigger word: the inner detector, and the outer (veto) detector."""
MANTISSA_BITS = 9
"""Of charge and time as they are stored: 0.1 %, far below what a photomultiplier resolves, and 40 %
smaller files."""
_HITS = ("channel", "charge", "time")


@dataclass(frozen=True)
class Events:
    """Events as a structure of arrays; event i has the hits `offsets[i]:offsets[i + 1]`.

    Attributes:
        run, event: numbers of the run and of the event, shape (n,), uint32 and uint64.
        time_s: time since the start of the run [s], shape (n,).
        trigger: bits `INNER` and `OUTER`, shape (n,), uint8.
        offsets: shape (n + 1,), from 0.
        channel, charge, time: photomultiplier, charge [PE] and time [ns] of each hit, uint16 and
            float32. Times of raw files count from the first hit of their event.
        true_energy_keV: deposited energy of a simulated event, shape (n,); None for data.
        true_xyz_cm: its place, shape (n, 3); None for data.
        component: number of its component, shape (n,), uint16; None for data.
        weight: expected events per day that it stands for, shape (n,); None for data.
        columns: further numbers of each event by name, shape (n,) each.

    >>> one = Events.of([[0, 1], [2]], [[1.5, 2.0], [1.0]], [[0.0, 3.0], [7.0]])
    >>> len(one), one.offsets.tolist(), one[1:].channel.tolist()
    (2, [0, 2, 3], [2])
    """

    run: NDArray[np.uint32]
    event: NDArray[np.uint64]
    time_s: NDArray[np.float64]
    trigger: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    channel: NDArray[np.uint16]
    charge: NDArray[np.float32]
    time: NDArray[np.float32]
    true_energy_keV: NDArray[np.float64] | None = None
    true_xyz_cm: NDArray[np.float64] | None = None
    component: NDArray[np.uint16] | None = None
    weight: NDArray[np.float64] | None = None
    columns: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.run)

    @property
    def n_hits(self) -> NDArray[np.int64]:
        """Hits of each event, shape (n,)."""
        return np.diff(self.offsets)

    @property
    def event_of_hit(self) -> NDArray[np.int64]:
        """Index of each hit's event, shape (n_hits,)."""
        return np.repeat(np.arange(len(self)), self.n_hits)

    @classmethod
    def of(
        cls, channel: Sequence[Any], charge: Sequence[Any], time: Sequence[Any], run: int = 1
    ) -> Events:
        """Events from nested lists, one list of hits for each: for a notebook or a test."""
        counts = [len(hits) for hits in channel]
        n = len(counts)

        def flat(lists: Sequence[Any], kind: Any) -> NDArray[Any]:
            return np.array([value for one in lists for value in one], dtype=kind)

        return cls(
            run=np.full(n, run, dtype=np.uint32),
            event=np.arange(n, dtype=np.uint64),
            time_s=np.arange(n, dtype=np.float64),
            trigger=np.full(n, INNER, dtype=np.uint8),
            offsets=np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]).astype(np.int64),
            channel=flat(channel, np.uint16),
            charge=flat(charge, np.float32),
            time=flat(time, np.float32),
        )

    def scalars(self) -> dict[str, NDArray[Any]]:
        """All that is one number per event, by the name of its branch."""
        fixed: dict[str, Any] = {
            "run": self.run,
            "event": self.event,
            "time_s": self.time_s,
            "trigger": self.trigger,
        }
        simulated: dict[str, Any] = {
            "true_energy_keV": self.true_energy_keV,
            "component": self.component,
            "weight": self.weight,
        }
        if self.true_xyz_cm is not None:
            simulated |= {
                f"true_{axis}_cm": self.true_xyz_cm[:, place] for place, axis in enumerate("xyz")
            }
        return (
            fixed
            | {name: values for name, values in simulated.items() if values is not None}
            | dict(self.columns)
        )

    def __getitem__(self, chosen: slice | NDArray[Any]) -> Events:
        """Some of the events: a slice, a mask or indices."""
        rows = np.arange(len(self))[chosen]
        counts = self.n_hits[rows]
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        hits = np.repeat(self.offsets[rows] - offsets[:-1], counts) + np.arange(offsets[-1])
        per_event: dict[str, Any] = {
            name: None if value is None else value[rows]
            for name, value in self._per_event().items()
        }
        per_hit = {name: getattr(self, name)[hits] for name in _HITS}
        columns = {name: values[rows] for name, values in self.columns.items()}
        return replace(self, offsets=offsets, columns=columns, **per_event, **per_hit)

    def _per_event(self) -> dict[str, Any]:
        names = (
            "run",
            "event",
            "time_s",
            "trigger",
            "true_energy_keV",
            "true_xyz_cm",
            "component",
            "weight",
        )
        return {name: getattr(self, name) for name in names}

    @classmethod
    def join(cls, parts: Sequence[Events]) -> Events:
        """Events of several parts one after the other; all have the same quantities."""
        if len(parts) == 1:
            return parts[0]
        first, *_ = parts

        def all_of(values: Sequence[Any]) -> Any:
            return None if values[0] is None else np.concatenate(values)

        counts = np.concatenate([part.n_hits for part in parts])
        per_event = {
            name: all_of([part._per_event()[name] for part in parts]) for name in first._per_event()
        }
        per_hit = {name: all_of([getattr(part, name) for part in parts]) for name in _HITS}
        columns = {name: all_of([part.columns[name] for part in parts]) for name in first.columns}
        offsets = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
        return cls(offsets=offsets, columns=columns, **per_event, **per_hit)

    def with_hits(self, kept: NDArray[np.bool_]) -> Events:
        """The same events with some of their hits, given as a mask of shape (n_hits,)."""
        if kept.all():
            return self
        before = np.concatenate([[0], np.cumsum(kept, dtype=np.int64)])
        return replace(
            self,
            offsets=before[self.offsets],
            **{name: getattr(self, name)[kept] for name in _HITS},
        )

    def with_columns(self, **columns: NDArray[Any]) -> Events:
        """The same events with further columns."""
        return replace(self, columns={**self.columns, **columns})


def read_raw(
    path: str | Path,
    branches: Branches | None = None,
    *,
    n_channels: int | None = None,
    chunk_bytes: int = CHUNK_BYTES,
    allow_empty: bool = False,
    tally: Counter[str] | None = None,
) -> Iterator[Events]:
    """Read raw events, chunk by chunk; times count from the first hit of each event.

    Args:
        path: the ROOT file, with a TTree or an RNTuple.
        branches: where what stands; the default layout if None.
        n_channels: number of photomultipliers; channels must lie below it.
        chunk_bytes: about how many uncompressed bytes to read at a time.
        allow_empty: whether no entries are no fault.
        tally: counts hits that are left out, see `reading.Reading`.

    Raises:
        InputError: see `root_files.open_tree` and `reading.Reading.arrays`; each names file, branch
            and entry.
    """
    branches = branches or Branches.default()
    with open_tree(path, branches.tree, allow_empty=allow_empty) as tree:
        reading = Reading.of(tree, branches, tally=tally)
        for start, columns in tree.chunks(reading.needed, chunk_bytes):
            yield Events(**reading.arrays(columns, start, n_channels))


@dataclass(frozen=True)
class RawFile:
    """What a raw file holds, known without reading its events.

    Attributes:
        path: the file.
        n_entries: number of its entries.
        optional: quantities of simulation that it has.
    """

    path: Path
    n_entries: int
    optional: frozenset[str]


def look_into(path: str | Path, branches: Branches) -> RawFile:
    """What a raw file holds; a branch that is missing is an `InputError`."""
    with open_tree(path, branches.tree, allow_empty=True) as tree:
        return RawFile(Path(path), tree.n_entries, Reading.of(tree, branches).optional)


def read_times(
    path: str | Path, branches: Branches, chunk_bytes: int = CHUNK_BYTES
) -> Iterator[NDArray[np.float64]]:
    """The times of a raw file's events [s], chunk by chunk, without their hits."""
    alone = replace(
        branches, expressions={"time_s": branches.expressions["time_s"]}, extra={}, no_hit=None
    )
    with open_tree(path, branches.tree, allow_empty=True) as tree:
        reading = Reading.of(tree, alone)
        for start, columns in tree.chunks(reading.needed, chunk_bytes):
            yield reading.event_numbers("time_s", columns, start)


def read_events(path: str | Path, chunk_bytes: int = CHUNK_BYTES) -> Iterator[Events]:
    """Read ingested events, chunk by chunk: the tree `events`, with all further columns in
    `Events.columns`."""
    default = Branches.default()
    with open_tree(path, "events", allow_empty=True) as tree:
        reading = Reading.of(tree, default, is_raw=False)
        more = [
            name
            for name in tree.branches
            if name not in reading.needed and tree.is_number(name) and name != "nhit"
        ]
        for start, read in tree.chunks([*reading.needed, *more], chunk_bytes):
            arrays = reading.arrays(read, start, None)
            yield Events(
                **arrays,
                columns={
                    name: column for name in more if isinstance(column := read[name], np.ndarray)
                },
            )


class EventWriter:
    """Write events with their hits, chunk by chunk; the file is whole or absent.

    Args:
        path: the file.
        metadata: kept in the file; at least `is_simulated`.
        tree: `raw`, or `events` for ingested ones.
        rntuple: write an RNTuple instead of a TTree.
        mantissa_bits: bits of charge and time that are kept (23 keeps all).
    """

    def __init__(
        self,
        path: str | Path,
        metadata: Settings,
        *,
        tree: str = "raw",
        rntuple: bool = False,
        mantissa_bits: int = MANTISSA_BITS,
    ) -> None:
        if not isinstance(metadata.get("is_simulated"), bool):
            raise ValueError("metadata must say is_simulated: True or False")
        self._columns = ColumnWriter(path, tree, metadata, rntuple=rntuple)
        self._bits = mantissa_bits

    def __enter__(self) -> EventWriter:
        self._columns.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._columns.__exit__(*error)

    def write(self, events: Events) -> None:
        """Add events."""
        hits: dict[str, NDArray[Any]] = {"channel": events.channel}
        hits |= {
            name: cut_mantissa(getattr(events, name), self._bits) for name in ("charge", "time")
        }
        self._columns.write(events.scalars(), hits, events.offsets)


def write_raw(
    path: str | Path, events: Events | Iterable[Events], metadata: Settings, **options: Any
) -> None:
    """Write all events into one file; see `EventWriter`."""
    with EventWriter(path, metadata, **options) as writer:
        for chunk in [events] if isinstance(events, Events) else events:
            writer.write(chunk)
