"""The parts of a fit side by side: slices in a second variable and control regions, each with data,
backgrounds after the fit and the signal at its limit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import zip_longest

from matplotlib.figure import Figure

from exonu.report.figures.looks.component_looks import component_looks
from exonu.report.figures.stacked_spectrum import Drawn, draw_counts, drawn_in_all
from exonu.report.figures.style import (
    COLUMN_INCHES,
    axis_label,
    describe,
    new_figure,
    state_of,
    styled,
)
from exonu.report.numbers.figure_records import SpectrumCounts

MOST_IN_A_ROW = 3


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
        looks = component_looks(label for part in parts.values() for label in part.backgrounds)
        drawn: list[Drawn] = []
        for axes, part in zip_longest(grid.ravel(), parts.items()):
            if part is None:
                axes.set_axis_off()
                continue
            title, counts = part
            drawn.append(draw_counts(axes, counts, looks=looks, with_band=True))
            axes.set_xlim(counts.low_keV[0], counts.high_keV[-1])
            axes.set_title(title.replace("_", " "), loc="left", fontsize=8, pad=3)
            axes.set_xlabel(axis_label(counts.axis))
        handles = drawn_in_all(drawn).legend()
        figure.legend(handles=handles, loc="outside lower left", ncols=2, fontsize=7.5)
    return figure
