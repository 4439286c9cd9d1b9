"""Event display: charges on the unfolded sphere, times of the hits, and what is known of the event
in words."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure

from exonu.core.types import Array
from exonu.events.one_event import OneEvent
from exonu.report.figures.colours import BLUE, VERMILLION
from exonu.report.figures.events.sphere import directions_deg, draw_channels, draw_sphere, unfolded
from exonu.report.figures.style import COLUMN_INCHES, new_figure, styled

TIME_BINS = 60


def draw_event(one: OneEvent) -> Figure:
    """Draw one event."""
    geometry, events = one.geometry, one.events
    charge = np.bincount(events.channel, events.charge.astype(np.float64), geometry.n_channels)
    longitude, latitude = directions_deg(geometry.positions_cm)
    with styled():
        figure = new_figure(4.9, 1.55 * COLUMN_INCHES)
        grid = figure.add_gridspec(2, 2, height_ratios=(2.0, 1.0), width_ratios=(1.15, 1.0))
        sphere = figure.add_subplot(grid[0, :])
        draw_sphere(sphere)
        draw_channels(
            sphere,
            longitude,
            latitude,
            np.where(charge > 0, np.nan, 0.0),
            cmap="Greys",
            vmin=0,
            vmax=1,
        )
        if charge.any():
            lit = charge[charge > 0]
            low, high = float(lit.min()), float(max(lit.max(), 1.01 * lit.min()))
            shown = np.where(charge > 0, charge, np.nan)
            norm = (LogNorm if high > 5 * low else Normalize)(low, high)
            dots = draw_channels(sphere, longitude, latitude, shown, cmap="viridis", norm=norm)
            bar = figure.colorbar(dots, ax=sphere, pad=0.01, aspect=25, shrink=0.85, format="%g")
            bar.set_label("charge [PE]")
        for point, marker, colour, label in (
            (one.vertex_cm, "X", VERMILLION, "reconstructed vertex"),
            (one.true_vertex_cm, "*", BLUE, "true vertex"),
        ):
            _mark(sphere, point, marker, colour, label)
        if sphere.get_legend_handles_labels()[0]:
            sphere.legend(loc="lower left", bbox_to_anchor=(-0.02, -0.06), fontsize=7.5)
        if one.is_simulated:
            sphere.set_title(
                "simulated event", loc="left", weight="bold", color=VERMILLION, fontsize=9
            )
        _times(figure.add_subplot(grid[1, 0]), events.time.astype(np.float64))
        _words(figure.add_subplot(grid[1, 1]), one)
    return figure


def _mark(axes: Axes, point: Array | None, marker: str, colour: str, label: str) -> None:
    """A point's direction from the centre."""
    if point is None or not np.any(point):
        return
    x, y = unfolded(*directions_deg(point[None]))
    axes.scatter(
        x,
        y,
        s=60,
        marker=marker,
        color=colour,
        edgecolors="white",
        linewidths=0.6,
        zorder=4,
        label=label,
    )


def _times(axes: Axes, time_ns: Array) -> None:
    axes.set_xlabel("time after the first hit [ns]")
    axes.set_ylabel("hits")
    if not len(time_ns):
        axes.text(0.5, 0.5, "no hits", transform=axes.transAxes, ha="center", va="center")
        return
    after = time_ns - time_ns.min()
    axes.hist(
        after,
        bins=TIME_BINS,
        range=(0.0, max(float(after.max()), 1.0)),
        color=BLUE,
        histtype="stepfilled",
    )
    axes.set_ylim(bottom=0)


def _words(axes: Axes, one: OneEvent) -> None:
    axes.set_axis_off()
    axes.text(
        0,
        1,
        "\n".join(event_words(one)),
        transform=axes.transAxes,
        va="top",
        fontsize=8.5,
        linespacing=1.4,
    )


def event_words(one: OneEvent) -> list[str]:
    """What is known of an event, a line each."""
    numbers, events = one.numbers, one.events
    words = [one.name, f"run {events.run[0]}, event {events.event[0]}"]
    if np.isfinite(events.time_s[0]):
        words[-1] += f", {events.time_s[0]:.6g} s"
    words.append(f"{events.n_hits[0]} hits, {events.charge.sum(dtype=np.float64):.4g} PE")
    if np.isfinite(numbers.get("energy_keVee", np.nan)):
        words.append(f"energy {numbers['energy_keVee']:.4g} keV$_\\mathrm{{ee}}$")
    words += [
        f"{label} {_place(point)}"
        for label, point in (("vertex", one.vertex_cm), ("true", one.true_vertex_cm))
        if point is not None
    ]
    if np.isfinite(numbers.get("r_t_cm", np.nan)):
        words.append(f"$R$(T) = {numbers['r_t_cm']:.1f} cm")
    if events.true_energy_keV is not None:
        words.append(f"true energy {events.true_energy_keV[0]:.4g} keV")
    return words


def _place(point: Array) -> str:
    inner = ", ".join(f"{value:.1f}" for value in point)
    return f"({inner}) cm, $R$ = {np.linalg.norm(point):.1f} cm"
