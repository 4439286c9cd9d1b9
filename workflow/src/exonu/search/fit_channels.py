"""What a workspace has beside one spectrum: slices in a second variable, control regions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from exonu.catalogue import SEARCHED, AbsorbedFlux
from exonu.core.types import Json
from exonu.search.experiment.binned_spectrum import Experiment
from exonu.search.signals import Signal, SolarNeutrinos
from exonu.search.workspace import CHANNEL, Workspace


def modulated(
    experiment: Experiment, interaction: str, signals: list[Signal], solar: SolarNeutrinos
) -> tuple[list[Signal], SolarNeutrinos]:
    """Signals and solar neutrinos of slices in time, with the flux of each.

    Neutrinos and axions of the Sun fall with the square of its distance; bosons of the halo and a
    user's own spectrum stay as they are."""
    n_bins = len(experiment.low_keV)
    factors = np.repeat([one.solar_flux for one in experiment.slices], n_bins)
    searched = SEARCHED[interaction]
    if searched.by_neutrinos or isinstance(searched.formula, AbsorbedFlux):
        signals = [signal.times(factors) for signal in signals]
    return signals, solar.times(factors)


def over_slices(solar: SolarNeutrinos, experiment: Experiment) -> SolarNeutrinos:
    """Solar neutrinos in the bins of the spectrum: the sum over its slices."""
    if not experiment.slices:
        return solar
    n_sources, n_bins = len(solar.counts), len(experiment.low_keV)
    counts = solar.counts.reshape(n_sources, len(experiment.slices), n_bins).sum(axis=1)
    return replace(solar, counts=counts, variations={})


def with_region(workspace: Workspace, name: str, beside: Workspace) -> Workspace:
    """A workspace with a control region as a further channel.

    Args:
        workspace: of the spectrum, and of regions before.
        name: of the region.
        beside: the region's own workspace, in the same unit of μ.
    """
    [channel], [observed] = beside.spec["channels"], beside.spec["observations"]
    [main], [other] = workspace.spec["measurements"], beside.spec["measurements"]
    parameters = _merged(main["config"]["parameters"], other["config"]["parameters"])
    spec = {
        **workspace.spec,
        "channels": [*workspace.spec["channels"], channel | {"name": name}],
        "observations": [*workspace.spec["observations"], observed | {"name": name}],
        "measurements": [{**main, "config": {**main["config"], "parameters": parameters}}],
    }
    return replace(workspace, spec=spec)


def _merged(first: list[Json], second: list[Json]) -> list[Json]:
    """Settings of parameters; the narrower bounds of those that both name."""
    found = {one["name"]: one for one in first}
    for one in second:
        known = found.setdefault(one["name"], one)
        if known is not one and "bounds" in one and "bounds" in known:
            pairs = zip(known["bounds"], one["bounds"], strict=True)
            bounds = [[max(a[0], b[0]), min(a[1], b[1])] for a, b in pairs]
            found[one["name"]] = known | {"bounds": bounds}
    return list(found.values())


def fit_parts_meaning(experiment: Experiment) -> dict[str, Any]:
    """What the page of a workspace says of its channels; nothing where there is the spectrum alone."""
    said: dict[str, Any] = {}
    if experiment.slices:
        variables = [one.part.variable for one in experiment.slices if one.part]
        said["slices"] = {
            "variable": variables[0],
            "ranges": [list(one.part.ends) for one in experiment.slices if one.part],
            "order": "all energies of the first range, then of the next",
            "solar_flux": [round(one.solar_flux, 6) for one in experiment.slices],
        }
    if experiment.regions:
        said["regions"] = {
            one.name: np.transpose([one.low_keV, one.high_keV]).tolist()
            for one in experiment.regions
        }
    return said


def without_regions(spec: Json) -> Json:
    """A workspace with the channel of its spectrum alone, and the parameters that matter there."""
    keep = [one for one in spec["channels"] if one["name"] == CHANNEL]
    names = {m["name"] for one in keep for sample in one["samples"] for m in sample["modifiers"]}
    [main] = spec["measurements"]
    parameters = [one for one in main["config"]["parameters"] if one["name"] in names]
    return {
        **spec,
        "channels": keep,
        "observations": [one for one in spec["observations"] if one["name"] == CHANNEL],
        "measurements": [{**main, "config": {**main["config"], "parameters": parameters}}],
    }
