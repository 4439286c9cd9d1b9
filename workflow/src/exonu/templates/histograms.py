"""Histograms of selected events: weighted, with errors, in ROOT files that ROOT opens.

Simulation is in events per day, data in events. Simulated events of wall components are split into
those in front of a dead photomultiplier, which the data-driven correction scales (`dead_pmt`), and
the rest.

A file holds a TH1D `<component>/<variation>/correctable` and `…/rest` of each sample,
`data/<stream>/…` of the data, beside each the number of entries by bin (`…_entries`), and
`metadata`, a TObjString of JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exonu.core.errors import InputError
from exonu.core.files import canonical_json, whole_or_absent
from exonu.core.settings import Settings
from exonu.core.types import Array
from exonu.events.raw.root_files import METADATA, open_tree, read_columns, read_metadata

ENERGY = "energy_keVee"
IN_FRONT_OF_DEAD = "true_pmt_is_dead"
DATA = "data"
_PARTS = ("correctable", "rest")


@dataclass(frozen=True)
class Histogram:
    """Weighted counts in bins that include their lower edge; what lies outside is left out.

    Attributes:
        edges_keV: ascending, shape (n_bins + 1,).
        values, variances: Σw and Σw² by bin, shape (n_bins,).
        entries: number of events by bin, shape (n_bins,).

    >>> spectrum = fill([2.5, 3.0, 5.9, 99.0], [1.0, 1.0, 0.5, 1.0], [2, 4, 6])
    >>> spectrum.values.tolist(), spectrum.variances.tolist(), spectrum.entries.tolist()
    ([2.0, 0.5], [2.0, 0.25], [2.0, 1.0])
    """

    edges_keV: Array
    values: Array
    variances: Array
    entries: Array

    @classmethod
    def empty(cls, edges_keV: ArrayLike) -> Histogram:
        """Nothing in these bins."""
        edges = _edges(edges_keV)
        return cls(edges, *np.zeros((3, len(edges) - 1)))

    @property
    def errors(self) -> Array:
        """Statistical errors √Σw², shape (n_bins,)."""
        return np.asarray(np.sqrt(self.variances))

    @property
    def effective_entries(self) -> Array:
        """Number of events of one weight with the same relative error, (Σw)²/Σw²; 0 in empty
        bins."""
        return np.divide(
            self.values**2, self.variances, out=np.zeros_like(self.values), where=self.variances > 0
        )

    def __add__(self, other: Histogram) -> Histogram:
        if not np.array_equal(self.edges_keV, other.edges_keV):
            raise InputError(
                "have other edges", field="histograms", remedy="add histograms of the same bins"
            )
        return Histogram(
            self.edges_keV,
            self.values + other.values,
            self.variances + other.variances,
            self.entries + other.entries,
        )

    def scaled(self, factor: ArrayLike) -> Histogram:
        """Times an exact factor, one number or one per bin."""
        c = np.asarray(factor, dtype=np.float64)
        return Histogram(self.edges_keV, c * self.values, c**2 * self.variances, self.entries)

    def rebinned(self, edges_keV: ArrayLike) -> Histogram:
        """In wider bins, within the old ones' range.

        Raises:
            InputError: an edge that is none of this histogram.
        """
        edges = _edges(edges_keV)
        near = np.abs(edges[:, None] - self.edges_keV)
        place = np.argmin(near, axis=1)
        if (
            wrong := np.flatnonzero(near[np.arange(len(edges)), place] > 1e-9 * np.abs(edges))
        ).size:
            raise InputError(
                f"{edges[wrong[0]]:g} keV is not the edge of a bin",
                field="edges_keV",
                remedy=f"the histogram goes from {self.edges_keV[0]:g} to {self.edges_keV[-1]:g} keV in "
                f"{len(self.values)} bins",
            )
        columns = (self.values, self.variances, self.entries)
        return Histogram(edges, *(np.add.reduceat(np.append(c, 0.0), place)[:-1] for c in columns))


@dataclass(frozen=True)
class Split:
    """A spectrum in two parts: events in front of dead photomultipliers, as their truth says, and
    the rest."""

    correctable: Histogram
    rest: Histogram

    @classmethod
    def empty(cls, edges_keV: ArrayLike) -> Split:
        """Nothing in these bins."""
        return cls(Histogram.empty(edges_keV), Histogram.empty(edges_keV))

    @property
    def total(self) -> Histogram:
        """Both parts."""
        return self.correctable + self.rest

    def __add__(self, other: Split) -> Split:
        return Split(self.correctable + other.correctable, self.rest + other.rest)


@dataclass(frozen=True)
class Spectra:
    """All histograms of an analysis, in the same bins.

    Attributes:
        samples: by component and variation, in events per day.
        data: by stream, in events.
        live_days: live time of the physics stream.
        is_simulated: whether the data are simulated.
        truth_of_data: whether the parts of the data are known; else all of it is `rest`.
    """

    samples: dict[tuple[str, str], Split] = field(default_factory=dict)
    data: dict[str, Split] = field(default_factory=dict)
    live_days: float = 0.0
    is_simulated: bool = False
    truth_of_data: bool = False


def _edges(edges_keV: ArrayLike) -> Array:
    edges = np.asarray(edges_keV, dtype=np.float64)
    if edges.ndim != 1 or len(edges) < 2 or not np.all(np.diff(edges) > 0):
        raise InputError(f"must ascend, at least two (got {edges.tolist()})", field="edges_keV")
    return edges


def fill(
    energy_keV: ArrayLike,
    weight: ArrayLike,
    edges_keV: ArrayLike,
    decay: NDArray[Any] | None = None,
) -> Histogram:
    """Histogram of events; energies that are NaN or outside are left out.

    Args:
        energy_keV: shape (n,).
        weight: shape (n,) or one number.
        edges_keV: ascending, shape (n_bins + 1,).
        decay: number of each event's decay, those of one side by side, shape (n,). Weights of one decay
            in one bin are added before they are squared: its repetitions (`simulation.blocks`) are
            not independent. Each event is a decay of its own if not given.

    >>> twice = fill([2.5, 3.0], [0.5, 0.5], [2, 4, 6], decay=np.array([7, 7]))
    >>> twice.values.tolist(), twice.variances.tolist()
    ([1.0, 0.0], [1.0, 0.0])
    """
    edges, energy = _edges(edges_keV), np.asarray(energy_keV, dtype=np.float64)
    w = np.broadcast_to(np.asarray(weight, dtype=np.float64), energy.shape)
    place = np.searchsorted(edges, energy, side="right") - 1
    inside = (place >= 0) & (place < len(edges) - 1)
    place, w = place[inside], w[inside]
    of_decay = (place, w) if decay is None else _added_up(place, w, decay[inside])
    sums = (
        np.bincount(where, what, len(edges) - 1)
        for where, what in ((place, w), (of_decay[0], of_decay[1] ** 2), (place, np.ones_like(w)))
    )
    return Histogram(edges, *(np.asarray(column, dtype=np.float64) for column in sums))


def _added_up(
    place: NDArray[Any], weight: Array, decay: NDArray[Any]
) -> tuple[NDArray[Any], Array]:
    """Bins and weights of decays, from those of their events, which are side by side."""
    if not len(place):
        return place, weight
    group = np.cumsum(np.diff(decay, prepend=decay[:1]) != 0)
    order = np.lexsort((place, group))
    is_new = np.diff(group[order], prepend=-1) != 0
    is_new |= np.diff(place[order], prepend=-1) != 0
    first = np.flatnonzero(is_new)
    return place[order][first], np.add.reduceat(weight[order], first)


def collect(files: Sequence[str | Path], settings: Settings) -> Spectra:
    """Histograms of all selected files.

    Args:
        files: selected events of every run and sample.
        settings: of `correction_jobs.histogram_settings`: `sources` (what each file is, in the same
            order), `edges_keV`, `components` (whose events in front of dead photomultipliers are
            split off), `live_days`, `is_simulated`.

    Raises:
        InputError: a number of files other than that of the sources; a wall sample that does not
            say which events are in front of dead photomultipliers.
    """
    sources, edges = settings["sources"], settings["edges_keV"]
    if len(files) != len(sources):
        raise InputError(
            f"are {len(files)} files for {len(sources)} runs and samples", field="selected files"
        )
    samples: dict[tuple[str, str], Split] = {}
    data: dict[str, Split] = {}
    known = [
        _add_data(data, file, source, edges)
        if source["kind"] == DATA
        else _add(samples, file, source, settings)
        for file, source in zip(files, sources, strict=True)
    ]
    truth = all(has for has, source in zip(known, sources, strict=True) if source["kind"] == DATA)
    return Spectra(
        samples, data, settings["live_days"], settings["is_simulated"], truth and bool(data)
    )


def _add_data(data: dict[str, Split], file: str | Path, source: Settings, edges: ArrayLike) -> bool:
    """Add a run to its stream; says whether it holds the truth, as simulated data may."""
    data.setdefault(source["stream"], Split.empty(edges))
    with open_tree(file, "events", allow_empty=True) as tree:
        has_truth = IN_FRONT_OF_DEAD in tree.branches
    for columns in read_columns(file, names=[ENERGY, *([IN_FRONT_OF_DEAD] if has_truth else [])]):
        dead = (
            columns[IN_FRONT_OF_DEAD] == 1
            if has_truth
            else np.zeros(len(columns[ENERGY]), dtype=bool)
        )
        data[source["stream"]] += _split(columns[ENERGY], np.ones(len(dead)), dead, edges)
    return has_truth


def _add(
    samples: dict[tuple[str, str], Split], file: str | Path, source: Settings, settings: Settings
) -> bool:
    """Add a sample to its components; a sample of several counts them in the column `component`."""
    components, edges = source["component"].split(","), settings["edges_keV"]
    wall = [name in settings["components"] for name in components]
    names = [ENERGY, "weight"] + (["component"] if len(components) > 1 else [])
    if any(wall):
        with open_tree(file, "events", allow_empty=True) as tree:
            tree.require([IN_FRONT_OF_DEAD], {IN_FRONT_OF_DEAD: "dead_pmt.components"})
        names.append(IN_FRONT_OF_DEAD)
    for name in components:
        samples.setdefault((name, source["variation"]), Split.empty(edges))
    for columns in read_columns(file, names=names):
        n = len(columns[ENERGY])
        for number, name in enumerate(components):
            mine = columns["component"] == number if len(components) > 1 else np.ones(n, dtype=bool)
            dead = columns[IN_FRONT_OF_DEAD] == 1 if wall[number] else np.zeros(n, dtype=bool)
            part = _split(columns[ENERGY][mine], columns["weight"][mine], dead[mine], edges)
            samples[name, source["variation"]] += part
    return True


def _split(
    energy: NDArray[Any], weight: NDArray[Any], dead: NDArray[np.bool_], edges: ArrayLike
) -> Split:
    return Split(*(fill(energy[part], weight[part], edges) for part in (dead, ~dead)))


# -- files


def write_histograms(
    path: str | Path, spectra: Spectra, metadata: Mapping[str, Any] | None = None
) -> None:
    """Write all histograms into one ROOT file, whole or absent."""
    import uproot

    record = {
        "is_simulated": spectra.is_simulated,
        "live_days": spectra.live_days,
        "truth_of_data": spectra.truth_of_data,
        "units": {"samples": "events per day", DATA: "events"},
        "samples": [list(key) for key in spectra.samples],
        "streams": list(spectra.data),
    }
    with (
        whole_or_absent(path) as beside,
        uproot.recreate(str(beside), compression=uproot.ZSTD(1)) as file,
    ):
        file[METADATA] = canonical_json({**(metadata or {}), **record})
        for folder, split in _folders(spectra):
            unit = "events" if folder.startswith(f"{DATA}/") else "events per day"
            for part in _PARTS:
                histogram: Histogram = getattr(split, part)
                where = f"{folder}/{part}"
                file[where] = th1d(histogram, part, f"{where};energy [keVee];{unit}")
                n, name = histogram.entries, f"{part}_entries"
                counts = Histogram(histogram.edges_keV, n, n, n)
                file[f"{where}_entries"] = th1d(
                    counts, name, f"{where}, entries;energy [keVee];events"
                )


def _folders(spectra: Spectra) -> list[tuple[str, Split]]:
    samples = [
        (f"{component}/{variation}", split)
        for (component, variation), split in spectra.samples.items()
    ]
    return samples + [(f"{DATA}/{stream}", split) for stream, split in spectra.data.items()]


def th1d(histogram: Histogram, name: str, title: str) -> Any:
    """A TH1D with Sumw2 and the moments that ROOT prints as mean and deviation."""
    from uproot.writing.identify import to_TAxis, to_TH1x

    edges, values, variances = histogram.edges_keV, histogram.values, histogram.variances
    centres = (edges[1:] + edges[:-1]) / 2
    title, x_title, y_title = title.split(";")
    with_overflow, squares = (
        np.concatenate([[0.0], column, [0.0]]) for column in (values, variances)
    )
    return to_TH1x(
        fName=name, fTitle=title, data=with_overflow, fSumw2=squares, fEntries=float(histogram.entries.sum()),
        fTsumw=float(values.sum()), fTsumw2=float(variances.sum()), fTsumwx=float(values @ centres),
        fTsumwx2=float(values @ centres**2),
        fXaxis=to_TAxis("xaxis", x_title, len(values), float(edges[0]), float(edges[-1]), fXbins=edges),
        fYaxis=to_TAxis("yaxis", y_title, 1, 0.0, 1.0),
    )  # fmt: skip


def read_histograms(path: str | Path) -> Spectra:
    """Read what `write_histograms` wrote.

    Raises:
        InputError: no such file, or one that this program did not write.
    """
    record = read_metadata(path)
    if not {"samples", "streams", "live_days"} <= record.keys():
        raise InputError(
            "holds no histograms of this program",
            file=path,
            remedy="make it with the step `histograms`",
        )
    import uproot

    with uproot.open({str(path): None}) as file:

        def split(folder: str) -> Split:
            return Split(
                *(
                    _read(file[f"{folder}/{part}"], file[f"{folder}/{part}_entries"])
                    for part in _PARTS
                )
            )

        return Spectra(
            samples={
                (name, variation): split(f"{name}/{variation}")
                for name, variation in record["samples"]
            },
            data={stream: split(f"{DATA}/{stream}") for stream in record["streams"]},
            live_days=float(record["live_days"]),
            is_simulated=record["is_simulated"],
            truth_of_data=record["truth_of_data"],
        )


def _read(histogram: Any, entries: Any) -> Histogram:
    values, edges = histogram.to_numpy()
    return Histogram(
        np.asarray(edges), np.asarray(values), np.asarray(histogram.variances()), entries.values()
    )
