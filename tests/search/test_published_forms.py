"""Published spectra as they come: each form beside the same analysis written the long way."""

# ruff: noqa: E501 (a block of settings in one line)

import numpy as np
import pytest
from published_folders import SPECTRUM, edit, limit, same_spec, sample, workspace, write_columns

from exonu.core.errors import InputError
from exonu.core.settings import merged
from exonu.core.tables import read_numbers
from exonu.detector import SqrtLinearResolution
from exonu.search.analysis import default_settings
from exonu.search.build_workspaces import build_workspaces
from exonu.search.experiment.read_experiment import experiment_files, read_experiment
from exonu.search.plausibility.limit_checks import FoundLimit
from exonu.statistics import compile_workspace

EXPOSURE = 1.0


@pytest.mark.parametrize(
    ("sign", "header"),
    [("  ", "# {}"), ("\t", "{}"), ("\t", "# {}"), (" ", "{}"), (",", "# {}")],
    ids=["blanks, names in a comment", "tabs", "tabs, names in a comment", "blanks", "commas"],
)
def test_blanks_or_tabs_with_the_names_in_a_comment(folder, table, sign, header):
    right = workspace(folder)
    names = header.format((sign if sign != "  " else " ").join(SPECTRUM))
    text = f"# My experiment, table 3\n# of {len(table)} columns\n{names}"
    write_columns(folder / "spectrum.csv", text, [table[name] for name in SPECTRUM], sign)
    same_spec(workspace(folder), right)


@pytest.mark.parametrize("width", [1.0, "width"])
def test_centres_with_a_width(folder, table, width):
    first = slice(None) if width == "width" else slice(9)  # of 1 keV
    low, high, *counts = (table[name][first] for name in SPECTRUM)
    write_columns(folder / "spectrum.csv", ",".join(SPECTRUM), [low, high, *counts])
    right = workspace(folder)
    write_columns(
        folder / "spectrum.csv",
        "centre,width,observed_events,background_events",
        [(low + high) / 2, high - low, *counts],
    )
    named = {"energy_low_keV": None, "energy_high_keV": None}
    ignored = [] if width == "width" else ["width"]
    edit(folder, spectrum={**named, "energy_centre_keV": "centre", "width_keV": width, "ignored_columns": ignored})  # fmt: skip
    same_spec(workspace(folder), right)


@pytest.mark.parametrize(
    ("unit", "tonne_years"),
    [("kg day", 1e-3 / 365.25), ("kg·d", 1e-3 / 365.25), ("t day", 1 / 365.25), ("t-days", 1 / 365.25),
     ("kg year", 1e-3), ("kg yr", 1e-3), ("t y", 1.0), ("tonne·year", 1.0)],
)  # fmt: skip
def test_exposure_in_other_units(folder, unit, tonne_years):
    right = workspace(folder)
    value = EXPOSURE / tonne_years
    edit(folder, exposure_tonne_year=None, exposure={"value": value, "unit": unit, "status": "published"})  # fmt: skip
    same_spec(workspace(folder), right)


@pytest.mark.parametrize("unit", ["events/(t y keV)", "1/(kg day keV)", "events/(MeV t year)"])
def test_rates_of_the_table_times_exposure_and_width(folder, table, unit):
    edit(folder, exposure_tonne_year={"value": 0.37, "status": "assumed"})
    right = workspace(folder)
    per_day, per_MeV = "day" in unit, "MeV" in unit
    rate = 1 / 0.37 * (1e-3 / 365.25 if per_day else 1) * (1e3 if per_MeV else 1)
    low, high, observed, background = (table[name] for name in SPECTRUM)
    columns = [low, high, rate * observed / (high - low), rate * background / (high - low)]
    write_columns(folder / "spectrum.csv", ",".join(SPECTRUM), columns)
    edit(
        folder,
        spectrum={"observed": {"column": "observed_events", "unit": unit}},
        backgrounds={"flat": {"unit": unit}},
    )
    same_spec(workspace(folder), right)


def test_a_flat_rate_and_a_curve_of_reconstructed_energy(folder, table):
    low, high, observed, _ = (table[name] for name in SPECTRUM)
    flat, (e, r) = 12.5, (np.array([0.0, 7.3, 40.0]), np.array([3.0, 20.0, 4.0]))

    def primitive(x):
        first = 3 * x + (20 - 3) / 7.3 * x**2 / 2
        at = 3 * 7.3 + 17 * 7.3 / 2
        second = at + 20 * (x - 7.3) + (4 - 20) / (40 - 7.3) * (x - 7.3) ** 2 / 2
        return np.where(x < 7.3, first, second)

    content = primitive(high) - primitive(low)
    columns = [low, high, observed, flat * (high - low), content]
    header = ",".join([*SPECTRUM, "curve_events"])
    write_columns(folder / "spectrum.csv", header, columns)
    norm = {"constraint": "gaussian", "uncertainty": 0.05}
    edit(folder, backgrounds={"curve": {"column": "curve_events", "normalisation": norm}})
    right = workspace(folder)
    write_columns(folder / "curve.txt", "# E rate", [e, r], " ")
    edit(
        folder,
        spectrum={"ignored_columns": ["background_events", "curve_events"]},
        backgrounds={
            "flat": {
                "column": None,
                "rate": {"value": flat, "unit": "events/(t y keV)", "efficiency": "included"},
            },
            "curve": {
                "column": None,
                "curve": {"file": "curve.txt", "energy_keV": "E", "rate": "rate", "unit": "events/(t y keV)", "efficiency": "included"},
            },
        },
    )  # fmt: skip
    assert folder / "curve.txt" in experiment_files(folder / "experiment.yaml")
    same_spec(workspace(folder), right)


def test_a_flat_rate_of_true_energy_is_folded_like_a_signal(folder, table):
    rate = {"value": 1e3, "unit": "events/(kg day keV)", "efficiency": "apply"}
    edit(folder, spectrum={"ignored_columns": ["background_events"]}, backgrounds={"flat": {"column": None, "rate": rate}})  # fmt: skip
    experiment = read_experiment(folder / "experiment.yaml")
    folded = experiment.response.fold(np.full_like(experiment.response.true_energy_keV, 365.25e6))
    np.testing.assert_allclose(experiment.background, folded, rtol=1e-12)


def test_digitised_counts_are_rounded_and_said(folder, table):
    right = workspace(folder)
    low, high, observed, background = (table[name] for name in SPECTRUM)
    off = np.where(np.arange(len(observed)) % 3 == 0, 0.31, -0.0)
    write_columns(folder / "spectrum.csv", ",".join(SPECTRUM), [low, high, observed + off, background])  # fmt: skip
    with pytest.raises(InputError) as error:
        workspace(folder)
    n = int(np.sum(off != 0))
    said = str(error.value)
    assert len(said.splitlines()) == 1
    assert f"row 1, 4, 7, 10, 13, column observed_events: are not whole numbers in {n} of" in said
    assert "rounding: nearest, status: digitised" in said
    edit(folder, spectrum={"observed": {"column": "observed_events", "rounding": "nearest", "status": "digitised"}})  # fmt: skip
    made = workspace(folder)
    same_spec(made, right)
    assert f"{n} of {len(observed)} observed counts were rounded, by up to 0.31" in made.meaning["notes"][0]  # fmt: skip


def test_an_efficiency_band_is_a_nuisance_parameter_with_its_shape(folder):
    nominal = workspace(folder)
    table = read_numbers(folder / "efficiency.csv", ["energy_keV", "efficiency"])
    energy, middle = table["energy_keV"], table["efficiency"]
    upper = np.minimum(middle * (1 + 0.3 / energy), 1)
    lower = middle * (1 - 0.2 / np.maximum(energy, 0.5))
    write_columns(folder / "efficiency.csv", "energy_keV,efficiency,lower,upper", [energy, middle, lower, upper])  # fmt: skip
    edit(folder, efficiency={"lower": "lower", "upper": "upper"})
    made = workspace(folder)
    modifiers = {(m["name"], m["type"]): m["data"] for m in sample(made, "signal")["modifiers"]}
    size, shape = (modifiers["efficiency_band", kind] for kind in ("normsys", "histosys"))
    for side, data, values in (("hi", "hi_data", upper), ("lo", "lo_data", lower)):
        # The long way: the signal of an experiment whose efficiency is that end of the band.
        edit(folder, efficiency={"lower": None, "upper": None})
        write_columns(folder / "efficiency.csv", "energy_keV,efficiency", [energy, values])
        other = workspace(folder)
        ratio = (other.meaning["reference_strength"] / made.meaning["reference_strength"]) ** 2
        counts = np.array(sample(other, "signal")["data"]) / ratio
        np.testing.assert_allclose(size[side] * np.array(shape[data]), counts, rtol=1e-9)
    np.testing.assert_allclose(limit(made), limit(nominal), rtol=0.05)
    assert limit(made)[3] > limit(nominal)[3]  # less is known


BUMP = [[0.1, 0.0], [4.0, 30.0], [9.0, 5.0], [40.0, 0.0]]


@pytest.mark.parametrize(
    ("interaction", "mass"),
    [("alp", 0.005), ("hidden-photon", 0.006), ("solar-axion", None), ("spectrum", None)],
)
def test_an_efficiency_band_reaches_what_is_not_of_neutrinos(folder, interaction, mass):
    """A band of ±20 % everywhere takes every signal with it."""
    energy = np.linspace(0.0, 50.0, 101)
    middle = np.full(101, 0.5)
    write_columns(folder / "efficiency.csv", "energy_keV,efficiency,lower,upper", [energy, middle, 0.8 * middle, 1.2 * middle])  # fmt: skip
    edit(folder, efficiency={"lower": "lower", "upper": "upper"})
    experiment = read_experiment(folder / "experiment.yaml")
    settings = merged(default_settings(), {"interactions": {"spectrum": {"rows": BUMP}}})
    [made] = build_workspaces(experiment, interaction, settings, [("all", mass)])
    signal = sample(made, "signal")
    modifiers = {m["name"]: m["data"] for m in signal["modifiers"]}
    assert modifiers["efficiency_band"] == pytest.approx({"hi": 1.2, "lo": 0.8}, rel=1e-9)
    assert sum(signal["data"]) > 0


def matrix_of(folder, step):
    """The template's response as a table of true energies, and the low edges of its bins."""
    bins = read_numbers(folder / "spectrum.csv", SPECTRUM)
    experiment = read_experiment(folder / "experiment.yaml")
    energy = np.arange(0.5, 45, step)
    from scipy.special import ndtr

    low, high = bins["energy_low_keV"], bins["energy_high_keV"]
    sigma = SqrtLinearResolution(0.310, 0.0037)(energy)
    content = ndtr((high[:, None] - energy) / sigma) - ndtr((low[:, None] - energy) / sigma)
    return energy, experiment.efficiency(energy) * content


@pytest.mark.parametrize("observable", [None, {"name": "S2", "unit": "PE"}])
def test_a_response_matrix(folder, table, observable):
    right = workspace(folder)
    energy, seen = matrix_of(folder, 0.05)
    header = " ".join(["# E", *(f"bin{k}" for k in range(len(seen)))])
    write_columns(folder / "response.txt", header, [energy, *seen], " ")
    edit(folder, efficiency=None, resolution=None,
         response={"file": "response.txt", "true_energy_keV": "E", "uncertainty": 0.03})  # fmt: skip
    if observable is not None:  # bins of 150 PE, whatever these are in energy
        low, high, *counts = (table[name] for name in SPECTRUM)
        columns = [150 * low, 150 * high, *counts]
        write_columns(folder / "spectrum.csv", "s2_low,s2_high,observed_events,background_events", columns)  # fmt: skip
        named = {"energy_low_keV": None, "energy_high_keV": None}
        edit(folder, spectrum={**named, "low": "s2_low", "high": "s2_high", "observable": observable})  # fmt: skip
    assert folder / "response.txt" in experiment_files(folder / "experiment.yaml")
    made = workspace(folder)
    np.testing.assert_allclose(sample(made, "signal")["data"], sample(right, "signal")["data"], rtol=5e-3)  # fmt: skip
    np.testing.assert_allclose(limit(made), limit(right), rtol=2e-3)
    assert made.meaning["axis_label"] == ("reconstructed energy [keV]" if observable is None else "S2 [PE]")  # fmt: skip
    page = FoundLimit(made.spec, compile_workspace(made.spec), {}, {}, made.meaning)
    first = page.bins(np.arange(page.model.n_bins) == 0)
    assert first.endswith("keV" if observable is None else "PE")
    assert not [note for note in made.meaning["notes"] if "keV" in note and observable]


def test_an_observable_may_be_negative_and_its_rates_are_folded(folder, table):
    """log10(S2/S1) from −1 on; a flat rate of true energy gives what the matrix sees of it."""
    energy, seen = matrix_of(folder, 0.05)
    write_columns(folder / "response.txt", " ".join(["# E", *(f"b{k}" for k in range(len(seen)))]), [energy, *seen], " ")  # fmt: skip
    edges = -1 + 0.1 * np.arange(len(seen) + 1)
    write_columns(folder / "spectrum.csv", "low,high,observed_events", [edges[:-1], edges[1:], table["observed_events"]])  # fmt: skip
    rate = {"value": 20, "unit": "events/(t y keV)", "efficiency": "apply"}
    edit(folder, efficiency=None, resolution=None, response={"file": "response.txt", "true_energy_keV": "E"},
         spectrum={"energy_low_keV": None, "energy_high_keV": None, "low": "low", "high": "high", "observable": {"name": "log10(S2/S1)", "unit": "1"}},
         backgrounds={"flat": {"column": None, "rate": rate}})  # fmt: skip
    experiment = read_experiment(folder / "experiment.yaml")
    assert experiment.axis_label == "log10(S2/S1) [1]"
    assert experiment.low_keV[0] == -1
    expected = 20 * np.trapezoid(seen, energy, axis=1)
    np.testing.assert_allclose(experiment.backgrounds[0].counts, expected, rtol=5e-3)


def test_a_matrix_of_another_grid_sees_the_same(folder):
    """A coarser table differs by its linear interpolation alone."""
    energy, seen = matrix_of(folder, 0.2)
    header = ",".join(["E", *(f"bin{k}" for k in range(len(seen)))])
    write_columns(folder / "response.csv", header, [energy, *seen])
    right = workspace(folder)
    edit(folder, efficiency=None, resolution=None,
         response={"file": "response.csv", "true_energy_keV": "E", "uncertainty": 0.03})  # fmt: skip
    np.testing.assert_allclose(limit(workspace(folder)), limit(right), rtol=0.01)
