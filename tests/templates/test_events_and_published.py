"""An analysis of events and a published spectrum in one likelihood, from files to the end."""

import copy
import json

import numpy as np
import pyhf
import pytest
from toy_analysis import make_toy

from exonu.core.errors import InputError
from exonu.core.resources import resource_path
from exonu.search.analysis import default_settings
from exonu.search.build_workspaces import build_workspaces, write_meaning
from exonu.search.combination.from_files import combine_files, limit_of_files
from exonu.search.experiment.read_experiment import read_experiment
from exonu.statistics import NewtonOptimizer

PUBLISHED = resource_path("published/xenonnt-sr0/experiment.yaml")
REFERENCE = 3e-11


@pytest.fixture(scope="module")
def events(tmp_path_factory):
    _, file = make_toy(tmp_path_factory.mktemp("toy"))
    return file


def made_of(file, **physics):
    settings = default_settings()
    settings["physics"] |= physics
    [made] = build_workspaces(read_experiment(file), "magnetic-moment", settings, [("all", None)])
    return made


def by_hand(files):
    """Both workspaces under other names and in one unit of μ, with nothing of `joining`."""
    channels, observations, parameters = [], [], {}
    for letter, file in zip("ab", files, strict=True):
        made = made_of(file)
        spec = copy.deepcopy(made.spec)
        ratio = (REFERENCE / made.meaning["reference_strength"]) ** 2

        def renamed(name, letter=letter):
            return name if name == "mu" or name.startswith("flux_") else f"{letter}_{name}"

        for channel in spec["channels"]:
            channel["name"] = f"{letter}_{channel['name']}"
            for sample in channel["samples"]:
                is_signal = any(one["name"] == "mu" for one in sample["modifiers"])
                for one in sample["modifiers"]:
                    one["name"] = renamed(one["name"])
                    if is_signal and one["type"] == "histosys":
                        one["data"] = {
                            k: (ratio * np.array(v)).tolist() for k, v in one["data"].items()
                        }
                if is_signal:
                    sample["data"] = (ratio * np.array(sample["data"])).tolist()
        channels += spec["channels"]
        observations += [{**one, "name": f"{letter}_{one['name']}"} for one in spec["observations"]]
        for one in spec["measurements"][0]["config"]["parameters"]:
            parameters[renamed(one["name"])] = {**one, "name": renamed(one["name"])}
    config = {"poi": "mu", "parameters": list(parameters.values())}
    return {
        "version": "1.0.0",
        "channels": channels,
        "observations": observations,
        "measurements": [{"name": "both", "config": config}],
    }


def test_agrees_with_pyhf_and_says_what_is_shared(events, tmp_path):
    found = limit_of_files([events, PUBLISHED], 0.9, interaction="magnetic-moment")
    workspace = pyhf.Workspace(by_hand([events, PUBLISHED]))
    model = workspace.model()
    pyhf.set_backend("numpy", NewtonOptimizer())
    try:
        observed, expected = (
            pyhf.infer.hypotest(
                (limit / REFERENCE) ** 2, workspace.data(model), model, return_expected=True
            )[part]
            for part, limit in enumerate((found["observed"], found["expected"][2]))
        )
    finally:
        pyhf.set_backend("numpy")
    assert float(observed) == pytest.approx(0.1, rel=1e-3)
    assert float(expected) == pytest.approx(0.1, rel=1e-3)
    assert found["is_simulated"]
    assert set(found["experiments"]) == {"toy", "XENONnT SR0"}
    assert found["shared"]["flux_pp"] == ["XENONnT_SR0", "toy"]
    both = found["combination"]
    assert sum(one["share"] for one in both["contributions"]) == pytest.approx(1)
    assert all(one["observed"] > 0 for one in both["contributions"])
    assert both["compatibility"]["q"] >= 0
    assert both["compatibility"]["failed"] == 0
    written = combine_files(
        [PUBLISHED, events], tmp_path / "both.json", interaction="magnetic-moment"
    )
    shared = {one["parameter"]: one["shared"] for one in written["parameters"]}
    assert shared["flux_pp"]
    assert not shared["toy_energy_scale"]
    assert not shared["XENONnT_SR0_B0_norm"]
    spec = json.loads((tmp_path / "both.json").read_text())
    assert len(spec["observations"]) == len(written["channels"]) >= 2


def test_workspaces_of_another_physics_are_not_joined(events, tmp_path):
    files = []
    for name, file, physics in (
        ("mine", events, {"beryllium_line": "single"}), ("theirs", PUBLISHED, {}), ("old", PUBLISHED, {})
    ):  # fmt: skip
        made = made_of(file, **physics)
        if name == "old":
            del made.meaning["physics"]
        files.append(tmp_path / f"{name}.json")
        files[-1].write_text(json.dumps(made.spec))
        write_meaning(tmp_path, type(made)(name, made.spec, made.meaning))
    mine, theirs, old = files
    with pytest.raises(
        InputError,
        match=r"theirs.json: physics.beryllium_line: is 'double', and 'single' in .*mine",
    ):
        limit_of_files([mine, theirs], 0.9)
    written = combine_files([mine, old], tmp_path / "both.json")
    assert any(
        "XENONnT SR0: its workspace does not say by which fluxes" in one for one in written["notes"]
    )
