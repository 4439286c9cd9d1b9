"""Data and simulation in every variable that a cut reads, with the cut marked; the energy after all
cuts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullFormatter
from numpy.typing import NDArray

from exonu.report.figures.colours import BLUE, GREY, VERMILLION
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
from exonu.report.figures.style import COLUMN_INCHES, KEV_EE, new_figure, styled
from exonu.report.numbers.event_tables import DATA, BinnedCounts, EventTables

Panel = Mapping[str, Any]
_VISIBLE = 1e-3
"""A cut that takes less than this share of data and of simulation leaves nothing to see in a
histogram."""
_ENERGY_TICKS = (2, 5, 10, 20, 50, 100, 200)


def draw_cut(tables: EventTables, cut: str) -> Figure:
    """Draw all variables of one cut, on events that passed the cuts before it.

    Args:
        tables: of the analysis.
        cut: its name.
    """
    histograms = tables.record["histograms"]
    names = [
        name for name, panel in histograms.items() if panel["kind"] == "cut" and panel["cut"] == cut
    ]
    keep = next(one["keep"] for one in tables.record["cuts"] if one["name"] == cut)
    if names and _shows_nothing(tables, names):
        return _small_table(tables, cut, keep, names[0])
    with styled():
        figure = new_figure(4.5, COLUMN_INCHES * max(1, len(names)))
        if not names:
            return _without_variables(figure, tables, cut, keep)
        grid = figure.subplots(2, len(names), squeeze=False, sharex="col", height_ratios=(2.4, 1))
        handles: list[Artist] = []
        for column, name in enumerate(names):
            handles = _draw_variable(grid[:, column], tables, name)
            figure.align_ylabels(list(grid[:, column]))
        put_event_heading(grid[0, 0], tables.record)
        share_legend(figure, handles, 2 * len(names), f"{cut}: {keep}")
    return figure


def _shows_nothing(tables: EventTables, names: list[str]) -> bool:
    """Whether a table says as much as histograms: of conditions that are true or false, where no
    simulation is on the axis, or where nothing on it is cut."""
    panels = [tables.record["histograms"][name] for name in names]
    if all(panel["axis"] == "truth" for panel in panels):
        return True
    before, after = (
        [tables.histogram(name, stage) for name in names] for stage in ("before", "after")
    )
    if bool(tables.labels) and not any(counts.simulation.any() for counts in before):
        return True
    pairs = list(zip(before, after, strict=True))
    kept = [
        (getattr(old, kind).sum(), getattr(new, kind).sum())
        for old, new in pairs
        for kind in ("data", "simulation")
    ]
    return all(new >= (1 - _VISIBLE) * old for old, new in kept)


def _small_table(tables: EventTables, cut: str, keep: str, name: str) -> Figure:
    """Events before the cut, and the share that it keeps: of data, and of all simulation
    together."""
    before, after = (tables.histogram(name, stage) for stage in ("before", "after"))
    rows: list[tuple[str, float, float]] = []
    for label, source, old, new in (
        (data_name(tables.record), DATA, before.data, after.data),
        ("simulation", "simulation", before.simulation, after.simulation),
    ):
        total, kept = (
            float(counts.sum()) + sum(one.elsewhere[source])
            for counts, one in ((old, before), (new, after))
        )
        if total > 0:
            rows.append((label, total, kept))
    with styled():
        figure = new_figure(0.95 + 0.2 * len(rows))
        axes = figure.subplots()
        axes.set_axis_off()
        put_event_heading(axes, tables.record, f"cut: {cut}")
        cells = [
            [label, f"{old:,.0f}".replace(",", "\u2009"), _kept(old, new)]
            for label, old, new in rows
        ]
        drawn = axes.table(
            cells, colLabels=[f"{keep}", "events before", "kept"], cellLoc="right",
            colWidths=[0.6, 0.22, 0.18], loc="center", edges="horizontal",
        )  # fmt: skip
        drawn.auto_set_font_size(False)
        drawn.set_fontsize(8.5)
        for (_, column), cell in drawn.get_celld().items():
            cell.set_linewidth(0.5)
            if column == 0:
                cell.set_text_props(ha="left")
    return figure


def _kept(before: float, after: float) -> str:
    """The kept share; never rounded to all where some are lost.

    >>> _kept(1e5, 1e5), _kept(1e5, 99_999.0), _kept(3.0, 2.0)
    ('all', '99.999 %', '66.7 %')
    >>> _kept(1e6, 999_999.0), _kept(1e12, 1e12 - 1)
    ('99.9999 %', '99.9999999999 %')
    """
    if after >= before:
        return "all"
    percent = 100 * after / before
    for digits in range(3, 18):
        text = f"{percent:.{digits}g}"
        if float(text) < 100:
            return f"{text} %"
    return "below 100 %"


def _without_variables(figure: Figure, tables: EventTables, cut: str, keep: str) -> Figure:
    axes = figure.subplots()
    put_event_heading(axes, tables.record)
    axes.text(
        0.5,
        0.5,
        f"{cut}: {keep}\ncompares no variable with a number",
        ha="center",
        va="center",
        fontsize=9,
    )
    axes.set_xticks([])
    axes.set_yticks([])
    return figure


def _draw_variable(pair: NDArray[Any], tables: EventTables, name: str) -> list[Artist]:
    upper, lower = pair
    panel, counts, kept = (
        tables.record["histograms"][name],
        tables.histogram(name),
        tables.histogram(name, "after"),
    )
    widths = np.ones(len(counts.edges) - 1)
    handles = draw_stack(upper, counts, widths)
    points = draw_data(
        upper, counts, widths, data_name(tables.record), hollow=tables.record["blinded"]
    )
    handles.insert(0, points)
    if handles[1:]:
        upper.stairs(
            kept.simulation,
            kept.edges,
            baseline=None,
            color=BLUE,
            linestyle="--",
            linewidth=1.2,
            zorder=3,
        )
        handles.append(
            Line2D(
                [],
                [],
                color=BLUE,
                linestyle="--",
                linewidth=1.2,
                label="simulation kept by the cut",
            )
        )
    count_scale(upper, counts.simulation, counts.data, np.sqrt(counts.data), room=0.16)
    draw_ratio(lower, counts, hollow=tables.record["blinded"])
    handles += _mark(upper, lower, panel)
    _axis(upper, lower, panel, counts)
    marks = [mark["value"] for mark in panel["marks"]]
    _say_elsewhere(
        upper,
        counts,
        on_the_left=bool(marks) and _share_of_axis(upper, float(np.mean(marks))) > 0.5,
    )
    return handles


def _axis(upper: Axes, lower: Axes, panel: Panel, counts: BinnedCounts) -> None:
    lower.set_xlabel(LABELS.get(panel["observable"], str(panel["observable"])))
    if panel["axis"] == "truth":
        lower.set_xticks([0, 1], ["no", "yes"])
        lower.tick_params(axis="x", which="minor", length=0)
        upper.tick_params(axis="x", which="minor", length=0)
    if panel["axis"] == "log":
        lower.set_xscale("log")
    lower.set_xlim(counts.edges[0], counts.edges[-1])
    width = counts.edges[1] - counts.edges[0]
    equal = np.allclose(np.diff(counts.edges), width)
    counted = panel["axis"] != "linear" or not equal
    upper.set_ylabel(
        "events" if counted else per_bin(LABELS.get(panel["observable"], ""), float(width))
    )


def _mark(upper: Axes, lower: Axes, panel: Panel) -> list[Artist]:
    """Lines where the cut is, with arrows towards what it keeps."""
    for mark in panel["marks"]:
        for axes in (upper, lower):
            axes.axvline(mark["value"], color=VERMILLION, linewidth=1.1, zorder=3.5)
        side = {"<": -1, ">": 1}.get(mark["sign"][0])
        if side is not None:
            upper.annotate(
                "", xy=(14 * side, 0), xytext=(0, 0), xycoords=_offset(upper, mark["value"]),
                textcoords=_offset(upper, mark["value"]),
                arrowprops={"arrowstyle": "-|>", "color": VERMILLION, "linewidth": 1.1, "shrinkA": 0, "shrinkB": 0},
            )  # fmt: skip
    if not panel["marks"]:
        return []
    return [Line2D([], [], color=VERMILLION, linewidth=1.1, label="cut (arrow: kept)")]


def _offset(axes: Axes, value: float) -> Any:
    """Points from the place of a value near the top of the axes."""
    from matplotlib.text import OffsetFrom

    anchor = axes.annotate("", (value, 0.93), xycoords=("data", "axes fraction"))
    return OffsetFrom(anchor, (0.5, 0.5))


def _share_of_axis(axes: Axes, value: float) -> float:
    """How far to the right a value is, from 0 to 1."""
    return float(axes.transAxes.inverted().transform(axes.transData.transform((value, 1.0)))[0])


def _say_elsewhere(axes: Axes, counts: BinnedCounts, *, on_the_left: bool) -> None:
    """Shares of the events that are not on the axis, where they are more than a percent."""
    lines = []
    for source, inside in ((DATA, counts.data), ("simulation", counts.simulation)):
        total = inside.sum() + sum(counts.elsewhere[source])
        words = zip(("below", "above", "without a value"), counts.elsewhere[source], strict=True)
        parts = [
            f"{100 * number / total:.0f} % {where}"
            for where, number in words
            if total and number > 0.01 * total
        ]
        lines += [f"{source}: {', '.join(parts)}"] if parts else []
    if lines:
        place, side = (0.03, "left") if on_the_left else (0.97, "right")
        axes.text(
            place,
            0.97,
            "\n".join(lines),
            transform=axes.transAxes,
            ha=side,
            va="top",
            fontsize=7,
            color=GREY,
        )


def draw_energy(tables: EventTables) -> Figure:
    """Draw the energy spectrum after all cuts, per keV."""
    counts = tables.histogram("energy")
    width = np.diff(counts.edges)
    with styled():
        figure = new_figure(4.7)
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2.4, 1))
        handles = draw_stack(upper, counts, width)
        points = draw_data(
            upper, counts, 1 / width, data_name(tables.record), hollow=tables.record["blinded"]
        )
        count_scale(
            upper, counts.simulation / width, counts.data / width, 2 * np.sqrt(counts.data) / width
        )
        draw_ratio(lower, counts, hollow=tables.record["blinded"])
        upper.set_ylabel(f"events / {KEV_EE} after all cuts")
        lower.set_xscale("log")
        lower.xaxis.set_minor_formatter(NullFormatter())
        lower.set_xlim(counts.edges[0], counts.edges[-1])
        ticks = [tick for tick in _ENERGY_TICKS if counts.edges[0] <= tick <= counts.edges[-1]]
        lower.set_xticks(ticks, [f"{tick}" for tick in ticks])
        lower.set_xlabel(LABELS["energy_keVee"])
        put_event_heading(upper, tables.record)
        figure.align_ylabels([upper, lower])
        share_legend(figure, [points, *handles], 2)
    return figure
