r"""p0 against mass, and how likely background alone gives as large an excess at any mass (the
look-elsewhere effect).

    p_global ≈ P(χ²₁ > q)/2 + <N(c)> exp(-(q - c)/2),     q = the largest q0 of the scan

with <N(c)> the mean number of up-crossings of a low level c along the scan, from few toys of
background alone (Gross and Vitells, arXiv:1005.1891, eq. 3, for one degree of freedom and an excess
alone). The same toys give p_global directly, where enough of them reach q.

A toy is one experiment: its counts, and its auxiliary measurements by the names of the parameters,
are the same at every mass."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from exonu.core.errors import InputError
from exonu.statistics.engine.flat import FloatArray
from exonu.statistics.intervals.discovery import Discovery, discovery
from exonu.statistics.intervals.normal import cdf, significance
from exonu.statistics.profiles import ProfilePair, profile_pair
from exonu.statistics.toys import CHUNK_SIZE, chunks_of, fit_toys, generator, sample_chunks
from exonu.statistics.workspaces.compiled_model import Model

LEVEL = 0.5
"""c, the level whose up-crossings are counted: low, so that few toys show many."""


@dataclass(frozen=True)
class ScanToys:
    """q0 of background toys along the scan, (T, M), NaN where a fit failed; parts add with ``+``."""

    q: FloatArray
    chunks: tuple[int, ...]

    def __add__(self, other: ScanToys) -> ScanToys:
        if set(self.chunks) & set(other.chunks):
            raise InputError("chunks given twice", field="toys")
        first, second = sorted((self, other), key=lambda toys: toys.chunks)
        return ScanToys(np.concatenate([first.q, second.q]), first.chunks + second.chunks)


@dataclass(frozen=True)
class MassScan:
    """A scan and what it amounts to.

    Attributes:
        masses: in the order of the scan.
        points: p0 and best fit at each.
        largest: index of the mass with the largest q0.
        upcrossings, upcrossings_error: <N(c)> at `LEVEL`, from the toys.
        global_p: by up-crossings; at most 1.
        global_significance: its Z.
        global_p_toys, global_p_toys_error: fraction of toys whose largest q0 reaches the data's.
        toys, failed: number of toys, and of those with a failed fit (left out).
    """

    masses: tuple[float, ...]
    points: tuple[Discovery, ...]
    largest: int
    upcrossings: float
    upcrossings_error: float
    global_p: float
    global_significance: float
    global_p_toys: float
    global_p_toys_error: float
    toys: int
    failed: int


def scan_toys(
    pairs: Sequence[ProfilePair],
    n_toys: int,
    seed: int,
    chunk: int | Iterable[int] | None = None,
    chunk_size: int = CHUNK_SIZE,
) -> ScanToys:
    """q0 of toys of background alone at every mass.

    Args:
        pairs: profiles of the data by mass; their models have the same bins.
        n_toys, seed, chunk, chunk_size: as for `toy_cls`.
    """
    chunks = chunks_of(n_toys, chunk, chunk_size)
    counts, measured = _experiments(pairs, chunks, seed, chunk_size)
    columns = []
    for pair in pairs:
        from exonu.statistics.engine.batch import FAILED, T

        truth, model = pair.observed.at(0.0), pair.observed.model
        toys = np.column_stack([counts, *(measured[name] for name in model.constrained)])
        rows = fit_toys(model, np.ascontiguousarray(toys), 0.0, truth, truth, False, pair.sigma)
        columns.append(np.where(rows[:, FAILED] == 0.0, rows[:, T], np.nan))
    return ScanToys(np.column_stack(columns), chunks)


def _experiments(
    pairs: Sequence[ProfilePair], chunks: Sequence[int], seed: int, size: int
) -> tuple[FloatArray, Mapping[str, FloatArray]]:
    """Counts, (T, B), and auxiliary measurements by parameter, (T,) each, of toys.

    Counts are drawn at the background-only fit of the first model; a parameter that only others
    have moves a signal alone, and its measurement is drawn at their own fit.
    """
    bins = {pair.model.n_bins for pair in pairs}
    if len(bins) != 1:
        raise InputError(f"models of {sorted(bins)} bins in one scan", field="pairs")
    measured: dict[str, FloatArray] = {}
    counts = np.empty(0)
    for place, pair in enumerate(pairs):
        model = pair.model
        new = [name for name in model.constrained if name not in measured]
        if place and not new:
            continue
        streams = [generator(seed + place, 0.0, "background", chunk) for chunk in chunks]
        draws = sample_chunks(model, pair.observed.at(0.0).theta, size, streams)
        if not place:
            counts = draws[:, : model.n_bins]
        for name in new:
            index = model.index(name)
            measured[name] = draws[:, model.flat.measured[index]]
    return counts, measured


def upcrossings(q: FloatArray, level: float) -> FloatArray:
    """How often each row of q, (T, M), rises through a level between neighbours, (T,).

    >>> upcrossings(np.array([[0.0, 1.0, 0.2, 2.0], [1.0, 0.9, 0.8, 0.1]]), 0.5)
    array([2, 0])
    """
    above = q > level
    return np.asarray(np.count_nonzero(~above[:, :-1] & above[:, 1:], axis=1))


def mass_scan(
    models: Mapping[float, Model],
    n_toys: int,
    seed: int,
    toys: ScanToys | None = None,
) -> MassScan:
    """The scan of p0 over models of several masses, with the global p of its largest excess.

    Args:
        models: by mass, in the order of the scan.
        n_toys, seed: toys of background alone, and their seed.
        toys: those of all jobs, if they were made apart by `scan_toys`.
    """
    pairs = [profile_pair(model) for model in models.values()]
    drawn = scan_toys(pairs, n_toys, seed) if toys is None else toys
    points = tuple(discovery(pair.model, pair) for pair in pairs)
    q = np.array([point.q0 for point in points])
    largest = int(np.argmax(q))
    whole = drawn.q[np.isfinite(drawn.q).all(axis=1)]
    n = len(whole)
    crossed = upcrossings(whole, LEVEL)
    mean = float(crossed.mean()) if n else float("nan")
    reached = np.count_nonzero(whole.max(axis=1) >= q[largest]) / n if n else float("nan")
    p = global_p(float(q[largest]), mean)
    return MassScan(
        masses=tuple(models),
        points=points,
        largest=largest,
        upcrossings=mean,
        upcrossings_error=float(crossed.std() / math.sqrt(n)) if n else float("nan"),
        global_p=p,
        global_significance=max(significance(p), 0.0) if p < 1.0 else 0.0,
        global_p_toys=float(reached),
        global_p_toys_error=math.sqrt(max(reached * (1.0 - reached), 1.0 / n**2) / n)
        if n
        else float("nan"),
        toys=n,
        failed=len(drawn.q) - n,
    )


def global_p(q: float, upcrossings_at_level: float, level: float = LEVEL) -> float:
    """p of an excess as large as q anywhere in the scan, from <N(c)>; at most 1.

    >>> print(f"{global_p(9.0, 2.0):.4f} {global_p(9.0, 0.0):.5f}")
    0.0299 0.00135
    """
    return min(cdf(-math.sqrt(q)) + upcrossings_at_level * math.exp(-0.5 * (q - level)), 1.0)
