"""Numbers and sparse matrices as `templates.json` holds them.

Matrices of a response are zero far from the diagonal and stand there column by column, from the
first bin that is not zero."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from exonu.core.types import Array, Json

FORMAT = "exonu-templates-2"
STATISTICAL_NAME = "mc_statistics"
SIGNAL_STATISTICAL_NAME = "signal_statistics"
DIGITS = 7
"""Significant digits of templates and matrices: far beyond their statistical errors."""


def numbers(values: Sequence[float] | Array) -> list[float]:
    """Rounded numbers for JSON."""
    return [float(f"{value:.{DIGITS}g}") for value in np.asarray(values, dtype=np.float64).tolist()]


def packed(matrix: Array) -> Json:
    """A matrix (n_bins, n_true) without the zeros before and behind each column's content.

    >>> packed(np.array([[0.0, 0.0], [2.0, 0.0], [3.0, 0.0]]))
    {'first': [1, 0], 'counts': [[2.0, 3.0], []]}
    """
    first, counts = [], []
    for column in matrix.T:
        there = np.flatnonzero(column)
        begin, end = (int(there[0]), int(there[-1]) + 1) if there.size else (0, 0)
        first.append(begin)
        counts.append(numbers(column[begin:end]))
    return {"first": first, "counts": counts}


def unpacked(content: Mapping[str, Any], n_bins: int) -> Array:
    """The reverse of `packed`.

    >>> unpacked({"first": [1, 0], "counts": [[2.0, 3.0], []]}, 3).tolist()
    [[0.0, 0.0], [2.0, 0.0], [3.0, 0.0]]
    """
    matrix = np.zeros((n_bins, len(content["first"])))
    for column, (begin, counts) in enumerate(zip(content["first"], content["counts"], strict=True)):
        matrix[begin : begin + len(counts), column] = counts
    return matrix
