"""Diagnostics of events that come reconstructed: the tables of `diagnostic_tables` that need no hits and
no light map, and the events against time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from exonu.core.files import write_csv, write_json
from exonu.core.progress import Progress
from exonu.core.settings import Settings
from exonu.events.diagnostics.diagnosed_sources import SIGNAL
from exonu.events.diagnostics.diagnostic_tables import (
    Source,
    common_record,
    sources_of,
    with_seen_edges,
)
from exonu.events.diagnostics.panels import (
    DAYS,
    ENERGY,
    OF_TABLES,
    SQUARE,
    Panel,
    cut_panels,
    linear_edges,
    vertex_cuts,
)
from exonu.events.diagnostics.stacked_histograms import PanelCounts, Plane
from exonu.events.expressions import parse
from exonu.events.raw.root_files import CHUNK_BYTES, read_columns
from exonu.events.runs.run_list import SECONDS_PER_DAY, RunList
from exonu.events.selection.cuts import TREE, Selection
from exonu.events.variables import known_variables

MOST_TIME_BINS = 60


def table_diagnostics(
    settings: Settings, reconstructed: Sequence[str | Path], output: str | Path
) -> None:
    """Run the job of the step `table_diagnostics`.

    Args:
        settings: of `diagnosed_sources.diagnostics_settings`.
        reconstructed: the files of its sources, in their order.
        output: folder of the tables.
    """
    sources = sources_of(settings, reconstructed, ())
    selection = Selection.from_settings(settings["cuts"], settings["extra"], settings["file"])
    runs = RunList.from_settings(settings)
    there = settings["tables"]
    wanted = [
        *selection.wanted,
        ENERGY,
        "weight",
        *there["vertex"],
        *([DAYS] if there["has_time"] else []),
    ]
    names = tuple(dict.fromkeys(wanted))
    found = with_seen_edges(tuple(_panels(selection, settings, runs)), selection, sources, names)
    panels = tuple(_from_the_axis(panel) for panel in found)
    blind = settings["blind_keVee"]
    filled = PanelCounts(
        selection, panels, _plane(selection, settings, sources, names), runs.live_days,
        None if blind is None else (blind[0], blind[1]),
    )  # fmt: skip
    for source in (source for source in sources if source.name != SIGNAL):
        with Progress(f"diagnostics of {source.reconstructed.name}") as progress:
            for columns in read_columns(source.reconstructed, TREE, names, CHUNK_BYTES):
                filled.add(columns, source.name)
                progress.add(len(columns["weight"]))
    record = common_record(settings, runs, sources, there["labels"]) | {
        "vertex": there["vertex"],
        "histograms": {panel.name: panel.as_json(selection) for panel in panels},
    }
    scaled = (f"Simulation is scaled to {runs.live_days:.9g} live days.",)
    write_csv(Path(output) / "histograms.csv", filled.counts.table(runs.live_days), scaled)
    write_csv(Path(output) / "vertices.csv", filled.vertex_table(), scaled)
    write_json(Path(output) / "events.json", record)


def _panels(selection: Selection, settings: Settings, runs: RunList) -> Iterator[Panel]:
    """What is histogrammed: every number that a cut compares, the energy after all cuts, the distance
    from the axis squared without the cuts on the vertex, and the time after all cuts."""
    known = known_variables(settings["extra"])
    every, there = tuple(range(len(selection.cuts))), settings["tables"]
    yield from cut_panels(selection, known)
    edges = np.asarray(there["edges_keV"])
    yield Panel("energy", "energy", parse(ENERGY, known), every, None, edges=edges)
    if there["vertex"]:
        bounds = vertex_cuts(selection, OF_TABLES)
        marks = tuple(
            replace(c, observable=SQUARE, threshold=c.threshold**2)
            for n in bounds for c in selection.cuts[n].keep.comparisons if c.observable == "r_cm"
        )  # fmt: skip
        outside = tuple(number for number in every if number not in bounds)
        yield Panel("radius", "radius", parse(SQUARE, known), outside, None, marks)
    if there["has_time"]:
        days = parse(DAYS, known)
        yield Panel("time", "time", days, every, None, edges=_time_edges(runs))


def _from_the_axis(panel: Panel) -> Panel:
    """Distances from the axis begin there."""
    if panel.kind != "radius":
        return panel
    return replace(panel, edges=linear_edges(0.0, float(panel.edges[-1])), axis="linear")


def _time_edges(runs: RunList) -> np.ndarray:
    """From the first run to the end of the last, in equal bins of whole days where there is room."""
    first = min(run.start for run in runs.physics)
    ends = [(run.start - first).total_seconds() + run.live_time_s for run in runs.physics]
    return linear_edges(0.0, max(ends) / SECONDS_PER_DAY)


def _plane(
    selection: Selection, settings: Settings, sources: Sequence[Source], names: Sequence[str]
) -> Plane | None:
    """z against R², as far as a first look at the files reaches."""
    vertex = settings["tables"]["vertex"]
    if not vertex or "z_cm" not in vertex:
        return None
    known = known_variables(settings["extra"])
    looks = [
        Panel(name, "look", parse(text, known), (), None)
        for name, text in (("square", SQUARE), ("height", "z_cm"))
    ]
    square, height = with_seen_edges(looks, selection, sources, names)
    bounds = vertex_cuts(selection, OF_TABLES)
    outside = tuple(number for number in range(len(selection.cuts)) if number not in bounds)
    squares = np.linspace(0.0, float(square.edges[-1]), 41)
    heights = np.linspace(float(height.edges[0]), float(height.edges[-1]), 61)
    return Plane(("r_cm", "z_cm"), outside, squares, heights)
