"""The dead-PMT correction: how often probes leak in data and in simulation, and the ratio of the
two."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from exonu.core.types import Array
from exonu.report.figures.colours import BAND_GREY, BLACK, BLUE, GREY, VERMILLION
from exonu.report.figures.style import Look, new_figure, plain_name, styled
from exonu.templates.dead_pmt.correction import DeadPmtCorrection, Leakage

DATA, SIMULATION = Look(BLACK, "-", "o"), Look(BLUE, "--", "s")


def draw_dead_pmt(correction: DeadPmtCorrection, name: str) -> Figure:
    """Draw p_data, p_simulation and c against energy, with 68.27 % intervals.

    Args:
        correction: of the step `dead_pmt_correction`.
        name: of the experiment.
    """
    with styled():
        figure = new_figure(4.4)
        above, below = figure.subplots(2, sharex=True, height_ratios=[1.4, 1])
        edges = correction.edges_keV
        word = "simulated data" if correction.is_simulated else "data"
        for leakage, look, label, side in (
            (correction.data, DATA, word, -1),
            (correction.simulation, SIMULATION, "simulation", 1),
        ):
            _fractions(above, leakage, edges, look, label, side)
        above.set_yscale("log")
        above.set_ylabel("leaked / probed")
        above.legend()
        name = plain_name(name, correction.is_simulated)
        above.set_title(f"{name}, one living PMT masked", loc="left", pad=4)
        if correction.is_simulated:
            above.annotate(
                "simulated", (0, 1), (0, 16), xycoords="axes fraction", textcoords="offset points", weight="bold",
                fontsize=9, color=VERMILLION,
            )  # fmt: skip
        _factor(below, correction)
    return figure


def _fractions(
    axes: Axes, leakage: Leakage, edges: Array, look: Look, label: str, side: int
) -> None:
    """Points with errors; an arrow down from the upper end where nothing leaked."""
    middle, width = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    energy = middle + 0.06 * side * width
    value, low, high = leakage.fraction
    reach, some = np.stack([energy - edges[:-1], edges[1:] - energy]), value > 0
    errors = np.stack([value - low, high - value])[:, some]
    axes.errorbar(
        energy[some], value[some], yerr=errors, xerr=reach[:, some], color=look.colour, marker=look.marker,
        markersize=4, linestyle="", capsize=2, elinewidth=0.9, label=label,
    )  # fmt: skip
    none = value == 0
    axes.errorbar(
        energy[none], high[none], yerr=0.5 * high[none], uplims=True, color=look.colour, linestyle="", capsize=2,
        elinewidth=0.9,
    )  # fmt: skip


def _factor(axes: Axes, correction: DeadPmtCorrection) -> None:
    """c with its interval; where it is not measured, 1 with the declared systematic."""
    edges, measured = correction.edges_keV, correction.measured
    known, unknown = (np.where(measured == which, 1.0, np.nan) for which in (True, False))
    for mask, colour, label in (
        (known, BAND_GREY, "68.27 %"),
        (unknown, "none", "not measured: assumed"),
    ):
        hatch = None if colour != "none" else "////"
        shown = label if np.any(mask == 1) else None
        axes.stairs(
            correction.factor_up * mask, edges, baseline=correction.factor_down * mask, fill=True, hatch=hatch,
            facecolor=colour, edgecolor=GREY if hatch else "none", linewidth=0, label=shown,
        )  # fmt: skip
    axes.stairs(correction.factor, edges, baseline=None, color=BLACK)
    axes.axhline(1, color=GREY, linestyle=":", linewidth=0.9)
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(0, 1.15 * np.nanmax(correction.factor_up))
    axes.set_xlabel(r"energy with the mask [keV$_\mathrm{ee}$]")
    axes.set_ylabel("data / simulation, $c$")
    axes.legend()
