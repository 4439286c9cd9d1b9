"""Searches for what the catalogue declares: settings, signals and limits, beyond the paper's three."""

import json

import numpy as np
import pytest

from exonu.catalogue import SEARCHED
from exonu.core.errors import InputError
from exonu.core.resources import resource_path
from exonu.search.analysis import default_settings, read_analysis
from exonu.search.build_workspaces import build_workspaces
from exonu.search.experiment.read_experiment import read_experiment
from exonu.search.limit_records import limit_of_experiment
from exonu.search.signals import hypotheses

SR0 = resource_path("published/xenonnt-sr0/experiment.yaml")
CONFIG = resource_path("").parent / "config"


@pytest.mark.parametrize("name", [name for name in SEARCHED if name != "spectrum"])
def test_every_interaction_makes_workspaces(name):
    experiment = read_experiment(SR0)
    settings = default_settings()
    mass = 0.01 if SEARCHED[name].has_mass else None
    state = SEARCHED[name].states[-1]
    [made] = build_workspaces(experiment, name, settings, [(state, mass)])
    assert made.meaning["parameter"] == SEARCHED[name].parameter.name
    assert made.meaning["unit"] == SEARCHED[name].parameter.unit_name
    signals = [
        sample
        for sample in made.spec["channels"][0]["samples"]
        if sample["name"] in ("signal", "interference", "pure")
    ]
    interferes = SEARCHED[name].interferes and name != "millicharge"
    assert len(signals) == (2 if interferes else 1)
    assert max(np.max(np.abs(sample["data"])) for sample in signals) > 0.01


def analysis_file(tmp_path, **blocks):
    content = {"config_version": 1, "experiment": str(SR0), **blocks}
    file = tmp_path / "mine.yaml"
    file.write_text(json.dumps(content))
    return file


def test_defaults_are_the_catalogues(tmp_path):
    file = analysis_file(tmp_path, interactions={"transition-moment": {}, "alp": {}})
    blocks = read_analysis("mine", file).settings["interactions"]
    assert blocks["transition-moment"] == {"flavours": ["all", "12", "13", "23"]}
    assert len(hypotheses("alp", blocks["alp"])) == SEARCHED["alp"].masses.number
    assert hypotheses("transition-moment", blocks["transition-moment"])[1] == ("12", None)


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        (
            {"interactions": {"charge-radios": {}}},
            r"is not a known key; did you mean `charge-radius`",
        ),
        (
            {"interactions": {"transition-moment": {"flavours": ["e"]}}},
            r"must be one of all, 12, 13, 23",
        ),
        ({"interactions": {"spectrum": {}}}, r"interactions.spectrum.file: is missing"),
        (
            {"physics": {"atomic": {"alp": "free"}}},
            r"physics.atomic.alp: must be one of photoabsorption",
        ),
        ({"physics": {"reactor": {"power_GW": 3}}}, r"physics.reactor.distance_m: is missing"),
        ({"physics": {"flux_table": {"file": "gone.csv"}}}, r"gone.csv: cannot be read"),
        (
            {"interactions": {"alp": {"masses_MeV": {"minimum": 1, "maximum": 0.1}}}},
            r"interactions.alp.masses_MeV.minimum: must be < maximum",
        ),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, blocks, message):
    with pytest.raises(InputError, match=message):
        read_analysis("mine", analysis_file(tmp_path, **blocks))


def test_a_spectrum_of_a_file_is_searched_for(tmp_path):
    (tmp_path / "bump.csv").write_text("energy_keV,rate_per_tonne_year_keV\n5,0\n6,10\n7,0\n")
    file = analysis_file(tmp_path, interactions={"spectrum": {"file": "bump.csv"}})
    found = limit_of_experiment(file, "spectrum")
    assert found["parameter"] == "multiple"
    # 10 events per tonne and year in one keV: some ten of the 1.16 tonne years are excluded
    assert 0.3 < found["observed"] < 5
    with pytest.raises(InputError, match=r"interactions.spectrum.file: is missing"):
        limit_of_experiment(SR0, "spectrum")


def test_a_flux_table_is_read_into_the_settings(tmp_path):
    (tmp_path / "flux.csv").write_text(
        "energy_MeV,flux_per_cm2_s_MeV,share_e,share_mu,share_tau\n0.1,1e10,1,0,0\n0.4,1e10,1,0,0\n"
    )
    file = analysis_file(tmp_path, physics={"flux_table": {"file": "flux.csv"}})
    settings = read_analysis("mine", file).settings
    assert settings["physics"]["flux_table"]["rows"][1] == [0.4, 1e10, 1.0, 0.0, 0.0]
    [made] = build_workspaces(read_experiment(SR0), "magnetic-moment", settings, [("e", None)])
    names = {m["name"] for s in made.spec["channels"][0]["samples"] for m in s["modifiers"]}
    assert not any(name.startswith("flux_pp") for name in names)


def test_another_target_reaches_the_rates(tmp_path):
    experiment = read_experiment(CONFIG / "gemma-like" / "experiment.yaml")
    assert experiment.target == "germanium"
    analysis = read_analysis("gemma-like", CONFIG / "gemma-like" / "analysis.yaml")
    assert analysis.settings["physics"]["target"] == "germanium"
    with pytest.raises(InputError, match=r"target: is neither one of xenon, argon"):
        read_experiment(CONFIG / "gemma-like" / "experiment.yaml", {"target": "lead"})


def test_gemma_like_sensitivity_is_within_half_of_the_published_limit():
    """Beda et al. (2012): 2.9e-11 μ_B; the example assumes background, efficiency and resolution."""
    found = limit_of_experiment(
        CONFIG / "gemma-like" / "analysis.yaml", "magnetic-moment", flavour="e"
    )
    assert found["is_simulated"]
    assert found["expected"][2] == pytest.approx(2.9e-11, rel=0.5)
    lines = sum(
        len((CONFIG / "gemma-like" / name).read_text().splitlines())
        for name in ("analysis.yaml", "experiment.yaml")
    )
    assert lines < 40


def test_solar_axions_of_xenonnt():
    """XENONnT's limit from the same data, 1.9e-12 (arXiv:2207.11330)."""
    found = limit_of_experiment(SR0, "solar-axion")
    assert found["observed"] == pytest.approx(1.9e-12, rel=0.1)


def test_both_signs_of_the_charge_radius():
    """Destructive interference allows more of the sign that makes it."""
    radii = {
        name: limit_of_experiment(SR0, name, flavour="e")["observed"]
        for name in ("charge-radius", "charge-radius-negative")
    }
    assert radii["charge-radius-negative"] > 3 * radii["charge-radius"]


def test_a_many_body_ratio_loosens_the_dark_photon():
    assert default_settings()["physics"]["atomic"]["dark-photon"] == "stepping"
    one, other = (
        limit_of_experiment(SR0, "dark-photon", mass_MeV=1e-3, atomic=atomic)["observed"]
        for atomic in (None, "rrpa")
    )
    assert 1.02 < other / one < 1.15
