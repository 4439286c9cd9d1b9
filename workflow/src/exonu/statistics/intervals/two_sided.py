r"""The two-sided (unified) interval with asymptotic formulae and a boundary at zero, and the power
constraint on limits.

The convention of arXiv:2105.00599 (the direct-detection experiments' recommendations, sect. 3):
μ is in the interval if the data are not among the α least likely under it, ordered by

    t̃_μ = -2 ln L(μ)/L(μ̂),  μ̂ ≥ 0

whose distribution under μ has the boundary in it (arXiv:1007.1727, eq. 40-43; m = μ/σ):

    p_μ = 2 Φ(-√t̃)                          t̃ ≤ m²
    p_μ = Φ(-√t̃) + Φ(-(t̃ + m²) / 2m)        t̃ > m²

σ is that of the background-only Asimov data, m = √q_A(μ), as for CLs. The lower end is zero unless
p_0 = Φ(-√t̃_0) < α. The upper end is the upper limit; the expected ones follow from μ̂ = vσ:

    m = v + Φ⁻¹(1 - α/2)  for v ≥ 0;      Φ(-√(m² - 2mv)) + Φ(-(m - v)) = α  for v < 0
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from exonu.statistics.asymptotic import BANDS, asymptotic_bands
from exonu.statistics.engine.flat import FloatArray
from exonu.statistics.intervals.normal import cdf, quantile, require_confidence_level
from exonu.statistics.profiles import ProfilePair, profile_pair
from exonu.statistics.profiling import Root, find_root
from exonu.statistics.quadratic import sign_changes
from exonu.statistics.workspaces.compiled_model import Model


@dataclass(frozen=True)
class UnifiedInterval:
    """A two-sided interval in the parameter's own unit.

    Attributes:
        low, high: its ends; high is infinite if it lies above the parameter's bound, or where the
            likelihood levels off, NaN without a signal.
        at_zero: the lower end is the boundary at zero: an upper limit.
        expected: upper ends, -2, -1, 0, +1, +2 σ, background only, (5,).
        crossings: every μ with p = α.
        record: how it was found.
    """

    confidence_level: float
    low: float
    high: float
    at_zero: bool
    expected: FloatArray
    crossings: tuple[float, ...]
    record: dict[str, Any]


def p_value(t: float, m: float) -> float:
    """p of t̃_μ under μ, with m = μ/σ; infinite m is far from the boundary.

    >>> print(f"{p_value(2.705543, 10.0):.4f} {p_value(2.705543, 0.0):.4f} {p_value(0.0, 0.0)}")
    0.1000 0.0500 1.0
    """
    root = math.sqrt(t)
    if root <= m:
        return 2.0 * cdf(-root)
    return cdf(-root) + (cdf(-(t + m * m) / (2.0 * m)) if m > 0.0 else 0.0)


def _distance(pair: ProfilePair, mu: float, target: float) -> tuple[float, float]:
    """z(μ) - target with p = 2Φ(-z), and its derivative: negative where μ is in the interval."""
    t, slope = pair.observed.twice_delta(mu)
    q_a, slope_a = pair.asimov.twice_delta(mu)
    if not np.isfinite(t):
        return np.inf, 0.0
    root, m = math.sqrt(t), math.sqrt(q_a)
    p = p_value(t, m)
    if root == 0.0:
        return -target, 0.0
    if p < 1e-290 or not math.isfinite(m):
        return root - target, slope / (2.0 * root)
    z = -quantile(0.5 * p)
    density = _density(root)
    if root <= m:
        fall = density / root * slope
    elif m > 0.0:
        u = (t + m * m) / (2.0 * m)
        d_m = slope_a / (2.0 * m)
        fall = density / (2.0 * root) * slope
        fall += _density(u) * (slope / (2.0 * m) + 0.5 * (1.0 - t / (m * m)) * d_m)
    else:
        fall = density / (2.0 * root) * slope
    return z - target, fall / (2.0 * _density(z))


def _density(x: float) -> float:
    return math.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)


@cache
def expected_targets(alpha: float) -> tuple[float, ...]:
    """μ/σ of the upper end for background that fluctuates by -2, -1, 0, +1, +2 σ, (5,)."""
    return tuple(_expected_target(alpha, -v) for v in BANDS)


def _expected_target(alpha: float, v: float) -> float:
    if v >= 0.0:
        return v - quantile(0.5 * alpha)
    low, high = 0.0, -quantile(0.5 * alpha) + 1.0
    for _ in range(200):
        m = 0.5 * (low + high)
        if p_value(m * m - 2.0 * m * v, m) > alpha:
            low = m
        else:
            high = m
    return 0.5 * (low + high)


def two_sided_interval(
    model: Model,
    data: Sequence[float] | FloatArray | ProfilePair | None = None,
    confidence_level: float = 0.90,
) -> UnifiedInterval:
    """The unified interval by asymptotic formulae, with its expected upper ends.

    Args:
        model: a compiled model.
        data: as for `upper_limit`.
        confidence_level: between 0.5 and 1.

    >>> from exonu.statistics.examples import two_bins
    >>> interval = two_sided_interval(two_bins())
    >>> print(f"{interval.low} {interval.high:.4f}", interval.expected.round(4))
    0.0 0.8106 [0.2111 0.4311 0.886  1.4534 2.0441]
    """
    require_confidence_level(confidence_level)
    pair = profile_pair(model, data)
    before, alpha = replace(pair.tally), 1.0 - confidence_level
    target = -quantile(0.5 * alpha)
    roots = _crossings(pair, target)
    expected = asymptotic_bands(pair, expected_targets(alpha))
    at_zero = _distance(pair, 0.0, target)[0] <= 0.0
    found = [root.value for root in roots if root.found]
    tally = pair.tally.since(before)
    notes = [] if found else ["no upper end was found"]
    return UnifiedInterval(
        confidence_level=confidence_level,
        low=0.0 if at_zero or not found else found[0],
        high=roots[-1].value if roots else float("nan"),
        at_zero=at_zero,
        expected=expected,
        crossings=tuple(found),
        record={
            "construction": "t̃, asymptotic with boundary at zero",
            "best_fit": pair.observed.mu_hat,
            "converged": pair.observed.best.converged,
            "fits": tally.fits,
            "failed_fits": tally.failed,
            "multimodal": tally.multimodal,
            "notes": notes,
        },
    )


def _crossings(pair: ProfilePair, target: float) -> list[Root]:
    profile, mu_hat = pair.observed, pair.observed.mu_hat
    bound = float(pair.model.flat.upper[pair.model.poi_index])

    def distance(mu: float) -> tuple[float, float]:
        return _distance(pair, mu, target)

    if pair.grid:
        grid = sorted({*pair.grid, mu_hat})
        roots = sign_changes(distance, grid)
        if distance(grid[-1])[0] < 0.0:
            roots.append(find_root(distance, 1.3 * grid[-1], grid[-1], bound))
        return roots
    sigma = profile.sigma(profile.best)
    scale = sigma if np.isfinite(sigma) else pair.sigma
    if not np.isfinite(scale):
        return []
    roots = []
    if mu_hat > 0.0 and distance(0.0)[0] > 0.0:

        def below(length: float) -> tuple[float, float]:
            value, slope = distance(max(mu_hat - length, 0.0))
            return value, -slope

        root = find_root(below, min(target * scale, mu_hat), 0.0, mu_hat)
        roots.append(replace(root, value=mu_hat - root.value))
    roots.append(find_root(distance, mu_hat + target * scale, mu_hat, bound))
    return roots


POWER_CONSTRAINTS = (-2, -1, 0)
"""Quantiles of the expected limits, in σ, that a limit may be held to."""


def power_constrained(
    observed: float | None, expected: Sequence[float | None], sigma: int
) -> float | None:
    """An upper limit, but no less than its expected quantile (arXiv:1105.3166).

    A fluctuation of the background below that quantile excludes no signals that the experiment had
    little power to exclude.

    Args:
        observed: the limit; None if there is none.
        expected: -2, -1, 0, +1, +2 σ.
        sigma: which of them, -2, -1 (as arXiv:2105.00599 recommends) or 0.

    >>> power_constrained(1.0, [0.9, 1.2, 1.7, 2.3, 3.1], -1)
    1.2
    """
    least = expected[sigma + 2]
    return observed if observed is None or least is None else max(observed, least)
