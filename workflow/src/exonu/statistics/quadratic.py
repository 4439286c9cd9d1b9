r"""Quadratic signals, N(μ) = N_SM + μ I + μ² P: a scan instead of a root search, and all crossings.

Where the interference I is negative the likelihood may have several minima in μ, and CLs = α
several crossings. So the profile is computed on a grid, swept upwards and downwards (each point
started from its neighbour); each local minimum is refined to the global one; and CLs - α is
followed from point to point, with its derivative, for every change of sign.

Where the grid has to look is read off the Gaussian approximation χ²(μ) = Σ_b (N_SM + μI + μ²P -
n)²/V, a quartic in μ whose stationary points (roots of a cubic) and widths are known in closed
form, for the data and for the Asimov data: a narrow window in which signal and interference cancel
far from zero is not missed, and no range need be given."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise

import numpy as np

from exonu.statistics.engine.flat import FloatArray
from exonu.statistics.profiling import Profile, Root, find_root
from exonu.statistics.workspaces.compiled_model import Model

GRID_POINTS = 61

Function = Callable[[float], tuple[float, float]]


def signal_polynomial(model: Model, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
    """I and P of each bin at the given nuisance parameters: events = background + μI + μ²P, (B,)
    each."""
    trial = theta.copy()
    values = []
    for mu in (0.0, 1.0, 2.0):
        trial[model.poi_index] = mu
        values.append(model.expected_by_sample(trial))
    once, twice = values[1] - values[0], values[2] - values[0]
    return ((4.0 * once - twice) / 2.0).sum(axis=0), ((twice - 2.0 * once) / 2.0).sum(axis=0)


def _landmarks(profile: Profile) -> list[float]:
    """μ around the stationary points of the Gaussian χ² of the profile's data, in steps of their
    widths."""
    model, theta = profile.model, profile.at(0.0).theta.copy()
    theta[model.poi_index] = 0.0
    linear, square = signal_polynomial(model, theta)
    background = model.expected(theta)
    counts = profile.data[: model.n_bins]
    weight = 1.0 / np.maximum(np.maximum(counts, background), 1.0)
    excess = background - counts
    # χ²(μ) = c0 + c1 μ + c2 μ² + c3 μ³ + c4 μ⁴, in a unit of μ that makes the coefficients
    # comparable
    c1 = 2.0 * float(np.sum(weight * excess * linear))
    c2 = float(np.sum(weight * (linear**2 + 2.0 * excess * square)))
    c3 = 2.0 * float(np.sum(weight * linear * square))
    c4 = float(np.sum(weight * square**2))
    unit = _unit(float(np.sum(weight * linear**2)), c4)
    a1, a2, a3, a4 = c1 * unit, c2 * unit**2, c3 * unit**3, c4 * unit**4
    derivative = np.array([4.0 * a4, 3.0 * a3, 2.0 * a2, a1])
    if not np.isfinite(derivative).all():  # yields near the largest float
        return []
    roots = np.roots(np.trim_zeros(derivative, "f"))
    found = []
    for centre in [0.0, *roots.real.tolist()]:
        curvature = abs(2.0 * a2 + 6.0 * a3 * centre + 12.0 * a4 * centre**2)
        width = min(np.sqrt(2.0 / curvature) if curvature > 0.0 else 1.0, 1.0)
        found += [centre + k * width for k in (-4.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 4.0)]
    return [float(x) * unit for x in found if x > 0.0]


def _unit(linear: float, square: float) -> float:
    """The μ at which the larger of the two terms is one standard deviation."""
    scales = [linear**-0.5 if linear > 0.0 else np.inf, square**-0.25 if square > 0.0 else np.inf]
    unit = min(scales)
    return float(unit) if np.isfinite(unit) else 1.0


def survey(profile: Profile, asimov: Profile, reach: float = 5.5) -> list[float]:
    """The grid in μ, with both profiles fitted on it and the data's global minimum found.

    It ends where the Asimov data exclude μ by `reach` standard deviations, there and beyond, or at
    the bound."""
    bound = float(profile.model.flat.upper[profile.model.poi_index])
    marks = sorted({*_landmarks(profile), *_landmarks(asimov)})
    marks = [x for before, x in pairwise([0.0, *marks]) if x - before > 1e-9 * marks[-1]]
    top = min(max(marks, default=1.0), bound)
    for _ in range(60):
        q, slope = asimov.twice_delta(top)
        if top >= bound or (np.sqrt(q) >= reach and slope > 0.0):
            break
        top = min(1.5 * top, bound)
    grid = sorted({*np.linspace(0.0, top, GRID_POINTS).tolist(), *(x for x in marks if x < top)})
    for one in (profile, asimov):
        for order in (grid, grid[::-1]):
            for before, mu in pairwise(order):
                one.improve(mu, one.at(before).theta)
    heights = np.array([profile.at(mu).value for mu in grid])
    padded = np.concatenate([[np.inf], heights, [np.inf]])
    for place in np.flatnonzero((heights <= padded[:-2]) & (heights <= padded[2:])):
        profile.descend(profile.at(grid[place]).theta)
    return grid


def sign_changes(f: Function, grid: Iterable[float], depth: int = 6) -> list[Root]:
    """All crossings of zero on a grid, including pairs between two points that the slopes there
    give away."""
    points = [(x, *f(x)) for x in grid]
    found: list[Root] = []
    for left, right in pairwise(points):
        found += _between(f, left, right, depth)
    return found


Point = tuple[float, float, float]


def _between(f: Function, left: Point, right: Point, depth: int) -> list[Root]:
    (a, value_a, slope_a), (b, value_b, slope_b) = left, right
    if value_a == 0.0:
        return [Root(a, (a, a), True)]
    if value_a * value_b < 0.0:
        sign = 1.0 if value_a < 0.0 else -1.0

        def rising(x: float) -> tuple[float, float]:
            value, slope = f(x)
            return sign * value, sign * slope

        finite = np.isfinite(value_a) and np.isfinite(value_b)
        guess = a + (b - a) * (value_a / (value_a - value_b) if finite else 0.5)
        return [find_root(rising, guess, a, b)]
    turns = np.isfinite(value_a * value_b) and value_a * slope_a < 0.0 < value_b * slope_b
    if not turns or depth == 0:
        return []
    # Both slopes lead towards zero: look at the lowest point of the cubic through values and
    # slopes.
    x = _turning_point(a, b, value_a, value_b, slope_a, slope_b)
    middle = (x, *f(x))
    return _between(f, left, middle, depth - 1) + _between(f, middle, right, depth - 1)


def _turning_point(
    a: float, b: float, value_a: float, value_b: float, slope_a: float, slope_b: float
) -> float:
    h = b - a
    mean = 3.0 * (value_b - value_a) / h
    c2, c3 = mean - 2.0 * slope_a - slope_b, slope_a + slope_b - mean * 2.0 / 3.0
    roots = np.roots(np.trim_zeros(np.array([3.0 * c3, 2.0 * c2, slope_a]), "f"))
    inside = [r for r in roots.real.tolist() if 0.05 < r < 0.95]
    return a + h * (inside[0] if inside else 0.5)
