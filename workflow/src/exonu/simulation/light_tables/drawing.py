"""Hits of events with plenty of light, from tables: as `tracer.trace`, some ten times as fast.

The mean number of photoelectrons of each channel is the sum over the event's sources of near light
(`near_light`) and of what is tabulated, linear in the triangle of nodes around the source and in
its depth. Numbers are Poisson distributed around it, which is exact, since the number of photons
is. Times are quantiles of the first of so many. What is not in the tables is traced: light from a
pocket's cone, without a slow part, or deeper in the liquid than the last layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from exonu.core.errors import InputError
from exonu.core.types import Array, Floats
from exonu.detector.model import Detector
from exonu.simulation.light.photons import LightSources
from exonu.simulation.light.tracer import (
    EVENTS_PER_BLOCK,
    Block,
    Hits,
    check_sources,
    emitters,
    hit_room,
    in_blocks,
    pulse_of,
)
from exonu.simulation.light_tables.arrival_times import LARGEST_LOGIT, slow_times_ns
from exonu.simulation.light_tables.nodes import domain_keys, nodes_of
from exonu.simulation.light_tables.table_making import DISTANCE_STEP_CM
from exonu.simulation.light_tables.table_set import LightTables

if TYPE_CHECKING:
    from exonu.simulation.light_tables.draw_kernels import Tables

Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]

MOST_DIRECTIONS = 512
"""Of near light from one source."""
COSINES = 2049
"""Cosines of incidence at which the share that a window takes is tabulated."""
_PLASTIC = 1.32471795724474602596
"""x³ = x + 1: multiples of 1/x and 1/x² fill the unit square evenly (Roberts' R2 sequence)."""
_LATE = 10
"""Slow decay times that the charge window must hold: the tables cut no late light."""
_FLIGHT_NS = 100.0


def _unfolded(values: Floats, of: Integers, names: Integers) -> Floats:
    """Values of all nodes, shape (n_nodes, n, n_channels), from those of the domain."""
    return np.ascontiguousarray(np.moveaxis(np.moveaxis(values, 1, 2)[of, names], 2, 1))


@dataclass(frozen=True)
class Drawing:
    """Draws hits of a detector from its tables.

    Attributes:
        detector: whose tables they are.
        tables: of light near its wall.
    """

    detector: Detector
    tables: LightTables

    def __post_init__(self) -> None:
        if self.tables.rest.shape[-1] != self.detector.geometry.n_channels:
            raise InputError(
                f"have {self.tables.rest.shape[-1]} channels, the detector has {self.detector.geometry.n_channels}",
                field="light tables",
                remedy="make the tables of this detector",
            )
        late = _LATE * float(np.max(self.detector.scintillation.slow_time_ns)) + _FLIGHT_NS
        if not self.detector.electronics.charge_window_ns >= late:
            raise InputError(
                f"is {self.detector.electronics.charge_window_ns:g} ns, and light from tables needs {late:g} ns: "
                "it has no end",
                field="detector.electronics.charge_window_ns",
                remedy="trace the light: remove the blocks `light`",
            )

    @cached_property
    def _kernel_tables(self) -> Tables:
        from exonu.simulation.light_tables.draw_kernels import Tables

        tables, geometry = self.tables, self.detector.geometry
        nodes = nodes_of(geometry, tables.frequency)
        of, names = nodes.representative[:, None], geometry.inverse_permutations[nodes.element]
        slow = slow_times_ns(self.detector)
        steps = np.arange(MOST_DIRECTIONS)
        angle = 2 * np.pi * (steps / _PLASTIC**2)
        return Tables(
            keys=domain_keys(geometry),
            symmetry=np.ascontiguousarray(geometry.symmetry),
            permutations=geometry.permutations,
            triangles=nodes.triangles,
            weights=nodes.weights,
            across=nodes.across,
            guess=nodes.guess,
            depths_cm=tables.depths_cm,
            rest=_unfolded(tables.rest, of, names),
            reflected=_unfolded(tables.reflected, of, names),
            near=tables.near_cm,
            absorbs=self._absorbs(),
            times_ns=tables.times_ns,
            distance_step_cm=DISTANCE_STEP_CM,
            largest_logit=LARGEST_LOGIT,
            first_slow_ns=float(slow[0]),
            slow_step_ns=float(slow[1] - slow[0]),
            points=np.stack([steps / _PLASTIC % 1, np.cos(angle), np.sin(angle)], axis=1),
            positions=np.ascontiguousarray(geometry.positions_cm),
        )

    def _absorbs(self) -> Array:
        from exonu.detector.transport import window_absorbs

        medium = self.detector.medium
        return np.array(
            [
                window_absorbs(cosine, medium.n_ratio, medium.photocathode_reflectance)
                for cosine in np.linspace(0, 1, COSINES)
            ]
        )

    def is_tabled(self, sources: LightSources) -> Booleans:
        """Which sources the tables hold, shape (n,)."""
        depth = self.detector.geometry.depth_cm(sources.position_cm)
        held = (depth <= self.tables.deepest_cm) & (sources.cos_min <= -1)
        return np.asarray(held & (sources.energy_keV > 0))

    def __call__(
        self,
        sources: LightSources,
        seed: int,
        event_ids: Integers,
        *,
        dead: Booleans | None = None,
        mask: Integers | None = None,
        threads: int = 1,
        progress: Callable[[int], object] | None = None,
    ) -> Hits:
        """Hits of events; arguments as of `tracer.trace`.

        Raises:
            InputError: a source outside the detector, or of an event that is not in the list.
        """
        check_sources(sources, self.detector, len(event_ids))
        n_events, n_channels = len(event_ids), self.detector.geometry.n_channels
        sets = np.zeros((1, n_channels), dtype=bool) if dead is None else np.atleast_2d(dead)
        place = np.zeros(n_events, dtype=np.int64) if mask is None else np.asarray(mask)
        run = self._block_drawer(sources, seed, np.asarray(event_ids, dtype=np.int64), sets, place)
        return in_blocks(run, n_events, threads, progress)

    def _block_drawer(
        self, sources: LightSources, seed: int, ids: Integers, dead: Booleans, mask: Integers
    ) -> Callable[[int], Block]:
        from exonu.simulation.light_tables.draw_kernels import draw_events

        detector, tables = self.detector, self._kernel_tables
        pulse, columns = pulse_of(detector), emitters(sources, detector)
        is_tabled = self.is_tabled(sources)
        offsets = np.searchsorted(sources.event, np.arange(len(ids) + 1))

        def run(start: int) -> Block:
            rows = slice(start, min(start + EVENTS_PER_BLOCK, len(ids)))
            hits, counts, triggered = hit_room(rows.stop - start, detector.geometry.n_channels)
            found = draw_events(
                ids[rows], offsets[start : rows.stop + 1], columns, is_tabled, dead, mask[rows], pulse, tables,
                detector.medium, detector.walls, seed, hits, counts, triggered,
            )  # fmt: skip
            return counts, *(column[:found].copy() for column in hits), triggered

        return run
