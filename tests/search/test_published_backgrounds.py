"""Errors of published backgrounds: asymmetric, common to components, correlated, covariances of bins."""

# ruff: noqa: E501 (a block of settings in one line)

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from published_folders import SPECTRUM, edit, limit, sample, workspace, write_columns

from exonu.core.errors import InputError
from exonu.search.experiment.binned_spectrum import Background
from exonu.search.experiment.correlated_backgrounds import correlated
from exonu.search.experiment.read_experiment import experiment_files, read_experiment


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
