"""Simulate: one raw ROOT file of one run or one sample of the demonstration, as an experiment would
write it.

Decays and their sites of energy (`generate`), light (`light`), hits (`tracer`, or `light_tables`
where a stream or sample asks for it), the layout of `raw`. The same bytes for any number of threads
and any chunks."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from exonu.core.errors import InputError
from exonu.core.progress import Progress
from exonu.core.seeds import derived_seed
from exonu.core.settings import Settings
from exonu.core.types import Array
from exonu.detector.geometry_table import own_geometry
from exonu.detector.model import Detector
from exonu.events.raw.raw_events import INNER, Events, EventWriter
from exonu.events.runs.run_list import Calibration
from exonu.simulation.blocks import (
    Block,
    OuterPrescale,
    expected_decays,
    run_blocks,
    sample_blocks,
)
from exonu.simulation.components import WALL_CLASSES, Component, component, injected
from exonu.simulation.light.photons import LightSources, sources_from_deposits
from exonu.simulation.light.tracer import Hits, interleaved, trace
from exonu.simulation.weighting import Repetition, Thinning, Weighting

if TYPE_CHECKING:
    from exonu.simulation.light_tables.drawing import Drawing

_log = logging.getLogger(__name__)

EVENTS_AT_ONCE = 4096
"""Events whose hits are in memory together: 30 MB if all photomultipliers are hit."""


@dataclass(frozen=True)
class Simulation:
    """What is simulated, for a run or a sample; iterate over `events`.

    Attributes:
        name: for messages.
        detector: that sees the events. Its light at the centre is `calibration.light_yield` times
            the nominal one.
        components: what decays; an event's `component` is an index into them.
        blocks: gives the events before light.
        decays: about how many decays that is.
        calibration: is *put on* the hits, so that `ingest` takes it off.
        run: number of the run; None for a sample.
        dead: photomultipliers that record nothing, shape (n_channels,).
        tables_above_keV: by component, in their order: visible energy above which light comes from
            tables; infinite traces it all.
        drawing: draws light from tables; needed where some is.
    """

    name: str
    detector: Detector
    components: tuple[Component, ...]
    blocks: Callable[[], Iterator[Block]]
    decays: int
    calibration: Calibration = field(default_factory=Calibration)
    run: int | None = None
    dead: NDArray[np.bool_] | None = None
    tables_above_keV: tuple[float, ...] = ()
    drawing: Drawing | None = None

    @classmethod
    def of(cls, settings: Settings, light_tables: str | Path | None = None) -> Simulation:
        """From the settings of `simulation_settings.simulate_settings`.

        Args:
            settings: see there.
            light_tables: folder of the detector's light tables, if the settings ask for light from
                tables.

        Raises:
            InputError: settings of the detector, the activities or an injected signal that are not
                allowed; tables that are missing or of another detector.
        """
        geometry = own_geometry(settings["geometry"])
        detector = Detector.from_settings(settings["detector"], geometry)
        calibration = Calibration(**settings["calibration"])
        made = (_of_run if "run" in settings else _of_sample)(settings, detector, calibration)
        of = settings["stream" if "run" in settings else "sample"]
        above = of.get("light_from_tables_above_keV", {})
        if not above:
            return made
        return replace(
            made,
            tables_above_keV=tuple(above.get(what.name, np.inf) for what in made.components),
            drawing=_drawing(settings, detector, light_tables),
        )

    def events(
        self,
        threads: int = 1,
        progress: Callable[[int], object] | None = None,
        events_at_once: int = EVENTS_AT_ONCE,
    ) -> Iterator[Events]:
        """Raw events, chunk by chunk.

        Of a run, those that trigger, in the order of time and numbered in it. Of a sample, all of
        them: its trigger word is 0 where there was no trigger, so that the efficiency of the
        trigger can be seen.

        Args:
            threads: number of threads; changes nothing else.
            progress: called with numbers of decays done.
            events_at_once: size of the chunks; changes nothing else.
        """
        written = 0
        for block in self.blocks():
            told, n = 0, len(block.deposits)
            for start in range(0, n, events_at_once):
                rows = np.arange(start, min(start + events_at_once, n))
                events = self._seen(block, rows, threads)
                if self.run is not None:
                    events = events[events.trigger > 0]
                    events.event[:] = np.arange(written, written + len(events), dtype=np.uint64)
                written += len(events)
                if progress is not None:
                    done = block.decays * (int(rows[-1]) + 1) // n
                    progress(done - told)
                    told = done
                yield events
            if progress is not None:
                progress(block.decays - told)

    def _seen(self, block: Block, rows: NDArray[np.int64], threads: int) -> Events:
        """Light and hits of some events of a block."""
        deposits, calibration = block.deposits.take(rows), self.calibration
        light = sources_from_deposits(
            deposits.event,
            deposits.site_position_cm,
            deposits.site_energy_keV,
            self.detector,
            seed=block.seed,
            event_ids=deposits.event_id,
            axis=deposits.axis,
            cos_min=deposits.cos_min,
            escape=deposits.escape * calibration.light_yield,
        )
        dead = None if self.dead is None else self.dead[None]
        visible_keV = deposits.visible_keV
        hits = self._hits(
            light, block.seed, deposits.event_id, visible_keV, block.component[rows], dead, threads
        )
        return Events(
            run=np.full(len(rows), self.run or 0, dtype=np.uint32),
            event=block.number[rows],
            time_s=block.time_s[rows],
            trigger=(hits.triggered * INNER).astype(np.uint8),
            offsets=hits.offsets,
            channel=hits.channel,
            charge=hits.charge * np.float32(calibration.gain),
            time=hits.time + np.float32(calibration.time_offset_ns),
            true_energy_keV=deposits.true_energy_keV,
            true_xyz_cm=deposits.position_cm,
            component=block.component[rows],
            weight=deposits.weight_per_day if self.run is None else None,
        )

    def _hits(
        self,
        light: LightSources,
        seed: int,
        event_ids: NDArray[np.int64],
        visible_keV: Array,
        component: NDArray[np.uint16],
        dead: NDArray[np.bool_] | None,
        threads: int,
    ) -> Hits:
        """Hits of events, traced or drawn from tables."""
        if self.drawing is None:
            return trace(light, self.detector, seed, event_ids, dead=dead, threads=threads)
        drawn = visible_keV > np.array(self.tables_above_keV)[component]
        parts = [
            trace(
                light.of_events(~drawn), self.detector, seed, event_ids[~drawn], dead=dead, threads=threads
            ),
            self.drawing(light.of_events(drawn), seed, event_ids[drawn], dead=dead, threads=threads),
        ]  # fmt: skip
        return interleaved(parts, drawn)

    def no_events(self) -> Events:
        """A list without events, to settle the columns of a file."""
        return replace(
            Events.of([], [], []),
            true_energy_keV=np.empty(0),
            true_xyz_cm=np.empty((0, 3)),
            component=np.empty(0, dtype=np.uint16),
            weight=np.empty(0) if self.run is None else None,
        )


@dataclass
class SimulationReport:
    """Numbers of events and hits that were written."""

    n_events: int = 0
    n_hits: int = 0


def simulate(
    settings: Settings,
    output: str | Path,
    *,
    light_tables: str | Path | None = None,
    threads: int = 1,
) -> SimulationReport:
    """Run one job of the step `simulate`.

    Args:
        settings: of `simulation_settings.simulate_settings`, also after a way through JSON.
        output: the raw file.
        light_tables: folder of the tables, where the settings ask for light from them.
        threads: number of threads; changes nothing else.
    """
    simulation = Simulation.of(settings, light_tables)
    metadata = {
        "is_simulated": True,
        "seed": settings["seed"],
        "settings": settings,
        "components": [what.name for what in simulation.components],
    }
    report = SimulationReport()
    progress = Progress(f"simulate {simulation.name}", simulation.decays, unit="decays")
    with EventWriter(output, metadata) as writer, progress:
        writer.write(simulation.no_events())
        for events in simulation.events(threads, progress.add):
            writer.write(events)
            report.n_events += len(events)
            report.n_hits += int(events.offsets[-1])
    _log.info("simulate %s: %d events, %d hits", simulation.name, report.n_events, report.n_hits)
    return report


def _drawing(settings: Settings, detector: Detector, light_tables: str | Path | None) -> Drawing:
    from exonu.simulation.light_tables.drawing import Drawing
    from exonu.simulation.light_tables.table_set import LightTables

    if light_tables is None:
        raise InputError(
            "asks for light from tables, and none are given",
            field="light_from_tables_above_keV",
            remedy="make them with the step light_tables",
        )
    tables = LightTables.load(light_tables)
    for name in ("geometry", "detector"):
        if tables.settings.get(name) != settings[name]:
            raise InputError(
                f"are of another detector: `{name}` differs",
                file=light_tables,
                field="light tables",
                remedy="make them again",
            )
    return Drawing(detector, tables)


def _of_run(settings: Settings, detector: Detector, calibration: Calibration) -> Simulation:
    run, stream, geometry = settings["run"], settings["stream"], detector.geometry
    components = [
        component(name, geometry, settings["activities"]) for name in stream["components"]
    ]
    if settings["injected"] is not None:
        components.append(injected(geometry, **settings["injected"]))
    dead = np.zeros(geometry.n_channels, dtype=bool)
    dead[run["dead_pmts"]] = True
    factors, prescale = settings["factors"], stream["prescale"]
    blocks = partial(
        run_blocks, components, run["live_time_s"], geometry, derived_seed(settings["seed"], f"run={run['run']}"),
        factors=factors, prescale=prescale, window_keV=tuple(stream["window_keV"]),
        live_fraction=stream["live_fraction"], outer_prescale=OuterPrescale.of(stream.get("outer_prescale")),
    )  # fmt: skip
    decays = round(
        expected_decays(components, run["live_time_s"] / stream["live_fraction"], factors, prescale)
    )
    return Simulation(
        f"run {run['run']}",
        detector,
        tuple(components),
        blocks,
        decays,
        calibration,
        run=run["run"],
        dead=dead,
    )


def _of_sample(settings: Settings, detector: Detector, calibration: Calibration) -> Simulation:
    sample, geometry = settings["sample"], detector.geometry
    components = [
        component(
            name,
            geometry,
            settings["activities"],
            liquid_radius_cm=sample["liquid_radius_cm"],
            emphasis=sample["emphasis"],
            **_focus(name, sample),
        )
        for name in sample["components"]
    ]
    for what, decays in zip(components, sample["decays"], strict=True):
        if decays < len(what.sources):
            raise InputError(
                f"has {len(what.sources)} sources, and gets {decays} decays",
                field=f"simulation.samples.{sample['sample']}.decays ({what.name})",
                remedy="give at least one for each source",
            )
    seed = derived_seed(settings["seed"], "samples")
    weighting = Weighting(
        tuple(Thinning(**rule) for rule in sample["thin"]),
        tuple(Repetition(**rule) for rule in sample["repeat"]),
        sample["largest_weight_per_day"] or np.inf,
    )
    blocks = partial(
        sample_blocks,
        components,
        sample["decays"],
        geometry,
        seed,
        tuple(sample["window_keV"]),
        weighting,
        OuterPrescale.of(sample["outer_prescale"]),
    )
    name = f"sample {sample['sample']}"
    return Simulation(name, detector, tuple(components), blocks, sum(sample["decays"]), calibration)


def _focus(name: str, sample: Settings) -> Settings:
    """More decays around dead photomultipliers, for what decays in the wall."""
    return {"focus": sample["focus"]} if sample["focus"] and name in WALL_CLASSES else {}
