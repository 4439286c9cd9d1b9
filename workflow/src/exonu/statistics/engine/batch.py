"""Many data sets at once: the fits behind toys and coverage, in one parallel kernel.

Every data set writes its own row of the result, so the numbers do not depend on the number of
threads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from exonu.statistics.engine.backend import jit
from exonu.statistics.engine.flat import FREE, POISSON, BoolArray, Flat, FloatArray
from exonu.statistics.engine.likelihood import expected_events
from exonu.statistics.engine.minimiser import CONVERGED, IMPOSSIBLE, newton_beside

if TYPE_CHECKING:
    prange = range
else:
    from numba import prange

# Columns of the result.
T, MU_HAT, Q_ASIMOV, FAILED, MULTIMODAL, VALUE, T_ZERO = range(7)
COLUMNS = 7


@jit
def deepest(
    m: Flat, data: FloatArray, starts: FloatArray, held: BoolArray, theta: FloatArray
) -> tuple[float, int, bool]:
    """The deepest minimum from each start, (S, P), and from the first one with constrained
    parameters as measured.

    Returns:
        ℓ, the status of the minimiser, and whether converged fits ended in different minima; theta
        is the minimum.
    """
    size = m.dense.size
    gradient, hessian, deep_hessian = np.empty(size), np.empty((size, size)), np.empty((size, size))
    best, worst, status = np.inf, -np.inf, IMPOSSIBLE
    for s in range(starts.shape[0] + 1):
        trial = starts[s % starts.shape[0]].copy()
        if s == starts.shape[0]:
            for p in range(trial.size):
                if m.constraint[p] != FREE and not held[p]:
                    measured = data[m.measured[p]]
                    trial[p] = measured / m.width[p] if m.constraint[p] == POISSON else measured
        known = theta if status == CONVERGED else theta[:0]
        value, _, _, ended = newton_beside(
            m, data, trial, held, gradient, hessian, known, best, deep_hessian
        )
        if ended == CONVERGED and value > worst:
            worst = value
        better = value < best and (ended == CONVERGED or status != CONVERGED)
        if better or (ended == CONVERGED and status != CONVERGED):
            best, status = value, ended
            theta[:] = trial
            deep_hessian[:] = hessian
    return best, status, worst > best + 1e-6


@jit
def asimov_data(m: Flat, theta: FloatArray, out: FloatArray) -> None:
    """Expected events and auxiliary data of the given parameters."""
    events = expected_events(m, theta)
    for b in range(m.gamma.size):
        out[b] = 0.0
        for c in range(m.first.size):
            out[b] += events[c, b]
    for p in range(theta.size):
        if m.constraint[p] != FREE:
            out[m.measured[p]] = theta[p] * m.width[p] if m.constraint[p] == POISSON else theta[p]


def _statistics(
    m: Flat,
    data: FloatArray,
    free_starts: FloatArray,
    fixed_starts: FloatArray,
    poi: int,
    mu: float,
    held: BoolArray,
    with_asimov: bool,
) -> FloatArray:
    """-2 ln L(μ)/L(μ̂) of each data set, and of the Asimov data of its background-only fit.

    Args:
        m: compiled model.
        data: (T, B + A) data sets.
        free_starts, fixed_starts: (S, P) where the free and the conditional fits start.
        poi, mu: index of the parameter of interest and its tested value.
        held: (P,) parameters that are fixed in all fits.
        with_asimov: also compute q_A and t(0) (two more fits each).

    Returns:
        (T, 7): t(μ), μ̂, q_A, 1 if a fit failed, 1 if several minima were found, ℓ of the free fit,
        t(0).
    """
    out = np.zeros((data.shape[0], COLUMNS))
    for t in prange(data.shape[0]):
        held_mu = held.copy()
        held_mu[poi] = True
        free, fixed, start = free_starts[0].copy(), fixed_starts[0].copy(), np.empty((1, held.size))
        value, status, several = deepest(m, data[t], free_starts, held, free)
        fixed_value, fixed_status, fixed_several = deepest(m, data[t], fixed_starts, held_mu, fixed)
        if (
            fixed_value < value and m.lower[poi] <= mu <= m.upper[poi]
        ):  # the free fit missed a deeper minimum
            start[0] = fixed
            value, status, _ = deepest(m, data[t], start, held, free)
            several = True
        out[t, MU_HAT], out[t, VALUE] = free[poi], value
        out[t, T] = max(2.0 * (fixed_value - value), 0.0)
        failed = status != CONVERGED or fixed_status > IMPOSSIBLE
        if with_asimov:
            without, asimov = fixed_starts[0].copy(), np.empty(data.shape[1])
            start[0] = fixed_starts[0]
            start[0, poi] = 0.0
            zero_value, status, _ = deepest(m, data[t], start, held_mu, without)
            out[t, T_ZERO] = max(2.0 * (zero_value - value), 0.0)
            asimov_data(m, without, asimov)
            failed = failed or status != CONVERGED
            both = np.empty((1, held.size))
            both[0] = fixed  # and, from its auxiliary values, the background-only parameters
            asimov_value, status, _ = deepest(m, asimov, both, held_mu, fixed)
            out[t, Q_ASIMOV] = 2.0 * asimov_value
            failed = failed or status > IMPOSSIBLE
        out[t, FAILED] = 1.0 if failed else 0.0
        out[t, MULTIMODAL] = 1.0 if several or fixed_several else 0.0
    return out


statistics = jit(_statistics, parallel=True)
