"""One event of a raw or an ingested file, with everything that is known of it: what an event
display shows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from exonu.core.errors import ArgumentError, InputError
from exonu.core.types import Array
from exonu.detector.geometry import Geometry, geodesic_geometry
from exonu.detector.geometry_table import own_geometry
from exonu.detector.optics import xmass_like
from exonu.events.raw.branches import Branches
from exonu.events.raw.channel_map import read_channel_map
from exonu.events.raw.raw_events import Events, read_events, read_raw
from exonu.events.raw.root_files import open_tree, read_columns, read_metadata
from exonu.events.runs.run_list import read_event_settings
from exonu.events.selection.cuts import TREE

_VERTEX = ("x_pe_cm", "y_pe_cm", "z_pe_cm")


@dataclass(frozen=True)
class OneEvent:
    """An event with its hits.

    Attributes:
        events: just this one.
        geometry: of its detector.
        name: of the experiment.
        is_simulated: whether the file says so; None if it says nothing.
        numbers: what else is known of it by the name of its column, e.g. `energy_keVee`.
    """

    events: Events
    geometry: Geometry
    name: str
    is_simulated: bool | None
    numbers: dict[str, float]

    @property
    def vertex_cm(self) -> Array | None:
        """The reconstructed vertex, shape (3,); None without one."""
        found = np.array([self.numbers.get(name, np.nan) for name in _VERTEX])
        return found if np.isfinite(found).all() else None

    @property
    def true_vertex_cm(self) -> Array | None:
        """The simulated place, shape (3,); None for data."""
        return None if self.events.true_xyz_cm is None else self.events.true_xyz_cm[0]


def find_event(
    path: str | Path, event: int, *, run: int | None = None, settings_file: str | Path | None = None
) -> OneEvent:
    """Find an event by its number.

    Args:
        path: a raw ROOT file, or an ingested one. Of an ingested file in
            `results/<analysis>/ingested`, vertex and energy are taken from the file of the same
            name in `reconstructed`, if it is there.
        event: number of the event.
        run: number of its run; needed if several runs in the file have an event of this number.
        settings_file: the events file of the analysis, for its geometry and the layout of raw
            files; the XMASS-like detector and the default layout if not given.

    Raises:
        InputError: no such file, no such event, several of them; whatever is wrong with the file.
    """
    path = Path(path)
    name, branches, geometry = _described(settings_file)
    is_ingested = _holds_ingested(path)
    tree = TREE if is_ingested else branches.tree
    found, several = None, set()
    chunks = (
        read_events(path)
        if is_ingested
        else read_raw(path, branches, n_channels=geometry.n_channels)
    )
    first = last = None
    for events in chunks:
        first, last = events.event[0] if first is None else first, events.event[-1]
        rows = np.flatnonzero(
            (events.event == event) & ((events.run == run) if run is not None else True)
        )
        if len(rows):
            several |= set(events.run[rows].tolist())
            found = events[rows[:1]] if found is None else found
    if found is None:
        raise InputError(
            f"holds no event {event}" + (f" of run {run}" if run is not None else ""),
            file=path,
            field=f"tree {tree}",
            remedy="it is empty"
            if first is None
            else f"its first event is {first}, its last {last}",
        )
    if len(several) > 1:
        shown = ", ".join(map(str, sorted(several)[:8])) + (", …" if len(several) > 8 else "")
        raise ArgumentError(
            f"holds an event {event} in several runs ({shown})",
            file=path,
            field="run",
            remedy="say of which run",
        )
    known = {key: float(values[0]) for key, values in found.scalars().items()}
    metadata = read_metadata(path)
    if is_ingested:
        known |= _reconstructed(path, known)
    return OneEvent(found, geometry, name, metadata.get("is_simulated"), known)


def _described(settings_file: str | Path | None) -> tuple[str, Branches, Geometry]:
    """Name, branch map and geometry of an analysis."""
    if settings_file is None:
        return "XMASS-like detector", Branches.default(), geodesic_geometry()
    file = Path(settings_file)
    settings = read_event_settings(file)
    named = {key: file.parent / name for key, name in settings["geometry"].items()}
    overrides: dict[str, Any] = {"geometry": settings["detector"].get("geometry", {})}
    geometry = own_geometry(named) or geodesic_geometry(xmass_like(overrides)["geometry"])
    table = named.get("channel_map")
    channel_map = read_channel_map(table, geometry.n_channels) if table else None
    branches = Branches.from_settings(settings["branches"], file, channel_map)
    return settings["name"], branches, geometry


def _holds_ingested(path: Path) -> bool:
    """Whether a file is the outcome of `ingest`: it has its tree and its variables."""
    try:
        with open_tree(path, TREE, allow_empty=True) as tree:
            return {"total_pe", "channel", "charge"} <= set(tree.branches)
    except InputError as fault:
        if fault.field == f"tree {TREE}":  # a file of another layout
            return False
        raise


def _reconstructed(path: Path, known: dict[str, float]) -> dict[str, float]:
    """Vertex and energy from the reconstructed file beside it."""
    beside = path.parent.parent / "reconstructed" / path.name
    if not beside.is_file():
        return {}
    for columns in read_columns(beside):
        rows = np.flatnonzero(
            (columns["event"] == known["event"]) & (columns["run"] == known["run"])
        )
        if len(rows):
            return {name: float(values[rows[0]]) for name, values in columns.items()}
    return {}
