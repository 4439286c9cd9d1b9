r"""Newton's method within bounds: the minimiser of the engine.

Each step solves H d = -g by Cholesky on the parameters that can move (not held, not at a bound that
the gradient pushes against), with the exact Hessian of the profile likelihood. Where that is
singular (parameters that the data cannot tell apart) its diagonal is raised by up to 1e-7 of
itself; where it is not positive definite, Fisher's information, which always is, takes its place.
Fisher scoring alone is not used: it oscillates. The step is clipped to the bounds; if that does not
lower ℓ enough (Armijo), it is cut at the first bound it meets and then halved until it does.

Interpolations that bend or jump (codes 0, 1 and 2) are smooth in pieces. The minimum is sought within
the pieces where the parameters are; a parameter that ends where two meet goes over if the likelihood
falls there, and otherwise a minimum is a minimum although its slope is not zero.

Converged means EDM = ½ |g·d| < 1e-14, the distance to the minimum that the quadratic form expects,
in units of ln L; the parameters are then good to about 1e-7 of their errors. Where rounding allows
no further descent, 1e-9 will do. Whatever ends otherwise is reported as such."""

from __future__ import annotations

import numpy as np

from exonu.statistics.engine.backend import jit, jit_for_both
from exonu.statistics.engine.flat import BoolArray, Flat, FloatArray
from exonu.statistics.engine.likelihood import evaluate
from exonu.statistics.engine.primitives import cholesky_solve, dot

CONVERGED, IMPOSSIBLE, STALLED, EXHAUSTED = 0, 1, 2, 3
TOLERANCE, ROUNDING = 1e-14, 1e-9
MAXIMUM_ITERATIONS = 100
NEAR, ALIKE = 5e-2, 0.2
"""Within this of a known minimum, in units of ln L by its curvature, and as high above it as the
curvature says to that part, a descent would end in it."""
FARTHEST = 2.0
"""Change of a parameter up to which a minimum is followed along its tangent."""


@jit_for_both
def newton(
    m: Flat,
    data: FloatArray,
    theta: FloatArray,
    held: BoolArray,
    gradient: FloatArray,
    hessian: FloatArray,
) -> tuple[float, float, int, int]:
    """Minimise ℓ from theta, in place.

    Args:
        m, data, held: model, data vector (B + auxiliary), parameters that do not move, (P,).
        theta: start, (P,); on return the minimum, γ included.
        gradient, hessian: (D,), (D, D); on return those at the minimum (lower triangle).

    Returns:
        ℓ at the minimum, EDM, iterations, and the status (0 converged, 1 impossible, 2 no descent,
        3 too many steps).
    """
    return newton_beside(m, data, theta, held, gradient, hessian, theta[:0], 0.0, hessian)


@jit_for_both
def newton_beside(
    m: Flat,
    data: FloatArray,
    theta: FloatArray,
    held: BoolArray,
    gradient: FloatArray,
    hessian: FloatArray,
    known: FloatArray,
    known_value: float,
    known_hessian: FloatArray,
) -> tuple[float, float, int, int]:
    """`newton` from another start than the one that led to a known minimum: it stops where it can
    end only there.

    Args:
        m, data, theta, held, gradient, hessian: as for `newton`.
        known: a minimum of the same data with the same parameters held, (P,); empty for none.
        known_value, known_hessian: ℓ and its Hessian there.

    Returns:
        As `newton`. If the descent leads to the known minimum, theta and ℓ are those of it, and
        gradient and hessian are of no use.
    """
    if m.kink_parameter.size == 0:
        lower, upper = m.lower, m.upper
        return descend(
            m, lower, upper, data, theta, held, gradient, hessian, known, known_value, known_hessian
        )
    lower, upper = m.lower.copy(), m.upper.copy()
    for p in m.kink_parameter:
        if not held[p]:
            set_piece(m, p, theta[p], lower, upper)
    total = 0
    for _ in range(MAXIMUM_ITERATIONS):
        value, edm, iterations, status = descend(
            m, lower, upper, data, theta, held, gradient, hessian, theta[:0], 0.0, hessian
        )
        total += iterations
        if status == IMPOSSIBLE or not cross_kinks(m, data, theta, held, value, lower, upper):
            return value, edm, total, status
    return value, edm, total, EXHAUSTED


@jit_for_both
def newton_along(
    m: Flat,
    data: FloatArray,
    theta: FloatArray,
    held: BoolArray,
    gradient: FloatArray,
    hessian: FloatArray,
    poi: int,
    value: float,
) -> tuple[float, float, int, int]:
    """`newton` at another value of parameter `poi`, which is among the held ones.

    Args:
        m, data, held, gradient: as for `newton`.
        theta, hessian: a minimum at another value, whose tangent leads to where `newton` starts.
        poi: the parameter that changes; a dense one.
        value: what it changes to.
    """
    follow_tangent(m, theta, held, hessian, poi, value)
    return newton(m, data, theta, held, gradient, hessian)


@jit
def follow_tangent(
    m: Flat, theta: FloatArray, held: BoolArray, hessian: FloatArray, poi: int, value: float
) -> None:
    """Move a minimum to another value of parameter `poi`, to first order: the others by -H⁻¹
    ∂²ℓ/∂θ∂μ, and no farther than `FARTHEST`, since far away the curvature is another."""
    size = m.dense.size
    moves, mixed, step = np.zeros(size, dtype=np.bool_), np.empty(size), np.empty(size)
    place, change = m.column[poi], value - theta[poi]
    for i in range(size):
        p = m.dense[i]
        inside = m.lower[p] < theta[p] < m.upper[p]
        moves[i] = inside and not held[p] and hessian[i, i] > 0.0
        mixed[i] = hessian[max(i, place), min(i, place)]
    if cholesky_solve(hessian, mixed, moves, step):
        for i in range(size):
            p = m.dense[i]
            if moves[i]:
                moved = theta[p] + min(max(change * step[i], -FARTHEST), FARTHEST)
                theta[p] = min(max(moved, m.lower[p]), m.upper[p])
    theta[poi] = value


@jit
def leads_to(
    m: Flat, theta: FloatArray, value: float, known: FloatArray, known_value: float, h: FloatArray
) -> bool:
    """Whether theta lies in the valley of a known minimum with Hessian h: near by, and as high
    above it as its curvature says."""
    rise = 0.0
    for i in range(m.dense.size):
        a = theta[m.dense[i]] - known[m.dense[i]]
        rise += 0.5 * h[i, i] * a * a
        for j in range(i):
            rise += h[i, j] * a * (theta[m.dense[j]] - known[m.dense[j]])
    return rise < NEAR and abs(value - known_value - rise) <= ALIKE * rise + ROUNDING


@jit
def set_piece(m: Flat, p: int, x: float, lower: FloatArray, upper: FloatArray) -> None:
    """Bounds of the smooth piece in which parameter p is at x."""
    lower[p], upper[p] = m.lower[p], m.upper[p]
    for n in range(m.kink_parameter.size):
        if m.kink_parameter[n] == p:
            if x > m.kink_below[n]:
                lower[p] = max(lower[p], m.kink_above[n])
            else:
                upper[p] = min(upper[p], m.kink_below[n])


@jit
def cross_kinks(
    m: Flat,
    data: FloatArray,
    theta: FloatArray,
    held: BoolArray,
    value: float,
    lower: FloatArray,
    upper: FloatArray,
) -> bool:
    """Take parameters that stopped where two pieces meet over to the other if ℓ falls there; whether
    one went."""
    size = m.dense.size
    gradient, hessian = np.empty(size), np.empty((size, size))
    tolerance, crossed = 1e-11 * (1.0 + abs(value)), False
    for n in range(m.kink_parameter.size):
        p = m.kink_parameter[n]
        below, above = m.kink_below[n], m.kink_above[n]
        up = theta[p] == below and upper[p] == below
        down = theta[p] == above and lower[p] == above
        if held[p] or not (up or down):
            continue
        trial = theta.copy()
        trial[p] = above if up else below
        if not m.lower[p] <= trial[p] <= m.upper[p]:
            continue
        beyond = evaluate(m, data, trial, held, gradient, hessian, False)
        slope = gradient[m.column[p]] * (1.0 if up else -1.0)
        if beyond < value - tolerance or (beyond <= value + tolerance and slope < 0.0):
            theta[:] = trial
            set_piece(m, p, theta[p], lower, upper)
            crossed = True
    return crossed


@jit
def descend(
    m: Flat,
    lower: FloatArray,
    upper: FloatArray,
    data: FloatArray,
    theta: FloatArray,
    held: BoolArray,
    gradient: FloatArray,
    hessian: FloatArray,
    known: FloatArray,
    known_value: float,
    known_hessian: FloatArray,
) -> tuple[float, float, int, int]:
    """`newton_beside` within the given bounds, (P,) each, where ℓ is smooth."""
    size = m.dense.size
    step, trial_gradient, trial_hessian = np.empty(size), np.empty(size), np.empty((size, size))
    for i in range(size):
        p = m.dense[i]
        if not held[p]:
            theta[p] = min(max(theta[p], lower[p]), upper[p])
    value = evaluate(m, data, theta, held, gradient, hessian, False)
    if not value < np.inf:
        return value, np.inf, 0, IMPOSSIBLE
    trial = theta.copy()
    edm = np.inf
    for iteration in range(MAXIMUM_ITERATIONS):
        if known.size and leads_to(m, theta, value, known, known_value, known_hessian):
            theta[:] = known
            return known_value, edm, iteration, CONVERGED
        newton_step(m, lower, upper, data, theta, held, gradient, hessian, step)
        edm = 0.5 * abs(dot(gradient, step))
        if edm < TOLERANCE:
            return value, edm, iteration, CONVERGED
        length, room, descends = 1.0, reach(m, lower, upper, theta, step), False
        for attempt in range(60):
            for i in range(size):
                p = m.dense[i]
                trial[p] = (
                    min(max(theta[p] + length * step[i], lower[p]), upper[p])
                    if step[i] != 0.0
                    else theta[p]
                )
            trial_value = evaluate(m, data, trial, held, trial_gradient, trial_hessian, False)
            gain = 0.0
            for i in range(size):
                gain += gradient[i] * (trial[m.dense[i]] - theta[m.dense[i]])
            if trial_value <= value + 1e-4 * min(gain, 0.0) + 1e-13 * (1.0 + abs(value)):
                descends = True
                break
            length = room if attempt == 0 and room < 1.0 else 0.5 * length
        if not descends:
            return value, edm, iteration, CONVERGED if edm < ROUNDING else STALLED
        theta[:] = trial
        value = trial_value
        gradient[:] = trial_gradient
        hessian[:] = trial_hessian
    return value, edm, MAXIMUM_ITERATIONS, CONVERGED if edm < ROUNDING else EXHAUSTED


@jit
def newton_step(
    m: Flat,
    lower: FloatArray,
    upper: FloatArray,
    data: FloatArray,
    theta: FloatArray,
    held: BoolArray,
    gradient: FloatArray,
    hessian: FloatArray,
    step: FloatArray,
) -> None:
    """The step of the parameters that can move; those that the likelihood does not depend on
    stay."""
    size = m.dense.size
    moves = np.zeros(size, dtype=np.bool_)
    for i in range(size):
        p, g = m.dense[i], gradient[i]
        at_bound = (theta[p] <= lower[p] and g > 0.0) or (theta[p] >= upper[p] and g < 0.0)
        moves[i] = not (held[p] or at_bound or (g == 0.0 and hessian[i, i] == 0.0))
    matrix, ridge = hessian.copy(), 0.0
    while ridge < 1e-6:
        if cholesky_solve(matrix, gradient, moves, step):
            # a parameter at its bound that the step would push out stays there: solve without it
            leaves = False
            for i in range(size):
                p = m.dense[i]
                if (step[i] < 0.0 and theta[p] <= lower[p]) or (
                    step[i] > 0.0 and theta[p] >= upper[p]
                ):
                    moves[i], leaves = False, True
            if not leaves:
                return
        else:
            ridge = 1e-11 if ridge == 0.0 else 100.0 * ridge
            add_ridge(matrix, hessian, ridge)
    fisher, ignored, scratch = np.empty((size, size)), np.empty(size), theta.copy()
    evaluate(m, data, scratch, held, ignored, fisher, True)
    while ridge < 1e3:
        add_ridge(matrix, fisher, ridge)
        if cholesky_solve(matrix, gradient, moves, step):
            return
        ridge *= 100.0


@jit
def add_ridge(out: FloatArray, matrix: FloatArray, ridge: float) -> None:
    """out = matrix with its diagonal raised by a fraction, and 1 where it is not positive."""
    for i in range(matrix.shape[0]):
        for j in range(i + 1):
            out[i, j] = matrix[i, j]
        out[i, i] = matrix[i, i] * (1.0 + ridge) if matrix[i, i] > 0.0 else 1.0


@jit
def reach(
    m: Flat, lower: FloatArray, upper: FloatArray, theta: FloatArray, step: FloatArray
) -> float:
    """Length of the step at which the first parameter meets a bound."""
    room = np.inf
    for i in range(step.size):
        p = m.dense[i]
        if step[i] > 0.0 and theta[p] < upper[p]:
            room = min(room, (upper[p] - theta[p]) / step[i])
        elif step[i] < 0.0 and theta[p] > lower[p]:
            room = min(room, (lower[p] - theta[p]) / step[i])
    return room
