r"""What each experiment contributes to a combined limit, and whether the experiments agree.

Contribution: the limits of the experiment alone, and its expected information, which is q_A,
    -2 ln L of the background-only Asimov data at the combined median expected limit, where all
    together reach the confidence level.

Compatibility (Cowan et al., arXiv:1007.1727, as for any nested hypotheses): q = -2 ln of the
    likelihood at the best common strength over that with a strength for each experiment, the other
    shared parameters still shared. With n experiments it follows χ² of n - 1 degrees of freedom if
    all experiments have the same strength and none is at its bound at zero. Strengths are bounded
    at zero, so q is smaller than that says, and the p-value errs towards agreement; toys drawn at
    the common best fit give it as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.special import gammaincc

from exonu.core.files import finite
from exonu.core.types import Json
from exonu.search.limit_records import limit_methods
from exonu.statistics import Model, ProfilePair, compile_workspace, fit, profile_pair
from exonu.statistics.engine.flat import FloatArray, IntArray
from exonu.statistics.fitting import Minimum, auxiliary_start, minimise
from exonu.statistics.toys import sample_data


def alone(spec: Json, meaning: Mapping[str, Any], experiment: str) -> Json:
    """The part of a joined workspace that belongs to one experiment; μ keeps its unit."""
    channels = set(meaning["experiments"][experiment]["channels"])
    keep = [one for one in spec["channels"] if one["name"] in channels]
    names = {m["name"] for one in keep for sample in one["samples"] for m in sample["modifiers"]}
    [measurement] = spec["measurements"]
    settings = [one for one in measurement["config"]["parameters"] if one["name"] in names]
    return {
        **spec,
        "channels": keep,
        "observations": [one for one in spec["observations"] if one["name"] in channels],
        "measurements": [
            {**measurement, "config": {**measurement["config"], "parameters": settings}}
        ],
    }


def with_own_strengths(
    spec: Json, meaning: Mapping[str, Any]
) -> tuple[Json, dict[str, str], dict[str, str]]:
    """A joined workspace where each experiment has a strength of its own.

    Returns:
        The workspace, whose parameter of interest is the first experiment's strength; its
        `poi_map`; and the name of each experiment's strength.
    """
    strengths = {experiment: f"mu_{experiment}" for experiment in meaning["experiments"]}
    of_channel = {
        channel: experiment
        for experiment, one in meaning["experiments"].items()
        for channel in one["channels"]
    }
    names = {"mu": "mu_{}", **{tied: f"{tied}_{{}}" for tied in meaning["poi_map"]}}

    def renamed(sample: Json, experiment: str) -> Json:
        modifiers = [
            {**one, "name": names[one["name"]].format(experiment)} if one["name"] in names else one
            for one in sample["modifiers"]
        ]
        return {**sample, "modifiers": modifiers}

    [measurement] = spec["measurements"]
    settings = [
        {**one, "name": names[one["name"]].format(experiment)} if one["name"] in names else one
        for one in measurement["config"]["parameters"]
        for experiment in (strengths if one["name"] in names else [""])
    ]
    config = {"poi": next(iter(strengths.values())), "parameters": settings}
    made = {
        **spec,
        "channels": [
            {
                **one,
                "samples": [renamed(sample, of_channel[one["name"]]) for sample in one["samples"]],
            }
            for one in spec["channels"]
        ],
        "measurements": [{**measurement, "config": config}],
    }
    ties = {
        f"{tied}_{experiment}": f"mu_{experiment}**2"
        for tied in meaning["poi_map"]
        for experiment in strengths
    }
    return made, ties, strengths


def combination_record(
    spec: Json,
    meaning: Mapping[str, Any],
    joint: ProfilePair,
    confidence_level: float,
    *,
    toys: int = 0,
    seed: int = 0,
) -> Json:
    """Contributions and compatibility of a joined workspace: the entry `combination` of a record.

    Args:
        spec, meaning: a joined workspace and its page.
        joint: the profiles of its data.
        confidence_level: confidence level.
        toys: toys of the compatibility test; 0 for none.
        seed: their seed.
    """
    pairs = {
        experiment: profile_pair(_compiled(alone(spec, meaning, experiment), meaning["poi_map"]))
        for experiment in meaning["experiments"]
    }
    limits = {
        experiment: limit_methods(pair, ["asymptotic"], confidence_level)["asymptotic"]
        for experiment, pair in pairs.items()
    }
    combined = limit_methods(joint, ["asymptotic"], confidence_level)["asymptotic"]
    at = combined["expected"][2]
    information = {
        experiment: np.nan if at is None else pair.asimov.twice_delta(at)[0]
        for experiment, pair in pairs.items()
    }
    total = sum(information.values())
    return {
        "contributions": [
            {
                "experiment": experiment,
                "observed": limits[experiment]["observed"],
                "expected": limits[experiment]["expected"],
                "best_fit": pair.observed.mu_hat,
                "information": finite(information[experiment]),
                "share": finite(information[experiment] / total) if total > 0 else None,
            }
            for experiment, pair in pairs.items()
        ],
        "compatibility": compatibility(spec, meaning, joint, pairs, toys=toys, seed=seed),
    }


def _compiled(spec: Json, poi_map: Mapping[str, str]) -> Model:
    return compile_workspace(spec, poi_map=dict(poi_map) or None)


def compatibility(
    spec: Json,
    meaning: Mapping[str, Any],
    joint: ProfilePair,
    pairs: Mapping[str, ProfilePair],
    *,
    toys: int = 0,
    seed: int = 0,
) -> Json:
    """Likelihood ratio of a common strength against one for each experiment.

    Args:
        spec, meaning: a joined workspace and its page.
        joint: the profiles of its data.
        pairs: those of each experiment alone.
        toys: how many toys; 0 for none, and the asymptotic p-value stands alone.
        seed: their seed.

    Returns:
        `q`, `degrees`, `p_value` (asymptotic), `p_value_toys` and its error, the strengths `common`
        and `separate` in units of μ, and `failed` fits.
    """
    test = _Ratio(spec, meaning, joint.model, {name: one.model for name, one in pairs.items()})
    best = {name: pair.observed.mu_hat for name, pair in pairs.items()}
    common, data = joint.observed.best, joint.observed.data
    q, separate, converged = test(data, common, best)
    degrees = len(pairs) - 1
    found: Json = {
        "q": finite(q),
        "degrees": degrees,
        "p_value": finite(float(gammaincc(degrees / 2, q / 2))),
        "p_value_toys": None,
        "p_value_toys_error": None,
        "toys": 0,
        "common": finite(float(common.theta[joint.model.poi_index])),
        "separate": {
            name: finite(float(separate.theta[index])) for name, index in test.strengths.items()
        },
        "failed": int(not converged),
    }
    if toys:
        drawn = sample_data(joint.model, common.theta, toys, np.random.default_rng(seed))
        tried = [test.of_toy(np.ascontiguousarray(one)) for one in drawn]
        good = np.array([value for value, fitted in tried if fitted])
        p = float(np.mean(good >= q - 1e-9)) if good.size else np.nan
        error = float(np.sqrt(p * (1 - p) / good.size)) if good.size else np.nan
        found |= {"p_value_toys": finite(p), "p_value_toys_error": finite(error)}
        found |= {"toys": int(good.size), "failed": found["failed"] + toys - int(good.size)}
    return found


class _Ratio:
    """q of a data set, from its fits with a common strength and with separate ones."""

    def __init__(
        self,
        spec: Json,
        meaning: Mapping[str, Any],
        joint: Model,
        models: Mapping[str, Model],
    ) -> None:
        made, ties, strengths = with_own_strengths(spec, meaning)
        self.joint, self.models = joint, models
        self.free = _compiled(made, ties)
        self.strengths = {name: self.free.index(one) for name, one in strengths.items()}
        # Positions in the data of each experiment's bins and auxiliary measurements.
        self.where = {name: _places(joint, model) for name, model in models.items()}
        # Nuisance parameters have other places in the two models, and the same names.
        self.nuisances = [
            (i, self.free.index(name))
            for i, name in enumerate(joint.parameters)
            if name in self.free.parameters
        ]
        self.auxiliary = [
            joint.n_bins + joint.constrained.index(name) for name in self.free.constrained
        ]

    def __call__(
        self, data: FloatArray, common: Minimum, best: Mapping[str, float]
    ) -> tuple[float, Minimum, bool]:
        """q, the fit with separate strengths, and whether the fits converged.

        Args:
            data: of all experiments.
            common: the fit with a common strength.
            best: the best strength of each experiment alone, where the fit starts; it starts from
                the common one too.
        """
        same = np.concatenate([data[: self.joint.n_bins], data[self.auxiliary]])
        held = self.free.fixed.copy()
        shared = dict.fromkeys(best, float(common.theta[self.joint.poi_index]))
        found = []
        for strengths in (best, shared):
            start = np.where(held, self.free.init, auxiliary_start(self.free, same))
            for i, j in self.nuisances:
                start[j] = common.theta[i]
            for name, index in self.strengths.items():
                start[index] = strengths[name]
            found.append(minimise(self.free, same, start, held))
        converged = [one for one in found if one.converged]
        separate = min(converged or found, key=lambda minimum: minimum.value)
        q = max(2.0 * (common.value - separate.value), 0.0)
        return q, separate, common.converged and separate.converged

    def of_toy(self, data: FloatArray) -> tuple[float, bool]:
        """q of other data, and whether the fits converged; for a signal linear in μ."""
        common = fit(self.joint, data).minimum
        best = {
            name: float(fit(model, data[self.where[name]]).parameters[model.poi_index])
            for name, model in self.models.items()
        }
        q, _, converged = self(data, common, best)
        return q, converged


def _places(joint: Model, model: Model) -> IntArray:
    bins = [
        b for name in model.channels for b in range(*joint.channels[name].indices(joint.n_bins))
    ]
    auxiliary = [joint.n_bins + joint.constrained.index(name) for name in model.constrained]
    return np.array([*bins, *auxiliary], dtype=np.int64)
