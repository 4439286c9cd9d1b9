"""What a command answers, as JSON, CSV or a table to read."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

FORMATS = ("json", "csv", "table")
BANDS = ("expected_minus2", "expected_minus1", "expected", "expected_plus1", "expected_plus2")


@dataclass(frozen=True)
class Rows:
    """A table: what precedes it, its header and its cells; numbers as they are printed.

    Attributes:
        header: names of the columns.
        rows: cells as text.
        comments: lines before it.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    comments: Sequence[str] = ()


def rendered(answer: Rows | Mapping[str, Any] | Sequence[Mapping[str, Any]], form: str) -> str:
    """The answer of a command in one of `FORMATS`."""
    if isinstance(answer, Rows):
        return _json_of_rows(answer) if form == "json" else _text(answer, form)
    if form == "json":
        return json.dumps(answer, indent=1, ensure_ascii=False) + "\n"
    limits = [answer] if isinstance(answer, Mapping) else answer
    return _text(limit_table(limits), form)


def _text(table: Rows, form: str) -> str:
    if form == "csv":
        made = io.StringIO()
        writer = csv.writer(made, lineterminator="\n")
        writer.writerows([table.header, *table.rows])
        return "".join(f"# {line}\n" for line in table.comments) + made.getvalue()
    cells = [list(table.header), *map(list, table.rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(table.header))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
    return "".join(f"{line}\n" for line in [*table.comments, *lines])


def _json_of_rows(table: Rows) -> str:
    rows = [dict(zip(table.header, map(_value, row), strict=True)) for row in table.rows]
    return json.dumps({"rows": rows, "notes": list(table.comments)}, indent=1, ensure_ascii=False) + "\n"  # fmt: skip


def _value(cell: str) -> Any:
    try:
        return float(cell)
    except ValueError:
        return cell or None


def limit_table(limits: Sequence[Mapping[str, Any]]) -> Rows:
    """Answers of `exonu limit`, a row each: the physical parameter where there is one.

    >>> one = {"experiment": "X", "parameter": "p", "unit": "1", "observed": 2.0, "confidence_level": 0.9}
    >>> limit_table([one | {"expected": [1.0, 1.5, None, 3.0, 4.0], "blinded": True}]).rows[0]
    ('X', '', '', '', 'p', '1', '0.9', '2', '1', '1.5', '', '3', '4', 'true', '')
    """
    header = ("experiment", "interaction", "flavour", "mass_MeV", "parameter", "unit",
              "confidence_level", "observed", *BANDS, "blinded", "notes")  # fmt: skip
    return Rows(header, [_limit_row(one) for one in limits])


def _limit_row(one: Mapping[str, Any]) -> tuple[str, ...]:
    stated = {**one, **(one.get("physical") or {})}
    where = stated.get("experiment") or " + ".join(stated.get("experiments") or ())
    case = (stated.get(key) for key in ("interaction", "flavour", "mass_MeV", "parameter", "unit"))
    values = (stated["confidence_level"], stated["observed"], *(stated["expected"] or [None] * 5))
    return (
        str(where),
        *(_cell(value) for value in (*case, *values, stated.get("blinded"))),
        "; ".join(stated.get("notes") or ()),
    )


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.9g}" if isinstance(value, int | float) else str(value)
