"""Published spectra as they come: each form beside the same analysis written the long way."""

# ruff: noqa: E501 (a block of settings in one line)

import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exonu.core.errors import InputError
from exonu.core.resources import resource_path
from exonu.core.settings import merged
from exonu.core.tables import read_numbers
from exonu.detector import SqrtLinearResolution
from exonu.search.analysis import default_settings
from exonu.search.build_workspaces import build_workspaces
from exonu.search.experiment.binned_spectrum import Background
from exonu.search.experiment.correlated_backgrounds import correlated
from exonu.search.experiment.read_experiment import experiment_files, read_experiment
from exonu.search.plausibility.limit_checks import FoundLimit
from exonu.statistics import compile_workspace, upper_limit

SEARCH = {"interactions": {"magnetic-moment": {"flavours": ["all"]}}, "blind": False}
SPECTRUM = ("energy_low_keV", "energy_high_keV", "observed_events", "background_events")
EXPOSURE = 1.0


@pytest.fixture
def folder(tmp_path):
    """The template of `exonu init`: 30 bins or so of 1 keV, one background, a table of efficiency."""
    shutil.copytree(resource_path("template"), tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture
def table(folder):
    return read_numbers(folder / "spectrum.csv", SPECTRUM)


def edit(folder, **blocks):
    """The experiment's YAML with blocks merged in; a key whose value is None is taken out."""
    import yaml

    file = folder / "experiment.yaml"
    content = merged(yaml.safe_load(file.read_text()), blocks)

    def without_none(part):
        if not isinstance(part, dict):
            return part
        return {key: without_none(value) for key, value in part.items() if value is not None}

    file.write_text(yaml.safe_dump(without_none(content), sort_keys=False))
    return file


def workspace(folder):
    experiment = read_experiment(folder / "experiment.yaml")
    settings = merged(default_settings(), SEARCH)
    [made] = build_workspaces(experiment, "magnetic-moment", settings)
    return made


def sample(made, name="flat"):
    [found] = [one for one in made.spec["channels"][0]["samples"] if one["name"] == name]
    return found


def limit(made):
    found = upper_limit(compile_workspace(made.spec))
    strength = made.meaning["reference_strength"]
    return strength * np.sqrt([found.observed, *found.expected])


def same_spec(one, other):
    """Equal but for the rounding of sums and factors."""
    assert one.meaning["reference_strength"] == other.meaning["reference_strength"]
    assert _flat(one.spec) == pytest.approx(_flat(other.spec), rel=1e-9, abs=1e-9)


def _flat(part, place=""):
    if isinstance(part, dict):
        return {k: v for key in part for k, v in _flat(part[key], f"{place}/{key}").items()}
    if isinstance(part, list):
        return {k: v for i, one in enumerate(part) for k, v in _flat(one, f"{place}/{i}").items()}
    return {place: part} if isinstance(part, int | float) else {f"{place}={part}": 0}


def write_columns(file, header, columns, sign=","):
    rows = [sign.join(f"{value:.12g}" for value in row) for row in zip(*columns, strict=True)]
    file.write_text("\n".join([header, *rows]) + "\n")


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


def test_asymmetric_errors_of_a_normalisation(folder):
    edit(folder, backgrounds={"flat": {"normalisation": {"constraint": "asymmetric", "uncertainty": None, "up": 0.2, "down": 0.05}}})  # fmt: skip
    found = {m["name"]: m["data"] for m in sample(workspace(folder))["modifiers"]}
    assert found["flat_norm"] == {"hi": 1.2, "lo": 0.95}


@pytest.mark.parametrize("kind", ["counts", "errors"])
def test_asymmetric_errors_of_bins(folder, table, kind):
    low, high, observed, background = (table[name] for name in SPECTRUM)
    up, down = 0.1 * background, 0.04 * background * np.linspace(1, 2, len(low))
    columns = [low, high, observed, background]
    columns += [up, down] if kind == "errors" else [background + up, background - down]
    write_columns(folder / "spectrum.csv", ",".join([*SPECTRUM, "up", "down"]), columns)
    edit(folder, backgrounds={"flat": {"variations": {"shape": {"up": "up", "down": "down", "kind": kind}}}})  # fmt: skip
    found = {(m["name"], m["type"]): m["data"] for m in sample(workspace(folder))["modifiers"]}
    size, shape = found["shape", "normsys"], found["shape", "histosys"]
    np.testing.assert_allclose(size["hi"] * np.array(shape["hi_data"]), background + up)
    np.testing.assert_allclose(size["lo"] * np.array(shape["lo_data"]), background - down)


def test_components_that_name_the_same_parameter_vary_together(folder, table):
    """Two halves with one common uncertainty are one background with it."""
    edit(folder, backgrounds={"flat": {"normalisation": {"constraint": "gaussian", "uncertainty": 1e-3}, "norms": {"activity": 0.1}}})  # fmt: skip
    right = limit(workspace(folder))
    columns = [table[name] for name in SPECTRUM[:3]] + [table["background_events"] / 2]
    write_columns(folder / "spectrum.csv", ",".join(SPECTRUM), columns)
    half = {"column": "background_events", "normalisation": {"constraint": "gaussian", "uncertainty": 1e-3}}  # fmt: skip
    edit(folder, backgrounds={"other": {**half, "norms": {"activity": 0.1}}})
    together = limit(workspace(folder))
    np.testing.assert_allclose(together, right, rtol=1e-3)
    edit(folder, backgrounds={"other": {"norms": {"activity": None, "another": 0.1}}})
    apart = limit(workspace(folder))
    assert apart[3] < 0.999 * right[3]  # their average is better known


def halves(folder, table, correlation, uncertainty=0.1):
    """The background as two components of its shape with correlated normalisations."""
    shares = np.outer([0.3, 0.7], table["background_events"])
    columns = [*(table[name] for name in SPECTRUM[:3]), *shares]
    names = ["one", "other"]
    write_columns(folder / "spectrum.csv", ",".join([*SPECTRUM[:3], *names]), columns)
    normalisation = {"constraint": "gaussian", "uncertainty": uncertainty}
    parts = {name: {"column": name, "normalisation": normalisation} for name in names}
    matrix = [[1.0, correlation], [correlation, 1.0]]
    correlations = {"components": names, "matrix": matrix}
    edit(folder, backgrounds={"flat": None, **parts}, background_correlations=correlations)


@pytest.mark.parametrize("correlation", [1.0, 0.4, -0.9])
def test_correlated_normalisations(folder, table, correlation):
    """Two of one shape are one with the uncertainty of their sum."""
    u, shares = 0.01, np.array([0.3, 0.7])
    of_sum = u * np.sqrt(shares @ np.array([[1, correlation], [correlation, 1]]) @ shares)
    normalisation = {"constraint": "gaussian", "uncertainty": float(of_sum)}
    edit(folder, backgrounds={"flat": {"normalisation": normalisation}})
    right = limit(workspace(folder))
    halves(folder, table, correlation, u)
    made = workspace(folder)
    np.testing.assert_allclose(limit(made), right, rtol=1e-3)
    found = {m["name"] for name in ("one", "other") for m in sample(made, name)["modifiers"]}
    expected = {"correlated_0"} if correlation == 1 else {"correlated_0", "correlated_1"}
    assert {name for name in found if "staterror" not in name} == expected


@given(
    sizes=st.lists(st.floats(0.01, 2), min_size=3, max_size=3),
    seed=st.integers(0, 1000),
)
def test_each_correlated_normalisation_has_its_uncertainty(sizes, seed):
    factors = np.random.default_rng(seed).normal(size=(3, 3))
    covariance = factors @ factors.T
    error = np.sqrt(np.diag(covariance))
    matrix, names = covariance / error / error[:, None], ["a", "b", "c"]
    given_ones = [
        Background(name, name, np.ones(2), None, size)
        for name, size in zip(names, sizes, strict=True)
    ]
    found = correlated(given_ones, names, matrix)
    shifts = np.array(
        [[np.log1p(one.norms.get(f"correlated_{k}", 0)) for k in range(3)] for one in found]
    )
    expected = matrix * np.outer(np.log1p(sizes), np.log1p(sizes))
    np.testing.assert_allclose(shifts @ shifts.T, expected, atol=1e-5 * expected.max())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"components": ["one", "flat"]}, r"components: 'flat' is no background of the model; its backgrounds are one"),
        ({"matrix": [[1.0, 0.5]]}, r"matrix: (is no matrix of 2 rows and columns|.*at least 2)"),
        ({"matrix": [[1.0, 0.5, 0.1], [0.5, 1.0, 0.1]]}, r"matrix: is no matrix of 2 rows and columns"),
        ({"matrix": [[1.0, 0.5], [0.4, 1.0]]}, r"matrix: is not symmetric with 1 on its diagonal; give correlations"),
        ({"matrix": [[0.1, 0.0], [0.0, 0.2]]}, r"matrix: is not symmetric with 1 on its diagonal"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_correlations_is_said(folder, table, change, message):
    halves(folder, table, 0.5)
    edit(folder, background_correlations=change)
    with pytest.raises(InputError, match=message):
        read_experiment(folder / "experiment.yaml")


def test_correlations_that_cannot_be(folder, table):
    halves(folder, table, 0.5)
    third = {"column": "one", "normalisation": {"constraint": "gaussian", "uncertainty": 0.1}}
    rows = [[1.0, 0.9, 0.9], [0.9, 1.0, -0.9], [0.9, -0.9, 1.0]]
    block = {"components": ["one", "other", "third"], "matrix": rows}
    edit(folder, backgrounds={"third": third}, background_correlations=block)
    with pytest.raises(
        InputError, match=r"matrix: has the eigenvalue -0.8, and no errors are corr"
    ):
        read_experiment(folder / "experiment.yaml")
    free = {"normalisation": {"constraint": "free", "uncertainty": None}}
    edit(folder, backgrounds={"third": free})
    with pytest.raises(InputError, match=r"components: third has no symmetric uncertainty"):
        read_experiment(folder / "experiment.yaml")


@pytest.mark.parametrize("kind", ["absolute", "relative"])
def test_covariance_of_bins(folder, table, kind):
    background = table["background_events"]
    n = len(background)
    rng = np.random.default_rng(3)
    shifts = 0.05 * background * rng.normal(size=(3, n))
    covariance = shifts.T @ shifts
    given = covariance if kind == "absolute" else covariance / background[:, None] / background
    np.savetxt(folder / "covariance.txt", given)
    edit(folder, backgrounds={"flat": {"covariance": {"file": "covariance.txt", "kind": kind}}})
    assert folder / "covariance.txt" in experiment_files(folder / "experiment.yaml")
    [read] = read_experiment(folder / "experiment.yaml").backgrounds
    names = [f"flat_covariance_{k}" for k in range(3)]
    assert list(read.shifts) == names
    made = workspace(folder)
    emitted = [m for m in sample(made)["modifiers"] if m["name"] in names]
    assert [(m["name"], m["type"]) for m in emitted] == [(name, "histosys") for name in names]
    up, down = (np.array([m["data"][side] for m in emitted]) for side in ("hi_data", "lo_data"))
    np.testing.assert_allclose((up - background).T @ (up - background), covariance, rtol=1e-5, atol=1e-5 * covariance.max())  # fmt: skip
    np.testing.assert_allclose(up - background, background - down, rtol=1e-9)
    assert not [note for note in made.meaning["notes"] if "covariance" in note]


def test_a_covariance_that_would_empty_a_bin_is_bounded_with_a_note(folder, table):
    """80 % of one bin: exact in the workspace, bounded at 0.95/0.8 σ, and said."""
    background = table["background_events"]
    shift = np.where(np.arange(len(background)) == 2, 0.8, 0.3) * background
    np.savetxt(folder / "covariance.txt", np.outer(shift, shift))
    edit(folder, backgrounds={"flat": {"covariance": {"file": "covariance.txt", "kind": "absolute"}}})  # fmt: skip
    made = workspace(folder)
    [modifier] = [m for m in sample(made)["modifiers"] if m["name"] == "flat_covariance_0"]
    np.testing.assert_allclose(modifier["data"]["hi_data"], background + shift)
    parameters = {p["name"]: p for p in made.spec["measurements"][0]["config"]["parameters"]}
    assert parameters["flat_covariance_0"]["bounds"] == [[-1.187, 1.187]]
    [note] = [note for note in made.meaning["notes"] if "covariance" in note]
    assert "one standard deviation of flat_covariance_0 takes 80% of the expected events" in note
    assert "ends at ±1.2" in note
    assert np.all(np.isfinite(limit(made)))


def test_a_covariance_of_one_shift_is_that_variation(folder, table):
    low, high, observed, background = (table[name] for name in SPECTRUM)
    shift = 0.1 * background * np.linspace(1, 0.3, len(low))
    columns = [low, high, observed, background, shift]
    write_columns(folder / "spectrum.csv", ",".join([*SPECTRUM, "shift"]), columns)
    both = {"up": "shift", "down": "shift", "kind": "errors"}
    edit(folder, backgrounds={"flat": {"variations": {"shape": both}}})
    right = workspace(folder)
    np.savetxt(folder / "covariance.txt", np.outer(shift, shift))
    edit(folder, spectrum={"ignored_columns": ["shift"]}, backgrounds={"flat": {"variations": None, "covariance": {"file": "covariance.txt", "kind": "absolute"}}})  # fmt: skip
    made = workspace(folder)
    [modifier] = [m for m in sample(made)["modifiers"] if m["name"] == "flat_covariance_0"]
    np.testing.assert_allclose(modifier["data"]["hi_data"], background + shift, rtol=1e-6)
    np.testing.assert_allclose(modifier["data"]["lo_data"], background - shift, rtol=1e-6)
    for one in right.spec["channels"][0]["samples"][0]["modifiers"]:
        if one["type"] == "histosys":  # no size apart, whose interpolation is not linear
            one["data"] = modifier["data"]
        elif one["name"] == "shape":
            one["data"] = {"hi": 1.0, "lo": 1.0}
    np.testing.assert_allclose(limit(made), limit(right), rtol=1e-4)


def _text(name, text, **blocks):
    def change(folder):
        (folder / name).write_text(text)
        edit(folder, **blocks)

    return change


EXPERIMENT, TABLE = r"experiment\.yaml: ", r"spectrum\.csv: "
_RATE = {"value": 1, "unit": "events/(t y keV)", "efficiency": "included"}
_CURVE = {
    "file": "curve.csv",
    "energy_keV": "E",
    "rate": "r",
    "unit": "events/(t y keV)",
    "efficiency": "included",
}
_UNUSED = {"spectrum": {"ignored_columns": ["background_events"]}}
_MATRIX = {"file": "response.csv", "true_energy_keV": "E"}
_BAND = "energy_keV,efficiency,lower,upper\n0.5,0.1,{},{}\n2,0.8,0.7,0.9\n"


def _component(**keys):
    return lambda folder: edit(folder, backgrounds={"flat": keys})


def _curve(text, **keys):
    blocks = {**_UNUSED, "backgrounds": {"flat": {"column": None, "curve": {**_CURVE, **keys}}}}
    return _text("curve.csv", text, **blocks)


def _response(text, *, blocks=None, **keys):
    block = {"response": {**_MATRIX, **keys}, "efficiency": None, "resolution": None}
    block |= blocks or {}
    return _text("response.csv", text, **block)


def _observable(background=None, **spectrum):
    """The template's bins as those of S2 in PE."""
    named = {"low": "energy_low_keV", "high": "energy_high_keV", "observable": {"name": "S2", "unit": "PE"}}  # fmt: skip
    block = {"energy_low_keV": None, "energy_high_keV": None, **named, **spectrum}
    return _response(_full(), blocks={"spectrum": block, "backgrounds": {"flat": background or {}}})


def _full(rows="0.5 " + "0.01 " * 15 + "\n9 " + "0.06 " * 15):
    return "E " + " ".join(f"b{k}" for k in range(15)) + "\n" + rows + "\n"


FAULTS = {
    "no exposure": (lambda f: edit(f, exposure_tonne_year=None), EXPERIMENT + "exposure_tonne_year: is missing; give it or `exposure"),
    "two exposures": (lambda f: edit(f, exposure={"value": 1, "unit": "t y", "status": "assumed"}), EXPERIMENT + "exposure_tonne_year: is given twice"),
    "exposure: unit": (lambda f: edit(f, exposure_tonne_year=None, exposure={"value": 1, "unit": "kg", "status": "assumed"}), EXPERIMENT + r"exposure\.unit: is not a unit of an exposure \('kg'\); write kg day, t day, kg year or t year"),
    "exposure: no unit": (lambda f: edit(f, exposure_tonne_year=None, exposure={"value": 1, "status": "assumed"}), EXPERIMENT + r"exposure\.unit: is missing"),
    "exposure: negative": (lambda f: edit(f, exposure_tonne_year=None, exposure={"value": -1, "unit": "t y", "status": "assumed"}), EXPERIMENT + r"exposure\.value: must be > 0"),
    "no bins": (lambda f: edit(f, spectrum={"energy_low_keV": None, "energy_high_keV": None}), EXPERIMENT + "spectrum: is missing; name either energy_low_keV and"),
    "bins twice": (lambda f: edit(f, spectrum={"energy_centre_keV": "energy_low_keV", "width_keV": 1}), EXPERIMENT + "spectrum: says the bins twice"),
    "centres without width": (lambda f: edit(f, spectrum={"energy_low_keV": None, "energy_high_keV": None, "energy_centre_keV": "energy_low_keV", "ignored_columns": ["energy_high_keV"]}), EXPERIMENT + r"spectrum\.width_keV: is missing beside energy_centre_keV; name the column, or give a number"),
    "width of zero": (lambda f: edit(f, spectrum={"energy_low_keV": None, "energy_high_keV": None, "energy_centre_keV": "energy_low_keV", "width_keV": 0}), EXPERIMENT + r"spectrum\.width_keV: must be > 0"),
    "width: no such column": (lambda f: edit(f, spectrum={"energy_low_keV": None, "energy_high_keV": None, "energy_centre_keV": "energy_low_keV", "width_keV": "w", "ignored_columns": ["energy_high_keV"]}), TABLE + "w: is not a column of the file"),
    "centres in eV": (lambda f: edit(f, spectrum={"energy_low_keV": None, "energy_high_keV": None, "energy_centre_keV": "centre_eV", "width_keV": 1}), EXPERIMENT + r"spectrum\.energy_centre_keV: names the column 'centre_eV', which is in eV"),
    "centres closer than their width": (lambda f: edit(f, spectrum={"energy_low_keV": None, "energy_high_keV": None, "energy_centre_keV": "energy_high_keV", "width_keV": 3, "ignored_columns": ["energy_low_keV"]}), TABLE + "row 2: the bin .* overlaps the one before"),
    "low without an observable": (lambda f: edit(f, spectrum={"energy_low_keV": None, "energy_high_keV": None, "low": "energy_low_keV", "high": "energy_high_keV"}), EXPERIMENT + r"spectrum\.observable: belongs to the columns `low` and `high`"),
    "observable without a response": (lambda f: edit(f, spectrum={"energy_low_keV": None, "energy_high_keV": None, "low": "energy_low_keV", "high": "energy_high_keV", "observable": {"name": "S2", "unit": "PE"}}), EXPERIMENT + "response: is missing: the spectrum is not one of energy; give the matrix"),
    "observable: observed as a rate": (_observable(observed={"column": "observed_events", "unit": "1/(t y keV)"}), EXPERIMENT + r"spectrum\.observed\.unit: is a rate per keV, and the bins are not of energy but in PE; give counts"),
    "observable: background as a rate": (_observable({"unit": "events/(t y keV)"}), EXPERIMENT + r"backgrounds\.flat\.unit: is a rate per keV, and the bins are not of energy but in PE; .*`efficiency: apply`"),
    "observable: flat, included": (_observable({"column": None, "rate": _RATE}, ignored_columns=["background_events"]), EXPERIMENT + r"backgrounds\.flat\.rate\.efficiency: is a rate per keV, and the bins are not of energy but in PE"),
    "observable: curve, included": (_observable({"column": None, "curve": _CURVE}, ignored_columns=["background_events"]), EXPERIMENT + r"backgrounds\.flat\.curve\.efficiency: is a rate per keV, and the bins are not of energy but in PE"),
    "observable: overlap": (_observable(low="energy_low_keV", high="energy_low_keV", ignored_columns=["energy_high_keV"]), TABLE + r"row 1, energy_low_keV and energy_low_keV: the bin 1–1 PE has no width"),
    "observable without a unit": (lambda f: edit(f, spectrum={"observable": {"name": "S2"}}), EXPERIMENT + r"spectrum\.observable\.unit: is missing"),
    "observed: unit": (lambda f: edit(f, spectrum={"observed": {"column": "observed_events", "unit": "Hz"}}), EXPERIMENT + r"spectrum\.observed\.unit: is not a unit of counts or of a rate \('Hz'\); write counts, events"),
    "observed: no column": (lambda f: edit(f, spectrum={"observed": {"rounding": "nearest"}}), EXPERIMENT + r"spectrum\.observed\.column: is missing"),
    "observed: rounding": (lambda f: edit(f, spectrum={"observed": {"column": "observed_events", "rounding": "up"}}), EXPERIMENT + r"spectrum\.observed\.rounding: must be one of exact, nearest"),
    "background: unit": (_component(unit="events/keV"), EXPERIMENT + r"backgrounds\.flat\.unit: is not a unit of counts"),
    "background: nothing": (lambda f: edit(f, spectrum={"ignored_columns": ["background_events"]}, backgrounds={"flat": {"column": None}}), EXPERIMENT + r"backgrounds\.flat: is missing; give one of `column`, `rate` and `curve`"),
    "background: twice": (_component(rate=_RATE), EXPERIMENT + r"backgrounds\.flat: is given as column and rate"),
    "rate: unit": (lambda f: edit(f, **_UNUSED, backgrounds={"flat": {"column": None, "rate": {**_RATE, "unit": "dru"}}}), EXPERIMENT + r"backgrounds\.flat\.rate\.unit: is not a unit of counts or of a rate \('dru'\)"),
    "rate: negative": (lambda f: edit(f, **_UNUSED, backgrounds={"flat": {"column": None, "rate": {**_RATE, "value": -1}}}), EXPERIMENT + r"backgrounds\.flat\.rate\.value: must be ≥ 0"),
    "rate: efficiency of neither kind": (lambda f: edit(f, **_UNUSED, backgrounds={"flat": {"column": None, "rate": {**_RATE, "efficiency": "yes"}}}), EXPERIMENT + r"backgrounds\.flat\.rate\.efficiency: must be one of included, apply"),
    "rate: unit outside": (lambda f: edit(f, **_UNUSED, backgrounds={"flat": {"column": None, "unit": "events/(t y keV)", "rate": _RATE}}), EXPERIMENT + r"backgrounds\.flat\.unit: is the unit of a column; write it into `rate`"),
    "curve: no such column": (_curve("E,rate\n1,2\n3,4\n"), r"curve\.csv: r: is not a column of the file"),
    "curve: NaN": (_curve("E,r\n1,nan\n3,4\n"), r"curve\.csv: line 2, column r: must be a finite number \(got 'nan'\)"),
    "curve: negative": (_curve("E,r\n1,-2\n3,4\n"), r"curve\.csv: row 1, column r: is negative \(-2\); rates are ≥ 0"),
    "curve: unsorted": (_curve("E,r\n3,2\n1,4\n"), r"curve\.csv: row 2, column E: does not increase"),
    "curve: below zero": (
        _curve("E,r\n-1,2\n1,4\n"),
        r"curve\.csv: row 1, column E: is negative \(-1\); energies are ≥ 0",
    ),
    "curve: mixed lengths": (_curve("E,r\n3,2\n4\n"), r"curve\.csv: line 3: has 1 values where the header has 2"),
    "curve: in eV": (_curve("E_eV,r\n3,2\n4,2\n", energy_keV="E_eV"), EXPERIMENT + r"backgrounds\.flat\.curve\.energy_keV: names the column 'E_eV', which is in eV"),
    "curve: no file": (lambda f: edit(f, **_UNUSED, backgrounds={"flat": {"column": None, "curve": _CURVE}}), r"curve\.csv: cannot be read"),
    "norms: of nothing": (_component(norms={"activity": 0}), EXPERIMENT + r"backgrounds\.flat\.norms\.activity: must be > 0"),
    "norms: a name that is taken": (_component(norms={"flat_norm": 0.1}), EXPERIMENT + r"backgrounds\.flat\.norms\.flat_norm: is the name of another parameter; choose another name"),
    "norms: a flux": (_component(norms={"flux_pp": 0.1}), EXPERIMENT + r"backgrounds\.flat\.norms\.flux_pp: is the name of another parameter"),
    "variation: no such column": (_component(variations={"shape": {"up": "u", "down": "d"}}), "u: is not a column of the file"),
    "variation: one side": (_component(variations={"shape": {"up": "background_events"}}), EXPERIMENT + r"backgrounds\.flat\.variations\.shape\.down: is missing"),
    "variation: counts as errors": (_text("spectrum.csv", "energy_low_keV,energy_high_keV,observed_events,background_events,u\n1,2,3,4,5\n", backgrounds={"flat": {"variations": {"shape": {"up": "u", "down": "u", "kind": "errors"}}}}), EXPERIMENT + r"backgrounds\.flat\.variations\.shape\.down: takes the counts of row 1 below zero \(4 − 5\); `kind: errors` are distances"),
    "asymmetric without down": (_component(normalisation={"constraint": "asymmetric", "uncertainty": None, "up": 0.1}), EXPERIMENT + r"backgrounds\.flat\.normalisation\.down: is missing"),
    "covariance: of other bins": (_text("c.txt", "1 0\n0 1\n", backgrounds={"flat": {"covariance": {"file": "c.txt", "kind": "absolute"}}}), r"c\.txt: has 2 rows of numbers, and the spectrum 15 bins; give a row and a column for each bin"),
    "covariance: mixed lengths": (_text("c.txt", ("1 " * 15 + "\n") * 14 + "1 2\n", backgrounds={"flat": {"covariance": {"file": "c.txt", "kind": "absolute"}}}), r"c\.txt: line 15: has 2 values where the header has 15"),
    "covariance: NaN": (_text("c.txt", ("nan " * 15 + "\n") * 15, backgrounds={"flat": {"covariance": {"file": "c.txt", "kind": "absolute"}}}), r"c\.txt: line 1, column 1: must be a finite number"),
    "covariance: not symmetric": (_text("c.txt", "\n".join(" ".join(str(i + 2 * j) for i in range(15)) for j in range(15)), backgrounds={"flat": {"covariance": {"file": "c.txt", "kind": "absolute"}}}), r"c\.txt: backgrounds\.flat: is not symmetric"),
    "covariance: not positive": (_text("c.txt", "\n".join(" ".join("-1" if i == j else "0" for i in range(15)) for j in range(15)), backgrounds={"flat": {"covariance": {"file": "c.txt", "kind": "absolute"}}}), r"c\.txt: backgrounds\.flat: has the eigenvalue -1, and is not a covariance"),
    "covariance: kind": (_component(covariance={"file": "c.txt", "kind": "correlation"}), EXPERIMENT + r"backgrounds\.flat\.covariance\.kind: must be one of absolute, relative"),
    "band: one side": (lambda f: edit(f, efficiency={"lower": "lower"}), EXPERIMENT + r"efficiency\.upper: is missing beside lower; a band has both columns"),
    "band: no such column": (lambda f: edit(f, efficiency={"lower": "lower", "upper": "upper"}), r"efficiency\.csv: lower: is not a column"),
    "band: errors": (_text("efficiency.csv", _BAND.format(0.02, 0.03), efficiency={"lower": "lower", "upper": "upper"}), r"efficiency\.csv: row 1, columns lower and upper: does not hold the efficiency \(0\.1 in 0\.02 to 0\.03\); lower and upper are efficiencies"),
    "band: per cent": (_text("efficiency.csv", _BAND.format(0.05, 30), efficiency={"lower": "lower", "upper": "upper"}), r"efficiency\.csv: row 1, column upper: must lie between 0 and 1 \(got 30\)"),
    "neither efficiency nor response": (lambda f: edit(f, efficiency=None), EXPERIMENT + "efficiency: is missing; add it, or a matrix as `response`"),
    "efficiency beside a response": (_text("response.csv", _full(), response=_MATRIX), EXPERIMENT + "efficiency: is in the response matrix already"),
    "response: bins of another number": (_response("E a b\n1 0.1 0.2\n2 0.3 0.4\n"), r"response\.csv: response\.bins: has 2 columns of bins, and the spectrum 15 bins"),
    "response: no such column": (_response(_full(), true_energy_keV="T", bins=["b0"] * 15), r"response\.csv: T: is not a column"),
    "response: per cent": (_response(_full("0.5 " + "1 " * 15 + "\n9 " + "6 " * 15)), r"response\.csv: row 2, column b0: must lie between 0 and 1 \(got 6\)"),
    "response: per unit": (_response(_full("0.5 " + "0.01 " * 15 + "\n9 " + "0.6 " * 15)), r"response\.csv: row 2: sees a recoil of 9 keV with probability 9; give probabilities per bin"),
    "response: NaN": (_response(_full("0.5 " + "nan " * 15 + "\n9 " + "0 " * 15)), r"response\.csv: line 2, column b0: must be a finite number"),
    "response: unsorted": (_response(_full("5 " + "0.01 " * 15 + "\n1 " + "0.06 " * 15)), r"response\.csv: row 2, column E: does not increase"),
    "response: one energy": (_response(_full("0.5 " + "0.01 " * 15)), r"response\.csv: E: needs two true energies or more"),
    "response: below the minimum": (_response(_full("0.1 " + "0.01 " * 15 + "\n0.5 " + "0.06 " * 15)), EXPERIMENT + r"true_energy_minimum_keV: is 0\.5 keV, and the response ends at 0\.5 keV"),
    "response: mixed lengths": (_response(_full("0.5 " + "0.01 " * 15 + "\n9 0.1")), r"response\.csv: line 3: has 2 values where the header has 16"),
    "response: in eV": (_response(_full(), true_energy_keV="E_eV"), EXPERIMENT + r"response\.true_energy_keV: names the column 'E_eV', which is in eV"),
    "table: no names": (_text("spectrum.csv", "1 2 3 4\n2 3 4 5\n"), TABLE + "line 1: has no header line: it begins with numbers; write the names of the columns above"),
    "table: mixed lengths": (_text("spectrum.csv", "# energy_low_keV energy_high_keV observed_events background_events\n1 2 3 4\n2 3 4\n"), TABLE + "line 3: has 3 values where the header has 4"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_with_its_file(folder, fault):
    change, message = FAULTS[fault]
    change(folder)
    with pytest.raises(InputError, match=message):
        read_experiment(folder / "experiment.yaml")
