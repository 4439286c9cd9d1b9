"""The signal figure: recoil spectra of all interactions, what a detector makes of them, and its
efficiency."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from exonu.catalogue import SEARCHED
from exonu.report.figures.colours import BLACK, GREY
from exonu.report.figures.style import (
    FLAVOURS,
    NAMES,
    axis_label,
    look_of,
    mass_text,
    new_figure,
    put_heading,
    step_arrays,
    strength_text,
    styled,
    unit_text,
)
from exonu.report.numbers.figure_records import RECOIL_ENERGY, Axis, Heading

_OTHER_ATOMIC_LINES = ((0, (6, 2)), (0, (1, 1.3)), (0, (3, 1, 1, 1)))
_ATOMIC_NAMES = {
    "pai": "photoabsorption ionisation",
    "pai-liquid": "photoabsorption ionisation in the liquid",
    "epa": "equivalent photons",
    "stepping": "stepping",
    "free": "free electrons",
}
_DECADES_BELOW_TOP = {"recoil": 8.0, "folded": 5.0}


@dataclass(frozen=True)
class _Curve:
    """One hypothesis in one atomic model: its rows, how they are drawn and what the legend says."""

    rows: pd.DataFrame
    style: dict[str, Any]
    label: str


def draw_signals(
    curves: pd.DataFrame,
    folded: pd.DataFrame,
    efficiency: pd.DataFrame,
    heading: Heading,
    axis: Axis = RECOIL_ENERGY,
) -> Figure:
    """Draw the signals.

    Args:
        curves: recoil rates, as `folded.recoil_curves` makes them.
        folded: rates in the experiment's bins, as `folded.folded_curves` makes them.
        efficiency: as `folded.efficiency_curve` makes it.
        heading: whose detector it is.
        axis: name and unit of what its bins are of.
    """
    with styled():
        figure = new_figure(7.2)
        recoil, seen, below = figure.subplots(3, 1, height_ratios=(2.4, 2.0, 1.0))
        _draw_recoil(recoil, _curves(curves))
        _draw_folded(seen, _curves(folded), unit_text(axis[1]))
        seen.set_xlim(0, folded["energy_high_keV"].max())
        _draw_efficiency(below, efficiency)
        if efficiency["argument"].iloc[0] == axis[0]:  # of the same quantity: one axis for both
            below.sharex(seen)
            seen.tick_params(axis="x", which="both", labelbottom=False)
            below.set_xlabel(axis_label(axis), labelpad=1)
        else:
            seen.set_xlabel(axis_label(axis), labelpad=1)
            _own_energy(below, efficiency)
        recoil.set_title("recoils in natural xenon, before any detector", loc="left", pad=4)
        put_heading(seen, heading)
        figure.align_ylabels([recoil, seen, below])
        figure.legend(
            *recoil.get_legend_handles_labels(), loc="outside upper left", ncols=1, handlelength=3
        )
    return figure


def _draw_recoil(axes: Axes, curves: list[_Curve]) -> None:
    for curve in curves:
        energy, rate = curve.rows["energy_keV"], curve.rows["rate_per_tonne_year_keV"]
        axes.plot(energy, rate, label=curve.label, **curve.style)
    axes.set_xscale("log")
    axes.set_xlim(curves[0].rows["energy_keV"].min(), curves[0].rows["energy_keV"].max())
    _set_decades(axes, curves, _DECADES_BELOW_TOP["recoil"])
    axes.set_xlabel("deposited energy [keV]", labelpad=1)
    axes.set_ylabel("rate [/(t yr keV)]")


def _draw_folded(axes: Axes, curves: list[_Curve], unit: str) -> None:
    for curve in curves:
        columns = (f"{name}_keV" for name in ("energy_low", "energy_high", "rate_per_tonne_year"))
        edges, rate = step_arrays(*(curve.rows[column].to_numpy(dtype=float) for column in columns))
        axes.stairs(rate, edges, baseline=None, **curve.style)
    _set_decades(axes, curves, _DECADES_BELOW_TOP["folded"])
    axes.set_ylabel(f"rate in the detector\n[/(t yr {unit})]")


def _draw_efficiency(axes: Axes, efficiency: pd.DataFrame) -> None:
    value = efficiency["efficiency"].to_numpy(dtype=float)
    axes.plot(efficiency["energy_keV"].to_numpy(dtype=float), value, color=BLACK)
    axes.set_ylim(0, 1.08 * max(1.0, float(np.nanmax(value))))
    axes.axhline(1, color=GREY, linewidth=0.6, linestyle=":")
    axes.set_ylabel("efficiency")


def _own_energy(axes: Axes, efficiency: pd.DataFrame) -> None:
    """An axis of the energy that the efficiency is a function of, which holds all of it."""
    energy = efficiency["energy_keV"].to_numpy(dtype=float)
    positive = energy[energy > 0]
    if positive.size and positive.max() > 20 * positive.min():
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_xlim(positive.min(), positive.max())
    else:
        axes.set_xlim(energy.min(), energy.max())
    axes.set_xlabel(f"{efficiency['argument'].iloc[0]} [keV]")


def _set_decades(axes: Axes, curves: list[_Curve], decades: float) -> None:
    """A logarithmic axis that holds all curves, unless they fall deeper than so many decades below
    the highest."""
    rates = np.concatenate(
        [curve.rows["rate_per_tonne_year_keV"].to_numpy(dtype=float) for curve in curves]
    )
    positive = rates[rates > 0]
    axes.set_yscale("log")
    axes.set_ylim(max(0.5 * positive.min(), positive.max() / 10**decades), 3 * positive.max())


def _curves(table: pd.DataFrame) -> list[_Curve]:
    """The curves of a table, in its order; of one hypothesis the first atomic model is the
    analysis's own."""
    curves: list[_Curve] = []
    others: dict[tuple[str, str], int] = {}
    key: list[Any] = ["interaction", "flavour", "mass_MeV", "atomic", "strength"]
    groups: Iterable[tuple[Any, pd.DataFrame]] = table.groupby(key, sort=False, dropna=False)
    for (interaction, flavour, mass, atomic, strength), rows in groups:
        look = look_of(interaction, None if pd.isna(mass) else mass)
        number = others.get((interaction, str(mass)), 0)
        others[interaction, str(mass)] = number + 1
        if number:
            line, width = _OTHER_ATOMIC_LINES[(number - 1) % len(_OTHER_ATOMIC_LINES)], 0.9
            label = f"    the same, {_ATOMIC_NAMES[atomic]}"
        else:
            line, width = look.line, 1.5
            label = _label(interaction, flavour, mass, atomic, strength)
        curves.append(
            _Curve(rows, {"color": look.colour, "linestyle": line, "linewidth": width}, label)
        )
    return curves


def _label(interaction: str, flavour: str, mass: float, atomic: str, strength: float) -> str:
    if interaction == "weak":
        return "weak interaction (Standard Model)"
    parameter = SEARCHED[interaction].parameter
    words = [NAMES[interaction] + ("" if flavour == "all" else f" of {FLAVOURS[flavour]}")]
    if not pd.isna(mass):
        words.append(mass_text(mass))
    words.append(strength_text(parameter.name, parameter.unit_name, strength, digits=1))
    if SEARCHED[interaction].compared_atomic:
        words.append(_ATOMIC_NAMES[atomic])
    return ", ".join(words)
