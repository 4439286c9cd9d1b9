"""The longest loops of `primitives` as array expressions, under the same names: what runs in their
place where nothing is compiled (`backend.one_limit`). The docstrings are theirs."""

from __future__ import annotations

import numpy as np

from exonu.statistics.engine.flat import FloatArray, IntArray


def _bins(first: np.uint64, size: int) -> slice:
    return slice(int(first), int(first) + int(size))


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
    own = _bins(first, size)
    shape[c, own] += weights[0, h0:h1] @ ups[h0:h1, own] + weights[1, h0:h1] @ downs[h0:h1, own]


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
    own = _bins(first, size)
    for k in range(k0, k1):
        out[column[parameters[k]], own] += slopes[k] * x[2, own]


def add_gamma_times(out: FloatArray, gammas: FloatArray, x: FloatArray) -> None:
    out += gammas[0] * x


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
    own = _bins(first, size)
    up, down = x[h, own], y[h, own]
    out[row, own] += (p * up + q * down) * z[0, own]
    return float(up @ z[1, own]), float(down @ z[1, own])


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
    own = _bins(first, size)
    out[row, own] += a * x[h, own] * y[c, own] * z[c, own]


def dot(x: FloatArray, y: FloatArray) -> float:
    return float(x @ y)


def add_gram(out: FloatArray, weight: FloatArray, rows: FloatArray) -> None:
    out += np.tril((weight * rows) @ rows.T)


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
    own = _bins(first, size)
    events = a * shape[c, own] * local[c, own]
    scaled[own] += events * has_gamma[c, own]
    without[own] += events * (1.0 - has_gamma[c, own])


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
    own = _bins(first, size)
    out[0, own] = local[c, own] * (1.0 + has_gamma[c, own] * (gammas[0, own] - 1.0))
    out[1, own] = weight[own] * out[0, own]
    out[2, own] = out[0, own] * shape[c, own]
    return float(weight[own] @ out[2, own])
