"""Reconstructed vertices: R³, and z against R², with the fiducial volume."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from exonu.core.types import Array
from exonu.events.diagnostics.panels import OF_TABLES, vertex_cuts
from exonu.events.selection.cuts import Selection
from exonu.report.figures.colours import BAND_GREY, BLACK, VERMILLION
from exonu.report.figures.events.event_panels import (
    LABELS,
    count_scale,
    data_name,
    draw_data,
    draw_ratio,
    draw_stack,
    per_bin,
    put_event_heading,
    share_legend,
)
from exonu.report.figures.style import COLUMN_INCHES, new_figure, styled
from exonu.report.numbers.event_tables import EventTables

if TYPE_CHECKING:
    import pandas as pd

_CUT_LINE = Line2D([], [], color=VERMILLION, linewidth=1.3, label="cut on the vertex")
_WALL_LINE = Line2D(
    [], [], color=BLACK, linewidth=0.8, linestyle=":", label="sphere inside the walls"
)
UNSIMULATED = "0.9"
"""Grey of what lies beyond the liquid that is simulated."""
_AXES = (("rho2", "cm2"), ("z", "cm"))


def draw_vertices(tables: EventTables) -> Figure:
    """Draw R³ (of events that come reconstructed, R² from the axis) and z against R² of events that
    pass all cuts but those on the vertex."""
    if "vertex" in tables.record and "z_cm" not in tables.record["vertex"]:
        with styled():
            figure = new_figure(3.6)
            _draw_radius(figure, tables)
        return figure
    with styled():
        figure = new_figure(6.9, 1.75 * COLUMN_INCHES)
        halves: Any = figure.subfigures(2, 1, height_ratios=(1.25, 1))
        _draw_radius(halves[0], tables)
        _draw_planes(halves[1], tables)
    return figure


def _draw_radius(figure: Any, tables: EventTables) -> None:
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2.4, 1))
    handles = draw_panel(upper, lower, tables, "radius")
    if "vertex" not in tables.record:  # else no wall is known
        handles += [_WALL_LINE, *_grey_out((upper, lower), tables.record)]
    put_event_heading(upper, tables.record, "all cuts but those on the vertex")
    figure.align_ylabels([upper, lower])
    figure.legend(handles=handles, loc="outside right upper", fontsize=7.5)


def _grey_out(panels: tuple[Axes, Axes], record: Mapping[str, Any]) -> list[Patch]:
    """Cover R³ beyond the liquid that is simulated; a handle for the legend."""
    radius = record["simulated_to_cm"]
    if radius is None:
        return []
    for axes in panels:
        end = axes.get_xlim()[1]
        axes.axvspan(radius**3 / 1000, end, color=UNSIMULATED, alpha=0.8, zorder=3.2, linewidth=0)
    return [Patch(facecolor=UNSIMULATED, label=f"liquid simulated to {radius:g} cm")]


def draw_time(tables: EventTables) -> Figure:
    """Draw the events that pass all cuts against time, of analyses whose events come reconstructed."""
    with styled():
        figure = new_figure(3.6)
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2.4, 1))
        handles = draw_panel(upper, lower, tables, "time")
        put_event_heading(upper, tables.record, "after all cuts")
        figure.align_ylabels([upper, lower])
        share_legend(figure, handles, 4)
    return figure


def draw_panel(upper: Axes, lower: Axes, tables: EventTables, name: str) -> list[Any]:
    """Data and stacked simulation of one histogram, with their ratio below; handles for a legend."""
    counts, panel = tables.histogram(name), tables.record["histograms"][name]
    width, hollow = np.ones(len(counts.edges) - 1), tables.record["blinded"]
    handles = draw_stack(upper, counts, width)
    points = draw_data(upper, counts, width, data_name(tables.record), hollow=hollow)
    count_scale(upper, counts.simulation, counts.data, np.sqrt(counts.data))
    draw_ratio(lower, counts, hollow=hollow)
    for mark in panel["marks"]:
        for axes in (upper, lower):
            axes.axvline(mark["value"], color=VERMILLION, linewidth=1.1, zorder=3.5)
    lower.set_xlim(counts.edges[0], counts.edges[-1])
    lower.set_xlabel(LABELS[panel["observable"]])
    upper.set_ylabel(per_bin(LABELS[panel["observable"]], float(counts.edges[1] - counts.edges[0])))
    more: list[Artist] = [Patch(facecolor=BAND_GREY, label="error of the simulation")]
    if panel["marks"]:
        more.append(_CUT_LINE)
    return [points, *handles, *more]


def _draw_planes(figure: Any, tables: EventTables) -> None:
    table = tables.table("vertices")
    grids = {str(source): _plane(rows) for source, rows in table.groupby("source")}
    shown = [("data", data_name(tables.record)), ("simulation", "simulation")]
    highest = max((float(grid[2].max()) for grid in grids.values()), default=1.0)
    norm = LogNorm(max(highest * 1e-4, min(1.0, highest / 10)), highest)
    axes_pair = figure.subplots(1, 2, sharey=True)
    for axes, (source, label) in zip(axes_pair, shown, strict=True):
        axes.set_title(label, loc="left", pad=3)
        if source in grids:
            square, height, filled = grids[source]
            mesh = axes.pcolormesh(
                square,
                height,
                np.where(filled > 0, filled, np.nan).T,
                norm=norm,
                cmap="viridis",
                rasterized=True,
            )
            figure.colorbar(mesh, ax=axes, pad=0.01, aspect=25, label="events")
        if "vertex" in tables.record:
            _draw_cylinder(axes, tables, grids)
        else:
            _draw_fiducial(axes, tables)
            _draw_end_of_simulation(axes, tables.record)
            reach = 1.1 * tables.record["inradius_cm"]
            axes.set_xlim(0, reach**2)
            axes.set_ylim(-reach, reach)
        axes.set_xlabel(r"$R^2 = x^2 + y^2$ [cm$^2$]")
    axes_pair[0].set_ylabel("$z$ [cm]")


def _plane(rows: pd.DataFrame) -> tuple[Array, Array, Array]:
    """Edges in R² and z, and the events between them, shape (n_squares, n_heights)."""
    edges = [np.unique(rows[[f"{axis}_low_{unit}", f"{axis}_high_{unit}"]]) for axis, unit in _AXES]
    sides = [rows[f"{axis}_low_{unit}"].to_numpy(dtype=float) for axis, unit in _AXES]
    filled = np.zeros((len(edges[0]) - 1, len(edges[1]) - 1))
    filled[tuple(np.searchsorted(edge, side) for edge, side in zip(edges, sides, strict=True))] = (
        rows["weighted"]
    )
    return edges[0], edges[1], filled


def _draw_end_of_simulation(axes: Axes, record: Mapping[str, Any]) -> None:
    """The sphere up to which the liquid is simulated."""
    if (radius := record["simulated_to_cm"]) is not None:
        height = np.linspace(-radius, radius, 361)
        axes.plot(radius**2 - height**2, height, color="0.6", linewidth=1.1, linestyle="--")
        axes.annotate(
            f"liquid simulated to {radius:g} cm", (0.97, 0.97), xycoords="axes fraction",
            ha="right", va="top", fontsize=6.5, color="0.35",
        )  # fmt: skip


def _draw_fiducial(axes: Axes, tables: EventTables) -> None:
    """The boundary of what the cuts on the vertex keep, and the sphere that touches the walls."""
    inradius = float(tables.record["inradius_cm"])
    height = np.linspace(-inradius, inradius, 721)
    axes.plot(inradius**2 - height**2, height, color=BLACK, linewidth=0.8, linestyle=":")
    selection = Selection.from_settings(tables.record["cuts"], tables.record["extra"])
    bounds = vertex_cuts(selection)
    if not bounds:
        return
    square, z = np.meshgrid(
        np.linspace(0, (1.1 * inradius) ** 2, 600),
        np.linspace(-1.1 * inradius, 1.1 * inradius, 600),
    )
    x = np.sqrt(square).ravel()
    columns = {
        "x_pe_cm": x,
        "y_pe_cm": np.zeros_like(x),
        "z_pe_cm": z.ravel(),
        "r_pe_cm": np.hypot(x, z.ravel()),
    }
    _draw_boundary(axes, selection, bounds, columns, square, z)


def _draw_cylinder(axes: Axes, tables: EventTables, grids: dict[str, Any]) -> None:
    """The boundary of what the cuts on the vertex keep, of events that come reconstructed."""
    selection = Selection.from_settings(tables.record["cuts"], tables.record["extra"])
    bounds = vertex_cuts(selection, OF_TABLES)
    squares = np.concatenate([grid[0] for grid in grids.values()])
    heights = np.concatenate([grid[1] for grid in grids.values()])
    if not bounds or not len(squares):
        return
    square, z = np.meshgrid(
        np.linspace(0, squares.max(), 600), np.linspace(heights.min(), heights.max(), 600)
    )
    r = np.sqrt(square).ravel()
    columns = {"x_cm": r, "y_cm": np.zeros_like(r), "r_cm": r, "z_cm": z.ravel()}
    _draw_boundary(axes, selection, bounds, columns, square, z)


def _draw_boundary(
    axes: Axes,
    selection: Selection,
    bounds: tuple[int, ...],
    columns: dict[str, Array],
    square: Array,
    z: Array,
) -> None:
    kept = np.all([selection.cuts[number].keep.evaluate(columns) for number in bounds], axis=0)
    axes.contour(
        square,
        z,
        kept.reshape(square.shape).astype(float),
        levels=[0.5],
        colors=[VERMILLION],
        linewidths=1.3,
    )
