"""The many-body ratio of the weak rate, and what it does to a workspace."""

import numpy as np
import pytest

from exonu.core.errors import InputError
from exonu.core.resources import resource_path
from exonu.core.settings import merged
from exonu.interactions import Physics, RecoilSpectra
from exonu.interactions.many_body import many_body_ratio
from exonu.search.analysis import default_settings
from exonu.search.build_workspaces import build_workspaces
from exonu.search.experiment.read_experiment import read_experiment

ENERGIES = np.array([1.0, 2.0, 5.0, 10.0, 28.0])
RRPA = tuple((name, "rrpa") for name in ("weak", "dark-photon"))


def test_the_ratio_lies_between_the_sources():
    ratio, error = many_body_ratio("xenon", ENERGIES)
    assert ratio == pytest.approx([0.86, 0.88, 0.86, 0.82, 0.735])
    for column in ((0.86, 0.87, 0.86, 0.83, 0.78), (0.86, 0.89, 0.86, 0.81, 0.69)):
        assert np.all(np.abs(ratio - column) <= error + 0.01)
    assert many_body_ratio("xenon", [0.1, 300.0])[0] == pytest.approx([0.86, 0.735])


def test_it_multiplies_stepping():
    spectra = RecoilSpectra(ENERGIES)
    ratio, _ = many_body_ratio("xenon", ENERGIES)
    for name, choice in (("weak", {}), ("dark-photon", {"mass_MeV": 0.1, "strength": 1e-6})):
        stepped = spectra.rate(name, atomic="stepping", **choice)
        assert spectra.rate(name, atomic="rrpa", **choice) == pytest.approx(ratio * stepped)


def test_other_targets_have_none():
    with pytest.raises(InputError, match="atomic: rrpa is known for xenon alone"):
        RecoilSpectra([5.0], Physics(target="germanium")).rate("weak", atomic="rrpa")


def test_its_spread_is_one_nuisance_parameter():
    """Of both signal samples together; without it, there is none."""
    experiment = read_experiment(resource_path("published/xenonnt-sr0/experiment.yaml"))
    settings = default_settings()
    for treatments, expected in (({}, set()), (dict(RRPA), {"interference", "pure"})):
        chosen = merged(settings, {"physics": {"atomic": treatments}})
        [made] = build_workspaces(experiment, "dark-photon", chosen, [("all", 10.0)])
        samples = made.spec["channels"][0]["samples"]
        found = {
            sample["name"]
            for sample in samples
            if any(modifier["name"] == "many_body" for modifier in sample["modifiers"])
        }
        assert found == expected
