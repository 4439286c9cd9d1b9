"""Counts in shells outside the fiducial volume, data over expectation before and after the fit, and what
it finds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from exonu.report.figures.colours import BLACK, BLUE, GREY, VERMILLION
from exonu.report.figures.events.optics_from_source import draw_values
from exonu.report.figures.style import COLUMN_INCHES, new_figure, styled

if TYPE_CHECKING:
    import pandas as pd


def draw_shells(record: Mapping[str, Any], counts: pd.DataFrame) -> Figure:
    """Draw the results of `exonu.templates.shells.shell_calibration`.

    Args:
        record: the JSON.
        counts: the CSV, whose first two columns are the shells.
    """
    shells = list(counts.groupby(list(counts.columns[:2]), sort=True))
    with styled():
        figure = new_figure(3.6, 2 * COLUMN_INCHES)
        grid = figure.add_gridspec(1, 2, width_ratios=(1.45, 1.0))
        panels = grid[0].subgridspec(len(shells), 1, hspace=0.0)
        axes = [figure.add_subplot(panels[place]) for place in range(len(shells))]
        shown = counts.dropna()
        after, size = shown["data"] / shown["after"] - 1, 1 / np.sqrt(shown["after"])
        before = shown["before_error"] / shown["before"]
        limit = 1.15 * 100 * float(np.max([np.max(np.abs(after) + size), np.max(before)]))
        for one, ((low, high), rows) in zip(axes, shells, strict=True):
            _ratio(one, rows, limit)
            text = f"{low:g} to {high:g} cm".replace("-", "−")
            one.text(0.015, 0.92, text, transform=one.transAxes, va="top", fontsize=7)
        for one in axes[:-1]:
            one.set_xticklabels([])
        axes[-1].set_xlabel("reconstructed energy [keV$_{ee}$]")
        axes[len(axes) // 2].set_ylabel("data / expected − 1 [%]")
        axes[0].set_title(
            f"{record['name']}: shells of {_words(counts.columns[0])}", loc="left", pad=4
        )
        axes[0].legend(loc="upper right", fontsize=6.5, ncols=2)
        values = figure.add_subplot(grid[1])
        draw_values(values, record)
        if record["is_simulated"]:
            values.set_title("simulated data", loc="right", pad=4, weight="bold", color=VERMILLION)
    return figure


def _words(column: str) -> str:
    """The variable of the shells, for a title.

    >>> _words("r_pe_cm_low")
    '$R$(PE)'
    """
    name = column.removesuffix("_low")
    return "$R$(PE)" if name == "r_pe_cm" else name


def _ratio(axes: Axes, rows: pd.DataFrame, limit: float) -> None:
    """Before the fit the open points in a band of what was known, after it the full ones."""
    low, high, data, expected, error = (
        rows[name].to_numpy(dtype=np.float64)
        for name in ("energy_low_keVee", "energy_high_keVee", "data", "before", "before_error")
    )
    axes.axhline(0, color=GREY, linewidth=0.8)
    band = np.repeat(100 * error / expected, 2)
    ends = np.stack([low, high], axis=1).ravel()
    axes.fill_between(ends, -band, band, color=GREY, alpha=0.25, linewidth=0, label="known before")
    styles = (("before", 0.96, BLACK, "white"), ("after", 1.04, BLUE, BLUE))
    for name, shift, colour, face in styles:
        of = rows[name].to_numpy(dtype=np.float64)
        axes.errorbar(
            shift * np.sqrt(low * high), 100 * (data / of - 1), yerr=100 * np.sqrt(data) / of, fmt="o",
            color=colour, markerfacecolor=face, markersize=3.2, elinewidth=0.8, label=f"{name} the fit",
        )  # fmt: skip
    axes.set_xscale("log")
    ticks = sorted({*low, *high})
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_ylim(-limit, limit)
