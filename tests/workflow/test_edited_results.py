"""Final files edited by hand: `exonu check --results` names them, and snakemake makes them again."""

import os
import subprocess
import sys

import pytest
from helpers import ROOT, small_place, snakemake

pytestmark = pytest.mark.slow
TABLE = "results/alpha/limits/limits.csv"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The limits of one small experiment; nothing else is needed to edit them."""
    place = small_place(tmp_path_factory.mktemp("edited") / "made")
    ended = snakemake(place, "--cores", "2", TABLE)
    assert ended.returncode == 0, ended.stdout
    return place


def check(place):
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "workflow" / "src")}
    command = [sys.executable, "-m", "exonu.cli", "check", "--results", "alpha"]
    return subprocess.run(
        command, cwd=place.folder, env=environment, capture_output=True, text=True
    )


def test_edited_and_truncated_files_are_made_again(made, tmp_path):
    place = made.copy(tmp_path)
    assert check(place).stdout == "alpha: all final files are as their jobs made them\n"
    table, record = (
        place.folder / name for name in (TABLE, TABLE.replace("limits.csv", "dark-photon.json"))
    )
    right = {file: file.read_bytes() for file in (table, record)}
    table.write_bytes(right[table].replace(b"asymptotic", b"asymptotlc", 1))
    record.write_bytes(right[record][:-100])
    ended = check(place)
    assert ended.returncode == 1
    said = ended.stderr.removeprefix("error: ").splitlines()
    assert [line.partition(":")[0] for line in said] == [
        "results/alpha/limits/dark-photon.json",
        "results/alpha/limits/limits.csv",
    ]
    again = snakemake(place, "--cores", "2", TABLE)
    assert again.returncode == 0, again.stdout
    assert table.read_bytes() == right[table]
    assert check(place).returncode == 0


def test_an_edit_is_not_taken_for_a_result_by_another_run(made, tmp_path):
    """A later run makes other files; the edited one keeps the digest of its job."""
    place = made.copy(tmp_path)
    with (place.folder / TABLE).open("a") as table:
        table.write("\n")
    ended = snakemake(place, "--cores", "1", "results/beta/workspaces/millicharge_all.json")
    assert ended.returncode == 0, ended.stdout
    assert "limits.csv: differs from what its job wrote" in check(place).stderr
