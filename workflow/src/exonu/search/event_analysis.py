"""What an analysis of events was given, read and checked before any work starts.

A module of its own: the limits of a published spectrum do not depend on how events are read.
"""

from __future__ import annotations

from pathlib import Path

from exonu.core.errors import raise_all
from exonu.core.settings import Settings
from exonu.detector.geometry import geodesic_channels
from exonu.detector.geometry_table import read_geometry
from exonu.detector.optics import xmass_like
from exonu.events.runs.event_inputs import RECONSTRUCTED, EventInputs
from exonu.events.runs.read_inputs import read_event_inputs
from exonu.events.runs.run_list import read_event_settings
from exonu.search.analysis import Analysis
from exonu.search.planning import region_faults


def event_inputs(analysis: Analysis) -> EventInputs:
    """Everything that an analysis of events names: its events file and tables, checked.

    Raises:
        InputError: one line per fault; last, one for each row whose ROOT files do not exist.
    """
    file, overrides = analysis.events_file, analysis.settings["events_settings"]
    settings = read_event_settings(file, overrides)
    inputs = read_event_inputs(file, _n_channels(file, settings), overrides)
    raise_all(region_faults(analysis, len(inputs.settings["templates"]["regions"])))
    raise_all(inputs.absent_files())
    return inputs


def _n_channels(file: Path, settings: Settings) -> int:
    """Number of photomultipliers; of reconstructed events none is known."""
    named = settings["geometry"]
    if settings["level"] == RECONSTRUCTED:
        return 0
    if "file" not in named:
        return geodesic_channels(xmass_like(settings["detector"])["geometry"])
    walls = file.parent / named["walls"] if "walls" in named else None
    return read_geometry(file.parent / named["file"], walls).n_channels
