"""From selected events to workspaces: the toy analysis through the steps `templates` and
`experiment`."""

import copy
import json

import numpy as np
import pandas as pd
import pyhf
import pytest
import uproot
from toy_analysis import EVENTS, SAMPLES, make_toy, write_analysis

from exonu.core.errors import InputError, InputErrors
from exonu.core.settings import checked
from exonu.interactions import Physics, RecoilSpectra
from exonu.search.analysis import ANALYSIS_SCHEMA
from exonu.search.build_workspaces import build_workspaces
from exonu.search.experiment.from_events import with_priors
from exonu.search.experiment.read_experiment import read_experiment
from exonu.search.limit_records import projected_limits
from exonu.search.studies.projections import projection
from exonu.search.workspace import variation_modifiers
from exonu.statistics import compile_workspace, upper_limit
from exonu.templates.template_jobs import (
    check_fit_ranges,
    prior_settings,
    reconstructed_sources,
    selected_sources,
    template_settings,
)


def settings(**keys):
    return checked({"config_version": 1, "events": "-", **keys}, ANALYSIS_SCHEMA, "test")


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("toy")
    inputs, file = make_toy(folder)
    return folder, inputs, read_experiment(file)


def workspace(experiment, interaction="millicharge", case=("all", None), **keys):
    return build_workspaces(experiment, interaction, settings(**keys), [case])[0]


def test_counts_are_those_of_the_files(toy):
    folder, _, experiment = toy
    selected = uproot.open(folder / "run_1.root")["events"]["energy_keVee"].array(library="np")
    np.testing.assert_array_equal(
        experiment.observed, np.histogram(selected, np.arange(2, 202, 2))[0]
    )
    tree = uproot.open(folder / "sample_lxe.root")["events"].arrays(library="np")
    kept = tree["r_pe_cm"] < 20
    expected = (
        10
        * np.histogram(
            tree["energy_keVee"][kept], np.arange(2, 202, 2), weights=tree["weight"][kept]
        )[0]
    )
    lxe = experiment.backgrounds[0]
    np.testing.assert_allclose(lxe.counts, expected, rtol=1e-6)
    np.testing.assert_allclose(lxe.statistical_error**2, expected * 10 * 100 / 4000, rtol=1e-5)
    assert (experiment.live_days, lxe.label, lxe.uncertainty) == (
        10,
        "LXe (w/o neutron origin)",
        0.1,
    )
    assert [one.name for one in experiment.backgrounds] == ["lxe", "i125", "seal_u"]
    assert experiment.exposure_tonne_year == pytest.approx(0.097 * 10 / 365.25)


def test_the_solar_sample_has_the_folded_spectrum(toy):
    folder, _, experiment = toy
    check = json.loads((folder / "templates" / "templates.json").read_text())["solar_check"]
    assert check["bins"] > 50
    assert check["p_value"] > 0.001
    assert check["selected"] == pytest.approx(check["expected"], rel=0.03)
    rate = RecoilSpectra(experiment.response.true_energy_keV, Physics()).rate("weak").sum(axis=0)
    assert experiment.response.fold(rate).sum() == pytest.approx(check["expected"], rel=1e-3)


def test_variations_do_what_was_done_to_the_events(toy):
    seal = next(one for one in toy[2].backgrounds if one.name == "seal_u")
    up, down = seal.variations["absorption"]
    low = slice(0, 4)
    np.testing.assert_allclose(
        up[low] / seal.counts[low], 0.75, atol=0.03
    )  # every fourth event lost below 30 keV
    np.testing.assert_allclose(
        down[low] / seal.counts[low], 1 / 0.75, atol=0.06
    )  # one direction: the inverse
    lxe = toy[2].backgrounds[0]
    assert set(lxe.variations) == {
        "energy_scale",
        "position",
    }  # the variation leaves it alone: pruned
    assert lxe.norms == {"fiducial": 0.03}
    table = pd.read_csv(toy[0] / "templates" / "systematics.csv", comment="#")
    lxe_rows = table[(table.systematic == "absorption") & (table.component == "lxe")]
    assert lxe_rows.verdict.str.startswith("pruned: below 0.005").all()
    assert {"mc-statistics", "fiducial", "position", "energy-scale"} <= set(table.systematic)


def test_the_position_changes_the_volume(toy):
    """r × (1 ± 2 %) takes ∓6 % of a uniform liquid out of r < 20 cm, in the response as in the
    templates."""
    experiment = toy[2]
    flat = np.ones_like(experiment.response.true_energy_keV)
    nominal = experiment.response.fold(flat).sum()
    up, down = (counts.sum() for counts in experiment.fold_variations(flat)["position"])
    assert up / nominal == pytest.approx(1.02**-3, abs=0.012)
    assert down / nominal == pytest.approx(0.98**-3, abs=0.012)


@pytest.mark.parametrize("interaction", ["magnetic-moment", "millicharge", "dark-photon"])
def test_workspaces_are_pyhf_and_positive(toy, interaction):
    mass = 10.0 if interaction == "dark-photon" else None
    made = workspace(toy[2], interaction, ("all", mass))
    pyhf.schema.validate(made.spec, "workspace.json")
    samples = {sample["name"]: sample for sample in made.spec["channels"][0]["samples"]}
    assert {"lxe", "i125", "seal_u", "solar_neutrinos"} < samples.keys()
    kinds = {
        one["name"]: one["type"]
        for one in samples["i125"]["modifiers"]
        if one["name"].endswith("_norm")
    }
    assert kinds == {"i125_norm": "normfactor"}
    names = {one["name"] for one in samples["solar_neutrinos"]["modifiers"]}
    assert {"energy_scale", "position", "fiducial", "flux_pp"} <= names
    model = pyhf.Workspace(made.spec).model()
    start = np.array(model.config.suggested_init())
    for name in ("energy_scale", "position", "fiducial", "absorption", "seal_u_norm"):
        for end in model.config.par_map[name]["paramset"].suggested_bounds[0]:
            parameters = start.copy()
            parameters[model.config.par_slice(name)] = end
            assert (model.expected_actualdata(parameters) > 0).all(), name


def test_engine_and_pyhf_agree_on_the_model(toy):
    made = workspace(toy[2])
    model = compile_workspace(made.spec, poi_map=made.meaning["poi_map"])
    other = pyhf.Workspace(made.spec).model(
        modifier_settings={"normsys": {"interpcode": "code4"}, "histosys": {"interpcode": "code4p"}}
    )
    parameters = dict(
        zip(other.config.par_names, np.array(other.config.suggested_init()), strict=True)
    )
    parameters |= {
        "energy_scale": 0.7,
        "position": -1.2,
        "absorption": 0.4,
        "mu": 2.0,
        "seal_u_norm": -0.5,
    }
    expected = other.expected_actualdata([parameters[name] for name in other.config.par_names])
    np.testing.assert_allclose(
        model.expected({n: parameters[n] for n in model.parameters}), expected, rtol=1e-10
    )


def test_one_bin_has_one_statistical_parameter(toy):
    errors = {
        one["name"]
        for sample in workspace(toy[2]).spec["channels"][0]["samples"]
        for one in sample["modifiers"]
        if one["type"] == "staterror"
    }
    assert errors == {"mc_statistics"}


def test_a_prior_scales_its_background_alone(toy):
    folder, inputs, experiment = toy
    templates = json.loads((folder / "templates" / "templates.json").read_text())
    priors = copy.deepcopy(prior_settings(inputs)["priors"])
    priors["seal_u"] = {"activity": 2.0, "uncertainty": 0.5}
    (folder / "other.json").write_text(json.dumps(with_priors(templates, priors)))
    other = read_experiment(folder / "other.json")
    np.testing.assert_allclose(other.backgrounds[2].counts, 2 * experiment.backgrounds[2].counts)
    varied, before = (one.backgrounds[2].variations["position"][0] for one in (other, experiment))
    np.testing.assert_allclose(varied, 2 * before)
    np.testing.assert_array_equal(other.backgrounds[0].counts, experiment.backgrounds[0].counts)
    assert "activity" not in json.dumps(template_settings(inputs, blind=False))
    overridden = read_experiment(
        folder / "other.json", {"backgrounds": {"seal_u": {"normalisation": {"activity": 1}}}}
    )
    np.testing.assert_array_equal(
        overridden.backgrounds[2].counts, experiment.backgrounds[2].counts
    )


def test_fit_range(toy):
    narrow = workspace(toy[2], interactions={"millicharge": {"fit_range_keV": [2, 16]}})
    whole = workspace(toy[2])
    assert narrow.meaning["fit_range_keV"] == [2, 16]
    assert len(narrow.spec["observations"][0]["data"]) == 7
    by_name = {sample["name"]: sample["data"] for sample in whole.spec["channels"][0]["samples"]}
    for sample in narrow.spec["channels"][0]["samples"]:
        if sample["name"] != "signal":  # whose reference strength is another
            np.testing.assert_allclose(sample["data"], by_name[sample["name"]][:7])
    with pytest.raises(
        InputError, match="15 keV is not the upper edge of a bin; the nearest is 14 keV"
    ):
        workspace(toy[2], interactions={"millicharge": {"fit_range_keV": [2, 15]}})
    with pytest.raises(
        InputError, match=r"interactions\.millicharge\.fit_range_keV: 3 keV is not an edge of a bin"
    ):
        check_fit_ranges(toy[1], {"millicharge": {"fit_range_keV": [3, 16]}}, "analysis.yaml")


def test_projection_of_statistics_is_a_search_with_more_time(toy):
    made = workspace(toy[2])
    days = toy[2].live_days
    limits = [
        projected_limits(made.spec, made.meaning, factor * days, 0.9) for factor in (1, 4, 1e4)
    ]
    statistics = [
        one[f"asymptotic-{f * days:g}d-stat"]["expected"][2]
        for f, one in zip((1, 4, 1e4), limits, strict=True)
    ]
    systematic = [
        one[f"asymptotic-{f * days:g}d"]["expected"][2]
        for f, one in zip((1, 4, 1e4), limits, strict=True)
    ]
    # μ is linear in the counts: with statistics alone it falls as 1/√time once counts are many
    assert statistics[1] / statistics[2] == pytest.approx(50, rel=0.1)
    assert all(alone < full for alone, full in zip(statistics, systematic, strict=True))
    without_mc = [
        one[f"asymptotic-{f * days:g}d-no-mc"]["expected"][2]
        for f, one in zip((1, 4, 1e4), limits, strict=True)
    ]
    assert all(a < b < c for a, b, c in zip(statistics, without_mc, systematic, strict=True))
    assert systematic[0] > systematic[1] > systematic[2]
    assert limits[0]["asymptotic-10d"]["observed"] is None
    # the same time, Asimov data: what a blinded workspace finds
    blinded = workspace(toy[2], blind=True)
    own = upper_limit(compile_workspace(blinded.spec), confidence_level=0.9)
    assert systematic[0] == pytest.approx(own.observed, rel=1e-6)
    np.testing.assert_allclose(
        projection(made.spec, 1)["observations"][0]["data"], blinded.spec["observations"][0]["data"]
    )


def test_blind_templates_never_read_the_data(toy, tmp_path):
    settings_ = template_settings(toy[1], blind=True)
    assert selected_sources(settings_) == ["sample_baseline", "sample_abs-up"]
    assert reconstructed_sources(settings_)[0] == "sample_signal"
    _, file = make_toy(tmp_path, blind=True)
    experiment = read_experiment(file)
    assert experiment.observed is None
    assert "data" not in uproot.open(tmp_path / "templates" / "templates.root")
    made = workspace(experiment, blind=True)
    other = workspace(toy[2], blind=True)
    np.testing.assert_allclose(
        made.spec["observations"][0]["data"], other.spec["observations"][0]["data"]
    )
    with pytest.raises(
        InputError, match="holds no observed counts, since its templates were made blind"
    ):
        workspace(experiment)


def test_root_templates(toy):
    folder, _, experiment = toy
    with uproot.open(folder / "templates" / "templates.root") as file:
        nominal = file["seal_u/nominal"]
        seal = experiment.backgrounds[2]
        rare = {
            name: file[f"seal_u/{name.replace('_seal_u', '')}"].values() for name in seal.unseen
        }
        assert rare
        for name, counts in rare.items():
            np.testing.assert_allclose(counts, seal.unseen[name], rtol=1e-6)
        np.testing.assert_allclose(nominal.values() + sum(rare.values()), seal.counts, rtol=1e-6)
        seen = nominal.values() > 0
        np.testing.assert_allclose(nominal.errors()[seen], seal.statistical_error[seen], rtol=1e-6)
        np.testing.assert_allclose(
            file["seal_u/absorption_up"].values() + sum(rare.values()),
            seal.variations["absorption"][0],
        )
        np.testing.assert_array_equal(file["data"].values(), experiment.observed)


def test_variation_modifiers_reproduce_the_templates():
    nominal, up, down = (
        np.array([10.0, 20.0, 5.0]),
        np.array([11.0, 20.0, 4.0]),
        np.array([9.0, 21.0, 6.0]),
    )
    size, shape = variation_modifiers("v", nominal, up, down)
    np.testing.assert_allclose(size["data"]["hi"] * np.array(shape["data"]["hi_data"]), up)
    np.testing.assert_allclose(size["data"]["lo"] * np.array(shape["data"]["lo_data"]), down)
    assert [
        one["type"] for one in variation_modifiers("v", nominal, 1.1 * nominal, 0.9 * nominal)
    ] == ["normsys"]
    # a bin with a hundredth of the total counts falls by no more than a parameter may go without a
    # bound
    [_, small] = variation_modifiers(
        "v", nominal, np.array([11.0, 20.0, 0.0]), down, np.array([10.0, 20.0, 500.0])
    )
    assert small["data"]["hi_data"][2] == pytest.approx(0.81 * 5)
    assert variation_modifiers("v", 0 * nominal, 0 * nominal, 0 * nominal) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows[1:], "has 0 nominal samples of the component 'signal'"),
        (lambda rows: rows[:2], "has no background"),
        (
            lambda rows: [*rows, ("two", "copper,pmt", "nominal", "-")],
            "the nominal sample two has several components",
        ),
        (
            lambda rows: [*rows, ("seal_u", "seal", "nominal", "-")],
            "two samples would be called seal_u in workspaces",
        ),
        (
            lambda rows: [*rows, ("x", "seal", "gap-up", "-")],
            "the variation 'gap-up' belongs to no systematic",
        ),
        (
            lambda rows: rows[:-1],
            "no sample has the variation 'absorption-up' or 'absorption-down'",
        ),
        (
            lambda rows: [r for r in rows if r[2] != "baseline"],
            "has no sample of the variation 'baseline'",
        ),
        (
            lambda rows: [*rows, ("sun", "solar", "nominal", "-")],
            "has two nominal samples of the component 'solar'",
        ),
    ],
)
def test_sheets_that_do_not_fit(tmp_path, change, message):
    inputs = write_analysis(tmp_path / "mine", samples=change(SAMPLES))
    with pytest.raises((InputError, InputErrors), match=message):
        template_settings(inputs, blind=False)


def test_bins_that_do_not_fit(tmp_path):
    inputs = write_analysis(
        tmp_path / "mine", EVENTS.replace("{liquid_mass_kg", "{high_keV: 201, liquid_mass_kg")
    )
    with pytest.raises(
        InputError, match="templates: 2 to 201 keV is not a whole number of bins of 2 keV"
    ):
        template_settings(inputs, blind=False)


def test_cuts_that_keep_no_signal(tmp_path):
    with pytest.raises(InputError, match="keeps no event of the signal sample"):
        make_toy(tmp_path, n=1000, events=EVENTS.replace("r_pe_cm < 20", "r_pe_cm < 0"))


def test_a_signal_sample_without_its_weights(tmp_path):
    """Weights of 1, as of files without such a branch: everything that follows would be wrong by a
    large factor."""
    with pytest.raises(
        InputError,
        match=r"samples \(signal\): stands for [0-9.e+]+ times the recoils of one per keV",
    ) as raised:
        make_toy(tmp_path, n=1000, signal_weight=1.0)
    assert "give its events the weight T ln(highest/lowest)/N" in str(raised.value)


def test_files_of_another_kind(toy, tmp_path):
    folder, inputs, _ = toy
    with pytest.raises(InputError, match=r"has no prior yet; read experiment\.json beside it"):
        read_experiment(folder / "templates" / "templates.json")
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(InputError, match="holds no templates of this program"):
        read_experiment(tmp_path / "a.json")
    with pytest.raises(
        InputError, match=r"backgrounds\.seal: is not a key of it; known keys: i125, lxe, seal_u"
    ):
        read_experiment(folder / "templates" / "experiment.json", {"backgrounds": {"seal": {}}})
    templates = json.loads((folder / "templates" / "templates.json").read_text())
    with pytest.raises(InputError, match=r"backgrounds\.lxe: has no prior"):
        with_priors(
            templates, {k: v for k, v in prior_settings(inputs)["priors"].items() if k != "lxe"}
        )


def test_projections_need_a_live_time(toy):
    made = workspace(toy[2])
    published = {key: value for key, value in made.meaning.items() if key != "live_days"}
    with pytest.raises(
        InputError, match=r"statistics\.projections: has no live time to project from"
    ):
        projected_limits(made.spec, published, 711, 0.9)
