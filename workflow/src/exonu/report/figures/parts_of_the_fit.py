"""The parts of a fit side by side: slices in a second variable and control regions, each with data,
backgrounds after the fit and the signal at its limit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import zip_longest

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from exonu.report.figures.colours import GREY
from exonu.report.figures.stacked_spectrum import draw_counts
from exonu.report.figures.style import COLUMN_INCHES, describe, new_figure, state_of, styled
from exonu.report.numbers.figure_records import SpectrumCounts

MOST_IN_A_ROW = 3


def _draw_band(axes: Axes, counts: SpectrumCounts) -> None:
    """One standard deviation of the backgrounds after the fit."""
    width = counts.high_keV - counts.low_keV
    per_bin = np.ones_like(width) if np.allclose(width, width[0]) else width
    edges = np.append(counts.low_keV, counts.high_keV[-1])
    low, high = ((counts.background + sign * counts.background_error) / per_bin for sign in (-1, 1))
    axes.stairs(high, edges, baseline=low, fill=True, color=GREY, alpha=0.35, zorder=2.5)


def draw_parts(parts: Mapping[str, SpectrumCounts]) -> Figure:
    """Draw all parts, each in axes of its own."""
    columns = min(MOST_IN_A_ROW, len(parts))
    rows = math.ceil(len(parts) / columns)
    first = next(iter(parts.values()))
    with styled():
        figure = new_figure(0.8 + 2.3 * rows, max(COLUMN_INCHES, 3.1 * columns))
        grid = figure.subplots(rows, columns, squeeze=False)
        state = state_of(first.heading)
        figure.suptitle(
            f"{describe(first.heading)}" + (f" — {state}" if state else ""),
            fontsize=9,
            x=0.02,
            ha="left",
        )
        handles = []
        for axes, part in zip_longest(grid.ravel(), parts.items()):
            if part is None:
                axes.set_axis_off()
                continue
            title, counts = part
            handles = draw_counts(axes, counts)
            _draw_band(axes, counts)
            axes.set_xlim(counts.low_keV[0], counts.high_keV[-1])
            axes.set_title(title, loc="left", fontsize=8, pad=3)
            axes.set_xlabel("reconstructed energy [keV]")
        figure.legend(handles=handles, loc="outside lower left", ncols=2, fontsize=7.5)
    return figure
