"""What goes into the archive of an analysis: its results, its configuration, and how they were
made."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import subprocess
import sys
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from exonu import __version__
from exonu.archive.container import (
    CRATE,
    README,
    Members,
    files_below,
    json_bytes,
    sha256,
    write_archive,
)
from exonu.archive.crate import crate_metadata, read_jobs
from exonu.core.digest import closure
from exonu.core.errors import InputError
from exonu.core.resources import resource_path

REPOSITORY = Path(__file__).resolve().parents[4]
_STEPS = (
    *(f"search.{name}" for name in ("spectra", "workspaces", "limits", "limits_table")),
    *("search.variants", "search.diagnostics", "report.figure_limits"),
)
_EVENT_STEPS = (
    *(f"events.{name}" for name in ("simulate", "light_map", "ingest", "reconstruct", "select")),
    "templates.templates",
)
"""Steps whose facts (files of `resources/`) are listed with their checksums: those that make the
archived numbers."""


def archive_results(
    file: Path,
    results: Iterable[Path],
    analysis_file: Path,
    experiment_files: Iterable[Path],
    settings: Mapping[str, Any],
    lock: Path,
    records: Path,
    dated: Iterable[Path] = (),
    raw: Iterable[Path] = (),
) -> str:
    """Make the archive of an analysis.

    Args:
        file: the zip, ``<results>/<analysis>/archive/<name>.zip``.
        results: the files to archive, below ``<results>/<analysis>``.
        analysis_file: the analysis's YAML.
        experiment_files: the experiment's YAML and CSVs; of an analysis of events, the events file
            and its tables.
        settings: all settings of the analysis, defaults and overrides included.
        lock: the lock file of the environment.
        records: Snakemake's records, ``.snakemake/metadata``.
        dated: results that tell when they were made, as ROOT files do: archived, but not in the
            payload.
        raw: the ROOT files of runs and samples: not archived, but their checksums are.

    Returns:
        The payload's digest.
    """
    folder = file.parent.parent
    results, experiment_files = list(results), list(experiment_files)
    in_payload = {path.as_posix(): _member(path, folder) for path in results}
    payload = {name: Path(path).read_bytes() for path, name in in_payload.items()}
    payload |= configuration(analysis_file, experiment_files, settings)
    recorded = snakemake_records(records, folder)
    steps = _STEPS + (_EVENT_STEPS if settings.get("events") else ())
    inputs = input_checksums([analysis_file, *experiment_files], steps)
    run = {
        "git.json": json_bytes(git_state(REPOSITORY)),
        "versions.json": json_bytes(versions()),
        "inputs.json": json_bytes(inputs | {path.as_posix(): _checksum(path) for path in raw}),
        lock.name: lock.read_bytes(),
        **{_member(path, folder): path.read_bytes() for path in dated},
        **workflow_sources(REPOSITORY),
    }
    for kind in ("logs", "benchmarks"):  # the archive's own is still being written
        found = (path for path in files_below(folder / kind) if path.stem != "archive")
        run |= {
            f"{kind}/{path.relative_to(folder / kind).as_posix()}": path.read_bytes()
            for path in found
        }
    sources = in_payload | {analysis_file.as_posix(): "configuration/analysis.yaml"}
    sources |= {path.as_posix(): name for path, name in _places(experiment_files, settings)}
    finished = max(path.stat().st_mtime for path in results)
    archived = [(made, record) for made, record in recorded.values() if made in in_payload]
    readme = (
        resource_path("archive/README.md")
        .read_text(encoding="utf-8")
        .replace("ANALYSIS", folder.name)
        .encode()
    )
    crate = json_bytes(_crate(folder.name, readme, payload, run, archived, sources, finished))
    run |= {name: content for name, (_, content) in recorded.items()}
    return write_archive(
        file, folder.name, __version__, payload, run, {README: readme, CRATE: crate}
    )


def _member(path: Path, folder: Path) -> str:
    """Name of a result below `payload/` or `run/`: where it has to be in a clone."""
    return f"results/{folder.name}/{path.relative_to(folder).as_posix()}"


def _checksum(path: Path) -> str | None:
    """SHA-256 of a file of any size; none where it is gone, as raw files are where an archive was
    unpacked."""
    if not path.is_file():
        return None
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _crate(
    analysis: str,
    readme: bytes,
    payload: Members,
    run: Members,
    recorded: list[tuple[str, bytes]],
    sources: Mapping[str, str],
    finished: float,
) -> dict[str, Any]:
    """The archive's own description; without Snakemake's records, the run ended with the youngest
    result."""
    members = {f"payload/{name}": content for name, content in payload.items()}
    members |= {f"run/{name}": content for name, content in run.items()} | {README: readme}
    jobs = read_jobs({made: json.loads(record) for made, record in recorded})
    return crate_metadata(
        f"exonu: {analysis}",
        f"Search for exotic interactions of solar neutrinos, analysis {analysis}: pyhf workspaces, limits, spectra, "
        "diagnostics, tables and figures, with configuration and the record of the run that made them.",
        {name: (sha256(content), len(content)) for name, content in members.items()},
        jobs,
        {known: f"payload/{name}" for known, name in sources.items()},
        max((job.end for job in jobs), default=finished),
        str(json.loads(run["versions.json"])["packages"].get("snakemake", "unknown")),
    )


def workflow_sources(repository: Path) -> Members:
    """The workflow's own files: the main one, and the rules that it includes."""
    files = [repository / "Snakefile", *sorted((repository / "workflow" / "rules").glob("*.smk"))]
    return {
        f"workflow/{path.relative_to(repository).as_posix()}": path.read_bytes() for path in files
    }


def configuration(
    analysis_file: Path, experiment_files: list[Path], settings: Mapping[str, Any]
) -> Members:
    """The configuration as it stands, side by side so that `experiment.yaml` finds its tables, and
    as it was merged; files of several experiments in a folder each.

    Raises:
        InputError: if two files of the experiment have the same name.
    """
    members = {
        "configuration/analysis.yaml": analysis_file.read_bytes(),
        "configuration/settings.json": json_bytes(settings),
    }
    for path, name in _places(experiment_files, settings):
        if name in members:
            raise InputError(
                "two files of the experiment have this name", file=path, remedy="rename one of them"
            )
        members[name] = path.read_bytes()
    return members


def _places(files: Iterable[Path], settings: Mapping[str, Any]) -> list[tuple[Path, str]]:
    """Files of the experiment with their names in the archive; of a combination, each of whose
    experiments may have an `experiment.yaml`, below the name of their folder."""
    several, below = bool(settings.get("experiments")), "configuration/experiment"
    return [
        (path, f"{below}/{path.parent.name}/{path.name}" if several else f"{below}/{path.name}")
        for path in dict.fromkeys(files)
    ]


def snakemake_records(folder: Path, results: Path) -> dict[str, tuple[str, bytes]]:
    """Snakemake's records of all results of an analysis: with them an unpacked archive is a
    finished run.

    Those of files that are not archived too, as selected events: by them Snakemake notices a change
        before these.

    A record's name is its file's in base64, cut into folders `@…` where it is too long for the file
    system.

    Returns:
        By the record's name: the file that it is of, and its content.
    """
    found = {}
    for path in files_below(folder):
        parts = path.relative_to(folder).parts
        try:
            made = urlsafe_b64decode("".join(part.removeprefix("@") for part in parts)).decode()
        except ValueError:
            continue
        if made.startswith(f"{results.as_posix()}/") and not made.startswith(
            f"{results.as_posix()}/archive/"
        ):
            found[f".snakemake/metadata/{'/'.join(parts)}"] = (made, path.read_bytes())
    return found


def git_state(repository: Path) -> dict[str, Any]:
    """Commit of the repository and whether it has uncommitted changes; None for both where git does
    not know it."""
    try:
        _git(repository, "ls-files", "--error-unmatch", "Snakefile")
        commit = _git(repository, "rev-parse", "HEAD").strip()
        return {"commit": commit, "clean": not _git(repository, "status", "--porcelain").strip()}
    except (OSError, subprocess.CalledProcessError):
        return {"commit": None, "clean": None}


def _git(repository: Path, *arguments: str) -> str:
    command = ["git", "-C", str(repository), *arguments]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


def versions() -> dict[str, Any]:
    """Versions of Python, of the system, and of every installed package."""
    packages = {
        found.metadata["Name"]: found.version for found in importlib.metadata.distributions()
    }
    return {
        "exonu": __version__,
        "python": platform.python_version(),
        "implementation": sys.implementation.name,
        "system": f"{platform.system()} {platform.machine()}",
        "packages": dict(sorted(packages.items(), key=lambda item: item[0].lower())),
    }


def input_checksums(configuration_files: Iterable[Path], steps: Iterable[str]) -> dict[str, str]:
    """SHA-256 of what the results were made from: configuration, and the facts that the steps
    read."""
    inputs = {path.as_posix(): path for path in configuration_files}
    for step in steps:
        for fact in closure(f"exonu.steps.{step}")[2]:
            top = next(parent for parent in fact.parents if parent.name in ("resources", "schemas"))
            for path in files_below(fact) if fact.is_dir() else [fact]:
                inputs[path.relative_to(top.parent).as_posix()] = path
    return {name: sha256(path.read_bytes()) for name, path in sorted(inputs.items())}
