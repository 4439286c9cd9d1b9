"""Mean charge of every photomultiplier on the unfolded sphere, and the ratio of data to
simulation."""

from __future__ import annotations

import numpy as np
from matplotlib.colors import LogNorm, Normalize, TwoSlopeNorm
from matplotlib.figure import Figure

from exonu.report.figures.events.event_panels import put_event_heading
from exonu.report.figures.events.sphere import draw_channels, draw_sphere, mark_dead
from exonu.report.figures.style import COLUMN_INCHES, new_figure, styled
from exonu.report.numbers.event_tables import EventTables


def draw_hit_map(tables: EventTables) -> Figure:
    """Draw `hit_map.csv`; the ratio only where there is simulation."""
    table = tables.table("hit_map")
    columns = {name: table[name].to_numpy(dtype=float) for name in table}
    longitude, latitude, dead = (
        columns["longitude_deg"],
        columns["latitude_deg"],
        columns["dead_share"],
    )
    data, simulation = columns["data_pe"], columns["simulation_pe"]
    has_simulation = bool(np.any(simulation > 0))
    with styled():
        figure = new_figure(5.0 if has_simulation else 2.7, COLUMN_INCHES)
        rows = figure.subplots(2 if has_simulation else 1, 1, squeeze=False)[:, 0]
        positive = data[np.isfinite(data) & (data > 0)]
        low, high = np.quantile(positive, [0.01, 0.99]) if positive.size else (0.1, 1.0)
        for axes in rows:
            draw_sphere(axes)
            mark_dead(axes, longitude, latitude, dead)
        shown = np.where(data > 0, data, np.nan)
        norm = (LogNorm if high > 5 * low else Normalize)(low, high * 1.0001)
        dots = draw_channels(rows[0], longitude, latitude, shown, cmap="viridis", norm=norm)
        bar = figure.colorbar(
            dots,
            ax=rows[0],
            orientation="horizontal",
            shrink=0.75,
            pad=0.02,
            aspect=35,
            extend="both",
        )
        bar.set_label("mean charge per event [PE]", fontsize=9)
        put_event_heading(rows[0], tables.record)
        if has_simulation:
            with np.errstate(invalid="ignore", divide="ignore"):
                ratio = np.where(simulation > 0, data / simulation, np.nan)
            middle = TwoSlopeNorm(1.0, 0.5, 1.5)
            dots = draw_channels(rows[1], longitude, latitude, ratio, cmap="PuOr_r", norm=middle)
            bar = figure.colorbar(
                dots,
                ax=rows[1],
                orientation="horizontal",
                shrink=0.75,
                pad=0.02,
                aspect=35,
                extend="both",
            )
            bar.set_label("data / simulation", fontsize=9)
        rows[-1].annotate(
            "longitude on the map, latitude at its rim", (0.5, -0.02), xycoords="axes fraction",
            ha="center", va="top", fontsize=7,
        )  # fmt: skip
        if np.any(dead > 0):
            figure.legend(
                *rows[0].get_legend_handles_labels(), loc="outside lower left", ncols=2, fontsize=8
            )
    return figure
