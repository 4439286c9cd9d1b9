"""A search with another exposure or another background: the same model, with its counts scaled and
an Asimov data set.

The expected limit is that of the data without signal, the discovery reach the strength at which the
median significance of data with that signal is three standard deviations (or another number): q_0
of the Asimov data with signal, Cowan et al., arXiv:1007.1727, equation 102."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from exonu.core.errors import ArgumentError, InputError
from exonu.core.types import Json
from exonu.search.strengths import strength
from exonu.statistics import Model, compile_workspace, upper_limit
from exonu.statistics.fitting import minimise
from exonu.statistics.profiling import find_root, signal_scale
from exonu.templates.unseen import is_of_the_simulations_statistics, is_unseen

FREE_OF_PRIORS = ("mu", "mu_sq")
COMPUTED = ("solar_neutrinos",)
"""Samples that no cleaner detector has less of."""
BANDS = ("expected_minus2", "expected_minus1", "expected", "expected_plus1", "expected_plus2")
KINDS = {"all": "", "no-mc": "-no-mc", "stat": "-stat"}
"""Which uncertainties a projection has, and what the names of its limits end with."""


def projection(
    spec: Json, factor: float, *, background: float = 1.0, uncertainties: str = "all"
) -> Json:
    """A workspace with its exposure multiplied, and its backgrounds lowered or raised.

    Templates, their variations and the errors of the simulation scale; relative uncertainties stay.
    The data are the expected counts without a signal, all nuisance parameters at their nominal
    values.

    Args:
        spec: pyhf's JSON of a workspace of this program.
        factor: new exposure (or live time) over the old one.
        background: new background per exposure over the old one. Solar neutrinos that are a sample
            of their own stay; those inside a published background scale with it.
        uncertainties: `all`; `no-mc`, without those of the simulation's statistics; or `stat`, with
            all that could be fitted but the signal left out, so that it stays nominal.

    >>> sample = {"name": "b", "data": [2.0], "modifiers": [{"name": "b_norm", "type": "normfactor", "data": None}]}
    >>> signal = {"name": "s", "data": [1.0], "modifiers": [{"name": "mu", "type": "normfactor", "data": None}]}
    >>> spec = {"channels": [{"name": "c", "samples": [sample, signal]}],
    ...         "observations": [{"name": "c", "data": [7.0]}], "measurements": [{"config": {"parameters": []}}]}
    >>> projection(spec, 10)["observations"][0]["data"]
    [20.0]
    >>> projection(spec, 10, background=0.1)["observations"][0]["data"]
    [2.0]
    """
    made = copy.deepcopy(spec)
    data = {}
    for channel in made["channels"]:
        expected = np.zeros(len(channel["samples"][0]["data"]))
        for sample in channel["samples"]:
            is_signal = any(modifier["name"] in FREE_OF_PRIORS for modifier in sample["modifiers"])
            if uncertainties != "all":
                _take_out_unseen(sample)
            stays = is_signal or sample["name"] in COMPUTED
            _scale(sample, factor * (1.0 if stays else background))
            if not is_signal:
                expected += np.asarray(sample["data"])
            sample["modifiers"] = [
                one for one in sample["modifiers"] if not _left_out(one, uncertainties)
            ]
        data[channel["name"]] = expected.tolist()
    for observation in made["observations"]:
        observation["data"] = data[observation["name"]]
    left = {
        one["name"]
        for channel in made["channels"]
        for sample in channel["samples"]
        for one in sample["modifiers"]
    }
    config = made["measurements"][0]["config"]
    config["parameters"] = [one for one in config["parameters"] if one["name"] in left]
    return made


def _left_out(modifier: Json, uncertainties: str) -> bool:
    if uncertainties == "no-mc":
        return is_of_the_simulations_statistics(modifier)
    return uncertainties == "stat" and modifier["name"] not in FREE_OF_PRIORS


def _take_out_unseen(sample: Json) -> None:
    """Without the counts that stand for events too rare for the simulation
    (`exonu.templates.unseen`): what more of it would tend to."""
    varied = [one["data"] for one in sample["modifiers"] if one["type"] == "histosys"]
    for modifier in [one for one in sample["modifiers"] if is_unseen(one["name"])]:
        ends = modifier["data"]
        rare = (np.asarray(ends["hi_data"]) - np.asarray(ends["lo_data"])) / 2
        sample["data"] = np.maximum(sample["data"] - rare, 0.0).tolist()
        for data in varied:
            data |= {key: np.maximum(data[key] - rare, 0.0).tolist() for key in data}


def _scale(sample: Json, factor: float) -> None:
    sample["data"] = _times(factor, sample["data"])
    for modifier in sample["modifiers"]:
        if modifier["type"] == "histosys":
            modifier["data"] = {
                key: _times(factor, counts) for key, counts in modifier["data"].items()
            }
        elif modifier["type"] in ("staterror", "shapesys"):
            modifier["data"] = _times(factor, modifier["data"])


def _times(factor: float, counts: Sequence[float]) -> list[float]:
    return [factor * count for count in counts]


def discovery_reach(model: Model, significance: float = 3.0) -> float:
    """The μ at which Asimov data with that signal have the given median significance; infinite if
    none within its bound has, NaN if it was not found.

    Of several crossings of a quadratic signal with interference, the largest: beyond it every
    signal is seen.
    """
    i = model.poi_index
    held = model.fixed | (np.arange(model.init.size) == i)
    scale = signal_scale(model, model.theta({model.poi: 0.0}))
    if not np.isfinite(scale):
        return float("inf")

    def distance(mu: float) -> tuple[float, float]:
        """√q_0 - Z at μ, and the slope of a difference."""
        here, beyond = (_root_q0(model, held, x) for x in (mu, mu * (1 + 1e-4)))
        return here - significance, (beyond - here) / (1e-4 * mu)

    upper = float(model.flat.upper[i])
    grid = np.geomspace(1e-2, 1e3, 61) * scale
    grid = grid[grid < upper]
    above = np.array([_root_q0(model, held, float(mu)) > significance for mu in grid])
    if not above.size or not above[-1]:
        return float("inf")
    first = int(np.flatnonzero(~above)[-1]) + 1 if not above.all() else 0
    low = float(grid[first - 1]) if first else 0.0
    guess = float(np.sqrt(max(low, 1e-3 * grid[first]) * grid[first]))
    return find_root(distance, guess, low, float(grid[first])).value


def _root_q0(model: Model, held: Any, mu: float) -> float:
    """√q_0 of the Asimov data with the signal μ: their likelihood is perfect at the truth."""
    data = model.expected_data({model.poi: mu})
    start = model.theta({model.poi: 0.0})
    found = minimise(model, data, start, held)
    if not np.isfinite(found.value):
        return float("inf")
    return float(np.sqrt(max(2.0 * found.value, 0.0))) if found.converged else float("nan")


def exposure_of(meaning: Mapping[str, Any], file: Any = None) -> float:
    """The exposure of a workspace in tonne·year.

    Raises:
        InputError: if its sidecar file does not say.
    """
    if "exposure_tonne_year" not in meaning:
        raise InputError(
            "has no exposure to project from",
            file=file,
            field="exposure_tonne_year",
            remedy="project one experiment; make its workspaces again if they are older",
        )
    value = meaning["exposure_tonne_year"]
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise InputError(
            f"must be a number > 0 (got {value!r})",
            file=file,
            field="exposure_tonne_year",
            remedy="make the workspaces again with snakemake",
        )
    return float(value)


def projection_rows(
    spec: Json,
    meaning: Mapping[str, Any],
    exposures_tonne_year: Sequence[float],
    backgrounds: Sequence[float] = (1.0,),
    *,
    confidence_level: float = 0.9,
    significance: float = 3.0,
    file: Any = None,
) -> list[Json]:
    """Expected limits and discovery reach against exposure and background, in the physical
    parameter: rows of `limits/projections.csv`.

    Args:
        spec, meaning: a workspace and its sidecar file.
        exposures_tonne_year: exposures.
        backgrounds: backgrounds per exposure, in units of today's.
        confidence_level: confidence level of the limits.
        significance: Z of the reach.
        file: the workspace's file, for messages.

    Raises:
        InputError: exposures or backgrounds that are not positive.
    """
    asked = {"exposures_tonne_year": exposures_tonne_year, "backgrounds": backgrounds}
    for name, values in asked.items():
        if not values or min(values) <= 0:
            raise ArgumentError(
                f"must be numbers > 0 (got {list(values)!r})", file=file, field=name
            )
    own, rows = exposure_of(meaning, file), []
    for background in backgrounds:
        for exposure in exposures_tonne_year:
            for systematics in (True, False):
                made = projection(
                    spec,
                    exposure / own,
                    background=background,
                    uncertainties="all" if systematics else "stat",
                )
                model = compile_workspace(made, poi_map=meaning["poi_map"] or None, file=file)
                limit = upper_limit(model, confidence_level=confidence_level)
                reach = discovery_reach(model, significance)
                rows.append(
                    {
                        **{key: meaning[key] for key in _KEYS},
                        "own_exposure_tonne_year": own,
                        "exposure_tonne_year": exposure,
                        "background": background,
                        "systematics": systematics,
                        "confidence_level": confidence_level,
                        **{
                            band: _finite_strength(mu, meaning)
                            for band, mu in zip(BANDS, limit.expected.tolist(), strict=True)
                        },
                        "significance": significance,
                        "discovery": _finite_strength(reach, meaning),
                        "is_simulated": meaning["is_simulated"],
                    }
                )
    return rows


_KEYS = ("experiment", "interaction", "flavour", "mass_MeV", "parameter", "unit")


def _finite_strength(mu: float, meaning: Mapping[str, Any]) -> float | None:
    return strength(mu, meaning) if np.isfinite(mu) else None
