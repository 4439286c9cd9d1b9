"""Counts of each part of a fit, as they were fitted: slices in a second variable, control regions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from exonu.core.files import write_csv
from exonu.core.types import Array
from exonu.report.numbers.counts import (
    Pair,
    axis_of,
    background_fit,
    by_class,
    confidence_level,
    drawn_cases,
    fit_range,
    heading_of,
    is_signal,
    signal_at_limit,
)
from exonu.report.numbers.figure_records import (
    ALL_BACKGROUNDS,
    SignalCounts,
    SpectrumCounts,
    head_of,
)
from exonu.search.build_workspaces import build_workspaces
from exonu.search.experiment.binned_spectrum import Experiment
from exonu.statistics import yields

if TYPE_CHECKING:
    import pandas as pd


def workspaces_with_regions(experiment: Experiment, settings: Mapping[str, Any]) -> list[Pair]:
    """Workspaces of the signals that are drawn, with all control regions, whether the limits are set
    with them or not.

    Args:
        experiment: of events.
        settings: of the analysis: physics, interactions, systematics, blind.
    """
    systematics = {**settings["systematics"], "control_regions": True}
    made = [
        build_workspaces(
            experiment, name, {**settings, "systematics": systematics}, [(flavour, mass)]
        )[0]
        for name, flavour, mass in drawn_cases(settings["interactions"])
    ]
    return [(one.spec, one.meaning) for one in made]


def counts_of_parts(
    experiment: Experiment, pair: Pair, limits: pd.DataFrame
) -> dict[str, SpectrumCounts]:
    """Data, backgrounds after the fit without a signal, and the signal at its limit.

    Args:
        experiment: names, exposure and labels.
        pair: a workspace and its meaning.
        limits: the analysis's `limits.csv`.

    Returns:
        By title: each slice, then each region.
    """
    spec, meaning = pair
    result = background_fit(spec, meaning)
    found, rows = yields(result), list(result.model.samples)
    heading, level = heading_of(experiment, meaning), confidence_level(limits)
    made: dict[str, SpectrumCounts] = {}
    data = {one["name"]: np.asarray(one["data"], float) for one in spec["observations"]}
    for title, channel, place, edges in _parts(fit_range(experiment, meaning), spec, meaning):
        first = result.model.channels[channel["name"]].start
        bins = slice(first + place.start, first + place.stop)
        names = [one["name"] for one in channel["samples"] if not is_signal(one, spec, meaning)]
        after = {
            name: found.after_by_sample[rows.index((channel["name"], name))][bins] for name in names
        }
        signal = signal_at_limit(channel, spec, meaning, limits)
        if signal.counts is not None:
            signal = replace(signal, counts=signal.counts[place])
        made[title] = SpectrumCounts(
            heading, edges[:, 0], edges[:, 1], data[channel["name"]][place],
            by_class(after, experiment), found.after_error[bins], (signal,), after_fit=True,
            confidence_level=level, axis=axis_of(experiment),
        )  # fmt: skip
    return made


def _parts(
    experiment: Experiment, spec: Mapping[str, Any], meaning: Mapping[str, Any]
) -> Iterator[tuple[str, Mapping[str, Any], slice, Array]]:
    """Title, channel, place of its bins in the channel, and their edges."""
    main, *others = spec["channels"]
    n_bins = len(experiment.low_keV)
    edges = np.transpose([experiment.low_keV, experiment.high_keV])
    slices: Mapping[str, Any] = meaning.get("slices", {"ranges": ()})
    for number, (low, high) in enumerate(slices["ranges"]):
        place = slice(number * n_bins, (number + 1) * n_bins)
        yield f"{low:g} ≤ {slices['variable']} < {high:g}", main, place, edges
    if not slices["ranges"]:
        yield "spectrum", main, slice(0, n_bins), edges
    for channel in others:
        own = np.array(meaning["regions"][channel["name"]])
        yield f"region {channel['name']}", channel, slice(0, len(own)), own


def write_parts(path: str | Path, parts: Mapping[str, SpectrumCounts]) -> None:
    """Write `parts.csv`, which `figure_records.read_parts` reads."""
    first = next(iter(parts.values()))
    signals = {_at_limit(signal): signal for signal in first.signals}
    write_csv(path, table_of_parts(parts), comments=head_of(first, {}, signals))


def _at_limit(signal: SignalCounts) -> str:
    """The class of a signal in the table."""
    return f"{signal.interaction} at its limit"


def table_of_parts(parts: Mapping[str, SpectrumCounts]) -> pd.DataFrame:
    """One row for each part, bin and class: `observed` of the bin, `after` the fit; `all backgrounds`
    has an error; then the signal at its limit."""
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for title, counts in parts.items():
        for place in range(len(counts.observed)):
            span = {
                "part": title, "energy_low_keV": counts.low_keV[place],
                "energy_high_keV": counts.high_keV[place], "observed": counts.observed[place],
            }  # fmt: skip
            rows += [
                {**span, "class": label, "after": values[place]}
                for label, values in counts.backgrounds.items()
            ]
            total, error = counts.background[place], counts.background_error[place]
            rows.append({**span, "class": ALL_BACKGROUNDS, "after": total, "after_error": error})
            for signal in counts.signals:
                if signal.counts is not None:
                    rows.append({**span, "class": _at_limit(signal), "after": signal.counts[place]})
    return pd.DataFrame(rows)
