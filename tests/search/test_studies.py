"""Studies of a search: what is written says what the engine found, and jobs share toys without
changing them."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from exonu.core.errors import InputError
from exonu.core.files import read_json, write_json
from exonu.core.resources import resource_path
from exonu.report.figures.coverage_of_limits import draw_coverage
from exonu.report.figures.fit_diagnostics import draw_diagnostics
from exonu.report.figures.style import save
from exonu.report.numbers.figure_records import Heading
from exonu.search.analysis import default_settings
from exonu.search.build_workspaces import build_workspaces, write_meaning
from exonu.search.experiment.read_experiment import read_experiment
from exonu.search.limit_records import limit_record, read_model
from exonu.search.limit_rows import COLUMNS, limit_rows
from exonu.search.studies.toys_and_coverage import (
    AT_LIMIT,
    OBSERVED,
    _leading,
    _ranked,
    coverage_table,
    diagnostics,
    expected_from_points,
    join_toys,
    toy_chunk,
    values_to_test,
    yields_table,
)
from exonu.statistics import compile_workspace, fit, goodness_of_fit, upper_limit
from exonu.statistics.examples import modifier, sample, workspace_of

SETTINGS = default_settings()
HEADING = Heading("XENON1T SR1", "arXiv:2006.09721", 0.6473, is_simulated=False, blinded=False)
CASES = {"magnetic-moment": ("all", None), "dark-photon": ("all", 10.0)}


@pytest.fixture(scope="module")
def workspaces(tmp_path_factory):
    folder = tmp_path_factory.mktemp("workspaces")
    experiment = read_experiment(resource_path("published/xenon1t-sr1/experiment.yaml"))
    files = {}
    for interaction, case in CASES.items():
        [workspace] = build_workspaces(experiment, interaction, SETTINGS, [case])
        files[interaction] = folder / f"{workspace.name}.json"
        write_json(files[interaction], workspace.spec)
        write_meaning(folder, workspace)
    return files


@pytest.fixture(scope="module", params=list(CASES))
def diagnosed(request, workspaces):
    statistics = {**SETTINGS["statistics"], "goodness_of_fit_toys": 100}
    return workspaces[request.param], diagnostics(workspaces[request.param], statistics, seed=1)


def test_diagnostics_are_those_of_the_engine(diagnosed):
    file, record = diagnosed
    model, _ = read_model(file)
    assert record["limit_mu"] == pytest.approx(upper_limit(model).observed)
    assert record["goodness_of_fit"]["statistic"] == pytest.approx(goodness_of_fit(model).statistic)
    assert {pull["name"] for pull in record["pulls"]} == {
        "B0_norm",
        "efficiency",
        "flux_pp",
        "flux_be7",
    }
    assert record["impacts"]["parameters"][0]["name"] == "B0_norm"
    assert min(record["scan_mu"]["twice_delta_nll"]) == pytest.approx(0, abs=0.02)
    assert record["fit"]["converged"]
    assert json.loads(json.dumps(record, allow_nan=False)) == record


def test_the_fit_of_the_diagnostics_is_the_global_one(diagnosed):
    file, record = diagnosed
    model, _ = read_model(file)
    assert record["fit"]["nll"] <= upper_limit(model).best_fit.nll + 1e-9


def test_yields_before_the_fit_are_the_workspace_s(diagnosed):
    _, record = diagnosed
    table = yields_table([record]).set_index("sample")
    assert not table[["blinded", "is_simulated"]].to_numpy().any()
    background = read_experiment(
        resource_path("published/xenon1t-sr1/experiment.yaml")
    ).background.sum()
    assert table.loc["B0", "before"] == pytest.approx(background)
    assert table.loc["B0", "before_error"] == pytest.approx(0.026 * background, rel=0.01)
    assert (
        table.loc["B0", "after_error"] < 1.02 * table.loc["B0", "before_error"]
    )  # a flat signal is no help


@pytest.mark.parametrize(
    "diagnosed",
    ["magnetic-moment", pytest.param("dark-photon", marks=pytest.mark.slow)],
    indirect=True,
)
def test_diagnostics_page_has_the_same_bytes(diagnosed, tmp_path):
    _, record = diagnosed
    for name in ("a", "b"):
        save(draw_diagnostics(record, HEADING), [tmp_path / f"{name}.png"], 60)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_toys_do_not_depend_on_the_number_of_jobs(workspaces):
    file = workspaces["magnetic-moment"]
    tested = [4.0, 6.5, 8.5]
    [one] = join_toys([toy_chunk(file, tested, 500, (0, 1), 3)], 0.9)
    [two] = join_toys([toy_chunk(file, tested, 500, (job, 2), 3) for job in (1, 0)], 0.9)
    assert one == two
    [other] = join_toys([toy_chunk(file, tested, 250, (0, 1), 4)], 0.9)
    assert other["methods"]["toys"]["record"]["cls"] != one["methods"]["toys"]["record"]["cls"]


@pytest.mark.slow
def test_toy_limit_agrees_with_the_asymptotic_one(workspaces):
    file = workspaces["magnetic-moment"]
    asymptotic = limit_record(file, ["asymptotic"], 0.9)["methods"]["asymptotic"]
    [record] = join_toys([toy_chunk(file, values_to_test(asymptotic), 2000, (0, 1), 3)], 0.9)
    found = record["methods"]["toys"]
    assert (
        abs(found["observed"] - asymptotic["observed"])
        < 4 * found["record"]["error"] + 0.03 * asymptotic["observed"]
    )
    np.testing.assert_allclose(found["expected"][1:4], asymptotic["expected"][1:4], rtol=0.1)
    assert found["record"]["failed"] == [0] * len(found["record"]["mu"])
    table = limit_rows("xenon1t-sr1", "XENON1T SR1", [record])
    assert list(table.columns) == list(COLUMNS)
    assert table["method"].tolist() == ["feldman-cousins", "toys"]


def test_no_toys_without_an_asymptotic_limit():
    assert values_to_test({"observed": None, "expected": [None] * 5}) == []


def test_expected_limit_outside_the_tested_values_is_none():
    class Point:
        def __init__(self, mu):
            self.mu, self.expected = mu, np.array([np.exp(-mu), 0.5, 0.3, 0.05, 0.01])

    found = expected_from_points([Point(mu) for mu in (1.0, 2.0, 3.0)], 0.1)
    assert found[0] == pytest.approx(-np.log(0.1))
    assert found[1:] == [None] * 4


def test_coverage_table_and_figure(workspaces, tmp_path):
    statistics = {**SETTINGS["statistics"], "coverage": {"toys": 200, "true_values": [0.5, 2]}}
    table = pd.concat([coverage_table(file, statistics, seed=5) for file in workspaces.values()])
    assert table["fraction"].between(0.8, 1).all()
    np.testing.assert_allclose(table["excess"], table["fraction"] - 0.9)
    assert (table["failed"] == 0).all()
    strengths = table["true_strength"].to_numpy()
    assert strengths[1] / strengths[0] == pytest.approx(2)  # four times μ is twice the strength
    ways = ["asymptotic", "toys", "cls", "two-sided", "xenon-lz-2021", "feldman-cousins"]
    assert table["method"].tolist() == [way for way in ways for _ in range(2)] * 2
    by_way = table.set_index("method")["fraction"]
    assert by_way["cls"].tolist() == by_way["asymptotic"].tolist()  # the same toys
    save(draw_coverage(table, HEADING), [tmp_path / "coverage.png"], 60)
    assert (tmp_path / "coverage.png").stat().st_size > 5000


def test_a_workspace_without_its_page_has_no_studies(workspaces, tmp_path):
    write_json(tmp_path / "plain.json", read_json(workspaces["magnetic-moment"]))
    with pytest.raises(InputError, match=r"plain\.json: has no sidecar file"):
        coverage_table(tmp_path / "plain.json", SETTINGS["statistics"], 1)


def test_pulls_at_the_bound_are_those_with_the_signal_held(tmp_path):
    """Without a signal the atomic parameter is not constrained by the data: its error is that of
    its constraint."""
    experiment = read_experiment(resource_path("published/xenonnt-sr0/experiment.yaml"))
    [workspace] = build_workspaces(experiment, "millicharge", SETTINGS, [("all", None)])
    write_json(tmp_path / f"{workspace.name}.json", workspace.spec)
    write_meaning(tmp_path, workspace)
    statistics = {**SETTINGS["statistics"], "goodness_of_fit_toys": 0}
    record = diagnostics(tmp_path / f"{workspace.name}.json", statistics, seed=1)
    assert record["fit"]["at_bound"] == ["mu"]
    [pull] = [pull for pull in record["pulls"] if pull["name"] == "atomic_epa"]
    assert (pull["pull"], pull["constraint"]) == (
        pytest.approx(0, abs=1e-6),
        pytest.approx(1, abs=1e-6),
    )


def test_a_parameter_at_its_bound_is_not_scanned():
    """It has no error to scan it with, however large its impact."""
    names = ("mu", "stuck", "lost", "free")
    result = SimpleNamespace(names=names, covariance=np.diag([1.0, 0.0, np.nan, 0.04]))
    ranked = SimpleNamespace(
        parameters=[SimpleNamespace(name=name) for name in ("stuck", "lost", "free")]
    )
    assert _leading(ranked, result) == "free"
    ranked.parameters.pop()
    assert _leading(ranked, result) is None


@pytest.mark.parametrize(("observed", "data"), [([0, 20], AT_LIMIT), ([3, 20], OBSERVED)])
def test_impacts_without_a_minimum_are_those_of_expected_data(observed, data):
    """No event in the signal's bin: with the bound released μ runs away, and there is no fit to go
    from."""
    normalisation = modifier("b_norm", "normsys", {"lo": 0.8, "hi": 1.2})
    samples = [
        sample("signal", [2, 1], modifier("mu", "normfactor")),
        sample("b", [3, 20], normalisation),
    ]
    model = compile_workspace(
        workspace_of([{"name": "recoils", "samples": samples}], {"recoils": observed})
    )
    limit = upper_limit(model).observed
    ranked, of_data = _ranked(model, fit(model, fixed={"mu": 0.0}), limit)
    assert of_data == data
    [impact] = ranked.parameters
    assert impact.post_up < 0 < impact.post_down  # more background, less signal
    assert ranked.mu_hat == pytest.approx(limit if data == AT_LIMIT else 0, abs=1e-6)
