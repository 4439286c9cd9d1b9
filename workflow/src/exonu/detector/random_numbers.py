"""Random numbers inside compiled kernels: one stream per event, the same in any order of events and
on any thread."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from exonu.core.compiled import exact_kernel

GOLDEN_GAMMA = np.uint64(0x9E3779B97F4A7C15)
MIX_1, MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
TO_UNIT = 2.0**-53
LARGE_MEAN = 30.0


@exact_kernel
def mixed(z: Any) -> Any:
    """SplitMix64's finaliser: a 64-bit hash."""
    z = (z ^ (z >> np.uint64(30))) * MIX_1
    z = (z ^ (z >> np.uint64(27))) * MIX_2
    return z ^ (z >> np.uint64(31))


@exact_kernel
def start_stream(stream: Any, seed: Any, event: Any) -> None:
    """Begin the random numbers of one event: a state of xoroshiro128+ hashed from the seed and the
    event's number."""
    key = mixed(np.uint64(seed) + GOLDEN_GAMMA) ^ mixed(np.uint64(event) * GOLDEN_GAMMA + MIX_1)
    stream[0] = mixed(key + GOLDEN_GAMMA)
    stream[1] = mixed(key + GOLDEN_GAMMA + GOLDEN_GAMMA) | np.uint64(1)


@exact_kernel
def uniform(stream: Any) -> Any:
    """Next random number in [0, 1): xoroshiro128+ of Blackman and Vigna."""
    a, b = stream[0], stream[1]
    total = a + b
    b ^= a
    stream[0] = ((a << np.uint64(24)) | (a >> np.uint64(40))) ^ b ^ (b << np.uint64(16))
    stream[1] = (b << np.uint64(37)) | (b >> np.uint64(27))
    return float(total >> np.uint64(11)) * TO_UNIT


@exact_kernel
def exponential(stream: Any) -> Any:
    """Exponential random number of mean 1."""
    return -math.log(1.0 - uniform(stream))


@exact_kernel
def normal(stream: Any) -> Any:
    """Normal random number of mean 0 and variance 1 (Marsaglia's polar method, one of the pair)."""
    while True:
        a, b = 2 * uniform(stream) - 1, 2 * uniform(stream) - 1
        square = a * a + b * b
        if 1e-300 < square < 1:
            return a * math.sqrt(-2 * math.log(square) / square)


@exact_kernel
def gamma(shape: float, stream: Any) -> Any:
    """Gamma random number of this shape and scale 1 (Marsaglia & Tsang, ACM Trans. Math. Softw. 26,
    363 (2000))."""
    boost = 1.0
    if shape < 1:
        boost = (1.0 - uniform(stream)) ** (1 / shape)
        shape += 1
    d = shape - 1.0 / 3.0
    c = 1 / math.sqrt(9 * d)
    while True:
        x = normal(stream)
        root = 1 + c * x
        if root <= 0:
            continue
        v, u = root * root * root, 1.0 - uniform(stream)
        if u < 1 - 0.0331 * (x * x) * (x * x) or math.log(u) < 0.5 * x * x + d * (
            1 - v + math.log(v)
        ):
            return boost * d * v


@exact_kernel
def poisson(mean: float, stream: Any) -> Any:
    """Poisson random number; above a mean of 30 by Hörmann's PTRS (Insur. Math. Econ. 12, 39
    (1993))."""
    if mean < LARGE_MEAN:
        limit, product, count = math.exp(-mean), 1.0 - uniform(stream), 0
        while product > limit:
            product *= 1.0 - uniform(stream)
            count += 1
        return count
    b = 0.931 + 2.53 * math.sqrt(mean)
    a = -0.059 + 0.02483 * b
    scale = math.log(1.1239 + 1.1328 / (b - 3.4))
    squeeze = 0.9277 - 3.6224 / (b - 2)
    while True:
        u, v = uniform(stream) - 0.5, 1.0 - uniform(stream)
        margin = 0.5 - abs(u)
        count = math.floor((2 * a / margin + b) * u + mean + 0.43)
        if margin >= 0.07 and v <= squeeze:
            return count
        if count < 0 or (margin < 0.013 and v > margin):
            continue
        accepted = math.log(v) + scale - math.log(a / (margin * margin) + b)
        if accepted <= count * math.log(mean) - mean - math.lgamma(count + 1.0):
            return count
