"""exonu as a module of somebody else's workflow: its rules under another name, its results as their
input."""

import os
import subprocess

import pytest
from forked_snakemake import forked_snakemake
from helpers import SNAKEMAKE

OTHER = """\
rule all:
    default_target: True
    input:
        "limits.txt",


module exonu:
    snakefile:
        "{snakefile}"


use rule * from exonu as exonu_*


rule count:
    "What the other workflow does with our limits."
    input:
        "results/alpha/limits/limits.csv",
    output:
        "limits.txt",
    shell:
        "tail -n +2 {{input}} | wc -l > {{output}}"
"""


def run(place, *arguments):
    (place.folder / "Snakefile").write_text(
        OTHER.format(snakefile=place.repository / "workflow" / "Snakefile")
    )
    if "--dry-run" in arguments:
        ended = forked_snakemake(place.folder, ["--cores", "2", *arguments])
        assert ended.returncode == 0, ended.stdout
        return ended.stdout
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    ended = subprocess.run(
        [SNAKEMAKE, "--cores", "2", *arguments],
        cwd=place.folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


def test_another_workflow_plans_with_our_rules(fresh):
    planned = run(fresh, "--dry-run")
    for rule in (
        "exonu_workspaces_alpha_dark_photon",
        "exonu_limits_alpha_magnetic_moment",
        "exonu_limits_table",
        "count",
    ):
        assert rule in planned
    assert "beta" not in planned  # only what it asks for


@pytest.mark.slow
def test_another_workflow_runs_our_rules(fresh):
    run(fresh)
    assert (fresh.folder / "limits.txt").read_text().split() == ["4"]
    assert (fresh.folder / "results" / "alpha" / "limits" / "magnetic-moment.json").is_file()
    assert "Nothing to be done" in run(fresh)
