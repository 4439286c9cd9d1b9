"""The calibration of the optics: light of the source by height and ring, data over simulation before
and after the fit, and what it finds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from exonu.report.figures.colours import BLACK, BLUE, GREY, VERMILLION
from exonu.report.figures.style import COLUMN_INCHES, new_figure, styled

if TYPE_CHECKING:
    import pandas as pd

ROOM_FOR_NAMES = 1.6
"""Left of the values, in standard deviations."""


def draw_optics(record: Mapping[str, Any], light: pd.DataFrame) -> Figure:
    """Draw the results of `exonu.events.diagnostics.optics_calibration`.

    Args:
        record: the JSON.
        light: the CSV.
    """
    heights = sorted(light["z_cm"].unique())
    with styled():
        figure = new_figure(4.6, 2 * COLUMN_INCHES)
        grid = figure.add_gridspec(1, 2, width_ratios=(1.45, 1.0))
        panels = grid[0].subgridspec(len(heights), 1, hspace=0.0)
        axes = [figure.add_subplot(panels[place]) for place in range(len(heights))]
        limit = 1.5 * 100 * np.max(np.abs(light["ratio"] - 1) + light["ratio_error"])
        for one, height in zip(axes, heights[::-1], strict=True):
            _ratio(one, light[light["z_cm"] == height], height, limit)
        for one in axes[:-1]:
            one.set_xticklabels([])
        axes[-1].set_xlabel("cosine of the ring's polar angle")
        axes[len(axes) // 2].set_ylabel("light, data / simulation − 1 [%]")
        axes[0].set_title(f"{record['name']}: $^{{57}}$Co on the axis", loc="left", pad=4)
        axes[len(axes) // 2].legend(loc="lower center", fontsize=6.5, ncols=3)
        values = figure.add_subplot(grid[1])
        draw_values(values, record)
        if record["is_simulated"]:
            values.set_title("simulated data", loc="right", pad=4, weight="bold", color=VERMILLION)
    return figure


def _ratio(axes: Axes, rows: pd.DataFrame, height: float, limit: float) -> None:
    axes.axhline(0, color=GREY, linewidth=0.8, label="nominal optics")
    axes.plot(rows["cosine"], 100 * (rows["fitted"] - 1), color=BLUE, linewidth=1.2, label="fitted")
    axes.errorbar(
        rows["cosine"], 100 * (rows["ratio"] - 1), yerr=100 * rows["ratio_error"], fmt="o", color=BLACK,
        markersize=2.4, elinewidth=0.7, label="data",
    )  # fmt: skip
    axes.set_xlim(-1, 1)
    axes.set_ylim(-limit, limit)
    place, side = (0.985, "right") if height >= 0 else (0.015, "left")  # where there is less light
    axes.text(
        place, 0.92, f"z = {height:g} cm".replace("-", "−"), transform=axes.transAxes, ha=side, va="top",
        fontsize=7,
    )  # fmt: skip


def draw_values(axes: Axes, record: Mapping[str, Any]) -> None:
    """Central values and errors with their priors, and the numbers in words."""
    names = list(record["order"])
    ends = [abs(one["central"]) + one["error"] for one in record["parameters"].values()]
    limit = max(2.5, 1.1 * max(ends, default=0.0))  # a calibration far from its prior is seen
    left = -limit - ROOM_FOR_NAMES
    places = np.arange(len(names))[::-1]
    axes.axvspan(-1, 1, color=GREY, alpha=0.2, linewidth=0, label="declared ± 1σ")
    axes.axvline(0, color=GREY, linewidth=0.8)
    for place, name in zip(places, names, strict=True):
        found = record["parameters"][name]
        label = "calibration" if place == 0 else None
        axes.errorbar(
            found["central"], place, xerr=found["error"], fmt="o", color=BLUE, markersize=4, capsize=2, label=label,
        )  # fmt: skip
        value = f"{found['central']:+.2f} ± {found['error']:.2f}".replace("-", "−")
        text = f"{name}\n{value}"
        axes.text(0.96 * left, place, text, fontsize=7, va="center", ha="left")
    axes.set_xlim(left, limit)
    axes.set_ylim(-1.2, len(names) - 0.5)
    axes.set_yticks([])
    axes.set_xlabel("declared standard deviations")
    axes.legend(loc="lower right", fontsize=6.5)
    words = [
        f"$\\chi^2/n$ = {record['chi2']:.0f}/{record['degrees']}, $p$ = {record['p_value']:.3g}"
    ]
    scale = record["vertex_scale"] or {}
    if "difference" in scale:
        value = f"{100 * scale['difference']:.2f} ± {100 * scale['error']:.2f}".replace("-", "−")
        words.append(f"scale of $R$(PE): {value} %")
    axes.text(0.03, 0.03, "\n".join(words), transform=axes.transAxes, fontsize=7, va="bottom")
