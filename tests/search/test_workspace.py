"""Workspaces: valid pyhf, the right counts, and the meaning of μ."""

from dataclasses import replace

import numpy as np
import pyhf
import pytest

from exonu.core.resources import resource_path
from exonu.core.settings import checked
from exonu.interactions import Physics, RecoilSpectra
from exonu.search.analysis import ANALYSIS_SCHEMA
from exonu.search.build_workspaces import build_workspaces, read_meaning, write_meaning
from exonu.search.experiment.read_experiment import read_experiment
from exonu.search.signals import Signal, masses_MeV

XENON1T = read_experiment(resource_path("published/xenon1t-sr1/experiment.yaml"))


def settings(**keys):
    return checked({"config_version": 1, "experiment": "-", **keys}, ANALYSIS_SCHEMA, "test")


def workspaces(interaction, experiment=XENON1T, cases=None, **keys):
    return build_workspaces(experiment, interaction, settings(**keys), cases)


@pytest.mark.parametrize("interaction", ["magnetic-moment", "millicharge", "dark-photon"])
def test_schema_and_names(interaction):
    made = workspaces(interaction)
    names = [workspace.name for workspace in made]
    assert len(set(names)) == len(names)
    for workspace in made[:: max(1, len(made) // 4)]:
        pyhf.schema.validate(workspace.spec, "workspace.json")
        assert all(
            name.replace("-", "").replace("_", "").replace(".", "").isalnum() for name in names
        )


def model_counts(workspace, strength):
    """Expected counts by pyhf at a strength of the physical parameter."""
    model = pyhf.Workspace(workspace.spec).model()
    mu = (strength / workspace.meaning["reference_strength"]) ** workspace.meaning["power"]
    parameters = np.array(model.config.suggested_init())
    parameters[model.config.poi_index] = mu
    if "mu_sq" in model.config.par_order:
        parameters[model.config.par_slice("mu_sq")] = mu**2
    return model.expected_actualdata(parameters)


@pytest.mark.parametrize(
    ("interaction", "case", "strength"),
    [
        ("magnetic-moment", ("all", None), 3e-11),
        ("magnetic-moment", ("tau", None), 3e-11),
        ("millicharge", ("e", None), 5e-13),
        ("dark-photon", ("all", 1e-3), 4e-7),
        ("dark-photon", ("all", 10.0), 5e-5),
    ],
)
def test_counts_at_a_strength_are_the_folded_rate(interaction, case, strength):
    [workspace] = workspaces(interaction, cases=[case])
    spectra = RecoilSpectra(XENON1T.response.true_energy_keV, Physics())
    rate = spectra.rate(interaction, flavour=case[0], strength=strength, mass_MeV=case[1]).sum(
        axis=0
    )
    expected = XENON1T.background + XENON1T.response.fold(rate)
    np.testing.assert_allclose(model_counts(workspace, strength), expected, rtol=1e-12)


def test_millicharge_with_interference_is_quadratic_in_the_charge():
    [workspace] = workspaces(
        "millicharge", cases=[("all", None)], physics={"millicharge_weak_interference": True}
    )
    assert workspace.meaning["poi_map"] == {"mu_sq": "mu**2"}
    assert workspace.meaning["power"] == 1
    spectra = RecoilSpectra(
        XENON1T.response.true_energy_keV, Physics(millicharge_weak_interference=True)
    )
    rate = spectra.rate("millicharge", strength=4e-13).sum(axis=0)
    expected = XENON1T.background + XENON1T.response.fold(rate)
    np.testing.assert_allclose(model_counts(workspace, 4e-13), expected, rtol=1e-12)


def test_one_sigma_of_a_flux_is_the_folded_rate_with_that_flux():
    [workspace] = workspaces("magnetic-moment", cases=[("all", None)])
    model = pyhf.Workspace(workspace.spec).model()
    strength = workspace.meaning["reference_strength"]
    by_source = RecoilSpectra(XENON1T.response.true_energy_keV, Physics()).rate(
        "magnetic-moment", strength=strength
    )
    for step in (-2.0, 1.0, 3.0):
        parameters = np.array(model.config.suggested_init())
        parameters[model.config.par_slice("flux_be7")] = step
        varied = by_source.copy()
        varied[1] *= 1 + 0.07 * step
        expected = XENON1T.background + XENON1T.response.fold(varied.sum(axis=0))
        np.testing.assert_allclose(model.expected_actualdata(parameters), expected, rtol=1e-9)


def test_one_sigma_of_the_atomic_parameter_is_the_other_model():
    [workspace] = workspaces("millicharge", cases=[("all", None)])
    model = pyhf.Workspace(workspace.spec).model()
    parameters = np.array(model.config.suggested_init())
    parameters[model.config.par_slice("atomic_epa")] = 1.0
    strength = workspace.meaning["reference_strength"]
    epa = RecoilSpectra(XENON1T.response.true_energy_keV, Physics()).rate(
        "millicharge", strength=strength, atomic="epa"
    )
    epa_counts = XENON1T.response.fold(epa.sum(axis=0))
    varied = model.expected_actualdata(parameters) - XENON1T.background
    low = XENON1T.high_keV <= 10  # where the signal is; above, the fall of the shape is limited
    np.testing.assert_allclose(varied[low], epa_counts[low], rtol=1e-9)
    assert epa_counts[low].sum() > 0.97 * epa_counts.sum()
    parameters[model.config.par_slice("atomic_epa")] = 5.0
    assert (model.expected_actualdata(parameters) >= XENON1T.background).all()


def test_a_region_without_signal_has_no_atomic_parameter():
    """Where a millicharge is not seen, neither is what another atomic model makes of it."""
    unseen = replace(XENON1T.response, matrix=0 * XENON1T.response.matrix)
    region = replace(XENON1T, name="beside", make_response=lambda: unseen)
    fitted = replace(XENON1T, regions=(region,))
    [made] = workspaces("millicharge", fitted, cases=[("all", None)])
    by_channel = {
        channel["name"]: {m["name"] for s in channel["samples"] for m in s["modifiers"]}
        for channel in made.spec["channels"]
    }
    assert "atomic_epa" in by_channel["recoil_energy"]
    assert "atomic_epa" not in by_channel["beside"]
    assert np.all(np.isfinite(model_counts(made, 1e-12)))


def test_the_atomic_parameter_goes_to_one_side():
    """Below 0 it is the first model, but for pyhf's smooth step between −1 and 1."""
    [workspace] = workspaces("millicharge", cases=[("all", None)])
    model = pyhf.Workspace(workspace.spec).model()
    parameters = np.array(model.config.suggested_init())
    nominal = model.expected_actualdata(parameters) - XENON1T.background
    for step in (1.0, -5.0, -1.0, -0.7, -0.4, -0.1):
        parameters[model.config.par_slice("atomic_epa")] = step
        signal = model.expected_actualdata(parameters) - XENON1T.background
        if step == 1:
            difference = nominal - signal
            assert (difference > 0).sum() > 0.9 * len(nominal)
        else:
            most = 0.0 if step <= -1 else 0.12
            assert np.abs(signal - nominal).sum() <= most * difference.sum() + 1e-9


def test_small_uncertainties_are_pruned_and_reported():
    [workspace] = workspaces("magnetic-moment", cases=[("all", None)])
    modifiers = {
        m["name"]
        for sample in workspace.spec["channels"][0]["samples"]
        for m in sample["modifiers"]
    }
    assert {"flux_pp", "flux_be7"} <= modifiers
    assert set(workspace.meaning["pruned"]) == {"flux_pep", "flux_n13", "flux_o15", "flux_f17"}
    assert all(0 < effect < 1e-3 for effect in workspace.meaning["pruned"].values())
    [whole] = workspaces("magnetic-moment", cases=[("all", None)], systematics={"prune_below": 0})
    assert whole.meaning["pruned"] == {}


def test_blind_data_are_the_expected_background():
    [workspace] = workspaces("magnetic-moment", cases=[("all", None)], blind=True)
    assert workspace.spec["observations"][0]["data"] == pytest.approx(XENON1T.background)
    assert workspace.meaning["blinded"]


def test_solar_neutrinos_are_added_where_the_background_lacks_them(experiment_folder):
    text = (experiment_folder / "experiment.yaml").read_text()
    changed = text.replace(
        "backgrounds_include_solar_neutrinos: true", "backgrounds_include_solar_neutrinos: false"
    )
    (experiment_folder / "experiment.yaml").write_text(changed)
    experiment = read_experiment(experiment_folder / "experiment.yaml")
    [workspace] = workspaces("magnetic-moment", experiment, [("all", None)])
    samples = {sample["name"]: sample for sample in workspace.spec["channels"][0]["samples"]}
    weak = RecoilSpectra(experiment.response.true_energy_keV, Physics()).rate("weak").sum(axis=0)
    np.testing.assert_allclose(samples["solar_neutrinos"]["data"], experiment.response.fold(weak))
    assert {m["name"] for m in samples["solar_neutrinos"]["modifiers"]} >= {
        "efficiency",
        "flux_pp",
        "flux_be7",
    }


def test_mc_statistics_become_staterror_only_where_given(experiment_folder):
    for file, old, new in (
        (
            "experiment.yaml",
            "    # statistical_error_column: background_error",
            "    statistical_error_column: background_error",
        ),
        ("spectrum.csv", "background_events\n", "background_events,background_error\n"),
    ):
        text = (experiment_folder / file).read_text()
        assert old in text
        (experiment_folder / file).write_text(text.replace(old, new))
    lines = (experiment_folder / "spectrum.csv").read_text().splitlines()
    lines = [line + ",0.5" if line[0].isdigit() else line for line in lines]
    (experiment_folder / "spectrum.csv").write_text("\n".join(lines))
    [workspace] = workspaces(
        "magnetic-moment", read_experiment(experiment_folder / "experiment.yaml"), [("all", None)]
    )
    types = [
        m["type"]
        for sample in workspace.spec["channels"][0]["samples"]
        for m in sample["modifiers"]
    ]
    assert types.count("staterror") == 1
    [other] = workspaces("magnetic-moment", cases=[("all", None)])
    types = [
        m["type"] for sample in other.spec["channels"][0]["samples"] for m in sample["modifiers"]
    ]
    assert "staterror" not in types


def test_the_page_beside_a_workspace(tmp_path):
    [workspace] = workspaces("dark-photon", cases=[("all", 0.001)])
    write_meaning(tmp_path, workspace)
    meaning = read_meaning(tmp_path / f"{workspace.name}.json")
    assert meaning == workspace.meaning
    assert meaning["poi_map"] == {"mu_sq": "mu**2"}
    assert read_meaning(tmp_path / "other.json") is None


def test_default_masses_are_at_least_forty_and_hold_the_paper_s():
    masses = masses_MeV(settings()["interactions"]["dark-photon"] or {})
    assert len(masses) >= 40
    assert (masses[0], masses[-1]) == (1e-5, 100)
    assert {1e-3, 10.0} <= set(masses)


def test_strength_for_a_number_of_counts():
    one = np.ones((1, 2))
    for signal in (
        Signal("magnetic-moment", "all", None, ("pp",), one),
        Signal("dark-photon", "all", 1.0, ("pp",), 5 * one, 3 * one),
        Signal("dark-photon", "all", 1.0, ("pp",), -0.1 * one, 3 * one),
        Signal("millicharge", "all", None, ("pp",), -0.1 * one, 3 * one, power=1),
    ):
        assert signal.counts(signal.strength_for(7.0)).sum() == pytest.approx(7.0)
