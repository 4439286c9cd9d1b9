"""Files of events, reconstructed chunk by chunk: hits go in, one row per event comes out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exonu.core.progress import Progress
from exonu.core.settings import Settings
from exonu.detector.geometry_table import own_geometry
from exonu.detector.light_map.light_map import LightMap
from exonu.detector.model import Detector
from exonu.events.raw.raw_events import Events, read_events
from exonu.events.raw.root_files import CHUNK_BYTES, open_tree, read_metadata
from exonu.events.raw.writer import ColumnWriter
from exonu.events.reconstruction.chain import (
    COLUMNS,
    TRUTH_COLUMNS,
    EventReconstruction,
    ReconstructionSettings,
)
from exonu.events.runs.run_list import RunList

TREE = "events"


def reconstruct_file(
    path: str | Path,
    output: str | Path,
    reconstruction: EventReconstruction,
    runs: RunList | None = None,
    *,
    chunk_bytes: int = CHUNK_BYTES,
) -> int:
    """Reconstruct ingested events.

    Args:
        path: file with the tree `events`, hits included.
        output: file with the tree `events`: one row per event with all numbers of the input, no
            hits, COLUMNS, and of simulation TRUTH_COLUMNS.
        reconstruction: of the detector.
        runs: says which photomultipliers are dead in which run; none are if not given.
        chunk_bytes: about how many uncompressed bytes to read at a time.

    Returns:
        Number of events.
    """
    with open_tree(path, TREE, allow_empty=True) as tree:
        n_entries = tree.n_entries
        kinds = {
            name: np.dtype(tree.dtype(name))
            for name in tree.branches
            if tree.is_number(name) and name not in ("nhit", *COLUMNS, *TRUTH_COLUMNS)
        }
    has_truth = {"true_x_cm", "true_y_cm", "true_z_cm"} <= kinds.keys()
    all_kinds = kinds | COLUMNS | (TRUTH_COLUMNS if has_truth else {})
    writer = ColumnWriter(output, TREE, read_metadata(path))
    with writer, Progress(f"reconstruct {Path(path).name}", n_entries) as progress:
        writer.write({name: np.empty(0, dtype=kind) for name, kind in all_kinds.items()})
        for events in read_events(path, chunk_bytes):
            dead, mask = _dead(events, runs, reconstruction.detector.geometry.n_channels)
            scalars = events.scalars()
            known: dict[str, NDArray[Any]] = {
                name: scalars[name].astype(kind) for name, kind in kinds.items()
            }
            writer.write(known | reconstruction.columns(events, dead, mask, progress.add))
    return progress.done


def _dead(events: Events, runs: RunList | None, n_channels: int) -> tuple[Any, Any]:
    """Sets of dead photomultipliers of the runs in these events, and which set each event has."""
    if runs is None:
        return None, None
    numbers, mask = np.unique(events.run, return_inverse=True)
    return runs.dead_masks(numbers, n_channels), mask


def reconstruct(
    settings: Settings, light_map: str | Path, path: str | Path, output: str | Path
) -> int:
    """Run one job of the step `reconstruct`.

    Args:
        settings: `run_list` and `runs` (of `event_inputs.EventInputs.run_settings`), and of the
            events file the blocks `detector`, `reconstruction`, and `geometry` if it names a file.
        light_map: its folder.
        path, output: see `reconstruct_file`.

    Returns:
        Number of events.
    """
    geometry = own_geometry(settings.get("geometry"))
    detector = Detector.from_settings(settings.get("detector"), geometry)
    choices = ReconstructionSettings.from_settings(settings.get("reconstruction", {}))
    made = EventReconstruction.of(LightMap.load(light_map), detector, choices)
    return reconstruct_file(
        path, output, made, RunList.from_settings(settings) if "runs" in settings else None
    )
