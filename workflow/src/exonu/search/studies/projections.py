"""A search with another live time: the same model, with all its counts scaled and an Asimov data
set."""

from __future__ import annotations

import copy

import numpy as np

from exonu.core.types import Json
from exonu.templates.unseen import is_of_the_simulations_statistics, is_unseen

FREE_OF_PRIORS = ("mu", "mu_sq")
KINDS = {"all": "", "no-mc": "-no-mc", "stat": "-stat"}
"""Which uncertainties a projection has, and what the names of its limits end with."""


def projection(spec: Json, factor: float, *, uncertainties: str = "all") -> Json:
    """A workspace with its live time multiplied.

    Templates, their variations and the errors of the simulation scale; relative uncertainties stay.
    The data are the expected counts without a signal, all nuisance parameters at their nominal
    values.

    Args:
        spec: pyhf's JSON of a workspace of this program.
        factor: new live time over the old one.
        uncertainties: `all`; `no-mc`, without those of the simulation's statistics; or `stat`, with
            all that could be fitted but the signal left out, so that it stays nominal.

    >>> sample = {"name": "b", "data": [2.0], "modifiers": [{"name": "b_norm", "type": "normfactor", "data": None}]}
    >>> signal = {"name": "s", "data": [1.0], "modifiers": [{"name": "mu", "type": "normfactor", "data": None}]}
    >>> spec = {"channels": [{"name": "c", "samples": [sample, signal]}],
    ...         "observations": [{"name": "c", "data": [7.0]}], "measurements": [{"config": {"parameters": []}}]}
    >>> projection(spec, 10)["observations"][0]["data"]
    [20.0]
    """
    made = copy.deepcopy(spec)
    [channel] = made["channels"]
    expected = np.zeros(len(channel["samples"][0]["data"]))
    for sample in channel["samples"]:
        is_signal = any(modifier["name"] in FREE_OF_PRIORS for modifier in sample["modifiers"])
        if uncertainties != "all":
            _take_out_unseen(sample)
        sample["data"] = _times(factor, sample["data"])
        if not is_signal:
            expected += np.asarray(sample["data"])
        sample["modifiers"] = [
            one for one in sample["modifiers"] if not _left_out(one, uncertainties)
        ]
        for modifier in sample["modifiers"]:
            if modifier["type"] == "histosys":
                modifier["data"] = {
                    key: _times(factor, counts) for key, counts in modifier["data"].items()
                }
            elif modifier["type"] == "staterror":
                modifier["data"] = _times(factor, modifier["data"])
    made["observations"][0]["data"] = expected.tolist()
    left = {one["name"] for sample in channel["samples"] for one in sample["modifiers"]}
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


def _times(factor: float, counts: list[float]) -> list[float]:
    return [factor * count for count in counts]
