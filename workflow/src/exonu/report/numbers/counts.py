"""The numbers behind the spectrum figure: observed counts, backgrounds, and each signal at its
limit.

They come from the workspaces that the limits were set with, so that the figure shows what was
fitted. Backgrounds of a published spectrum are shown as published, those of events after the fit
without a signal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from exonu.catalogue import SEARCHED
from exonu.core.errors import InputError
from exonu.core.files import write_csv
from exonu.core.types import Array
from exonu.report.numbers.figure_records import (
    RECOIL_ENERGY,
    Axis,
    Heading,
    SignalCounts,
    SpectrumCounts,
    head_of,
)
from exonu.search.experiment.binned_spectrum import Experiment
from exonu.search.signals import hypotheses, hypothesis_name
from exonu.statistics import compile_workspace, fit, grouped_yields, yields

if TYPE_CHECKING:
    import pandas as pd

    from exonu.statistics import FitResult

Case = tuple[str, str, float | None]
Pair = tuple[Mapping[str, Any], Mapping[str, Any]]
"""A workspace's specification and its meaning."""

DRAWN_MASSES_MEV = (1e-3, 10.0)
"""A mediator light and one heavy beside the momentum transfer: the masses for which XMASS-I gives
limits."""


def figure_names(interactions: Iterable[str], *, combined: bool = False) -> list[str]:
    """The figures for which an analysis of these interactions has something to draw; a combination
    of experiments has no spectrum of its own.

    >>> figure_names(["dark-photon"])
    ['spectrum', 'signals', 'coupling_mass']
    >>> figure_names(["dark-photon"], combined=True)
    ['combination', 'coupling_mass']
    """
    searched = set(interactions)
    limits = ["limits"] if any(not SEARCHED[name].has_mass for name in searched) else []
    return [
        *(["combination"] if combined else ["spectrum", "signals"]),
        *limits,
        *(["coupling_mass"] if any(SEARCHED[name].has_mass for name in searched) else []),
    ]


def drawn_cases(interactions: Mapping[str, Any]) -> list[Case]:
    """Interaction, flavour and mass of the signals that are drawn: all flavours, and the masses
    nearest two declared.

    Args:
        interactions: the block `interactions` of an analysis's settings.

    >>> drawn_cases({"millicharge": {"flavours": ["e", "all"]}})
    [('millicharge', 'all', None)]
    """
    cases: list[Case] = []
    for interaction, block in interactions.items():
        known = hypotheses(interaction, block)
        flavours = [flavour for flavour, _ in known]
        flavour = "all" if "all" in flavours else flavours[0]
        masses = [mass for _, mass in known if mass is not None]
        drawn: list[float | None] = [*nearest_masses(masses)]
        cases += [(interaction, flavour, mass) for mass in drawn or [None]]
    return cases


def nearest_masses(masses: Iterable[float]) -> list[float]:
    """The masses nearest those of `DRAWN_MASSES_MEV` in the logarithm, each once.

    >>> nearest_masses([1e-5, 2e-3, 5.0])
    [0.002, 5.0]
    """
    known = np.array(sorted(masses))
    if not known.size:
        return []
    return sorted(
        {float(known[np.argmin(np.abs(np.log(known / wanted)))]) for wanted in DRAWN_MASSES_MEV}
    )


def spectrum_counts(
    experiment: Experiment,
    workspaces: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]],
    limits: pd.DataFrame,
) -> SpectrumCounts:
    """Collect the counts.

    Args:
        experiment: names, exposure, bins and labels.
        workspaces: specification and meaning of each hypothesis to draw, at least one.
        limits: the analysis's `limits.csv`.

    Raises:
        InputError: if there is no workspace.
    """
    pairs = list(workspaces)
    if not pairs:
        raise InputError(
            "no workspace to draw", remedy="give the workspaces of at least one interaction"
        )
    spec, meaning = widest(pairs)
    backgrounds, error = _backgrounds(experiment, spec, meaning)
    drawn = fit_range(experiment, meaning)
    signals = (_signal_of_spectrum(experiment, pair, limits) for pair in pairs)
    return SpectrumCounts(
        heading_of(experiment, meaning),
        drawn.low_keV,
        drawn.high_keV,
        by_energy(spec["observations"][0]["data"], len(drawn.low_keV)),
        backgrounds,
        error,
        tuple(
            _padded(signal, fit_range(experiment, pair[1]), drawn)
            for signal, pair in zip(signals, pairs, strict=True)
        ),
        after_fit=experiment.is_from_events,
        confidence_level=confidence_level(limits),
        axis=axis_of(experiment),
    )


def heading_of(experiment: Experiment, meaning: Mapping[str, Any]) -> Heading:
    """What figures say of an experiment and one of its workspaces."""
    return Heading(
        experiment.name,
        experiment.reference,
        float(experiment.exposure_tonne_year),
        is_simulated=bool(meaning["is_simulated"]),
        blinded=bool(meaning["blinded"]),
        live_days=experiment.live_days,
    )


def axis_of(experiment: Experiment) -> Axis:
    """Name and unit of what its bins are of: the experiment's own observable, or energy; of events,
    that of the reconstruction, which is on the scale of electrons."""
    if experiment.observable is not None:
        return experiment.observable
    return ("reconstructed energy", "keVee") if experiment.is_from_events else RECOIL_ENERGY


def by_energy(values: ArrayLike, n_bins: int) -> Array:
    """Counts of a channel by energy: summed over its slices in a second variable.

    Args:
        values: shape (n_slices · n_bins,), all energies of the first slice first.
        n_bins: bins of energy.

    >>> by_energy([1, 2, 30, 40], 2)
    array([31., 42.])
    """
    total = np.asarray(values, dtype=np.float64).reshape(-1, n_bins).sum(axis=0)
    return np.asarray(total, dtype=np.float64)


def confidence_level(limits: pd.DataFrame) -> float | None:
    """That of the asymptotic limits; None without any."""
    levels = limits.loc[limits["method"] == "asymptotic", "confidence_level"].dropna()
    return None if levels.empty else float(levels.iloc[0])


def widest(pairs: list[Pair]) -> Pair:
    """The workspace with the most bins, the first of them."""
    return max(pairs, key=lambda pair: len(pair[0]["observations"][0]["data"]))


def fit_range(experiment: Experiment, meaning: Mapping[str, Any]) -> Experiment:
    """The experiment in the bins of a workspace."""
    return (
        experiment.within(*meaning["fit_range_keV"]) if "fit_range_keV" in meaning else experiment
    )


def class_labels(experiment: Experiment) -> dict[str, str]:
    """The class in figures of each background of a workspace."""
    labels = {component.name: component.label for component in experiment.backgrounds}
    return labels | {"solar_neutrinos": experiment.solar_label}


def _backgrounds(
    experiment: Experiment, spec: Mapping[str, Any], meaning: Mapping[str, Any]
) -> tuple[dict[str, Array], Array]:
    """Counts by class and the error of their sum: before any fit, or, of events, after the fit
    without a signal."""
    samples = [sample for sample in _samples(spec) if not is_signal(sample, spec, meaning)]
    counts = {sample["name"]: np.asarray(sample["data"], float) for sample in samples}
    error = _systematic_error(samples)
    if experiment.is_from_events:
        n_bins = len(fit_range(experiment, meaning).low_keV)
        counts, error = after_fit(spec, meaning, list(counts), n_bins)
    return by_class(counts, experiment), error


def by_class(counts: Mapping[str, Array], experiment: Experiment) -> dict[str, Array]:
    """Counts of the backgrounds of a workspace summed into the classes of figures, in their
    order."""
    labels = class_labels(experiment)
    classes: dict[str, Array] = {}
    for name, values in counts.items():
        label = labels.get(name, name)
        classes[label] = classes[label] + values if label in classes else values
    return classes


def after_fit(
    spec: Mapping[str, Any], meaning: Mapping[str, Any], names: list[str], n_bins: int
) -> tuple[dict[str, Array], Array]:
    """Counts of the backgrounds in the spectrum's channel after the fit without a signal, and the
    error of their sum, by energy.

    Args:
        spec, meaning: the workspace.
        names: of the backgrounds.
        n_bins: bins of energy.
    """
    result = background_fit(spec, meaning)
    channel, found = spec["channels"][0]["name"], yields(result)
    bins, rows = result.model.channels[channel], list(result.model.samples)
    counts = {
        name: by_energy(found.after_by_sample[rows.index((channel, name))][bins], n_bins)
        for name in names
    }
    if bins.stop - bins.start == n_bins:
        return counts, found.after_error[bins]
    of_background = np.array([one == channel and name in names for one, name in rows])
    groups = []
    for place in range(n_bins):
        chosen = np.zeros(result.model.n_bins, dtype=bool)
        chosen[bins.start + place : bins.stop : n_bins] = True
        groups.append(of_background[:, None] & chosen)
    return counts, grouped_yields(result, groups)[1][:, 1]


def background_fit(spec: Mapping[str, Any], meaning: Mapping[str, Any]) -> FitResult:
    """The fit of a workspace without a signal."""
    model = compile_workspace(spec, poi_map=meaning["poi_map"])
    return fit(model, fixed={model.poi: 0.0})


def _padded(signal: SignalCounts, own: Experiment, drawn: Experiment) -> SignalCounts:
    """A signal in all the bins that are drawn: NaN where it was not fitted."""
    if signal.counts is None or len(own.low_keV) == len(drawn.low_keV):
        return signal
    counts = np.full(len(drawn.low_keV), np.nan)
    first = int(np.searchsorted(drawn.low_keV, own.low_keV[0] * (1 - 1e-9)))
    counts[first : first + len(signal.counts)] = signal.counts
    return replace(signal, counts=counts)


def _samples(spec: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(spec["channels"][0]["samples"])


def is_signal(
    sample: Mapping[str, Any], spec: Mapping[str, Any], meaning: Mapping[str, Any]
) -> bool:
    """Whether μ, or a parameter tied to it, scales a sample of a workspace."""
    scales = {spec["measurements"][0]["config"]["poi"], *meaning["poi_map"]}
    return any(modifier["name"] in scales for modifier in sample["modifiers"])


def _systematic_error(samples: list[Mapping[str, Any]]) -> Array:
    """One standard deviation of the samples' sum: parameters in quadrature, samples of one
    parameter together."""
    shifts: dict[str, Array] = {}
    for sample in samples:
        counts = np.asarray(sample["data"], float)
        for modifier in sample["modifiers"]:
            data = modifier["data"]
            if modifier["type"] == "normsys":
                shift = counts * (data["hi"] - data["lo"]) / 2
            elif modifier["type"] == "histosys":
                shift = (
                    np.asarray(data["hi_data"], float) - np.asarray(data["lo_data"], float)
                ) / 2
            else:
                # free factors have no width before a fit, and MC statistics is not a normalisation
                continue
            shifts[modifier["name"]] = shifts.get(modifier["name"], np.zeros_like(counts)) + shift
    return np.sqrt(sum((shift**2 for shift in shifts.values()), np.zeros(len(samples[0]["data"]))))


def signal_counts(
    channel: Mapping[str, Any], spec: Mapping[str, Any], meaning: Mapping[str, Any], mu: float
) -> Array:
    """Counts of the signal at μ in the bins of a channel of a workspace."""
    squared = {name for name, formula in meaning["poi_map"].items() if formula == "mu**2"}
    total = np.zeros(len(channel["samples"][0]["data"]))
    for sample in (one for one in channel["samples"] if is_signal(one, spec, meaning)):
        is_square = any(modifier["name"] in squared for modifier in sample["modifiers"])
        total = total + (mu**2 if is_square else mu) * np.asarray(sample["data"], float)
    return total


def _signal_of_spectrum(experiment: Experiment, pair: Pair, limits: pd.DataFrame) -> SignalCounts:
    """The signal of a workspace at its limit, by energy."""
    spec, meaning = pair
    signal = signal_at_limit(spec["channels"][0], spec, meaning, limits)
    if signal.counts is None:
        return signal
    n_bins = len(fit_range(experiment, meaning).low_keV)
    return replace(signal, counts=by_energy(signal.counts, n_bins))


def signal_at_limit(
    channel: Mapping[str, Any], spec: Mapping[str, Any], meaning: Mapping[str, Any],
    limits: pd.DataFrame,
) -> SignalCounts:  # fmt: skip
    """The signal of a workspace at its observed limit, in the bins of one of its channels."""
    strength = observed_limit(
        limits, meaning["interaction"], meaning["flavour"], meaning["mass_MeV"]
    )
    counts = None
    if strength is not None:
        mu = (strength / meaning["reference_strength"]) ** meaning["power"]
        counts = signal_counts(channel, spec, meaning, mu)
    names = ("interaction", "flavour", "mass_MeV", "parameter", "unit")
    return SignalCounts(**{name: meaning[name] for name in names}, strength=strength, counts=counts)


def observed_limit(
    limits: pd.DataFrame, interaction: str, flavour: str, mass_MeV: float | None
) -> float | None:
    """The observed asymptotic limit of a hypothesis; None where it is missing or failed."""
    rows = limits[(limits["method"] == "asymptotic") & (limits["interaction"] == interaction)]
    rows = rows[rows["flavour"] == flavour]
    if mass_MeV is not None:
        rows = rows[(rows["mass_MeV"] / mass_MeV - 1).abs() < 1e-6]
    found = rows["observed"].dropna()
    return None if found.empty else float(found.iloc[0])


def write_counts(path: str | Path, counts: SpectrumCounts) -> None:
    """Write `counts.csv`."""
    import pandas as pd

    columns: dict[str, Array] = {
        "energy_low_keV": counts.low_keV,
        "energy_high_keV": counts.high_keV,
        "observed": counts.observed,
    }
    backgrounds = {
        f"background_{number}": label for number, label in enumerate(counts.backgrounds, 1)
    }
    columns |= dict(zip(backgrounds, counts.backgrounds.values(), strict=True))
    columns["background_error"] = counts.background_error
    signals = {
        f"signal_{hypothesis_name(signal.interaction, signal.flavour, signal.mass_MeV)}": signal
        for signal in counts.signals
    }
    columns |= {
        name: signal.counts for name, signal in signals.items() if signal.counts is not None
    }
    write_csv(path, pd.DataFrame(columns), comments=head_of(counts, backgrounds, signals))
