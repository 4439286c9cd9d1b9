"""Expected limits and discovery reach against exposure."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from exonu.report.figures.colours import BLACK, GREY, VERMILLION
from exonu.report.figures.fit_diagnostics import hypothesis_text
from exonu.report.figures.style import ANALYSIS_LOOKS, SYMBOLS, UNITS, cls_text, new_figure, styled

_KEYS = ["interaction", "flavour", "mass_MeV"]


def draw_projections(table: pd.DataFrame) -> Figure:
    """Draw `limits/projections.csv`: a panel for each hypothesis, a colour for each background.

    Args:
        table: the rows of one experiment.
    """
    groups = [rows for _, rows in table.fillna({"mass_MeV": -1.0}).groupby(_KEYS, sort=False)]
    with styled():
        figure = new_figure(0.8 + 2.5 * len(groups))
        panels = np.atleast_1d(figure.subplots(len(groups), 1))
        for axes, rows in zip(panels, groups, strict=True):
            _draw_panel(axes, rows)
        panels[-1].set_xlabel("exposure [t yr]")
        name = str(table["experiment"].iloc[0])
        panels[0].set_title(f"{name}, projected from its Asimov data", loc="left", pad=4)
        if table["is_simulated"].any():
            panels[0].annotate(
                "simulated", (0, 1), (0, 16), xycoords="axes fraction",
                textcoords="offset points", weight="bold", fontsize=9, color=VERMILLION,
            )  # fmt: skip
        _legend(figure, table)
    return figure


def _draw_panel(axes: Axes, rows: pd.DataFrame) -> None:
    first: Any = rows.iloc[0]
    for look, (_, one) in zip(ANALYSIS_LOOKS, rows.groupby("background", sort=False), strict=False):
        whole, alone = (
            one[one["systematics"] == wanted].sort_values("exposure_tonne_year")
            for wanted in (True, False)
        )
        x = whole["exposure_tonne_year"]
        axes.fill_between(
            x, whole["expected_minus1"], whole["expected_plus1"], color=look.colour, alpha=0.2, lw=0
        )
        axes.plot(x, whole["expected"], color=look.colour, marker="o", markersize=3)
        axes.plot(x, whole["discovery"], color=look.colour, linestyle="--", marker="^", markersize=3)  # fmt: skip
        axes.plot(alone["exposure_tonne_year"], alone["expected"], color=look.colour, linestyle=":")
    axes.axvline(float(first["own_exposure_tonne_year"]), color=GREY, linewidth=0.8)
    axes.set_xscale("log")
    axes.set_yscale("log")
    meaning = {
        "interaction": first["interaction"],
        "flavour": first["flavour"],
        "mass_MeV": None if first["mass_MeV"] < 0 else float(first["mass_MeV"]),
    }
    unit = UNITS[first["unit"]].removeprefix("\\,")
    axes.set_ylabel(f"${SYMBOLS[first['parameter']]}$" + (f" [${unit}$]" if unit else ""))
    axes.annotate(
        hypothesis_text(meaning), (0.97, 0.95), xycoords="axes fraction", ha="right", va="top", fontsize=9
    )  # fmt: skip


def _legend(figure: Figure, table: pd.DataFrame) -> None:
    first: Any = table.iloc[0]
    level, z = float(first["confidence_level"]), float(first["significance"])
    handles = [
        Line2D([], [], color=BLACK, marker="o", markersize=3, label=f"expected {cls_text(level)} limit, ±1σ"),
        Line2D([], [], color=BLACK, linestyle=":", label="without systematics"),
        Line2D([], [], color=BLACK, linestyle="--", marker="^", markersize=3, label=f"median {z:g}σ discovery"),
        Line2D([], [], color=GREY, linewidth=0.8, label="today's exposure"),
    ]  # fmt: skip
    for look, background in zip(ANALYSIS_LOOKS, table["background"].unique(), strict=False):
        handles.append(Line2D([], [], color=look.colour, label=f"background × {background:g}"))
    figure.legend(handles=handles, loc="outside lower center", ncols=2, fontsize=7.5)
