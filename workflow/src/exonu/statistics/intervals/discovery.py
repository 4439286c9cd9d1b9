r"""How likely background alone gives such data: p0 and its significance.

    q0 = -2 ln L(0)/L(μ̂),  μ̂ ≥ 0;       p0 = Φ(-√q0),      Z = √q0 = Φ⁻¹(1 - p0)

(arXiv:1007.1727, eq. 12 and 52), one-sided: only an excess counts. Where the best fit is at zero,
q0 = 0 and p0 is given as 0.5, which stands for anything above. For a signal with interference μ̂ is
the deepest minimum in μ ≥ 0, and the asymptotic distribution holds where one of its terms
dominates; toys hold always."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from exonu.core.errors import InputError
from exonu.statistics.asymptotic import likelihood_interval
from exonu.statistics.engine.flat import FloatArray
from exonu.statistics.intervals.normal import cdf, significance
from exonu.statistics.profiles import ProfilePair, profile_pair
from exonu.statistics.toys import CHUNK_SIZE, ToySet, chunks_of, fit_toys, generator, sample_chunks
from exonu.statistics.workspaces.compiled_model import Model

ONE_SIGMA = 0.6826894921370859


@dataclass(frozen=True)
class Discovery:
    """p0 by the asymptotic formula, and the best fit with its interval.

    Attributes:
        q0, p0, significance: see the module; Z = 0 where p0 = 0.5.
        best_fit: μ̂ within the measurement's bounds.
        interval: of one standard deviation, -2Δ ln L = 1; NaN without a signal.
    """

    q0: float
    p0: float
    significance: float
    best_fit: float
    interval: tuple[float, float]


def discovery(
    model: Model, data: Sequence[float] | FloatArray | ProfilePair | None = None
) -> Discovery:
    """Asymptotic p0.

    Args:
        model: a compiled model.
        data: as for `upper_limit`.

    >>> from exonu.statistics.examples import two_bins
    >>> found = discovery(two_bins(), [70.0, 60.0])
    >>> print(f"{found.p0:.4f} {found.significance:.3f} {found.best_fit:.3f}")
    0.0076 2.426 1.324
    """
    pair = profile_pair(model, data)
    q0 = pair.observed.twice_delta(0.0)[0]
    low, high = likelihood_interval(pair, ONE_SIGMA)
    root = float(np.sqrt(q0))
    return Discovery(q0, cdf(-root), root, pair.unbounded.mu_hat, (low[0], high[0]))


@dataclass(frozen=True)
class ToyDiscovery:
    """p0 from toys of background alone; chunks of it add up with ``+``."""

    q_observed: float
    toys: ToySet

    def __add__(self, other: ToyDiscovery) -> ToyDiscovery:
        if self.q_observed != other.q_observed:
            raise InputError("toys of different data", field="toys")
        return ToyDiscovery(self.q_observed, self.toys + other.toys)

    @property
    def p0(self) -> float:
        return self.toys.p_value(self.q_observed)[0]

    @property
    def error(self) -> float:
        """Binomial error of `p0`."""
        return self.toys.p_value(self.q_observed)[1]

    @property
    def significance(self) -> float:
        """Z, of at most one toy where none reached the observed q0."""
        return significance(max(self.p0, 1.0 / max(self.toys.q.size, 1)))


def toy_discovery(
    model: Model,
    n_toys: int,
    seed: int,
    data: Sequence[float] | FloatArray | ProfilePair | None = None,
    chunk: int | Iterable[int] | None = None,
    chunk_size: int = CHUNK_SIZE,
) -> ToyDiscovery:
    """p0 from toys, drawn at μ = 0 with the nuisance parameters fitted to the data there.

    Args:
        model, data: as for `upper_limit`.
        n_toys, seed, chunk, chunk_size: as for `toy_cls`.

    >>> from exonu.statistics.examples import two_bins
    >>> toys = toy_discovery(two_bins(), n_toys=500, seed=2, data=[70.0, 60.0])
    >>> abs(toys.p0 - 0.0076) < 4 * toys.error
    True
    """
    chunks = chunks_of(n_toys, chunk, chunk_size)
    pair = profile_pair(model, data)
    profile, scale = pair.observed, pair.sigma
    if not np.isfinite(scale):
        raise InputError("the signal is zero in every bin", field="model")
    truth = profile.at(0.0)
    streams = [generator(seed, 0.0, "background", one) for one in chunks]
    draws = sample_chunks(model, truth.theta, chunk_size, streams)
    rows = fit_toys(profile.model, draws, 0.0, truth, truth, False, scale)
    return ToyDiscovery(profile.twice_delta(0.0)[0], ToySet.unclipped(rows, chunks))
