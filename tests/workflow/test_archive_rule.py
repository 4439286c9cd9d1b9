"""`snakemake archive` after a run, `exonu verify` in another folder, and an archive unpacked where
nothing has run."""

import json
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from helpers import ROOT, SNAKEMAKE, plan, python, snakemake
from test_events_chain import MINI, SOURCES, SUMMARY, ran  # noqa: F401

from exonu import __version__
from exonu.archive.container import read_archive, sha256

NAME = f"results/alpha/archive/alpha-{__version__}.zip"
OF_EVENTS = f"results/mini/archive/mini-{__version__}.zip"


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
        # digests.json is of the whole run, written when it ends; the manifest has the archive's own
        if kind not in ("archive", "digests.json") and path.stem != "archive":
            assert members[name] == path.read_bytes()
    records = [name for name in members if name.startswith("run/.snakemake/metadata/")]
    assert len(records) >= len([name for name in members if name.startswith("payload/results/")])


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
    _aged(unpacked.folder / "results")
    targets = ("limits", "spectra", "studies", "results/alpha/figures/spectrum.pdf")
    assert plan(unpacked, *targets).outputs == frozenset()
    unpacked.edit("config/alpha/analysis.yaml", "dpi: 100", "dpi: 90")
    assert "figure_spectrum" in plan(unpacked, *targets).rules


def _aged(folder):
    """1980, as unzip leaves files and zipfile does not."""
    for path in (path for path in folder.rglob("*") if path.is_file()):
        os.utime(path, (315532800, 315532800))


@pytest.mark.slow
def test_archive_of_events(ran, tmp_path, crate_faults):  # noqa: F811
    """From raw files on: what was configured, checksums of the raw files, and records of what is
    not archived."""
    place = ran._replace(folder=shutil.copytree(ran.folder, tmp_path / "run", symlinks=True))
    ended = snakemake(place, "archive")
    assert ended.returncode == 0, ended.stdout
    archive = Path(shutil.copy(place.folder / OF_EVENTS, tmp_path))
    summary = verified(place._replace(folder=tmp_path), archive.name)
    members = read_archive(archive).members
    for name in ("events.yaml", "runs.tsv", "samples.tsv"):
        assert (
            members[f"payload/configuration/experiment/{name}"]
            == (place.folder / MINI / name).read_bytes()
        )
    raw = {f"results/mini/raw/{source}.root" for source in SOURCES}
    checksums = json.loads(members["run/inputs.json"])
    assert {name: checksums.get(name) for name in raw} == {
        name: sha256((place.folder / name).read_bytes()) for name in raw
    }
    assert "resources/detectors/xmass_like_optics.yaml" in checksums
    assert crate_faults(archive, "provenance-run-crate-0.5") == []

    ended = snakemake(place, "archive", "--forcerun", "archive_zip", "templates")
    assert ended.returncode == 0, ended.stdout
    assert verified(place, OF_EVENTS)["payload_sha256"] == summary["payload_sha256"]
    _as_its_readme_says(place, archive, tmp_path)


def _as_its_readme_says(place, archive, folder):
    """Its commands give the digest and go on where nothing was run; a change before the archived
    files is noticed."""
    unpacked, clone = folder / "unpacked", place._replace(folder=folder / "clone")
    with zipfile.ZipFile(archive) as zipped:
        zipped.extractall(unpacked)
    _aged(unpacked)
    shutil.copytree(place.folder / "config", clone.folder / "config")
    readme = (unpacked / "README.md").read_text(encoding="utf-8")
    check, go_on = re.findall(r"^```sh\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    digest = subprocess.run(
        ["bash", "-c", check], cwd=unpacked, capture_output=True, text=True, check=True
    ).stdout
    assert digest.split()[0] == (unpacked / "payload.sha256").read_text().strip()
    ours = go_on.replace("UNPACKED", str(unpacked)).replace("cp -R", "cp -Rp")
    ours = re.sub(
        "^snakemake ",
        f"{SNAKEMAKE} --snakefile {ROOT}/Snakefile --cores 1 ",
        ours,
        flags=re.MULTILINE,
    )
    ended = subprocess.run(["bash", "-ec", ours], cwd=clone.folder, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert "Nothing to be done" in ended.stdout + ended.stderr

    # The default target also draws the comparison of all analyses, which is in no archive.
    assert plan(clone, SUMMARY).outputs == frozenset()
    for old, new, rule in (
        ("lxe: {decays: 300", "lxe: {decays: 310", "simulate"),
        ("r_pe_cm < 20", "r_pe_cm < 19", "select"),
    ):
        clone.edit(f"{MINI}/events.yaml", old, new)
        assert rule in plan(clone, SUMMARY).changed
        clone.edit(f"{MINI}/events.yaml", new, old)
