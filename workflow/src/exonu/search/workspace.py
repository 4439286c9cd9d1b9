"""The pyhf workspace of one hypothesis, and the page that says what its parameter of interest
means.

The strength enters as μ = x / x_ref with x the squared strength (see `signals`), and x_ref such
that μ = 1 is about as large as the fluctuation of the background. A dark photon has two signal
samples, its interference (normfactor `mu`) and its pure term (normfactor `mu_sq`, which is μ²):
pyhf's JSON cannot say the latter, hence the `poi_map` beside it.

Every systematic is a modifier with one nuisance parameter:

    <background>_norm            relative normalisation uncertainty (normsys) or free (normfactor)
    efficiency                   relative uncertainty of the efficiency, on computed spectra (normsys)
    flux_<source>                solar flux, exact since the rate is linear in it (histosys)
    atomic_<model>               second atomic model of the millicharge: its size (normsys) and its
                                 shape (histosys)
    staterror_<background>       MC statistics where the experiment gives them (staterror)
    <background>_covariance_<k>  an eigenvector of the covariance of its bins, which is exact since
                                 the counts are linear in it (histosys)

Further ones have the names that the experiment gives them, each shared by all that it touches: norms
(normsys), and variations of templates and response (size by normsys, shape by histosys).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

import numpy as np

from exonu.catalogue import SEARCHED
from exonu.core.errors import InputError
from exonu.core.types import Array, Json
from exonu.search.experiment.binned_spectrum import Background, Experiment, Variations
from exonu.search.signals import Signal, SolarNeutrinos
from exonu.templates.unseen import is_unseen

CHANNEL = "recoil_energy"
LITTLE = 0.05
PYHF_BOUND = 5.0
SAME = 1e-9
POI_BOUNDS = (0.0, 1e4)
ONE_SIDED = "atomic_"
"""Beginning of the names of parameters that have an effect on one side of zero only."""
LARGEST_FALL = 0.19
"""No bin of the second atomic model's shape falls by more in one standard deviation: positive to
pyhf's bound."""
LARGEST_VARIATION = 0.475
"""The same of templates and response; their parameters are bounded where a bin would come near
zero, at two or more."""


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
    solar_neutrinos: SolarNeutrinos | None = None,
    blind: bool = False,
    strength: float | None = None,
) -> Workspace:
    """Workspace of one hypothesis.

    Args:
        experiment: bins, data, backgrounds.
        signal: the hypothesis's counts by source.
        flux_uncertainties: relative uncertainty of each source's flux.
        systematics: the block `systematics` of the analysis's settings.
        solar_neutrinos: those of the Standard Model, where the backgrounds lack them.
        blind: replace the observed counts by the expected background.
        strength: of μ = 1, if it is settled already.

    Raises:
        InputError: if the observed counts are needed and were never read.
    """
    strength = reference_strength(experiment, signal) if strength is None else strength
    parts = _signal_parts(signal, strength)
    variations, pruned = _kept_variations(signal, parts, flux_uncertainties, systematics)
    expected = experiment.background
    samples = [_background_sample(background, expected) for background in experiment.backgrounds]
    if solar_neutrinos is not None:
        counts = solar_neutrinos.counts.sum(axis=0)
        fluxes = (
            _fluxes(solar_neutrinos.counts, solar_neutrinos.sources, flux_uncertainties)
            if systematics["fluxes"]
            else {}
        )
        samples.append(
            _computed_sample(
                "solar_neutrinos", counts, experiment, fluxes, solar_neutrinos.variations
            )
        )
        expected = expected + counts
    for part in parts:
        fluxes, detector = variations[part.name]
        sample = _computed_sample(part.name, part.total, experiment, fluxes, detector)
        sample["modifiers"][:0] = [{"name": part.normfactor, "type": "normfactor", "data": None}]
        if signal.other_atomic is not None and part.name != "interference":
            other = strength**2 * signal.other_atomic
            sample["modifiers"] += _atomic_modifiers(
                systematics["atomic_shape"], part.counts, other
            )
        samples.append(sample)
    spec = {
        "version": "1.0.0",
        "channels": [{"name": CHANNEL, "samples": samples}],
        "observations": [
            {"name": CHANNEL, "data": _floats(expected if blind else _observed(experiment))}
        ],
        "measurements": [
            {
                "name": signal.name,
                "config": {
                    "poi": "mu",
                    "parameters": _parameters(experiment, signal, samples, expected),
                },
            }
        ],
    }
    return Workspace(signal.name, spec, _meaning(experiment, signal, strength, pruned, blind))


def _observed(experiment: Experiment) -> Array:
    if experiment.observed is None:
        raise InputError(
            "holds no observed counts, since its templates were made blind",
            field=experiment.name,
            remedy="set `blind: false` and run the workflow, which then reads them",
        )
    return experiment.observed


def reference_strength(experiment: Experiment, signal: Signal) -> float:
    """Strength of μ = 1: the signal is about the background's fluctuation, rounded to one digit."""
    exact = signal.strength_for(math.sqrt(max(float(experiment.background.sum()), 1.0)))
    return float(f"{exact:.0e}")


@dataclass(frozen=True)
class _Part:
    """A signal sample: its normfactor, its counts by source at μ = 1, and what the response's
    variations make of it."""

    name: str
    normfactor: str
    counts: Array
    detector: Variations

    @property
    def total(self) -> Array:
        return np.asarray(self.counts.sum(axis=0))


def _signal_parts(signal: Signal, strength: float) -> list[_Part]:
    x = strength**signal.power
    linear = _scaled(signal.linear_variations, x)
    if signal.quadratic is None:
        return [_Part("signal", "mu", x * signal.linear, linear)]
    quadratic = _scaled(signal.quadratic_variations, x**2)
    return [
        _Part("interference", "mu", x * signal.linear, linear),
        _Part("pure", "mu_sq", x**2 * signal.quadratic, quadratic),
    ]


def _scaled(variations: Variations, factor: float) -> Variations:
    return {name: (factor * up, factor * down) for name, (up, down) in variations.items()}


def _fluxes(
    counts: Array, sources: tuple[str, ...], flux_uncertainties: Mapping[str, float]
) -> Variations:
    """Up and down counts for one standard deviation of each flux; exact, as the rate is linear in
    the flux."""
    total = counts.sum(axis=0)
    steps = {source: flux_uncertainties[source] * counts[i] for i, source in enumerate(sources)}
    return {
        f"flux_{source}": (total + step, total - step)
        for source, step in steps.items()
        if step.any()
    }


def _kept_variations(
    signal: Signal,
    parts: list[_Part],
    flux_uncertainties: Mapping[str, float],
    systematics: Mapping[str, Any],
) -> tuple[dict[str, tuple[Variations, Variations]], dict[str, float]]:
    """Variations of fluxes and of the response of each signal sample, and those pruned with their
    largest effect."""
    fluxes = {
        part.name: _fluxes(part.counts, signal.sources, flux_uncertainties)
        if systematics["fluxes"]
        else {}
        for part in parts
    }
    effects: dict[str, float] = {}
    for part in parts:
        scale = np.where(part.total == 0, np.inf, np.abs(part.total))
        for modifier, both in {**fluxes[part.name], **part.detector}.items():
            effect = max(float(np.max(np.abs(counts - part.total) / scale)) for counts in both)
            effects[modifier] = max(effect, effects.get(modifier, 0.0))
    pruned = {
        modifier: effect
        for modifier, effect in effects.items()
        if effect < systematics["prune_below"]
    }

    def kept(variations: Variations) -> Variations:
        return {modifier: both for modifier, both in variations.items() if modifier not in pruned}

    return {part.name: (kept(fluxes[part.name]), kept(part.detector)) for part in parts}, pruned


def _background_sample(background: Background, total: Array) -> Json:
    modifiers: list[Json] = []
    name = f"{background.name}_norm"
    if background.is_correlated:
        pass  # its parameters are among the norms or variations
    elif background.uncertainty is None:
        modifiers.append({"name": name, "type": "normfactor", "data": None})
    elif background.is_log_normal:
        modifiers.append(_factor(name, background.uncertainty))
    else:
        down = background.uncertainty_down or background.uncertainty
        modifiers.append(_normsys(name, 1 + background.uncertainty, 1 - down))
    if background.statistical_error is not None:
        error = _floats(background.statistical_error)
        errors = background.statistical_name or f"staterror_{background.name}"
        modifiers.append({"name": errors, "type": "staterror", "data": error})
    modifiers += [_factor(norm, uncertainty) for norm, uncertainty in background.norms.items()]
    modifiers += _varied(background.counts, background.variations, total)
    modifiers += [
        _histosys(parameter, background.counts + up, background.counts - up)
        for parameter, up in {**background.unseen, **background.shifts}.items()
    ]
    return {"name": background.name, "data": _floats(background.counts), "modifiers": modifiers}


def _computed_sample(
    name: str, counts: Array, experiment: Experiment, fluxes: Variations, detector: Variations
) -> Json:
    """A sample made from a recoil spectrum: the detection and the fluxes are uncertain."""
    uncertainty = experiment.efficiency_uncertainty
    modifiers = [_normsys("efficiency", 1 + uncertainty, 1 - uncertainty)] if uncertainty else []
    modifiers += [_factor(norm, size) for norm, size in experiment.norms.items()]
    modifiers += [_histosys(modifier, up, down) for modifier, (up, down) in fluxes.items()]
    return {
        "name": name,
        "data": _floats(counts),
        "modifiers": modifiers + _varied(counts, detector),
    }


def _varied(nominal: Array, variations: Variations, total: Array | None = None) -> list[Json]:
    return [
        modifier
        for name, both in variations.items()
        for modifier in variation_modifiers(name, nominal, *both, total)
    ]


def variation_modifiers(
    name: str, nominal: Array, up: Array, down: Array, total: Array | None = None
) -> list[Json]:
    """One nuisance parameter that takes a template up and down: its size (normsys) times its shape
    (histosys).

    The size is interpolated exponentially, so it stays positive. A shape falls in no bin by more
    than `LARGEST_VARIATION` for one standard deviation; `_parameters` bounds the parameter where a
    bin would reach zero. Bins that matter little, with less than `LITTLE` of the `total` counts
    there, fall by no more than `LARGEST_FALL` and bound nothing. An interference that is negative
    in a bin falls away from zero by no more either."""
    size_of_all = float(nominal.sum())
    if size_of_all == 0:
        return []
    sizes = [min(max(float(counts.sum()) / size_of_all, 0.05), 20.0) for counts in (up, down)]
    matters = np.full(len(nominal), True) if total is None else nominal > LITTLE * total
    least = nominal - np.where(matters, LARGEST_VARIATION, LARGEST_FALL) * np.abs(nominal)
    shapes = [
        np.maximum(counts / size, least) for counts, size in zip((up, down), sizes, strict=True)
    ]
    modifiers = [_normsys(name, *sizes)]
    if any(np.max(np.abs(shape - nominal)) > SAME * np.max(np.abs(nominal)) for shape in shapes):
        modifiers.append(_histosys(name, *shapes))
    return modifiers


def _atomic_modifiers(model: str, counts: Array, other: Array) -> list[Json]:
    """One nuisance parameter from one atomic model (at 0 and below) to the other (at 1): overall
    size (normsys) times shape (histosys).

    One-sided: that `epa` and `pai-liquid` lie below `pai` says nothing of a rate above it. Between
    −1 and 0 pyhf's polynomials leave the model by no more than a twentieth of the difference.

    The size is interpolated exponentially and no bin's shape falls by more than LARGEST_FALL for
    one standard deviation, so that the signal stays positive out to pyhf's bound of five. Only bins
    in the signal's tail touch that."""
    nominal, alternative = counts.sum(axis=0), other.sum(axis=0)
    if not nominal.any():  # a control region without signal
        return []
    size = float(alternative.sum() / nominal.sum())
    shape = alternative / size - nominal
    name = f"{ONE_SIDED}{model.replace('-', '_')}"
    least = (1 - LARGEST_FALL) * nominal
    up = np.maximum(nominal + shape, least)
    return [_normsys(name, size, 1.0), _histosys(name, up, nominal)]


def _factor(name: str, uncertainty: float) -> Json:
    """A factor (1 + u)^±1."""
    return _normsys(name, 1 + uncertainty, 1 / (1 + uncertainty))


def _normsys(name: str, up: float, down: float) -> Json:
    return {"name": name, "type": "normsys", "data": {"hi": up, "lo": down}}


def _histosys(name: str, up: Array, down: Array) -> Json:
    return {
        "name": name,
        "type": "histosys",
        "data": {"hi_data": _floats(up), "lo_data": _floats(down)},
    }


def _parameters(
    experiment: Experiment, signal: Signal, samples: list[Json], expected: Array
) -> list[Json]:
    parameters: list[Json] = [{"name": "mu", "inits": [1.0], "bounds": [list(POI_BOUNDS)]}]
    if signal.quadratic is not None:
        square = {
            "name": "mu_sq",
            "inits": [1.0],
            "bounds": [[0.0, POI_BOUNDS[1] ** 2]],
            "fixed": True,
        }
        parameters.append(square)
    free = [
        background.name for background in experiment.backgrounds if background.uncertainty is None
    ]
    parameters += [
        {"name": f"{name}_norm", "inits": [1.0], "bounds": [[0.0, 10.0]]} for name in free
    ]
    shifts = {name for background in experiment.backgrounds for name in background.shifts}
    bounds = _positive_range(samples, shifts)
    bounds |= {
        name: bound
        for background in experiment.backgrounds
        for name, shift in background.shifts.items()
        if (bound := bound_of_fall(largest_fall(shift, expected))) is not None
    }
    narrow = {name: bound for name, bound in bounds.items() if bound < PYHF_BOUND}
    parameters += [
        {"name": name, "bounds": [[-1.0, PYHF_BOUND]]}
        for background in experiment.backgrounds
        for name in background.unseen
    ]
    return parameters + [
        {"name": name, "bounds": [[-bound, bound]]} for name, bound in sorted(narrow.items())
    ]


def largest_fall(shift: Array, expected: Array) -> float:
    """The largest share of the expected counts of a bin that one standard deviation takes."""
    filled = expected > 0
    return float(np.max(np.abs(shift)[filled] / expected[filled], initial=0.0))


def bound_of_fall(fall: float) -> float | None:
    """How far a shape may be taken before a bin comes near zero, in standard deviations; None where
    pyhf's own bound comes first."""
    return round(0.95 / fall, 3) if fall > LARGEST_FALL + SAME else None


def _positive_range(samples: list[Json], but: Set[str]) -> dict[str, float]:
    """How far each shape may be taken before a bin comes near zero, in standard deviations; some
    parameters are left out."""
    bounds: dict[str, float] = {}
    for sample in samples:
        nominal = np.asarray(sample["data"], float)
        for modifier in sample["modifiers"]:
            if modifier["type"] == "histosys":
                if is_unseen(modifier["name"]) or modifier["name"] in but:
                    continue  # the former goes to nothing at its bound, not below
                lowest = np.minimum(modifier["data"]["hi_data"], modifier["data"]["lo_data"])
                bound = bound_of_fall(largest_fall(np.maximum(nominal - lowest, 0.0), nominal))
                if bound is not None:
                    bounds[modifier["name"]] = min(bounds.get(modifier["name"], PYHF_BOUND), bound)
    return bounds


def _meaning(
    experiment: Experiment,
    signal: Signal,
    strength: float,
    pruned: Mapping[str, float],
    blind: bool,
) -> Json:
    parameter = SEARCHED[signal.interaction].parameter
    return {
        "experiment": experiment.name,
        "interaction": signal.interaction,
        "flavour": signal.flavour,
        "mass_MeV": signal.mass_MeV,
        "parameter": parameter.name,
        "unit": parameter.unit_name,
        "reference_strength": strength,
        "meaning_of_mu": f"({parameter.name} / reference_strength)**{signal.power}",
        "power": signal.power,
        "poi_map": {} if signal.quadratic is None else {"mu_sq": "mu**2"},
        "pruned": dict(sorted(pruned.items())),
        "blinded": blind,
        "is_simulated": experiment.is_simulated,
        "exposure_tonne_year": experiment.exposure_tonne_year,
        **({"live_days": experiment.live_days} if experiment.is_from_events else {}),
    }


def _floats(values: Array) -> list[float]:
    return [float(value) for value in values]
