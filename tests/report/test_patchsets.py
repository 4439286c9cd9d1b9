"""Workspaces as a pyhf patchset: plain pyhf accepts it, and gives back each workspace."""

import copy
import json

import pytest

from exonu.core.errors import InputError
from exonu.core.files import read_json, write_json
from exonu.core.resources import resource_path
from exonu.report.hepdata.patchsets import background_only, digest, patch_name, patchset
from exonu.search.analysis import default_settings
from exonu.search.build_workspaces import build_workspaces
from exonu.search.experiment.read_experiment import read_experiment

pytestmark = pytest.mark.filterwarnings(
    "ignore:jsonschema.RefResolver:DeprecationWarning"
)  # pyhf's
MASSES = (1e-3, 0.1, 2.154e-5, 10.0)


@pytest.fixture(scope="module")
def cases():
    """Workspaces of four masses, as the workflow makes them."""
    experiment = read_experiment(resource_path("template") / "experiment.yaml")
    made = build_workspaces(
        experiment, "dark-photon", default_settings(), [("all", mass) for mass in MASSES]
    )
    return [
        (workspace.name, json.loads(json.dumps(workspace.spec)), workspace.meaning)
        for workspace in made
    ]


@pytest.fixture(scope="module")
def pair(cases, tmp_path_factory):
    """Background and patchset, written and read again."""
    folder = tmp_path_factory.mktemp("patchset")
    for name, content in zip(
        ("background", "patchset"), patchset(cases, ["mass_MeV"], "masses"), strict=True
    ):
        write_json(folder / f"{name}.json", content)
    return read_json(folder / "background.json"), read_json(folder / "patchset.json")


def test_pyhf_gives_back_each_workspace(cases, pair):
    import pyhf

    background, written = pair
    patches = pyhf.PatchSet(written)  # checks the schema, names and labels
    patches.verify(background)
    assert len(patches) == len(cases)
    for name, spec, meaning in cases:
        patched = patches.apply(background, patch_name(name))
        assert dict(patched) == spec
        assert dict(patches.apply(background, (meaning["mass_MeV"],))) == spec
        assert patches[patch_name(name)].metadata["meaning"] == meaning


def test_the_digest_is_pyhf_s_and_no_other_background_is_accepted(pair):
    import pyhf

    background, written = pair
    assert (
        written["metadata"]["digests"]["sha256"]
        == digest(background)
        == pyhf.utils.digest(background)
    )
    other = copy.deepcopy(background)
    other["observations"][0]["data"][0] += 1
    with pytest.raises(pyhf.exceptions.PatchSetVerificationError):
        pyhf.PatchSet(written).verify(other)


def test_the_background_alone_is_a_model(pair):
    """Without signal, and without a parameter of interest that nothing has."""
    import pyhf

    model = pyhf.Workspace(pair[0]).model()
    assert model.config.poi_name is None
    assert not {"mu", "mu_sq"} & set(model.config.parameters)
    assert model.config.samples


def test_samples_keep_their_place(cases):
    """A signal that stands first, and a channel without one."""
    import pyhf

    name, spec, meaning = copy.deepcopy(cases[0])
    [channel] = spec["channels"]
    quiet = copy.deepcopy(channel) | {"name": "side", "samples": channel["samples"][:1]}
    channel["samples"].reverse()
    spec["channels"].append(quiet)
    spec["observations"].append({**spec["observations"][0], "name": "side"})
    background, written = patchset([(name, spec, meaning)], ["mass_MeV"], "one")
    assert dict(pyhf.PatchSet(written).apply(background, patch_name(name))) == spec


def test_other_backgrounds_are_refused(cases):
    name, spec, meaning = copy.deepcopy(cases[1])
    spec["observations"][0]["data"][0] += 1
    with pytest.raises(InputError, match=rf"{name} has another background than {cases[0][0]}"):
        patchset([cases[0], (name, spec, meaning)], ["mass_MeV"], "two")


def test_equal_names_are_refused(cases):
    _, spec, meaning = cases[0]
    with pytest.raises(InputError, match=r"a\.b has the same name in a patchset as another"):
        patchset([("a-b", spec, meaning), ("a.b", spec, meaning)], ["mass_MeV"], "two")


def test_a_background_is_left_as_it_was(cases):
    _, spec, meaning = cases[0]
    before = copy.deepcopy(spec)
    assert {
        sample["name"] for sample in background_only(spec, meaning)["channels"][0]["samples"]
    } < {sample["name"] for sample in spec["channels"][0]["samples"]}
    assert spec == before
