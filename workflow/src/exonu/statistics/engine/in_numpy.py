"""The longest loops of `primitives` as array expressions, under the same names: what runs in their
place where nothing is compiled (`backend.one_limit`). The docstrings are theirs."""

from __future__ import annotations

import numpy as np

from exonu.statistics.engine.flat import FloatArray


def add_pair(out: FloatArray, p: float, x: FloatArray, q: float, y: FloatArray) -> None:
    out += p * x + q * y


def add_pair_product(
    out: FloatArray, p: float, x: FloatArray, q: float, y: FloatArray, z: FloatArray
) -> None:
    out += (p * x + q * y) * z


def add_product(out: FloatArray, a: float, x: FloatArray, y: FloatArray) -> None:
    out += a * x * y


def add_triple(out: FloatArray, a: float, x: FloatArray, y: FloatArray, z: FloatArray) -> None:
    out += a * x * y * z


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
) -> None:
    events = a * shape * local
    scaled += events * has_gamma
    without += events * (1.0 - has_gamma)


def times_gamma(
    local: FloatArray,
    has_gamma: FloatArray,
    gamma: FloatArray,
    weight: FloatArray,
    out: FloatArray,
) -> None:
    out[0] = local * (1.0 + has_gamma * (gamma - 1.0))
    out[1] = out[0] * weight
