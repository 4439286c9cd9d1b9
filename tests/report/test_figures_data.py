"""The numbers behind figures: from workspaces and limits to counts.csv and back."""

import numpy as np
import pandas as pd
import pytest
from figure_inputs import make_counts, make_limits
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from exonu.core.errors import InputError
from exonu.core.resources import resource_path
from exonu.interactions import Physics, RecoilSpectra
from exonu.report.figures.coupling_mass import lowest_curve
from exonu.report.figures.stacked_spectrum import garwood_interval
from exonu.report.numbers.counts import drawn_cases, figure_names, spectrum_counts, write_counts
from exonu.report.numbers.figure_records import read_counts, read_heading
from exonu.report.numbers.folded import (
    efficiency_curve,
    folded_curves,
    recoil_curves,
    shown_strength,
)
from exonu.search.analysis import read_analysis
from exonu.search.build_workspaces import build_workspaces
from exonu.search.experiment.read_experiment import read_experiment
from exonu.search.signals import fold_signals

CASES = [("millicharge", "all", None), ("dark-photon", "all", 1e-3), ("dark-photon", "all", 10.0)]


@pytest.fixture(scope="module")
def experiment():
    return read_experiment(resource_path("published/xenonnt-sr0/experiment.yaml"))


@pytest.fixture(scope="module")
def toy_settings():
    """Settings of an analysis with all defaults, few masses."""
    settings = read_analysis("template", resource_path("template/analysis.yaml")).settings
    grid = {"minimum": 1e-3, "maximum": 10, "number": 2}
    settings["interactions"] = {
        "millicharge": {"flavours": ["all"]},
        "dark-photon": {"masses_MeV": grid, "more_masses_MeV": []},
    }
    return settings | {"blind": False}


def workspaces(experiment, settings):
    made = [
        w for name in settings["interactions"] for w in build_workspaces(experiment, name, settings)
    ]
    return [(workspace.spec, workspace.meaning) for workspace in made]


def test_signals_are_those_of_the_limits(experiment, toy_settings):
    limits = make_limits(CASES, observed=3.0, scale=1e-13)
    counts = spectrum_counts(experiment, workspaces(experiment, toy_settings), limits)
    assert [(s.interaction, s.flavour, s.mass_MeV) for s in counts.signals] == CASES
    physics = Physics.from_settings(toy_settings["physics"])
    for signal in counts.signals:
        (folded,) = fold_signals(
            experiment, physics, signal.interaction, [(signal.flavour, signal.mass_MeV)]
        )
        assert signal.strength == pytest.approx(3e-13)
        np.testing.assert_allclose(signal.counts, folded.counts(3e-13), rtol=1e-9)


def test_dark_photon_counts_its_pure_term_by_the_fourth_power(experiment, toy_settings):
    pairs = workspaces(experiment, toy_settings)[1:2]
    physics = Physics.from_settings(toy_settings["physics"])
    (folded,) = fold_signals(experiment, physics, "dark-photon", [("all", 1e-3)])
    for strength in (1e-7, 1e-5):  # interference dominates, then the pure term
        counts = spectrum_counts(experiment, pairs, make_limits(CASES[1:2], scale=strength))
        np.testing.assert_allclose(counts.signals[0].counts, folded.counts(strength), rtol=1e-9)


def test_data_and_backgrounds_are_the_experiments(experiment, toy_settings):
    counts = spectrum_counts(experiment, workspaces(experiment, toy_settings), make_limits(CASES))
    np.testing.assert_array_equal(counts.observed, experiment.observed)
    np.testing.assert_array_equal(counts.background, experiment.background)
    np.testing.assert_allclose(counts.background_error, 0.06 * experiment.background)
    assert list(counts.backgrounds) == ["B0 (all backgrounds and solar ν)"]


def test_the_live_time_is_written_where_it_is_known(tmp_path):
    """A published spectrum has none."""
    for days in (None, 3.0):
        write_counts(tmp_path / "counts.csv", make_counts(live_days=days))
        assert read_heading(tmp_path / "counts.csv").live_days == days
        assert ("live_days" in (tmp_path / "counts.csv").read_text()) == (days is not None)


def test_blinded_counts_hold_no_data(experiment, toy_settings, tmp_path):
    pairs = workspaces(experiment, toy_settings | {"blind": True})
    write_counts(tmp_path / "counts.csv", spectrum_counts(experiment, pairs, make_limits(CASES)))
    counts = read_counts(tmp_path / "counts.csv")
    assert counts.heading.blinded
    np.testing.assert_allclose(counts.observed, experiment.background)


def test_uncertainties_add_in_quadrature_and_shared_parameters_linearly(experiment):
    def norm(name, size):
        return {"name": name, "type": "normsys", "data": {"hi": 1 + size, "lo": 1 - size}}

    shape = {
        "name": "flux",
        "type": "histosys",
        "data": {"hi_data": [11.0, 20.0], "lo_data": [9.0, 20.0]},
    }
    free = {"name": "free", "type": "normfactor", "data": None}
    samples = [
        {"name": "a", "data": [10.0, 20.0], "modifiers": [norm("shared", 0.1), shape]},
        {
            "name": "b",
            "data": [30.0, 0.0],
            "modifiers": [norm("shared", 0.1), norm("own", 0.2), free],
        },
        {
            "name": "signal",
            "data": [1.0, 1.0],
            "modifiers": [{"name": "mu", "type": "normfactor", "data": None}],
        },
    ]
    spec = {
        "channels": [{"name": "c", "samples": samples}],
        "observations": [{"name": "c", "data": [40.0, 20.0]}],
        "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": []}}],
    }
    meaning = {
        "interaction": "millicharge", "flavour": "all", "mass_MeV": None, "parameter": "q_nu", "unit": "e",
        "reference_strength": 1e-12, "power": 2, "poi_map": {}, "is_simulated": True, "blinded": False,
    }  # fmt: skip
    two_bins = experiment.within(experiment.low_keV[0], experiment.high_keV[1])
    counts = spectrum_counts(two_bins, [(spec, meaning)], make_limits(observed=2.0))
    np.testing.assert_allclose(counts.background_error, [np.sqrt(4**2 + 1**2 + 6**2), 2.0])
    np.testing.assert_allclose(counts.signals[0].counts, [4.0, 4.0])  # μ = (2e-12 / 1e-12)²
    assert counts.heading.is_simulated


@pytest.mark.parametrize(
    "limits", [make_limits(observed=np.nan), make_limits(cases=())], ids=["failed", "missing"]
)
def test_signal_without_limit_has_no_counts(experiment, toy_settings, limits, tmp_path):
    counts = spectrum_counts(experiment, workspaces(experiment, toy_settings)[:1], limits)
    write_counts(tmp_path / "counts.csv", counts)
    (signal,) = read_counts(tmp_path / "counts.csv").signals
    assert signal.strength is None
    assert signal.counts is None


def test_no_workspace_is_an_input_error(experiment):
    with pytest.raises(InputError, match="no workspace to draw"):
        spectrum_counts(experiment, [], make_limits())


def test_counts_survive_the_file(tmp_path):
    counts = make_counts(is_simulated=True)
    write_counts(tmp_path / "counts.csv", counts)
    again = read_counts(tmp_path / "counts.csv")
    assert again.heading == counts.heading == read_heading(tmp_path / "counts.csv")
    assert list(again.backgrounds) == list(counts.backgrounds)
    np.testing.assert_allclose(again.background, counts.background)
    np.testing.assert_allclose(again.signals[0].counts, counts.signals[0].counts, rtol=1e-8)
    table = pd.read_csv(
        tmp_path / "counts.csv", comment="#"
    )  # any tool that knows comments reads it
    assert list(table["observed"]) == list(counts.observed)


def test_file_without_head_is_an_input_error(tmp_path):
    (tmp_path / "counts.csv").write_text("energy_low_keV\n1\n")
    with pytest.raises(InputError, match="does not begin with what its columns belong to"):
        read_counts(tmp_path / "counts.csv")


def test_missing_file_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match=r"counts\.csv: cannot be read"):
        read_heading(tmp_path / "counts.csv")


@pytest.mark.parametrize(
    ("searched", "expected"),
    [
        (["millicharge"], ["spectrum", "signals", "limits"]),
        (["dark-photon"], ["spectrum", "signals", "coupling_mass"]),
        (["dark-photon", "magnetic-moment"], ["spectrum", "signals", "limits", "coupling_mass"]),
    ],
)
def test_only_figures_with_something_to_show(searched, expected):
    assert figure_names(searched) == expected


def test_one_flavour_is_drawn_where_all_are_not_searched():
    assert drawn_cases({"magnetic-moment": {"flavours": ["mu", "tau"]}}) == [
        ("magnetic-moment", "mu", None)
    ]


def test_folded_curves_are_the_signals_of_the_templates(experiment, toy_settings):
    physics, interactions = (
        Physics.from_settings(toy_settings["physics"]),
        toy_settings["interactions"],
    )
    folded = folded_curves(experiment, physics, interactions)
    scale = experiment.exposure_tonne_year * (experiment.high_keV - experiment.low_keV)
    for interaction, flavour, mass in CASES:
        chosen = folded[
            (folded["interaction"] == interaction)
            & (folded["atomic"] == physics.atomic(interaction))
        ]
        chosen = chosen if mass is None else chosen[chosen["mass_MeV"] == mass]
        (signal,) = fold_signals(experiment, physics, interaction, [(flavour, mass)])
        counts = signal.counts(shown_strength(interaction, mass))
        np.testing.assert_allclose(chosen["rate_per_tonne_year_keV"] * scale, counts, rtol=1e-9)


def test_recoil_curves_hold_every_atomic_model_of_the_millicharge(toy_settings):
    curves = recoil_curves(
        Physics(treatments=(("millicharge", "epa"),)), toy_settings["interactions"]
    )
    millicharge = curves[curves["interaction"] == "millicharge"]
    assert list(millicharge["atomic"].unique()) == [
        "epa",
        "pai",
        "free",
    ]  # the analysis's own first
    weak = curves[curves["interaction"] == "weak"]
    spectra = RecoilSpectra(weak["energy_keV"])
    np.testing.assert_allclose(weak["rate_per_tonne_year_keV"], spectra.rate("weak").sum(axis=0))


def test_efficiency_curve_says_of_which_energy(experiment):
    curve = efficiency_curve(experiment)
    assert set(curve["argument"]) == {"reconstructed energy"}
    assert curve["efficiency"].between(0, 1).all()


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=5))
def test_garwood_interval_is_that_of_the_chi_squared_distribution(observed):
    n = np.array(observed)
    low, high = garwood_interval(n)
    tail = 0.15865525393145707
    np.testing.assert_allclose(
        low, np.where(n > 0, chi2.ppf(tail, 2 * np.maximum(n, 1)) / 2, 0), rtol=1e-7
    )
    np.testing.assert_allclose(high, chi2.isf(tail, 2 * (n + 1)) / 2, rtol=1e-7)


def test_lowest_curve_is_the_strongest_limit_where_there_is_one():
    rows = [("A", 1.0, 1e-3), ("A", 100.0, 1e-1), ("B", 1.0, 1e-2), ("B", 1000.0, 1e-2)]
    curves = pd.DataFrame(rows, columns=["experiment", "mass_MeV", "g"])
    lowest = lowest_curve(curves, np.array([0.5, 4.0, 50.0, 500.0, 2000.0]))
    np.testing.assert_allclose(lowest, [np.nan, 4e-3, 1e-2, 1e-2, np.nan])
