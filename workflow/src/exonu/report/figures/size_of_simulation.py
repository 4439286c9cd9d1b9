"""Whether enough is simulated: the error of the summed template against the Poisson error, and the
effective number of simulated events of each background."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from exonu.core.types import Array
from exonu.report.figures.colours import BLACK, VERMILLION
from exonu.report.figures.looks.component_looks import component_looks
from exonu.report.figures.looks.parameter_names import parameter_words
from exonu.report.figures.style import ANALYSIS_LOOKS, new_figure, plain_name, styled
from exonu.search.studies.simulation_error import SUM

if TYPE_CHECKING:
    import pandas as pd


def draw_simulation_error(table: pd.DataFrame, name: str) -> Figure:
    """Draw `simulation_error.csv`.

    Args:
        table: of `simulation_error_table`.
        name: of the experiment.
    """
    with styled():
        figure = new_figure(5.2)
        above, below = figure.subplots(2, sharex=True, height_ratios=[1, 1.2])
        total = table[table["background"] == SUM]
        for number, (days, rows) in enumerate(total.groupby("live_days")):
            line = ANALYSIS_LOOKS[number % len(ANALYSIS_LOOKS)].line
            missed = int((~rows["met"].astype(bool)).sum())
            label = f"{days:.4g} d" + (
                f", not met in {missed} of {len(rows)} bins" if missed else ""
            )
            above.stairs(
                np.minimum(rows["ratio"], 1e3), _edges(rows), color=VERMILLION, linestyle=line,
                linewidth=1.2, baseline=None, label=label,
            )  # fmt: skip
        first = total[total["live_days"] == total["live_days"].iloc[0]]
        above.stairs(
            first["required"], _edges(first), color=BLACK, linewidth=0.9, linestyle=":", baseline=None,
            label="required",
        )  # fmt: skip
        above.set_yscale("log")
        above.set_ylabel("error of the simulation\n/ Poisson error")
        is_simulated = bool(table["is_simulated"].any())
        above.set_title(f"{plain_name(name, is_simulated)}, summed background", loc="left", pad=4)
        if is_simulated:
            above.annotate(
                "simulated", (0, 1), (0, 16), xycoords="axes fraction", textcoords="offset points", weight="bold",
                fontsize=9, color=VERMILLION,
            )  # fmt: skip
        of_one = table[table["live_days"] == total["live_days"].iloc[0]]
        names = [one for one in dict.fromkeys(of_one["background"]) if one != SUM]
        looks = component_looks(
            names, dict(zip(of_one["background"], of_one["label"], strict=True))
        )
        for one in [*names, SUM]:
            rows = of_one[of_one["background"] == one]
            style = ("-", 1.6, BLACK) if one == SUM else (looks[one].line, 1.0, looks[one].colour)
            below.stairs(
                rows["effective_events"].clip(lower=0.1), _edges(rows), linestyle=style[0],
                linewidth=style[1], color=style[2], baseline=None, label=parameter_words(one),
            )  # fmt: skip
        below.set_yscale("log")
        below.set_ylim(0.3, None)
        below.set_ylabel("effective simulated events")
        below.set_xlabel(r"energy [keV$_\mathrm{ee}$]")
        upper, lower = (axes.get_legend_handles_labels()[0] for axes in (above, below))
        gaps = [Line2D([], [], linestyle="none", label="") for _ in range(-len(lower) % 2)]
        half = (len(lower) + len(gaps)) // 2
        upper += [Line2D([], [], linestyle="none", label="") for _ in range(half - len(upper))]
        figure.legend(
            handles=[*upper, *lower, *gaps], loc="outside lower left", fontsize=7.5,
            ncols=3 if len(upper) == half else 2,
        )  # fmt: skip
    return figure


def _edges(rows: pd.DataFrame) -> Array:
    low, high = (rows[f"energy_{end}_keVee"].to_numpy(dtype=float) for end in ("low", "high"))
    return np.append(low, high[-1])
