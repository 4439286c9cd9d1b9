"""Very many files: how many jobs they make, what planning takes, and that no command line is too
long for Linux."""

import re
import resource
import shutil
from typing import Annotated

import pytest
import yaml
from helpers import ROOT, SMOKE, Place, copy_of_repository, plan, snakemake
from many_files import write_many_files

from exonu.steps._step import Files, Settings, call

LONGEST = 131_072  # MAX_ARG_STRLEN of Linux


def test_a_step_takes_long_settings_and_lists_from_files(tmp_path):
    (tmp_path / "settings").write_text('{"cuts": [1, 2.5], "note": "two words, µ"}')
    (tmp_path / "files").write_text("results/a/run 1.root\nresults/a/run_2.root")

    def main(settings: Settings, counts: Annotated[Files, "of all runs"]) -> None:
        assert settings == {"cuts": [1, 2.5], "note": "two words, µ"}
        assert list(map(str, counts)) == ["results/a/run 1.root", "results/a/run_2.root"]
        called.append(True)

    called = []
    words = ["--counts", f"@{tmp_path / 'files'}", "--settings", f"@{tmp_path / 'settings'}"]
    call(main, words)
    assert called


@pytest.fixture
def ours(tmp_path):
    """A copy of the repository, and a folder with the analyses that come with it."""
    place = Place(copy_of_repository(tmp_path / "repository"), tmp_path / "run")
    shutil.copytree(place.repository / "config", place.folder / "config")
    return place


@pytest.mark.slow
def test_the_full_search_is_planned_as_the_demonstration_is(ours):
    full = plan(ours, "--configfile", "config/run-711d.yaml")
    assert "results/xmass-711d/raw/run_51.root" in full.outputs
    assert not (ours.folder / "results").exists()  # no argument of it is too long


@pytest.mark.slow
def test_the_profile_of_a_cluster_groups_rules_that_there_are(ours):
    profile = yaml.safe_load((ROOT / "profiles" / "slurm" / "profile.yaml").read_text())
    grouped = {entry.partition("=")[0] for entry in profile["groups"]}
    groups = {entry.partition("=")[2] for entry in profile["groups"]}
    assert grouped <= plan(ours, *SMOKE).rules
    assert {entry.partition("=")[0] for entry in profile["group-components"]} <= groups


@pytest.mark.slow
def test_ten_thousand_files(tmp_path):
    place = Place(copy_of_repository(tmp_path / "repository"), tmp_path / "run")
    write_many_files(place.folder / "config", runs=1000, files_per_run=10)
    ended = snakemake(place, "--dry-run", "--printshellcmds")
    assert ended.returncode == 0, ended.stdout[-3000:]
    [jobs] = set(re.findall(r"^total +(\d+)$", ended.stdout, re.MULTILINE))
    assert 3000 < int(jobs) <= 5000
    commands = [line for line in ended.stdout.splitlines() if "python -m exonu.steps." in line]
    assert len(commands) > 3000
    assert max(map(len, commands)) < LONGEST / 2
    # The run list of a shared sample, and the files of what reads all runs, are too long and stand
    # in files.
    sample = next(
        line
        for line in commands
        if "--output results/many/reconstructed/sample_copper.root" in line
    )
    [settings] = re.findall(r"--settings @(\S+)", sample)
    assert (place.folder / settings).read_text().count('"live_time_s"') == 1000
    [counts] = [line for line in commands if "exonu.steps.events.cut_flow " in line]
    [files] = re.findall(r"--counts @(\S+)", counts)
    assert len((place.folder / files).read_text().split("\n")) > 1000
    # A run's own settings hold nothing of the others, so that a run added to the list leaves them
    # alone.
    run = next(
        line for line in commands if "--output results/many/reconstructed/run_7.root" in line
    )
    assert run.count("live_time_s") == 1
    assert (
        resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 2e6
    )  # kB, the largest process so far
