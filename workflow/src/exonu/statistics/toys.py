r"""Toys: the distribution of q̃_μ by simulation, in chunks that can be run apart and joined.

Toys are drawn from the model at the tested μ (hypothesis "signal") or at μ = 0 ("background") with
the nuisance parameters fitted to the data under that hypothesis, auxiliary measurements included,
as in pyhf's ToyCalculator. Each chunk has its own random stream, derived from (seed, μ, hypothesis,
chunk): a chunk's toys are the same in whichever job it runs.

    CLs = p(q̃ ≥ q̃_obs | signal) / p(q̃ ≥ q̃_obs | background)

Every toy is fitted from two starts, the generating parameters and its own auxiliary values; the
fraction that ended in different minima is reported, and so is every failed toy (left out of the
p-values)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from exonu.core.errors import InputError
from exonu.statistics.engine.flat import NORMAL, POISSON, FloatArray
from exonu.statistics.fitting import Minimum
from exonu.statistics.profiles import ProfilePair, profile_pair
from exonu.statistics.profiling import Profile
from exonu.statistics.workspaces.compiled_model import Model

CHUNK_SIZE = 250
HYPOTHESES = {"background": 0, "signal": 1}


@dataclass(frozen=True)
class ToySet:
    """Toys of one hypothesis at one μ.

    Attributes:
        q, mu_hat: test statistic and best fit of each toy that was fitted, (T,).
        failed: toys whose fit failed; they are not in q.
        multimodal: toys with more than one minimum.
        chunks: which chunks these are.
    """

    q: FloatArray
    mu_hat: FloatArray
    failed: int
    multimodal: int
    chunks: tuple[int, ...]

    def __add__(self, other: ToySet) -> ToySet:
        if set(self.chunks) & set(other.chunks):
            raise InputError(
                f"chunks {sorted(set(self.chunks) & set(other.chunks))} given twice", field="toys"
            )
        first, second = sorted((self, other), key=lambda toys: toys.chunks)
        return ToySet(
            np.concatenate([first.q, second.q]),
            np.concatenate([first.mu_hat, second.mu_hat]),
            self.failed + other.failed,
            self.multimodal + other.multimodal,
            first.chunks + second.chunks,
        )

    @classmethod
    def unclipped(cls, rows: FloatArray, chunks: Iterable[int]) -> ToySet:
        """The rows of `fit_toys` with t(μ) as the test statistic, above and below the best fit."""
        from exonu.statistics.engine.batch import FAILED, MU_HAT, MULTIMODAL, T

        sound = rows[:, FAILED] == 0.0
        good = rows if sound.all() else rows[sound]
        several = int(good[:, MULTIMODAL].sum())
        failed = len(rows) - len(good)
        return cls(good[:, T].copy(), good[:, MU_HAT].copy(), failed, several, tuple(chunks))

    def p_value(self, q: float) -> tuple[float, float]:
        """Fraction of toys at or above q, and its binomial error."""
        n = self.q.size
        if n == 0:
            return float("nan"), float("nan")
        p = np.count_nonzero(self.q >= q) / n
        return float(p), float(np.sqrt(max(p * (1.0 - p), 1.0 / n**2) / n))


@dataclass(frozen=True)
class ToyCls:
    """CLs at one μ from toys; chunks of it add up with ``+``."""

    mu: float
    q_observed: float
    signal: ToySet
    background: ToySet

    def __add__(self, other: ToyCls) -> ToyCls:
        if (self.mu, self.q_observed) != (other.mu, other.q_observed):
            raise InputError(f"toys of different μ or data ({self.mu}, {other.mu})", field="toys")
        return ToyCls(
            self.mu, self.q_observed, self.signal + other.signal, self.background + other.background
        )

    @property
    def value(self) -> float:
        """Observed CLs; NaN if no background toy reaches the observed q̃."""
        return _ratio(
            self.signal.p_value(self.q_observed)[0], self.background.p_value(self.q_observed)[0]
        )

    @property
    def error(self) -> float:
        """Binomial error of `value`."""
        (s, ds), (b, db) = (
            self.signal.p_value(self.q_observed),
            self.background.p_value(self.q_observed),
        )
        return float(np.hypot(_ratio(ds, b), _ratio(s, b) * _ratio(db, b)))

    @property
    def expected(self) -> FloatArray:
        """CLs of the median, ±1σ and ±2σ background toys, in pyhf's order, (5,)."""
        signal, background = np.sort(self.signal.q), np.sort(self.background.q)
        s = 1.0 - np.searchsorted(signal, background, side="left") / signal.size
        b = 1.0 - np.searchsorted(background, background, side="left") / background.size
        return np.asarray(
            np.percentile(s / b, [2.27501319, 15.86552539, 50.0, 84.13447461, 97.72498681]),
            dtype=float,
        )

    @property
    def failed(self) -> int:
        return self.signal.failed + self.background.failed

    @property
    def multimodal_fraction(self) -> float:
        toys = self.signal.q.size + self.background.q.size
        return (
            (self.signal.multimodal + self.background.multimodal) / toys if toys else float("nan")
        )


def _ratio(a: float, b: float) -> float:
    return a / b if b > 0.0 else float("nan")


def generator(seed: int, mu: float, hypothesis: str, chunk: int) -> np.random.Generator:
    """The random stream of one chunk; the seed stands for analysis and mass."""
    (bits,) = struct.unpack("<Q", struct.pack("<d", mu))
    return np.random.default_rng([seed, bits, HYPOTHESES[hypothesis], chunk])


def sample_data(model: Model, theta: FloatArray, n: int, rng: np.random.Generator) -> FloatArray:
    """Toy data sets, events and auxiliary measurements, drawn at the given parameters, (n, B +
    A)."""
    return sample_chunks(model, theta, n, [rng])


def sample_chunks(
    model: Model, theta: FloatArray, n: int, streams: Sequence[np.random.Generator]
) -> FloatArray:
    """`sample_data` of several random streams, n toys of each, one after the other."""
    flat, bins = model.flat, model.n_bins
    events = np.maximum(model.expected(theta), 0.0)
    normal, poisson = flat.constraint == NORMAL, flat.constraint == POISSON
    places, means = flat.measured, theta[poisson] * flat.width[poisson]
    out = np.empty((n * len(streams), model.layout.nominal_data.size))
    for part, rng in zip(np.split(out, len(streams)), streams, strict=True):
        part[:, :bins] = rng.poisson(events, size=(n, bins))
        size = n, np.count_nonzero(normal)
        part[:, places[normal]] = rng.normal(theta[normal], flat.width[normal], size=size)
        part[:, places[poisson]] = rng.poisson(means, size=(n, means.size))
    return out


def data_profile(model: Model, data: Sequence[float] | FloatArray | ProfilePair | None) -> Profile:
    """The profile of the data in μ ≥ 0, its global minimum searched by a scan if the signal is
    quadratic."""
    return profile_pair(model, data).observed


def fit_toys(
    model: Model,
    toys: FloatArray,
    mu: float,
    truth: Minimum,
    at_mu: Minimum,
    asimov: bool,
    scale: float | None = None,
) -> FloatArray:
    """Test statistics of toy data, (T, 7); see `batch.statistics`.

    Args:
        model: its parameter of interest within the bounds that the test statistic has.
        toys: (T, B + A).
        mu: tested value.
        truth, at_mu: where free and conditional fits start.
        asimov: also what belongs to the background-only Asimov data of each toy.
        scale: where the free fits look for μ̂; by default `mu`, which then must not be 0.
    """
    from exonu.statistics.engine.batch import statistics

    i, held = model.poi_index, model.fixed.copy()
    held[i] = False
    # A linear signal has one region in μ to start from; with interference the free fit starts in
    # several.
    strengths = (0.02, 0.3, 0.6, 1.0, 1.5, 2.5) if model.tied else (0.5,)
    free = np.repeat(truth.theta[None], len(strengths), axis=0)
    scale = mu if scale is None else scale
    free[:, i] = np.clip([k * scale for k in strengths], model.flat.lower[i], model.flat.upper[i])
    return statistics(model.flat, toys, free, at_mu.theta[None].copy(), i, mu, held, asimov)


def toy_set(
    model: Model,
    mu: float,
    hypothesis: str,
    seed: int,
    chunks: Iterable[int],
    profile: Profile,
    size: int = CHUNK_SIZE,
) -> ToySet:
    """The toys of the given chunks for one hypothesis."""
    from exonu.statistics.engine.batch import FAILED, MU_HAT, MULTIMODAL, T

    chunks = tuple(chunks)
    at_mu = profile.at(mu)
    truth = at_mu if hypothesis == "signal" else profile.at(0.0)
    streams = [generator(seed, mu, hypothesis, chunk) for chunk in chunks]
    draws = sample_chunks(model, truth.theta, size, streams)
    rows = fit_toys(profile.model, draws, mu, truth, at_mu, asimov=False)
    good = rows[rows[:, FAILED] == 0.0]
    multimodal = int(good[:, MULTIMODAL].sum())
    return ToySet(
        one_sided(good[:, T], good[:, MU_HAT], mu),
        good[:, MU_HAT].copy(),
        len(rows) - len(good),
        multimodal,
        chunks,
    )


def one_sided(t: FloatArray, mu_hat: FloatArray, mu: float) -> FloatArray:
    """q̃_μ from -2 ln L(μ)/L(μ̂): zero where the best fit lies above μ."""
    return np.where(mu_hat <= mu, t, 0.0)


def chunks_of(
    n_toys: int, chunk: int | Iterable[int] | None = None, chunk_size: int = CHUNK_SIZE
) -> tuple[int, ...]:
    """The chunks that a job runs, of those that a number of toys has; all by default."""
    if n_toys <= 0 or n_toys % chunk_size:
        raise InputError(
            f"must be a positive multiple of {chunk_size} (got {n_toys})", field="n_toys"
        )
    available = range(n_toys // chunk_size)
    chunks = available if chunk is None else (chunk,) if isinstance(chunk, int) else tuple(chunk)
    if not set(chunks) <= set(available):
        raise InputError(
            f"{n_toys} toys have the chunks 0 to {len(available) - 1} (got {list(chunks)})",
            field="chunk",
        )
    return tuple(chunks)


def toy_cls(
    model: Model,
    mu: float,
    n_toys: int,
    seed: int,
    data: Sequence[float] | FloatArray | ProfilePair | None = None,
    chunk: int | Iterable[int] | None = None,
    chunk_size: int = CHUNK_SIZE,
) -> ToyCls:
    """CLs at one μ from toys of both hypotheses.

    Args:
        model: a compiled model.
        mu: tested value, > 0.
        n_toys: toys per hypothesis, a multiple of ``chunk_size``.
        seed: one number per analysis and mass.
        data: events (B,) or events and auxiliary data (B + A,); None for the observed ones.
        chunk: the chunk or chunks (of n_toys / chunk_size) to run in this job, all by default;
            results add with ``+``.
        chunk_size: toys per chunk; part of what the numbers depend on.

    >>> from exonu.statistics.examples import two_bins
    >>> both = toy_cls(two_bins(), 1.0, n_toys=500, seed=7)
    >>> parts = [toy_cls(two_bins(), 1.0, n_toys=500, seed=7, chunk=k) for k in (1, 0)]
    >>> (parts[0] + parts[1]).value == both.value
    True
    """
    if not mu > 0.0:
        raise InputError(f"must be > 0 (got {mu!r})", field="mu")
    chunks = chunks_of(n_toys, chunk, chunk_size)
    profile = data_profile(model, data)
    q = profile.twice_delta(mu)[0] if profile.mu_hat <= mu else 0.0
    signal, background = (
        toy_set(model, mu, h, seed, chunks, profile, chunk_size) for h in ("signal", "background")
    )
    return ToyCls(mu, q, signal, background)


@dataclass(frozen=True)
class ToyLimit:
    """Where the toys' CLs meets α: observed limit with its statistical error, and the points it
    came from."""

    observed: float
    error: float
    points: tuple[ToyCls, ...]


def toy_limit(
    model: Model,
    n_toys: int,
    seed: int,
    data: Sequence[float] | FloatArray | None = None,
    confidence_level: float = 0.90,
    around: float | None = None,
) -> ToyLimit:
    """CLs upper limit from toys at a few μ around the asymptotic limit.

    ln CLs is fitted by a parabola in μ through the points, weighted with their errors; the limit is
    its largest root within them, and its error follows from the covariance of the fit."""
    from exonu.statistics.asymptotic import upper_limit

    alpha = 1.0 - confidence_level
    centre = upper_limit(model, data, confidence_level).observed if around is None else around
    if not (np.isfinite(centre) and centre > 0.0):
        raise InputError(
            f"no asymptotic limit to start from (got {centre})",
            field="around",
            remedy="give a value of μ",
        )
    points = [
        toy_cls(model, k * centre, n_toys, seed, data) for k in (0.6, 0.75, 0.9, 1.05, 1.2, 1.4)
    ]
    return limit_from_points(points, alpha)


def limit_from_points(points: Sequence[ToyCls], alpha: float) -> ToyLimit:
    """The limit from toys at several μ, e.g. joined from jobs."""
    usable = [point for point in points if point.value > 0.0 and np.isfinite(point.error)]
    if len(usable) < 4:
        return ToyLimit(float("nan"), float("nan"), tuple(points))
    scale = float(np.mean([point.mu for point in usable]))
    x = np.array([point.mu for point in usable]) / scale
    y = np.log([point.value / alpha for point in usable])
    sigma = np.array([point.error / point.value for point in usable])
    design = np.vander(x, 3) / sigma[:, None]
    covariance = np.linalg.inv(design.T @ design)
    a, b, c = covariance @ design.T @ (y / sigma)
    roots = np.roots(np.trim_zeros(np.array([a, b, c]), "f"))
    inside = [
        r
        for r in roots[np.isreal(roots)].real.tolist()
        if 0.9 * x.min() <= r <= 1.1 * x.max() and 2 * a * r + b < 0.0
    ]
    if not inside:
        return ToyLimit(float("nan"), float("nan"), tuple(points))
    root = max(inside)
    at_root = np.array([root**2, root, 1.0])
    error = float(np.sqrt(at_root @ covariance @ at_root)) / abs(2.0 * a * root + b)
    return ToyLimit(root * scale, error * scale, tuple(points))
