"""Systematic variations of templates: the same events before and after, their ratio, and what of it
is kept.

Each declared systematic is one nuisance parameter. Where an event can be re-weighted, shifted or
selected anew, before and after are the same events; where it has to be traced again, the variation
has the same decays and random numbers as the sample `baseline`, and events are joined by their
numbers. So most of the statistical error cancels in the ratio."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exonu.core.errors import InputError
from exonu.core.types import Array
from exonu.events.runs.run_list import BASELINE
from exonu.templates.paired_sums import PairedSums, Places

LEAST_IN_A_BIN = 25.0
"""A component with fewer events in its usual bin takes the ratio of wide ranges even where bins are
asked for."""
RESOLVED = 0.05
"""A traced effect is resolved where it is twice its error, or known to this."""
ROUNDING = 1e-6
"""Errors of ratios are no smaller, so that an exact asymmetry is seen as one."""
SIZED = ("energy-scale", "resolution", "efficiency", "position", "cut")
"""Kinds that need a relative size."""
TWO_SIDED = ("energy-scale", "resolution", "efficiency", "position", "traced", "cut")
"""Kinds whose ± is one of a physical quantity; the interval of the dead-PMT correction is
asymmetric by itself."""


@dataclass(frozen=True)
class Systematic:
    """One declared systematic, of the block `systematics` of an events file.

    Attributes:
        name: with dashes; its nuisance parameter has underscores.
        kind: `energy-scale` (energies × (1 ± size)), `position` (vertices × (1 ± size), cuts anew),
            `cut` (efficiency of a cut), `resolution` (distance of the reconstructed from the true
            energy × (1 ± size)), `efficiency` (of all events), `dead-pmt` (interval of the dead-PMT
            correction) or `traced` (samples of its own).
        status: published, derived or assumed.
        description: what changes physically.
        size: relative, of all kinds but the last two.
        energies_keV, sizes: of kind `efficiency` instead of `size`: the size at these reconstructed
            energies [keVee], linear between them.
        along: of kind `position`, which coordinates are multiplied: `all`, `radius` or `z`.
        from_calibration: whether the calibration's uncertainty is taken for the size where it is
            larger; if traced, central value and error are the calibration's.
        from_shells: of a traced one, whether they are what shells outside the fiducial volume show.
        cut: the cut, of kind `cut`.
        of: of kind `cut`, whether `size` is that of all that it keeps, at every energy (`kept`), or
            of what it alone rejects (`rejected`): then it matters where the cut does.
        components: which it touches; all (or, if traced, those of its samples) if None.
        ranges_keV: edges of the ranges in which the ratio is taken, for smoothing; each bin by
            itself if None, where there are events enough.
        prune_below: it is left out where no range changes more and no larger share of the events
            moves.
        significance: a traced effect is called not resolved if chance alone gives one like it more
            often than this.
    """

    name: str
    kind: str
    status: str
    description: str = ""
    size: float = 0.0
    energies_keV: tuple[float, ...] | None = None
    sizes: tuple[float, ...] | None = None
    along: str = "all"
    from_calibration: bool = False
    from_shells: bool = False
    cut: str | None = None
    of: str = "kept"
    components: tuple[str, ...] | None = None
    ranges_keV: tuple[float, ...] | None = None
    prune_below: float = 0.0
    significance: float = 1.0

    @classmethod
    def from_settings(cls, content: Mapping[str, Any]) -> Systematic:
        """One entry of the block, complete with defaults."""
        known: dict[str, Any] = {
            field.name: content[field.name] for field in fields(cls) if field.name in content
        }
        lists: dict[str, Any] = {
            key: tuple(known[key])
            for key in ("components", "ranges_keV", "energies_keV", "sizes")
            if key in known
        }
        return cls(**{**known, **lists})

    @property
    def parameter(self) -> str:
        """Name of the nuisance parameter."""
        return self.name.replace("-", "_")

    @property
    def is_norm(self) -> bool:
        """Whether it is the same at all energies, and so a factor of the normalisation."""
        of_cut = self.kind == "cut" and self.of == "kept"
        return of_cut or (self.kind == "efficiency" and self.sizes is None)

    def touches(self, component: str) -> bool:
        """Whether a component is among those that it is declared for."""
        return self.components is None or component in self.components


def declared(
    settings: Sequence[Mapping[str, Any]], cuts: Iterable[str], file: str | Path
) -> list[Systematic]:
    """The block `systematics` of an events file.

    Args:
        settings: the block.
        cuts: names of the cuts.
        file: for messages.

    Raises:
        InputError: a name twice, a size that is missing, a cut that is not there, ranges that do
            not ascend.
    """
    found: dict[str, Systematic] = {}
    for number, content in enumerate(settings):
        systematic = Systematic.from_settings(content)
        field = f"systematics.{number} ({systematic.name})"
        if systematic.name in found:
            raise InputError("is there twice", file=file, field=field, remedy="rename one")
        by_energy = systematic.kind == "efficiency" and systematic.sizes is not None
        if systematic.kind in SIZED and not by_energy and not 0 < systematic.size < 1:
            raise InputError(
                f"has the size {systematic.size:g}",
                file=file,
                field=field,
                remedy="give a relative `size`, > 0 and < 1",
            )
        if systematic.kind == "cut" and systematic.cut not in tuple(cuts):
            raise InputError(
                f"is of the cut {systematic.cut!r}, which is not there", file=file, field=field,
                remedy=f"the cuts are {', '.join(cuts)}",
            )  # fmt: skip
        if any(low >= high for low, high in pairwise(systematic.ranges_keV or ())):
            raise InputError(
                "has ranges that do not ascend", file=file, field=field, remedy="sort `ranges_keV`"
            )
        energies, sizes = systematic.energies_keV or (), systematic.sizes or ()
        if len(energies) != len(sizes) or any(low >= high for low, high in pairwise(energies)):
            raise InputError(
                f"has {len(energies)} energies and {len(sizes)} sizes", file=file, field=field,
                remedy="give a size at each of `energies_keV`, which increase",
            )  # fmt: skip
        found[systematic.name] = systematic
    return list(found.values())


@dataclass(frozen=True)
class Paired:
    """The same events before and after a change; an event that one of them does not keep has weight
    0 in it.

    Attributes:
        energy_before, weight_before, energy_after, weight_after: shape (n,) each.

    >>> doubled = Paired(np.array([3.0, 5.0]), np.ones(2), np.array([3.0, 5.0]), np.array([2.0, 2.0]))
    >>> ratio, error = doubled.ratio([2, 4, 6])
    >>> ratio.tolist(), error.tolist()
    ([2.0, 2.0], [0.0, 0.0])
    """

    energy_before: Array
    weight_before: Array
    energy_after: Array
    weight_after: Array

    @classmethod
    def join(
        cls, before: tuple[NDArray[Any], Array, Array], after: tuple[NDArray[Any], Array, Array]
    ) -> Paired:
        """Join two samples of the same decays.

        Args:
            before, after: numbers of the events (each once), energies and weights, shape (n,) each.

        Raises:
            InputError: if a number is there twice.
        """
        numbers = np.union1d(before[0], after[0])
        columns = []
        for event, energy, weight in (before, after):
            if len(np.unique(event)) != len(event):
                raise InputError(
                    "has a number twice, so it cannot be paired", field="branch event",
                    remedy="number the events of each component of a varied sample, the same in all variations",
                )  # fmt: skip
            place = np.searchsorted(numbers, event)
            for column in (energy, weight):
                filled = np.zeros(len(numbers))
                filled[place] = column
                columns.append(filled)
        return cls(*columns)

    @property
    def reversed(self) -> Paired:
        """From after to before: the other direction where only one was made."""
        return Paired(self.energy_after, self.weight_after, self.energy_before, self.weight_before)

    def summed(self, grid: ArrayLike, places: Places | None = None) -> PairedSums:
        """All that effects are made from, for edges that are among those of a grid.

        Args:
            grid: the edges.
            places: bins of the energies before, which other effects on the same events share.
        """
        before, after = self.energy_before, self.energy_after
        return PairedSums.of(before, self.weight_before, after, self.weight_after, grid, places)

    def ratio(self, edges_keV: ArrayLike) -> tuple[Array, Array]:
        """See `PairedSums.ratio`."""
        return self.summed(edges_keV).ratio(edges_keV)


def grid(systematic: Systematic, edges_keV: ArrayLike, report: Sequence[float]) -> Array:
    """Edges in which the effect of a systematic is summed: of bins, ranges and report."""
    ranges = systematic.ranges_keV or ()
    return np.unique(np.concatenate([np.asarray(edges_keV, dtype=np.float64), ranges, report]))


@dataclass(frozen=True)
class Effect:
    """A systematic's effect on one component.

    Attributes:
        systematic, component: which.
        ranges_keV: edges of the ranges in which it is judged and reported.
        up, up_error, down, down_error: relative changes in them, shape (n_ranges,) each; errors
            infinite where the component has no events.
        up_bins, down_bins: ratios by bin that the model takes, shape (n_bins,) each.
        symmetric: whether they were made inverse to each other, since their asymmetry is not
            significant.
        central_bins: ratio by bin of the calibration's central value to the nominal one, shape
            (n_bins,); None if it is not calibrated. The ratios by bin are relative to it then.
        found: central value and error of the calibration, in declared standard deviations.
        chance: probability that changes as large come about by chance: χ² of the differences in all
            ranges, of the less probable direction.
        moved: share of the component's events that the larger of the two adds, takes away or brings
            to other bins.
    """

    systematic: Systematic
    component: str
    ranges_keV: tuple[float, ...]
    up: Array
    up_error: Array
    down: Array
    down_error: Array
    up_bins: Array
    down_bins: Array
    chance: float
    moved: float
    symmetric: bool = False
    central_bins: Array | None = None
    found: tuple[float, float] | None = None

    @classmethod
    def of(
        cls,
        systematic: Systematic,
        component: str,
        up: PairedSums,
        down: PairedSums,
        edges_keV: Array,
        report: Sequence[float],
    ) -> Effect:
        """Compare before and after.

        Args:
            systematic, component: which.
            up, down: sums of the events for one standard deviation up and down, in its `grid`.
            edges_keV: of the bins.
            report: ranges of the report.
        """
        ranges = tuple(systematic.ranges_keV or report)
        (r_up, e_up), (r_down, e_down) = up.ratio(ranges), down.ratio(ranges)
        few = systematic.ranges_keV is None and up.events_in_a_bin(edges_keV) < LEAST_IN_A_BIN
        smoothing = report if few else systematic.ranges_keV
        up_bins, down_bins = (paired.smoothed(edges_keV, smoothing) for paired in (up, down))
        level = systematic.significance
        chance = min(_chance(*paired.difference(ranges)) for paired in (up, down))
        unresolved = systematic.kind == "traced" and chance > level
        if unresolved:
            up_bins, down_bins = (np.full_like(up_bins, one.together(ranges)) for one in (up, down))
        symmetric = unresolved or (
            systematic.kind in TWO_SIDED
            and _asymmetry_by_chance(r_up, e_up, r_down, e_down) > level
        )
        if symmetric:
            up_bins, down_bins = np.sqrt(up_bins / down_bins), np.sqrt(down_bins / up_bins)
        before = up.spectrum_before(edges_keV)
        total = before.sum()
        moved = (
            max(float(before @ np.abs(bins - 1)) for bins in (up_bins, down_bins)) / total
            if total > 0
            else 0.0
        )
        return cls(
            systematic, component, ranges, r_up - 1, e_up, r_down - 1, e_down, up_bins, down_bins, chance, moved,
            symmetric,
        )  # fmt: skip

    @property
    def verdict(self) -> str:
        """`kept`, with what was done to it or which sample is too small, or why it is left out."""
        if self.found is None:
            return self._verdict
        central, error = self.found
        return f"{self._verdict}; calibrated to {central:+.2f} ± {error:.2f} of it"

    @property
    def _verdict(self) -> str:
        change, error = (
            np.concatenate([self.up, self.down]),
            np.concatenate([self.up_error, self.down_error]),
        )
        known = np.isfinite(error)
        if not known.any():
            return "pruned: no events" + (f" in the sample {BASELINE}" if self.is_traced else "")
        largest = max(self.moved, float(np.max(np.abs(change[known]))))
        if largest < self.systematic.prune_below or largest == 0:
            return f"pruned: below {self.systematic.prune_below:g}"
        if self.is_traced and self.chance > self.systematic.significance:
            if self.times_needed <= 1:
                return f"kept, not significant, known to {RESOLVED:g}"
            samples = f"samples {BASELINE} and {self.systematic.name} of {self.component}"
            return f"kept, not resolved: {samples} need {self.times_needed:.2g} times the events"
        return "kept, made symmetric" if self.symmetric else "kept"

    @property
    def is_traced(self) -> bool:
        """Whether it needs samples of its own, which may be too small."""
        return self.systematic.kind == "traced"

    @property
    def is_calibrated(self) -> bool:
        """Whether central value and error are those of a calibration."""
        one = self.systematic
        return self.is_traced and (one.from_calibration or one.from_shells)

    @property
    def times_needed(self) -> float:
        """How many times the events would resolve it in every range that has some: its error half
        of the effect, or `RESOLVED`."""
        change = np.concatenate([self.up, self.down])
        error = np.concatenate([self.up_error, self.down_error])
        known = np.isfinite(error)
        enough = np.maximum(np.abs(change[known]) / 2, RESOLVED)
        return float(np.max((error[known] / enough) ** 2, initial=1.0))

    @property
    def is_kept(self) -> bool:
        """Whether it becomes part of the model."""
        return self.verdict.startswith("kept")


def _asymmetry_by_chance(r_up: Array, e_up: Array, r_down: Array, e_down: Array) -> float:
    """Probability that two ratios, inverse to each other but for chance, are as far from it: χ² of
    ln r₊ + ln r₋.

    Two variations of the same physical quantity that both add events, or of which one does nothing,
    are mostly noise of samples too small to show it; in a fit they would bias the signal, as the
    background could go one way only. Both are taken against the same events, so their errors are
    added linearly (between two equal independent samples and a baseline the variance of the sum is
    6 σ²; linear 8 σ², in quadrature 4 σ²)."""
    known = np.isfinite(e_up) & np.isfinite(e_down) & (r_up > 0) & (r_down > 0)
    r_up, e_up, r_down, e_down = (values[known] for values in (r_up, e_up, r_down, e_down))
    return _chance(np.log(r_up * r_down), e_up / r_up + e_down / r_down + ROUNDING)


def _chance(change: Array, error: Array) -> float:
    """Probability of a χ² as large or larger; 1 where nothing changes."""
    from scipy.special import gammaincc

    there = error > 0
    chi2, n = float(np.sum((change[there] / error[there]) ** 2)), int(there.sum())
    return float(gammaincc(n / 2, chi2 / 2)) if n else 1.0
