"""What the engine does not support is refused by name: one test per message."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from exonu.core.errors import InputError
from exonu.statistics import compile_workspace, upper_limit
from exonu.statistics.examples import modifier, sample, two_bins, two_bins_workspace, workspace_of

Workspace = dict[str, Any]


def two_channels() -> Workspace:
    channels = [
        {
            "name": name,
            "samples": [
                sample("signal", [1.0, 2.0], modifier("mu", "normfactor")),
                sample("b", [5.0, 5.0]),
            ],
        }
        for name in ("a", "b")
    ]
    return workspace_of(channels, {"a": [5.0, 5.0], "b": [5.0, 5.0]})


def background(w: Workspace) -> dict[str, Any]:
    found: dict[str, Any] = w["channels"][0]["samples"][1]
    return found


def add(w: Workspace, *modifiers: dict[str, Any]) -> None:
    background(w)["modifiers"].extend(modifiers)


def staterrors_that_differ(w: Workspace) -> None:
    w.update(two_channels())
    for channel, name in ((0, "signal"), (0, "b"), (1, "b")):
        found = next(s for s in w["channels"][channel]["samples"] if s["name"] == name)
        found["modifiers"].append(modifier("mc", "staterror", [0.1, 0.1]))


def shared_shapefactor(w: Workspace) -> None:
    w["channels"].append(
        {"name": "other", "samples": [sample("b", [1.0], modifier("free", "shapefactor"))]}
    )
    w["observations"].append({"name": "other", "data": [1]})
    add(w, modifier("free", "shapefactor"))


def shared_shapesys(w: Workspace) -> None:
    w["channels"][0]["samples"].append(
        sample("c", [1.0, 1.0], modifier("uncertainty", "shapesys", [0.1, 0.1]))
    )


def settings(w: Workspace, **values: Any) -> None:
    w["measurements"][0]["config"]["parameters"].append(values)


REFUSED: dict[str, tuple[Callable[[Workspace], Any], str]] = {
    "modifier type": (
        lambda w: add(w, modifier("x", "gammasys")),
        "modifier x: modifier type 'gammasys' is not supported",
    ),
    "NaN yield": (
        lambda w: background(w).update(data=[50.0, np.nan]),
        "sample background, data: bin 1 is not a finite number",
    ),
    "text yield": (
        lambda w: background(w).update(data=[50.0, "52"]),
        "bin 1 is not a finite number .got '52'",
    ),
    "yield not a list": (
        lambda w: w["observations"][0].update(data=51.0),
        "must be a list of numbers",
    ),
    "NaN observed": (
        lambda w: w["observations"][0].update(data=[51, float("nan")]),
        "observations, recoils: bin 1 is not",
    ),
    "negative observed": (
        lambda w: w["observations"][0].update(data=[51, -1]),
        "negative number of events",
    ),
    "negative yield": (
        lambda w: background(w).update(data=[50.0, -2.0]),
        "background, data: bin 1 has a negative yield .-2",
    ),
    "no samples": (
        lambda w: w["channels"][0].update(samples=[]),
        "channel recoils: has no samples",
    ),
    "no bins": (
        lambda w: [s.update(data=[]) for s in w["channels"][0]["samples"]],
        "channel recoils: has no bins",
    ),
    "no channels": (lambda w: w.update(channels=[]), "the workspace has no channels"),
    "all zero": (
        lambda w: [s.update(data=[0.0, 0.0]) for s in w["channels"][0]["samples"]],
        "channel recoils: is empty: every sample is zero",
    ),
    "impossible bin": (
        lambda w: [s["data"].__setitem__(1, 0.0) for s in w["channels"][0]["samples"]],
        "bin 1 has 48 observed events, but every sample is zero there",
    ),
    "bins differ": (
        lambda w: background(w).update(data=[50.0]),
        "has 1 bins, but the channel has 2",
    ),
    "same normfactor twice": (
        lambda w: w["channels"][0]["samples"][0]["modifiers"].append(modifier("mu", "normfactor")),
        "modifier mu: the same normfactor occurs twice",
    ),
    "same name, two kinds": (
        lambda w: add(w, modifier("mu", "lumi")),
        "modifier mu: is both a lumi and a normfactor",
    ),
    "no observation": (
        lambda w: w["observations"][0].update(name="other"),
        "no observation for channel 'recoils'",
    ),
    "no measurement": (lambda w: w.update(measurements=[]), "the workspace has no measurement"),
    "two measurements": (
        lambda w: w["measurements"].append({**w["measurements"][0], "name": "second"}),
        "several measurements .search, second.",
    ),
    "no parameter of interest": (
        lambda w: w["measurements"][0]["config"].update(poi=""),
        "the measurement names no parameter of interest",
    ),
    "unknown parameter of interest": (
        lambda w: w["measurements"][0]["config"].update(poi="nu"),
        "no parameter 'nu' in the model",
    ),
    "normsys factor": (
        lambda w: add(w, modifier("r", "normsys", {"lo": 0.0, "hi": 1.1})),
        "lo must be a factor > 0",
    ),
    "negative uncertainty": (
        lambda w: add(w, modifier("mc", "staterror", [1.0, -1.0])),
        "has a negative uncertainty",
    ),
    "histosys bins": (
        lambda w: add(w, modifier("s", "histosys", {"lo_data": [1.0], "hi_data": [1.0, 2.0]})),
        "modifier s, lo_data: has 1 bins",
    ),
    "shapesys shared": (shared_shapesys, "shapesys uncertainty: is on two samples"),
    "shapefactor shared": (
        shared_shapefactor,
        "shapefactor free: is shared by channels with different numbers of bins",
    ),
    "staterror differs": (
        staterrors_that_differ,
        "staterror mc: sample b has it in a, b, others in|staterror mc: sample",
    ),
    "lumi without settings": (
        lambda w: add(w, modifier("lumi", "lumi")),
        "needs inits, bounds, auxdata and sigmas",
    ),
    "channel twice": (
        lambda w: w["channels"].append(w["channels"][0]),
        "the name 'recoils' occurs twice",
    ),
    "sample twice": (
        lambda w: w["channels"][0]["samples"].append(background(w)),
        "channel recoils: the name 'background' occurs twice",
    ),
    "setting twice": (
        lambda w: [settings(w, name="mu", inits=[1.0]), settings(w, name="mu", inits=[1.0])],
        "measurements, parameters: the name 'mu' occurs twice",
    ),
    "setting of wrong length": (
        lambda w: settings(w, name="mu", inits=[1.0, 2.0]),
        "inits has 2 values, expected 1",
    ),
    "setting not taken": (
        lambda w: settings(w, name="mu", sigmas=[1.0]),
        "parameter mu: does not take sigmas",
    ),
    "start outside of bounds": (
        lambda w: settings(w, name="mu", inits=[5.0], bounds=[[0.0, 2.0]]),
        r"initial value 5 is outside of its bounds \[0, 2\]",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_by_name(case: str) -> None:
    spoil, message = REFUSED[case]
    workspace = copy.deepcopy(two_bins_workspace())
    spoil(workspace)
    with pytest.raises(InputError, match=message):
        compile_workspace(workspace, file="w.json")


def test_the_file_is_in_the_message() -> None:
    workspace = two_bins_workspace()
    workspace["channels"][0]["samples"] = []
    with pytest.raises(
        InputError, match=r"^results/w\.json: channel recoils: has no samples; remove the channel"
    ):
        compile_workspace(workspace, file="results/w.json")


def test_unknown_measurement() -> None:
    with pytest.raises(InputError, match="no measurement 'other'; choose one of search"):
        compile_workspace(two_bins_workspace(), measurement="other")


def quadratic(poi_name: str = "mu_sq") -> Workspace:
    samples = [
        sample("interference", [-1.0, -2.0], modifier("mu", "normfactor")),
        sample("signal", [1.0, 2.0], modifier(poi_name, "normfactor")),
        sample("background", [50.0, 52.0]),
    ]
    return workspace_of([{"name": "c", "samples": samples}], {"c": [51, 48]})


def test_quadratic_signal_without_poi_map() -> None:
    with pytest.raises(InputError, match="quadratic signal mu_sq, but no poi_map"):
        compile_workspace(quadratic())


def test_poi_map_of_an_unknown_parameter() -> None:
    with pytest.raises(InputError, match="poi_map: no normfactor 'g_sq'"):
        compile_workspace(quadratic(), poi_map={"mu_sq": "mu**2", "g_sq": "mu**2"})


@pytest.mark.parametrize("expression", ["mu**3", "2*mu", "__import__('os')"])
def test_poi_map_with_another_expression(expression: str) -> None:
    with pytest.raises(InputError, match="poi_map: cannot tie mu_sq to"):
        compile_workspace(quadratic(), poi_map={"mu_sq": expression})


def test_sample_with_both_scales() -> None:
    workspace = quadratic()
    workspace["channels"][0]["samples"][1]["modifiers"].append(modifier("mu", "normfactor"))
    with pytest.raises(
        InputError, match="is scaled by the parameter of interest and by its square"
    ):
        compile_workspace(workspace, poi_map={"mu_sq": "mu**2"})


def test_staterror_on_interference() -> None:
    workspace = quadratic()
    workspace["channels"][0]["samples"][0]["modifiers"].append(
        modifier("mc", "staterror", [0.1, 0.1])
    )
    with pytest.raises(InputError, match="a staterror on a sample with negative bins"):
        compile_workspace(workspace, poi_map={"mu_sq": "mu**2"})


def test_negative_background_beside_a_quadratic_signal() -> None:
    workspace = quadratic()
    workspace["channels"][0]["samples"][2]["data"][0] = -1.0
    with pytest.raises(InputError, match="sample background, data: bin 0 has a negative yield"):
        compile_workspace(workspace, poi_map={"mu_sq": "mu**2"})


def test_data_and_parameters_of_the_wrong_shape() -> None:
    model = two_bins()
    with pytest.raises(InputError, match=r"data: data of shape \(3,\), expected \(2,\) or \(4,\)"):
        upper_limit(model, data=[1.0, 2.0, 3.0])
    with pytest.raises(InputError, match="data must be finite numbers of events >= 0"):
        upper_limit(model, data=[1.0, -2.0])
    with pytest.raises(InputError, match="got 2 parameters, the model has 3"):
        model.nll([1.0, 2.0])
    with pytest.raises(InputError, match=r"no parameter 'nu' in the model; e\.g\. mu"):
        model.nll({"nu": 1.0})
