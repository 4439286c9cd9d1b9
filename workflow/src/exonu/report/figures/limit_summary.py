"""The limit summary: observed and expected limits by interaction and flavour, beside those of other
experiments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from exonu.catalogue import SEARCHED
from exonu.core.errors import InputError
from exonu.report.figures.colours import BLACK, BLUE, GREY
from exonu.report.figures.style import (
    ANALYSIS_LOOKS,
    COLUMN_INCHES,
    FLAVOURS,
    Look,
    cls_text,
    new_figure,
    plain_name,
    put_heading,
    short_description,
    state_of,
    styled,
)
from exonu.report.numbers.figure_records import Heading, read_heading
from exonu.report.numbers.projected_limits import Projection, kind_of_data, own_days, projections
from exonu.search.limit_rows import EXPECTED

PANELS = {
    name: f"{one.quantity} ${one.parameter.latex}$"
    + (f" [${one.parameter.unit.latex}$]" if one.parameter.unit.latex else "")
    for name, one in SEARCHED.items()
    if not one.has_mass
}
_ROW_INCHES = 0.185
_PAGE_INCHES = 2 * COLUMN_INCHES
"""Width of a comparison: its panels stand side by side over both columns of a page."""
_BAND_PLACE, _BAND_HEIGHT, _MARK_PLACE = -0.12, 0.46, 0.25
"""Within a row: the middle and height of the expected bands, and the observed limit with its arrow
below them, in rows."""
_OPEN: dict[str, Any] = {
    "color": BLACK,
    "markerfacecolor": "white",
    "linestyle": "none",
    "markersize": 4.5,
}
_LESS_UNCERTAINTY: dict[str, dict[str, Any]] = {
    "without MC statistics": {**_OPEN, "marker": "s"},
    "statistics alone": {**_OPEN, "marker": "<"},
}
"""Markers of expected limits with less uncertainty, in the order of `Projection.beside`."""


@dataclass(frozen=True)
class AnalysisLimits:
    """The limits of one analysis and what figures say of it."""

    heading: Heading
    table: pd.DataFrame

    def rows(self, interaction: str, method: str = "asymptotic") -> pd.DataFrame:
        """Limits on one interaction by one method, flavours in the order all, e, μ, τ."""
        chosen = self.table[
            (self.table["method"] == method) & (self.table["interaction"] == interaction)
        ]
        order = chosen["flavour"].map({flavour: number for number, flavour in enumerate(FLAVOURS)})
        return chosen.iloc[np.argsort(order.to_numpy(), kind="stable")]

    @property
    def projections(self) -> list[Projection]:
        """The live times for which limits are projected; often none."""
        return projections(self.table)


def read_limits(limits: Sequence[Path], counts: Sequence[Path]) -> list[AnalysisLimits]:
    """The limits of several analyses, from each one's `limits.csv` and `counts.csv`."""
    return [
        AnalysisLimits(read_heading(heading), pd.read_csv(table))
        for table, heading in zip(limits, counts, strict=True)
    ]


def draw_limits(analyses: Sequence[AnalysisLimits], published: pd.DataFrame) -> Figure:
    """Draw the limit summary.

    Args:
        analyses: one, or several to compare.
        published: `exonu.search.limit_rows.published_limits()`.

    Raises:
        InputError: if no analysis has a limit on a parameter without a mass.
    """
    searched = [name for name in PANELS if any(len(analysis.rows(name)) for analysis in analyses)]
    if not searched:
        raise InputError(
            "hold no limits on a parameter without a mass",
            file="limits.csv",
        )
    heights = [_number_of_rows(name, analyses, published) for name in searched]
    beside = len(analyses) > 1 and len(searched) > 1
    with styled():
        if beside:
            figure = new_figure(_ROW_INCHES * max(heights) + 1.25, _PAGE_INCHES)
            panels = figure.subplots(1, len(searched))
        else:
            figure = new_figure(_ROW_INCHES * sum(heights) + 0.65 * len(searched) + 0.75)
            panels = figure.subplots(len(searched), 1, height_ratios=heights, squeeze=False)[:, 0]
        for axes, interaction in zip(panels, searched, strict=True):
            _draw_panel(axes, interaction, analyses, published)
        if len(analyses) == 1:
            put_heading(panels[0], analyses[0].heading, narrow=True)
        projected = any(analysis.projections for analysis in analyses)
        figure.legend(
            handles=_legend(len(analyses) > 1, projected), loc="outside upper center",
            ncols=4 if beside else 2, columnspacing=1.2, title_fontsize=9.0,
            title=f"{cls_text(_level(analyses))} upper limits; published ones as in their sources",
        )  # fmt: skip
    return figure


def _level(analyses: Sequence[AnalysisLimits]) -> float:
    """The confidence level of the limits that are drawn."""
    tables = [one.table[one.table["method"] == "asymptotic"] for one in analyses]
    return float(pd.concat(tables)["confidence_level"].iloc[0])


def _number_of_rows(
    interaction: str, analyses: Sequence[AnalysisLimits], published: pd.DataFrame
) -> int:
    ours = sum(
        (len(analysis.rows(interaction)) + 1) * (1 + len(analysis.projections))
        for analysis in analyses
    )
    return ours + 1 + int((published["quantity"] == interaction).sum())


def _draw_panel(
    axes: Axes, interaction: str, analyses: Sequence[AnalysisLimits], published: pd.DataFrame
) -> None:
    labels: dict[float, str] = {}
    sources: dict[float, Any] = {}
    y = 0.0
    for number, analysis in enumerate(analyses):
        look = ANALYSIS_LOOKS[number % len(ANALYSIS_LOOKS)]
        _head_row(axes, y, _head(analysis, several=len(analyses) > 1))
        for row in analysis.rows(interaction).itertuples():
            y += 1
            _draw_ours(axes, y, row, look)
            labels[y] = FLAVOURS[str(row.flavour)]
        y += 1
        for projection in analysis.projections:
            _head_row(axes, y, f"{projection.label} ({kind_of_data(analysis.heading)})")
            less = [
                analysis.rows(interaction, method).set_index("flavour")["expected"]
                for method in projection.beside
            ]
            for row in analysis.rows(interaction, projection.method).itertuples():
                y += 1
                _draw_projected(
                    axes, y, row, [float(one.get(row.flavour, np.nan)) for one in less], look
                )
                labels[y] = FLAVOURS[str(row.flavour)]
            y += 1
    _head_row(axes, y, "published")
    others = published[published["quantity"] == interaction].sort_values(
        "value", ascending=False, kind="stable"
    )
    twice = others.duplicated(["experiment", "flavour"], keep=False)
    for row, ambiguous in zip(others.itertuples(), twice, strict=True):
        y += 1
        _draw_published(axes, y, row)
        labels[y] = f"{row.experiment}, {FLAVOURS[str(row.flavour)]}"
        if ambiguous:
            sources[y] = row
    _dress(axes, labels, y, PANELS[interaction])
    for place, row in sources.items():
        _say_source(axes, place, float(row.value), str(row.reference))


def _head(analysis: AnalysisLimits, several: bool) -> str:
    """What stands above an analysis's limits: in a comparison its name, and the days where others
    are projected."""
    heading = analysis.heading
    days = f", {own_days(heading)}" if analysis.projections and own_days(heading) else ""
    if not several:
        return f"this work{days}"
    state = state_of(heading)  # more important than the exposure, and the line is short
    return (
        f"{plain_name(heading.name, heading.is_simulated)}{days}, {state}"
        if state
        else f"{short_description(heading)}{days}"
    )


def _head_row(axes: Axes, y: float, text: str) -> None:
    if y > 0:
        axes.axhline(y - 0.5, color=GREY, linewidth=0.5)
    axes.text(
        0.015,
        y,
        text,
        transform=axes.get_yaxis_transform(),
        va="center",
        fontsize=7.8,
        fontweight="bold",
    )


def _draw_ours(axes: Axes, y: float, row: Any, look: Look) -> None:
    """Expected bands, expected median and observed limit of one hypothesis; what failed is said in
    words."""
    _draw_expected(axes, y, row, look)
    if np.isfinite(row.observed):
        place = y + _MARK_PLACE
        draw_upper_limit(axes, place, float(row.observed), look.marker, BLACK, filled=True)
    else:
        _say(axes, y, "no observed limit")


def _draw_projected(axes: Axes, y: float, row: Any, less: Sequence[float], look: Look) -> None:
    """Expected bands and median of a projection, and its medians with less uncertainty."""
    if not _draw_expected(axes, y, row, look):
        _say(axes, y, "no expected limit")
    for expected, style in zip(less, _LESS_UNCERTAINTY.values(), strict=True):
        if np.isfinite(expected):
            axes.plot([expected], [y + _BAND_PLACE], **style)


def _draw_expected(axes: Axes, y: float, row: Any, look: Look) -> bool:
    """Expected bands and median, if all of them were found."""
    low2, low1, median, high1, high2 = (float(getattr(row, name)) for name in EXPECTED)
    found = bool(np.isfinite([low2, low1, median, high1, high2]).all())
    if found:
        middle, half = y + _BAND_PLACE, _BAND_HEIGHT / 2
        for low, high, alpha in ((low2, high2, 0.22), (low1, high1, 0.40)):
            axes.barh(
                middle, high - low, left=low, height=2 * half, color=look.colour, alpha=alpha,
                linewidth=0,
            )  # fmt: skip
        axes.plot(
            [median, median],
            [middle - half, middle + half],
            color=BLACK,
            linestyle=(0, (1.2, 0.8)),
            linewidth=1.2,
        )
    return found


def _say(axes: Axes, y: float, text: str) -> None:
    style: dict[str, Any] = {"fontsize": 8.5, "fontstyle": "italic", "ha": "right", "va": "center"}
    axes.text(0.985, y, text, transform=axes.get_yaxis_transform(), **style)


def _say_source(axes: Axes, y: float, value: float, reference: str) -> None:
    """Whose limit it is, beside its marker: where there is more room, or left of its arrow."""
    left, right = axes.get_xlim()
    is_low = value < np.sqrt(left * right)
    axes.annotate(
        reference, (value, y), (7 if is_low else -17, 0), textcoords="offset points",
        ha="left" if is_low else "right", va="center", fontsize=7.0, color="#555555",
    )  # fmt: skip


def _draw_published(axes: Axes, y: float, row: Any) -> None:
    draw_upper_limit(axes, y, float(row.value), "D", GREY, filled=row.status == "read")


def draw_upper_limit(
    axes: Axes, y: float, value: float, marker: str, colour: str, filled: bool
) -> None:
    """A marker with an arrow towards what is still allowed, of the same length on paper
    everywhere."""
    face = colour if filled else "white"
    axes.plot(
        [value], [y], marker=marker, color=colour, markerfacecolor=face, markersize=4.5, zorder=4
    )
    arrow = {
        "arrowstyle": "<-",
        "color": colour,
        "linewidth": 0.9,
        "shrinkA": 0,
        "shrinkB": 0,
        "mutation_scale": 7,
    }
    axes.annotate("", xy=(value, y), xytext=(-13, 0), textcoords="offset points", arrowprops=arrow)


def _dress(axes: Axes, labels: dict[float, str], last: float, title: str) -> None:
    axes.set_xscale("log")
    axes.margins(x=0.07)
    left, right = axes.get_xlim()
    axes.set_xlim(left * (left / right) ** 0.06, right)  # room for the arrow of the lowest limit
    axes.set_ylim(last + 0.7, -0.7)
    axes.set_yticks(list(labels), list(labels.values()), fontsize=8.5)
    axes.tick_params(axis="y", which="both", length=0)
    axes.grid(axis="x", which="major", color="#E3E3E3", linewidth=0.6, zorder=0)
    axes.set_axisbelow(True)
    axes.set_xlabel(title, labelpad=1)


def _legend(several: bool, projected: bool) -> list[Artist]:
    band = GREY if several else BLUE
    less = [
        Line2D([], [], **style, label=f"expected, {words}")
        for words, style in _LESS_UNCERTAINTY.items()
        if projected
    ]
    return [
        Line2D([], [], color=BLACK, marker="o", linestyle="none", markersize=4.5, label="observed"),
        Line2D(
            [], [], color=BLACK, linestyle=(0, (1.2, 0.8)), linewidth=1.2, label="expected median"
        ),
        Patch(facecolor=band, alpha=0.6, label=r"expected $\pm1\sigma$"),
        Patch(facecolor=band, alpha=0.22, label=r"expected $\pm2\sigma$"),
        *less,
        Line2D([], [], color=GREY, marker="D", linestyle="none", markersize=4.5, label="published"),
        Line2D(
            [],
            [],
            color=GREY,
            marker="D",
            markerfacecolor="white",
            linestyle="none",
            markersize=4.5,
            label="published, not confirmed in the source",
        ),
    ]
