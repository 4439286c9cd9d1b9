"""What the figures of an event-level analysis share: heading, axes, stacked classes with data,
ratio panel."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from exonu.core.types import Array
from exonu.report.figures.colours import BAND_GREY, BLACK, VERMILLION
from exonu.report.figures.looks.component_looks import component_looks
from exonu.report.figures.stacked_spectrum import garwood_interval
from exonu.report.figures.style import plain_name, with_superscripts
from exonu.report.numbers.event_tables import BinnedCounts

LABELS = {
    "inner_trigger": "inner detector triggered",
    "outer_trigger": "outer detector triggered",
    "time_s": "time since the start of the run [s]",
    "time_since_previous_ms": "time since the event before [ms]",
    "n_hits": "hits",
    "total_pe": "charge [PE]",
    "max_pe_share": "largest share of the charge on one PMT",
    "hit_time_rms_ns": "RMS of the hit times [ns]",
    "early_fraction": "share of early hits",
    "r_pe_cm": "$R$(PE) [cm]",
    "x_pe_cm": "$x$(PE) [cm]",
    "y_pe_cm": "$y$(PE) [cm]",
    "z_pe_cm": "$z$(PE) [cm]",
    "r_t_cm": "$R$(T) [cm]",
    "energy_keVee": r"reconstructed energy [keV$_\mathrm{ee}$]",
    "x_cm": "$x$ [cm]",
    "y_cm": "$y$ [cm]",
    "z_cm": "$z$ [cm]",
    "r_cm": "$R$ [cm]",
    "r_cm**2": "$R^2$ [cm$^2$]",
    "s1_pe": "S1 [PE]",
    "s2_pe": "S2 [PE]",
    "days": "days since the start of the first run [d]",
    "r_pe_cm**3 / 1000": r"$R^3$(PE) [$10^3\,$cm$^3$]",
}
"""Axis labels of documented variables; what else a cut reads is shown as it is written."""


MOST_RATIO = 2.0
"""Upper end of the axis of data over simulation."""


def per_bin(label: str, width: float) -> str:
    """Label of an axis of events per bin, with the unit of the other axis.

    >>> per_bin("$R$(T) [cm]", 0.5), per_bin("share of early hits", 0.02)
    ('events / (0.5 cm)', 'events / 0.02')
    """
    unit = re.search(r"\[(.*)\]", label)
    if unit is None:
        return f"events / {width:g}"
    times = r"$\times$" if unit.group(1).startswith("$10") else " "
    return f"events / ({width:g}{times}{unit.group(1)})"


def state_of_events(record: Mapping[str, Any]) -> str:
    """`simulated`, `blinded`, both or nothing."""
    words = ["simulated data"] if record["is_simulated"] else []
    hidden = "Asimov data" if record["components"] else "without data that pass all cuts"
    return ", ".join(words + ([f"blinded: {hidden}"] if record["blinded"] else []))


def days_text(days: float) -> str:
    """A live time in days."""
    return f"{days:.3g} live day{'s' if days != 1 else ''}"


def put_event_heading(axes: Axes, record: Mapping[str, Any], more: str = "") -> None:
    """Write above the axes whose events these are, and above that in what state."""
    name = plain_name(record["name"], record["is_simulated"])
    parts = [name, days_text(record["live_days"]), *([more] if more else [])]
    axes.set_title(", ".join(parts), loc="left", pad=4)
    state = state_of_events(record)
    if state:
        axes.annotate(
            state, (0, 1), (0, 16), xycoords="axes fraction", textcoords="offset points", weight="bold", fontsize=9,
            color=VERMILLION, in_layout=True,
        )  # fmt: skip


def data_name(record: Mapping[str, Any]) -> str:
    """What the points are."""
    name = (
        ("Asimov data (blinded)" if record["components"] else "data (blinded)")
        if record["blinded"]
        else "data"
    )
    return f"simulated {name}" if record["is_simulated"] else name


def draw_stack(axes: Axes, counts: BinnedCounts, width: Array) -> list[Artist]:
    """Stack the classes with the statistical error of their sum; handles from the top down."""
    handles: list[Artist] = []
    bottom = np.zeros_like(width)
    looks = component_looks(counts.classes)
    for label, values in counts.classes.items():
        top = bottom + values / width
        handles.insert(
            0,
            axes.stairs(
                top,
                counts.edges,
                baseline=bottom,
                fill=True,
                label=with_superscripts(label),
                **looks[label].patch,
            ),
        )
        bottom = top
    if handles:
        axes.stairs(bottom, counts.edges, baseline=None, color="#555555", linewidth=0.9, zorder=2)
    return handles


def draw_data(
    axes: Axes,
    counts: BinnedCounts,
    scale: Array,
    label: str,
    *,
    hollow: bool = False,
    poisson: bool = True,
) -> Any:
    """Points with errors, those of Poisson counts or those of the table; bins without any are left
    out."""
    if poisson:
        low, high = garwood_interval(counts.data)
        errors = np.stack([counts.data - low, high - counts.data])
    else:
        errors = np.stack([counts.data_error, counts.data_error])
    shown = (counts.data > 0) & np.isfinite(scale)
    return axes.errorbar(
        middles(counts.edges)[shown],
        (counts.data * scale)[shown],
        yerr=(errors * scale)[:, shown],
        fmt="o",
        color=BLACK,
        markerfacecolor="white" if hollow else BLACK,
        markersize=2.6,
        elinewidth=0.7,
        zorder=4,
        label=label,
    )


def middles(edges: Array) -> Array:
    """Middles of the bins, in the logarithm where they grow by a factor."""
    growing = (
        len(edges) > 2 and edges[0] > 0 and np.allclose(edges[1:] / edges[:-1], edges[1] / edges[0])
    )
    return np.sqrt(edges[1:] * edges[:-1]) if growing else (edges[1:] + edges[:-1]) / 2


def draw_ratio(
    axes: Axes, counts: BinnedCounts, *, hollow: bool = False, poisson: bool = True
) -> None:
    """Data over simulation, with the statistical error of the simulation as a band; an open triangle
    at the upper edge stands for a point beyond it."""
    expected = counts.simulation
    inverse = 1 / np.where(expected > 0, expected, np.nan)
    error = np.where(expected > 0, counts.simulation_error * inverse, 0.0)
    axes.stairs(1 + error, counts.edges, baseline=1 - error, fill=True, facecolor=BAND_GREY)
    axes.axhline(1, color="#555555", linewidth=0.9, zorder=2)
    if not np.any(expected > 0):
        axes.text(0.5, 0.5, "no simulation here", transform=axes.transAxes, ha="center", va="center", fontsize=8,
                  bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5})  # fmt: skip
    draw_data(axes, counts, inverse, "", hollow=hollow, poisson=poisson)
    above = (counts.data > 0) & (counts.data * np.nan_to_num(inverse) > MOST_RATIO)
    axes.plot(
        middles(counts.edges)[above], np.full(above.sum(), 0.96 * MOST_RATIO), "^", color=BLACK,
        markersize=4.0, markerfacecolor="white", zorder=4.5,
    )  # fmt: skip
    axes.set_ylim(0, MOST_RATIO)
    axes.set_ylabel("data / sim.", fontsize="medium")


def count_scale(
    axes: Axes, expected: Array, points: Array, errors: Array, *, room: float = 0.06
) -> None:
    """A logarithmic axis where counts span more than a factor of 50.

    Args:
        axes: of counts.
        expected: of the simulation, any shape.
        points, errors: of the data; the axis reaches a decade below the lowest point.
        room: share of the axis that is left free at the top.
    """
    values = np.concatenate([np.ravel(expected), np.ravel(points)])
    positive = values[np.isfinite(values) & (values > 0)]
    if not positive.size:
        axes.set_ylim(0, 1)
        return
    highest = float(np.nanmax([positive.max(), np.max(points + errors, initial=0.0)]))
    typical = float(np.quantile(positive, 0.1))
    if positive.max() / typical > 50:
        decade_below = 0.1 * float(points[points > 0].min()) if np.any(points > 0) else 0.0
        lowest = max(0.5 * typical, 1e-5 * highest, decade_below)
        axes.set_yscale("log")
        axes.set_ylim(lowest, highest * 1.3 * (highest / lowest) ** (room / (1 - room)))
    else:
        axes.set_ylim(0, 1.15 * highest / (1 - room))


def share_legend(
    figure: Figure, handles: Sequence[Artist], columns: int, title: str | None = None
) -> None:
    """One legend for all axes, below them, with a title of at most a line."""
    longest = 34 * columns
    shown = title if title is None or len(title) <= longest else title[: longest - 1] + "…"
    legend = figure.legend(
        handles=list(handles), loc="outside lower left", ncols=columns, fontsize=7.5, columnspacing=1.2, title=shown,
        title_fontsize=7.5, alignment="left",
    )  # fmt: skip
    legend.get_title().set_fontweight("bold")
