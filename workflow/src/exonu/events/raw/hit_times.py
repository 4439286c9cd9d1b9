"""Times of hits, counted from the first hit of their event before anything is rounded.

A file may count them from anywhere: the trigger, the start of the run, 1970. What all hits of an
event have in common carries no information, and would take the digits of what does."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exonu.events.expressions import Expression


def times_from_first_hit(
    expression: Expression, flat: Mapping[str, NDArray[Any]], offsets: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Times of hits from the first of their event.

    In an expression that is linear in its branches (`ps / 1000 - t0`), each branch is first reduced
    by what its event has in common, in its own integers or in float64; so an epoch in int64
    nanoseconds loses nothing.

    Args:
        expression: of the time [ns].
        flat: the branches that it reads, shape (n_hits,) each.
        offsets: of the events, shape (n + 1,).

    Returns:
        Times [ns], shape (n_hits,), at least 0; the first of each event is 0.

    >>> from exonu.events.expressions import parse
    >>> stamps = np.array([1_700_000_000_000_000_003, 1_700_000_000_000_000_000, 5])
    >>> times_from_first_hit(parse("t / 2", None), {"t": stamps}, np.array([0, 2, 3])).tolist()
    [1.5, 0.0, 0.0]
    """
    n = int(offsets[-1])
    if expression.is_linear:
        flat = {name: _from_first(flat[name], offsets) for name in expression.names}
    values = np.broadcast_to(expression.evaluate(flat), n)
    if values.dtype.kind in "iu":
        values = _from_first(values, offsets)
    times = values.astype(np.float64)
    first = _of_each_event(np.minimum, times, offsets)
    return np.asarray(times - np.repeat(first, np.diff(offsets)))


def _from_first(column: NDArray[Any], offsets: NDArray[np.int64]) -> NDArray[Any]:
    """A column less its first value in each event. Differences of integers are right in 64 bits
    even where the numbers themselves would not fit."""
    wide: Any = np.int64 if column.dtype.kind in "iub" else np.float64
    column = column.astype(wide)
    counts = np.diff(offsets)
    return np.asarray(column - np.repeat(column[offsets[:-1][counts > 0]], counts[counts > 0]))


def time_spacing(
    expression: Expression,
    flat: Mapping[str, NDArray[Any]],
    jagged: Collection[str],
    offsets: NDArray[np.int64],
) -> tuple[float, int]:
    """How far the numbers that the file can hold lie apart where its times are.

    Args:
        expression, flat, offsets: as for `times_from_first_hit`.
        jagged: names of the branches that have a number for each hit.

    Returns:
        The largest spacing [ns] of the events with several hits, at their number closest to 0, and
        the number of that event. Integers are exact: their unit is the user's choice.
    """
    varying = [name for name in expression.names if name in jagged]
    floats = [name for name in varying if flat[name].dtype.kind == "f"]
    several = np.diff(offsets) > 1
    worst = np.zeros(len(several))
    if not several.any():
        return 0.0, 0
    if expression.is_linear:
        for name in floats:
            nearest = _of_each_event(np.minimum, np.abs(flat[name]), offsets)
            nearest = np.where(several, nearest, 0).astype(flat[name].dtype)
            worst += np.abs(_slope(expression, name)) * np.spacing(nearest)
    else:
        values = np.abs(np.broadcast_to(expression.evaluate(flat), int(offsets[-1])))
        nearest = np.where(several, _of_each_event(np.minimum, values, offsets), 0)
        kinds = [np.finfo(flat[name].dtype).eps for name in floats]
        worst = nearest * float(max(kinds, default=0 if values.dtype.kind in "iu" else 2**-52))
    return float(worst.max()), int(np.argmax(worst))


def _slope(expression: Expression, name: str) -> float:
    """By how much a linear expression grows with one of its branches."""
    ends = {other: np.array([0.0, float(other == name)]) for other in expression.names}
    low, high = np.broadcast_to(expression.evaluate(ends), 2)
    return float(high - low)


def _of_each_event(
    function: np.ufunc, values: NDArray[Any], offsets: NDArray[np.int64]
) -> NDArray[Any]:
    """A reduction over the hits of each event; 0 for an event without hits."""
    result = np.zeros(len(offsets) - 1, dtype=values.dtype)
    there = np.diff(offsets) > 0
    if there.any():
        result[there] = function.reduceat(values, offsets[:-1][there])
    return result
