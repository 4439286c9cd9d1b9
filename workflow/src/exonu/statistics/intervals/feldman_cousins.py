r"""Feldman-Cousins: the unified interval with the distribution of its test statistic from toys.

μ is in the interval if the data are not among the α least likely under it (physics/9711021, with
nuisance parameters profiled):

    t_μ = -2 ln L(μ)/L(μ̂),  μ̂ ≥ 0;      p_μ = P(t_μ ≥ t_μ,obs | μ, nuisance parameters as fitted)

For a Poisson process with a known background t_μ is the ordering R of that paper. Toys are drawn at
each tested μ in chunks whose random streams follow from (seed, μ, chunk), so that jobs share them
and join to the same numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from exonu.core.errors import InputError
from exonu.statistics.engine.flat import FloatArray
from exonu.statistics.intervals.two_sided import two_sided_interval
from exonu.statistics.profiles import ProfilePair, profile_pair
from exonu.statistics.profiling import Profile
from exonu.statistics.toys import CHUNK_SIZE, ToySet, chunks_of, fit_toys, generator, sample_chunks
from exonu.statistics.workspaces.compiled_model import Model

POINTS = 20
REACH = 1.4
"""How far beyond the asymptotic upper end values are tested."""
SAME = 1e-9
"""Two values of t that differ by less are equal: a toy that repeats the data counts as at least as
unlikely as they are."""


@dataclass(frozen=True)
class ToyPoint:
    """Toys of one μ; chunks of it add up with ``+``. t is held as the q of its `ToySet`."""

    mu: float
    t_observed: float
    toys: ToySet

    def __add__(self, other: ToyPoint) -> ToyPoint:
        if (self.mu, self.t_observed) != (other.mu, other.t_observed):
            raise InputError(f"toys of different μ or data ({self.mu}, {other.mu})", field="toys")
        return ToyPoint(self.mu, self.t_observed, self.toys + other.toys)

    @property
    def p_value(self) -> tuple[float, float]:
        """p of the data under μ, and its binomial error."""
        return self.toys.p_value(self.t_observed - SAME * (1.0 + self.t_observed))

    def critical(self, alpha: float) -> float:
        """The largest t that is in the interval, to compare with the χ²₁ quantile."""
        return float(np.quantile(self.toys.q, 1.0 - alpha, method="higher"))


@dataclass(frozen=True)
class FeldmanCousins:
    """The interval, the statistical errors of its ends, and the tested values it came from.

    Attributes:
        low, high: NaN if an end lies outside of the tested values; low is 0 if 0 is in the
            interval.
        low_error, high_error: from the toys; 0 for an end at zero.
    """

    confidence_level: float
    low: float
    high: float
    low_error: float
    high_error: float
    points: tuple[ToyPoint, ...]


def values_to_test(pair: ProfilePair, confidence_level: float, points: int = POINTS) -> list[float]:
    """Values of μ, from zero to beyond the asymptotic upper end, denser towards where ends are.

    Raises:
        InputError: if there is no asymptotic interval to start from.
    """
    interval = two_sided_interval(pair.model, pair, confidence_level)
    top = max(interval.high, float(interval.expected[2]))
    if not np.isfinite(top):
        raise InputError(
            "no asymptotic interval to start from", field="points", remedy="give values of μ"
        )
    mu_hat = min(pair.observed.mu_hat, top)
    above = 1 + (points - 1) // (1 if mu_hat <= 0.05 * top else 2)
    values = np.linspace(mu_hat, REACH * top - (REACH - 1.0) * mu_hat, above)
    below = np.linspace(0.0, mu_hat, points - above + 1)
    rounded = {float(f"{mu:.6g}") for mu in [*below, *values]}
    bound = float(pair.model.flat.upper[pair.model.poi_index])
    return sorted(min(mu, bound) for mu in rounded)


def toy_point(
    model: Model,
    mu: float,
    n_toys: int,
    seed: int,
    data: Sequence[float] | FloatArray | ProfilePair | None = None,
    chunk: int | Iterable[int] | None = None,
    chunk_size: int = CHUNK_SIZE,
) -> ToyPoint:
    """The toys of one μ.

    Args:
        model, data: as for `upper_limit`.
        mu: tested value, ≥ 0.
        n_toys, seed, chunk, chunk_size: as for `toy_cls`.
    """
    chunks = chunks_of(n_toys, chunk, chunk_size)
    if not mu >= 0.0:
        raise InputError(f"must be ≥ 0 (got {mu!r})", field="mu")
    pair = profile_pair(model, data)
    profile = pair.observed
    truth = profile.at(mu)
    streams = [generator(seed, mu, "signal", one) for one in chunks]
    draws = sample_chunks(model, truth.theta, chunk_size, streams)
    rows = _fitted(profile, draws, mu, max(mu, pair.sigma))
    return ToyPoint(mu, profile.twice_delta(mu)[0], ToySet.unclipped(rows, chunks))


def _fitted(profile: Profile, draws: FloatArray, mu: float, scale: float) -> FloatArray:
    """Test statistics of toys; equal ones, as a counting experiment has them, are fitted once."""
    from exonu.statistics.engine.batch import COLUMNS

    truth = profile.at(mu)
    if draws.shape[1] > 1:
        return fit_toys(profile.model, draws, mu, truth, truth, False, scale)
    counts = draws.ravel().astype(np.int64)
    counts -= (least := counts.min())
    distinct = np.flatnonzero(np.bincount(counts))
    table = np.empty((distinct[-1] + 1, COLUMNS))
    data = (distinct + least)[:, None].astype(float)
    table[distinct] = fit_toys(profile.model, data, mu, truth, truth, False, scale)
    return np.asarray(table[counts])


def feldman_cousins(
    model: Model,
    n_toys: int,
    seed: int,
    data: Sequence[float] | FloatArray | ProfilePair | None = None,
    confidence_level: float = 0.90,
    points: Sequence[float] | None = None,
    refine: int = 0,
    chunk_size: int = CHUNK_SIZE,
) -> FeldmanCousins:
    """The Feldman-Cousins interval.

    Args:
        model, data: as for `upper_limit`.
        n_toys, seed, chunk_size: as for `toy_cls`, per tested value.
        confidence_level: between 0 and 1.
        points: values of μ to test; by default 20 around the asymptotic interval.
        refine: how often the step that holds an end is halved, with toys in its middle.

    >>> from exonu.statistics.examples import two_bins
    >>> found = feldman_cousins(two_bins(), n_toys=500, seed=3, points=[0.0, 0.3, 0.6, 0.9, 1.2])
    >>> found.low, 0.6 < found.high < 1.0
    (0.0, True)
    """
    pair = profile_pair(model, data)
    values = values_to_test(pair, confidence_level) if points is None else sorted(points)
    tested = {mu: toy_point(model, mu, n_toys, seed, pair, chunk_size=chunk_size) for mu in values}
    alpha = 1.0 - confidence_level
    for _ in range(refine):
        ordered = [tested[mu] for mu in sorted(tested)]
        for left, right in _ends(ordered, alpha):
            mu = 0.5 * (left.mu + right.mu)
            tested[mu] = toy_point(model, mu, n_toys, seed, pair, chunk_size=chunk_size)
    return interval_from_values([tested[mu] for mu in sorted(tested)], confidence_level)


def _ends(points: Sequence[ToyPoint], alpha: float) -> list[tuple[ToyPoint, ToyPoint]]:
    """The outermost steps between a value in the interval and one that is not."""
    steps = [
        (left, right)
        for left, right in pairwise(points)
        if (left.p_value[0] > alpha) != (right.p_value[0] > alpha)
    ]
    rising = [step for step in steps if step[0].p_value[0] <= alpha]
    falling = [step for step in steps if step[0].p_value[0] > alpha]
    opens_at_zero = bool(points) and points[0].p_value[0] > alpha
    return ([] if opens_at_zero else rising[:1]) + falling[-1:]


def interval_from_values(points: Sequence[ToyPoint], confidence_level: float) -> FeldmanCousins:
    """The interval from toys at several μ, e.g. joined from jobs: where p, linear between
    neighbours, meets α; the outermost ends, if there are several."""
    alpha, points = 1.0 - confidence_level, sorted(points, key=lambda point: point.mu)
    low, high, low_error, high_error = (float("nan"),) * 4
    if points and points[0].mu == 0.0 and points[0].p_value[0] > alpha:
        low, low_error = 0.0, 0.0
    for left, right in _ends(points, alpha):
        (p_left, d_left), (p_right, d_right) = left.p_value, right.p_value
        part = (p_left - alpha) / (p_left - p_right)
        width = right.mu - left.mu
        end = left.mu + part * width
        error = (
            width * float(np.hypot((1.0 - part) * d_left, part * d_right)) / abs(p_left - p_right)
        )
        if p_left > alpha:
            high, high_error = end, error
        else:
            low, low_error = end, error
    return FeldmanCousins(confidence_level, low, high, low_error, high_error, tuple(points))
