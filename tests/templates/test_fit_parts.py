"""Slices in a second variable and control regions: their selections, the channels of a fit, and what
they measure."""

import dataclasses
import datetime
import json
from collections import Counter

import numpy as np
import pandas as pd
import pyhf
import pytest
import uproot
from toy_analysis import EVENTS, make_toy, write_analysis

from exonu.core.errors import InputError
from exonu.core.files import write_json
from exonu.core.settings import checked
from exonu.events.runs.run_list import Run, RunList
from exonu.report.figures.parts_of_the_fit import draw_parts
from exonu.report.numbers.counts import spectrum_counts
from exonu.report.numbers.counts_of_parts import (
    counts_of_parts,
    table_of_parts,
    workspaces_with_regions,
    write_parts,
)
from exonu.report.numbers.figure_records import read_parts
from exonu.report.numbers.yields_by_range import yields_by_range
from exonu.search.analysis import ANALYSIS_SCHEMA
from exonu.search.build_workspaces import build_workspaces
from exonu.search.experiment.read_experiment import read_experiment
from exonu.search.fit_channels import without_regions
from exonu.search.studies.fit_parts_study import _priors, with_and_without_regions
from exonu.statistics import compile_workspace, fit
from exonu.templates import simulated_samples
from exonu.templates.fit_parts import (
    notes_of_slices,
    parts_of_the_fit,
    solar_flux,
)
from exonu.templates.template_jobs import reconstructed_sources, template_settings

REGION = "regions: [{name: shell, cut: fiducial-volume, keep: 20 <= r_pe_cm < 23, edges_keV: [2, 10, 20, 30]}]"
SECOND = "second: {variable: r_pe_cm, edges: [0, 14, 20]}"
TEMPLATES = "templates: {liquid_mass_kg: 832, fiducial_mass_kg: 97}"


def events_with(*more):
    assert TEMPLATES in EVENTS
    return EVENTS.replace(TEMPLATES, f"{TEMPLATES[:-1]}, {', '.join(more)}}}")


def settings_of(**keys):
    return checked({"config_version": 1, "events": "-", **keys}, ANALYSIS_SCHEMA, "test")


def workspace(experiment, interaction="magnetic-moment", **keys):
    return build_workspaces(experiment, interaction, settings_of(**keys), [("all", None)])[0]


@pytest.fixture(scope="module")
def opened():
    """How often the samples have been read, by file."""
    return Counter()


@pytest.fixture(scope="module")
def toy(tmp_path_factory, opened):
    folder = tmp_path_factory.mktemp("parts")
    whole = simulated_samples.read_columns

    def counted(file, **keys):
        opened[file.name] += 1
        return whole(file, **keys)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulated_samples, "read_columns", counted)
        inputs, file = make_toy(folder, n=2000, events=events_with(REGION, SECOND))
    return folder, inputs, read_experiment(file)


def test_slices_together_are_the_spectrum(toy):
    _, _, experiment = toy
    inner, outer = experiment.slices
    np.testing.assert_array_equal(inner.observed + outer.observed, experiment.observed)
    for number, whole in enumerate(experiment.backgrounds):
        parts = [one.backgrounds[number] for one in experiment.slices]
        seen = whole.counts - sum(whole.unseen.values(), 0)
        in_slices = sum(part.counts - sum(part.unseen.values(), 0) for part in parts)
        np.testing.assert_allclose(in_slices, seen, rtol=1e-5, atol=1e-9)
    matrices = [one.response.matrix for one in experiment.slices]
    np.testing.assert_allclose(sum(matrices), experiment.response.matrix, rtol=1e-5, atol=1e-12)


def test_a_region_counts_what_its_condition_keeps(toy):
    folder, _, experiment = toy
    [shell] = experiment.regions
    tree = uproot.open(folder / "all_run_1.root")["events"].arrays(library="np")
    chosen = (tree["r_pe_cm"] >= 20) & (tree["r_pe_cm"] < 23)
    expected = np.histogram(tree["energy_keVee"][chosen], [2, 10, 20, 30])[0]
    np.testing.assert_array_equal(shell.observed, expected)
    tree = uproot.open(folder / "sample_seal-u.root")["events"].arrays(library="np")
    chosen = (tree["r_pe_cm"] >= 20) & (tree["r_pe_cm"] < 23)
    counts = np.histogram(
        tree["energy_keVee"][chosen], [2, 10, 20, 30], weights=tree["weight"][chosen]
    )[0]
    [seal] = [one for one in shell.backgrounds if one.name == "seal_u"]
    np.testing.assert_allclose(seal.counts - sum(seal.unseen.values(), 0), 10 * counts, rtol=1e-5)


def test_the_channels_of_a_workspace(toy):
    _, _, experiment = toy
    made = workspace(experiment)
    main, shell = made.spec["channels"]
    n_bins = len(experiment.low_keV)
    assert [channel["name"] for channel in (main, shell)] == ["recoil_energy", "shell"]
    assert len(main["samples"][0]["data"]) == 2 * n_bins
    # All energies of the first range, then of the second.
    data = np.array(made.spec["observations"][0]["data"])
    np.testing.assert_array_equal(data[:n_bins], experiment.slices[0].observed)
    np.testing.assert_array_equal(data[n_bins:], experiment.slices[1].observed)
    assert made.meaning["slices"]["ranges"] == [[0, 14], [14, 20]]
    assert made.meaning["regions"] == {"shell": [[2, 10], [10, 20], [20, 30]]}

    def names(channel, kind):
        return {m["name"] for s in channel["samples"] for m in s["modifiers"] if m["type"] == kind}

    # Normalisations and systematics are shared, statistics of the simulation are not.
    assert {"seal_u_norm", "energy_scale"} <= names(main, "normsys") & names(shell, "normsys")
    assert names(main, "staterror") == {"mc_statistics"}
    assert names(shell, "staterror") == {"mc_statistics_shell"}
    statistics = [n for n in names(shell, "normsys") if n.startswith("signal_statistics")]
    assert all(name.endswith("_shell") for name in statistics)


def test_pyhf_has_the_same_likelihood(toy):
    _, _, experiment = toy
    made = workspace(experiment)
    model = compile_workspace(made.spec, poi_map=made.meaning["poi_map"])
    theirs = pyhf.Workspace(made.spec).model(
        modifier_settings={"normsys": {"interpcode": "code4"}, "histosys": {"interpcode": "code4p"}}
    )
    expected = np.asarray(theirs.expected_actualdata(theirs.config.suggested_init()))
    ours = np.asarray(model.expected({"mu": 1.0}))
    order = np.concatenate(
        [np.arange(*theirs.config.channel_slices[c].indices(len(ours))) for c in model.channels]
    )
    np.testing.assert_allclose(ours, expected[order], rtol=1e-9)


def test_a_control_region_measures_the_wall(toy):
    _, _, experiment = toy
    made = workspace(experiment, blind=True)
    table = with_and_without_regions([(made.spec, made.meaning)], 0.9).set_index("quantity")
    wall = table.loc["error of seal_u_norm"]
    assert wall["prior"] == pytest.approx(np.log(1.4))
    assert wall["with_regions"] < 0.8 * wall["without"] < wall["prior"]
    assert wall["without"] == pytest.approx(_error_without(made, experiment), rel=1e-3)
    limit = table.loc["expected limit"]
    assert 0 < limit["with_regions"] < 1.001 * limit["without"]


def _error_without(made, experiment):
    """The same by an experiment that never had regions."""
    alone = workspace(dataclasses.replace(experiment, regions=()), blind=True)
    assert alone.spec == without_regions(made.spec)
    model = compile_workspace(alone.spec, poi_map=alone.meaning["poi_map"])
    return fit(model, fixed={model.poi: 0.0}).errors["seal_u_norm"] * np.log(1.4)


def test_counts_of_all_parts(toy):
    """What the figures show: slices add up to the spectrum, and every part has its own bins."""
    folder, _, experiment = toy
    made = workspace(experiment)
    limits = pd.DataFrame(
        [
            {
                "method": "asymptotic",
                "interaction": "magnetic-moment",
                "flavour": "all",
                "observed": 1e-10,
                "confidence_level": 0.9,
            }
        ]
    )
    pair = (made.spec, made.meaning)
    parts = counts_of_parts(experiment, pair, limits)
    assert list(parts) == ["0 ≤ r_pe_cm < 14", "14 ≤ r_pe_cm < 20", "region shell"]
    whole = spectrum_counts(experiment, [pair], limits)
    inner, outer, shell = parts.values()
    np.testing.assert_array_equal(inner.observed + outer.observed, whole.observed)
    np.testing.assert_allclose(inner.background + outer.background, whole.background)
    np.testing.assert_allclose(
        inner.signals[0].counts + outer.signals[0].counts, whole.signals[0].counts
    )
    assert (whole.background_error <= inner.background_error + outer.background_error + 1e-9).all()
    assert shell.high_keV.tolist() == [10, 20, 30]
    assert shell.background == pytest.approx(shell.observed, rel=0.25)  # it is fitted to them
    ranges = yields_by_range(experiment, [pair], limits)
    total = ranges[ranges["class"] == "all backgrounds"]
    assert total["after"].sum() == pytest.approx(whole.background.sum())
    assert total["observed"].sum() == whole.observed.sum()
    table = table_of_parts(parts)
    assert set(table["part"]) == set(parts)
    write_parts(folder / "parts.csv", parts)
    again = read_parts(folder / "parts.csv")
    assert list(again) == list(parts)
    for title, one in parts.items():
        assert again[title].heading == one.heading
        assert again[title].axis == ("reconstructed energy", "keVee")
        assert list(again[title].backgrounds) == list(one.backgrounds)
        for name in ("low_keV", "observed", "background", "background_error"):
            np.testing.assert_allclose(getattr(again[title], name), getattr(one, name), rtol=1e-8)
        np.testing.assert_allclose(again[title].signals[0].counts, one.signals[0].counts, rtol=1e-8)
        assert again[title].signals[0].strength == 1e-10
    figure = draw_parts(again)
    shown = [axes for axes in figure.axes if axes.axison]
    assert len(shown) == 3
    assert {axes.get_xlabel() for axes in shown} == {r"reconstructed energy [keV$_\mathrm{ee}$]"}


def test_a_fit_range_cuts_every_slice(toy):
    _, _, experiment = toy
    made = workspace(experiment, interactions={"magnetic-moment": {"fit_range_keV": [2, 16]}})
    assert len(made.spec["channels"][0]["samples"][0]["data"]) == 2 * 7
    assert len(made.spec["channels"][1]["samples"][0]["data"]) == 3


def test_a_region_that_shares_events_with_the_spectrum_is_refused(tmp_path):
    """Of conditions on several variables only the events tell."""
    region = (
        "regions: [{name: high, cut: fiducial-volume, keep: r_pe_cm >= 20 or energy_keVee > 150}]"
    )
    with pytest.raises(
        InputError, match=r"regions \(high\).keep: keeps \d+ events that the spectrum"
    ):
        make_toy(tmp_path, n=1000, events=events_with(region))


def test_a_region_does_not_have_the_error_of_the_cut_that_it_replaces(toy):
    _, _, experiment = toy
    assert experiment.norms == {"fiducial": 0.03}
    assert all(one.norms == {"fiducial": 0.03} for one in experiment.slices)
    [shell] = experiment.regions
    assert shell.norms == {}
    assert not any(one.norms for one in shell.backgrounds)


def test_all_parts_are_filled_from_one_pass(toy, opened):
    assert opened["sample_lxe.root"] == opened["sample_signal.root"] == 1


def test_what_the_slices_leave_out_is_noted(toy, tmp_path):
    folder, _, whole = toy
    content = json.loads((folder / "templates" / "experiment.json").read_text())
    content["parts"] = [part for part in content["parts"] if part["name"] != "slice_1"]
    content["notes"] = notes_of_slices(content)
    write_json(tmp_path / "experiment.json", content)
    experiment = read_experiment(tmp_path / "experiment.json")
    [inner] = experiment.slices

    def seen(one):
        return sum((b.counts - sum(b.unseen.values(), 0)).sum() for b in one.backgrounds)

    lost = whole.observed.sum() - inner.observed.sum()
    [note] = experiment.notes
    assert note.startswith("slices from 0 to 14 in r_pe_cm leave out")
    assert f"and {lost:.0f} events of the data: the fit does not see these" in note
    share = float(note.split("leave out ")[1].split(" %")[0])
    assert share == pytest.approx(100 * (1 - seen(inner) / seen(whole)), rel=0.1)
    assert note in workspace(experiment).meaning["notes"]


def test_slices_of_the_whole_spectrum_have_no_note(toy):
    _, _, experiment = toy
    assert experiment.notes == ()


def test_control_regions_may_be_left_out(toy):
    _, _, experiment = toy
    made = workspace(experiment, systematics={"control_regions": False})
    assert [channel["name"] for channel in made.spec["channels"]] == ["recoil_energy"]
    assert "regions" not in made.meaning
    [pair] = workspaces_with_regions(
        experiment,
        settings_of(interactions={"magnetic-moment": {}}, systematics={"control_regions": False}),
    )
    assert len(pair[0]["channels"]) == 2


@pytest.mark.parametrize(
    ("interaction", "expected"),
    [
        ("magnetic-moment", (1.03, 0.97)),
        ("solar-axion", (1.03, 0.97)),
        ("spectrum", (1, 1)),
    ],
)
def test_slices_in_time_are_modulated(toy, interaction, expected):
    """What comes from the Sun follows the flux of a slice; a spectrum of one's own does not."""
    _, _, experiment = toy
    slices = tuple(
        dataclasses.replace(one, solar_flux=flux)
        for one, flux in zip(experiment.slices, (1.03, 0.97), strict=True)
    )
    varied, n_bins = dataclasses.replace(experiment, slices=slices), len(experiment.low_keV)
    rows = {"interactions": {"spectrum": {"file": "-", "rows": [[1, 1], [100, 1]]}}}
    told = rows if interaction == "spectrum" else {}
    before, after = (
        _signal(build_workspaces(one, interaction, {**settings_of(), **told}, [("all", None)])[0])
        .reshape(2, n_bins)
        .sum(axis=1)
        for one in (experiment, varied)
    )
    assert after / before == pytest.approx(expected, rel=1e-9)


def _signal(made):
    reference = made.meaning["reference_strength"] ** made.meaning["power"]
    [sample] = [one for one in made.spec["channels"][0]["samples"] if one["name"] == "signal"]
    return np.array(sample["data"]) / reference


def test_an_analysis_without_parts_has_none(tmp_path):
    inputs = write_analysis(tmp_path)
    settings = template_settings(inputs, blind=False)
    assert settings["parts"] == []
    assert not any(name.startswith("run_") for name in reconstructed_sources(settings))


def test_a_variation_of_the_wall_reaches_the_region(toy):
    """Traced samples are selected anew for each part."""
    folder, _, _ = toy
    content = json.loads((folder / "templates" / "experiment.json").read_text())
    [shell] = [part for part in content["parts"] if part["kind"] == "region"]
    assert shell["backgrounds"]["seal_u"]["normalisation"]["uncertainty"] == 0.4


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (REGION.replace("cut: fid", "cut: fud"), r"\(shell\): replaces the cut 'fuducial-volume', which"),
        (REGION.replace("20 <= r_pe_cm < 23", "r_pe < 3"), r"\(shell\).keep: 'r_pe' is not a docu"),
        (REGION.replace("[2, 10, 20, 30]", "[2, 10, 5]"), r"edges_keV: do not increase; sort them"),
        (REGION.replace("}]", "}, {name: shell, cut: fiducial-volume, keep: r_pe_cm > 25}]"), "names two"),
        (REGION.replace("20 <= r_pe_cm", "19 <= r_pe_cm"),
         r"\(shell\).keep: keeps r_pe_cm = 19 as the cut fiducial-volume does; an event belongs to one channel"),
        (REGION.replace("}]", "}, {name: rest, cut: fiducial-volume, keep: r_pe_cm > 22}]"),
         r"regions.1 \(rest\).keep: keeps r_pe_cm = 22.5 as the region shell does"),
        (SECOND.replace("r_pe_cm", "radius"), r"templates.second.variable: 'radius' is not a documented variable"),
        (SECOND.replace("[0, 14, 20]", "[0, 20, 14]"), r"templates.second.edges: do not increase"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(more, message, tmp_path):
    with pytest.raises(InputError, match=message):
        template_settings(write_analysis(tmp_path, events_with(more)), blind=False)


# -- the Sun


def test_the_mean_over_a_year_is_that_of_an_ellipse():
    runs = RunList("r", (Run(1, (), datetime.datetime(2015, 3, 1), 365.26 * 86400, ()),))
    assert solar_flux(runs, 0, 365.26) == pytest.approx(1 / np.sqrt(1 - 0.0167**2), rel=1e-4)
    assert solar_flux(runs, 400, 500) == 1


def test_only_live_time_counts():
    start = datetime.datetime(2017, 1, 4)  # perihelion
    runs = RunList("r", (
        Run(1, (), start, 10 * 86400, ()),
        Run(2, (), start + datetime.timedelta(days=180), 30 * 86400, ()),
    ))  # fmt: skip
    winter, summer = solar_flux(runs, 0, 100), solar_flux(runs, 100, 300)
    assert winter == pytest.approx(1.034, abs=1e-3)
    assert summer == pytest.approx(0.968, abs=1.5e-3)
    assert solar_flux(runs, 0, 300) == pytest.approx((10 * winter + 30 * summer) / 40)


def test_slices_in_time_know_the_flux(tmp_path):
    settings = events_with("second: {variable: time_s, edges: [0, 1, 2]}")
    parts = parts_of_the_fit(write_analysis(tmp_path, settings))
    assert [part["solar_flux"] for part in parts] == [1, 1]  # only days know the runs


def test_day_and_night_have_the_flux_of_their_seasons(tmp_path):
    """North of the equator days are long when the Sun is far: by 2 e k cos α / π, with k the amplitude of
    the day's half length and α the angle from perihelion to the winter solstice."""
    year = RunList("r", (Run(1, (), datetime.datetime(2015, 1, 1), 365.25 * 86400, ()),))
    site = {"latitude_deg": 36.4, "longitude_deg": 137.3}  # Kamioka
    night, day = (solar_flux(year, *ends, "cos_zenith", site) for ends in ((-1, 0), (0, 1)))
    south = site | {"latitude_deg": -36.4}
    assert night - day == pytest.approx(
        solar_flux(year, 0, 1, "cos_zenith", south) - solar_flux(year, -1, 0, "cos_zenith", south),
        rel=0.05,
    )
    amplitude = np.arcsin(np.tan(np.radians(36.4)) * np.tan(np.radians(23.44)))
    expected = 2 * 0.0167 * amplitude * np.cos(np.radians(13)) / (np.pi / 2)
    assert night - day == pytest.approx(expected, rel=0.1)
    polar = site | {"latitude_deg": 90.0}
    assert solar_flux(year, 0.5, 1, "cos_zenith", polar) == 1  # the Sun is never so high


def test_prior_of_a_measured_activity_is_that_of_its_own_background():
    """Its parameter moves the optics of others too, by other amounts."""

    def sample(name, hi):
        return {
            "name": name,
            "modifiers": [
                {"name": "copper_norm", "type": "normsys", "data": {"hi": hi, "lo": 1 / hi}}
            ],
        }

    channels = [
        {"samples": [sample("copper", 1.2), sample("lxe", 1.01)]},
        {"samples": [sample("copper", 1.3), sample("lxe", 1.02)]},
    ]
    assert _priors({"channels": channels}) == pytest.approx({"error of copper_norm": np.log(1.2)})
