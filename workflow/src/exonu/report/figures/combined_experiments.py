"""Limits of several experiments alone and together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from exonu.report.figures.colours import BAND_GREY, BLACK, BLUE, GREY
from exonu.report.figures.fit_diagnostics import hypothesis_text
from exonu.report.figures.limit_summary import draw_upper_limit
from exonu.report.figures.style import SYMBOLS, UNITS, cls_text, new_figure, put_heading, styled
from exonu.report.numbers.figure_records import Heading
from exonu.search.combination.combined_tables import TOGETHER

PALE = "#E4E4E4"
_ROW_INCHES = 0.2


def draw_combination(table: pd.DataFrame, heading: Heading) -> Figure:
    """Draw `limits/combination.csv`: per hypothesis a panel with a row for each experiment and one
    for all together, and beside it each one's share of the expected information.

    Args:
        table: rows of the hypotheses that are drawn.
        heading: what the figure belongs to.
    """
    groups = list(table.fillna({"mass_MeV": -1.0}).groupby(_KEYS, sort=False))
    rows = [len(one) for _, one in groups]
    with styled():
        figure = new_figure(0.7 + sum(_ROW_INCHES * n + 0.68 for n in rows))
        panels = figure.subplots(len(groups), 1, height_ratios=[n + 2.3 for n in rows])
        for axes, (_, one) in zip(np.atleast_1d(panels), groups, strict=True):
            _draw_panel(axes, one.reset_index(drop=True))
        _legend(figure, table)
        put_heading(np.atleast_1d(panels)[0], heading, narrow=True)
        figure.set_layout_engine("constrained")
    return figure


_KEYS = ["interaction", "flavour", "mass_MeV"]


def _draw_panel(axes: Axes, rows: pd.DataFrame) -> None:
    records: list[Any] = rows.to_dict("records")
    places = np.arange(len(records))
    for place, row in zip(places, records, strict=True):
        together = row["experiment"] == TOGETHER
        for number, colour in ((2, PALE), (1, BAND_GREY)):
            low, high = row[f"expected_minus{number}"], row[f"expected_plus{number}"]
            axes.barh(place - 0.12, high - low, left=low, height=0.46, color=colour)
        axes.plot([row["expected"]] * 2, [place - 0.35, place + 0.11], color=GREY, linestyle="--")
        marker, colour = ("s", BLUE) if together else ("o", BLACK)
        if np.isfinite(row["observed"]):
            draw_upper_limit(axes, place + 0.25, row["observed"], marker, colour, filled=True)
        share = "" if together else f"{100 * row['share_of_information']:.0f} %"
        axes.annotate(
            share, (1, place), (3, 0), xycoords=("axes fraction", "data"),
            textcoords="offset points", va="center", fontsize=7.5, annotation_clip=False,
        )  # fmt: skip
    axes.set_yticks(places, [str(name) for name in rows["experiment"]])
    axes.set_ylim(len(rows) - 0.5, -1.5)  # room for the test
    axes.tick_params(axis="y", which="both", length=0)
    axes.set_xlim(left=0.0)
    axes.ticklabel_format(axis="x", style="sci", scilimits=(0, 0))
    axes.set_xlabel(_label(records[0]), labelpad=1, loc="left", fontsize=10)
    axes.annotate(
        _agreement(records[-1]), (0.99, 0.92), xycoords="axes fraction", ha="right", va="top", fontsize=7.5
    )  # fmt: skip


def _label(row: Any) -> str:
    meaning = {
        "interaction": row["interaction"],
        "flavour": row["flavour"],
        "mass_MeV": None if row["mass_MeV"] < 0 else float(row["mass_MeV"]),
    }
    unit = UNITS[row["unit"]].removeprefix("\\,")
    symbol = f"${SYMBOLS[row['parameter']]}$" + (f" [${unit}$]" if unit else "")
    return f"{hypothesis_text(meaning)}: {symbol}"


def _agreement(row: Any) -> str:
    """The p-value of the test whether the experiments agree, from toys where there are some."""
    toys = row["compatibility_p_toys"]
    if pd.notna(toys) and toys == 0.0:
        return f"agreement $p < {1 / row['compatibility_toys']:.1g}$"
    if pd.notna(toys):
        return f"agreement $p = {float(toys):.2g}$"
    return f"agreement $p = {float(row['compatibility_p']):.2g}$ (asymptotic)"


def _legend(figure: Figure, table: pd.DataFrame) -> None:
    level = table["confidence_level"].iloc[0] if "confidence_level" in table else None
    method = r"CL$_\mathrm{s}$" if level is None else cls_text(float(level))
    figure.legend(
        handles=[
            Line2D([], [], color=BLACK, marker="o", linestyle="", markersize=4.5, label="observed"),
            Line2D([], [], color=BLUE, marker="s", linestyle="", markersize=4.5, label="all together"),
            Line2D([], [], color=GREY, linestyle="--", label="expected"),
            Patch(color=BAND_GREY, label="±1σ"),
            Patch(color=PALE, label="±2σ"),
        ],
        loc="outside lower center", ncols=5, fontsize=7.5, columnspacing=1.0, handletextpad=0.4,
        title=f"{method} upper limits; right: share of the expected information", title_fontsize=7.5,
    )  # fmt: skip
