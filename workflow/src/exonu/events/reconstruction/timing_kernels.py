"""Arrival times and the search for the vertex in them: the compiled part of `timing`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from exonu.core.compiled import kernel
from exonu.detector.random_numbers import start_stream, uniform
from exonu.detector.transport import follow, rotate


@kernel
def count_delays(
    points: Any, photons: int, seed: int, medium: Any, walls: Any, channels: Any, axes: Any
) -> Any:
    """How much later photons arrive than straight ones, by the distance of source and
    photomultiplier.

    Args:
        points: points of isotropic emission [cm], shape (n, 3).
        photons: number from each.
        seed, medium, walls: random numbers, optics, geometry.
        channels: positions of the photomultipliers [cm], shape (n_channels, 3).
        axes: width of a distance bin [cm], number of them, first delay [ns], width of a delay bin
            [ns], number of them.

    Returns:
        Counts of shape (n_distances, n_delays); the last delay holds all larger ones.
    """
    distance_step, n_distances, first_delay, delay_step, n_delays = axes
    counts = np.zeros((int(n_distances), int(n_delays)))
    stream = np.empty(2, dtype=np.uint64)
    for i in range(len(points)):
        start_stream(stream, seed, i)
        for _ in range(photons):
            dx, dy, dz = rotate(0.0, 0.0, 1.0, 2 * uniform(stream) - 1, stream)
            channel, path = follow(
                points[i, 0], points[i, 1], points[i, 2], dx, dy, dz, medium, walls, stream
            )
            if channel < 0:
                continue
            straight = math.sqrt(np.sum((channels[channel] - points[i]) ** 2))
            delay = (path - straight) / medium.velocity_cm_per_ns
            row = min(int(straight / distance_step), counts.shape[0] - 1)
            column = min(max(int((delay - first_delay) / delay_step), 0), counts.shape[1] - 1)
            counts[row, column] += 1
    return counts


@kernel
def time_score(
    at: Any, channel: Any, times: Any, photoelectrons: Any, positions: Any, tables: Any
) -> Any:
    """log-likelihood of first-hit times for a vertex and a start, at = (x, y, z, t₀).

    The first of n photoelectrons has the density n f S^(n − 1), with f that of one and S its
    survival function."""
    density, survival, distance_step, first_time, time_step, velocity = tables
    total = 0.0
    for i in range(len(channel)):
        c = channel[i]
        distance = math.sqrt(
            (at[0] - positions[c, 0]) ** 2
            + (at[1] - positions[c, 1]) ** 2
            + (at[2] - positions[c, 2]) ** 2
        )
        u = min(max(distance / distance_step - 0.5, 0.0), density.shape[0] - 1.001)
        v = (times[i] - at[3] - distance / velocity - first_time) / time_step
        v = min(max(v, 0.0), density.shape[1] - 1.001)
        j, k = int(u), int(v)
        a, b = u - j, v - k
        total += (1 - a) * ((1 - b) * density[j, k] + b * density[j, k + 1]) + a * (
            (1 - b) * density[j + 1, k] + b * density[j + 1, k + 1]
        )
        if photoelectrons[i] > 1:
            total += (photoelectrons[i] - 1) * (
                (1 - a) * ((1 - b) * survival[j, k] + b * survival[j, k + 1])
                + a * ((1 - b) * survival[j + 1, k] + b * survival[j + 1, k + 1])
            )
    return total


@kernel
def copy(values: Any, into: Any) -> None:
    """`into[:] = values` for equal lengths; numba would compile the text of the error for others,
    for a second."""
    for i in range(len(into)):
        into[i] = values[i]


@kernel
def search(
    seeds: Any, starts: Any, steps: Any, smallest: Any, radius: float, channel: Any, times: Any, photoelectrons: Any,
    positions: Any, tables: Any, best: Any,
) -> Any:  # fmt: skip
    """Best vertex and start time of one event: all seeds with all starts, then a compass search
    with halved steps.

    Args:
        seeds: vertices to begin with [cm], shape (n, 3).
        starts: times t₀ to begin with [ns], before the earliest straight-line emission.
        steps: first steps of x, y, z, t₀; smallest: when to stop, as a share of them.
        radius: vertices lie within [cm].
        channel, times, photoelectrons: hits of the event.
        positions, tables: of the photomultipliers, and the densities.
        best: filled with x, y, z, t₀.

    Returns:
        The log-likelihood.
    """
    velocity = tables[5]
    top, trial = -np.inf, np.empty(4)
    for s in range(len(seeds)):
        earliest = np.inf
        for i in range(len(channel)):
            reach = math.sqrt(np.sum((positions[channel[i]] - seeds[s]) ** 2))
            earliest = min(earliest, times[i] - reach / velocity)
        for start in starts:
            trial[0], trial[1], trial[2], trial[3] = (
                seeds[s, 0],
                seeds[s, 1],
                seeds[s, 2],
                earliest + start,
            )
            value = time_score(trial, channel, times, photoelectrons, positions, tables)
            if value > top:
                top = value
                copy(trial, best)
    share = 1.0
    while share > smallest:
        moved = False
        for axis in range(4):
            for sign in (-1.0, 1.0):
                copy(best, trial)
                trial[axis] += sign * share * steps[axis]
                if trial[0] ** 2 + trial[1] ** 2 + trial[2] ** 2 > radius**2:
                    continue
                value = time_score(trial, channel, times, photoelectrons, positions, tables)
                if value > top + 1e-9:
                    top, moved = value, True
                    copy(trial, best)
        if not moved:
            share *= 0.5
    return top


@kernel
def search_events(
    chosen: Any, offsets: Any, channel: Any, charge: Any, times: Any, alive: Any, seeds: Any, starts: Any, steps: Any,
    smallest: float, radius: float, positions: Any, tables: Any, least_hits: int, result: Any,
) -> None:  # fmt: skip
    """`search` for each of the chosen events; fills `result` with x, y, z, t₀, log-likelihood,
    shape (n_chosen, 5)."""
    for place in range(len(chosen)):
        e = chosen[place]
        first, last = offsets[e], offsets[e + 1]
        living = np.empty(last - first, dtype=np.bool_)
        for i in range(first, last):
            living[i - first] = alive[channel[i]]
        hit = channel[first:last][living]
        if len(hit) < least_hits:
            result[place, :] = np.nan
            continue
        photoelectrons = np.maximum(charge[first:last][living], np.float32(1))
        when = times[first:last][living]
        result[place, 4] = search(
            seeds,
            starts,
            steps,
            smallest,
            radius,
            hit,
            when,
            photoelectrons,
            positions,
            tables,
            result[place, :4],
        )
