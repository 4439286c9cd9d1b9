"""The inner loops of the engine, each in a compiled (numba) and a numpy version with the same result."""

from __future__ import annotations

import numpy as np

from exonu.statistics.backend import NUMBA, jit
from exonu.statistics.flat import NORMAL, POISSON, BoolArray, Flat, FloatArray, IntArray

if NUMBA:

    @jit
    def add_scaled(out: FloatArray, a: float, x: FloatArray) -> None:
        """out += a x"""
        for b in range(out.size):
            out[b] += a * x[b]

    @jit
    def add_product(out: FloatArray, a: float, x: FloatArray, y: FloatArray) -> None:
        """out += a x y"""
        for b in range(out.size):
            out[b] += a * x[b] * y[b]

    @jit
    def dot(x: FloatArray, y: FloatArray) -> float:
        """Σ x y"""
        total = 0.0
        for b in range(x.size):
            total += x[b] * y[b]
        return total

    @jit
    def add_gram(out: FloatArray, weight: FloatArray, rows: FloatArray) -> None:
        """out += rows diag(weight) rowsᵀ, lower triangle"""
        for i in range(out.shape[0]):
            scaled = weight * rows[i]
            for j in range(i + 1):
                out[i, j] += dot(scaled, rows[j])

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
        """Poisson deviance/2 (infinite if impossible); slope 1 - N/ν; curvature N/ν², or Fisher's 1/ν."""
        total = 0.0
        for b in range(n.size):
            v, count = expected[b], n[b]
            if v != v or (v <= 0.0 and count > 0.0):
                return np.inf
            if count > 0.0:
                total += v - count + count * np.log(count / v)
                slope[b], curvature[b] = 1.0 - count / v, count / (v * v)
            else:
                total += v
                slope[b], curvature[b] = 1.0, 0.0
            if fisher:
                slope[b], curvature[b] = slope[b], 1.0 / v if v > 1e-10 else 0.0
        return total

    @jit
    def cholesky_solve(matrix: FloatArray, gradient: FloatArray, moves: BoolArray, step: FloatArray) -> bool:
        """Solve matrix · step = -gradient for those that move (lower triangle read); False if not positive."""
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

else:

    def add_scaled(out: FloatArray, a: float, x: FloatArray) -> None:
        """out += a x"""
        out += a * x

    def add_product(out: FloatArray, a: float, x: FloatArray, y: FloatArray) -> None:
        """out += a x y"""
        out += a * x * y

    def dot(x: FloatArray, y: FloatArray) -> float:
        """Σ x y"""
        return float(x @ y)

    def add_gram(out: FloatArray, weight: FloatArray, rows: FloatArray) -> None:
        """out += rows diag(weight) rowsᵀ"""
        out += np.tril((rows * weight) @ rows.T)

    def multiply_local(out: FloatArray, parameter: IntArray, theta: FloatArray) -> None:
        """out *= θ[parameter], where there is one"""
        out *= np.where(parameter >= 0, theta[parameter], 1.0)

    def poisson_terms(
        n: FloatArray, expected: FloatArray, slope: FloatArray, curvature: FloatArray, fisher: bool
    ) -> float:
        """Poisson deviance/2 (infinite if impossible); slope 1 - N/ν; curvature N/ν², or Fisher's 1/ν."""
        if np.isnan(expected).any() or bool(((expected <= 0.0) & (n > 0.0)).any()):
            return np.inf
        safe = np.where(n > 0.0, expected, 1.0)
        ratio = n / safe
        slope[:] = 1.0 - ratio
        curvature[:] = ratio / safe
        if fisher:
            curvature[:] = np.where(expected > 1e-10, 1.0 / np.maximum(expected, 1e-10), 0.0)
        return float(np.sum(expected - n) - np.sum(n * np.log(np.where(n > 0.0, safe / np.where(n > 0, n, 1.0), 1.0))))

    def cholesky_solve(matrix: FloatArray, gradient: FloatArray, moves: BoolArray, step: FloatArray) -> bool:
        """Solve matrix · step = -gradient for those that move (lower triangle read); False if not positive."""
        index = np.flatnonzero(moves)
        lower = np.tril(matrix[np.ix_(index, index)])
        full = lower + np.tril(lower, -1).T
        step[:] = 0.0
        try:
            low = np.linalg.cholesky(full)
        except np.linalg.LinAlgError:
            return False
        if bool((np.diag(low) ** 2 <= 1e-14 * np.abs(np.diag(full))).any()):
            return False
        step[index] = -np.linalg.solve(low.T, np.linalg.solve(low, gradient[index]))
        return True


def _closed_form(
    kind: int, count: float, without: float, scaled: float, aux: float, width: float, start: float
) -> float:
    """γ that minimises one bin's ν - N ln ν + constraint, with ν = A + γB: the root with ν > 0 of a quadratic.

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


closed_form = jit(_closed_form)


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

    out, (3, B): γ of each bin (1 where there is none), the curvature of its constraint term, and whether it is free to
    move (0 if held or at a bound). Returns the sum of the constraint terms.
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
        return mean - aux + aux * float(np.log(aux / mean))
    return mean
