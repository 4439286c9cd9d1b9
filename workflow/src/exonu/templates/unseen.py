"""What a component may contribute where none of its simulated events, or none of its heavy ones,
passes the cuts.

No event of weight w in a bin does not mean no counts. Of a Poisson mean of which nothing was seen,
with a flat prior, the expectation is one event, and so is the standard deviation: w ± w, with the
largest weight w that the component has at these energies, wherever it is found. Both become part of
the model: a template, and a nuisance parameter from −1 (nothing) upwards for each component and
energy range, since these events would come from one place and one cause. Its shape is that of the
events beside the cuts (of a wider fiducial volume, say), plus one event spread evenly, so that no
bin is left out; the statistical error of this shape, 100 % where no event is beside, adds to that
of the bin.

More simulation makes w smaller. Without such a template a component that is simulated too little
would vanish, and limits would be the stronger, the less is simulated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from exonu.core.types import Array
from exonu.templates.histograms import Histogram, fill
from exonu.templates.packing import SIGNAL_STATISTICAL_NAME

BESIDE, EVERYWHERE = "beside", "everywhere"
"""Names of the selections from which weights and shapes are taken."""
PREFIX = "unseen"
"""Nuisance parameters are called `unseen_<background>_<low>_<high>`."""


@dataclass(frozen=True)
class Weighted:
    """Energies [keVee] and weights [events per day] of simulated events, shape (n,) each."""

    energy_keVee: Array
    weight: Array

    @classmethod
    def join(cls, parts: Sequence[Weighted]) -> Weighted:
        """Events of all parts."""
        energy, weight = (
            np.concatenate([np.empty(0), *(getattr(part, name) for part in parts)])
            for name in ("energy_keVee", "weight")
        )
        return cls(energy, weight)

    def between(self, low: float, high: float) -> Weighted:
        """Those in an energy range."""
        inside = (self.energy_keVee >= low) & (self.energy_keVee < high)
        return Weighted(self.energy_keVee[inside], self.weight[inside])


@dataclass(frozen=True)
class Unseen:
    """Counts per day in bins of a range, each with an uncertainty as large.

    Attributes:
        counts: shape (n_bins,).
        shape_error: statistical error of their distribution over the bins, shape (n_bins,).
    """

    counts: Array
    shape_error: Array


def unseen(
    spectrum: Histogram, beside: Weighted, everywhere: Weighted, ranges_keV: Sequence[float]
) -> dict[str, Unseen]:
    """Counts per day that a component may have beside those of its events that pass.

    Args:
        spectrum: the component's events that pass all cuts.
        beside: its events beside the cuts, those that pass included: the shape.
        everywhere: all its events: the weight, and the shape in ranges in which none is beside.
        ranges_keV: edges of the ranges, shape (n_ranges + 1,); a bin belongs to the range of its
            centre.

    Returns:
        By range (`16_30`): in its empty bins, or in all where the error of the events that pass is
        less than one event of the largest weight. Ranges without such bins are left out.

    >>> spectrum = fill([2.5], [0.5], [2, 4, 6])
    >>> wall = Weighted(np.array([2.5, 5.0]), np.array([0.5, 2.0]))
    >>> {name: found.counts.round(3).tolist() for name, found in unseen(spectrum, wall, wall, [2, 6]).items()}
    {'2_6': [0.667, 1.333]}
    """
    edges = spectrum.edges_keV
    centres = (edges[1:] + edges[:-1]) / 2
    found = {}
    for low, high in pairwise(ranges_keV):
        bins = (centres >= low) & (centres < high)
        here, near = everywhere.between(low, high), beside.between(low, high)
        largest = max(here.weight.max(initial=0.0), 0.0) or everywhere.weight.max(initial=0.0)
        if np.sqrt(spectrum.variances[bins].sum()) >= largest:  # so heavy ones have been seen
            bins &= spectrum.entries == 0
        if not bins.any() or largest <= 0:
            continue
        near = near if np.any(near.weight > 0) else here
        there = fill(near.energy_keVee, near.weight, edges)
        shape = np.where(bins, there.values / largest + 1 / bins.sum(), 0.0)
        counts = largest * shape / shape.sum()
        relative = 1 / np.sqrt(np.maximum(there.effective_entries, 1.0))
        found[f"{low:g}_{high:g}"] = Unseen(counts, relative * counts)
    return found


def without_small(
    unseen_by_background: Mapping[str, Mapping[str, Unseen]], total: Array, least: float
) -> dict[str, dict[str, Unseen]]:
    """Leave out what adds less than a fraction of all backgrounds in every bin.

    Args:
        unseen_by_background: of `unseen`.
        total: all backgrounds in the same unit, shape (n_bins,).
        least: the fraction.
    """
    return {
        name: {key: one for key, one in ranges.items() if np.any(one.counts > least * total)}
        for name, ranges in unseen_by_background.items()
    }


def parameter(background: str, energy_range: str) -> str:
    """Name of the nuisance parameter."""
    return f"{PREFIX}_{background}_{energy_range}".replace(".", "p")


def is_unseen(name: str) -> bool:
    """Whether a nuisance parameter is one of these."""
    return name.startswith(f"{PREFIX}_")


def is_of_the_simulations_statistics(modifier: Mapping[str, Any]) -> bool:
    """Whether a modifier of a workspace is there only because the simulation is finite."""
    name = str(modifier["name"])
    of_signal = name.startswith(f"{SIGNAL_STATISTICAL_NAME}_")
    return str(modifier["type"]) == "staterror" or of_signal or is_unseen(name)
