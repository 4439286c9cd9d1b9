"""From a recoil spectrum to expected counts: exposure, efficiency, energy resolution and bins,
folded as one matrix.

    N_i = X ∫ dT R(T) ε(T) ∫_bin i dE G(E; T, σ(T))          efficiency of the true energy T
    N_i = X ∫ dT R(T) ∫_bin i dE ε(E) G(E; T, σ(T))          efficiency of the reconstructed energy
    E

X is the exposure, R the recoil rate, G a Gaussian. The inner integral is exact (ε is linear between
its points); the outer one is a Gauss–Legendre sum with panel edges wherever R or ε has a step or a
kink. Within `TAIL_SIGMAS` of an edge of a bin panels are no wider than the resolution. Further away
the inner integral is 0 or 1 whatever the resolution, so that the cost does not grow as σ → 0."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from exonu.core.errors import InputError
from exonu.core.types import Array

NODES_PER_PANEL = 6
TAIL_SIGMAS = 8.0
"""How far beyond the edge of a bin, in resolutions, a true energy still matters: Φ(−8) is 6e-16."""
FAR_STEP = 0.1
"""Width of a panel that no edge of a bin is near, relative to its energy: a recoil spectrum is
smooth there."""
SHARP = 1e-3
"""A resolution below this share of the narrowest bin at all energies is none: what crosses an edge of
a bin is balanced by what comes back, but for a relative σ²/width²."""
LARGEST_MATRIX = 200_000_000
"""Numbers in the largest response that is made, 1.6 GB."""


@dataclass(frozen=True)
class Efficiency:
    """Detection and selection efficiency, linear between its points.

    Attributes:
        energy_keV: increasing energies, shape (n,).
        efficiency: efficiencies in [0, 1], shape (n,).
        of_true_energy: whether the energy is the true or the reconstructed one.
        hold_below, hold_above: whether the first (last) value goes on outside the table, else it is
            0 there.
    """

    energy_keV: Array
    efficiency: Array
    of_true_energy: bool
    hold_below: bool = False
    hold_above: bool = True

    def __call__(self, energy_keV: ArrayLike) -> Array:
        """Efficiency at these energies, same shape."""
        left = None if self.hold_below else 0.0
        right = None if self.hold_above else 0.0
        energy = np.asarray(energy_keV, dtype=float)
        return np.asarray(
            np.interp(energy, self.energy_keV, self.efficiency, left=left, right=right)
        )

    @classmethod
    def perfect(cls) -> Efficiency:
        """Everything is seen."""
        return cls(np.array([0.0, 1.0]), np.array([1.0, 1.0]), of_true_energy=True, hold_below=True)


@dataclass(frozen=True)
class Response:
    """The fold of a recoil spectrum into counts; the same object whatever made its matrix.

    Attributes:
        low_keV, high_keV: bin edges in reconstructed energy, shape (n_bins,) each.
        true_energy_keV: energies at which the recoil rate is asked for, shape (n_true,).
        matrix: counts per bin for a unit rate [1/(tonne year keV)] at each of them, shape (n_bins,
            n_true).
        weights_keV: how much energy each of them stands for, shape (n_true,), where that is known.
    """

    low_keV: Array
    high_keV: Array
    true_energy_keV: Array
    matrix: Array
    weights_keV: Array | None = None

    def fold(self, rate_per_tonne_year_keV: ArrayLike) -> Array:
        """Expected counts.

        Args:
            rate_per_tonne_year_keV: rates at `true_energy_keV`, shape (..., n_true).

        Returns:
            Counts, shape (..., n_bins).
        """
        counts: Array = np.asarray(rate_per_tonne_year_keV, dtype=float) @ self.matrix.T
        return counts

    def within(self, bins: slice) -> Response:
        """The same in some of the bins."""
        return Response(
            self.low_keV[bins],
            self.high_keV[bins],
            self.true_energy_keV,
            self.matrix[bins],
            self.weights_keV,
        )

    def fold_lines(self, energies_keV: ArrayLike) -> Array:
        """Expected counts of one event per tonne and year at each energy.

        What a bin sees of one true energy is smooth between the energies of the matrix; it is
        interpolated by cubics through the four nearest.

        Args:
            energies_keV: true energies, shape (m,); nothing is seen outside those of the matrix.

        Returns:
            Counts, shape (m, n_bins).

        Raises:
            InputError: if the weights are not known, as of a response from simulated events.
        """
        if self.weights_keV is None:
            raise InputError(
                "cannot fold a line: its response is known for smooth spectra alone",
                field="response",
                remedy="search for lines in a published spectrum",
            )
        at = np.atleast_1d(np.asarray(energies_keV, dtype=float))
        known, seen = self.true_energy_keV, self.matrix / self.weights_keV
        first = np.clip(np.searchsorted(known, at) - 2, 0, len(known) - 4)
        counts = np.zeros((len(at), len(self.low_keV)))
        for k in range(4):  # Lagrange's polynomials
            others = [known[first + j] for j in range(4) if j != k]
            share = np.prod([(at - x) / (known[first + k] - x) for x in others], axis=0)
            counts += share[:, None] * seen[:, first + k].T
        inside = (at >= known[0]) & (at <= known[-1])
        return np.where(inside[:, None], np.maximum(counts, 0.0), 0.0)


def build_response(
    low_keV: ArrayLike,
    high_keV: ArrayLike,
    *,
    exposure_tonne_year: float,
    resolution_keV: Callable[[Array], Array],
    efficiency: Efficiency,
    true_minimum_keV: float,
    breakpoints_keV: ArrayLike = (),
    nodes_per_panel: int = NODES_PER_PANEL,
) -> Response:
    """Response of a detector described by its exposure, resolution and efficiency.

    Args:
        low_keV, high_keV: bin edges, shape (n_bins,) each.
        exposure_tonne_year: exposure.
        resolution_keV: σ of a true energy, vectorised; > 0 for all energies asked for.
        efficiency: the efficiency, of true or of reconstructed energy.
        true_minimum_keV: true energies below leave nothing to see.
        breakpoints_keV: energies at which the recoil rate has a step (atomic edges).
        nodes_per_panel: Gauss–Legendre nodes in each panel.

    Raises:
        InputError: if the matrix would fill the memory.

    >>> flat = build_response([2], [3], exposure_tonne_year=2.0, resolution_keV=lambda t: 0.1 + 0 * t,
    ...                       efficiency=Efficiency.perfect(), true_minimum_keV=0.5)
    >>> float(np.round(flat.fold(np.full_like(flat.true_energy_keV, 5.0))[0], 9))
    10.0
    """
    low, high = np.asarray(low_keV, dtype=float), np.asarray(high_keV, dtype=float)
    top = _highest_true_energy(float(high.max()), resolution_keV)
    kinks = efficiency.energy_keV if efficiency.of_true_energy else np.empty(0)
    seen_edges = [] if efficiency.of_true_energy else [efficiency.energy_keV]
    edges = np.unique(np.concatenate([low, high, *seen_edges]))
    widest = float(np.max(resolution_keV(np.append(edges[edges > true_minimum_keV], top))))
    is_sharp = widest < SHARP * float(np.min(np.diff(edges)))
    panels = _panels(
        true_minimum_keV,
        top,
        resolution_keV,
        np.concatenate([np.asarray(breakpoints_keV, float), kinks]),
        edges,
        is_sharp,
    )
    nodes, weights = _gauss_legendre(panels, nodes_per_panel)
    if nodes.size * low.size > LARGEST_MATRIX:
        raise InputError(
            f"needs a response of {low.size} bins and {nodes.size} true energies, which fills the memory",
            field="resolution",
            remedy="give wider bins or fewer points of the efficiency; σ is far below the width of the bins",
        )
    sigma = resolution_keV(nodes)
    sigma = np.full_like(sigma, 1e-12 * top) if is_sharp else sigma
    if efficiency.of_true_energy:
        seen = efficiency(nodes) * _gaussian_content(low, high, nodes, sigma)
    else:
        seen = _gaussian_content_weighted(low, high, nodes, sigma, efficiency)
    return Response(low, high, nodes, exposure_tonne_year * weights * seen, weights)


def _highest_true_energy(high_keV: float, resolution_keV: Callable[[Array], Array]) -> float:
    top = high_keV
    for _ in range(3):  # σ grows slowly: two rounds are enough
        top = high_keV + TAIL_SIGMAS * float(resolution_keV(np.array([top]))[0])
    return top


def _panels(
    minimum: float,
    top: float,
    resolution_keV: Callable[[Array], Array],
    breakpoints: Array,
    seen_edges: Array,
    is_sharp: bool,
) -> Array:
    """Panel edges: every breakpoint, and between them steps no wider than the resolution where an
    edge in reconstructed energy is near."""
    near = seen_edges[(seen_edges > minimum) & (seen_edges < top)] if is_sharp else seen_edges[:0]
    inside = breakpoints[(breakpoints > minimum) & (breakpoints < top)]
    fixed = np.unique(np.concatenate([[minimum], inside, near, [top]]))
    edges = [fixed[:1]]
    for start, stop in pairwise(fixed.tolist()):
        position, grid = start, [start]
        while position < stop:
            sigma = float(resolution_keV(np.array([position]))[0])
            tail = 0.0 if is_sharp else TAIL_SIGMAS * sigma
            position += max(_free_step(position, tail, seen_edges), sigma, 1e-9 * top)
            grid.append(min(position, stop))
        edges.append(np.asarray(grid))
    return np.unique(np.concatenate(edges))


def _free_step(position: float, tail: float, edges: Array) -> float:
    """How far a panel may reach before the tail of the next edge begins; 0 within the tail of
    one."""
    after = int(np.searchsorted(edges, position, side="right"))
    if after > 0 and position - edges[after - 1] < tail:
        return 0.0
    to_next = float(edges[after]) - tail - position if after < edges.size else np.inf
    return float(min(max(to_next, 0.0), FAR_STEP * position))


def _gauss_legendre(edges: Array, count: int) -> tuple[Array, Array]:
    """Nodes and weights of all panels, shape (n_panels · count,) each."""
    x, w = np.polynomial.legendre.leggauss(count)
    half = np.diff(edges)[:, None] / 2
    return (edges[:-1, None] + half * (1 + x)).ravel(), (half * w).ravel()


def _gaussian_content(low: Array, high: Array, mean: Array, sigma: Array) -> Array:
    """∫_low^high G(E; mean, sigma) dE, shape (n_bins, n_true)."""
    from scipy.special import (
        ndtr,  # here, since planning a workflow imports this module and must stay quick
    )

    content = np.empty((low.size, mean.size))  # bin by bin: the whole is large enough once
    for row, (start, stop) in zip(content, zip(low, high, strict=True), strict=True):
        row[:] = ndtr((stop - mean) / sigma) - ndtr((start - mean) / sigma)
    return content


def _gaussian_content_weighted(
    low: Array, high: Array, mean: Array, sigma: Array, efficiency: Efficiency
) -> Array:
    """∫_low^high ε(E) G(E; mean, sigma) dE for ε linear between its points, exact, shape (n_bins,
    n_true)."""
    from scipy.special import ndtr

    total = np.zeros((low.size, mean.size))
    for bin_, (start, stop) in enumerate(zip(low, high, strict=True)):
        inside = efficiency.energy_keV[
            (efficiency.energy_keV > start) & (efficiency.energy_keV < stop)
        ]
        edges = np.concatenate([[start], inside, [stop]])
        # Just inside the segment: the table may step to zero at its ends.
        left, right = edges[:-1], edges[1:]
        middle, length = (left + right) / 2, right - left
        at_low = efficiency(left + 1e-9 * length)
        slope = (efficiency(right - 1e-9 * length) - at_low) / length
        constant = efficiency(middle) - slope * middle
        z = (edges[:, None] - mean) / sigma
        content = np.diff(ndtr(z), axis=0)
        first_moment = mean * content - sigma * np.diff(
            np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi), axis=0
        )
        total[bin_] = constant @ content + slope @ first_moment
    return total
