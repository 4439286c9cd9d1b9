"""Final files edited by hand: `exonu check --results` names them, and snakemake makes them again."""

import os
import subprocess
import sys

import pytest
from helpers import ROOT, snakemake

pytestmark = pytest.mark.slow


def check(place):
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "workflow" / "src")}
    command = [sys.executable, "-m", "exonu.cli", "check", "--results", "alpha"]
    return subprocess.run(
        command, cwd=place.folder, env=environment, capture_output=True, text=True
    )


def test_an_edited_table_and_a_truncated_figure_are_made_again(finished, tmp_path):
    place = finished.copy(tmp_path)
    assert check(place).stdout == "alpha: all final files are as their jobs made them\n"
    results = place.folder / "results" / "alpha"
    table, figure = results / "limits" / "limits.csv", results / "figures" / "spectrum.png"
    right = {file: file.read_bytes() for file in (table, figure)}
    table.write_bytes(right[table].replace(b"asymptotic", b"asymptotlc", 1))
    figure.write_bytes(right[figure][:-100])
    ended = check(place)
    assert ended.returncode == 1
    said = ended.stderr.removeprefix("error: ").splitlines()
    assert [line.partition(":")[0] for line in said] == [
        "results/alpha/figures/spectrum.png",
        "results/alpha/limits/limits.csv",
    ]
    again = snakemake(place, "--cores", "2")
    assert again.returncode == 0, again.stdout
    assert {file: file.read_bytes() for file in right} == right
    assert check(place).returncode == 0


def test_an_edit_is_not_taken_for_a_result_by_another_run(finished, tmp_path):
    """What depends on the table is made from the edit; the table's own digest stays that of its job."""
    place = finished.copy(tmp_path)
    table = place.folder / "results" / "alpha" / "limits" / "limits.csv"
    table.write_bytes(table.read_bytes() + b"\n")
    assert snakemake(place, "--cores", "2").returncode == 0
    assert "limits.csv: differs from what its job wrote" in check(place).stderr
