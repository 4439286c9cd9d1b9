"""Small CSV tables of numbers, read strictly: every column accounted for, every value a finite
number."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from exonu.core.errors import InputError, raise_all
from exonu.core.text_files import read_text
from exonu.core.types import Array

MOST_ROWS = 10_000
"""Rows of the largest table of bins or points: each becomes a row of the response, and a million of
them fill the memory of any machine. The finest published spectra have a few hundred."""


def read_numbers(
    path: str | Path, columns: Sequence[str], *, ignored: Sequence[str] = ()
) -> dict[str, Array]:
    """Read the named columns of a table of numbers; see `read_header_and_rows` for its forms.

    Args:
        path: the file.
        columns: columns to read, each once in the header.
        ignored: columns that may be there and are not read.

    Returns:
        Arrays of equal length by column.

    Raises:
        InputError: a missing file or column, an unknown or repeated column, a row of another
            length, a value that is not a finite number, no rows, or more than `MOST_ROWS`; each
            fault with its line.
    """
    header, rows = read_header_and_rows(path)
    raise_all(_header_faults(path, header, columns, ignored))
    if not rows:
        raise InputError(
            "has no rows below its header", file=path, remedy="add one line per bin or point"
        )
    raise_all(_row_faults(path, header, rows, columns))
    places = {name: header.index(name) for name in columns}
    return {
        name: np.array([float(row[place]) for _, row in rows]) for name, place in places.items()
    }


def read_header_and_rows(path: str | Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Names of the columns of a table, and its rows as numbered lists of cells.

    Columns are separated by commas, or where its first line has none by tabs, or by blanks. Lines
    that start with `#` and empty lines are comments; where the first other line is one of numbers,
    the last comment before it that has as many words holds the names.

    Raises:
        InputError: no file of text, no header, or more than `MOST_ROWS` lines.
    """
    text = read_text(path, "CSV")
    if (lines := text.count("\n")) > MOST_ROWS:
        raise InputError(
            f"has {lines} lines, and a table of bins or points has at most {MOST_ROWS}",
            file=path,
            remedy="if these are events, bin them; if a curve, give fewer points",
        )
    sign = _separator(text)
    rows = split_lines(text, sign, path)
    if not rows:
        raise InputError(
            "has no header line", file=path, remedy="start with the column names, comma-separated"
        )
    if all(_is_finite_number(cell.strip()) for cell in rows[0][1]):
        return _commented_header(text, sign, rows[0], path), rows
    return [name.strip() for name in rows[0][1]], rows[1:]


def check_rising(values: Array, path: str | Path, column: str, *, strictly: bool = True) -> None:
    """Energies of a table increase and are not negative.

    Args:
        values: shape (n,).
        path, column: for the message.
        strictly: whether two rows may not have the same.

    Raises:
        InputError: with the row.
    """
    if values[0] < 0:
        raise InputError(
            f"is negative ({values[0]:g})",
            file=path,
            field=f"row 1, column {column}",
            remedy="energies are ≥ 0",
        )
    steps = np.diff(values)
    wrong = np.flatnonzero(steps <= 0 if strictly else steps < 0)
    if wrong.size:
        at = int(wrong[0])
        raise InputError(
            f"does not increase ({values[at + 1]:g} after {values[at]:g})",
            file=path,
            field=f"row {at + 2}, column {column}",
            remedy="sort the rows by energy" + (", each energy once" if strictly else ""),
        )


def check_something(values: Array, path: str | Path, column: str, remedy: str) -> None:
    """A rate or a flux is nowhere negative and somewhere positive.

    Raises:
        InputError: if it is not.
    """
    if np.any(values < 0) or not np.any(values > 0):
        raise InputError(
            "must be ≥ 0, and not 0 everywhere", file=path, field=f"column {column}", remedy=remedy
        )


def _is_content(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _separator(text: str) -> str:
    """What separates the columns of a table: a comma, or where its first line has none a tab, or a
    blank."""
    first = next((line for line in text.splitlines() if _is_content(line)), "")
    found = next((sign for sign in (",", "\t") if sign in first), " ")
    is_one_cell = ";" in first or len(first.split()) < 2
    return "," if found == " " and is_one_cell else found


def _commented_header(
    text: str, sign: str, first: tuple[int, list[str]], path: str | Path
) -> list[str]:
    """The names in the comments above the first row."""
    number, row = first
    for line in reversed(text.splitlines()[: number - 1]):
        words = line.strip().lstrip("#").strip()
        for names in ([name.strip() for name in words.split(sign)], words.split()):
            if len(names) == len(row) and all(names):
                return names
    raise InputError(
        "has no header line: it begins with numbers",
        file=path,
        field=f"line {number}",
        remedy="write the names of the columns above, in a line of their own or after a #",
    )


def read_matrix(path: str | Path, size: int) -> Array:
    """A square matrix of numbers without a header, shape (size, size).

    Raises:
        InputError: another shape, or a value that is not a finite number.
    """
    text = read_text(path, "table")
    rows = split_lines(text, _separator(text), path)
    names = [str(place) for place in range(1, size + 1)]
    if len(rows) != size:
        raise InputError(
            f"has {len(rows)} rows of numbers, and the spectrum {size} bins",
            file=path,
            remedy="give a row and a column for each bin, and no header",
        )
    raise_all(_row_faults(path, names, rows, names))
    return np.array([[float(cell) for cell in row] for _, row in rows])


def split_lines(text: str, sign: str, path: str | Path) -> list[tuple[int, list[str]]]:
    """Lines of a table that are neither empty nor comments, as numbered lists of cells; a blank as
    separator stands for any number of them.

    Raises:
        InputError: a line that no program can have meant as one of a table.
    """
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if _is_content(line):
            try:
                row = line.split() if sign == " " else next(csv.reader([line], delimiter=sign))
                found.append((number, row))
            except csv.Error as error:
                raise InputError(
                    f"is not a line of a table ({error})",
                    file=path,
                    field=f"line {number}",
                    remedy="mind the quotes",
                ) from None
            if "\0" in line:
                raise InputError(
                    "holds the character NUL",
                    file=path,
                    field=f"line {number}",
                    remedy="save the table as text",
                )
    return found


def _header_faults(
    path: str | Path, header: list[str], columns: Sequence[str], ignored: Sequence[str]
) -> Iterator[InputError]:
    there = ", ".join(header)
    for name in sorted({name for name in columns if name not in header}):
        yield InputError(
            "is not a column of the file", file=path, field=name, remedy=f"its columns are: {there}"
        )
    for name in sorted(set(header) - set(columns) - set(ignored)):
        yield InputError(
            "is a column that nothing uses",
            file=path,
            field=name or "(empty)",
            remedy="remove it or list it as ignored",
        )
    for name in sorted({name for name in header if header.count(name) > 1}):
        yield InputError("is a column twice", file=path, field=name, remedy="keep one")


def _row_faults(
    path: str | Path, header: list[str], rows: list[tuple[int, list[str]]], columns: Sequence[str]
) -> Iterator[InputError]:
    for line, row in rows:
        if len(row) != len(header):
            yield InputError(
                f"has {len(row)} values where the header has {len(header)} columns",
                file=path,
                field=f"line {line}",
                remedy="give every column one value in every row",
            )
            continue
        for name in columns:
            value = row[header.index(name)].strip()
            if not _is_finite_number(value):
                yield InputError(
                    f"must be a finite number (got {value!r})",
                    file=path,
                    field=f"line {line}, column {name}",
                    remedy="write 0 for a bin with nothing in it",
                )


def _is_finite_number(text: str) -> bool:
    if not text.isascii() or "_" in text:  # `1_000` and digits of other scripts are Python's own
        return False
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def read_rows(path: Path) -> list[dict[str, str]]:
    """Rows of a table of facts: a CSV with a header line, `#` lines left out; all values as
    text."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))
