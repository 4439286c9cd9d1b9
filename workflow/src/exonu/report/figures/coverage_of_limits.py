"""Coverage of the limits of an analysis."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from exonu.report.figures.colours import BLACK
from exonu.report.figures.fit_diagnostics import hypothesis_text
from exonu.report.figures.style import look_of, new_figure, put_heading, styled
from exonu.report.numbers.figure_records import Heading

MARKERS = ("o", "s", "^", "D", "v", "P")


def draw_coverage(table: pd.DataFrame, heading: Heading) -> Figure:
    """Draw `coverage/coverage.csv`: the fraction of toys not excluded, with binomial errors,
    against the true value."""
    with styled():
        figure = new_figure(3.4)
        axes = figure.add_subplot()
        groups = [
            rows
            for _, rows in table.fillna({"mass_MeV": -1.0}).groupby(
                ["interaction", "mass_MeV"], sort=False
            )
        ]
        for place, rows in enumerate(groups):
            asymptotic, toys = (rows[rows["method"] == method] for method in ("asymptotic", "toys"))
            interaction, mass = str(rows["interaction"].iloc[0]), float(rows["mass_MeV"].iloc[0])
            meaning = {
                "interaction": interaction,
                "flavour": rows["flavour"].iloc[0],
                "mass_MeV": None if mass < 0 else mass,
            }
            look = look_of(interaction, meaning["mass_MeV"])
            for points, side, filled in ((asymptotic, -0.25, True), (toys, 0.25, False)):
                axes.errorbar(
                    points["true_over_limit"] * 1.06 ** (place + side - (len(groups) - 1) / 2),
                    points["fraction"],
                    yerr=points["error"],
                    color=look.colour,
                    markerfacecolor=look.colour if filled else "white",
                    linestyle="",
                    marker=MARKERS[place % len(MARKERS)],
                    markersize=4.5,
                    capsize=2,
                    label=hypothesis_text(meaning) if filled else None,
                )
        level = float(table["confidence_level"].iloc[0])
        axes.axhline(level, color=BLACK, linestyle="--", linewidth=0.9)
        axes.set_ylim(min(level, table["fraction"].min()) - 0.04, 1.005)
        axes.set_xscale("log")
        values = sorted(table["true_over_limit"].unique())
        axes.set_xticks(values, [f"{value:g}" for value in values])
        axes.minorticks_off()
        axes.set_xlabel("true μ / observed limit on μ")
        axes.set_ylabel(f"toys not excluded at {100 * level:g} % CL")
        axes.legend(fontsize=7.5, title="filled: asymptotic, open: toys", title_fontsize=7.5)
        put_heading(axes, heading)
    return figure
