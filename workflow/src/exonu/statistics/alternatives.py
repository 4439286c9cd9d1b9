r"""The limits of older analyses, beside CLs: Δχ² and the integral of exp(-χ²/2).

Both use the profile χ²(μ) = -2 ln L(μ, θ̂̂), with μ ≥ 0:

    Δχ² limit:    χ²(μ) = χ²_min + 2.71, above the best fit
    integral:     ∫_0^limit exp(-χ²/2) dμ / ∫_0^∞ exp(-χ²/2) dμ = 0.9

The integral depends on the variable it runs over: it is a Bayesian limit with a flat prior in
    μ^power.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from exonu.core.errors import InputError
from exonu.statistics.asymptotic import distance_from_minimum
from exonu.statistics.engine.flat import FloatArray
from exonu.statistics.profiles import ProfilePair, profile_pair
from exonu.statistics.profiling import Profile, Tally, find_root, signal_scale
from exonu.statistics.quadratic import sign_changes
from exonu.statistics.workspaces.compiled_model import Model


@dataclass(frozen=True)
class AlternativeLimit:
    """A limit by another construction: its value, the construction in words, and how it was
    found."""

    value: float
    construction: str
    crossings: tuple[float, ...]
    record: dict[str, Any]


def _record(profile: Profile, before: Tally) -> dict[str, Any]:
    tally = profile.tally.since(before)
    return {
        "best_fit": profile.mu_hat,
        "converged": profile.best.converged,
        "fits": tally.fits,
        "failed_fits": tally.failed,
        "multimodal": tally.multimodal,
    }


def _scale(profile: Profile) -> float:
    sigma = profile.sigma(profile.best)
    return sigma if np.isfinite(sigma) else signal_scale(profile.model, profile.best.theta)


def delta_chi2_limit(
    model: Model,
    data: Sequence[float] | FloatArray | ProfilePair | None = None,
    delta: float = 2.71,
) -> AlternativeLimit:
    """Upper limit where χ² has risen by ``delta`` above its minimum in μ ≥ 0; the largest crossing
    of several.

    >>> from exonu.statistics.examples import two_bins
    >>> print(f"{delta_chi2_limit(two_bins()).value:.4f}")
    0.8129
    """
    if not delta > 0.0:
        raise InputError(f"must be > 0 (got {delta!r})", field="delta")
    pair = profile_pair(model, data)
    profile, grid, before = pair.observed, pair.grid, replace(pair.tally)
    upper = float(model.flat.upper[model.poi_index])
    target = float(np.sqrt(delta))
    if grid:
        roots = sign_changes(
            distance_from_minimum(profile, target), [mu for mu in grid if mu >= profile.mu_hat]
        )
    else:
        low, scale = max(profile.mu_hat, 0.0), _scale(profile)
        f = distance_from_minimum(profile, target)
        roots = [find_root(f, low + target * scale, low, upper)] if np.isfinite(scale) else []
    found = tuple(root.value for root in roots if root.found)
    beyond = bool(roots) and np.isinf(roots[-1].value)
    value = found[-1] if found else float("inf") if beyond else float("nan")
    return AlternativeLimit(
        value, f"profile Δχ² = {delta:g}, one-sided", found, _record(profile, before)
    )


def bayes_limit(
    model: Model,
    data: Sequence[float] | FloatArray | ProfilePair | None = None,
    credibility: float = 0.90,
    power: float = 1.0,
) -> AlternativeLimit:
    """Upper limit that holds ``credibility`` of ∫ exp(-χ²/2) over μ^power ≥ 0.

    Args:
        model, data: as for `upper_limit`.
        credibility: between 0 and 1.
        power: the integral runs over μ^power; 0.5 for a charge, if μ is its square.

    >>> from exonu.statistics.examples import two_bins
    >>> print(f"{bayes_limit(two_bins()).value:.4f}")
    0.8511
    """
    if not 0.0 < credibility < 1.0:
        raise InputError(f"must be between 0 and 1 (got {credibility!r})", field="credibility")
    if not power > 0.0:
        raise InputError(f"must be > 0 (got {power!r})", field="power")
    pair = profile_pair(model, data)
    profile, grid, before = pair.observed, pair.grid, replace(pair.tally)
    construction = f"{credibility:g} of the integral of exp(-χ²/2), flat in μ^{power:g}"
    upper, scale = float(model.flat.upper[model.poi_index]), _scale(profile)
    if not np.isfinite(scale):
        return AlternativeLimit(float("nan"), construction, (), _record(profile, before))
    top = min(max(profile.mu_hat, 0.0) + 6.0 * scale, upper)
    farthest = 1e4 * top
    while top < upper and profile.twice_delta(top)[0] < 60.0:
        top = min(1.3 * top, upper)
        if top > farthest:
            return AlternativeLimit(float("inf"), construction, (), _record(profile, before))
    points, chi2_there, slopes = _sampled(profile, top, grid)
    fine = np.linspace(0.0, top**power, 20001)
    chi2 = hermite(points, chi2_there, slopes, fine ** (1.0 / power))
    density = np.exp(-0.5 * (chi2 - chi2.min()))
    cumulative = np.concatenate([[0.0], np.cumsum(0.5 * (density[1:] + density[:-1]))])
    value = float(np.interp(credibility * cumulative[-1], cumulative, fine)) ** (1.0 / power)
    return AlternativeLimit(value, construction, (value,), _record(profile, before))


COARSE, FINE = 17, 81
INTERPOLATION = 1e-6
"""Error of χ² between two points of its curve that is small enough; more where exp(-χ²/2) is small."""


def _sampled(
    profile: Profile, top: float, grid: Sequence[float]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """χ² and its slope at enough μ up to `top` for a cubic through them: what is known already, and
    more where a point and its neighbours' cubic differ.

    Where χ² is infinite in places, at 81 points that are possible."""
    known = [mu for mu in (*profile.points, *grid) if 0.0 <= mu <= top]
    points = np.unique([*np.linspace(0.0, top, COARSE), *known])
    apart = np.diff(points, prepend=-top) > 1e-6 * top
    points = points[apart]
    for left in reversed(range(8)):
        values = np.array([profile.twice_delta(float(mu)) for mu in points])
        if not np.isfinite(values[:, 0]).all():
            points = np.unique([*np.linspace(0.0, top, FINE), *points])
            values = np.array([profile.twice_delta(float(mu)) for mu in points])
            possible = np.isfinite(values[:, 0])
            return points[possible], values[possible, 0], values[possible, 1]
        coarse = _interpolation_errors(points, values[:, 0], values[:, 1]) > INTERPOLATION * np.exp(
            np.minimum(0.5 * np.minimum(values[:-1, 0], values[1:, 0]), 15.0)
        )
        if not (coarse.any() and left):  # a kink stays coarse
            break
        points = np.sort([*points, *(0.5 * (points[:-1] + points[1:]))[coarse]])
    return points, values[:, 0], values[:, 1]


def _interpolation_errors(x: FloatArray, y: FloatArray, slope: FloatArray) -> FloatArray:
    """Largest error of the cubic between neighbours, (n - 1,), from the fourth derivative that the
    cubic through every other point misses."""
    before, after = slice(None, -2), slice(2, None)
    h = x[after] - x[before]
    t = (x[1:-1] - x[before]) / h
    left = (1.0 + 2.0 * t) * (1.0 - t) ** 2 * y[before] + t * (1.0 - t) ** 2 * h * slope[before]
    right = t * t * (3.0 - 2.0 * t) * y[after] + t * t * (t - 1.0) * h * slope[after]
    fourth = np.abs(left + right - y[1:-1]) / (h * h * t * (1.0 - t)) ** 2
    worst = np.maximum([*fourth, fourth[-1]], [fourth[0], *fourth])
    return np.asarray(worst * np.diff(x) ** 4 / 16.0)


def hermite(x: FloatArray, y: FloatArray, slope: FloatArray, at: FloatArray) -> FloatArray:
    """Cubic interpolation through values and slopes."""
    place = np.clip(np.searchsorted(x, at, side="right") - 1, 0, x.size - 2)
    h = x[place + 1] - x[place]
    t = (at - x[place]) / h
    left = (1.0 + 2.0 * t) * (1.0 - t) ** 2 * y[place] + t * (1.0 - t) ** 2 * h * slope[place]
    right = t * t * (3.0 - 2.0 * t) * y[place + 1] + t * t * (t - 1.0) * h * slope[place + 1]
    return np.asarray(left + right, dtype=float)
