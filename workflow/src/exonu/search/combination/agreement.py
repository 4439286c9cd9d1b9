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

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.special import gammaincc

from exonu.core.files import finite
from exonu.core.types import Json
from exonu.search.limit_records import limit_methods
from exonu.statistics import Model, compile_workspace, fit
from exonu.statistics.engine.flat import FloatArray
from exonu.statistics.fitting import Minimum, auxiliary_start, minimise
from exonu.statistics.profiling import Profile, Tally
from exonu.statistics.quadratic import survey
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
    combined: Mapping[str, Any],
    confidence_level: float,
    *,
    toys: int = 0,
    seed: int = 0,
) -> Json:
    """Contributions and compatibility of a joined workspace: the entry `combination` of a record.

    Args:
        spec, meaning: a joined workspace and its page.
        combined: its asymptotic limit, as `limit_methods` gives it.
        confidence_level: confidence level.
        toys: toys of the compatibility test; 0 for none.
        seed: their seed.
    """
    models = {
        experiment: compile_workspace(
            alone(spec, meaning, experiment), poi_map=_ties_of(meaning["poi_map"])
        )
        for experiment in meaning["experiments"]
    }
    limits = {
        experiment: limit_methods(model, ["asymptotic"], confidence_level)["asymptotic"]
        for experiment, model in models.items()
    }
    at = combined["expected"][2]
    information = {
        experiment: _information(model, at) if at is not None else np.nan
        for experiment, model in models.items()
    }
    total = sum(information.values())
    return {
        "contributions": [
            {
                "experiment": experiment,
                "observed": limits[experiment]["observed"],
                "expected": limits[experiment]["expected"],
                "best_fit": limits[experiment]["record"]["best_fit"],
                "information": finite(information[experiment]),
                "share": finite(information[experiment] / total) if total > 0 else None,
            }
            for experiment in models
        ],
        "compatibility": compatibility(spec, meaning, models, toys=toys, seed=seed),
    }


def _ties_of(poi_map: Mapping[str, str]) -> dict[str, str] | None:
    return dict(poi_map) or None


def _information(model: Model, mu: float) -> float:
    """-2 ln L of the Asimov data without signal at μ."""
    profile = Profile.of(model, model.data(), Tally())
    return Profile.asimov(profile).twice_delta(mu)[0]


def compatibility(
    spec: Json,
    meaning: Mapping[str, Any],
    models: Mapping[str, Model],
    *,
    toys: int = 0,
    seed: int = 0,
) -> Json:
    """Likelihood ratio of a common strength against one for each experiment.

    Args:
        spec, meaning: a joined workspace and its page.
        models: the compiled workspace of each experiment alone.
        toys: how many toys; 0 for none, and the asymptotic p-value stands alone.
        seed: their seed.

    Returns:
        `q`, `degrees`, `p_value` (asymptotic), `p_value_toys` and its error, the strengths `common`
        and `separate` in units of μ, and `failed` fits.
    """
    test = _Ratio(spec, meaning, models)
    q, common, separate, converged = test(test.joint.data())
    degrees = len(models) - 1
    found: Json = {
        "q": finite(q),
        "degrees": degrees,
        "p_value": finite(float(gammaincc(degrees / 2, q / 2))),
        "p_value_toys": None,
        "p_value_toys_error": None,
        "toys": 0,
        "common": finite(common.theta[test.joint.poi_index]),
        "separate": {name: finite(separate.theta[index]) for name, index in test.strengths.items()},
        "failed": int(not converged),
    }
    if toys:
        rng = np.random.default_rng(seed)
        drawn = sample_data(test.joint, common.theta, toys, rng)
        tried = [test(np.ascontiguousarray(data)) for data in drawn]
        good = np.array([one[0] for one in tried if one[3]])
        p = float(np.mean(good >= q - 1e-9)) if good.size else np.nan
        error = np.sqrt(p * (1 - p) / good.size) if good.size else np.nan
        found |= {"p_value_toys": finite(p), "p_value_toys_error": finite(float(error))}
        found |= {"toys": int(good.size), "failed": found["failed"] + toys - int(good.size)}
    return found


class _Ratio:
    """q of a data set, from two fits of it."""

    def __init__(self, spec: Json, meaning: Mapping[str, Any], models: Mapping[str, Model]) -> None:
        made, ties, strengths = with_own_strengths(spec, meaning)
        self.joint = compile_workspace(spec, poi_map=_ties_of(meaning["poi_map"]))
        self.free = compile_workspace(made, poi_map=ties or None)
        self.strengths = {name: self.free.index(one) for name, one in strengths.items()}
        self.models = models
        # Positions in the data of each experiment's bins and auxiliary measurements.
        self.where = {name: _places(self.joint, model) for name, model in models.items()}
        # Nuisance parameters have other places in the two models, and the same names.
        self.common = [
            (i, self.free.index(name))
            for i, name in enumerate(self.joint.parameters)
            if name in self.free.parameters
        ]
        self.auxiliary = [
            self.joint.n_bins + self.joint.constrained.index(name) for name in self.free.constrained
        ]

    def __call__(self, data: FloatArray) -> tuple[float, Minimum, Minimum, bool]:
        common = self._common(data)
        same = np.concatenate([data[: self.joint.n_bins], data[self.auxiliary]])
        held = self.free.fixed.copy()
        starts = []
        for own in (True, False):
            start = np.where(held, self.free.init, auxiliary_start(self.free, same))
            for i, j in self.common:
                start[j] = common.theta[i]
            for name, index in self.strengths.items():
                start[index] = (
                    self._best_alone(name, data) if own else common.theta[self.joint.poi_index]
                )
            starts.append(start)
        found = [minimise(self.free, same, start, held) for start in starts]
        best = min(
            [one for one in found if one.converged] or found, key=lambda minimum: minimum.value
        )
        q = max(2.0 * (common.value - best.value), 0.0)
        return q, common, best, common.converged and best.converged

    def _common(self, data: FloatArray) -> Minimum:
        """The best fit of all together; a quadratic signal is scanned, as it may have several
        minima."""
        if not self.joint.tied:
            found: Minimum = fit(self.joint, data).minimum
            return found
        profile = Profile.of(self.joint, data, Tally())
        survey(profile, Profile.asimov(profile))
        return profile.best

    def _best_alone(self, experiment: str, data: FloatArray) -> float:
        model = self.models[experiment]
        own = np.ascontiguousarray(data[self.where[experiment]])
        if not model.tied:
            return float(fit(model, own).parameters[model.poi_index])
        profile = Profile.of(model, own, Tally())
        survey(profile, Profile.asimov(profile))
        return profile.mu_hat


def _places(joint: Model, model: Model) -> FloatArray:
    bins: Sequence[int] = [
        b for name in model.channels for b in range(*joint.channels[name].indices(joint.n_bins))
    ]
    auxiliary = [joint.n_bins + joint.constrained.index(name) for name in model.constrained]
    return np.array([*bins, *auxiliary], dtype=np.int64)
