"""A submission to HEPData: its validator accepts it, its numbers are those of the results, its
bytes are the same."""

import hashlib
import json
import math
import tarfile
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml
from hepdata_validator.full_submission_validator import FullSubmissionValidator

from exonu.core.errors import InputError
from exonu.core.files import read_json, write_json
from exonu.core.resources import resource_path
from exonu.events.selection.cut_flow import cut_flow_table
from exonu.report.hepdata.patchsets import patch_name
from exonu.report.hepdata.submission import check_submission, write_submission
from exonu.report.numbers.counts import spectrum_counts
from exonu.search.analysis import default_settings
from exonu.search.build_workspaces import build_workspaces, write_meaning
from exonu.search.experiment.read_experiment import read_experiment
from exonu.search.limit_records import limit_record
from exonu.search.limit_rows import limit_rows
from exonu.search.studies.toys_and_coverage import diagnostics

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # pyhf's
CASES = {
    "magnetic-moment": [("all", None), ("e", None)],
    "dark-photon": [("all", 10.0), ("all", 1e-3)],
}
METHODS = ["asymptotic", "delta-chi2", "bayes-integral"]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Limits, spectrum, diagnostics and workspaces of the template, whose data are simulated."""
    folder = tmp_path_factory.mktemp("workspaces")
    settings, experiment = (
        default_settings(),
        read_experiment(resource_path("template") / "experiment.yaml"),
    )
    statistics = {**settings["statistics"], "goodness_of_fit_toys": 20}
    made = [
        w
        for name, cases in CASES.items()
        for w in build_workspaces(experiment, name, settings, cases)
    ]
    for workspace in made:
        write_json(folder / f"{workspace.name}.json", workspace.spec)
        write_meaning(folder, workspace)
    files = [folder / f"{workspace.name}.json" for workspace in made]
    limits = limit_rows(
        "mine", experiment.name, [limit_record(file, METHODS, 0.9) for file in files]
    )
    drawn = [(made[place].spec, made[place].meaning) for place in (0, 3)]
    return {
        "limits": limits,
        "counts": spectrum_counts(experiment, drawn, limits),
        "records": [diagnostics(files[place], statistics, 1) for place in (0, 3)],
        "cases": [
            (w.name, read_json(file), w.meaning) for w, file in zip(made, files, strict=True)
        ],
    }


@pytest.fixture(scope="module")
def submission(results, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hepdata")
    write_submission(folder / "submission", folder / "submission.tar.gz", **results)
    return folder / "submission"


def tables(submission):
    """By name: what submission.yaml says of a table, and the table."""
    head, *described = yaml.safe_load_all((submission / "submission.yaml").read_text())
    return head, {
        entry["name"]: (entry, yaml.safe_load((submission / entry["data_file"]).read_text()))
        for entry in described
    }


def values(variable):
    return [entry["value"] for entry in variable["values"]]


def qualifiers(variable):
    return {entry["name"]: entry["value"] for entry in variable["qualifiers"]}


def test_hepdata_s_validator_accepts_it(submission):
    for given in (
        {"archive": str(submission.with_suffix(".tar.gz"))},
        {"directory": str(submission)},
    ):
        validator = FullSubmissionValidator()
        assert validator.validate(**given), validator.get_messages()


def test_what_it_refuses_is_told(submission, tmp_path):
    """A column shorter than the others, packed as a submission."""
    file = tmp_path / "spectrum_before_the_fit.yaml"
    table = yaml.safe_load((submission / file.name).read_text())
    del table["dependent_variables"][0]["values"][0]
    file.write_text(yaml.safe_dump(table))
    with tarfile.open(tmp_path / "bad.tar.gz", "w:gz") as packed:
        for path in sorted(submission.iterdir()):
            packed.add(file if path.name == file.name else path, arcname=path.name)
    with pytest.raises(
        InputError,
        match=r"bad\.tar\.gz: is refused by HEPData's validator .*spectrum_before_the_fit",
    ):
        check_submission(tmp_path / "bad.tar.gz")


def test_a_refused_submission_leaves_the_older_one(results, tmp_path, monkeypatch):
    (tmp_path / "s").mkdir()
    for name in ("s/old.yaml", "s.tar.gz"):
        (tmp_path / name).write_text("old")
    monkeypatch.setattr("exonu.report.hepdata.submission_tables.REACTION", None)
    with pytest.raises(InputError, match="is refused by HEPData's validator"):
        write_submission(tmp_path / "s", tmp_path / "s.tar.gz", **results)
    assert [path.name for path in (tmp_path / "s").iterdir()] == ["old.yaml"]
    assert (tmp_path / "s.tar.gz").read_text() == "old"


def test_every_table_has_units_keywords_and_says_that_it_is_simulated(submission):
    head, found = tables(submission)
    assert "Simulated data." in head["comment"]
    assert list(found) == [
        "Limits on dark photon",
        "Limits on magnetic moment",
        "Spectrum before the fit",
        "Spectrum after the fit",
        "Correlation magnetic-moment_all",
        "Correlation dark-photon_all_0.001MeV",
    ]
    for described, table in found.values():
        assert "Simulated data." in described["description"]
        keywords = {entry["name"]: entry["values"] for entry in described["keywords"]}
        assert keywords["reactions"] == ["NU E- --> NU E-"]
        assert "simulated data" in keywords["phrases"]
        for variable in table["dependent_variables"]:
            assert qualifiers(variable)["Data"] == "simulated"
            assert qualifiers(variable)["Exposure"] > 0


def test_blinded_data_are_said_to_be_such(results, tmp_path):
    counts = results["counts"]
    blinded = replace(counts, heading=replace(counts.heading, blinded=True, is_simulated=False))
    write_submission(tmp_path / "s", tmp_path / "s.tar.gz", **{**results, "counts": blinded})
    for described, table in tables(tmp_path / "s")[1].values():
        assert "Blinded: " in described["description"]
        assert "Simulated" not in described["description"]
        assert qualifiers(table["dependent_variables"][0])["Data"] == "measured, blinded"


def test_limits_are_those_of_the_table(submission, results):
    _, table = tables(submission)[1]["Limits on dark photon"]
    [mass] = table["independent_variables"]
    assert (mass["header"], values(mass)) == ({"name": "M(A')", "units": "MeV"}, [1e-3, 10.0])
    limits = results["limits"][results["limits"]["interaction"] == "dark-photon"]
    asymptotic = limits[limits["method"] == "asymptotic"]
    observed, expected, *others = table["dependent_variables"]
    assert values(observed) == pytest.approx(asymptotic["observed"].tolist(), rel=1e-5)
    assert values(expected) == pytest.approx(asymptotic["expected"].tolist(), rel=1e-5)
    for entry, row in zip(expected["values"], asymptotic.to_dict("records"), strict=True):
        for error, sigmas in zip(entry["errors"], (1, 2), strict=True):
            assert error["label"] == f"{sigmas} sigma"
            ends = [entry["value"] + error["asymerror"][side] for side in ("minus", "plus")]
            assert ends == pytest.approx(
                [row[f"expected_minus{sigmas}"], row[f"expected_plus{sigmas}"]], rel=1e-5
            )
    evidence, others = others[:3], others[3:]
    for column, name in zip(evidence, ("p0", "significance", "best_fit"), strict=True):
        assert qualifiers(column)["Method"] == "q0"
        assert values(column) == pytest.approx(asymptotic[name].tolist(), rel=1e-5)
    assert [qualifiers(other)["Method"] for other in others] == ["delta-chi2", "bayes-integral"]
    integral = limits[limits["method"] == "bayes-integral"].sort_values("mass_MeV")["observed"]
    assert values(others[1]) == pytest.approx(integral.tolist(), rel=1e-5)
    flavours = tables(submission)[1]["Limits on magnetic moment"][1]
    assert values(flavours["independent_variables"][0]) == ["NU(all)", "NU(e)"]
    assert flavours["dependent_variables"][0]["header"]["units"] == "Bohr magnetons"


def test_spectra_and_correlations_are_those_of_the_fits(submission, results):
    found, counts = tables(submission)[1], results["counts"]
    table = found["Spectrum before the fit"][1]
    edges = table["independent_variables"][0]["values"]
    assert [entry["low"] for entry in edges] == counts.low_keV.tolist()
    by_name = {variable["header"]["name"]: variable for variable in table["dependent_variables"]}
    assert values(by_name["Observed"]) == pytest.approx(counts.observed, rel=1e-5)
    assert values(by_name["All backgrounds"]) == pytest.approx(counts.background, rel=1e-5)
    errors = [entry["errors"][0]["symerror"] for entry in by_name["All backgrounds"]["values"]]
    assert errors == pytest.approx(counts.background_error, rel=1e-5)
    for place, record in enumerate(results["records"]):
        after = found["Spectrum after the fit"][1]["dependent_variables"][1 + place]
        assert values(after) == pytest.approx(record["yields"]["after"], rel=1e-5)
        correlation = found[f"Correlation {record['name']}"][1]["dependent_variables"][0]
        matrix = np.array(record["correlation"]["matrix"])
        assert values(correlation) == pytest.approx(matrix.ravel(), rel=1e-5, abs=1e-12)


@pytest.mark.filterwarnings("ignore:jsonschema.RefResolver:DeprecationWarning")
def test_likelihoods_are_beside_the_tables(submission, results):
    import pyhf

    head, _ = tables(submission)
    attached = {entry["location"]: entry for entry in head["additional_resources"]}
    background, patches = (
        read_json(submission / f"dark-photon_{part}.json") for part in ("background", "patchset")
    )
    for name, spec, meaning in results["cases"]:
        if meaning["mass_MeV"] is None:
            assert read_json(submission / f"{name}.json") == spec
            meanings = yaml.safe_load((submission / "workspaces.poi_map.yaml").read_text())
        else:
            assert dict(pyhf.PatchSet(patches).apply(background, patch_name(name))) == spec
            meanings = yaml.safe_load((submission / "dark-photon.poi_map.yaml").read_text())
        assert meanings[name] == json.loads(json.dumps(meaning))
    for file in (path for path in submission.iterdir() if path.suffix == ".json"):
        assert attached[file.name]["type"] == "HistFactory"
    assert "mu_sq = mu**2" in attached["dark-photon_patchset.json"]["description"]


def test_the_same_results_make_the_same_bytes(submission, results, tmp_path, monkeypatch):
    """In another folder, whose name is nowhere, and over an older submission."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "submission").mkdir()
    (tmp_path / "submission" / "old.yaml").write_text("old")
    write_submission(tmp_path / "submission", tmp_path / "submission.tar.gz", **results)
    for name in (
        "submission.tar.gz",
        *(f"submission/{path.name}" for path in submission.iterdir()),
    ):
        assert (tmp_path / name).read_bytes() == (submission.parent / name).read_bytes(), name
    assert {path.name for path in tmp_path.iterdir()} == {"submission", "submission.tar.gz"}
    assert not (tmp_path / "submission" / "old.yaml").exists()


def test_the_tarball_holds_the_folder_and_tells_of_no_machine(submission):
    with tarfile.open(submission.with_suffix(".tar.gz")) as packed:
        entries = packed.getmembers()
        assert [entry.name for entry in entries] == sorted(
            path.name for path in submission.iterdir()
        )
        assert {(entry.mtime, entry.uid, entry.uname, entry.mode) for entry in entries} == {
            (0, 0, "", 0o644)
        }
        for entry in entries:
            content = packed.extractfile(entry).read()
            assert (
                hashlib.sha256(content).digest()
                == hashlib.sha256((submission / entry.name).read_bytes()).digest()
            )


def test_a_limit_that_was_not_found_is_a_dash(results, tmp_path):
    limits = results["limits"].copy()
    limits.loc[limits["method"] == "asymptotic", ["observed", "expected", "expected_plus2"]] = (
        math.nan
    )
    write_submission(tmp_path / "s", tmp_path / "s.tar.gz", **{**results, "limits": limits})
    observed, expected, *_ = tables(tmp_path / "s")[1]["Limits on magnetic moment"][1][
        "dependent_variables"
    ]
    assert values(observed) == values(expected) == ["-", "-"]
    assert not any("errors" in entry for entry in expected["values"])


def test_other_bins_are_refused(results, tmp_path):
    record = json.loads(json.dumps(results["records"][0]))
    record["yields"]["after"].pop()
    with pytest.raises(
        InputError, match="magnetic-moment_all was fitted in other bins than the spectrum has"
    ):
        write_submission(tmp_path / "s", tmp_path / "s.tar.gz", **{**results, "records": [record]})


def selected(source, passed):
    """A record of the selection: 100 events, of which so many pass the first and both cuts."""
    sums = [[100.0, *passed]] * 3
    cuts = [{"name": "trigger"}, {"name": "fiducial"}]
    return {"source": source, "cuts": cuts, "edges_keV": [], "sums": sums, "binned": None}


def test_a_cut_flow_is_a_table(results, tmp_path):
    data = {"kind": "data", "stream": "physics", "run": "1"}
    signal = {
        "kind": "simulation",
        "sample": "s1",
        "component": "millicharge",
        "variation": "nominal",
    }
    flow = cut_flow_table(
        [selected(data, [80.0, 20.0]), selected(signal, [90.0, 45.0])], live_days=2.0
    )
    flow.to_csv(tmp_path / "cut_flow.csv", index=False)
    flow = pd.read_csv(tmp_path / "cut_flow.csv")
    write_submission(tmp_path / "s", tmp_path / "s.tar.gz", **results, cut_flow=flow)
    table = tables(tmp_path / "s")[1]["Cut flow"][1]
    assert values(table["independent_variables"][0]) == ["all", "trigger", "fiducial"]
    by_name = {variable["header"]["name"]: variable for variable in table["dependent_variables"]}
    assert values(by_name["Events, physics"]) == [100.0, 80.0, 20.0]
    assert values(by_name["Efficiency, physics"]) == [1.0, 0.8, 0.2]
    assert values(by_name["Events, millicharge"]) == [200.0, 180.0, 90.0]
    error = by_name["Efficiency, millicharge"]["values"][2]["errors"][0]["asymerror"]
    assert error["minus"] == pytest.approx(-0.05, abs=0.01)
    assert error["plus"] == pytest.approx(0.05, abs=0.01)
