"""Counts, charges and times of events from tables: the compiled part of `drawing`."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from exonu.core.compiled import kernel
from exonu.core.types import Array, Floats
from exonu.detector.random_numbers import gamma, poisson, start_stream, uniform
from exonu.simulation.light.tracer_kernel import is_coincidence, photoelectrons_of
from exonu.simulation.light_tables.near_light import near_light, nearest_face
from exonu.simulation.light_tables.nodes import KINDS

FEWEST_DIRECTIONS, PHOTONS_PER_DIRECTION = 64, 12.0
"""Directions of near light: so many and one more for so many photons, so that their scatter stays
well below that of the photons."""
FEW = 3
"""So many photoelectrons of one channel have times of their own; of more, the first is drawn for
each site with its share of them."""
LEAST_SHARE = 0.01
"""Sites with a smaller share of a channel's light do not decide when the first of many comes."""


class Tables(NamedTuple):
    """The tables as the kernels take them; made by `drawing`."""

    keys: Array  # (n_g, 3): the largest of keys · x turns x into the fundamental domain
    symmetry: Array  # (n_g, 3, 3)
    permutations: NDArray[np.int64]  # (n_g, n_channels)
    triangles: NDArray[np.int64]  # (n_t, 3)
    weights: Array  # (n_t, 3, 3)
    across: NDArray[np.int64]  # (n_t, 3)
    guess: NDArray[np.int64]  # (cells, cells)
    depths_cm: Array  # (n_layers,)
    rest: Floats  # (n_nodes, n_layers, n_channels)
    reflected: Floats  # (n_nodes, KINDS, n_channels)
    near: Array  # (2,)
    absorbs: Array  # share that a window takes by cosine of incidence, from 0 to 1
    times_ns: Floats  # (n_layers + 1, n_distances, n_slow, n_quantiles)
    distance_step_cm: float
    largest_logit: float
    first_slow_ns: float
    slow_step_ns: float
    points: Array  # (most, 3)
    positions: Array  # (n_channels, 3)


@kernel
def corner_weights(x: float, y: float, z: float, tables: Any, found: Any) -> Any:
    """The triangle of nodes around a direction of the fundamental domain; fills `found` with the
    weights of its corners."""
    scale = 1 / (abs(x) + abs(y) + abs(z))
    u, v = x * scale, y * scale  # the octahedral map: the lower half is folded outwards
    if z < 0:
        u, v = math.copysign(1 - abs(v), u), math.copysign(1 - abs(u), v)
    n = tables.guess.shape[0]
    here = tables.guess[min(int(0.5 * (u + 1) * n), n - 1), min(int(0.5 * (v + 1) * n), n - 1)]
    for _ in range(len(tables.triangles)):
        matrix = tables.weights[here]
        least, worst = 0.0, -1
        for k in range(3):
            found[k] = matrix[k, 0] * x + matrix[k, 1] * y + matrix[k, 2] * z
            if found[k] < least:
                least, worst = found[k], k
        if worst < 0 or tables.across[here, worst] < 0:
            break
        here = tables.across[here, worst]
    total = 0.0
    for k in range(3):
        found[k] = max(found[k], 0.0)  # on a mirror, by rounding
        total += found[k]
    for k in range(3):
        found[k] /= total
    return here


@kernel
def layer_of(depth: float, depths: Any) -> Any:
    """The layer above a depth, and the weight of the one below it."""
    k = 0
    while k < len(depths) - 2 and depth > depths[k + 1]:
        k += 1
    part = (depth - depths[k]) / (depths[k + 1] - depths[k])
    return k, min(max(part, 0.0), 1.0)


@kernel
def add_row(factor: Any, row: Any, into: Any) -> None:
    """into += factor · row."""
    for c in range(len(into)):
        into[c] += factor * row[c]


@kernel
def source_light(
    x: float, y: float, z: float, emitted: float, tables: Any, medium: Any, walls: Any, stream: Any, rays: Any,
    folded: Any, mean: Any, near_mean: Any, near_path: Any,
) -> Any:  # fmt: skip
    """Mean photoelectrons of one source on all channels.

    Args:
        x, y, z: the source [cm].
        emitted: mean photons, times quantum efficiency.
        tables, medium, walls, stream: see there.
        rays, folded: room, shapes (most, 3) and (n_channels,).
        mean: filled: light that is not near, shape (n_channels,).
        near_mean, near_path: added to: near light, and times its path [cm], shape (n_channels,).

    Returns:
        The layer of depth that is nearest; mean photoelectrons of near light.
    """
    face = nearest_face(x, y, z, walls)
    planes = walls.planes
    depth = planes[face, 3] - x * planes[face, 0] - y * planes[face, 1] - z * planes[face, 2]
    most = len(tables.points)
    count = min(most, FEWEST_DIRECTIONS + int(emitted / PHOTONS_PER_DIRECTION))
    reflected = np.empty(KINDS)
    n = near_light(
        x, y, z, face, tables.points, count, tables.near, tables.absorbs, medium, walls, stream, rays, reflected
    )  # fmt: skip
    near_sum = 0.0
    for k in range(n):
        channel, light = int(rays[k, 0]), emitted * rays[k, 1]
        near_sum += light
        near_mean[channel] += light
        near_path[channel] += light * rays[k, 2]
    turn, best = 0, -np.inf
    for g in range(len(tables.keys)):
        closeness = tables.keys[g, 0] * x + tables.keys[g, 1] * y + tables.keys[g, 2] * z
        if closeness > best:
            turn, best = g, closeness
    matrix = tables.symmetry[turn]
    there_x = matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2] * z
    there_y = matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2] * z
    there_z = matrix[2, 0] * x + matrix[2, 1] * y + matrix[2, 2] * z
    corners = np.empty(3)
    triangle = corner_weights(there_x, there_y, there_z, tables, corners)
    layer, below = layer_of(depth, tables.depths_cm)
    folded[:] = np.float32(0)
    for k in range(3):
        node = tables.triangles[triangle, k]
        part = emitted * corners[k]
        add_row(np.float32(part * (1 - below)), tables.rest[node, layer], folded)
        add_row(np.float32(part * below), tables.rest[node, layer + 1], folded)
        for kind in range(KINDS):
            add_row(np.float32(part * reflected[kind]), tables.reflected[node, kind], folded)
    names = tables.permutations[turn]
    for c in range(len(mean)):
        mean[c] = folded[names[c]]
    return (layer + 1 if below > 0.5 else layer), near_sum


@kernel
def first_time(
    layer: int, distance: float, slow_time: float, number: float, tables: Any, stream: Any
) -> Any:
    """Delay of the first of so many photoelectrons, which need not be whole, behind a straight
    flight [ns]."""
    v = 1.0 - uniform(stream)
    log_later = math.log(v) / number  # the first is later than a quantile u with (1 − u)^n
    logit = math.log(max(-math.expm1(log_later), 1e-300)) - log_later
    times = tables.times_ns
    slow = int((slow_time - tables.first_slow_ns) / tables.slow_step_ns + uniform(stream))
    slow = min(max(slow, 0), times.shape[2] - 1)
    row = times[layer, min(int(distance / tables.distance_step_cm), times.shape[1] - 1), slow]
    place = 0.5 * (logit / tables.largest_logit + 1) * (len(row) - 1)
    place = min(max(place, 0.0), len(row) - 1.000001)
    k = int(place)
    return row[k] + (place - k) * (row[k + 1] - row[k])


@kernel
def time_of_rest(
    number: int, channel: int, first: int, sources: Any, layers: Any, means: Any, tables: Any, medium: Any, stream: Any
) -> Any:  # fmt: skip
    """When the first of a channel's photoelectrons that are not near light comes [ns]."""
    position, _axis, _cos_min, _mean, slow_time, start = sources
    total = 0.0
    for s in range(len(layers)):
        if layers[s] >= 0:
            total += means[s, channel]
    few = number <= FEW and len(layers) > 1
    earliest = np.inf
    for k in range(number if few else len(layers)):
        s, many = k, 1.0
        if few:
            left, s = total * uniform(stream), -1
            for other in range(len(layers)):
                if layers[other] >= 0 and means[other, channel] > 0:
                    s = other
                    left -= means[other, channel]
                    if left < 0:
                        break
        elif layers[s] < 0 or means[s, channel] < LEAST_SHARE * total:
            continue
        else:
            many = number * means[s, channel] / total
        distance = math.sqrt(
            (tables.positions[channel, 0] - position[first + s, 0]) ** 2
            + (tables.positions[channel, 1] - position[first + s, 1]) ** 2
            + (tables.positions[channel, 2] - position[first + s, 2]) ** 2
        )
        delay = first_time(layers[s], distance, slow_time[first + s], many, tables, stream)
        when = start[first + s] + distance / medium.velocity_cm_per_ns + delay
        earliest = min(earliest, when)
    return earliest


@kernel
def event_light(
    first: int, last: int, sources: Any, is_tabled: Any, tables: Any, pulse: Any, medium: Any, walls: Any, stream: Any,
    room: Any, number: Any, time: Any,
) -> None:  # fmt: skip
    """Photoelectrons of an event: fills `number` and `time`, of the first, of all channels.

    Sources that are not tabled are traced."""
    means, near, folded, rays = room
    position, _axis, _cos_min, emitted, slow_time, start = sources
    key, own = stream[0], np.empty(2, dtype=np.uint64)
    number[:], time[:] = 0, np.inf
    near[:, :] = 0.0
    layers, all_near = np.full(last - first, -1), 1e-300
    n_channels = len(number)
    for s in range(last - first):
        row = first + s
        if is_tabled[row]:
            layers[s], light = source_light(
                position[row, 0], position[row, 1], position[row, 2], emitted[row], tables, medium, walls, stream,
                rays, folded, means[s], near[0], near[1],
            )  # fmt: skip
            all_near += light
            near[2, 0] += light * slow_time[row]
            near[2, 1] += light * start[row]
            continue
        start_stream(own, key, s)  # every source has random numbers of its own
        channels, times = photoelectrons_of(row, row + 1, sources, pulse, medium, walls, own[0])
        for i in range(len(channels)):
            number[channels[i]] += 1
            time[channels[i]] = min(time[channels[i]], times[i])
    near_slow, near_start = near[2, 0] / all_near, near[2, 1] / all_near
    flights = len(tables.times_ns) - 1
    for c in range(n_channels):
        total = 0.0
        for s in range(len(layers)):
            if layers[s] >= 0:
                total += means[s, c]
        rest = poisson(total, stream)
        if rest > 0:
            number[c] += rest
            when = time_of_rest(rest, c, first, sources, layers, means, tables, medium, stream)
            time[c] = min(time[c], when)
        if near[0, c] > 0:
            some = poisson(near[0, c], stream)
            if some > 0:
                number[c] += some
                flight = near[1, c] / near[0, c] / medium.velocity_cm_per_ns
                delay = first_time(flights, 0.0, near_slow, some, tables, stream)
                time[c] = min(time[c], near_start + flight + delay)


@kernel
def draw_events(
    events: Any, offsets: Any, sources: Any, is_tabled: Any, dead: Any, masks: Any, pulse: Any, tables: Any,
    medium: Any, walls: Any, seed: int, hits: Any, counts: Any, triggered: Any,
) -> Any:  # fmt: skip
    """Draw events; arguments and results as of `tracer_kernel.trace_events`."""
    hit_channel, hit_charge, hit_time = hits
    stream = np.empty(2, dtype=np.uint64)
    spread2 = pulse.single_pe_resolution**2
    n_channels, stop, most = dead.shape[1], 0, 1
    for e in range(len(events)):
        most = max(most, offsets[e + 1] - offsets[e])
    room = (
        np.zeros((most, n_channels), dtype=np.float32),
        np.zeros((3, n_channels)),
        np.zeros(n_channels, dtype=np.float32),
        np.empty((len(tables.points), 3)),
    )
    number, time = np.zeros(n_channels, dtype=np.int64), np.empty(n_channels)
    for e in range(len(events)):
        start_stream(stream, seed, events[e])
        event_light(
            offsets[e], offsets[e + 1], sources, is_tabled, tables, pulse, medium, walls, stream, room, number, time
        )  # fmt: skip
        gone = dead[masks[e]]
        opening = np.inf
        for c in range(n_channels):
            if not gone[c]:
                opening = min(opening, time[c])
        start = stop
        for c in range(n_channels):
            if number[c] == 0:
                continue
            charge = float(number[c])
            if spread2 > 0:  # the sum of n photoelectrons' gamma distributions is one again
                charge = spread2 * gamma(charge / spread2, stream)
            since = np.float32(time[c] - opening)
            if gone[c] or charge < pulse.hit_threshold_pe or since > pulse.charge_window_ns:
                continue
            hit_channel[stop], hit_charge[stop], hit_time[stop] = c, charge, since
            stop += 1
        counts[e] = stop - start
        triggered[e] = is_coincidence(
            hit_time[start:stop], pulse.coincidence_hits, pulse.coincidence_window_ns
        )
    return stop
