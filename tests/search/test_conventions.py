"""Discovery, two-sided intervals and the power constraint on the shipped experiments, from files to
rows of limits.csv."""

import json

import pytest

from exonu.core.errors import InputError
from exonu.core.resources import resource_path
from exonu.core.settings import checked, merged
from exonu.report.figures.scans.local_p_values import draw_local_p_values
from exonu.report.figures.style import save
from exonu.report.numbers.figure_records import Heading
from exonu.search.analysis import ANALYSIS_SCHEMA, default_settings
from exonu.search.build_workspaces import build_workspaces, write_meaning
from exonu.search.conventions import CONVENTIONS, methods_of, power_constraint_of
from exonu.search.experiment.read_experiment import read_experiment
from exonu.search.limit_records import limit_record
from exonu.search.limit_rows import limit_rows
from exonu.search.studies.mass_scans import scan_record, scan_table
from exonu.statistics import compile_workspace, toy_discovery

SETTINGS = default_settings()
LEVEL = SETTINGS["statistics"]["confidence_level"]


def written(folder, experiment, interaction, cases):
    read = read_experiment(resource_path(f"published/{experiment}/experiment.yaml"))
    files = []
    for workspace in build_workspaces(read, interaction, SETTINGS, cases):
        file = folder / f"{workspace.name}.json"
        file.write_text(json.dumps(workspace.spec))
        write_meaning(folder, workspace)
        files.append(file)
    return files


@pytest.fixture(scope="module")
def xenon1t(tmp_path_factory):
    folder = tmp_path_factory.mktemp("xenon1t")
    [file] = written(folder, "xenon1t-sr1", "magnetic-moment", [("all", None)])
    return file


@pytest.fixture(scope="module")
def xenonnt(tmp_path_factory):
    folder = tmp_path_factory.mktemp("xenonnt")
    [file] = written(folder, "xenonnt-sr0", "millicharge", [("all", None)])
    return file


def rows_of(file, methods, power_constraint=None):
    record = limit_record(file, methods, LEVEL, power_constraint=power_constraint)
    return limit_rows("mine", "none", [record]).set_index("method"), record


def test_the_excess_of_xenon1t_is_said(xenon1t):
    rows, record = rows_of(xenon1t, ["asymptotic", "two-sided"])
    assert record["discovery"]["significance"] == pytest.approx(2.97, abs=0.05)
    assert record["discovery"]["p0"] == pytest.approx(0.0015, abs=0.0002)
    for row in rows.to_dict("records"):
        assert row["significance"] == pytest.approx(2.97, abs=0.05)
        assert 1.7e-11 < row["best_fit"] < 2.6e-11
    assert 0 < rows.loc["two-sided", "interval_low"] < rows.loc["two-sided", "best_fit"]


def test_toys_find_the_excess_of_xenon1t_as_rare(xenon1t):
    spec = json.loads(xenon1t.read_text())
    toys = toy_discovery(compile_workspace(spec), 10_000, 7)
    assert toys.toys.failed == 0
    assert abs(toys.p0 - 0.00151) < 3.0 * toys.error
    assert toys.significance == pytest.approx(2.97, abs=0.25)


def test_xenonnt_has_no_excess(xenonnt):
    rows, record = rows_of(xenonnt, ["asymptotic"])
    assert (record["discovery"]["p0"], record["discovery"]["significance"]) == (0.5, 0.0)
    assert rows.loc["asymptotic", "best_fit"] == 0.0


def test_the_power_constraint_binds_on_xenonnt_and_keeps_the_original(xenonnt):
    free, _ = rows_of(xenonnt, ["asymptotic", "two-sided", "delta-chi2"])
    held, record = rows_of(xenonnt, ["asymptotic", "two-sided", "delta-chi2"], -1)
    for method in ("asymptotic", "two-sided"):
        assert free.loc[method, "observed"] < free.loc[method, "expected_minus1"]
        assert held.loc[method, "observed"] == free.loc[method, "expected_minus1"]
        assert held.loc[method, "unconstrained"] == free.loc[method, "observed"]
        notes = record["methods"][method]["record"]["notes"]
        assert any("power constraint" in note for note in notes)
    assert free.loc["asymptotic", "observed"] == pytest.approx(1.206e-13, rel=2e-3)
    assert held.loc["asymptotic", "observed"] == pytest.approx(1.215e-13, rel=3e-3)
    assert held.loc["delta-chi2", "observed"] == free.loc["delta-chi2", "observed"]


def test_the_power_constraint_does_not_bind_above(xenon1t):
    held, record = rows_of(xenon1t, ["asymptotic"], -1)
    assert held.loc["asymptotic", "observed"] == held.loc["asymptotic", "unconstrained"]
    assert record["methods"]["asymptotic"]["record"]["notes"] == []


@pytest.mark.parametrize(
    ("asked", "methods", "sigma"),
    [
        ({}, ["asymptotic", "two-sided", "delta-chi2", "bayes-integral"], None),
        ({"convention": "xenon-lz-2021", "methods": ["asymptotic"]}, ["asymptotic", "two-sided"], -1),
        ({"convention": "xenon-lz-2021", "power_constraint": "none"}, None, None),
        ({"convention": "feldman-cousins", "methods": ["asymptotic"]}, ["asymptotic"], None),
        ({"power_constraint": 0}, None, 0),
    ],
)  # fmt: skip
def test_one_key_says_what_is_done(asked, methods, sigma):
    settings = merged({"config_version": 1, "experiment": "e.yaml"}, {"statistics": asked})
    statistics = checked(settings, ANALYSIS_SCHEMA, "analysis.yaml")["statistics"]
    assert methods is None or methods_of(statistics) == methods
    assert power_constraint_of(statistics) == sigma
    assert statistics["convention"] in CONVENTIONS


def test_a_convention_that_nobody_knows_is_refused():
    settings = {"config_version": 1, "experiment": "e.yaml", "statistics": {"convention": "lhc"}}
    with pytest.raises(InputError, match=r"statistics\.convention"):
        checked(settings, ANALYSIS_SCHEMA, "analysis.yaml")


def test_scan_of_the_dark_photon_s_masses(tmp_path):
    cases = [("all", mass) for mass in (1e-3, 0.03, 0.3, 10.0)]
    files = written(tmp_path, "xenon1t-sr1", "dark-photon", cases)
    record = scan_record(files[::-1], 250, 1)
    assert [row["mass_MeV"] for row in record["masses"]] == [1e-3, 0.03, 0.3, 10.0]
    whole = record["global"]
    assert whole["mass_MeV"] == 0.03
    assert whole["local_significance"] == pytest.approx(3.2, abs=0.15)
    assert whole["local_p0"] < whole["p"] < 0.05
    assert whole["failed"] == 0
    table = scan_table(record)
    assert table["global_p"].nunique() == 1
    assert not table["is_simulated"].any()
    figure = draw_local_p_values(record, Heading("XENON1T SR1", "arXiv", 0.65, False, False))
    save(figure, [tmp_path / "scan.png"], 60)
    assert (tmp_path / "scan.png").stat().st_size > 5000
    with pytest.raises(InputError, match="workspaces of two masses or more"):
        scan_record(files[:1], 250, 1)
