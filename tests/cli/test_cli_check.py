"""`exonu check`: all faults of an analysis at once, and final files that are not as they were made."""

import hashlib
import json

import pytest


@pytest.fixture
def mine(run, tmp_path):
    """The template as analysis `mine` of config/."""
    assert run("init", "config/mine").code == 0
    return tmp_path / "config" / "mine"


def edit(file, old, new):
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def test_a_sound_analysis(run, mine):
    assert run("check", "mine") == (0, "mine: no faults\n", "")


def test_the_folder_of_an_analysis(run, refused, mine):
    """As `exonu init` makes it, in config/ or elsewhere."""
    assert run("check", "config/mine") == (0, "config/mine: no faults\n", "")
    edit(mine / "experiment.yaml", "value: 1.0", "value: -1.0")
    assert "config/mine/experiment.yaml: exposure" in refused("check", "config/mine")


def test_faults_of_several_files_are_said_together(refused, mine):
    edit(mine / "experiment.yaml", "name: My experiment", "nama: My experiment")
    edit(mine / "experiment.yaml", "value: 1.0", "value: -1.0")
    lines = refused("check", "mine").removeprefix("error: ").splitlines()
    assert [any(f": {name}: " in line for line in lines) for name in ("name", "nama")] == [
        True,
        True,
    ]
    assert any("exposure_tonne_year.value: must be > 0" in line for line in lines)
    assert len(lines) == len(set(lines)) == 3


def test_what_only_the_fold_finds(refused, mine):
    """The efficiency is zero where there are data: each hypothesis is named once."""
    (mine / "efficiency.csv").write_text("energy_keV,efficiency\n0.5,0\n30,0\n")
    lines = refused("check", "mine").splitlines()
    assert any("magnetic-moment_mu: expects no signal in any bin" in line for line in lines)
    assert any("millicharge_all: expects no signal in any bin" in line for line in lines)


def test_a_fit_range_off_the_bins(refused, mine):
    edit(
        mine / "analysis.yaml",
        "magnetic-moment: {flavours",
        "magnetic-moment: {fit_range_keV: [1.5, 30], flavours",
    )
    assert "fit_range_keV: 1.5 keV is not the lower edge of a bin" in refused("check", "mine")


def test_no_such_analysis(refused, mine):
    assert "the analysis 'other' has no file" in refused("check", "other")


def test_an_analysis_of_events_is_checked_too(run, refused):
    assert run("init", "--events", "config/mine").code == 0
    message = refused("check", "mine")
    assert "run1001a.root does not exist" in message
    assert "samples.tsv: line" in message


def test_results(run, tmp_path):
    folder = tmp_path / "results" / "mine" / "limits"
    folder.mkdir(parents=True)
    (folder / "limits.csv").write_text("a\n1\n")
    digest = hashlib.sha256(b"a\n1\n").hexdigest()
    entry = {"limits/limits.csv": {"made": 1.0, "sha256": digest}}
    (folder.parent / "digests.json").write_text(json.dumps(entry))
    assert (
        run("check", "--results", "mine").out
        == "mine: all final files are as their jobs made them\n"
    )
    (folder / "limits.csv").write_text("a\n0.5\n")
    outcome = run("check", "--results", "mine")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == (
        "error: results/mine/limits/limits.csv: differs from what its job wrote (now limits.csv.edited); "
        "snakemake makes it again\n"
    )
    assert (folder / "limits.csv.edited").read_text() == "a\n0.5\n"
    assert "is missing; snakemake makes it again" in run("check", "--results", "mine").err
