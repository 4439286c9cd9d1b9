"""Simulated events of an analysis, component by component, as templates need them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exonu.core.errors import InputError
from exonu.core.settings import Settings
from exonu.core.types import Array
from exonu.events.expressions import parse
from exonu.events.raw.root_files import read_columns
from exonu.events.runs.run_list import NOMINAL
from exonu.events.selection.cuts import Selection
from exonu.events.variables import known_variables
from exonu.templates.calibrated_effects import CalibratedOptics
from exonu.templates.dead_pmt.correction import DeadPmtCorrection
from exonu.templates.histograms import ENERGY, IN_FRONT_OF_DEAD
from exonu.templates.signal_response import SimulatedRecoils
from exonu.templates.systematics import Systematic
from exonu.templates.unseen import BESIDE, Weighted

Mask = NDArray[np.bool_]
EventColumns = tuple[NDArray[Any], Array, Array]
"""Numbers, energies [keVee] and weights of events, shape (n,) each."""

SIGNAL, SOLAR = "signal", "solar"
RADIUS, HEIGHT = ("x_cm", "y_cm", "r_cm"), ("z_cm",)
VERTEX = ("r_pe_cm", "x_pe_cm", "y_pe_cm", "z_pe_cm", *RADIUS, *HEIGHT)
ALONG = {"all": VERTEX, "radius": RADIUS, "z": HEIGHT}
"""Coordinates that a systematic of kind `position` multiplies."""


@dataclass(frozen=True)
class Shift:
    """Coordinates of the vertex, multiplied.

    Attributes:
        factor: by which.
        along: which, a key of `ALONG`.
    """

    factor: float
    along: str = "all"

    def moved(self, columns: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Those of the columns that are of the vertex, multiplied."""
        return {key: self.factor * columns[key] for key in ALONG[self.along] if key in columns}


@dataclass(frozen=True)
class Kept:
    """Simulated events of one component that the nominal cuts or varied ones keep.

    Attributes:
        number: of each event in its sample, shape (n,), as are all.
        energy_keVee, true_energy_keV: reconstructed and true.
        weight: events per day, the dead-PMT correction applied.
        dead_up, dead_down: the correction's interval, relative to the correction; 1 for events that
            it leaves alone.
        passed: which events the cuts keep, `nominal`, of each shift of the vertex, and `beside`
            them.
        everywhere: all the component's events, selected or not.
    """

    number: NDArray[Any]
    energy_keVee: Array
    true_energy_keV: Array
    weight: Array
    dead_up: Array
    dead_down: Array
    passed: Mapping[str, Mask]
    everywhere: Weighted

    @property
    def beside(self) -> Weighted:
        """Events beside the cuts, those that pass included."""
        return Weighted(self.energy_keVee[self.passed[BESIDE]], self.weight[self.passed[BESIDE]])

    @property
    def recoils(self) -> SimulatedRecoils:
        """The same as recoils of a signal sample, with the nominal selection."""
        return SimulatedRecoils(
            self.true_energy_keV,
            self.energy_keVee,
            self.weight,
            self.passed[NOMINAL].astype(np.float64),
        )


@dataclass(frozen=True)
class Sources:
    """Where the events are.

    Attributes:
        data: selected events of the physics runs; None if the analysis is blind.
        nominal: reconstructed events of each nominal sample.
        varied: selected events of each sample of a variation.
        correction: of events in front of dead photomultipliers, None if there is none.
        calibrated_scale: relative uncertainty of the energy scale that the calibration finds, None
            if there is none.
        optics: what the calibration of the optics and of the vertex finds, None if there is none.
        before_cuts: the reconstructed events of the data's runs and of the varied samples, in their
            order; none without slices and regions.
        is_selected: whether data and varied samples have passed the cuts already.
    """

    data: Sequence[Path] | None
    nominal: Mapping[str, Path]
    varied: Mapping[str, Path]
    correction: DeadPmtCorrection | None = None
    calibrated_scale: float | None = None
    optics: CalibratedOptics | None = None
    before_cuts: Sequence[Path] = ()
    is_selected: bool = True

    def unselected(self) -> Sources:
        """The same before the cuts: what slices and regions are selected from."""
        n_data = len(self.data or ())
        varied = dict(zip(self.varied, self.before_cuts[n_data:], strict=True))
        data = None if self.data is None else self.before_cuts[:n_data]
        return replace(self, data=data, varied=varied, before_cuts=(), is_selected=False)


@dataclass(frozen=True)
class SampleReader:
    """Reads the samples of an analysis.

    Attributes:
        settings: of `template_jobs.template_settings`.
        sources: the files.
        shifts: of the vertex, by the names of the varied selections.
        without: cuts that are left out, by the names of the varied selections.
        with_truth: systematics that need the true energy of the components that they touch.
    """

    settings: Settings
    sources: Sources
    shifts: Mapping[str, Shift]
    without: Mapping[str, str] = field(default_factory=dict)
    with_truth: tuple[Systematic, ...] = ()

    @cached_property
    def selection(self) -> Selection:
        """The cuts."""
        return Selection.from_settings(
            self.settings["cuts"], self.settings["extra"], self.settings["file"]
        )

    @cached_property
    def beside(self) -> Selection:
        """The cuts with one of them wider, if the settings say so."""
        instead = self.settings["templates"]["beside"]
        if not instead:
            return self.selection
        keep = parse(
            instead["keep"],
            known_variables(self.settings["extra"]),
            want_truth=True,
            file=self.settings["file"],
            field="templates.beside.keep",
        )
        return self.selection.instead(instead["cut"], keep)

    @cached_property
    def varied_selections(self) -> tuple[str, ...]:
        """Names of the selections beside the nominal one."""
        return (BESIDE, *self.without, *self.shifts)

    def is_corrected(self, component: str) -> bool:
        """Whether the dead-PMT correction is one of this component's events."""
        return self.sources.correction is not None and component in self.settings["wall"]

    def names(self, component: str) -> set[str]:
        """Columns that are read of a component beside those of the cuts."""
        names = {ENERGY, "weight", "event"}
        names |= {IN_FRONT_OF_DEAD} if self.is_corrected(component) else set()
        needs_truth = any(one.touches(component) for one in self.with_truth)
        return names | (
            {"true_energy_keV"} if component in (SIGNAL, SOLAR) or needs_truth else set()
        )

    def passed(self, columns: Mapping[str, NDArray[Any]], mine: Mask) -> dict[str, Mask]:
        """Which events of the component, `mine`, each selection keeps."""
        wanted = {*self.selection.wanted, *self.beside.wanted}
        exact = {
            name: _in_64_bits(columns[name]) for name in wanted
        }  # once, not by every condition
        passed = {NOMINAL: mine & self.selection.kept(exact)}
        is_same = self.beside is self.selection
        passed[BESIDE] = passed[NOMINAL] if is_same else mine & self.beside.kept(exact)
        for name, cut in self.without.items():
            passed[name] = mine & self.selection.without(cut).kept(exact)
        for name, shift in self.shifts.items():
            moved = shift.moved({key: columns[key] for key in wanted})
            passed[name] = mine & self.selection.kept({**exact, **moved})
        return passed

    def kept(
        self, columns: Mapping[str, NDArray[Any]], component: str, passed: Mapping[str, Mask],
        everywhere: Weighted,
    ) -> Kept:  # fmt: skip
        """Those events of a chunk that any selection keeps."""
        rows = np.logical_or.reduce(list(passed.values()))
        energy = columns[ENERGY][rows].astype(np.float64)
        c, up, down = np.ones((3, len(energy)))
        if self.sources.correction is not None and self.is_corrected(component):
            dead = columns[IN_FRONT_OF_DEAD][rows] == 1
            c[dead], up[dead], down[dead] = self.sources.correction.factor_at(energy[dead])
            up, down = up / c, down / c
        true = columns.get("true_energy_keV", columns[ENERGY])[rows].astype(np.float64)
        weight = c * columns["weight"][rows]
        return Kept(
            columns["event"][rows],
            energy,
            true,
            weight,
            up,
            down,
            {key: mask[rows] for key, mask in passed.items()},
            everywhere,
        )


def nominal_chunks(readers: Sequence[SampleReader], row: Mapping[str, Any]) -> Iterator[list[Kept]]:
    """Events of a nominal sample that any of the selections keeps, chunk by chunk, for samples that no
    memory holds: of each reader, from one pass over the file.

    Raises:
        InputError: a control region that has events of the spectrum, or of another region.
    """
    first = readers[0]
    file, component = first.sources.nominal[row["sample"]], row["components"][0]
    wanted = {name for one in readers for name in (*one.selection.wanted, *one.beside.wanted)}
    nothing_read = True
    for columns in read_columns(file, names=sorted(first.names(component) | wanted)):
        mine = np.ones(len(columns[ENERGY]), dtype=bool)
        passed = [one.passed(columns, mine) for one in readers]
        require_apart(readers, [masks[NOMINAL] for masks in passed])
        everywhere = Weighted(
            columns[ENERGY].astype(np.float64), columns["weight"].astype(np.float64, copy=False)
        )
        yield [
            one.kept(columns, component, masks, everywhere)
            for one, masks in zip(readers, passed, strict=True)
        ]
        nothing_read = False
    if nothing_read:
        yield [_nothing(one.varied_selections) for one in readers]


def _in_64_bits(values: NDArray[Any]) -> NDArray[Any]:
    """What an expression makes of single-precision numbers."""
    return values.astype(np.float64) if values.dtype == np.float32 else values


def nominal_events(readers: Sequence[SampleReader], row: Mapping[str, Any]) -> list[Kept]:
    """The same, all chunks together."""
    chunks = list(nominal_chunks(readers, row))
    return [_joined(parts) for parts in zip(*chunks, strict=True)]


def varied_events(
    readers: Sequence[SampleReader], variation: str, component: str
) -> list[EventColumns] | None:
    """Numbers, energies and weights of a component's selected events in a variation, of each reader;
    None without a sample."""
    first, parts = readers[0], []
    for row in first.settings["varied"]:
        if row["variation"] != variation or component not in row["components"]:
            continue
        place, is_alone = row["components"].index(component), len(row["components"]) == 1
        names = first.names(component) | (set() if is_alone else {"component"})
        if not first.sources.is_selected:
            names |= {name for one in readers for name in one.selection.wanted}
        for columns in read_columns(first.sources.varied[row["sample"]], names=sorted(names)):
            of_it = columns["component"] == place if not is_alone else np.array(True)
            mine = np.broadcast_to(of_it, len(columns[ENERGY]))
            parts.append([_varied(one, columns, component, mine) for one in readers])
        parts.append([(np.empty(0, np.uint64), np.empty(0), np.empty(0)) for _ in readers])
    if not parts:
        return None
    joined = [
        tuple(np.concatenate(column) for column in zip(*chunks, strict=True))
        for chunks in zip(*parts, strict=True)
    ]
    return [(number, energy, weight) for number, energy, weight in joined]


def _varied(
    reader: SampleReader, columns: Mapping[str, NDArray[Any]], component: str, mine: Mask
) -> EventColumns:
    if not reader.sources.is_selected:
        mine = mine & reader.selection.kept(columns)
    kept = reader.kept(columns, component, {NOMINAL: mine}, _NOWHERE)
    return kept.number, kept.energy_keVee, kept.weight


def require_apart(readers: Sequence[SampleReader], masks: Sequence[Mask]) -> None:
    """Refuse a control region that has events of the spectrum or of another region: the fit would
    count them twice.

    Args:
        readers: of the spectrum first, then of its parts; or of regions alone.
        masks: which events each keeps, shape (n,) each.
    """
    regions = [place for place, one in enumerate(readers) if "region" in one.settings]
    for number, place in enumerate(regions):
        for other in dict.fromkeys((0, *regions[:number])):
            if other == place:
                continue
            if n := int(np.count_nonzero(masks[place] & masks[other])):
                name, of = readers[place].settings["region"], "the spectrum"
                if other in regions:
                    of = f"the region {readers[other].settings['region']}"
                raise InputError(
                    f"keeps {n} events that {of} keeps too",
                    file=readers[place].settings["file"], field=f"templates.regions ({name}).keep",
                    remedy="an event belongs to one channel of the fit: keep what the cut leaves out",
                )  # fmt: skip


_NOWHERE = Weighted(np.empty(0), np.empty(0))


def _joined(parts: Sequence[Kept]) -> Kept:
    """Chunks, one at least, one after the other."""
    columns = ("number", "energy_keVee", "true_energy_keV", "weight", "dead_up", "dead_down")
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in columns}
    passed = {key: np.concatenate([part.passed[key] for part in parts]) for key in parts[0].passed}
    return Kept(**joined, passed=passed, everywhere=Weighted.join([p.everywhere for p in parts]))


def _nothing(selections: Sequence[str]) -> Kept:
    """No events, of all selections."""
    empty = np.empty(0)
    passed = dict.fromkeys([NOMINAL, *selections], np.empty(0, dtype=bool))
    number = np.empty(0, dtype=np.uint64)
    return Kept(number, empty, empty, empty, empty, empty, passed, _NOWHERE)
