"""What goes into the archive of an analysis: its results, its configuration, and how they were made."""

from __future__ import annotations

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
from exonu.archive import Members, files_below, json_bytes, sha256, write_archive
from exonu.core.digest import closure
from exonu.core.errors import InputError
from exonu.crate import crate_metadata, read_jobs

REPOSITORY = Path(__file__).resolve().parents[3]
_STEPS = ("spectra", "workspaces", "limits", "limits_table", "variants", "diagnostics", "figure_limits")
"""Steps whose facts (files of `resources/`) are listed with their checksums: those that make the archived numbers."""


def archive_results(
    file: Path,
    results: Iterable[Path],
    analysis_file: Path,
    experiment_files: Iterable[Path],
    settings: Mapping[str, Any],
    lock: Path,
    records: Path,
) -> str:
    """Make the archive of an analysis.

    Args:
        file: the zip, ``<results>/<analysis>/archive/<name>.zip``.
        results: the files to archive, below ``<results>/<analysis>``.
        analysis_file: the analysis's YAML.
        experiment_files: the experiment's YAML and CSVs.
        settings: all settings of the analysis, defaults and overrides included.
        lock: the lock file of the environment.
        records: Snakemake's records, ``.snakemake/metadata``.

    Returns:
        The payload's digest.
    """
    folder = file.parent.parent
    results, experiment_files = list(results), list(experiment_files)
    in_payload = {path.as_posix(): f"results/{folder.name}/{path.relative_to(folder).as_posix()}" for path in results}
    payload = {name: Path(path).read_bytes() for path, name in in_payload.items()}
    payload |= configuration(analysis_file, experiment_files, settings)
    recorded = snakemake_records(records, set(in_payload))
    run = {
        "git.json": json_bytes(git_state(REPOSITORY)),
        "versions.json": json_bytes(versions()),
        "inputs.json": json_bytes(input_checksums([analysis_file, *experiment_files])),
        lock.name: lock.read_bytes(),
        **workflow_sources(REPOSITORY),
    }
    for kind in ("logs", "benchmarks"):  # the archive's own is still being written
        found = (path for path in files_below(folder / kind) if path.stem != "archive")
        run |= {f"{kind}/{path.relative_to(folder / kind).as_posix()}": path.read_bytes() for path in found}
    sources = in_payload | {analysis_file.as_posix(): "configuration/analysis.yaml"}
    sources |= {path.as_posix(): f"configuration/experiment/{path.name}" for path in experiment_files}
    finished = max(path.stat().st_mtime for path in results)
    crate = json_bytes(_crate(folder.name, payload, run, list(recorded.values()), sources, finished))
    run |= {name: content for name, (_, content) in recorded.items()}
    return write_archive(file, folder.name, __version__, payload, run, crate)


def _crate(
    analysis: str,
    payload: Members,
    run: Members,
    recorded: list[tuple[str, bytes]],
    sources: Mapping[str, str],
    finished: float,
) -> dict[str, Any]:
    """The archive's own description; without Snakemake's records, the run ended with the youngest result."""
    members = {f"payload/{name}": content for name, content in payload.items()}
    members |= {f"run/{name}": content for name, content in run.items()}
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
    return {f"workflow/{path.relative_to(repository).as_posix()}": path.read_bytes() for path in files}


def configuration(analysis_file: Path, experiment_files: list[Path], settings: Mapping[str, Any]) -> Members:
    """The configuration as it stands, side by side so that `experiment.yaml` finds its tables, and as it was merged.

    Raises:
        InputError: if two files of the experiment have the same name.
    """
    members = {
        "configuration/analysis.yaml": analysis_file.read_bytes(),
        "configuration/settings.json": json_bytes(settings),
    }
    for path in dict.fromkeys(experiment_files):
        name = f"configuration/experiment/{path.name}"
        if name in members:
            raise InputError("two files of the experiment have this name", file=path, remedy="rename one of them")
        members[name] = path.read_bytes()
    return members


def snakemake_records(folder: Path, files: set[str]) -> dict[str, tuple[str, bytes]]:
    """Snakemake's records of these files: with them an unpacked archive is a finished run, and notices changes.

    A record's name is its file's in base64, cut into folders `@…` where it is too long for the file system.

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
        if made in files:
            found[f".snakemake/metadata/{'/'.join(parts)}"] = (made, path.read_bytes())
    return found


def git_state(repository: Path) -> dict[str, Any]:
    """Commit of the repository and whether it has uncommitted changes; None for both where git does not know it."""
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
    packages = {found.metadata["Name"]: found.version for found in importlib.metadata.distributions()}
    return {
        "exonu": __version__,
        "python": platform.python_version(),
        "implementation": sys.implementation.name,
        "system": f"{platform.system()} {platform.machine()}",
        "packages": dict(sorted(packages.items(), key=lambda item: item[0].lower())),
    }


def input_checksums(configuration_files: Iterable[Path]) -> dict[str, str]:
    """SHA-256 of what the results were made from: configuration, and the facts that the steps read."""
    inputs = {path.as_posix(): path for path in configuration_files}
    for step in _STEPS:
        for fact in closure(f"exonu.steps.{step}")[2]:
            top = next(parent for parent in fact.parents if parent.name in ("resources", "schemas"))
            for path in files_below(fact) if fact.is_dir() else [fact]:
                inputs[path.relative_to(top.parent).as_posix()] = path
    return {name: sha256(path.read_bytes()) for name, path in sorted(inputs.items())}
