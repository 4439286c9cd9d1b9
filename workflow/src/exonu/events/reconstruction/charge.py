"""R(PE): the vertex from the charges of all photomultipliers.

The likelihood of n_i photoelectrons at a vertex v is Poisson, n_i ~ μ p_i(v). Its maximum over the
light μ is Σn / Σp, which leaves log L(v) = Σ n_i log(p_i(v) / Σ p(v)), the sums over living
photomultipliers. For many events and vertices that is a product of two matrices. What is measured
are charges; how many photoelectrons they were is a part of the likelihood, see `photoelectrons`: it
matters for dim events. Three steps:

1. all coarse vertices, and one in front of each photomultiplier, with the charges as numbers;
2. climbs over all vertices from the best coarse one, from the best in front of a window, and from
   the best beside a dead photomultiplier, with the numbers that are expected there; then the peak
   of a quadratic through the neighbours;
3. events found inside are tested against the outermost shell: light from the wall may look as if
  from the inside.

Most events of a run are far outside beyond doubt: where step 1 prefers a vertex beyond a radius by
a margin of log-likelihood, one climb from there is all that follows (`EarlyStop`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from exonu.core.errors import InputError
from exonu.core.types import Array, Floats
from exonu.detector.geometry import Geometry
from exonu.detector.light_map.light_map import LightMap
from exonu.events.raw.raw_events import Events
from exonu.events.reconstruction.grid import WALL_SPACING_CM, VertexGrid
from exonu.events.reconstruction.photoelectrons import counting_table

Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]

EVENTS_PER_BLOCK = 2048
"""Events that are searched together, sorted by place: neighbours find the same rows of the light
map in the cache."""
EVENTS_PER_PRODUCT = 256
"""Events of one matrix product: enough for full speed, few enough for the cache."""
WALL_TEST_RADIUS_CM = 25.0
"""Events found within are tested against the wall."""
NO_CHANNEL = -1
"""Instead of a channel: none."""
WALL_CANDIDATES = 3
"""Vertices of the wall from which the test climbs."""


@dataclass(frozen=True)
class EarlyStop:
    """When step 1 decides that an event is far outside; one climb among the vertices follows, for
    the energy.

    Attributes:
        beyond_cm: the vertex is farther from the centre than this,
        margin: and its log-likelihood better by more than this than any nearer to the centre;
            infinite never stops.
    """

    beyond_cm: float = 30.0
    margin: float = 10.0


NEVER = EarlyStop(margin=float("inf"))


@dataclass(frozen=True)
class ChargeVertices:
    """Vertices from the charges; NaN for events without light.

    Attributes:
        position_cm: shape (n, 3).
        log_likelihood: of the charges there; Σ n_i log(p_i / Σp) if these are numbers of
            photoelectrons, shape (n,).
        wall_log_likelihood: the largest on the outermost shell, NaN where it was not looked for,
            shape (n,).
        log_total_probability: log Σ p there over the living photomultipliers, shape (n,).
        light_pe: charge of the living photomultipliers, shape (n,).
        is_coarse: whether the search stopped early, shape (n,).
    """

    position_cm: Array
    log_likelihood: Array
    wall_log_likelihood: Array
    log_total_probability: Array
    light_pe: Array
    is_coarse: Booleans

    @property
    def radius_cm(self) -> Array:
        """R(PE), shape (n,)."""
        return np.asarray(np.linalg.norm(self.position_cm, axis=1))

    def __len__(self) -> int:
        return len(self.position_cm)


@dataclass(frozen=True)
class ChargeReconstruction:
    """Reconstructs events that share a set of dead photomultipliers.

    Attributes:
        grid: vertices and light map.
        dead: shape (n_channels,).
        wall_test: whether step 3 is done.
        single_pe_resolution: standard deviation of the charge of one photoelectron [PE]; with 0,
            charges are taken as numbers of photoelectrons.
        stop: which events are searched no further than one climb after step 1.
    """

    grid: VertexGrid
    dead: Booleans
    wall_test: bool = True
    single_pe_resolution: float = 0.0
    stop: EarlyStop = NEVER

    @classmethod
    def of(
        cls,
        light_map: LightMap,
        geometry: Geometry,
        dead: Booleans | None = None,
        *,
        wall_test: bool = True,
        wall_spacing_cm: float = WALL_SPACING_CM,
        single_pe_resolution: float = 0.0,
        stop: EarlyStop = NEVER,
    ) -> ChargeReconstruction:
        """For a light map and a geometry.

        Args:
            light_map, geometry: of the detector.
            dead: its dead photomultipliers, shape (n_channels,); none if not given.
            wall_test, single_pe_resolution, stop: see the class.
            wall_spacing_cm: distance of the vertices that the wall test tries before their
                neighbours; 0 tries all, takes longer and lets fewer events through: before dead
                photomultipliers a tenth fewer at 5 keV, half as many at 2.5 keV.

        Raises:
            InputError: a light map or a mask of another detector.
        """
        if light_map.log_probability.shape[1] != geometry.n_channels:
            raise InputError(
                f"has {light_map.log_probability.shape[1]} channels, the geometry has {geometry.n_channels}",
                field="light map",
                remedy="make the light map of this geometry",
            )
        grid = VertexGrid.of(light_map, geometry, wall_spacing_cm=wall_spacing_cm)
        mask = _checked(
            np.zeros(geometry.n_channels, dtype=bool) if dead is None else dead, geometry.n_channels
        )
        return cls(grid, mask, wall_test, single_pe_resolution, stop)

    def with_dead(self, dead: Booleans) -> ChargeReconstruction:
        """The same for another set of dead photomultipliers, shape (n_channels,)."""
        return replace(self, dead=_checked(dead, len(self.dead)))

    def with_masked(self, channel: int) -> ChargeReconstruction:
        """The same with one more photomultiplier dead."""
        dead = self.dead.copy()
        dead[channel] = True
        return self.with_dead(dead)

    @cached_property
    def _counting(self) -> tuple[Floats, float]:
        spread = self.single_pe_resolution
        return counting_table(spread) if spread > 0 else np.empty(
            (0, 0, 2), dtype=np.float32
        ), spread**2

    @cached_property
    def _log_total(self) -> Floats:
        """log Σ p over the living photomultipliers at the vertices that were looked at, UNKNOWN
        elsewhere."""
        from exonu.events.reconstruction.charge_kernels import UNKNOWN

        return np.full(len(self.grid.table), UNKNOWN, dtype=np.float32)

    @cached_property
    def _log_total_first(self) -> Floats:
        return self._log_total_of(self.grid.first_rows, self.grid.first_table)

    @cached_property
    def _log_total_shell(self) -> Floats:
        return self._log_total_of(self.grid.shell, self.grid.shell_table)

    def _log_total_of(self, rows: Integers, table: Floats) -> Floats:
        """log Σ p over the living photomultipliers: Σ over all, less the dead ones, each an update
        of rank one."""
        gone = np.exp(table[self.dead].astype(np.float64)).sum(axis=0)
        return np.asarray(np.log(np.maximum(self.grid.total[rows] - gone, 1e-30)), dtype=np.float32)

    def __call__(
        self,
        events: Events,
        progress: Callable[[int], object] | None = None,
        *,
        one_more: Integers | None = None,
    ) -> ChargeVertices:
        """Vertices of events; their hits of dead photomultipliers are left out.

        Args:
            events: any number of them; those with the same `one_more` best side by side.
            progress: called with the number of events after each block of them.
            one_more: a further dead photomultiplier of each event, NO_CHANNEL for none, shape (n,);
                as `with_masked` for each, and faster.
        """
        result, wall, light, coarse = (
            np.empty((len(events), 5)),
            np.full(len(events), np.nan),
            np.empty(len(events)),
            np.zeros(len(events), dtype=bool),
        )
        masked = (
            np.full(len(events), NO_CHANNEL)
            if one_more is None
            else np.asarray(one_more, dtype=np.int64)
        )
        for rows, dense in self._dense_blocks(events):
            some = np.flatnonzero(masked[rows] != NO_CHANNEL)
            dense[some, masked[rows][some]] = 0
            light[rows] = dense.sum(axis=1)
            result[rows], wall[rows], coarse[rows] = self.block(dense, masked[rows])
            if progress is not None:
                progress(rows.stop - rows.start)
        return ChargeVertices(result[:, :3].copy(), result[:, 3], wall, result[:, 4], light, coarse)

    def _dense_blocks(self, events: Events) -> Iterator[tuple[slice, Floats]]:
        from exonu.events.reconstruction.charge_kernels import spread_charges

        if len(events.channel) and events.channel.max() >= len(self.dead):
            raise InputError(
                f"has channel {events.channel.max()}, the geometry has 0 to {len(self.dead) - 1}",
                field="channel",
                remedy="reconstruct with the detector's own geometry and light map",
            )
        for start in range(0, len(events), EVENTS_PER_BLOCK):
            rows = slice(start, min(start + EVENTS_PER_BLOCK, len(events)))
            dense = np.empty((rows.stop - rows.start, len(self.dead)), dtype=np.float32)
            spread_charges(
                events.offsets[start : rows.stop + 1],
                events.channel,
                events.charge,
                ~self.dead,
                dense,
            )
            yield rows, dense

    def block(self, dense: Floats, one_more: Integers) -> tuple[Array, Array, Booleans]:
        """Vertices of a block of events.

        Args:
            dense: charges of all channels, 0 for dead ones, shape (n, n_channels).
            one_more: see `__call__`; its charges are 0 as well.

        Returns:
            x, y, z, log-likelihood, log Σp (n, 5); the largest log-likelihood on the wall (n,); and
            whether the search stopped early (n,).
        """
        light = dense.sum(axis=1)
        seeds, coarse = self._seeds(dense, light, one_more)
        result, wall = np.empty((len(dense), 5)), np.full(len(dense), np.nan)
        for rows, thorough in ((np.flatnonzero(~coarse), True), (np.flatnonzero(coarse), False)):
            result[rows] = self._climbed(
                dense[rows], light[rows], one_more[rows], seeds[rows], thorough=thorough
            )
        inside = np.flatnonzero(np.linalg.norm(result[:, :3], axis=1) < WALL_TEST_RADIUS_CM)
        if self.wall_test and len(inside):
            chosen = dense[inside], light[inside], one_more[inside]
            on_wall = self._climbed(*chosen, self._wall_seeds(*chosen))
            wall[inside] = on_wall[:, 3]
            better = on_wall[:, 3] > result[inside, 3]
            result[inside[better]] = on_wall[better]
        return result, wall, coarse

    def _climbed(
        self,
        dense: Floats,
        light: Floats,
        one_more: Integers,
        seeds: Integers,
        *,
        thorough: bool = True,
    ) -> Array:
        from exonu.events.reconstruction.charge_kernels import fine_search

        grid, result = self.grid, np.empty((len(dense), 5))
        maps = (grid.table, grid.total, np.flatnonzero(self.dead), self._log_total)
        order = np.lexsort(seeds.T)
        found = np.empty_like(result)
        fine_search(
            dense[order], light[order], one_more[order], seeds[order], maps, grid.light_map.neighbours,
            grid.light_map.positions_cm, self._counting, thorough, found,
        )  # fmt: skip
        result[order] = found
        return result

    @cached_property
    def _is_beyond(self) -> Booleans:
        """Which vertices of step 1 are beyond the radius of the early stop."""
        points = self.grid.light_map.positions_cm[self.grid.first_rows]
        return np.asarray(np.linalg.norm(points, axis=1) > self.stop.beyond_cm)

    def _stopped(self, scores: Floats) -> tuple[Booleans, Integers]:
        """Which events need no more than step 1, and the best vertex of each beyond the radius."""
        beyond = self._is_beyond
        if np.isinf(self.stop.margin) or beyond.all() or not beyond.any():
            return np.zeros(len(scores), dtype=bool), np.zeros(len(scores), dtype=np.int64)
        nearer = scores.max(axis=1, where=~beyond, initial=-np.inf)
        outer = np.flatnonzero(beyond)
        best = outer[np.argmax(scores[:, outer], axis=1)]
        gain = scores[np.arange(len(scores)), best] - nearer
        return np.asarray(gain > self.stop.margin), best

    def _seeds(self, dense: Floats, light: Floats, one_more: Integers) -> tuple[Integers, Booleans]:
        """Step 1: where the climbs of each event start, shape (n, n_seeds), and which events stop
        early (they start from one place, thrice the same), shape (n,)."""
        first, n_coarse = self.grid.first_rows, len(self.grid.coarse)
        beside = n_coarse + self.grid.beside(np.flatnonzero(self.dead))
        seeds = np.empty((len(dense), 3), dtype=np.int64)
        coarse = np.empty(len(dense), dtype=bool)
        for rows, scores in _scores(
            dense, light, one_more, self.grid.first_table, self._log_total_first
        ):
            inside = np.argmax(scores[:, :n_coarse], axis=1)
            fronts = n_coarse + np.argmax(scores[:, n_coarse:], axis=1)
            hidden = beside[np.argmax(scores[:, beside], axis=1)] if len(beside) else fronts
            seeds[rows] = first[np.stack([inside, fronts, hidden], axis=1)]
            for some, channel in _alike(one_more[rows]):
                around = n_coarse + self.grid.beside(np.append(np.flatnonzero(self.dead), channel))
                seeds[rows.start + some, 2] = first[
                    around[np.argmax(scores[np.ix_(some, around)], axis=1)]
                ]
            coarse[rows], best = self._stopped(scores)
            stays = np.flatnonzero(coarse[rows])
            seeds[rows.start + stays] = first[best[stays], None]
        return seeds, coarse

    def _wall_seeds(self, dense: Floats, light: Floats, one_more: Integers) -> Integers:
        """Step 3: the best vertices of the outermost shell, shape (n, WALL_CANDIDATES)."""
        seeds = np.empty((len(dense), WALL_CANDIDATES), dtype=np.int64)
        for rows, scores in _scores(
            dense, light, one_more, self.grid.shell_table, self._log_total_shell
        ):
            for k in range(WALL_CANDIDATES):
                best = np.argmax(scores, axis=1)
                seeds[rows, k] = self.grid.shell[best]
                scores[np.arange(len(scores)), best] = -np.inf
        return seeds


def _scores(
    dense: Floats, light: Floats, one_more: Integers, table: Floats, log_total: Floats
) -> Iterator[tuple[slice, Floats]]:
    """Log-likelihoods of events at vertices, shape (some of the events, n_vertices), and which
    events these are."""
    for start in range(0, len(dense), EVENTS_PER_PRODUCT):
        rows = slice(start, min(start + EVENTS_PER_PRODUCT, len(dense)))
        scores = dense[rows] @ table
        scores -= light[rows, None] * log_total
        for some, channel in _alike(
            one_more[rows]
        ):  # an update of rank one: log(Σp − p) = log Σp + log(1 − p/Σp)
            share = np.minimum(np.exp(table[channel] - log_total), np.float32(1 - 1e-6))
            scores[some] -= light[rows][some, None] * np.log1p(-share)
        yield rows, scores


def _alike(one_more: Integers) -> Iterator[tuple[Integers, int]]:
    """Which events have each further dead channel."""
    for channel in np.unique(one_more[one_more != NO_CHANNEL]):
        yield np.flatnonzero(one_more == channel), int(channel)


def _checked(dead: Booleans, n_channels: int) -> Booleans:
    dead = np.asarray(dead)
    if dead.dtype != np.bool_ or dead.shape != (n_channels,) or dead.all():
        raise InputError(
            f"must be a mask of {n_channels} channels with some alive (got {dead.dtype} of shape {dead.shape})",
            field="dead photomultipliers",
        )
    return dead
