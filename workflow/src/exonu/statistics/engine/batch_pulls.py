"""Pulls of many data sets at once, with the bound at zero released: the kernel behind injection.

It stands apart from `batch`, whose compiled code it uses: numba files it under its own stamp.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from exonu.statistics.engine.backend import jit
from exonu.statistics.engine.batch import deepest
from exonu.statistics.engine.flat import BoolArray, Flat, FloatArray
from exonu.statistics.engine.likelihood import evaluate, expected_events
from exonu.statistics.engine.minimiser import CONVERGED
from exonu.statistics.engine.primitives import cholesky_solve

if TYPE_CHECKING:
    prange = range
else:
    from numba import prange

# Columns of the result.
MU_HAT, SIGMA, TWICE_DELTA, FAILED, MULTIMODAL, AT_LIMIT = range(6)
COLUMNS = 6
ATTEMPTS = 20
EMPTY = 1e-9
"""Expected events that count as none."""


@jit
def least_strength(m: Flat, theta: FloatArray, poi: int) -> float:
    """The strength at which no bin has less than no events, other parameters as they are; μ itself
    if none has.

    The rate is linear in μ. NaN if a bin is negative whatever μ is.
    """
    mu, trial = float(theta[poi]), theta.copy()
    trial[poi] = mu + 1.0
    here, there = expected_events(m, theta), expected_events(m, trial)
    least = mu
    for b in range(m.gamma.size):
        events, signal = 0.0, 0.0
        for c in range(m.first.size):
            events += here[c, b]
            signal += there[c, b] - here[c, b]
        if events < -EMPTY:
            if not signal > 0.0:
                return np.nan
            least = max(least, mu - events / signal)
    return least


@jit
def error_of(m: Flat, data: FloatArray, theta: FloatArray, poi: int, held: BoolArray) -> float:
    """σ of the parameter of interest from the curvature of the profile; NaN where it has none.

    Nuisance parameters at a bound that the likelihood pushes against stay there.
    """
    size = m.dense.size
    gradient, hessian, step = np.empty(size), np.empty((size, size)), np.empty(size)
    if not evaluate(m, data, theta, held, gradient, hessian, False) < np.inf:
        return np.nan
    moves, unit = np.zeros(size, dtype=np.bool_), np.zeros(size)
    for i in range(size):
        p, g = m.dense[i], gradient[i]
        at_bound = (theta[p] <= m.lower[p] and g > 0.0) or (theta[p] >= m.upper[p] and g < 0.0)
        moves[i] = p == poi or not (held[p] or at_bound or (g == 0.0 and hessian[i, i] == 0.0))
        unit[i] = -1.0 if p == poi else 0.0
    if not cholesky_solve(hessian, unit, moves, step):
        return np.nan
    variance = step[m.column[poi]]
    return float(np.sqrt(variance)) if variance > 0.0 else np.nan


def _pulls(m: Flat, data: FloatArray, starts: FloatArray, poi: int, held: BoolArray) -> FloatArray:
    """Best fits of data sets, their errors, and how far the likelihood puts them from the truth.

    Where the best fit leaves less than no events in a bin (the likelihood allows it where none was
    seen), μ is raised to where no bin does, and the others are fitted again, until that holds.

    Args:
        m: compiled model, with the lower bound of its parameter of interest released; its rate is
            linear in it.
        data: (T, B + A) data sets.
        starts: (1, P) the true parameters.
        poi: index of the parameter of interest.
        held: (P,) parameters that are fixed in all fits.

    Returns:
        (T, 6): μ̂, σ from the Hessian, -2 Δ ln L between the truth and μ̂, 1 if a fit failed, 1 if
        several minima were found, 1 if μ̂ is where a bin is left without events or at its bound.
    """
    out = np.zeros((data.shape[0], COLUMNS))
    for t in prange(data.shape[0]):
        held_mu = held.copy()
        held_mu[poi] = True
        start = np.empty((1, held.size))
        best, true = starts[0].copy(), starts[0].copy()
        value, status, several = deepest(m, data[t], starts, held, best)
        true_value, true_status, true_several = deepest(m, data[t], starts, held_mu, true)
        if true_value < value:  # the free fit missed a deeper minimum
            start[0] = true
            value, status, _ = deepest(m, data[t], start, held, best)
            several = True
        limited = best[poi] <= m.lower[poi]
        for _ in range(ATTEMPTS):
            least = least_strength(m, best, poi)
            if not least > best[poi]:
                break
            limited = True
            start[0] = best
            start[0, poi] = least
            value, status, _ = deepest(m, data[t], start, held_mu, best)
        settled = least_strength(m, best, poi) == best[poi]
        out[t, MU_HAT] = best[poi]
        out[t, SIGMA] = error_of(m, data[t], best, poi, held)
        out[t, TWICE_DELTA] = max(2.0 * (true_value - value), 0.0)
        out[t, FAILED] = (
            0.0 if settled and status == CONVERGED and true_status == CONVERGED else 1.0
        )
        out[t, MULTIMODAL] = 1.0 if several or true_several else 0.0
        out[t, AT_LIMIT] = 1.0 if limited else 0.0
    return out


pulls = jit(_pulls, parallel=True)
