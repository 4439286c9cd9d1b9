"""What the diagnostics histogram: every number that a cut compares, each on events that passed the
cuts before it.

The observables come from the cuts' own expressions (`expressions.Comparison`), so that a user's cut
``veto_pe < 3`` gets its panel too. Bins are found from a first look at the files, before they are
read as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exonu.core.settings import Settings
from exonu.core.types import Array
from exonu.events.expressions import Comparison, Expression, parse
from exonu.events.selection.cuts import Selection
from exonu.events.variables import DOCUMENTED, known_variables

Columns = Mapping[str, NDArray[Any]]

VERTEX = frozenset({"x_pe_cm", "y_pe_cm", "z_pe_cm", "r_pe_cm"})
"""Variables of R(PE): cuts on nothing else than these bound the fiducial volume."""
ENERGY = "energy_keVee"
CUBE = "r_pe_cm**3 / 1000"
OF_TABLES = frozenset({"x_cm", "y_cm", "r_cm", "z_cm"})
"""The same of events that come reconstructed, and SQUARE in place of CUBE."""
SQUARE, DAYS = "r_cm**2", "days"
ENERGY_EDGES = np.concatenate(
    [np.arange(2, 30, 2), np.arange(30, 60, 5), np.arange(60, 201, 10)]
).astype(float)
"""In keVee, wider where events are few."""
BINS, BINS_PER_DECADE, LOG_FROM = 50, 10, 100.0
"""About how many bins; bins of a decade of a logarithmic axis; ratio of highest to lowest value
that asks for one."""
TAILS = (0.002, 0.998)
"""Quantiles between which an axis reaches, further where a cut is."""


@dataclass(frozen=True)
class Panel:
    """One histogram.

    Attributes:
        name: of the histogram, unique.
        kind: `cut`, `energy`, `radius` or `time`.
        observable: what is histogrammed.
        before: numbers of the cuts that its events have passed.
        cut: number of the cut that is shown, None if it is none.
        marks: where cuts are on the axis.
        edges: of the bins, shape (n_bins + 1,); empty until `with_edges`.
        axis: `linear`, `log`, or `truth` for truth values.
    """

    name: str
    kind: str
    observable: Expression
    before: tuple[int, ...]
    cut: int | None
    marks: tuple[Comparison, ...] = ()
    edges: Array = field(default_factory=lambda: np.empty(0))
    axis: str = "linear"

    def as_json(self, selection: Selection) -> Settings:
        """What a figure has to know of it."""
        return {
            "kind": self.kind,
            "observable": self.observable.text,
            "cut": None if self.cut is None else selection.cuts[self.cut].name,
            "keep": None if self.cut is None else selection.cuts[self.cut].keep.text,
            "before": [selection.cuts[number].name for number in self.before],
            "marks": [{"sign": mark.sign, "value": mark.threshold} for mark in self.marks],
            "axis": self.axis,
            "edges": self.edges.tolist(),
        }


def panels_of(selection: Selection, extra: Iterable[str], reach_cm: float) -> tuple[Panel, ...]:
    """The panels of a selection.

    Args:
        selection: the cuts.
        extra: the user's own variables.
        reach_cm: distance of the furthest wall from the centre, up to which R³ is shown.

    Returns:
        One panel for each observable or truth value of each cut, in order; the energy after all
        cuts; R³ without the cuts on the vertex. Those of cuts have no edges yet.

    >>> cut = {"name": "veto", "keep": "veto_pe < 3 and not outer_trigger", "status": "assumed"}
    >>> [panel.name for panel in panels_of(Selection.from_settings([cut], ["veto_pe"]), ["veto_pe"], 40)]
    ['veto/veto_pe', 'veto/outer_trigger', 'energy', 'radius']
    """
    known = known_variables(extra)
    every = tuple(range(len(selection.cuts)))
    energy = Panel("energy", "energy", parse(ENERGY, known), every, None, edges=ENERGY_EDGES)
    return (*cut_panels(selection, known), energy, _radius_panel(selection, known, reach_cm))


def cut_panels(selection: Selection, known: Mapping[str, bool]) -> tuple[Panel, ...]:
    """One panel for each observable or truth value of each cut, in order, without edges yet."""
    panels = []
    for number, cut in enumerate(selection.cuts):
        marks: dict[str, list[Comparison]] = {}
        for comparison in cut.keep.comparisons:
            marks.setdefault(comparison.observable, []).append(comparison)
        for truth in (name for name in cut.keep.names if known[name]):
            marks.setdefault(truth, [])
        for text, found in marks.items():
            observable = parse(text, known)
            before = tuple(range(number))
            panels.append(
                Panel(f"{cut.name}/{text}", "cut", observable, before, number, tuple(found))
            )
    return tuple(panels)


def vertex_cuts(selection: Selection, vertex: frozenset[str] = VERTEX) -> tuple[int, ...]:
    """Numbers of the cuts that read nothing but the vertex, R(PE) if nothing else is said: they
    bound the fiducial volume."""
    return tuple(
        n
        for n, cut in enumerate(selection.cuts)
        if cut.keep.names and vertex.issuperset(cut.keep.names)
    )


def _radius_panel(selection: Selection, known: Mapping[str, bool], reach_cm: float) -> Panel:
    bounds = vertex_cuts(selection)
    radii = [
        c for n in bounds for c in selection.cuts[n].keep.comparisons if c.observable == "r_pe_cm"
    ]
    marks = tuple(replace(c, observable=CUBE, threshold=c.threshold**3 / 1000) for c in radii)
    before = tuple(number for number in range(len(selection.cuts)) if number not in bounds)
    edges = linear_edges(0, reach_cm**3 / 1000)
    return Panel("radius", "radius", parse(CUBE, known), before, None, marks, edges=edges)


def with_edges(panel: Panel, values: Array) -> Panel:
    """A panel with bins that suit some of its values, shape (n,); panels that have bins keep
    them."""
    if len(panel.edges):
        return panel
    if panel.observable.text in DOCUMENTED and DOCUMENTED[panel.observable.text].is_truth:
        return replace(panel, edges=np.array([-0.5, 0.5, 1.5]), axis="truth")
    marks = np.array([mark.threshold for mark in panel.marks if np.isfinite(mark.threshold)])
    finite = values[np.isfinite(values)]
    shown = np.concatenate([np.quantile(finite, TAILS) if len(finite) else np.empty(0), marks])
    if not len(shown):
        shown = np.zeros(1)
    low, high = float(shown.min()), float(shown.max())
    if low > 0 and high / low > LOG_FROM:
        first, last = (
            np.floor(np.log10(low) * BINS_PER_DECADE),
            np.ceil(np.log10(high) * BINS_PER_DECADE),
        )
        return replace(
            panel, edges=10 ** (np.arange(first, last + 1) / BINS_PER_DECADE), axis="log"
        )
    whole = len(finite) > 0 and bool(np.all(finite == np.round(finite)))
    return replace(panel, edges=_whole_edges(low, high) if whole else linear_edges(low, high))


def linear_edges(low: float, high: float) -> Array:
    """About BINS bins of a round width that hold both ends.

    >>> linear_edges(0.03, 0.97)[[0, 1, -1]]
    array([0.02, 0.04, 0.98])
    """
    if not high > low:
        low, high = low - 0.5 * max(abs(low), 1.0), high + 0.5 * max(abs(high), 1.0)
    decade = 10.0 ** np.floor(np.log10((high - low) / BINS))
    width = next(
        decade * step for step in (1, 2, 2.5, 5, 10) if decade * step * (BINS + 1e-6) >= high - low
    )
    first, last = np.floor(low / width + 1e-9), np.ceil(high / width - 1e-9)
    return np.asarray(np.round(np.arange(first, last + 1) * width, 12))


def _whole_edges(low: float, high: float) -> Array:
    """Bins of whole numbers around them."""
    low, high = np.floor(low), np.ceil(high)
    width = max(1.0, np.ceil((high - low + 1) / BINS))
    return np.asarray(np.arange(low, high + width + 1, width) - 0.5)


def leading_cuts(selection: Selection, names: Iterable[str]) -> tuple[int, ...]:
    """Numbers of the cuts from the first on that read these columns only, e.g. those of events not
    reconstructed."""
    there = set(names)
    number = 0
    while number < len(selection.cuts) and there.issuperset(selection.cuts[number].keep.names):
        number += 1
    return tuple(range(number))


def passed(masks: NDArray[np.bool_], cuts: Sequence[int]) -> NDArray[np.bool_]:
    """Which events pass some of the cuts; masks of shape (n_cuts, n)."""
    return np.asarray(np.logical_and.reduce(masks[list(cuts)], axis=0, initial=True), dtype=bool)
