"""The pyhf workspace of one hypothesis, and the page that says what its parameter of interest means.

The strength enters as μ = x / x_ref with x the squared strength (see `signals`), and x_ref such that μ = 1 is about as
large as the fluctuation of the background. A dark photon has two signal samples, its interference (normfactor `mu`) and
its pure term (normfactor `mu_sq`, which is μ²): pyhf's JSON cannot say the latter, hence the `poi_map` beside it.

Every systematic is a modifier with one nuisance parameter:

    <background>_norm       relative normalisation uncertainty (normsys) or free (normfactor)
    efficiency              relative uncertainty of the detection efficiency, on computed spectra (normsys)
    flux_<source>           solar flux, exact since the rate is linear in it (histosys)
    atomic_<model>          second atomic model of the millicharge: its size (normsys) and its shape (histosys)
    staterror_<background>  MC statistics where the experiment gives them (staterror)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exonu.templates.experiment import Background, Experiment
from exonu.templates.signals import PARAMETERS, Signal

Array = NDArray[np.float64]
Json = dict[str, Any]

CHANNEL = "recoil_energy"
POI_BOUNDS = (0.0, 1e4)
LARGEST_FALL = 0.19


@dataclass(frozen=True)
class Workspace:
    """A workspace and its meaning.

    Attributes:
        name: name of the hypothesis.
        spec: pyhf's JSON.
        meaning: parameter, unit, reference strength, `poi_map` and what was pruned: the side file.
    """

    name: str
    spec: Json
    meaning: Json


def build_workspace(
    experiment: Experiment,
    signal: Signal,
    flux_uncertainties: Mapping[str, float],
    systematics: Mapping[str, Any],
    *,
    solar_neutrinos: Array | None = None,
    blind: bool = False,
) -> Workspace:
    """Workspace of one hypothesis.

    Args:
        experiment: bins, data, backgrounds.
        signal: the hypothesis's counts by source.
        flux_uncertainties: relative uncertainty of each source's flux.
        systematics: the block `systematics` of the analysis's settings.
        solar_neutrinos: Standard Model counts by source, shape (n_sources, n_bins), where the backgrounds lack them.
        blind: replace the observed counts by the expected background.
    """
    strength = reference_strength(experiment, signal)
    parts = _signal_parts(signal, strength)
    variations, pruned = _flux_variations(signal, parts, flux_uncertainties, systematics)
    samples = [_background_sample(background) for background in experiment.backgrounds]
    expected = experiment.background
    if solar_neutrinos is not None:
        fluxes = (
            _source_variations(solar_neutrinos, signal.sources, flux_uncertainties) if systematics["fluxes"] else {}
        )
        samples.append(_computed_sample("solar_neutrinos", solar_neutrinos.sum(axis=0), experiment, fluxes))
        expected = expected + solar_neutrinos.sum(axis=0)
    for name, normfactor, counts in parts:
        sample = _computed_sample(name, counts.sum(axis=0), experiment, variations[name])
        sample["modifiers"][:0] = [{"name": normfactor, "type": "normfactor", "data": None}]
        if signal.other_atomic is not None and name != "interference":
            other = strength**2 * signal.other_atomic
            sample["modifiers"] += _atomic_modifiers(systematics["atomic_shape"], counts, other)
        samples.append(sample)
    spec = {
        "version": "1.0.0",
        "channels": [{"name": CHANNEL, "samples": samples}],
        "observations": [{"name": CHANNEL, "data": _floats(expected if blind else experiment.observed)}],
        "measurements": [{"name": signal.name, "config": {"poi": "mu", "parameters": _parameters(experiment, signal)}}],
    }
    return Workspace(signal.name, spec, _meaning(experiment, signal, strength, pruned, blind))


def reference_strength(experiment: Experiment, signal: Signal) -> float:
    """Strength of μ = 1: the signal is about the background's fluctuation, rounded to one digit."""
    exact = signal.strength_for(math.sqrt(max(float(experiment.background.sum()), 1.0)))
    return float(f"{exact:.0e}")


def _signal_parts(signal: Signal, strength: float) -> list[tuple[str, str, Array]]:
    """Name, normfactor and counts by source of each signal sample."""
    x = strength**signal.power
    if signal.quadratic is None:
        return [("signal", "mu", x * signal.linear)]
    return [("interference", "mu", x * signal.linear), ("pure", "mu_sq", x**2 * signal.quadratic)]


def _source_variations(
    counts: Array, sources: tuple[str, ...], flux_uncertainties: Mapping[str, float]
) -> dict[str, tuple[Array, Array]]:
    """Up and down counts for one standard deviation of each flux; exact, as the rate is linear in the flux."""
    total = counts.sum(axis=0)
    steps = {source: flux_uncertainties[source] * counts[i] for i, source in enumerate(sources)}
    return {f"flux_{source}": (total + step, total - step) for source, step in steps.items() if step.any()}


def _flux_variations(
    signal: Signal,
    parts: list[tuple[str, str, Array]],
    flux_uncertainties: Mapping[str, float],
    systematics: Mapping[str, Any],
) -> tuple[dict[str, dict[str, tuple[Array, Array]]], dict[str, float]]:
    """Flux variations of each signal sample, and those pruned with their largest relative effect in any bin."""
    if not systematics["fluxes"]:
        return {name: {} for name, _, _ in parts}, {}
    all_ = {name: _source_variations(counts, signal.sources, flux_uncertainties) for name, _, counts in parts}
    effects: dict[str, float] = {}
    for name, _, counts in parts:
        total = counts.sum(axis=0)
        for modifier, (up, _) in all_[name].items():
            effect = float(np.max(np.abs(up - total) / np.where(total == 0, np.inf, np.abs(total))))
            effects[modifier] = max(effect, effects.get(modifier, 0.0))
    pruned = {modifier: effect for modifier, effect in effects.items() if effect < systematics["prune_below"]}
    kept = {name: {m: v for m, v in variations.items() if m not in pruned} for name, variations in all_.items()}
    return kept, pruned


def _background_sample(background: Background) -> Json:
    modifiers: list[Json] = []
    name = f"{background.name}_norm"
    if background.uncertainty is None:
        modifiers.append({"name": name, "type": "normfactor", "data": None})
    else:
        modifiers.append(_normsys(name, 1 + background.uncertainty, 1 - background.uncertainty))
    if background.statistical_error is not None:
        error = _floats(background.statistical_error)
        modifiers.append({"name": f"staterror_{background.name}", "type": "staterror", "data": error})
    return {"name": background.name, "data": _floats(background.counts), "modifiers": modifiers}


def _computed_sample(
    name: str, counts: Array, experiment: Experiment, variations: Mapping[str, tuple[Array, Array]]
) -> Json:
    """A sample made from a recoil spectrum: the detection efficiency and the fluxes are uncertain."""
    uncertainty = experiment.efficiency_uncertainty
    modifiers = [_normsys("efficiency", 1 + uncertainty, 1 - uncertainty)] if uncertainty else []
    modifiers += [_histosys(modifier, up, down) for modifier, (up, down) in variations.items()]
    return {"name": name, "data": _floats(counts), "modifiers": modifiers}


def _atomic_modifiers(model: str, counts: Array, other: Array) -> list[Json]:
    """One nuisance parameter from one atomic model to the other: overall size (normsys) times shape (histosys).

    The size is interpolated exponentially and no bin's shape falls by more than LARGEST_FALL for one standard
    deviation, so that the signal stays positive out to pyhf's bound of five. Only bins in the signal's tail touch that.
    """
    nominal, alternative = counts.sum(axis=0), other.sum(axis=0)
    size = float(alternative.sum() / nominal.sum())
    shape = alternative / size - nominal
    name = f"atomic_{model.replace('-', '_')}"
    least = (1 - LARGEST_FALL) * nominal
    up, down = (np.maximum(nominal + sign * shape, least) for sign in (1, -1))
    return [_normsys(name, size, 1 / size), _histosys(name, up, down)]


def _normsys(name: str, up: float, down: float) -> Json:
    return {"name": name, "type": "normsys", "data": {"hi": up, "lo": down}}


def _histosys(name: str, up: Array, down: Array) -> Json:
    return {"name": name, "type": "histosys", "data": {"hi_data": _floats(up), "lo_data": _floats(down)}}


def _parameters(experiment: Experiment, signal: Signal) -> list[Json]:
    parameters: list[Json] = [{"name": "mu", "inits": [1.0], "bounds": [list(POI_BOUNDS)]}]
    if signal.quadratic is not None:
        square = {"name": "mu_sq", "inits": [1.0], "bounds": [[0.0, POI_BOUNDS[1] ** 2]], "fixed": True}
        parameters.append(square)
    free = [background.name for background in experiment.backgrounds if background.uncertainty is None]
    return parameters + [{"name": f"{name}_norm", "inits": [1.0], "bounds": [[0.0, 10.0]]} for name in free]


def _meaning(experiment: Experiment, signal: Signal, strength: float, pruned: Mapping[str, float], blind: bool) -> Json:
    parameter = PARAMETERS[signal.interaction]
    return {
        "interaction": signal.interaction,
        "flavour": signal.flavour,
        "mass_MeV": signal.mass_MeV,
        "parameter": parameter.name,
        "unit": parameter.unit,
        "reference_strength": strength,
        "meaning_of_mu": f"({parameter.name} / reference_strength)**{signal.power}",
        "power": signal.power,
        "poi_map": {} if signal.quadratic is None else {"mu_sq": "mu**2"},
        "pruned": dict(sorted(pruned.items())),
        "blinded": blind,
        "is_simulated": experiment.is_simulated,
    }


def _floats(values: Array) -> list[float]:
    return [float(value) for value in values]
