"""What a case of the corpus is: one change of a valid input, and the message that it must give.

A change is a function of the folder; those below make most of them, so that a case is one line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import yaml

Change = Callable[[Path], None]


class Case(NamedTuple):
    """A change of a valid input, and the file, the field and the problem that the message names
    (the last two as regular expressions); a remedy is always there."""

    change: Change
    file: str
    field: str
    problem: str


def assert_message(message: str, case: Case, folder: Path) -> None:
    """One line per fault, each with file, problem and remedy; one of them is the case's. No
    traceback."""
    assert "Traceback" not in message
    lines = [
        line for line in message.splitlines() if not line.startswith("  ")
    ]  # an expression with a caret below
    assert lines, "nothing was said"
    for line in lines:
        assert re.match(rf"{re.escape(str(folder))}\S*: .+; .+", line), (
            f"no file or no remedy: {line!r}"
        )
    place = f"{re.escape(str(folder / case.file))}: " + (
        f"(?:{case.field}): " if case.field else ""
    )
    assert any(re.match(f"{place}.*(?:{case.problem})", line) for line in lines), (
        f"{place}{case.problem}\nis not in\n{message}"
    )


def replaced(file: str, old: str, new: str) -> Change:
    """The text `old` of a file is `new`."""

    def change(folder: Path) -> None:
        text = (folder / file).read_text()
        assert old in text, f"{old!r} is not in {file}"
        (folder / file).write_text(text.replace(old, new, 1))

    return change


def written(file: str, content: bytes | str) -> Change:
    """A file has this content."""

    def change(folder: Path) -> None:
        (folder / file).write_bytes(content.encode() if isinstance(content, str) else content)

    return change


def removed(file: str) -> Change:
    """A file is not there."""
    return lambda folder: (folder / file).unlink()


def truncated(file: str, share: float) -> Change:
    """A file ends after this share of its bytes."""

    def change(folder: Path) -> None:
        content = (folder / file).read_bytes()
        (folder / file).write_bytes(content[: int(share * len(content))])

    return change


def _edited(file: str, key: str, edit: Callable[[Any, Any], None]) -> Change:
    def change(folder: Path) -> None:
        content = yaml.safe_load((folder / file).read_text())
        *parents, last = key.split("/")
        place = content
        for name in parents:
            place = place[int(name) if isinstance(place, list) else name]
        edit(place, int(last) if isinstance(place, list) else last)
        (folder / file).write_text(json_or_yaml(file, content))

    return change


def json_or_yaml(file: str, content: Any) -> str:
    """The text of a file, by its suffix."""
    if file.endswith(".json"):
        return json.dumps(content, default=str)
    return str(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))


def with_key(file: str, key: str, value: Any) -> Change:
    """A key `a/b/c` of a YAML or JSON file has this value."""
    return _edited(file, key, lambda place, last: place.__setitem__(last, value))


def without_key(file: str, key: str) -> Change:
    """A key `a/b/c` of a YAML or JSON file is not there."""
    return _edited(file, key, lambda place, last: place.__delitem__(last))


def with_cell(file: str, row: int, column: str, value: str) -> Change:
    """A cell of a table (CSV, or TSV by its suffix), rows counted from 1 below the header."""

    def change(folder: Path) -> None:
        sign = "\t" if file.endswith(".tsv") else ","
        comments = [
            line for line in (folder / file).read_text().splitlines() if line.startswith("#")
        ]
        rows = [
            line.split(sign)
            for line in (folder / file).read_text().splitlines()
            if not line.startswith("#")
        ]
        rows[row][rows[0].index(column)] = value
        (folder / file).write_text(
            "\n".join([*comments, *(sign.join(cells) for cells in rows)]) + "\n"
        )

    return change


def with_row(file: str, row: str) -> Change:
    """A table has one more row."""

    def change(folder: Path) -> None:
        with (folder / file).open("a") as stream:
            stream.write(row + "\n")

    return change
