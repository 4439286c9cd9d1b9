"""The ⁵⁷Co source: energy with the fitted lines, and the coordinates of the vertex, data against
simulation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from exonu.report.figures.colours import BLACK, BLUE, VERMILLION
from exonu.report.figures.stacked_spectrum import garwood_interval
from exonu.report.figures.style import COLUMN_INCHES, new_figure, styled

if TYPE_CHECKING:
    import pandas as pd


def draw_calibration(record: Mapping[str, Any], spectrum: pd.DataFrame) -> Figure:
    """Draw the results of `exonu.events.diagnostics.calibration_check`.

    Args:
        record: the JSON.
        spectrum: the CSV.
    """
    name = "simulated data" if record["is_simulated"] else "data"
    with styled():
        figure = new_figure(5.4, 1.35 * COLUMN_INCHES)
        grid = figure.add_gridspec(2, 3, height_ratios=(1.7, 1.0))
        energy = figure.add_subplot(grid[0, :])
        rows = spectrum[spectrum["quantity"] == "energy_keVee"]
        _histogram(energy, rows, name)
        for kind, colour, style in (("data", BLACK, "-"), ("simulation", VERMILLION, "--")):
            middle = (rows["low"] + rows["high"]) / 2
            energy.plot(
                middle,
                rows[f"fit_{kind}"],
                color=colour,
                linestyle=style,
                linewidth=1.0,
                label=f"fit of the {kind}",
            )
        energy.set_xlabel(r"reconstructed energy [keV$_\mathrm{ee}$]")
        energy.set_ylabel(f"events / ({rows['high'].iloc[0] - rows['low'].iloc[0]:.2g} keV)")
        energy.set_ylim(0, 1.4 * max(rows["data"].max(), rows["simulation"].max()))
        energy.legend(loc="upper left", fontsize=8)
        energy.text(
            0.98,
            0.96,
            "\n".join(_words(record)),
            transform=energy.transAxes,
            ha="right",
            va="top",
            fontsize=7.5,
        )
        energy.set_title(f"{record['name']}: $^{{57}}$Co source", loc="left", pad=4)
        if record["is_simulated"]:
            energy.set_title("simulated data", loc="right", pad=4, weight="bold", color=VERMILLION)
        for place, axis in enumerate("xyz"):
            axes = figure.add_subplot(grid[1, place])
            _histogram(axes, spectrum[spectrum["quantity"] == f"{axis}_cm"], name)
            axes.set_xlabel(f"${axis} - {axis}_\\mathrm{{source}}$ [cm]")
            axes.set_ylim(bottom=0)
            if place == 0:
                axes.set_ylabel("events")
    return figure


def _histogram(axes: Axes, rows: pd.DataFrame, name: str) -> None:
    edges = np.append(rows["low"], rows["high"].iloc[-1])
    values, error = rows["simulation"].to_numpy(), rows["simulation_error"].to_numpy()
    axes.stairs(values, edges, color=BLUE, fill=True, alpha=0.25, linewidth=0)
    axes.stairs(
        values,
        edges,
        baseline=None,
        color=BLUE,
        linewidth=1.0,
        label="simulation, scaled to the data",
    )
    axes.stairs(
        values + error, edges, baseline=values - error, fill=True, facecolor=BLUE, alpha=0.35
    )
    counts = rows["data"].to_numpy(dtype=float)
    low, high = garwood_interval(counts)
    shown = counts > 0
    errors = np.stack([counts - low, high - counts])[:, shown]
    middle = ((edges[1:] + edges[:-1]) / 2)[shown]
    axes.errorbar(
        middle,
        counts[shown],
        yerr=errors,
        fmt="o",
        color=BLACK,
        markersize=2.4,
        elinewidth=0.7,
        label=name,
    )
    axes.set_xlim(edges[0], edges[-1])


def _words(record: Mapping[str, Any]) -> list[str]:
    """The numbers, a line each."""
    words = []
    for kind in ("data", "simulation"):
        one = record[kind]
        words += [
            f"{kind}: {one['mean_keVee']:.2f} ± {one['mean_error_keVee']:.2f} keV$_\\mathrm{{ee}}$, "
            f"$\\sigma/E$ = {100 * one['resolution']:.2f} ± {100 * one['resolution_error']:.2f} %, "
            f"$\\chi^2/n$ = {one['chi2']:.0f}/{one['degrees']}"
        ]
    scale = record["energy_scale"]
    words.append(
        f"data / simulation − 1 = ({100 * scale['difference']:.2f} ± {100 * scale['error']:.2f}) %".replace(
            "(-", "(−"
        )
    )
    return words
