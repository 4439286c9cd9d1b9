"""The converter to HS3, without ROOT."""

from __future__ import annotations

import json

import pytest

from exonu.core.errors import InputError
from exonu.statistics.examples import recoil_workspace, two_bins_workspace
from exonu.statistics.workspaces.hs3 import to_hs3


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
