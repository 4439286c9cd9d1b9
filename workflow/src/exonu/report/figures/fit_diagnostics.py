"""Diagnostics of one fit on a page: pulls and impacts, correlations, likelihood scans, goodness of
fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from exonu.report.figures.colours import BLACK, BLUE, GREY, ORANGE, SKY, VERMILLION
from exonu.report.figures.looks.parameter_names import parameter_words
from exonu.report.figures.style import (
    FLAVOURS,
    NAMES,
    SYMBOLS,
    describe,
    mass_text,
    new_figure,
    state_of,
    styled,
)
from exonu.report.numbers.figure_records import Heading
from exonu.search.strengths import strength

Record = Mapping[str, Any]
Words = Callable[[str], str]
MOST_PARAMETERS = 20
"""Only so many nuisance parameters are drawn, those of largest impact."""
MOST_CORRELATED = 14
"""Of the correlations only so many parameters, so that their numbers can be read."""
PRINTED_FROM = 0.1
"""Smaller correlations are a colour, and no number."""


def draw_diagnostics(
    record: Record, heading: Heading, labels: Mapping[str, str] | None = None
) -> Figure:
    """Draw the record of `exonu.search.studies.toys_and_coverage.diagnostics`.

    Args:
        record: of one hypothesis.
        heading: what it belongs to.
        labels: names of parameters and components from the configuration (`plots.labels`).
    """

    def words(name: str) -> str:
        return parameter_words(name, labels)

    shown = record["impacts"]["parameters"][:MOST_PARAMETERS]
    with styled():
        figure = new_figure(7.6 + 0.22 * len(shown), 7.2)
        heights = [0.7 + 0.22 * len(shown), 3.8, 2.4]
        grid = figure.add_gridspec(3, 2, height_ratios=heights, width_ratios=[1.25, 1.0])
        figure.suptitle(_title(record, heading), fontsize=9.5, x=0.02, ha="left")
        _impacts(figure.add_subplot(grid[0, 0]), record, shown, words)
        _pulls(figure.add_subplot(grid[0, 1]), record, shown)
        _correlation(figure.add_subplot(grid[1, 0]), record, words)
        _scan_2d(figure.add_subplot(grid[1, 1]), record, words)
        _scan(figure.add_subplot(grid[2, 0]), record)
        _goodness(figure.add_subplot(grid[2, 1]), record)
    return figure


def hypothesis_text(meaning: Record) -> str:
    """A hypothesis in words, e.g. *dark photon, M = 10 MeV*."""
    mass = meaning["mass_MeV"]
    which = mass_text(mass) if mass is not None else FLAVOURS[meaning["flavour"]]
    return f"{NAMES[meaning['interaction']]}, {which}"


def _title(record: Record, heading: Heading) -> str:
    state = state_of(heading)
    return f"{describe(heading)} — {hypothesis_text(record['meaning'])}" + (
        f" — {state}" if state else ""
    )


def _rows(axes: Axes, shown: list[Record]) -> Any:
    rows = np.arange(len(shown))
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.tick_params(axis="y", which="both", length=0)
    axes.minorticks_off()
    return rows


def _impacts(axes: Axes, record: Record, shown: list[Record], words: Words) -> None:
    rows = _rows(axes, shown)
    error = record["impacts"]["mu_error"]
    if not error:
        axes.set_title("no impacts: the strength is at its bound", loc="left", fontsize=7.5)
        return
    for row, impact in zip(rows, shown, strict=True):
        for side, colour in (("up", ORANGE), ("down", BLUE)):
            pre, post = impact[f"pre_{side}"], impact[f"post_{side}"]
            if pre is not None:
                axes.barh(row, pre / error, 0.75, facecolor="none", edgecolor=colour, linewidth=1.0)
            if post is not None:
                axes.barh(
                    row,
                    post / error,
                    0.5,
                    color=colour,
                    hatch="" if side == "up" else "////",
                    edgecolor="white",
                )
    axes.axvline(0, color=BLACK, linewidth=0.8)
    axes.set_yticks(rows, [words(impact["name"]) for impact in shown], fontsize=8)
    axes.set_xlabel(r"impact $\Delta\hat\mu/\sigma_{\hat\mu}$", fontsize=9.5)
    what = "parameter +1σ (orange), −1σ (blue, hatched);\nframe before, filled after the fit"
    if record["impacts"]["data"] != "observed":
        what += f"; data {record['impacts']['data']}"
    axes.set_title(what, loc="left", fontsize=7.5)


def _pulls(axes: Axes, record: Record, shown: list[Record]) -> None:
    rows = _rows(axes, shown)
    pulls = {pull["name"]: pull for pull in record["pulls"]}
    axes.axvspan(-2, 2, color=SKY, alpha=0.25, linewidth=0)
    axes.axvspan(-1, 1, color=SKY, alpha=0.45, linewidth=0)
    axes.axvline(0, color=GREY, linewidth=0.8)
    for row, impact in zip(rows, shown, strict=True):
        pull = pulls.get(impact["name"])
        if pull is None:
            axes.text(
                0, row, "free", ha="center", va="center", fontsize=7.5, color=BLACK,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.2},
            )  # fmt: skip
        else:
            axes.errorbar(
                pull["pull"],
                row,
                xerr=pull["constraint"],
                fmt="o",
                color=BLACK,
                markersize=4,
                capsize=2,
            )
    axes.set_yticks(rows, [""] * len(shown))
    axes.set_xlim(-3, 3)
    axes.set_xlabel(r"pull $(\hat\theta-\theta_0)/\sigma_0$, error after the fit", fontsize=9.5)


def _correlation(axes: Axes, record: Record, words: Words) -> None:
    names, matrix = (
        record["correlation"]["names"],
        np.array(record["correlation"]["matrix"], dtype=float),
    )
    title = rf"correlations after the fit, numbers where $|\rho| \geq {PRINTED_FROM:g}$"
    if len(names) > MOST_CORRELATED:
        title += f"\n({MOST_CORRELATED} largest of {len(names)} parameters)"
        strongest = np.abs(matrix - np.diag(np.diag(matrix))).max(axis=0)
        chosen = np.sort(np.argsort(-strongest, kind="stable")[:MOST_CORRELATED])
        names, matrix = [names[k] for k in chosen], matrix[np.ix_(chosen, chosen)]
    axes.set_title(title, loc="left", fontsize=8.5)
    axes.minorticks_off()
    axes.tick_params(which="both", length=0)
    if not names:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "none: the fit leaves parameters undetermined", ha="center")
        return
    image = axes.imshow(matrix, vmin=-1, vmax=1, cmap="PuOr_r", aspect="auto")
    figure = axes.get_figure(root=True)
    assert figure is not None
    bar = figure.colorbar(image, ax=axes, pad=0.02, aspect=30, ticks=[-1, -0.5, 0, 0.5, 1])
    bar.ax.tick_params(labelsize=7.5)
    named = [words(name) for name in names]
    axes.set_xticks(
        range(len(names)), named, rotation=50, ha="right", rotation_mode="anchor", fontsize=7.0
    )
    axes.set_yticks(range(len(names)), named, fontsize=7.0)
    for (i, j), value in np.ndenumerate(matrix):
        if i != j and abs(value) >= PRINTED_FROM:
            axes.text(
                j, i, f"{value:.1f}".replace("-", "−"), ha="center", va="center",
                fontsize=8.0 if len(names) <= 7 else 5.5, color="white" if abs(value) > 0.7 else BLACK,
            )  # fmt: skip


def _physical(mu: Any, meaning: Record) -> Any:
    return np.array([strength(float(value), meaning) for value in mu])


def _parameter_label(meaning: Record) -> str:
    unit = {"mu_B": r" [$\mu_\mathrm{B}$]", "e": " [$e$]", "1": ""}[meaning["unit"]]
    return f"${SYMBOLS[meaning['parameter']]}${unit}"


def _scan(axes: Axes, record: Record) -> None:
    meaning, scan = record["meaning"], record["scan_mu"]
    value = np.array(scan["twice_delta_nll"], dtype=float)
    axes.plot(_physical(scan["values"][0], meaning), value, color=BLUE)
    for level, text in ((1.0, "68 %"), (2.71, "90 %")):
        axes.axhline(level, color=GREY, linewidth=0.8, linestyle=":")
        axes.annotate(
            text,
            (1, level),
            (-3, 2),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            fontsize=7.5,
        )
    limit = strength(record["limit_mu"], meaning)
    if limit is not None:
        axes.axvline(limit, color=VERMILLION, linestyle="--")
        axes.annotate(
            r"CL$_\mathrm{s}$ limit", (limit, 1), (-3, -4), xycoords=("data", "axes fraction"),
            textcoords="offset points", rotation=90, ha="right", va="top", fontsize=8,
            color=VERMILLION,
        )  # fmt: skip
    axes.set_ylim(0, max(6.0, min(np.nanmax(value), 12.0)))
    axes.set_xlabel(_parameter_label(meaning))
    axes.set_ylabel(r"$-2\Delta\ln L$")


def _scan_2d(axes: Axes, record: Record, words: Words) -> None:
    scan, meaning = record["scan_2d"], record["meaning"]
    if scan is None:
        axes.set_axis_off()
        return
    x, y = _physical(scan["values"][0], meaning), np.array(scan["values"][1], dtype=float)
    value = np.array(scan["twice_delta_nll"], dtype=float).T
    levels = [2.30, 4.61]  # 68 and 90 % of χ² with two degrees of freedom
    lines = axes.contour(
        x, y, value, levels=levels, colors=[BLUE, VERMILLION], linestyles=["-", "--"]
    )
    axes.clabel(lines, fmt=dict(zip(levels, ("68 %", "90 %"), strict=True)), fontsize=7.5)
    axes.set_xlabel(_parameter_label(meaning))
    axes.set_ylabel(rf"{words(scan['names'][1])} [$\sigma$]", fontsize=9)
    axes.set_title(
        "likelihood contours with the parameter\nof largest impact", loc="left", fontsize=8.5
    )


def _goodness(axes: Axes, record: Record) -> None:
    quality = record["goodness_of_fit"]
    toys = np.array(quality["toys"], dtype=float)
    if toys.size:
        axes.hist(
            toys, bins=30, color=SKY, edgecolor="white", linewidth=0.4, label=f"{toys.size} toys"
        )
    axes.axvline(
        quality["statistic"], color=BLACK, linestyle="--", label=f"data: {quality['statistic']:.1f}"
    )
    p_value = quality["p_value_toys"] if toys.size else quality["p_value"]
    axes.set_title(
        f"goodness of fit: $p$ = {p_value:.2f} ({'toys' if toys.size else 'χ²'})",
        loc="left",
        fontsize=8.5,
    )
    axes.set_xlabel(r"$-2\ln L/L_\mathrm{saturated}$")
    axes.set_ylabel("toys")
    axes.legend(loc="upper right", fontsize=7.5)
