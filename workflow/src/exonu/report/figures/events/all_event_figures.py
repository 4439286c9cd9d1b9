"""All figures of an event-level analysis, from its tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from exonu.report.figures.events.cut_flow_bars import draw_cut_efficiency, draw_cut_flow
from exonu.report.figures.events.cut_variables import draw_cut, draw_energy
from exonu.report.figures.events.hit_map import draw_hit_map
from exonu.report.figures.events.raw_variables import draw_hits
from exonu.report.figures.events.resolution_curves import draw_resolution
from exonu.report.figures.events.vertex_plots import draw_time, draw_vertices
from exonu.report.figures.style import save
from exonu.report.numbers.event_tables import EventTables, read_table


def write_event_figures(
    diagnostics: str | Path,
    cut_flow: str | Path,
    efficiency: str | Path,
    output: str | Path,
    plots: int | Mapping[str, Any],
) -> list[str]:
    """Write every figure as PNG and PDF.

    Args:
        diagnostics: folder of the tables of `exonu.events.diagnostics.diagnostic_tables`.
        cut_flow, efficiency: `cut_flow.csv` and `cut_efficiency.csv`.
        output: folder of the figures.
        plots: dots per inch of the PNG files, or the settings of `save`.

    Returns:
        Names of the figures: those of `diagnostics_jobs.event_figures`.
    """
    tables = EventTables.read(diagnostics)
    has_hits = "vertex" not in tables.record  # events that come reconstructed have none
    histograms = tables.record["histograms"]
    of_hits: dict[str, Callable[[], Figure]] = {
        "hit_map": lambda: draw_hit_map(tables),
        "hits": lambda: draw_hits(tables),
    }
    drawn: dict[str, Callable[[], Figure]] = {
        **(of_hits if has_hits else {}),
        **{
            f"cut_{cut['name']}": partial(draw_cut, tables, cut["name"])
            for cut in tables.record["cuts"]
        },
        "energy": lambda: draw_energy(tables),
        **({"vertices": lambda: draw_vertices(tables)} if "radius" in histograms else {}),
        **({"time": lambda: draw_time(tables)} if "time" in histograms else {}),
        "cut_flow": lambda: draw_cut_flow(read_table(cut_flow), tables),
    }
    if tables.record["has_signal"]:
        drawn |= {"resolution": lambda: draw_resolution(tables)} if has_hits else {}
        drawn["cut_efficiency"] = lambda: draw_cut_efficiency(read_table(efficiency), tables)
    for name, draw in drawn.items():
        save(draw(), [Path(output) / f"{name}.{suffix}" for suffix in ("png", "pdf")], plots)
    return list(drawn)
