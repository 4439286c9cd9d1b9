"""Counts of each part of a fit, as they were fitted: slices in a second variable, control regions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from exonu.core.types import Array
from exonu.report.numbers.counts import (
    Pair,
    background_fit,
    class_labels,
    confidence_level,
    drawn_cases,
    fit_range,
    is_signal,
    observed_limit,
    signal_counts,
)
from exonu.report.numbers.figure_records import Heading, SignalCounts, SpectrumCounts
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
    found, rows, labels = yields(result), list(result.model.samples), class_labels(experiment)
    heading = Heading(
        experiment.name, experiment.reference, float(experiment.exposure_tonne_year),
        is_simulated=bool(meaning["is_simulated"]), blinded=bool(meaning["blinded"]),
        live_days=experiment.live_days,
    )  # fmt: skip
    made: dict[str, SpectrumCounts] = {}
    data = {one["name"]: np.asarray(one["data"], float) for one in spec["observations"]}
    for title, channel, place, edges in _parts(fit_range(experiment, meaning), spec, meaning):
        first = result.model.channels[channel["name"]].start
        bins = slice(first + place.start, first + place.stop)
        classes: dict[str, Array] = {}
        for sample in channel["samples"]:
            if not is_signal(sample, spec, meaning):
                label = labels.get(sample["name"], sample["name"])
                after = found.after_by_sample[rows.index((channel["name"], sample["name"]))][bins]
                classes[label] = classes[label] + after if label in classes else after
        signal = _signal(channel, spec, meaning, limits, place)
        made[title] = SpectrumCounts(
            heading, edges[:, 0], edges[:, 1], data[channel["name"]][place], classes,
            found.after_error[bins], (signal,), after_fit=True,
            confidence_level=confidence_level(limits),
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


def _signal(
    channel: Mapping[str, Any], spec: Mapping[str, Any], meaning: Mapping[str, Any],
    limits: pd.DataFrame, place: slice,
) -> SignalCounts:  # fmt: skip
    hypothesis = (meaning["interaction"], meaning["flavour"], meaning["mass_MeV"])
    strength = observed_limit(limits, *hypothesis)
    counts: Array | None = None
    if strength is not None:
        mu = (strength / meaning["reference_strength"]) ** meaning["power"]
        counts = signal_counts(channel, spec, meaning, mu)[place]
    return SignalCounts(*hypothesis, meaning["parameter"], meaning["unit"], strength, counts)


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
            rows.append({**span, "class": "all backgrounds", "after": total, "after_error": error})
            for signal in counts.signals:
                if signal.counts is not None:
                    name = f"{signal.interaction} at its limit"
                    rows.append({**span, "class": name, "after": signal.counts[place]})
    return pd.DataFrame(rows)
