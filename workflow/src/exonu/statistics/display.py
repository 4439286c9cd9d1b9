"""Results in a line, and as a table in a notebook."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

import numpy as np


def in_short(value: float | None) -> str:
    """A number to four digits; `not found` for None and NaN.

    >>> in_short(1.23456e-11), in_short(None)
    ('1.235e-11', 'not found')
    """
    return "not found" if value is None or np.isnan(value) else f"{value:.4g}"


def range_in_short(expected: Sequence[float | None]) -> str:
    """The median of an expected limit and its range of one standard deviation, from the five
    values at -2 to +2 σ.

    >>> range_in_short([0.5, 0.7, 1.0, 1.5, 2.0])
    '1 (0.7 to 1.5)'
    """
    _, low, median, high, _ = map(in_short, expected)
    return f"{median} ({low} to {high})"


def html_rows(title: str, rows: Iterable[tuple[str, str]]) -> str:
    """A small table of names and values with a caption.

    >>> html_rows("a < b", [("mu", "1.5")])
    '<table><caption>a &lt; b</caption><tr><th>mu</th><td>1.5</td></tr></table>'
    """
    cells = (f"<tr><th>{html.escape(n)}</th><td>{html.escape(v)}</td></tr>" for n, v in rows)
    return f"<table><caption>{html.escape(title)}</caption>{''.join(cells)}</table>"


def limit_html(
    title: str,
    observed: float | None,
    expected: Sequence[float | None],
    notes: Iterable[str],
    *,
    unit: str = "",
    flags: Sequence[str] = (),
) -> str:
    """A limit as a table: observed, expected with both ranges, notes.

    Args:
        title: the caption.
        observed: the observed limit.
        expected: the expected ones at -2, -1, 0, +1, +2 σ.
        notes: doubts.
        unit: of all limits.
        flags: what the data are, if not counts that were observed, e.g. ``blinded``.

    >>> limit_html("mu", 1.2, [0.5, 0.7, 1.0, 1.5, 2.0], [], flags=["blinded"])[:76]
    '<table><caption>mu</caption><tr><th>observed (blinded)</th><td>1.2</td></tr>'
    """
    low_2, low, median, high, high_2 = map(in_short, expected)
    data = f" ({', '.join(flags)})" if flags else ""
    rows = [
        (f"observed{data}", in_short(observed)),
        ("expected", median),
        ("expected, ±1 σ", f"{low} to {high}"),
        ("expected, ±2 σ", f"{low_2} to {high_2}"),
    ]
    limits = [(name, f"{value} {unit}".rstrip()) for name, value in rows]
    return html_rows(title, [*limits, *(("note", note) for note in notes)])
