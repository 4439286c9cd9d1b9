"""Contours in the plane of two couplings, by flavour."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from exonu.report.figures.colours import BLACK, GREY
from exonu.report.figures.style import (
    ANALYSIS_LOOKS,
    FLAVOURS,
    SYMBOLS,
    new_figure,
    put_heading,
    styled,
)
from exonu.report.numbers.figure_records import Heading


def draw_planes(contours: pd.DataFrame, heading: Heading) -> Figure:
    """Draw `limits/plane_contours.csv`: a panel for each pair of couplings, a look for each flavour.

    Args:
        contours: its rows.
        heading: of the experiment.
    """
    planes = [rows for _, rows in contours.groupby(["first", "second"], sort=False)]
    with styled():
        figure = new_figure(3.4 * max(len(planes), 1))
        panels = np.atleast_1d(figure.subplots(max(len(planes), 1), 1))
        for axes, rows in zip(panels, planes, strict=False):
            _draw_panel(axes, rows)
        put_heading(panels[0], heading)
        handles, labels = panels[0].get_legend_handles_labels()
        title = f"{100 * float(contours['confidence_level'].iloc[0]):g} % CL, two parameters"
        figure.legend(
            handles, labels, title=title, loc="outside lower center", ncols=5, fontsize=7.5,
            title_fontsize=7.5,
        )  # fmt: skip
    return figure


def _draw_panel(axes: Axes, rows: pd.DataFrame) -> None:
    start: Any = rows.iloc[0]
    for look, (flavour, of_flavour) in zip(
        ANALYSIS_LOOKS, rows.groupby("flavour", sort=False), strict=False
    ):
        for number, (_, curve) in enumerate(of_flavour.groupby("curve", sort=False)):
            axes.plot(
                curve["x"], curve["y"], color=look.colour, linestyle=look.line, linewidth=1.2,
                label=None if number else FLAVOURS[str(flavour)],
            )  # fmt: skip
        best: Any = of_flavour.iloc[0]
        axes.plot([best["best_x"]], [best["best_y"]], color=look.colour, marker="x", markersize=4)
    axes.plot([], [], color=GREY, marker="x", markersize=4, linestyle="none", label="best fit")
    axes.plot(
        [0], [0], color=BLACK, marker="+", markersize=7, linestyle="none", label="Standard Model"
    )
    axes.axhline(0, color=GREY, linewidth=0.5)
    axes.axvline(0, color=GREY, linewidth=0.5)
    axes.set_xlabel(f"${SYMBOLS[start['first']]}$")
    axes.set_ylabel(f"${SYMBOLS[start['second']]}$")
