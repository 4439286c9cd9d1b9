"""Charges and times of hits, and the charge of events, before any reconstruction."""

from __future__ import annotations

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from exonu.report.figures.events.event_panels import (
    count_scale,
    data_name,
    draw_data,
    draw_ratio,
    draw_stack,
    put_event_heading,
    share_legend,
)
from exonu.report.figures.looks.parameter_names import cut_words
from exonu.report.figures.style import COLUMN_INCHES, new_figure, styled
from exonu.report.numbers.event_tables import EventTables


def draw_hits(tables: EventTables) -> Figure:
    """Draw the histograms of the hits.

    Errors are those of events: all hits of an event come and go together.
    """
    panels = {
        name: panel
        for name, panel in tables.record["histograms"].items()
        if panel["kind"] == "hits"
    }
    with styled():
        figure = new_figure(4.4, 0.82 * COLUMN_INCHES * max(1, len(panels)))
        if not panels:
            axes = figure.subplots()
            put_event_heading(axes, tables.record)
            axes.text(
                0.5, 0.5, "no events with hits were read", ha="center", va="center", fontsize=9
            )
            return figure
        grid = figure.subplots(2, len(panels), squeeze=False, sharex="col", height_ratios=(2.4, 1))
        handles: list[Artist] = []
        name_of_data = data_name(
            {**tables.record, "blinded": False}
        )  # cuts that need no reconstruction unblind nothing
        for (upper, lower), (name, panel) in zip(grid.T, panels.items(), strict=True):
            counts = tables.histogram(name)
            width = np.ones(len(counts.edges) - 1)
            stack = draw_stack(upper, counts, width)
            handles = [draw_data(upper, counts, width, name_of_data, poisson=False), *stack]
            count_scale(upper, counts.simulation, counts.data, counts.data_error)
            draw_ratio(lower, counts, poisson=False)
            if panel["axis"] == "log":
                lower.set_xscale("log")
            filled = np.flatnonzero((counts.data > 0) | (counts.simulation > 0))
            if len(filled):
                lower.set_xlim(counts.edges[filled[0]], counts.edges[filled[-1] + 1])
            lower.set_xlabel(panel["observable"])
            upper.set_ylabel("events" if name.startswith("event") else "hits")
            figure.align_ylabels([upper, lower])
        before = ", ".join(map(cut_words, next(iter(panels.values()))["before"])) or "none"
        put_event_heading(grid[0, 0], tables.record, f"after the cuts: {before}")
        share_legend(figure, handles, 4)
    return figure
