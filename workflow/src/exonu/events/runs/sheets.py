"""Tables of the configuration, tab-separated, every row checked against its schema; faults name
their line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from exonu.core.errors import InputError, InputErrors, raise_all
from exonu.core.settings import Settings, checked, read_schema, resolved
from exonu.core.tables import split_lines
from exonu.core.text_files import read_text


def read_sheet(file: Path, schema_file: Path, key: str) -> list[tuple[int, Settings]]:
    """Rows of a TSV as its schema describes them, with their line numbers.

    Args:
        file: the table; lines that start with `#` are comments, `-` stands for nothing.
        schema_file: its schema, whose `rows.items` describe the columns.
        key: column that names the row, once each.

    Raises:
        InputError: one line per fault.
    """
    schema = read_schema(schema_file)
    columns = resolved(schema["properties"]["rows"]["items"], schema)
    lines = _lines(file)
    header = [name.strip() for name in lines[0][1]] if lines else []
    raise_all(_header_faults(file, header, columns))
    if len(lines) < 2:
        raise InputError(
            "has no rows below its header", file=file, remedy="add one line per run or sample"
        )
    raise_all(
        InputError(
            f"has {len(cells)} values where the header has {len(header)} columns",
            file=file,
            field=f"line {line}",
            remedy="separate them by single tabs, and write `-` for nothing",
        )
        for line, cells in lines[1:]
        if len(cells) != len(header)
    )
    rows = [_row(header, cells, columns["properties"]) for _, cells in lines[1:]]
    numbers = [line for line, _ in lines[1:]]
    try:
        completed = checked({"config_version": 1, "rows": rows}, schema_file, file)
    except InputError as error:
        faults = error.errors if isinstance(error, InputErrors) else (error,)
        raise_all(_with_line(fault, numbers) for fault in faults)
        raise
    found = list(zip(numbers, completed["rows"], strict=True))
    raise_all(_repeated(file, found, key))
    return found


def absent_files(file: Path, schema_file: Path, key: str) -> Iterator[InputError]:
    """A fault for each row of a table whose column `files` names files that do not exist; arguments
    of `read_sheet`."""
    for line, row in read_sheet(file, schema_file, key):
        absent = [name for name in row["files"] if not (file.parent / name).is_file()]
        if absent:
            more = f" (and {len(absent) - 1} more of this row)" if len(absent) > 1 else ""
            yield InputError(
                f"{file.parent / absent[0]} does not exist{more}",
                file=file,
                field=f"line {line}, column files",
                remedy=f"give the ROOT files of this {key}, relative to the folder of the table, or remove the row",
            )


def _lines(file: Path) -> list[tuple[int, list[str]]]:
    return split_lines(read_text(file, "TSV"), "\t", file)


def _header_faults(file: Path, header: list[str], columns: Settings) -> Iterator[InputError]:
    known = columns["properties"]
    for name in columns["required"]:
        if name not in header:
            yield InputError(
                "is not a column of the file",
                file=file,
                field=name,
                remedy=f"add it: {known[name]['description']}",
            )
    for name in dict.fromkeys(header):
        if header.count(name) > 1:
            yield InputError("is a column twice", file=file, field=name, remedy="keep one")
        if name not in known:
            near = difflib.get_close_matches(name, list(known), n=1)
            remedy = (
                f"did you mean `{near[0]}`?"
                if near
                else f"columns, separated by tabs: {', '.join(known)}"
            )
            yield InputError(
                "is not a known column", file=file, field=name or "(empty)", remedy=remedy
            )


def _row(header: list[str], cells: list[str], columns: Settings) -> Settings:
    """Cells as the types of the schema; text that is not a number stays text, which the schema
    refuses."""
    row: Settings = {}
    for name, cell in zip(header, map(str.strip, cells), strict=True):
        if cell in ("", "-"):
            continue
        kind = columns[name].get("type")
        if kind == "array":
            kind = columns[name]["items"]["type"]
            row[name] = [_number(part.strip(), kind) for part in _split_at_commas(cell)]
        else:
            row[name] = _number(cell, kind)
    return row


def _split_at_commas(cell: str) -> list[str]:
    r"""The parts of a list; a comma of a name is written `\,`.

    >>> _split_at_commas(r"run 1\,a.root, run2.root")
    ['run 1,a.root', ' run2.root']
    """
    return [part.replace("\\,", ",") for part in re.split(r"(?<!\\),", cell)]


def _number(cell: str, kind: str | None) -> Any:
    if kind not in ("integer", "number"):
        return cell
    try:
        return int(cell) if kind == "integer" else float(cell)
    except ValueError:
        return cell


def _with_line(fault: InputError, lines: list[int]) -> InputError:
    match = re.fullmatch(r"rows\.(\d+)(?:\.(.*))?", fault.field or "")
    if match is None:
        return fault
    field = f"line {lines[int(match[1])]}" + (f", column {match[2]}" if match[2] else "")
    return InputError(fault.problem, file=fault.file, field=field, remedy=fault.remedy)


def _repeated(file: Path, rows: list[tuple[int, Settings]], key: str) -> Iterator[InputError]:
    first: dict[Any, int] = {}
    for line, row in rows:
        if row[key] in first:
            yield InputError(
                f"{key} {row[key]} is listed twice (first in line {first[row[key]]})",
                file=file,
                field=f"line {line}",
                remedy="keep one",
            )
        first.setdefault(row[key], line)
