"""Arrival times as quantiles: detours of the light folded with scintillation and transit."""

from __future__ import annotations

import numpy as np

from exonu.core.types import Array, Floats
from exonu.detector.model import Detector
from exonu.events.reconstruction.timing import pulse_of_decay

QUANTILES = 256
LARGEST_LOGIT = 10.0
"""Quantiles are equally spaced in log(u / (1 − u)) up to this, u = 5e-5: the first of thousands of
photoelectrons is early, the last of few is late."""
FIRST_NS, STEP_NS, LAST_NS = -15.0, 0.25, 800.0
DELAYS = 600
"""Delays of the light behind a straight flight, from FIRST_DELAY_NS on in steps of STEP_NS."""
FIRST_DELAY_NS = -1.0
SLOW_TIMES = 8
"""Decay times that are tabulated, from the smallest to the largest."""


def slow_times_ns(detector: Detector) -> Array:
    """Slow decay times of the tables, equally spaced, shape (SLOW_TIMES,)."""
    times = np.asarray(detector.scintillation.slow_time_ns, dtype=float)
    return np.linspace(times.min(), times.max() + 1e-6, SLOW_TIMES)


def quantiles_ns(counts: Array, detector: Detector) -> Floats:
    """Quantiles of the delay of one photoelectron behind a straight flight.

    Args:
        counts: of photons by delay, from FIRST_DELAY_NS on in steps of STEP_NS, shape (..., DELAYS).
        detector: gives the decay times and the transit spread.

    Returns:
        Times [ns] at QUANTILES logits, for each slow time, shape (..., SLOW_TIMES, QUANTILES).

    >>> none = np.zeros(DELAYS)
    >>> none[round(-FIRST_DELAY_NS / STEP_NS)] = 1  # no detours: the pulse alone
    >>> times = quantiles_ns(none, Detector.from_settings())
    >>> logits = np.linspace(-LARGEST_LOGIT, LARGEST_LOGIT, QUANTILES)
    >>> bool(2 < np.interp(0, logits, times[0]) < 27.9 * np.log(2))  # fast and slow part
    True
    """
    time: Array = np.arange(FIRST_NS, LAST_NS, STEP_NS, dtype=np.float64)
    logits = np.linspace(-LARGEST_LOGIT, LARGEST_LOGIT, QUANTILES)
    wanted = 1 / (1 + np.exp(-logits))
    shape = (*counts.shape[:-1], SLOW_TIMES, QUANTILES)
    result = np.empty((int(np.prod(shape[:-2], dtype=int)), SLOW_TIMES, QUANTILES))
    rows = counts.reshape(-1, counts.shape[-1])
    shares = rows / rows.sum(axis=1, keepdims=True)
    start = round(-FIRST_DELAY_NS / STEP_NS)
    for k, slow in enumerate(slow_times_ns(detector)):
        pulse = pulse_of_decay(time, detector, float(slow)) * STEP_NS
        size = len(time) + counts.shape[-1]
        folded = np.fft.irfft(np.fft.rfft(shares, size) * np.fft.rfft(pulse, size), size)
        later = np.maximum(folded[:, start : start + len(time)], 0)
        later[:, 0] += np.maximum(folded[:, :start], 0).sum(axis=1)
        cumulative = np.cumsum(later, axis=1)
        cumulative = (cumulative - later / 2) / cumulative[:, -1:]  # half of a step lies before it
        for row, total in enumerate(cumulative):
            rising = np.concatenate([[True], np.diff(total) > 1e-15])
            result[row, k] = np.interp(wanted, total[rising], time[rising])
    return result.reshape(shape).astype(np.float32)
