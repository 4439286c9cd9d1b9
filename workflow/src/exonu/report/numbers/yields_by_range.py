"""Yields by class and energy range, before and after the fit, with each signal at its limit."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from exonu.report.numbers.counts import (
    Pair,
    background_fit,
    class_labels,
    fit_range,
    spectrum_counts,
    widest,
)
from exonu.report.numbers.figure_records import ALL_BACKGROUNDS
from exonu.search.experiment.binned_spectrum import Experiment
from exonu.search.signals import hypothesis_name
from exonu.statistics import grouped_yields

TOTAL = ALL_BACKGROUNDS


def yields_by_range(
    experiment: Experiment, workspaces: Iterable[Pair], limits: pd.DataFrame
) -> pd.DataFrame:
    """The table.

    Args:
        experiment: gives classes and ranges; without ranges of its own, all bins together.
        workspaces: specification and meaning of each hypothesis, at least one; the fit is that of
            the widest range without a signal.
        limits: the analysis's `limits.csv`.

    Returns:
        One row for each class and range (from edge of a bin to edge of a bin), `all backgrounds`
        last, with counts and errors before and after the fit and the observed counts; then one for
        each signal at its observed limit, where it has one.

    Raises:
        InputError: if there is no workspace.
    """
    pairs = list(workspaces)
    counts = spectrum_counts(experiment, pairs, limits)
    spec, meaning = widest(pairs)
    result = background_fit(spec, meaning)
    drawn, labels = fit_range(experiment, meaning), class_labels(experiment)
    classes = [*counts.backgrounds, TOTAL]
    names = [sample for _, sample in result.model.samples]
    of_spectrum = result.model.channels[spec["channels"][0]["name"]]
    is_background = np.array([labels.get(name, name) in counts.backgrounds for name in names])
    rows: list[dict[str, Any]] = []
    for low, high in pairwise(_ranges(experiment.report_ranges_keV, drawn)):
        inside = (drawn.low_keV >= low * (1 - 1e-9)) & (drawn.high_keV <= high * (1 + 1e-9))
        members = [
            np.array([labels.get(name, name) == label for name in names]) for label in classes[:-1]
        ]
        bins = np.zeros(result.model.n_bins, dtype=bool)
        bins[of_spectrum] = np.tile(inside, (of_spectrum.stop - of_spectrum.start) // len(inside))
        groups = [member[:, None] & bins for member in [*members, is_background]]
        before, after = grouped_yields(result, groups)
        observed = float(counts.observed[inside].sum())
        span = {"energy_low_keV": float(low), "energy_high_keV": float(high)}
        for label, (value, error), (fitted, fitted_error) in zip(
            classes, before, after, strict=True
        ):
            total = observed if label == TOTAL else np.nan
            rows.append({"class": label, **span, "before": value, "before_error": error, "after": fitted,
                         "after_error": fitted_error, "observed": total})  # fmt: skip
        for signal in counts.signals:
            if signal.counts is not None:
                name = hypothesis_name(signal.interaction, signal.flavour, signal.mass_MeV)
                rows.append(
                    {
                        "class": f"{name} at its limit",
                        **span,
                        "before": np.nansum(signal.counts[inside]),
                    }
                )
    table = pd.DataFrame(rows)
    return table.assign(blinded=counts.heading.blinded, is_simulated=counts.heading.is_simulated)


def _ranges(wanted_keV: tuple[float, ...], drawn: Experiment) -> list[float]:
    """The ranges asked for, each end at the nearest edge of a bin, the upper of two: no bin is left
    out or cut."""
    edges = np.append(drawn.low_keV, drawn.high_keV[-1])
    if not wanted_keV:
        return [float(edges[0]), float(edges[-1])]
    near = [edges[::-1][np.argmin(np.abs(edges[::-1] - end))] for end in wanted_keV]
    return sorted({float(end) for end in near})
