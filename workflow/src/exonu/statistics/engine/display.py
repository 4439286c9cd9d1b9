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
