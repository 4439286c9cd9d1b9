"""Events left after each cut, in data and simulation; efficiency of each cut against the true
energy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from exonu.report.figures.colours import BLACK, GREEN
from exonu.report.figures.events.event_panels import count_scale, data_name, put_event_heading
from exonu.report.figures.looks.component_looks import ComponentLook, component_looks
from exonu.report.figures.looks.parameter_names import cut_words
from exonu.report.figures.style import (
    ANALYSIS_LOOKS,
    COLUMN_INCHES,
    Look,
    new_figure,
    step_arrays,
    styled,
    with_superscripts,
)
from exonu.report.numbers.event_tables import EventTables

if TYPE_CHECKING:
    import pandas as pd

PHYSICS = "physics"
_MORE_LOOKS = (
    *ANALYSIS_LOOKS,
    Look("#7F7F7F", (0, (3, 1)), "<"),
    Look("#A0522D", (0, (1, 2)), ">"),
    Look(GREEN, "-", "*"),
)


def draw_cut_flow(flow: pd.DataFrame, tables: EventTables) -> Figure:
    """Draw events after each cut.

    Args:
        flow: `cut_flow.csv`.
        tables: says which components are stacked elsewhere, and under which labels.
    """
    data = flow[(flow["level"] == "stream") & (flow["stream"] == PHYSICS)]
    components = flow[(flow["level"] == "component") & flow["component"].isin(list(tables.labels))]
    names = list(dict.fromkeys(flow["cut"]))
    places = np.arange(len(names))
    with styled():
        figure = new_figure(4.6, 1.25 * COLUMN_INCHES)
        axes = figure.subplots()
        grouped = components.assign(
            label=components["component"].map(tables.labels),
            variance=components["weighted_error"] ** 2,
        )
        heights = [data["weighted"].to_numpy(dtype=float)]
        total = np.zeros(len(names))
        looks = component_looks(tables.labels.values())
        for label, look in reversed(looks.items()):
            rows = (
                grouped[grouped["label"] == label]
                .groupby("cut", sort=False)[["weighted", "variance"]]
                .sum()
                .reindex(names)
            )
            values = rows["weighted"].fillna(0).to_numpy()
            total += values
            heights.append(values)
            if values.any():
                _line(
                    axes,
                    places,
                    values,
                    np.sqrt(rows["variance"].fillna(0).to_numpy()),
                    look,
                    with_superscripts(label),
                )
        if len(components):
            axes.step(
                places,
                total,
                where="mid",
                color="#555555",
                linewidth=1.2,
                label="simulation, sum",
                zorder=1,
            )
        _data(axes, places, data, tables.record)
        words = [cut_words(name) for name in names]
        axes.set_xticks(places, words, rotation=30, ha="right", rotation_mode="anchor", fontsize=9)
        axes.tick_params(axis="x", which="minor", length=0)
        axes.set_xlim(-0.5, len(names) - 0.5)
        count_scale(axes, np.concatenate([*heights, total]), np.empty(0), np.empty(0))
        axes.set_ylabel("events left")
        put_event_heading(axes, tables.record)
        handles, labels = axes.get_legend_handles_labels()
        figure.legend(
            [handles[-1], *handles[:-1]], [labels[-1], *labels[:-1]], loc="outside right upper",
            fontsize=7.5,
        )  # fmt: skip
    return figure


def _line(
    axes: Any, places: Any, values: Any, errors: Any, look: ComponentLook, label: str
) -> None:
    shown = np.where(values > 0, values, np.nan)
    axes.errorbar(
        places, shown, yerr=errors, color=look.colour, linestyle=look.line, marker=look.marker, markersize=3.0,
        linewidth=1.0, elinewidth=0.7, label=label,
    )  # fmt: skip


def _data(axes: Any, places: Any, data: pd.DataFrame, record: Mapping[str, Any]) -> None:
    """Points; what is left of blinded data after all cuts is not shown."""
    shown = len(places) - 1 if record["blinded"] else len(places)
    values = data["weighted"].to_numpy(dtype=float)[:shown]
    label = data_name({**record, "blinded": False})
    axes.errorbar(
        places[:shown],
        values,
        yerr=np.sqrt(values),
        fmt="o",
        color=BLACK,
        markersize=3.6,
        label=label,
        zorder=5,
    )


def draw_cut_efficiency(
    efficiency: pd.DataFrame, tables: EventTables, component: str = "signal"
) -> Figure:
    """Draw efficiencies against the true energy: of each cut on the events before it, and of all
    together.

    Args:
        efficiency: `cut_efficiency.csv`.
        tables: for the heading.
        component: whose efficiency.
    """
    rows = efficiency[(efficiency["level"] == "component") & (efficiency["component"] == component)]
    names = [name for name in dict.fromkeys(rows["cut"]) if name != "all"]
    with styled():
        figure = new_figure(4.6, 1.25 * COLUMN_INCHES)
        axes = figure.subplots()
        for number, name in enumerate(names):
            _curve(
                axes,
                rows[rows["cut"] == name],
                "step_efficiency",
                _MORE_LOOKS[number % len(_MORE_LOOKS)],
                cut_words(name),
            )
        if names:
            _curve(
                axes,
                rows[rows["cut"] == names[-1]],
                "efficiency",
                Look(BLACK, "-", "o"),
                "all cuts",
                width=1.8,
            )
        axes.set_xscale("log")
        axes.set_ylim(0, 1.06)
        axes.set_xlabel("true energy [keV]")
        axes.set_ylabel("efficiency of each cut")
        axes.set_title(f"{tables.record['name']}: {component} simulation", loc="left", pad=4)
        figure.legend(loc="outside right upper", fontsize=7.5)
    return figure


def _curve(
    axes: Any, rows: pd.DataFrame, column: str, look: Look, label: str, width: float = 1.1
) -> None:
    rows = rows[rows["energy_low_keV"] > 0]
    low, high = (rows[f"energy_{end}_keV"].to_numpy(dtype=float) for end in ("low", "high"))
    value, below, above = (
        rows[f"{column}{end}"].to_numpy(dtype=float) for end in ("", "_low", "_high")
    )
    middle = np.sqrt(low * high)
    axes.errorbar(
        middle,
        value,
        yerr=[value - below, above - value],
        fmt="none",
        ecolor=look.colour,
        elinewidth=0.7,
        zorder=2,
    )
    edges, steps = step_arrays(low, high, value)
    axes.stairs(
        steps,
        edges,
        baseline=None,
        color=look.colour,
        linestyle=look.line,
        linewidth=width,
        label=label,
    )
    axes.set_xlim(low.min(initial=1.0), high.max(initial=2.0))
