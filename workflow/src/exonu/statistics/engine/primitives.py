"""The inner loops of the engine.

They take whole arrays and the number of a row, and count bins in unsigned integers: a row of an
array costs as much as a short loop over it, a model handed on as much as forty of them (its arrays
are counted), and a bin that could be negative, which counts from the end, keeps a loop from being
vectorised, as too many arrays in one loop do."""

from __future__ import annotations

import numpy as np

from exonu.statistics.engine.backend import jit
from exonu.statistics.engine.flat import NORMAL, POISSON, BoolArray, Flat, FloatArray, IntArray

CLOSE = 0.1


@jit
def add_shifts(
    shape: FloatArray,
    c: int,
    weights: FloatArray,
    ups: FloatArray,
    downs: FloatArray,
    h0: int,
    h1: int,
    first: np.uint64,
    size: int,
) -> None:
    """shape[c] += Σ_h weights[0, h] ups[h] + weights[1, h] downs[h], in `size` bins from `first` on"""
    for h in range(h0, h1):
        up, down = weights[0, h], weights[1, h]
        for n in range(size):
            b = first + np.uint64(n)
            shape[c, b] += up * ups[h, b] + down * downs[h, b]


@jit
def add_rows(
    out: FloatArray,
    column: IntArray,
    parameters: IntArray,
    slopes: FloatArray,
    x: FloatArray,
    k0: int,
    k1: int,
    first: np.uint64,
    size: int,
) -> None:
    """out[column of parameter k] += slopes[k] x[2], for each k"""
    for k in range(k0, k1):
        i, slope = column[parameters[k]], slopes[k]
        for n in range(size):
            b = first + np.uint64(n)
            out[i, b] += slope * x[2, b]


@jit
def add_gamma_times(out: FloatArray, gammas: FloatArray, x: FloatArray) -> None:
    """out += γ x"""
    for b in range(out.size):
        out[b] += gammas[0, b] * x[b]


@jit
def add_pair_product(
    out: FloatArray,
    row: int,
    p: float,
    x: FloatArray,
    q: float,
    y: FloatArray,
    h: int,
    z: FloatArray,
    first: np.uint64,
    size: int,
) -> tuple[float, float]:
    """out[row] += (p x[h] + q y[h]) z[0]; Σ x[h] z[1] and Σ y[h] z[1]"""
    sum_x, sum_y = 0.0, 0.0
    for n in range(size):
        b = first + np.uint64(n)
        out[row, b] += (p * x[h, b] + q * y[h, b]) * z[0, b]
        sum_x += x[h, b] * z[1, b]
        sum_y += y[h, b] * z[1, b]
    return sum_x, sum_y


@jit
def dot(x: FloatArray, y: FloatArray) -> float:
    """Σ x y"""
    total = 0.0
    for b in range(x.size):
        total += x[b] * y[b]
    return total


@jit
def add_triple(
    out: FloatArray,
    row: int,
    a: float,
    x: FloatArray,
    h: int,
    y: FloatArray,
    z: FloatArray,
    c: int,
    first: np.uint64,
    size: int,
) -> None:
    """out[row] += a x[h] y[c] z[c]"""
    for n in range(size):
        b = first + np.uint64(n)
        out[row, b] += a * x[h, b] * y[c, b] * z[c, b]


@jit
def add_gram(out: FloatArray, weight: FloatArray, rows: FloatArray) -> None:
    """out += rows diag(weight) rowsᵀ, lower triangle"""
    scaled = np.empty(weight.size)
    for i in range(out.shape[0]):
        for b in range(weight.size):
            scaled[b] = weight[b] * rows[i, b]
        for j in range(i + 1):
            total = 0.0
            for b in range(weight.size):
                total += scaled[b] * rows[j, b]
            out[i, j] += total


@jit
def split_yield(
    without: FloatArray,
    scaled: FloatArray,
    a: float,
    shape: FloatArray,
    local: FloatArray,
    has_gamma: FloatArray,
    c: int,
    first: np.uint64,
    size: int,
) -> None:
    """Add the events a G L of component c to A (bins where γ does not apply to it) or B (where it
    does)."""
    for n in range(size):
        b = first + np.uint64(n)
        events = a * shape[c, b] * local[c, b]
        scaled[b] += events * has_gamma[c, b]
        without[b] += events * (1.0 - has_gamma[c, b])


@jit
def times_gamma(
    out: FloatArray,
    shape: FloatArray,
    local: FloatArray,
    has_gamma: FloatArray,
    gammas: FloatArray,
    weight: FloatArray,
    c: int,
    first: np.uint64,
    size: int,
) -> float:
    """Of component c out[0] = L γ, out[1] = w L γ, out[2] = G L γ; Σ w G L γ."""
    for n in range(size):
        b = first + np.uint64(n)
        out[0, b] = local[c, b] * (1.0 + has_gamma[c, b] * (gammas[0, b] - 1.0))
    for n in range(size):
        b = first + np.uint64(n)
        out[1, b] = weight[b] * out[0, b]
    total = 0.0
    for n in range(size):
        b = first + np.uint64(n)
        events = out[0, b] * shape[c, b]
        out[2, b] = events
        total += weight[b] * events
    return total


@jit
def schur_weights(
    gammas: FloatArray,
    scaled: FloatArray,
    slope: FloatArray,
    curvature: FloatArray,
    mixed: bool,
    out: FloatArray,
) -> None:
    """Weights of the outer products in the profile Hessian: out[0] of ∂ν ∂ν, out[1] of h h
    (mixed bins only)."""
    for b in range(scaled.size):
        total = curvature[b] * scaled[b] * scaled[b] + gammas[1, b]
        inverse = 1.0 / total if gammas[2, b] > 0.0 and total > 0.0 else 0.0
        out[0, b], out[1, b] = curvature[b], -inverse
        if not mixed and inverse > 0.0:  # ν = γB, so ∂B = ∂ν/γ and h is proportional to ∂ν
            h = curvature[b] * scaled[b] + slope[b] / gammas[0, b]
            out[0, b] -= inverse * h * h


@jit
def mixed_rows(
    out: FloatArray,
    jacobian: FloatArray,
    scaled_jacobian: FloatArray,
    slope: FloatArray,
    curvature: FloatArray,
    scaled: FloatArray,
) -> None:
    """h_i = w ∂B/∂i + κ B ∂ν/∂i"""
    for i in range(out.shape[0]):
        for b in range(out.shape[1]):
            out[i, b] = slope[b] * scaled_jacobian[i, b] + curvature[b] * scaled[b] * jacobian[i, b]


@jit
def multiply_local(out: FloatArray, parameter: IntArray, theta: FloatArray) -> None:
    """out *= θ[parameter], where there is one"""
    for b in range(out.size):
        if parameter[b] >= 0:
            out[b] *= theta[parameter[b]]


@jit
def poisson_terms(
    n: FloatArray, expected: FloatArray, slope: FloatArray, curvature: FloatArray, fisher: bool
) -> float:
    """Poisson deviance/2 (infinite if impossible); slope 1 - N/ν; curvature N/ν², or Fisher's
    1/ν."""
    total = 0.0
    for b in range(n.size):
        v, count = expected[b], n[b]
        if v != v or (v <= 0.0 and count > 0.0):
            return np.inf
        if count > 0.0:
            # v - N + N ln(N/v); near its minimum by the relative distance, since at 1e9 counts the
            # rounding of the plain form is as large as differences that matter.
            x = (v - count) / count
            near = abs(x) < CLOSE
            total += count * (x - np.log1p(x)) if near else v - count + count * np.log(count / v)
            slope[b], curvature[b] = (v - count) / v, count / (v * v)
        else:
            total += v
            slope[b], curvature[b] = 1.0, 0.0
        if fisher:
            slope[b], curvature[b] = slope[b], 1.0 / v if v > 1e-10 else 0.0
    return total


@jit
def cholesky_solve(
    matrix: FloatArray, gradient: FloatArray, moves: BoolArray, step: FloatArray
) -> bool:
    """Solve matrix · step = -gradient for those that move (lower triangle read); False if not
    positive."""
    index = np.flatnonzero(moves)
    size = index.size
    low = np.empty((size, size))
    for i in range(size):
        for j in range(i + 1):
            value = matrix[index[i], index[j]]
            for k in range(j):
                value -= low[i, k] * low[j, k]
            if i > j:
                low[i, j] = value / low[j, j]
            elif value > 1e-14 * abs(matrix[index[i], index[i]]):
                low[i, i] = np.sqrt(value)
            else:
                return False
    step[:] = 0.0
    solution = np.empty(size)
    for i in range(size):
        value = -gradient[index[i]]
        for k in range(i):
            value -= low[i, k] * solution[k]
        solution[i] = value / low[i, i]
    for i in range(size - 1, -1, -1):
        value = solution[i]
        for k in range(i + 1, size):
            value -= low[k, i] * solution[k]
        solution[i] = value / low[i, i]
        step[index[i]] = solution[i]
    return True


@jit
def closed_form(
    kind: int, count: float, without: float, scaled: float, aux: float, width: float, start: float
) -> float:
    """γ that minimises one bin's ν - N ln ν + constraint, with ν = A + γB: the root with ν > 0 of a
    quadratic.

    normal:  (γ-a)/σ² + B(1 - N/ν) = 0  →  B γ² + (A - aB + σ²B²) γ + σ²B(A-N) - aA = 0
    Poisson: B + τ - NB/ν - a/γ = 0     →  (B+τ)B γ² + [(B+τ)A - NB - aB] γ - aA = 0
    free:    ν = N
    """
    if kind == NORMAL:
        variance = width * width
        if scaled == 0.0:
            return aux
        p = scaled
        q = without - aux * scaled + variance * scaled * scaled
        r = variance * scaled * (without - count) - aux * without
    elif kind == POISSON:
        if scaled == 0.0:
            return aux / width
        p = (scaled + width) * scaled
        q = (scaled + width) * without - (count + aux) * scaled
        r = -aux * without
    else:
        return start if scaled == 0.0 else (count - without) / scaled
    root = np.sqrt(max(q * q - 4.0 * p * r, 0.0))
    # (-q + root) / 2p without cancellation
    if q <= 0.0:
        return float((root - q) / (2.0 * p))
    return float(-2.0 * r / (q + root))


@jit
def profile_gammas(
    m: Flat,
    data: FloatArray,
    theta: FloatArray,
    held: BoolArray,
    without: FloatArray,
    scaled: FloatArray,
    out: FloatArray,
) -> float:
    """Set every free γ in theta to its closed-form optimum within its bounds.

    out, (3, B): γ of each bin (1 where there is none), the curvature of its constraint term, and
    whether it is free to move (0 if held or at a bound). Returns the sum of the constraint terms.
    """
    total = 0.0
    for b in range(m.gamma.size):
        p = m.gamma[b]
        out[0, b], out[1, b], out[2, b] = 1.0, 0.0, 0.0
        if p < 0:
            continue
        kind, width = m.constraint[p], m.width[p]
        aux = data[m.measured[p]] if kind else 0.0
        if not held[p]:
            best = closed_form(kind, data[b], without[b], scaled[b], aux, width, theta[p])
            theta[p] = min(max(best, m.lower[p]), m.upper[p])
            out[2, b] = 1.0 if m.lower[p] < best < m.upper[p] else 0.0
        gamma = theta[p]
        out[0, b] = gamma
        if kind == NORMAL:
            pull = (gamma - aux) / width
            total += 0.5 * pull * pull
            out[1, b] = 1.0 / (width * width)
        elif kind == POISSON:
            total += poisson_constraint(aux, gamma * width)
            out[1, b] = aux / (gamma * gamma)
    return total


@jit
def poisson_constraint(aux: float, mean: float) -> float:
    """mean - aux + aux ln(aux / mean): zero where the auxiliary measurement is met."""
    if aux > 0.0:
        if mean <= 0.0:
            return np.inf
        x = (mean - aux) / aux
        if abs(x) < CLOSE:
            return aux * float(x - np.log1p(x))
        return mean - aux + aux * float(np.log(aux / mean))
    return mean
