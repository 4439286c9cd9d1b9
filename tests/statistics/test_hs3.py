"""HS3 out and in, without ROOT; with pyhs3 where it is installed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exonu.cli import main
from exonu.core.errors import InputError
from exonu.search.hs3_files import convert_file
from exonu.statistics import compile_workspace
from exonu.statistics.examples import recoil_workspace, two_bins_workspace
from exonu.statistics.workspaces.hs3 import from_hs3, to_hs3


def test_unknown_modifier_is_refused_by_name() -> None:
    with pytest.raises(InputError, match=r"sample background, modifier uncertainty.*'shapesys'"):
        to_hs3(two_bins_workspace(), {})


def test_several_staterror_names_are_refused() -> None:
    workspace = recoil_workspace(bins=2, backgrounds=1, nuisances=0)
    workspace["channels"][0]["samples"][0]["modifiers"][-1]["name"] = "other"
    with pytest.raises(InputError, match=r"channel recoils.*several staterror names"):
        to_hs3(workspace, {})


def test_every_number_of_the_workspace_is_carried_over() -> None:
    workspace = recoil_workspace(bins=4, backgrounds=2, nuisances=4)
    workspace["measurements"][0]["config"]["parameters"].append(
        {"name": "mu", "bounds": [[0.0, 7.0]]}
    )
    document = json.loads(json.dumps(to_hs3(workspace, {})))
    ours, theirs = workspace["channels"][0]["samples"], document["distributions"][0]["samples"]
    assert [sample["data"] for sample in ours] == [sample["data"]["contents"] for sample in theirs]
    for sample, other in zip(ours, theirs, strict=True):
        for modifier, copy in zip(sample["modifiers"], other["modifiers"], strict=True):
            values = modifier["data"]
            if modifier["type"] == "histosys":
                assert values == {
                    f"{side}_data": copy["data"][side]["contents"] for side in ("hi", "lo")
                }
            elif modifier["type"] == "normsys":
                assert values == copy["data"]
            elif modifier["type"] == "staterror":
                assert values == other["data"]["errors"]
    assert document["data"][0]["contents"] == workspace["observations"][0]["data"]
    assert {"name": "mu", "min": 0.0, "max": 7.0} in document["domains"][0]["axes"]


def test_tied_normfactor_is_a_function_and_no_parameter() -> None:
    workspace = recoil_workspace(bins=2, backgrounds=1, nuisances=0, staterror=False)
    workspace["channels"][0]["samples"][1]["modifiers"].append(
        {"name": "mu_sq", "type": "normfactor", "data": None}
    )
    document = to_hs3(workspace, {"mu_sq": "mu**2"})
    assert document["functions"] == [
        {"name": "mu_sq", "type": "generic_function", "expression": "mu*mu"}
    ]
    assert [axis["name"] for axis in document["domains"][0]["axes"]] == ["mu"]


@settings(max_examples=30, deadline=None)
@given(
    bins=st.integers(1, 5),
    backgrounds=st.integers(1, 3),
    nuisances=st.integers(0, 5),
    quadratic=st.booleans(),
)
def test_what_goes_out_comes_back(
    bins: int, backgrounds: int, nuisances: int, quadratic: bool
) -> None:
    workspace = recoil_workspace(bins=bins, backgrounds=backgrounds, nuisances=nuisances)
    ties = {}
    if quadratic:
        ties = {"mu_sq": "mu**2"}
        square = {"name": "mu_sq", "type": "normfactor", "data": None}
        pure = {"name": "pure", "data": [1.0] * bins, "modifiers": [square]}
        workspace["channels"][0]["samples"].append(pure)
        workspace["measurements"][0]["config"]["parameters"].append(
            {"name": "mu_sq", "inits": [1.0], "fixed": True}
        )
    document = json.loads(json.dumps(to_hs3(workspace, ties)))
    again, found = from_hs3(document)
    assert found == ties
    assert again["channels"] == workspace["channels"]
    assert again["observations"] == workspace["observations"]
    ours, theirs = (compile_workspace(one, poi_map=ties or None) for one in (workspace, again))
    assert ours.parameters == theirs.parameters
    theta = ours.theta({"mu": 0.4})
    assert theirs.nll(theta) == ours.nll(theta)
    np.testing.assert_array_equal(ours.fixed, theirs.fixed)


def test_bounds_and_constants_come_back() -> None:
    workspace = recoil_workspace(bins=2, backgrounds=1, nuisances=2, staterror=False)
    parameters = workspace["measurements"][0]["config"]["parameters"]
    parameters += [
        {"name": "mu", "inits": [2.0], "bounds": [[0.0, 7.0]], "fixed": True},
        {"name": "shape_0", "bounds": [[-1.5, 1.5]]},
    ]
    again, _ = from_hs3(to_hs3(workspace, {}))
    assert again["measurements"][0]["config"]["parameters"] == [
        {"name": "mu", "inits": [2.0], "bounds": [[0.0, 7.0]], "fixed": True},
        {"name": "shape_0", "bounds": [[-1.5, 1.5]]},
    ]


def changed(change: Any) -> dict[str, Any]:
    document = to_hs3(recoil_workspace(bins=2, backgrounds=1, nuisances=2), {})
    change(document)
    return document


def first_modifier(document: dict[str, Any]) -> dict[str, Any]:
    return document["distributions"][0]["samples"][0]["modifiers"][0]


SINE = {"name": "f", "expression": "sin(mu)"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda d: d["distributions"][0].update(type="gaussian_dist"),
            "distributions, recoils: is of type 'gaussian_dist'",
        ),
        (lambda d: d.update(likelihoods=[]), "likelihoods: holds 0 entries"),
        (lambda d: d["functions"].append(SINE), r"f: cannot be converted \(expression 'sin"),
        (lambda d: first_modifier(d).update(type="shapesys"), "cannot be converted from HS3 here"),
    ],
)
def test_what_pyhf_cannot_say_is_refused(change: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        from_hs3(changed(change), "model.json")


def test_files_go_out_and_in_by_command(tmp_path: Path, capsys: Any) -> None:
    workspace = recoil_workspace(bins=3, backgrounds=1, nuisances=2)
    pyhf_file, hs3_file, again = (tmp_path / f"{name}.json" for name in ("one", "hs3", "again"))
    pyhf_file.write_text(json.dumps(workspace))
    assert main(["hs3", str(pyhf_file), "-o", str(hs3_file)]) == 0
    assert main(["limit", str(hs3_file)]) == 1
    assert (
        "is not a pyhf workspace, but an HS3 document; convert it with `exonu hs3`"
        in capsys.readouterr().err
    )
    assert main(["hs3", str(hs3_file), "-o", str(again)]) == 0
    assert json.loads(capsys.readouterr().out)["form"] == "pyhf workspace"
    assert json.loads(again.read_text())["channels"] == workspace["channels"]
    workspace["measurements"] *= 2
    pyhf_file.write_text(json.dumps(workspace))
    assert main(["hs3", str(pyhf_file), "-o", str(hs3_file)]) == 1
    assert "measurements: has several measurements; keep" in capsys.readouterr().err


FAULTS: dict[str, tuple[Any, str]] = {
    "no parameter of interest": (
        lambda d: d["analyses"][0].pop("parameters_of_interest"),
        r"analyses.0.parameters_of_interest: is missing; add it: The parameter of interest",
    ),
    "two of them": (
        lambda d: d["analyses"][0].update(parameters_of_interest=["mu", "nu"]),
        r"parameters_of_interest: must have at most 1 entries",
    ),
    "data of no channel": (
        lambda d: d["likelihoods"][0].update(data=["others"]),
        r"data, others: is in the likelihood, and not there; add these data",
    ),
    "two data of one channel": (
        lambda d: d["likelihoods"][0]["data"].append("others"),
        r"likelihoods: names 1 distributions and 2 data; give each distribution its data",
    ),
    "a modifier without a name": (
        lambda d: d["distributions"][0]["samples"][0]["modifiers"][0].pop("name"),
        r"modifiers.0.name: is missing; add it: A name",
    ),
    "statistical errors that are not there": (
        lambda d: d["distributions"][0]["samples"][0]["data"].pop("errors"),
        r"sample signal, data: has a staterror and no errors; add `errors`",
    ),
    "a text as counts": (
        lambda d: d["data"][0].update(contents=["a", 1, 2]),
        r"data.0.contents.0: must be a number \(got the text 'a'\)",
    ),
    "a range without an end": (
        lambda d: d["domains"][0]["axes"][0].update(max=float("inf")),
        r"domains.0.axes.0.max.*must be a finite number",
    ),
    "two bins of three": (
        lambda d: d["data"][0].update(contents=[1, 2]),
        r"2 bins|observation",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_document_that_says_no_model_is_refused(tmp_path: Path, fault: str) -> None:
    change, message = FAULTS[fault]
    document = to_hs3(recoil_workspace(bins=3, backgrounds=1, nuisances=2), {})
    change(document)
    file = tmp_path / "document.json"
    file.write_text(json.dumps(document))
    with pytest.raises(InputError, match=message) as error:
        convert_file(file, tmp_path / "made.json")
    assert str(error.value).startswith(str(file))


@pytest.mark.slow
def test_pyhs3_reads_the_same_likelihood() -> None:
    """pyhs3 takes staterrors per sample alone, so this model has none."""
    pyhs3 = pytest.importorskip("pyhs3")
    import pytensor

    workspace = recoil_workspace(bins=4, backgrounds=2, nuisances=4, staterror=False)
    ours = compile_workspace(workspace)
    model = pyhs3.Workspace(**to_hs3(workspace, {})).model("analysis", progress=False)
    names = [name for name in model.parameters if not name.endswith("_observed")]
    inputs = [model.parameters[name] for name in names]
    log_prob = pytensor.function(inputs, model.log_prob, on_unused_input="ignore")
    for values in ({}, {"mu": 0.7, "rate_1": 0.3, "shape_0": -1.4}, {"mu": 2.0, "rate_3": -2.0}):
        known = {"mu": 1.0, **values}
        given_values = [known.get(name.removeprefix("alpha_"), 0.0) for name in names]
        assert -float(log_prob(*given_values)) == pytest.approx(ours.nll(values), abs=1e-9)
