"""Sums over events before and after a change, in bins of both energies: all that effects of systematics
are made from, in one pass over the events and without keeping them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exonu.core.types import Array

LEAST_KNOWN = 0.5
"""Relative error of a ratio beyond which a range has too few events to have one of its own."""
SMALLEST_RATIO, LARGEST_RATIO = 0.05, 20.0
"""Templates stay positive, and a range with few events takes no bin to infinity."""
CANCELLED = 1e-13
"""A sum of squares of differences below this share of the squares is nothing but rounding."""
Places = dict[bytes, NDArray[np.int64]]
_B, _A, _BB, _AA, _AB = range(5)


@dataclass(frozen=True)
class PairedSums:
    """Sums of the weights b before and a after a change.

    Attributes:
        grid: edges, of which the edges that are asked for are some, shape (m + 1,).
        sums: Σb, Σa, Σb², Σa², Σab by the bins of the energy before and after, the first and the last
            of which are outside, shape (5, m + 2, m + 2).
        moment: Σ b E by the bin of the energy E before, shape (m + 2,).

    >>> energy = np.array([3.0, 5.0])
    >>> doubled = PairedSums.of(energy, np.ones(2), energy, np.full(2, 2.0), [2, 4, 6])
    >>> ratio, error = doubled.ratio([2, 4, 6])
    >>> ratio.tolist(), error.tolist(), (doubled + doubled).ratio([2, 6])[0].tolist()
    ([2.0, 2.0], [0.0, 0.0], [2.0])
    """

    grid: Array
    sums: Array
    moment: Array

    @classmethod
    def of(
        cls, energy_before: Array, before: Array, energy_after: Array, after: Array, grid: ArrayLike,
        places: Places | None = None,
    ) -> PairedSums:  # fmt: skip
        """Sums of events, shape (n,) each.

        Args:
            energy_before, before, energy_after, after: energies and weights.
            grid: see above.
            places: known bins of the energies before, by grid, which are completed.
        """
        edges = np.asarray(grid, dtype=np.float64)
        n = len(edges) + 1
        places = {} if places is None else places
        key = edges.tobytes()
        if key not in places:
            places[key] = np.searchsorted(edges, energy_before, side="right")
        of_b = places[key]
        same = energy_after is energy_before
        of_a = of_b if same else np.searchsorted(edges, energy_after, side="right")
        cell = of_b if same else of_b * n + of_a

        def summed(weight: Array) -> Array:
            if same:  # all on the diagonal
                return np.asarray(np.diag(np.bincount(cell, weight, n)), dtype=np.float64)
            return np.asarray(np.bincount(cell, weight, n * n).reshape(n, n), dtype=np.float64)

        b, bb = summed(before), summed(before**2)
        if after is before:
            sums = np.stack([b, b, bb, bb, bb])
        else:
            sums = np.stack([b, summed(after), bb, summed(after**2), summed(before * after)])
        moment = np.bincount(of_b, before * energy_before, n)
        return cls(edges, sums, np.asarray(moment, dtype=np.float64))

    def __add__(self, other: PairedSums) -> PairedSums:
        return PairedSums(self.grid, self.sums + other.sums, self.moment + other.moment)

    def _levels(self, edges_keV: ArrayLike) -> NDArray[np.float64]:
        """Which of some edges' bins each bin of the grid belongs to, as a matrix (m + 2, n)."""
        edges = np.asarray(edges_keV, dtype=np.float64)
        lower = np.searchsorted(edges, self.grid[:-1], side="right") - 1
        belongs = np.zeros((len(self.grid) + 1, len(edges) - 1))
        inside = np.flatnonzero((lower >= 0) & (lower < len(edges) - 1))
        belongs[inside + 1, lower[inside]] = 1.0
        return belongs

    def _at(self, edges_keV: ArrayLike) -> tuple[Array, Array, Array, Array, Array]:
        """Σb, Σa, Σb², Σa² and, of events in one bin before and after, Σab, shape (n,) each."""
        belongs = self._levels(edges_keV)
        b, bb = (self.sums[k].sum(axis=1) @ belongs for k in (_B, _BB))
        a, aa = (self.sums[k].sum(axis=0) @ belongs for k in (_A, _AA))
        both = np.einsum("in,ij,jn->n", belongs, self.sums[_AB], belongs, optimize=True)
        return b, a, bb, aa, np.asarray(both)

    def ratio(self, edges_keV: ArrayLike) -> tuple[Array, Array]:
        """After over before in each range, and its statistical error, shape (n_ranges,) each.

        With weights b before and a after, R = Σa/Σb has the variance Σ(a − R b)²/(Σb)²: unchanged
        events add nothing. Where there was nothing before, R is 1 and its error infinite."""
        before, after, bb, aa, both = self._at(edges_keV)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = after / before
            variance = aa + ratio**2 * bb - 2 * ratio * both
            variance = np.where(variance > CANCELLED * aa, variance, 0.0)
            error = np.sqrt(variance) / before
        empty = before <= 0
        return np.where(empty, 1.0, ratio), np.where(empty, np.inf, error)

    def difference(self, edges_keV: ArrayLike) -> tuple[Array, Array]:
        """Σ(a − b) in each range and √Σ(a − b)², its error if nothing changes but by chance, shape
        (n_ranges,) each.

        Unlike the ratio's error it is the same in both directions, and right where few heavy events
        make a ratio."""
        before, after, bb, aa, both = self._at(edges_keV)
        square = aa + bb - 2 * both
        there = square > CANCELLED * (aa + bb)
        return np.where(there, after - before, 0.0), np.sqrt(np.where(there, square, 0.0))

    def spectrum_before(self, edges_keV: ArrayLike) -> Array:
        """Weights before by bin, shape (n_bins,)."""
        return np.asarray(self.sums[_B].sum(axis=1) @ self._levels(edges_keV))

    def events_in_a_bin(self, edges_keV: ArrayLike) -> float:
        """Effective number of events before in a bin, mean over the events."""
        sums, _, squares, _, _ = self._at(edges_keV)
        there = squares > 0
        if not there.any():
            return 0.0
        return float(np.sum(sums[there] ** 3 / squares[there]) / np.sum(sums[there]))

    def smoothed(self, edges_keV: Array, ranges_keV: Sequence[float] | None) -> Array:
        """The ratio in each bin: of the bin itself, or interpolated between the mean energies of
        wide ranges.

        A range whose ratio is not known to `LEAST_KNOWN` takes that of all ranges together.
        """
        if ranges_keV is None:
            ratio, _ = self.ratio(edges_keV)
        else:
            in_ranges, error = self.ratio(ranges_keV)
            known = np.isfinite(error)
            if not known.any():
                return np.ones(len(edges_keV) - 1)
            (together,), _ = self.ratio([ranges_keV[0], ranges_keV[-1]])
            in_ranges = np.where(error > LEAST_KNOWN * in_ranges, together, in_ranges)
            middle = self._mean_energies(np.asarray(ranges_keV, dtype=np.float64))
            centres = (edges_keV[1:] + edges_keV[:-1]) / 2
            ratio = np.interp(centres, middle[known], in_ranges[known])
        return np.clip(ratio, SMALLEST_RATIO, LARGEST_RATIO)

    def together(self, ranges_keV: Sequence[float]) -> float:
        """The ratio of all ranges together, no further from 1 than what is known (`LEAST_KNOWN`)
        where its error is larger than that; 1 without events."""
        (ratio,), (error,) = self.ratio([ranges_keV[0], ranges_keV[-1]])
        if not np.isfinite(error):
            return 1.0
        most = LARGEST_RATIO if error < LEAST_KNOWN * ratio else 1 + LEAST_KNOWN
        return float(np.clip(ratio, 1 / most, most))

    def _mean_energies(self, ranges: Array) -> Array:
        """Mean energy before, in each range; its middle where there is none."""
        belongs = self._levels(ranges)
        total, moment = self.sums[_B].sum(axis=1) @ belongs, self.moment @ belongs
        middle = (ranges[1:] + ranges[:-1]) / 2
        return np.asarray(np.divide(moment, total, out=middle, where=total > 0))
