"""From simulated recoils to expected counts: the selected events of a signal sample, re-weighted to
any recoil rate.

    N_b = X ∫ dT R(T) ε_b(T),      ε_b(T) = Σ_i μ_i k(ln T_i − ln T) [E_i T/T_i in bin b]

μ_i is the share of ln T that event i stands for in the liquid (its weight over T_i), k a triangle
of unit area that reaches some per cent to both sides of T, and E_i T/T_i the reconstructed energy
of event i had its true energy been T. No shape of the resolution is assumed: neighbouring true
energies lend their events, with the energy scaled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exonu.core import constants
from exonu.core.types import Array

PANEL_RATIO = 1.03
"""True energies of a panel are this near to each other: a third of the smoothing."""
NODES_PER_PANEL = 2
MOST_ROWS = 50_000
"""Events of which errors are made."""


@dataclass(frozen=True)
class SimulatedRecoils:
    """Recoils of a signal sample that some selection keeps.

    Attributes:
        true_energy_keV: shape (n,).
        energy_keVee: reconstructed, shape (n,).
        weight_per_day: per day and (1/keV) in the whole liquid: Σ w R(T) are counts per day for a
            rate R in it.
        fraction: what the selection leaves of each event, shape (n,): 0 or 1.
    """

    true_energy_keV: Array
    energy_keVee: Array
    weight_per_day: Array
    fraction: Array

    def share_of_liquid(self) -> float:
        """Recoils that the weights stand for, over those of the same rate in the whole liquid,
        selected or not.

        For w = T ln(highest/lowest)/N of N recoils flat in ln T it is 1, and less where they fill a
        part of the liquid.

        >>> true = np.geomspace(1.0, 100.0, 1001)
        >>> recoils = SimulatedRecoils(true, true, true * np.log(100) / 1001, np.ones(1001))
        >>> round(recoils.share_of_liquid(), 3)
        1.0
        """
        low, high = self.true_energy_keV.min(), self.true_energy_keV.max()
        return float(
            np.sum(self.weight_per_day / self.true_energy_keV) / max(np.log(high / low), 1e-9)
        )

    def rescaled(self, factor: float) -> SimulatedRecoils:
        """With all reconstructed energies multiplied."""
        return replace(self, energy_keVee=factor * self.energy_keVee)

    def widened(self, factor: float) -> SimulatedRecoils:
        """With the distances of reconstructed from true energies multiplied: another resolution."""
        off = self.energy_keVee - self.true_energy_keV
        return replace(self, energy_keVee=self.true_energy_keV + factor * off)

    def selected(self, kept: NDArray[np.bool_]) -> SimulatedRecoils:
        """With another selection."""
        return replace(self, fraction=np.asarray(kept, dtype=np.float64))


@dataclass(frozen=True)
class EventResponse:
    """True energies at which a rate is asked for, and how to make counts of it.

    Attributes:
        edges_keV: of the bins, shape (n_bins + 1,).
        true_energy_keV, weights_keV: nodes and weights of the integral over the true energy, shape
            (n_true,).
        smoothing: reach of the triangle to both sides, relative.
        scale: counts in the live time for one event per day: tonnes of liquid × days / days of a
            year.
    """

    edges_keV: Array
    true_energy_keV: Array
    weights_keV: Array
    smoothing: float
    scale: float

    @classmethod
    def of(
        cls,
        recoils: SimulatedRecoils,
        edges_keV: ArrayLike,
        *,
        liquid_mass_kg: float,
        live_days: float,
        smoothing: float,
        breakpoints_keV: ArrayLike = (),
    ) -> EventResponse:
        """Nodes for a sample, with panels that end at every edge of a bin and every step of the
        rate.

        Args:
            recoils: of the signal sample.
            edges_keV: of the bins, shape (n_bins + 1,).
            liquid_mass_kg: mass of the liquid in which the rate is.
            live_days: live time.
            smoothing: reach of the triangle, e.g. 0.1.
            breakpoints_keV: energies at which rates have a step (atomic edges).
        """
        edges = np.asarray(edges_keV, dtype=np.float64)
        seen = recoils.true_energy_keV[recoils.fraction > 0]
        low, high = seen.min() / (1 + smoothing), seen.max() * (1 + smoothing)
        panels = np.geomspace(low, high, 2 + int(np.log(high / low) / np.log(PANEL_RATIO)))
        kinks = np.concatenate([edges, np.asarray(breakpoints_keV, dtype=np.float64)])
        panels = np.unique(np.concatenate([panels, kinks[(kinks > low) & (kinks < high)]]))
        x, w = np.polynomial.legendre.leggauss(NODES_PER_PANEL)
        half = np.diff(panels)[:, None] / 2
        nodes, weights = (panels[:-1, None] + half * (1 + x)).ravel(), (half * w).ravel()
        return cls(
            edges,
            nodes,
            weights,
            smoothing,
            liquid_mass_kg * 1e-3 * live_days / constants.days_per_year,
        )

    def matrix(self, recoils: SimulatedRecoils) -> Array:
        """Counts by bin for a unit rate [1/(tonne year keV)] at each node, shape (n_bins,
        n_true)."""
        n_bins = len(self.edges_keV) - 1

        def content(energy: Array, share: Array) -> Array:
            place = np.searchsorted(self.edges_keV, energy, side="right") - 1
            inside = (place >= 0) & (place < n_bins)
            return np.asarray(np.bincount(place[inside], share[inside], n_bins), dtype=np.float64)

        columns = self._near(recoils, self.true_energy_keV, content)
        return np.stack(columns, axis=1) * self.weights_keV * self.scale

    def relative_errors(self, recoils: SimulatedRecoils) -> Array:
        """Statistical error of the counts in each bin from the number of simulated recoils,
        relative, for a rate that falls as 1/T; shape (n_bins,), 0 in empty bins.

        A recoil lends itself to many true energies, and counts in each bin with all of them
        together: with c_ib what event i gives to bin b it is √Σc²/Σc."""
        n_bins, kept = len(self.edges_keV) - 1, np.flatnonzero(recoils.fraction > 0)
        every = 1 + kept.size // MOST_ROWS  # of more events a part tells, with √every its error
        some = np.zeros_like(recoils.fraction)
        some[kept[::every]] = 1.0
        recoils = replace(recoils, fraction=recoils.fraction * some)
        given = np.zeros((kept[::every].size, n_bins))
        order = np.sort(recoils.true_energy_keV[kept[::every]])
        first = np.searchsorted(
            np.log(order), np.log(self.true_energy_keV) - np.log1p(self.smoothing)
        )
        nodes = iter(zip(self.true_energy_keV, self.weights_keV, first, strict=True))

        def add(energy: Array, share: Array) -> Array:
            node, weight, start = next(nodes)
            place = np.searchsorted(self.edges_keV, energy, side="right") - 1
            inside = np.flatnonzero((place >= 0) & (place < n_bins))
            given[start + inside, place[inside]] += weight / node * share[inside]
            return np.empty(0)

        self._near(recoils, self.true_energy_keV, add)
        total, error = given.sum(axis=0), np.sqrt((given**2).sum(axis=0) / every)
        return np.asarray(np.divide(error, total, out=np.zeros(n_bins), where=total > 0))

    def table(
        self, recoils: SimulatedRecoils, energies_keV: Array, reference_mass_share: float
    ) -> dict[str, Array]:
        """Efficiency, its statistical error, and mean and spread of the reconstructed energy, for
        figures.

        Args:
            recoils: of the signal sample.
            energies_keV: true energies, shape (n,).
            reference_mass_share: the mass to which the efficiency refers, over that of the liquid.
        """

        def numbers(energy: Array, share: Array) -> Array:
            total = share.sum()
            mean = (share * energy).sum() / total if total else np.nan
            spread = np.sqrt((share * (energy - mean) ** 2).sum() / total) if total else np.nan
            return np.array([total, np.sqrt((share**2).sum()), mean, spread])

        found = np.array(self._near(recoils, energies_keV, numbers)).reshape(-1, 4).T
        names = ("efficiency", "efficiency_error", "mean_energy_keVee", "sigma_keVee")
        scales = (1 / reference_mass_share, 1 / reference_mass_share, 1.0, 1.0)
        return {
            name: scale * column for name, scale, column in zip(names, scales, found, strict=True)
        }

    def _near(
        self,
        recoils: SimulatedRecoils,
        energies_keV: Array,
        summed: Callable[[Array, Array], Array],
    ) -> list[Array]:
        """What the kept events near each true energy give: `summed(scaled energies, shares)`."""
        kept = recoils.fraction > 0
        order = np.argsort(recoils.true_energy_keV[kept], kind="stable")
        true, energy, share = (
            column[kept][order]
            for column in (
                recoils.true_energy_keV,
                recoils.energy_keVee,
                recoils.fraction * recoils.weight_per_day / recoils.true_energy_keV,
            )
        )
        log_true, reach = np.log(true), np.log1p(self.smoothing)
        results = []
        for node in energies_keV:
            first, last = np.searchsorted(log_true, np.log(node) + np.array([-reach, reach]))
            near = slice(first, last)
            kernel = (1 - np.abs(log_true[near] - np.log(node)) / reach) / reach
            results.append(summed(energy[near] * (node / true[near]), share[near] * kernel))
        return results
