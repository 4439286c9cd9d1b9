"""Simulated light to hits: photons followed one by one, then photomultipliers, trigger and charge
integration.

One random stream per event, from (seed, event id): the same bytes for any number of threads and any
chunking."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from exonu.core.errors import InputError
from exonu.detector.model import Detector
from exonu.simulation.light.photons import LightSources

if TYPE_CHECKING:
    from exonu.simulation.light.tracer_kernel import Pulse

Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]

Block = tuple[NDArray[Any], ...]

EVENTS_PER_BLOCK = 128
ON_WALL_CM = 1e-3
"""How far outside a wall, by rounding, a source may be."""
_NO_EVENTS: Block = tuple(
    np.empty(0, dtype) for dtype in (np.int64, np.uint16, np.float32, np.float32, np.bool_)
)


@dataclass(frozen=True)
class Hits:
    """Photomultipliers with charge, event after event.

    Attributes:
        offsets: hits of event e are rows offsets[e] … offsets[e + 1] − 1, shape (n_events + 1,).
        channel: in ascending order within an event, shape (n_hits,).
        charge: photoelectrons within the charge window, same shape.
        time: first photoelectron since the event's first one [ns], same shape.
        triggered: whether enough photomultipliers fired together, shape (n_events,).
    """

    offsets: Integers
    channel: NDArray[np.uint16]
    charge: NDArray[np.float32]
    time: NDArray[np.float32]
    triggered: Booleans


def trace(
    sources: LightSources,
    detector: Detector,
    seed: int,
    event_ids: Integers,
    *,
    dead: Booleans | None = None,
    mask: Integers | None = None,
    threads: int = 1,
    progress: Callable[[int], object] | None = None,
) -> Hits:
    """Follow the light of events to hits.

    Args:
        sources: the light; `sources.event` are indices into `event_ids`.
        detector: geometry, optics, scintillation times and electronics.
        seed, event_ids: the random numbers of each event, and nothing else, depend on both. Shape
            (n_events,).
        dead: sets of dead channels, shape (n_masks, n_channels); none if not given.
        mask: which set each event has, shape (n_events,); the first if not given.
        threads: number of threads; does not change the result.
        progress: called with the number of events after each block of them.

    Raises:
        InputError: a source outside the detector, or of an event that is not in the list.
    """
    check_sources(sources, detector, len(event_ids))
    n_events, n_channels = len(event_ids), detector.geometry.n_channels
    dead = np.zeros((1, n_channels), dtype=bool) if dead is None else np.atleast_2d(dead)
    mask = np.zeros(n_events, dtype=np.int64) if mask is None else np.asarray(mask, dtype=np.int64)
    run = _block_tracer(sources, detector, seed, np.asarray(event_ids, dtype=np.int64), dead, mask)
    return in_blocks(run, n_events, threads, progress)


def in_blocks(
    run: Callable[[int], Block],
    n_events: int,
    threads: int,
    progress: Callable[[int], object] | None = None,
) -> Hits:
    """Hits of all events, from the hits of blocks of them.

    Args:
        run: gives the columns of a block from its first event.
        n_events: of them all.
        threads, progress: see `trace`.
    """
    starts = range(0, n_events, EVENTS_PER_BLOCK)
    with ThreadPoolExecutor(threads) as pool:
        blocks = []
        for start, block in zip(starts, pool.map(run, starts), strict=True):
            blocks.append(block)
            if progress is not None:
                progress(min(EVENTS_PER_BLOCK, n_events - start))
    counts, *columns = (np.concatenate(parts) for parts in zip(_NO_EVENTS, *blocks, strict=True))
    return Hits(np.concatenate([[0], np.cumsum(counts)]), *columns)


def interleaved(parts: Sequence[Hits], which: NDArray[Any]) -> Hits:
    """Hits of all events, from those of some and of the others.

    Args:
        parts: the events of each kind, in order.
        which: kind of each event, index into `parts`, shape (n_events,).

    >>> one, none = np.ones(1, np.float32), np.empty(0, np.float32)
    >>> few = Hits(np.array([0, 1]), np.array([7], np.uint16), one, one, np.array([True]))
    >>> dark = Hits(np.array([0, 0]), none.astype(np.uint16), none, none, np.array([False]))
    >>> both = interleaved([few, dark], np.array([1, 0]))
    >>> both.offsets.tolist(), both.channel.tolist(), both.triggered.tolist()
    ([0, 0, 1], [7], [False, True])
    """
    which = np.asarray(which, dtype=np.int64)
    counts = np.empty(len(which), dtype=np.int64)
    triggered = np.empty(len(which), dtype=bool)
    for kind, hits in enumerate(parts):
        counts[which == kind], triggered[which == kind] = np.diff(hits.offsets), hits.triggered
    of_hit = np.repeat(which, counts)
    channel = np.empty(len(of_hit), np.uint16)
    charge, time = np.empty(len(of_hit), np.float32), np.empty(len(of_hit), np.float32)
    for kind, hits in enumerate(parts):
        rows = of_hit == kind
        channel[rows], charge[rows], time[rows] = hits.channel, hits.charge, hits.time
    return Hits(np.concatenate([[0], np.cumsum(counts)]), channel, charge, time, triggered)


def pulse_of(detector: Detector) -> Pulse:
    """Scintillation and electronics for the kernels."""
    from exonu.simulation.light.tracer_kernel import FWHM_PER_SIGMA, Pulse

    light, electronics = detector.scintillation, detector.electronics
    return Pulse(
        float(light.fast_time_ns),
        float(light.fast_fraction),
        electronics.transit_spread_ns / FWHM_PER_SIGMA,
        float(electronics.single_pe_resolution),
        float(electronics.hit_threshold_pe),
        float(electronics.charge_window_ns),
        float(electronics.coincidence_window_ns),
        int(electronics.coincidence_hits),
    )


def emitters(sources: LightSources, detector: Detector) -> tuple[NDArray[np.float64], ...]:
    """Sources for the kernels: position, axis, cosine of the cone, mean light, slow decay time,
    start."""
    light = detector.scintillation
    slow_time = np.where(sources.energy_keV > 0, light.slow_time(sources.energy_keV), 0.0)
    columns = (
        sources.position_cm,
        sources.axis,
        sources.cos_min,
        sources.photoelectrons,
        slow_time,
        sources.time_ns,
    )
    return tuple(np.ascontiguousarray(column, dtype=float) for column in columns)


def _block_tracer(
    sources: LightSources,
    detector: Detector,
    seed: int,
    event_ids: Integers,
    dead: Booleans,
    mask: Integers,
) -> Callable[[int], Block]:
    from exonu.simulation.light.tracer_kernel import trace_events

    pulse, columns = pulse_of(detector), emitters(sources, detector)
    offsets = np.searchsorted(sources.event, np.arange(len(event_ids) + 1))

    def run(start: int) -> Block:
        rows = slice(start, min(start + EVENTS_PER_BLOCK, len(event_ids)))
        hits, counts, triggered = hit_room(rows.stop - start, detector.geometry.n_channels)
        found = trace_events(
            event_ids[rows], offsets[start : rows.stop + 1], columns, dead, mask[rows], pulse,
            detector.medium, detector.walls, seed, hits, counts, triggered,
        )  # fmt: skip
        return counts, *(column[:found].copy() for column in hits), triggered

    return run


def hit_room(n_events: int, n_channels: int) -> tuple[Block, NDArray[np.int64], NDArray[np.bool_]]:
    """Room for channels, charges and times of the hits of events, for their numbers, and for
    triggers."""
    room = n_events * n_channels
    hits = np.empty(room, np.uint16), np.empty(room, np.float32), np.empty(room, np.float32)
    return hits, np.empty(n_events, np.int64), np.empty(n_events, np.bool_)


def check_sources(sources: LightSources, detector: Detector, n_events: int) -> None:
    if len(sources) == 0:
        return
    if np.any(np.diff(sources.event) < 0) or sources.event[0] < 0 or sources.event[-1] >= n_events:
        raise InputError(
            f"must be ascending indices into the {n_events} events",
            field="sources.event",
            remedy="sort by event",
        )
    radius = np.sqrt(np.einsum("nx,nx->n", sources.position_cm, sources.position_cm))
    outer = np.flatnonzero(~(radius < detector.geometry.inradius_cm))  # NaN too
    depth = detector.geometry.depth_cm(sources.position_cm[outer])
    if not np.all(depth > -ON_WALL_CM):
        worst = int(outer[np.argmin(np.where(np.isnan(depth), -np.inf, depth))])
        raise InputError(
            f"source {worst} is outside the detector, at {sources.position_cm[worst].round(3).tolist()} cm",
            field="sources.position_cm",
            remedy="light starts in the liquid or on its wall",
        )
