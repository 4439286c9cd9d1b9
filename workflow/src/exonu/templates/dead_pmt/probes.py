"""Probes of the dead-PMT correction: wall events before a living photomultiplier, reconstructed as
if it were dead.

An event is a probe of the photomultiplier with its largest charge if that has a fair share of the
light and the vertex, with it alive, is at the wall. That photomultiplier is then masked on purpose.
The energy of the probe is the one found with the mask, and it has leaked if it passes all cuts with
the masked values. Cuts that read nothing that the mask changes (trigger, time since the event
before) are required of all probes, so that their efficiency drops out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exonu.core.errors import InputError
from exonu.core.progress import Progress
from exonu.core.settings import Settings
from exonu.core.types import Array
from exonu.detector.geometry_table import own_geometry
from exonu.detector.light_map.light_map import LightMap
from exonu.detector.light_yield import electron_equivalent_keV
from exonu.detector.model import Detector
from exonu.events.raw.raw_events import Events, read_events
from exonu.events.raw.root_files import open_tree, read_columns, read_metadata
from exonu.events.raw.writer import ColumnWriter
from exonu.events.reconstruction.chain import COLUMNS, EventReconstruction, ReconstructionSettings
from exonu.events.runs.run_list import RunList
from exonu.events.selection.cuts import Selection
from exonu.events.variables import raw_variables

Booleans = NDArray[np.bool_]
Integers = NDArray[np.int64]

TREE = "probes"
CHANGED_BY_MASK = frozenset(COLUMNS) | {
    "n_hits",
    "total_pe",
    "max_pe_share",
    "hit_time_rms_ns",
    "early_fraction",
}
"""Variables that a masked photomultiplier changes."""
_WALL = ("x_pe_cm", "y_pe_cm", "z_pe_cm", "max_pe_channel")


@dataclass(frozen=True)
class ProbeSettings:
    """Which events are probes.

    Attributes:
        at_wall_cm: the vertex with all living photomultipliers is no deeper than this.
        least_share: smallest share of the light on the photomultiplier that is masked.
        highest_keV: probes are wanted up to this energy.
    """

    at_wall_cm: float = 2.5
    least_share: float = 0.2
    highest_keV: float = 30.0

    def __post_init__(self) -> None:
        for name in ("at_wall_cm", "highest_keV"):
            if not getattr(self, name) > 0:
                raise InputError(
                    f"must be > 0 (got {getattr(self, name)})", field=f"dead_pmt.{name}"
                )
        if not 0 < self.least_share < 1:
            raise InputError(
                f"must be between 0 and 1 (got {self.least_share})", field="dead_pmt.least_share"
            )

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> ProbeSettings:
        """From the block `dead_pmt`; its last edge is the highest energy."""
        known = {field.name for field in fields(cls)}
        highest = {"highest_keV": settings["edges_keV"][-1]} if "edges_keV" in settings else {}
        return cls(
            **{
                key: float(value)
                for key, value in ({**settings, **highest}).items()
                if key in known
            }
        )


@dataclass(frozen=True)
class Probes:
    """Probes, shape (n,) each.

    Attributes:
        energy_keVee: with the mask.
        leaked: whether it passes all cuts with the masked values.
        weight: 1 in data; events per day in simulation.
        channel: the masked photomultiplier.
    """

    energy_keVee: Array
    leaked: Booleans
    weight: Array
    channel: Integers

    def __len__(self) -> int:
        return len(self.leaked)

    @classmethod
    def join(cls, parts: list[Probes]) -> Probes:
        """One after the other."""
        names = [field.name for field in fields(cls)]
        return cls(
            **{name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
        )


NONE = Probes(np.empty(0), np.empty(0, dtype=bool), np.empty(0), np.empty(0, dtype=np.int64))


@dataclass(frozen=True)
class ProbeMaker:
    """Finds probes among events and masks them.

    Attributes:
        reconstruction: of the detector.
        selection: the cuts of the analysis.
        settings: which events are probes.
        early_window_ns: see `variables.raw_variables`.
    """

    reconstruction: EventReconstruction
    selection: Selection
    settings: ProbeSettings
    early_window_ns: float

    @property
    def _common(self) -> Selection:
        """The cuts that the mask does not touch."""
        return Selection(
            tuple(cut for cut in self.selection.cuts if not CHANGED_BY_MASK & set(cut.keep.names))
        )

    def chosen(self, columns: Mapping[str, NDArray[Any]]) -> Booleans:
        """Which reconstructed events are probes, shape (n,).

        Args:
            columns: of reconstructed events; the vertex with all living photomultipliers.
        """
        position = np.column_stack([columns[name] for name in _WALL[:3]]).astype(np.float64)
        depth = self.reconstruction.detector.geometry.depth_cm(position)
        share, total = (
            np.asarray(columns[name], dtype=np.float64) for name in ("max_pe_share", "total_pe")
        )
        near = (depth < self.settings.at_wall_cm) & (share > self.settings.least_share)
        near &= columns["max_pe_channel"] >= 0
        light = (
            total
            * (1 - share)
            / np.asarray(columns.get("light_yield_scale", 1.0), dtype=np.float64)
        )
        return np.asarray(
            near & (self._least_energy(light) < self.settings.highest_keV) & self._kept(columns)
        )

    def _kept(self, columns: Mapping[str, NDArray[Any]]) -> Booleans:
        n = len(columns["max_pe_channel"])
        return self._common.kept(columns) if self._common.cuts else np.ones(n, dtype=bool)

    def _least_energy(self, light_pe: Array) -> Array:
        """Energy of so much light at the place of the largest yield: no vertex gives less."""
        light = light_pe / float(self.reconstruction.light_map.light_yield.max())
        return electron_equivalent_keV(light, self.reconstruction.detector.scintillation)

    def masked(
        self,
        events: Events,
        channel: Integers,
        dead: Booleans | None = None,
        mask: Integers | None = None,
    ) -> Probes:
        """Reconstruct probes again, each with one more photomultiplier dead.

        Args:
            events: the probes, with hits.
            channel: what to mask, shape (n,).
            dead, mask: sets of dead photomultipliers and which each event has, see
                `EventReconstruction.columns`.
        """
        events = events.with_hits(events.channel != np.asarray(channel)[events.event_of_hit])
        found = self.reconstruction.masked_again(events, dead, mask, channel=np.asarray(channel))
        return self.judged(events, found, np.asarray(channel))

    def judged(
        self, events: Events, found: Mapping[str, NDArray[Any]], channel: Integers
    ) -> Probes:
        """Whether events pass the cuts with what was reconstructed; their hits of dead ones must be
        gone already."""
        columns = {
            **events.scalars(),
            **raw_variables(events, early_window_ns=self.early_window_ns),
            **found,
        }
        weight = np.ones(len(events)) if events.weight is None else events.weight
        return Probes(
            energy_keVee=np.asarray(found["energy_keVee"], dtype=np.float64),
            leaked=self.selection.kept(columns),
            weight=np.asarray(weight, dtype=np.float64),
            channel=np.asarray(channel, dtype=np.int64),
        )


def probe_maker(settings: Settings, light_map: str | Path) -> ProbeMaker:
    """From the settings of a job; see `dead_pmt_jobs.probe_settings`."""
    geometry = own_geometry(settings.get("geometry"))
    detector = Detector.from_settings(settings.get("detector"), geometry)
    choices = ReconstructionSettings.from_settings(settings.get("reconstruction", {}))
    return ProbeMaker(
        reconstruction=EventReconstruction.of(LightMap.load(light_map), detector, choices),
        selection=Selection.from_settings(settings["cuts"], settings["extra"], settings["file"]),
        settings=ProbeSettings.from_settings(settings["dead_pmt"]),
        early_window_ns=float(settings["variables"]["early_window_ns"]),
    )


def make_probes(
    settings: Settings,
    light_map: str | Path,
    ingested: str | Path,
    reconstructed: str | Path,
    output: str | Path,
) -> int:
    """Run one job of the step `probes`.

    Args:
        settings: of `dead_pmt_jobs.probe_settings`.
        light_map: its folder.
        ingested, reconstructed: the same events with their hits, and with their vertices.
        output: ROOT file with the tree `probes`, of the columns of `Probes`.

    Returns:
        Number of probes.

    Raises:
        InputError: files of other events.
    """
    maker, runs = probe_maker(settings, light_map), RunList.from_settings(settings)
    source = settings["source"]
    metadata = {"source": source, "is_simulated": read_metadata(ingested).get("is_simulated")}
    with open_tree(ingested, "events", allow_empty=True) as tree:
        total = tree.n_entries
    parts = [NONE]
    with Progress(f"probes {Path(ingested).name}", total) as progress:
        for events, columns in _paired(ingested, reconstructed):
            chosen = maker.chosen(columns)
            if source["kind"] != "data":
                chosen &= _of_components(
                    events, source["component"], settings["dead_pmt"]["components"]
                )
            if len(rows := np.flatnonzero(chosen)):
                numbers, mask = np.unique(events.run[rows], return_inverse=True)
                dead = runs.dead_masks(numbers, maker.reconstruction.detector.geometry.n_channels)
                parts.append(
                    maker.masked(events[rows], columns["max_pe_channel"][rows], dead, mask)
                )
            progress.add(len(events))
    made = Probes.join(parts)
    with ColumnWriter(output, TREE, metadata) as writer:
        writer.write({field.name: getattr(made, field.name) for field in fields(Probes)})
    return len(made)


def _paired(
    ingested: str | Path, reconstructed: str | Path
) -> Iterator[tuple[Events, dict[str, NDArray[Any]]]]:
    """Chunks of events with hits, and all their columns; both files have the same events in the
    same order."""
    with open_tree(reconstructed, "events", allow_empty=True) as tree:
        tree.require(_WALL, dict.fromkeys(_WALL, "the probes of the dead-PMT correction"))
    wanted = ["run", "event", *_WALL]
    chunks = list(read_columns(reconstructed, names=wanted))
    table = (
        {name: np.concatenate([chunk[name] for chunk in chunks]) for name in wanted}
        if chunks
        else {}
    )
    first = 0
    for events in read_events(ingested):
        part = {name: column[first : first + len(events)] for name, column in table.items()}
        if not part or not all(
            np.array_equal(part[name], getattr(events, name)) for name in ("run", "event")
        ):
            raise InputError(
                f"does not hold the events of {ingested}, from entry {first} on",
                file=reconstructed,
                remedy="reconstruct that file again",
            )
        first += len(events)
        yield events, {**events.scalars(), **part}


def _of_components(events: Events, listed: str, wanted: list[str]) -> Booleans:
    """Events of the wall components of a sample, which counts them in `component` if it has
    several."""
    names = listed.split(",")
    chosen = np.array([name in wanted for name in names])
    if len(names) == 1 or events.component is None:
        return np.full(len(events), bool(chosen[0]))
    return np.asarray(chosen[events.component])


def read_probes(path: str | Path) -> tuple[Settings, Probes]:
    """What `make_probes` wrote: its source, and the probes.

    Raises:
        InputError: a file of another step.
    """
    source = read_metadata(path).get("source")
    if source is None:
        raise InputError("holds no probes", file=path, remedy="make it with the step `probes`")
    return source, Probes.join([NONE, *(Probes(**columns) for columns in read_columns(path, TREE))])
