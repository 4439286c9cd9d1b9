"""A small run of the whole workflow: what it makes, and that it makes the same again."""

import csv
import json
import re

import pytest
from helpers import ROOT, plan, python, results, same_bytes, snakemake

README = (ROOT / "results" / "README.md").read_text()
KEY = ("analysis", "interaction", "flavour", "mass_MeV", "parameter", "method")
UNITS = {
    "magnetic-moment": ("mu_nu", "mu_B"),
    "millicharge": ("q_nu", "e"),
    "dark-photon": ("g_BL", "1"),
}
HYPOTHESES = {
    "alpha": {
        ("magnetic-moment", "all", ""),
        ("magnetic-moment", "e", ""),
        ("dark-photon", "all", "0.001"),
        ("dark-photon", "all", "10"),
    },
    "beta": {("millicharge", "all", "")},
}


def documented_columns():
    """The columns of limits.csv as results/README.md has them, in its order."""
    table = README.partition("## limits.csv")[2].partition("\n## ")[0]
    names = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    columns = []
    for name in names:
        inside = re.findall(r"`(\w+)`", name)
        if "…" in name:  # `expected_minus2` … `expected_plus2`
            assert inside == ["expected_minus2", "expected_plus2"]
            inside = [
                "expected_minus2",
                "expected_minus1",
                "expected",
                "expected_plus1",
                "expected_plus2",
            ]
        columns += inside
    return columns


def limits(finished, analysis):
    with (finished.folder / "results" / analysis / "limits" / "limits.csv").open(
        newline=""
    ) as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("analysis", HYPOTHESES)
def test_limits_table_is_the_contract(finished, analysis):
    rows = limits(finished, analysis)
    assert list(rows[0]) == documented_columns()
    keys = [tuple(row[name] for name in KEY) for row in rows]
    assert len(set(keys)) == len(keys)
    assert {(row["interaction"], row["flavour"], row["mass_MeV"]) for row in rows} == HYPOTHESES[
        analysis
    ]
    for row in rows:
        assert row["analysis"] == analysis
        assert (row["parameter"], row["unit"]) == UNITS[row["interaction"]]
        assert (row["method"], row["confidence_level"]) == ("asymptotic", "0.9")
        assert row["blinded"] == str(analysis == "beta")
        assert row["is_simulated"] == "True"
        assert (row["published"], row["published_source"]) == ("", "")
        bands = [float(row[name]) for name in documented_columns() if name.startswith("expected")]
        assert bands == sorted(bands)
        assert 0 < bands[0] < float(row["observed"]) < 3 * bands[-1]
        assert 0 <= float(row["interval_low"]) < float(row["interval_high"])
        assert [float(value) for value in row["crossings"].split(";")][-1] == pytest.approx(
            float(row["observed"])
        )


@pytest.mark.parametrize("analysis", HYPOTHESES)
def test_what_a_page_links_is_there(finished, analysis):
    page = finished.folder / "results" / analysis / "summary.html"
    links = re.findall(r'href="([^"#:]+)"', page.read_text(encoding="utf-8"))
    assert {"limits/limits.csv", "figures/spectrum.pdf"} <= set(links)
    assert [link for link in links if not (page.parent / link).is_file()] == []


def test_blind_limits_are_the_expected_ones(finished):
    for row in limits(finished, "beta"):
        assert float(row["observed"]) == pytest.approx(float(row["expected"]), rel=1e-5)


def test_command_line_and_workflow_agree(finished):
    command = (
        "-m exonu.cli limit config/alpha/analysis.yaml --interaction magnetic-moment --flavour e"
    )
    ended = python(finished, *command.split())
    assert (ended.returncode, ended.stderr) == (0, "")
    answer = json.loads(ended.stdout)
    [row] = [
        row
        for row in limits(finished, "alpha")
        if (row["interaction"], row["flavour"]) == ("magnetic-moment", "e")
    ]
    assert float(row["observed"]) == pytest.approx(answer["observed"], rel=1e-6)
    assert float(row["expected"]) == pytest.approx(answer["expected"][2], rel=1e-6)


@pytest.mark.filterwarnings("ignore:jsonschema.RefResolver:DeprecationWarning")
def test_workspaces_are_valid_and_described(finished):
    import pyhf

    for analysis, hypotheses in HYPOTHESES.items():
        folder = finished.folder / "results" / analysis / "workspaces"
        workspaces = sorted(folder.glob("*.json"))
        assert len(workspaces) == len(hypotheses)
        for file in workspaces:
            workspace = pyhf.Workspace(json.loads(file.read_text()))  # checks the schema
            assert workspace.get_measurement()["config"]["poi"] == "mu"
            assert file.with_name(f"{file.stem}.poi_map.yaml").is_file()
        assert {file.suffix for file in folder.iterdir()} == {".json", ".yaml"}


def test_every_documented_kind_of_result_is_there(finished):
    """What results/README.md promises for each analysis, and nothing half-written or misplaced."""
    files = results(finished.folder / "results")
    for analysis, hypotheses in HYPOTHESES.items():
        spectra = {f"{interaction}.csv" for interaction, _, _ in hypotheses} | {"weak.csv"}
        assert {f"{analysis}/spectra/{name}" for name in spectra} <= files.keys()
        pictures = {name for name in files if name.startswith(f"{analysis}/figures/")}
        assert pictures
        assert {name.rpartition(".")[0] for name in pictures if name.endswith(".png")} == {
            name.rpartition(".")[0] for name in pictures if name.endswith(".pdf")
        }
        for kind in ("logs", "benchmarks"):
            assert list((finished.folder / "results" / analysis / kind).iterdir())
    documented = set(
        re.findall(r"`([a-z]+(?=/)|summary\.html)", README.partition("## limits.csv")[0])
    )
    assert (
        {"limits", "workspaces", "spectra", "figures"}
        <= {name.split("/")[1] for name in files}
        <= documented
    )
    assert all(file.stat().st_size > 0 for file in files.values())
    assert not [name for name in files if ".part" in name or "/." in name]
    assert {path.name for path in finished.folder.iterdir()} == {"config", "results", ".snakemake"}


def test_nothing_is_written_into_the_repository(finished):
    assert {path.name for path in finished.repository.iterdir()} == {
        "Snakefile",
        "workflow",
        "config",
        "resources",
        "profiles",
        "envs",
    }


def test_a_second_run_has_nothing_to_do(finished, place):
    before = {name: file.stat().st_mtime_ns for name, file in results(place.folder).items()}
    ended = snakemake(place, "--cores", "2")
    assert ended.returncode == 0, ended.stdout
    assert "Nothing to be done" in ended.stdout
    assert {name: file.stat().st_mtime_ns for name, file in results(place.folder).items()} == before
    same_bytes(finished.folder / "results", place.folder / "results")


ELSEWHERE = {"TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7", "LC_ALL": "C.UTF-8"}


def test_one_core_makes_the_same_bytes_as_two(finished, fresh):
    """In another folder, time zone and hash seed: from the spectrum to limits; all of it in the
    slow tier."""
    names = ["spectra/counts.csv", "workspaces/millicharge_all.json", "limits/limits.csv"]
    targets = [f"results/beta/{name}" for name in names]
    ended = snakemake(fresh, "--cores", "1", *targets, **ELSEWHERE)
    assert ended.returncode == 0, ended.stdout
    for name in targets:
        assert (fresh.folder / name).read_bytes() == (finished.folder / name).read_bytes(), name


def test_same_bytes_tells_a_difference(tmp_path):
    """The helper itself: another byte, another file, an unknown kind, nothing at all."""
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        (folder / "logs").mkdir(parents=True)
        (folder / "a.csv").write_text("1")
        (folder / "logs" / "a.log").write_text(folder.name)
    same_bytes(one, other)
    (other / "a.csv").write_text("2")
    with pytest.raises(AssertionError, match=r"a\.csv"):
        same_bytes(one, other)
    (other / "a.csv").write_text("1")
    for folder in (one, other):
        (folder / "b.bin").write_text("1")
    with pytest.raises(AssertionError, match=r"nothing says how to compare .*b\.bin"):
        same_bytes(one, other)
    (one / "b.bin").unlink()
    with pytest.raises(AssertionError):
        same_bytes(one, other)
    (tmp_path / "empty").mkdir()
    with pytest.raises(AssertionError, match="is empty"):
        same_bytes(tmp_path / "empty", tmp_path / "empty")


@pytest.mark.slow
def test_one_core_makes_the_same_bytes_everywhere(finished, fresh):
    ended = snakemake(fresh, "--cores", "1", **ELSEWHERE)
    assert ended.returncode == 0, ended.stdout
    same_bytes(finished.folder / "results", fresh.folder / "results")
    assert plan(fresh).outputs == frozenset()
