"""Whether an archive is what it says: checksums, workspaces, and limits, which are found again from
the workspaces."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from exonu.archive.container import Archive, read_archive, shortened
from exonu.core.errors import InputError
from exonu.core.files import read_json
from exonu.search.limit_records import limit_methods, read_model, refuse_other_form
from exonu.search.limit_rows import EXPECTED, KEY, limit_rows
from exonu.search.strengths import require_whole

TOLERANCE = 1e-6
"""Relative: what another CPU may change in a limit, and more than the nine digits of limits.csv
lose."""

_VALUES = ("observed", "unconstrained", *EXPECTED)
_STATED = ("unit", "confidence_level", "blinded", "is_simulated")


def verify(file: str | Path) -> dict[str, Any]:
    """Check an archive: every checksum, pyhf's schema, the pages beside the workspaces, and the
    asymptotic limits.

    Args:
        file: a zip that `exonu.archive.container.write_archive` made.

    Returns:
        What was checked: `payload_sha256`, numbers of members, workspaces and limits, the largest
            relative difference
        of a limit found again, and the commit that the archive was made from.

    Raises:
        InputError: if anything differs; it names the member.
    """
    archive = read_archive(file)
    git = _git_state(archive, file)
    with TemporaryDirectory() as folder:
        _unpack(archive, Path(folder), file)
        try:
            checked = _check_results(Path(folder), str(archive.manifest["analysis"]))
        except InputError as error:
            problem = str(error).replace(f"{folder}/", "")
            remedy = None if error.remedy else "the archive holds no whole results of one run"
            raise InputError(problem, file=file, remedy=remedy) from None
    return {
        "archive": str(file),
        "analysis": archive.manifest["analysis"],
        "version": archive.manifest["version"],
        "payload_sha256": archive.payload_digest,
        "members": len(archive.members),
        **checked,
        "git": git,
    }


def _unpack(archive: Archive, folder: Path, file: str | Path) -> None:
    """Write the members below a folder; `read_archive` has refused names that lead out of it."""
    for name, content in archive.members.items():
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError as error:  # a full disk
            raise InputError(
                f"cannot be unpacked ({error.strerror})",
                file=file,
                field=name,
                remedy=f"make room in {folder.parent}",
            ) from None


def _git_state(archive: Archive, file: str | Path) -> Any:
    """The commit that the archive was made from; it stands outside of the payload."""
    try:
        return json.loads(archive.members.get("run/git.json", b"null"))
    except (ValueError, RecursionError):
        raise InputError(
            "is not JSON", file=file, field="run/git.json", remedy="make the archive again"
        ) from None


def _check_results(folder: Path, analysis: str) -> dict[str, Any]:
    """Workspaces and limits of an unpacked archive."""
    results = folder / "payload" / "results" / analysis
    table_file = results / "limits" / "limits.csv"
    archived = _read_limits(table_file)
    files = sorted((results / "workspaces").glob("*.json"))
    if not files:
        raise InputError("has no workspaces", file=results / "workspaces")
    levels = archived["confidence_level"].unique()
    if len(levels) != 1:
        raise InputError(
            f"has {len(levels)} confidence levels, and not one",
            file=table_file,
            field="confidence_level",
        )
    records = [_record(file, float(levels[0])) for file in files]
    found = limit_rows(analysis, "", records)
    return {
        "workspaces": len(files),
        "limits": len(found),
        "largest_relative_difference": _compare(archived, found, table_file),
    }


def _record(file: Path, confidence_level: float) -> dict[str, Any]:
    """A workspace's asymptotic limit, as `exonu.search.limit_records.limit_record` gives it, and
    pyhf's schema first."""
    refuse_other_form(read_json(file), file)
    model, meaning = read_model(file)  # refuses mu_sq without its page
    if meaning is None:
        raise InputError("has no sidecar file that says what its μ means", file=file)
    require_whole(meaning, file)
    return {
        "meaning": meaning,
        "methods": limit_methods(model, ["asymptotic"], confidence_level),
    }


def _read_limits(file: Path) -> pd.DataFrame:
    """The asymptotic rows of limits.csv."""
    try:
        table = pd.read_csv(file, comment="#")
        missing = [column for column in (*KEY, *_VALUES, *_STATED) if column not in table]
        if missing:
            raise InputError("is missing", file=file, field=f"column {missing[0]}")
        for column in ("confidence_level", *_VALUES):
            table[column] = pd.to_numeric(table[column])
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", file=file) from None
    except InputError:
        raise
    except ValueError as error:
        raise InputError(
            f"is not a table of limits ({str(error).splitlines()[0]})", file=file
        ) from None
    rows = table[table["method"] == "asymptotic"]
    if rows.empty:
        raise InputError("has no asymptotic limits that could be found again", file=file)
    return rows


def _compare(archived: pd.DataFrame, found: pd.DataFrame, file: Path) -> float:
    """The largest relative difference of a value; a larger one than `TOLERANCE`, or another row, is
    refused by name."""
    mine, theirs = _by_hypothesis(found, file), _by_hypothesis(archived, file)
    differences = [f"no workspace for {name}" for name in theirs.keys() - mine.keys()]
    differences += [f"no limit for the workspace {name}" for name in mine.keys() - theirs.keys()]
    largest = 0.0
    for name in sorted(mine.keys() & theirs.keys()):
        for column in _VALUES:
            relative = _relative_difference(theirs[name][column], mine[name][column])
            if column == "observed" and relative > TOLERANCE:
                relative = _power_constrained(theirs[name][column], mine[name])
            largest = max(largest, relative)
            if relative > TOLERANCE:
                says, gives = (_word(row[name][column]) for row in (theirs, mine))
                differences.append(f"{name}: {column} is {says}, but the workspace gives {gives}")
        differences += [
            f"{name}: {column} is {theirs[name][column]}, but the workspace gives {mine[name][column]}"
            for column in _STATED
            if str(theirs[name][column]) != str(mine[name][column])
        ]
    if differences:
        raise InputError(
            f"differs from the workspaces: {shortened(sorted(differences), '; ')}", file=file
        )
    return largest


def _relative_difference(archived: Any, found: Any) -> float:
    """Of two limits; infinite where only one was found, and none where neither was."""
    if pd.isna(archived) or pd.isna(found):
        return 0.0 if pd.isna(archived) and pd.isna(found) else math.inf
    return (
        0.0 if archived == found else float(abs(archived - found) / max(abs(archived), abs(found)))
    )


def _power_constrained(archived: Any, found: Mapping[str, Any]) -> float:
    """How far an observed limit is from the expected quantile that it was held to; infinite if it
    is below none."""
    differences = [
        _relative_difference(archived, found[quantile])
        for quantile in EXPECTED[:3]
        if not pd.isna(found[quantile]) and found[quantile] > found["observed"]
    ]
    return min(differences, default=math.inf)


def _by_hypothesis(table: pd.DataFrame, file: Path) -> dict[str, Mapping[str, Any]]:
    """Rows by their key in words."""
    rows: dict[str, Mapping[str, Any]] = {}
    for row in table.to_dict("records"):
        words = {column: _word(row[column]) for column in KEY if not pd.isna(row[column])}
        name = " ".join(
            f"{word} MeV" if column == "mass_MeV" else word for column, word in words.items()
        )
        if name in rows:
            raise InputError("is there twice", file=file, field=name)
        rows[name] = {str(column): value for column, value in row.items()}
    return rows


def _word(value: Any) -> str:
    return f"{value:.9g}" if isinstance(value, float) else str(value)
