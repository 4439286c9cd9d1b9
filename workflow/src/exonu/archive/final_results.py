"""Whether results are as they were made: a digest of each final file, kept when its job had ended.

Snakemake compares times and parameters, not contents: an edited table stays what it is, and what
depends on it is made from the edit. So every run ends with the digests of what it has made, in
`results/<analysis>/digests.json`. The digest of a file changes only when its job has run again, so
that a later run does not take an edit for a result."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from exonu.archive.contents import snakemake_records
from exonu.core.errors import InputError
from exonu.core.files import read_json, write_json

DIGESTS = "digests.json"
ASIDE = ".edited"
_FINAL = {".csv", ".json", ".yaml", ".html", ".png", ".pdf", ".tex", ".md", ".gz"}
"""Suffixes of final files; ROOT files of events are neither edited by hand nor quick to read."""


def record_results(results: Path, records: Path) -> int:
    """Keep the digests of the final files of an analysis that jobs have made since the last time.

    Args:
        results: the analysis's folder, `results/<analysis>`, relative to the working directory as
            Snakemake's records are.
        records: Snakemake's records, `.snakemake/metadata`.

    Returns:
        How many digests are new.
    """
    known, new = _known(results / DIGESTS), 0
    found = {}
    for made, content in snakemake_records(records, results).values():
        name = Path(made).relative_to(results).as_posix()
        file, ended = Path(made), _ended(content)
        if file.suffix not in _FINAL or not file.is_file() or ended is None:
            continue
        old = known.get(name)
        if old is None or old["made"] != ended:
            old, new = {"made": ended, "sha256": _digest(file)}, new + 1
        found[name] = old
    if new or found.keys() != known.keys():
        write_json(results / DIGESTS, found)
    return new


def changed_results(results: Path) -> Iterator[tuple[Path, str]]:
    """The final files that are not as their jobs made them, each with what is wrong with it.

    Raises:
        InputError: if the digests are not there or not of this form.
    """
    file = results / DIGESTS
    if not file.is_file():
        remedy = "run snakemake to its end, which writes it"
        raise InputError("does not exist", file=file, remedy=remedy)
    for name, entry in sorted(_known(file, strict=True).items()):
        path = results / name
        if not path.is_file():
            yield path, "is missing"
        elif _digest(path) != entry["sha256"]:
            yield path, "differs from what its job wrote"


def set_aside(path: Path) -> Path:
    """Give an edited result another name, so that Snakemake makes it again; nothing is lost.

    Returns:
        The new path, `<name>.edited`, or with a number if that is taken.
    """
    aside, number = path.with_name(path.name + ASIDE), 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}{ASIDE}{number}")
    return path.rename(aside)


def _known(file: Path, *, strict: bool = False) -> dict[str, dict[str, Any]]:
    """The digests of a file; none where they are not readable, unless that matters."""
    try:
        content = read_json(file)
        if all(isinstance(e["sha256"], str) and "made" in e for e in content.values()):
            return dict(content)
    except InputError:
        if strict:
            raise
        return {}
    except (AttributeError, TypeError, KeyError):
        pass
    if strict:
        raise InputError("holds no digests", file=file, remedy="remove it and run snakemake")
    return {}


def _ended(record: bytes) -> float | None:
    try:
        ended = json.loads(record).get("endtime")
    except (ValueError, AttributeError):
        return None
    return float(ended) if isinstance(ended, int | float) else None


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
