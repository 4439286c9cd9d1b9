"""Photons to hits, event by event: the compiled part of `tracer`.

Each photon, each delay and each channel's charge has random numbers of its own, from the event's and
its number. So the same decays seen by another detector differ only in the photons that it changes,
and ratios of variations to their baseline are precise (common random numbers)."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from exonu.core.compiled import kernel
from exonu.detector.random_numbers import exponential, gamma, normal, poisson, start_stream, uniform
from exonu.detector.transport import follow, rotate

FWHM_PER_SIGMA = 2 * math.sqrt(2 * math.log(2))


COUNT, PHOTON, DELAY, CHARGE = (np.uint64(k * 0x9E3779B97F4A7C15 % 2**64) for k in (1, 2, 3, 4))
"""What random numbers are for: the number of a source's photons, a photon's way, its delay, a
channel's charge."""
SOURCE = np.uint64(2**32)
"""Photons of a source are numbered from a multiple of it."""


class Pulse(NamedTuple):
    """Scintillation and electronics as the kernels take them."""

    fast_time_ns: float
    fast_fraction: float
    transit_sigma_ns: float
    single_pe_resolution: float
    hit_threshold_pe: float
    charge_window_ns: float
    coincidence_window_ns: float
    coincidence_hits: int


@kernel
def delay(slow_time_ns: float, pulse: Any, stream: Any) -> Any:
    """Time between deposit and signal that is not the photon's flight; without a slow part there is
    no fast one."""
    emission = 0.0
    if slow_time_ns > 0:
        fast = uniform(stream) < pulse.fast_fraction
        emission = exponential(stream) * (pulse.fast_time_ns if fast else slow_time_ns)
    return emission + pulse.transit_sigma_ns * normal(stream)


@kernel
def photoelectrons_of(
    first: int, last: int, sources: Any, pulse: Any, medium: Any, walls: Any, key: Any
) -> Any:
    """Channels and times of all photoelectrons of the sources first … last − 1, with the random
    numbers of an event's key."""
    stream = np.empty(2, dtype=np.uint64)
    position, axis, cos_min, mean, slow_time, start = sources
    capacity = 64 + int(np.sum(mean[first:last]))  # more than are found, as not all of them arrive
    channels, times = np.empty(capacity, dtype=np.uint16), np.empty(capacity)
    found = 0
    for s in range(first, last):
        start_stream(stream, key ^ COUNT, s - first)
        for number in range(poisson(mean[s], stream)):
            photon = np.uint64(s - first) * SOURCE + np.uint64(number)
            start_stream(stream, key ^ PHOTON, photon)
            cosine = cos_min[s] + (1 - cos_min[s]) * uniform(stream)
            dx, dy, dz = rotate(axis[s, 0], axis[s, 1], axis[s, 2], cosine, stream)
            x, y, z = position[s, 0], position[s, 1], position[s, 2]
            channel, path = follow(x, y, z, dx, dy, dz, medium, walls, stream)
            if channel < 0:
                continue
            if found == capacity:
                capacity *= 2
                channels = np.concatenate((channels, np.empty_like(channels)))
                times = np.concatenate((times, np.empty_like(times)))
            start_stream(stream, key ^ DELAY, photon)
            channels[found] = channel
            times[found] = (
                start[s] + path / medium.velocity_cm_per_ns + delay(slow_time[s], pulse, stream)
            )
            found += 1
    return channels[:found], times[:found]


@kernel
def is_coincidence(times: Any, hits: int, window_ns: float) -> Any:
    """Whether so many of these first times lie within the window."""
    first, early = np.inf, 0
    for time in times:
        first = min(first, time)
    for time in times:
        early += time - first <= window_ns
    if early >= hits:  # as nearly always: no need to sort
        return True
    ordered = np.sort(times)
    shortest = np.inf
    for i in range(len(ordered) - hits + 1):
        shortest = min(shortest, ordered[i + hits - 1] - ordered[i])
    return hits <= len(ordered) and shortest <= window_ns


@kernel
def trace_events(
    events: Any,
    offsets: Any,
    sources: Any,
    dead: Any,
    masks: Any,
    pulse: Any,
    medium: Any,
    walls: Any,
    seed: int,
    hits: Any,
    counts: Any,
    triggered: Any,
) -> Any:
    """Trace events; returns the number of hits.

    Fills `hits`, the channels, charges and times of all events one after another, with room for
    every channel of every event, and per event `counts`, the number of hits, and `triggered`.

    Dead channels are dropped after all random numbers are drawn, so that an event is the same with
    any others dead."""
    hit_channel, hit_charge, hit_time = hits
    stream = np.empty(2, dtype=np.uint64)
    spread2 = pulse.single_pe_resolution**2
    n_channels, stop = dead.shape[1], 0
    number, time = np.zeros(n_channels, dtype=np.int32), np.empty(n_channels, dtype=np.float32)
    for e in range(len(events)):
        start_stream(stream, seed, events[e])
        key, gone = stream[0], dead[masks[e]]
        channels, times = photoelectrons_of(
            offsets[e], offsets[e + 1], sources, pulse, medium, walls, key
        )
        opening = np.inf
        for i in range(len(channels)):
            if not gone[channels[i]]:
                opening = min(opening, times[i])
        for i in range(len(channels)):
            since, c = np.float32(times[i] - opening), channels[i]
            if 0 <= since <= pulse.charge_window_ns:
                time[c] = since if number[c] == 0 else min(time[c], since)
                number[c] += 1
        start = stop
        for c in range(n_channels):
            if number[c] == 0:
                continue
            charge = float(number[c])
            number[c] = 0
            if spread2 > 0:
                start_stream(stream, key ^ CHARGE, c)
                # the sum of n photoelectrons' gamma distributions is one again
                charge = spread2 * gamma(charge / spread2, stream)
            if not gone[c] and charge >= pulse.hit_threshold_pe:
                hit_channel[stop], hit_charge[stop], hit_time[stop] = c, charge, time[c]
                stop += 1
        counts[e] = stop - start
        triggered[e] = is_coincidence(
            hit_time[start:stop], pulse.coincidence_hits, pulse.coincidence_window_ns
        )
    return stop
