"""Injection: signals recovered through the whole chain, and the pulls of toys."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from exonu.report.figures.colours import BAND_GREY, BLACK
from exonu.report.figures.coverage_of_limits import MARKERS
from exonu.report.figures.fit_diagnostics import hypothesis_text
from exonu.report.figures.style import look_of, new_figure, put_heading, styled
from exonu.report.numbers.figure_records import Heading
from exonu.search.studies.injection import EDGE

KEY = ["interaction", "flavour"]


def draw_injection(
    chain: pd.DataFrame, toys: pd.DataFrame, pulls: pd.DataFrame, heading: Heading
) -> Figure:
    """Draw `injection.csv`, `toys.csv` and `pulls.csv` below each other.

    Args:
        chain: recovered and injected strengths, in units of the median expected limit on μ; the
            bars are the profile intervals of one standard deviation.
        toys: mean and width of the pulls at each strength.
        pulls: histograms of the pulls.
        heading: what the figure belongs to.
    """
    with styled():
        figure = new_figure(7.4)
        recovered, spread, summary = figure.subplots(3, 1, height_ratios=(1.5, 1.0, 1.0))
        _draw_chain(recovered, chain)
        _draw_pulls(spread, pulls)
        _draw_mean_and_width(summary, toys)
        put_heading(recovered, heading)
    return figure


def _draw_chain(axes: Axes, chain: pd.DataFrame) -> None:
    groups = list(chain.groupby(KEY, sort=False))
    largest = float(chain["multiple"].max()) + 0.6
    axes.plot(
        [0.0, largest],
        [0.0, largest],
        color=BLACK,
        linestyle="--",
        linewidth=0.9,
        label="recovered = injected",
    )
    for place, (key, rows) in enumerate(groups):
        look, median = look_of(str(key[0]), None), rows["median_limit_mu"]
        fitted = rows["recovered_mu"] / median
        axes.errorbar(
            rows["injected_mu"] / median + 0.1 * (place - (len(groups) - 1) / 2),
            fitted,
            yerr=[fitted - rows["low_mu"] / median, rows["high_mu"] / median - fitted],
            color=look.colour, linestyle="", marker=MARKERS[place % len(MARKERS)], markersize=4.5, capsize=2,
            label=hypothesis_text({"interaction": key[0], "flavour": key[1], "mass_MeV": None}),
        )  # fmt: skip
    axes.axhline(0.0, color=BLACK, linewidth=0.5)
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.12 * (2 + len(groups)) * (high - low))  # room for the legend
    axes.set_xlabel("injected μ / median expected limit")
    axes.set_ylabel("recovered μ / median\nexpected limit")
    axes.legend(title="whole chain, one background", title_fontsize=8.5, loc="upper left")


def _draw_pulls(axes: Axes, pulls: pd.DataFrame) -> None:
    """Pulls of all strengths but zero, with the normal distribution."""
    for key, rows in pulls[pulls["multiple"] > 0].groupby(KEY, sort=False):
        look, counts = look_of(str(key[0]), None), rows.groupby("low")["toys"].sum()
        edges = np.append(counts.index.to_numpy(float), rows["high"].max())
        density = counts.to_numpy(float) / (counts.sum() * np.diff(edges))
        axes.stairs(density, edges, color=look.colour, linestyle=look.line, linewidth=1.2)
    x = np.linspace(-4.0, 4.0, 201)
    axes.plot(
        x,
        np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi),
        color=BLACK,
        linewidth=0.9,
        label="normal distribution",
    )
    axes.set_xlim(-4.0, 4.0)
    axes.set_ylim(0.0, 1.2 * axes.get_ylim()[1])
    axes.set_xlabel("pull of toys with a signal")
    axes.set_ylabel("density")
    axes.legend(loc="upper left")


def _draw_mean_and_width(axes: Axes, toys: pd.DataFrame) -> None:
    groups = list(toys.groupby(KEY, sort=False))
    for low, high in ((-0.2, 0.2), (0.9, 1.1)):
        axes.axhspan(low, high, color=BAND_GREY, linewidth=0, alpha=0.6)
    for place, (key, rows) in enumerate(groups):
        colour, marker = look_of(str(key[0]), None).colour, MARKERS[place % len(MARKERS)]
        shifted = 0.1 * (place - (len(groups) - 1) / 2)
        at_edge = rows["one_sided"] == EDGE
        _draw_points(axes, rows[~at_edge], shifted, colour, marker, 4.5)
        _draw_points(axes, rows[at_edge], shifted + 0.2, colour, marker, 2.5)
    values = toys[["pull_mean", "pull_width"]].to_numpy(float)
    axes.set_ylim(min(-0.4, np.nanmin(values) - 0.15), max(1.3, np.nanmax(values) + 0.15))
    axes.set_xlabel("injected μ / median expected limit")
    small = "\nsmall: truth at an edge" if (toys["one_sided"] == EDGE).any() else ""
    axes.set_ylabel(f"pull: mean (filled),\nwidth (open){small}")


def _draw_points(
    axes: Axes, rows: pd.DataFrame, shifted: float, colour: str, marker: str, size: float
) -> None:
    for what, filled in (("mean", True), ("width", False)):
        axes.errorbar(
            rows["multiple"] + shifted, rows[f"pull_{what}"], yerr=rows[f"pull_{what}_error"], color=colour,
            linestyle="", marker=marker, markersize=size, capsize=size / 2,
            markerfacecolor=colour if filled else "white",
        )  # fmt: skip
