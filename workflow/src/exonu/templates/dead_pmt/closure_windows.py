"""Events on windows of living and of dead photomultipliers: what the closure of the correction is
made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exonu.core.errors import InputError
from exonu.core.progress import Progress
from exonu.core.seeds import derived_seed
from exonu.core.settings import Settings, merged
from exonu.detector.model import Detector
from exonu.events.raw.raw_events import INNER, Events
from exonu.events.raw.writer import ColumnWriter
from exonu.events.variables import raw_variables
from exonu.simulation.components import Component, component
from exonu.simulation.generation.generate import Deposits, generate, join
from exonu.simulation.light.photons import sources_from_deposits
from exonu.simulation.light.tracer import trace
from exonu.simulation.wall.wall_decays import PLACES
from exonu.templates.dead_pmt.probes import NONE, TREE, ProbeMaker, Probes, probe_maker

Booleans = NDArray[np.bool_]
Integers = NDArray[np.int64]

SETS = ("data", "simulation")
BLOCK = 500
"""Events of each bin that are made together, with seeds of their own: any number of jobs gives the
same events."""
DECAYS_AT_ONCE = 50_000
MOST_ATTEMPTS = 400
FOCUS_SHARE = 0.9


@dataclass(frozen=True)
class ClosureSettings:
    """Statistics and optics of the closure, of the block `closure`.

    Attributes:
        events_per_bin: events on dead windows in each bin, in each set.
        probes_per_bin: events on living windows.
        edges_keV: bins of visible energy.
        component: its decays on windows are taken.
        detector: in what the data differ from the nominal detector.
    """

    events_per_bin: int = 5000
    probes_per_bin: int = 15_000
    edges_keV: tuple[float, ...] = (1.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 20.0, 30.0)
    component: str = "surface"
    detector: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        for name in ("events_per_bin", "probes_per_bin"):
            if getattr(self, name) < 1:
                raise InputError(
                    f"must be ≥ 1 (got {getattr(self, name)})", field=f"closure.{name}"
                )
        if (
            len(self.edges_keV) < 2
            or not np.all(np.diff(self.edges_keV) > 0)
            or self.edges_keV[0] <= 0
        ):
            raise InputError(
                f"must ascend from above 0 (got {list(self.edges_keV)})", field="closure.edges_keV"
            )
        if not self.detector:
            raise InputError(
                "is empty: the data would be as simulated",
                field="closure.detector",
                remedy="say in what they differ, e.g. {optics: {photocathode_reflectance: 0.25}}",
            )

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> ClosureSettings:
        """From the block `closure`."""
        known = {field.name for field in fields(cls)}
        if unknown := settings.keys() - known:
            raise InputError(
                "is not a setting",
                field=f"closure.{min(unknown)}",
                remedy=f"known: {', '.join(known)}",
            )
        edges = (
            {"edges_keV": tuple(map(float, settings["edges_keV"]))}
            if "edges_keV" in settings
            else {}
        )
        return cls(**{**settings, **edges})


@dataclass(frozen=True)
class Windows:
    """Makes window events of one set and looks at them as the analysis would.

    Attributes:
        maker: reconstruction, cuts, choice of probes: all nominal.
        detector: in which the light is traced.
        dead: dead photomultipliers, shape (n_channels,).
        settings: statistics.
        seed: of this set.
        activities: overrides of the table of activities.
    """

    maker: ProbeMaker
    detector: Detector
    dead: Booleans
    settings: ClosureSettings
    seed: int
    activities: Mapping[str, Any] | None = None

    def probes(self, number: int) -> Probes:
        """A block of probes, on living windows."""
        _, events = self._events(number, on_dead=False)
        columns = self._reconstructed(events)
        chosen = np.flatnonzero(self.maker.chosen({**events.scalars(), **columns}))
        mask = np.zeros(len(chosen), dtype=np.int64)
        return self.maker.masked(
            events[chosen], columns["max_pe_channel"][chosen], self.dead[None], mask
        )

    def on_dead(self, number: int) -> Probes:
        """A block of events on dead windows; `channel` is that of the window."""
        channel, events = self._events(number, on_dead=True)
        return self.maker.judged(events, self._reconstructed(events), channel)

    def _reconstructed(self, events: Events) -> dict[str, NDArray[Any]]:
        return self.maker.reconstruction.columns(
            events, self.dead[None], np.zeros(len(events), dtype=np.int64)
        )

    def _events(self, number: int, *, on_dead: bool) -> tuple[Integers, Events]:
        """Traced events with their hits and variables, and the channel of each one's window."""
        seed = derived_seed(self.seed, f"{number}/{'dead' if on_dead else 'living'}")
        channel, deposits = self._deposits(seed, on_dead=on_dead, number=number)
        ids = np.arange(len(deposits))
        nominal = self.maker.reconstruction.detector
        light = sources_from_deposits(
            deposits.event, deposits.site_position_cm, deposits.site_energy_keV, nominal, seed=seed, event_ids=ids,
            axis=deposits.axis, cos_min=deposits.cos_min, escape=deposits.escape,
        )  # fmt: skip
        hits = trace(light, self.detector, seed, ids, dead=self.dead)
        events = Events(
            run=np.ones(len(ids), dtype=np.uint32),
            event=ids.astype(np.uint64),
            time_s=np.zeros(len(ids)),
            trigger=np.full(len(ids), INNER, dtype=np.uint8),
            offsets=hits.offsets,
            channel=hits.channel,
            charge=hits.charge,
            time=hits.time,
        )[hits.triggered]
        # the light yield of a detector is known from its calibration source at the centre
        scale = self.detector.collection_at_centre / nominal.collection_at_centre
        return channel[hits.triggered], events.with_columns(
            time_since_previous_ms=np.full(len(events), np.inf),
            light_yield_scale=np.full(len(events), scale),
            **raw_variables(events, early_window_ns=self.maker.early_window_ns),
        )

    def _deposits(self, seed: int, *, on_dead: bool, number: int) -> tuple[Integers, Deposits]:
        """As many decays as wanted of each bin of visible energy, and the channels that they are
        on."""
        from scipy.spatial import KDTree

        geometry, edges = self.detector.geometry, self.settings.edges_keV
        in_all = self.settings.events_per_bin if on_dead else self.settings.probes_per_bin
        wanted = min(BLOCK, in_all - number * BLOCK)
        what, tree = self._component(on_dead=on_dead), KDTree(geometry.positions_cm)
        kept: list[Deposits] = []
        channels: list[Integers] = []
        missing = np.full(len(edges) - 1, wanted)
        for attempt in range(MOST_ATTEMPTS):
            made = generate(
                what, DECAYS_AT_ONCE, geometry, seed=derived_seed(seed, f"decays/{attempt}"),
                window_keV=(edges[0], edges[-1]),
            )  # fmt: skip
            channel = np.asarray(tree.query(made.origin_cm)[1], dtype=np.int64)
            place = np.searchsorted(edges, made.visible_keV, side="right") - 1
            right = np.flatnonzero((self.dead[channel] == on_dead) & (place < len(missing)))
            right = right[np.argsort(_mixed(made.number[right], made.source[right]), kind="stable")]
            rows = np.concatenate(
                [right[place[right] == k][:count] for k, count in enumerate(missing)]
            )
            kept.append(made.take(rows))
            channels.append(channel[rows])
            missing -= np.bincount(place[rows], minlength=len(missing))
            if not missing.any():
                return np.concatenate(channels), join(kept)
        raise InputError(
            f"has too few decays on {'dead' if on_dead else 'living'} windows in a bin of visible energy "
            f"({missing.max()} are missing after {MOST_ATTEMPTS * DECAYS_AT_ONCE} decays)",
            field=f"closure.component ({self.settings.component})",
            remedy="choose wider bins (closure.edges_keV)",
        )

    def _component(self, *, on_dead: bool) -> Component:
        """The decays on windows."""
        geometry = self.detector.geometry
        focus = (
            {"channels": np.flatnonzero(self.dead).tolist(), "share": FOCUS_SHARE}
            if on_dead
            else None
        )
        what = component(self.settings.component, geometry, self.activities, focus=focus)
        sources = tuple(source for source in what.sources if PLACES[source.place.kind] == "window")
        if not sources:
            raise InputError(
                f"has no decays on windows (got {what.name!r})", field="closure.component"
            )
        return replace(what, sources=sources)


def _mixed(number: Integers, source: Integers) -> Integers:
    """A key that mixes the sources in proportion: events are made source after source."""
    counts = np.bincount(source)
    share = np.empty(len(number))
    for k in np.flatnonzero(counts):
        share[source == k] = (np.arange(counts[k]) + 0.5) / counts[k]
    return np.asarray(np.argsort(np.argsort(share, kind="stable")), dtype=np.int64)


def make_windows(
    settings: Settings,
    light_map: str | Path,
    which: str,
    chunk: tuple[int, int],
    output: str | Path,
) -> int:
    """Run one job of the step `closure_events`.

    Args:
        settings: of `dead_pmt_jobs.closure_settings`.
        light_map: folder of the nominal light map.
        which: one of SETS.
        chunk: number of this job, from 0, and of all jobs.
        output: ROOT file with the tree `probes` and in it the column `on_dead`.

    Returns:
        Number of rows.
    """
    wanted = ClosureSettings.from_settings(settings["closure"])
    maker = probe_maker({**settings, "extra": []}, light_map)
    overrides = (
        merged(settings.get("detector") or {}, wanted.detector or {}) if which == "data" else None
    )
    geometry = maker.reconstruction.detector.geometry
    detector = (
        Detector.from_settings(overrides, geometry) if overrides else maker.reconstruction.detector
    )
    dead = np.zeros(geometry.n_channels, dtype=bool)
    dead[settings["dead_pmts"]] = True
    seed = derived_seed(settings["seed"], f"closure/{which}")
    windows = Windows(maker, detector, dead, wanted, seed, settings.get("activities"))
    work = [(False, number) for number in range(-(-wanted.probes_per_bin // BLOCK))]
    work += [(True, number) for number in range(-(-wanted.events_per_bin // BLOCK))]
    parts: list[list[Probes]] = [[NONE], [NONE]]
    mine = work[chunk[0] :: chunk[1]]
    with Progress(f"closure {which}", len(mine), unit="blocks") as progress:
        for on_dead, number in mine:
            parts[on_dead].append(windows.on_dead(number) if on_dead else windows.probes(number))
            progress.add(1)
    both = [Probes.join(kind) for kind in parts]
    rows = Probes.join(both)
    columns = {field.name: getattr(rows, field.name) for field in fields(Probes)}
    columns["on_dead"] = np.arange(len(rows)) >= len(both[0])
    with ColumnWriter(
        output, TREE, {"set": which, "is_simulated": True, "seed": settings["seed"]}
    ) as writer:
        writer.write(columns)
    return len(rows)
