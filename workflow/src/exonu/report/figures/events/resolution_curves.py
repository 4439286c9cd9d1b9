"""Resolution and bias of vertex and energy against the light, with the Cramér–Rao bound."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, NullLocator

from exonu.report.figures.colours import BLACK, GREY
from exonu.report.figures.style import ANALYSIS_LOOKS, COLUMN_INCHES, Look, new_figure, styled
from exonu.report.numbers.event_tables import EventTables

_TICKS = (0.5, 1, 2, 5, 10, 20, 50)

if TYPE_CHECKING:
    import pandas as pd


def draw_resolution(tables: EventTables) -> Figure:
    """Draw `resolution.csv`: vertex on the left, energy on the right."""
    table = tables.table("resolution")
    with styled():
        figure = new_figure(4.6, 1.75 * COLUMN_INCHES)
        grid = figure.subplots(2, 2, sharex=True, height_ratios=(1.5, 1))
        shells = (
            table[["true_radius_low_cm", "true_radius_high_cm"]]
            .drop_duplicates()
            .to_numpy(dtype=float)
        )
        for (low, high), look in zip(shells, ANALYSIS_LOOKS, strict=False):
            rows = table[table["true_radius_low_cm"] == low]
            label = f"{low:g} cm < $R$ < {high:g} cm"
            _vertex(grid[:, 0], rows, look, label)
            _energy(grid[:, 1], rows, look)
        _label(grid, tables)
    return figure


def _points(
    axes: Axes, rows: pd.DataFrame, value: str, error: str, look: Look, label: str | None = None
) -> None:
    axes.errorbar(
        rows["light_mean_pe"], rows[value], yerr=rows[error], fmt=look.marker, color=look.colour, markersize=3.2,
        elinewidth=0.8, label=label, zorder=3,
    )  # fmt: skip


def _vertex(column: list[Axes], rows: pd.DataFrame, look: Look, label: str) -> None:
    _points(column[0], rows, "sigma_cm", "sigma_error_cm", look, label)
    column[0].plot(
        rows["light_mean_pe"],
        rows["bound_cm"],
        color=look.colour,
        linestyle=look.line,
        linewidth=1.1,
    )
    _points(column[1], rows, "outward_cm", "outward_error_cm", look)


def _energy(column: list[Axes], rows: pd.DataFrame, look: Look) -> None:
    percent = (
        100 * rows[["energy_sigma", "energy_sigma_error", "energy_ratio", "energy_ratio_error"]]
    )
    percent = percent.assign(
        light_mean_pe=rows["light_mean_pe"], shift=percent["energy_ratio"] - 100
    )
    _points(column[0], percent, "energy_sigma", "energy_sigma_error", look)
    _points(column[1], percent, "shift", "energy_ratio_error", look)


def _label(grid: list[list[Axes]], tables: EventTables) -> None:
    (vertex, energy), (outward, shift) = grid
    light = np.geomspace(5, 5000, 50)
    energy.plot(
        light,
        100 / np.sqrt(light),
        color=BLACK,
        linewidth=0.9,
        linestyle="--",
        label=r"$1/\sqrt{\mathrm{PE}}$",
    )
    vertex.plot([], [], color=GREY, linewidth=1.1, label="Cramér–Rao bound")
    for axes in (vertex, energy):
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_yticks(_TICKS, [f"{tick:g}" for tick in _TICKS])
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.legend(loc="lower left", fontsize=8)
        low, high = axes.dataLim.intervaly
        axes.set_ylim(0.7 * low if low > 0 else 0.1, 1.4 * high if high > 0 else 100)
    for axes, linear in ((outward, 1.0), (shift, 10.0)):
        axes.axhline(0, color=GREY, linewidth=0.8)
        axes.set_yscale("symlog", linthresh=linear)
        ticks = [sign * step * linear for sign in (-1, 1) for step in (0.5, 1, 2, 5, 10, 20)]
        axes.set_yticks([0, *ticks], [f"{tick:g}" for tick in [0, *ticks]])
        axes.yaxis.set_minor_locator(NullLocator())
        reach = (
            float(np.max(np.abs(axes.dataLim.intervaly)))
            if np.isfinite(axes.dataLim.intervaly).all()
            else linear
        )
        axes.set_ylim(-max(1.2 * reach, linear), max(1.2 * reach, linear))
        axes.set_xlabel("charge [PE]")
    vertex.set_ylabel(r"$\sigma$ per axis [cm]")
    outward.set_ylabel("shift outwards [cm]")
    energy.set_ylabel(r"$\sigma_E / E$ [%]")
    shift.set_ylabel("shift of $E$ [%]")
    vertex.set_title(f"{tables.record['name']}: signal simulation, central 68 %", loc="left", pad=4)
