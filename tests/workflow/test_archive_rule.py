"""`snakemake archive` after a run, `exonu verify` in another folder, and an archive unpacked where nothing has run."""

import json
import os
import shutil
import zipfile
from pathlib import Path

import pytest
from helpers import plan, python, snakemake

from exonu import __version__
from exonu.archive import read_archive

NAME = f"results/alpha/archive/alpha-{__version__}.zip"


def verified(place, archive):
    ended = python(place, "-m", "exonu.cli", "verify", str(archive))
    assert (ended.returncode, ended.stderr) == (0, "")
    return json.loads(ended.stdout)


@pytest.mark.slow
def test_archive_verify_unpack(place, tmp_path_factory, crate_faults):
    before = plan(place, "archive")
    assert before.rules == {"archive", "archive_zip"}  # everything else is there
    ended = snakemake(place, "archive")
    assert ended.returncode == 0, ended.stdout
    assert plan(place, "archive").outputs == frozenset()

    elsewhere = tmp_path_factory.mktemp("elsewhere")
    archive = Path(shutil.copy(place.folder / NAME, elsewhere))
    summary = verified(place._replace(folder=elsewhere), archive.name)
    assert (summary["analysis"], summary["workspaces"], summary["limits"]) == ("alpha", 4, 4)
    assert [path.name for path in elsewhere.iterdir()] == [archive.name]
    assert crate_faults(archive, "provenance-run-crate-0.5") == []
    _every_result_is_in(archive, place.folder / "results" / "alpha")
    _made_again_it_is_the_same(place, summary)
    _unpacked_it_is_a_finished_run(place, archive, tmp_path_factory.mktemp("unpacked"))


def _every_result_is_in(archive, results):
    members = read_archive(archive).members
    for path in (path for path in results.rglob("*") if path.is_file()):
        kind = path.relative_to(results).parts[0]
        name = f"run/{path.relative_to(results)}" if kind in ("logs", "benchmarks") else None
        name = name or f"payload/results/alpha/{path.relative_to(results)}"
        if kind != "archive" and path.stem != "archive":
            assert members[name] == path.read_bytes()
    records = [name for name in members if name.startswith("run/.snakemake/metadata/")]
    assert len(records) == len([name for name in members if name.startswith("payload/results/")])


def _made_again_it_is_the_same(place, summary):
    first = (place.folder / NAME).stat().st_mtime_ns
    assert snakemake(place, "archive", "--forcerun").returncode == 0
    ended = snakemake(place, "archive", "--forcerun", "archive_zip", "limits_table")
    assert ended.returncode == 0, ended.stdout
    assert (place.folder / NAME).stat().st_mtime_ns > first
    assert verified(place, NAME)["payload_sha256"] == summary["payload_sha256"]


def _unpacked_it_is_a_finished_run(place, archive, folder):
    """As results/README.md says it: nothing is to be done, and a change is noticed."""
    unpacked = place._replace(folder=folder / "run")
    shutil.copytree(place.folder / "config", unpacked.folder / "config")
    unpacked.edit("config/config.yaml", "[alpha, beta]", "[alpha]")
    with zipfile.ZipFile(archive) as zipped:
        zipped.extractall(folder / "zip")
    for name in ("payload/results", "run/.snakemake"):
        shutil.copytree(folder / "zip" / name, unpacked.folder / Path(name).name)
    for path in (path for path in (unpacked.folder / "results").rglob("*") if path.is_file()):
        os.utime(path, (315532800, 315532800))  # 1980, as unzip leaves them and zipfile does not
    targets = ("limits", "spectra", "studies", "results/alpha/figures/spectrum.pdf")
    assert plan(unpacked, *targets).outputs == frozenset()
    unpacked.edit("config/alpha/analysis.yaml", "dpi: 100", "dpi: 90")
    assert "figure_spectrum" in plan(unpacked, *targets).rules
