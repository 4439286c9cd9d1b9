"""p0 of background alone against the mass of a mediator or a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from exonu.report.figures.colours import BLACK
from exonu.report.figures.style import NAMES, look_of, new_figure, put_heading, styled
from exonu.report.numbers.figure_records import Heading
from exonu.statistics.intervals.normal import cdf


def draw_local_p_values(record: Mapping[str, Any], heading: Heading) -> Figure:
    """Draw the record of `exonu.search.studies.mass_scans.scan_record`: local p0 by mass, lines at
    whole significances, and the global p of the largest excess in words."""
    rows, whole = record["masses"], record["global"]
    masses = np.array([row["mass_MeV"] for row in rows])
    p0 = np.array([row["p0"] for row in rows])
    with styled():
        figure = new_figure(3.2)
        axes = figure.add_subplot()
        look = look_of(record["meaning"]["interaction"], float(whole["mass_MeV"]))
        axes.plot(masses, p0, color=look.colour, marker=".", markersize=3.5, linewidth=1.2)
        lowest = min(p0.min(), cdf(-3.0))
        for z in range(1, 8):
            if cdf(-z) < 0.3 * lowest:
                break
            axes.axhline(cdf(-z), color=BLACK, linestyle=":", linewidth=0.8)
            axes.annotate(
                f"{z}σ", (1.0, cdf(-z)), xycoords=("axes fraction", "data"), xytext=(3, -3),
                textcoords="offset points", fontsize=7.5,
            )  # fmt: skip
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_ylim(0.4 * lowest, 0.8)
        axes.set_xlabel(f"mass, {NAMES[record['meaning']['interaction']]} [MeV]")
        axes.set_ylabel(r"$p_0$ of background alone")
        axes.text(
            0.03,
            0.05,
            f"largest excess: {whole['local_significance']:.1f}σ local, global p = {whole['p']:.2g} "
            f"(toys: {whole['p_toys']:.2g})",
            transform=axes.transAxes,
            fontsize=7.5,
        )
        put_heading(axes, heading)
    return figure
