"""The bins of an analysis of events."""

from __future__ import annotations

import numpy as np

from exonu.core.errors import InputError
from exonu.core.types import Array
from exonu.events.runs.event_inputs import EventInputs

MOST_BINS = 100_000


def bin_edges(inputs: EventInputs, fraction: float = 1.0) -> Array:
    """Edges of the bins of the spectrum in keVee, or of a fraction of them, shape (n_bins + 1,).

    Raises:
        InputError: a range that is not a whole number of bins.
    """
    block = inputs.settings["templates"]
    try:
        return uniform_edges(block["low_keV"], block["high_keV"], block["bin_width_keV"] * fraction)
    except InputError as error:
        raise InputError(
            error.problem, file=inputs.file, field="templates", remedy=error.remedy
        ) from None


def uniform_edges(low_keV: float, high_keV: float, width_keV: float) -> Array:
    """Edges of equal bins.

    Raises:
        InputError: a range that is not a whole number of bins.

    >>> uniform_edges(2, 8, 2).tolist()
    [2.0, 4.0, 6.0, 8.0]
    """
    n = (high_keV - low_keV) / width_keV if width_keV > 0 else 0.0
    if n < 0.5 or abs(n - round(n)) > 1e-6:
        raise InputError(
            f"{low_keV:g} to {high_keV:g} keV is not a whole number of bins of {width_keV:g} keV",
            field="edges_keV",
            remedy="change the range or the width",
        )
    if n > MOST_BINS:
        raise InputError(
            f"{low_keV:g} to {high_keV:g} keV are {n:.3g} bins of {width_keV:g} keV",
            field="edges_keV",
            remedy=f"make them wider: at most {MOST_BINS}",
        )
    return np.asarray(low_keV + width_keV * np.arange(round(n) + 1), dtype=np.float64)
