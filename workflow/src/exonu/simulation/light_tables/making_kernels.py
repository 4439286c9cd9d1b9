"""Photons that tell what the tables need to know: the compiled part of `table_making`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from exonu.core.compiled import kernel
from exonu.detector.random_numbers import exponential, start_stream, uniform
from exonu.detector.transport import (
    IN_COPPER,
    distance_to_wall,
    follow,
    rayleigh_cosine,
    rotate,
    window_absorbs,
    window_at,
)
from exonu.simulation.light_tables.near_light import (
    BY_COPPER,
    TOTALLY,
    near_share,
    nearest_face,
)

MOST_TRIES = 100


@kernel
def first_leg(x: float, y: float, z: float, medium: Any, walls: Any, stream: Any) -> Any:
    """A photon in a random direction to its end: channel or fate; path [cm]; how far the wall was
    that it met unscattered, negative if it met none; whether a window took it there and then."""
    dx, dy, dz = rotate(0.0, 0.0, 1.0, 2 * uniform(stream) - 1, stream)
    to_wall, face = distance_to_wall(x, y, z, dx, dy, dz, walls)
    absorbed_at = medium.absorption_cm * exponential(stream)
    to_scatter = medium.rayleigh_cm * exponential(stream)
    step = min(absorbed_at, to_scatter)
    if step < to_wall:
        if absorbed_at < to_scatter:
            return -1, step, -1.0, False
        dx2, dy2, dz2 = rotate(dx, dy, dz, rayleigh_cosine(stream), stream)
        fate, path = follow(
            x + step * dx, y + step * dy, z + step * dz, dx2, dy2, dz2, medium, walls, stream
        )
        return fate, step + path, -1.0, False
    x, y, z = x + to_wall * dx, y + to_wall * dy, z + to_wall * dz
    nx, ny, nz = walls.planes[face, 0], walls.planes[face, 1], walls.planes[face, 2]
    channel = window_at(x, y, z, face, walls)
    if channel == IN_COPPER:
        if uniform(stream) >= medium.copper_albedo:
            return IN_COPPER, to_wall, to_wall, False
        dx, dy, dz = rotate(-nx, -ny, -nz, math.sqrt(1 - uniform(stream)), stream)
    else:
        cosine = dx * nx + dy * ny + dz * nz
        if uniform(stream) < window_absorbs(
            cosine, medium.n_ratio, medium.photocathode_reflectance
        ):
            return channel, to_wall, to_wall, True
        dx, dy, dz = dx - 2 * cosine * nx, dy - 2 * cosine * ny, dz - 2 * cosine * nz
    fate, path = follow(x, y, z, dx, dy, dz, medium, walls, stream)
    return fate, to_wall + path, to_wall, False


@kernel
def tally_rest(
    point: Any, photons: int, seed: int, number: int, near: Any, channels: Any, axes: Any, medium: Any, walls: Any,
    rest: Any, times: Any,
) -> None:  # fmt: skip
    """Photons of a point without the share of those that a wall nearby meets first.

    Args:
        point: of isotropic emission [cm], shape (3,).
        photons, seed, number: how many, and the random numbers of event `number`.
        near: the two distances of `near_share`.
        channels: positions of the photomultipliers [cm], shape (n_channels, 3).
        axes: width of a distance bin [cm]; first delay, width of a delay bin [ns].
        medium, walls: optics and geometry.
        rest: filled with the number of photons by channel, shape (n_channels,).
        times: added to: photons that no window nearby takes at once, by distance of the
            photomultiplier and delay behind a straight flight, shape (n_distances, n_delays).
    """
    stream = np.empty(2, dtype=np.uint64)
    start_stream(stream, seed, number)
    distance_step, first_delay, delay_step = axes
    straight = np.empty(len(channels))
    for c in range(len(channels)):
        straight[c] = math.sqrt(
            (channels[c, 0] - point[0]) ** 2
            + (channels[c, 1] - point[1]) ** 2
            + (channels[c, 2] - point[2]) ** 2
        )
    for _ in range(photons):
        channel, path, to_wall, direct = first_leg(
            point[0], point[1], point[2], medium, walls, stream
        )
        if channel < 0:
            continue
        far = 1 - near_share(to_wall, near) if to_wall >= 0 else 1.0
        rest[channel] += far
        row = min(int(straight[channel] / distance_step), times.shape[0] - 1)
        delay = (path - straight[channel]) / medium.velocity_cm_per_ns
        place = (delay - first_delay) / delay_step + 0.5  # the nearest
        column = min(max(int(place), 0), times.shape[1] - 1)
        times[row, column] += far if direct else 1.0


@kernel
def tally_reflected(
    point: Any, photons: int, seed: int, number: int, kind: int, near: Any, medium: Any, walls: Any, counts: Any
) -> Any:  # fmt: skip
    """Where photons end that the wall near a point reflects, as if all of it did alike.

    Args:
        point, seed, number, near, medium, walls: see `tally_rest`.
        photons: how many reflected ones are wanted.
        kind: BY_COPPER, or BY_WINDOWS, or TOTALLY: by windows that reflect all of it.
        counts: added to, by channel, shape (n_channels,).

    Returns:
        The number of reflected photons; fewer than wanted where the wall hardly ever reflects so.
    """
    stream = np.empty(2, dtype=np.uint64)
    start_stream(stream, seed, number)
    face = nearest_face(point[0], point[1], point[2], walls)
    ax, ay, az = walls.planes[face, 0], walls.planes[face, 1], walls.planes[face, 2]
    done = 0
    for _ in range(MOST_TRIES * photons):
        if done == photons:
            break
        x, y, z = point[0], point[1], point[2]
        dx, dy, dz = rotate(ax, ay, az, 1 - 1.4 * uniform(stream), stream)
        to_wall, face = distance_to_wall(x, y, z, dx, dy, dz, walls)
        if uniform(stream) >= near_share(to_wall, near):
            continue
        x, y, z = x + to_wall * dx, y + to_wall * dy, z + to_wall * dz
        nx, ny, nz = walls.planes[face, 0], walls.planes[face, 1], walls.planes[face, 2]
        if kind == BY_COPPER:
            dx, dy, dz = rotate(-nx, -ny, -nz, math.sqrt(1 - uniform(stream)), stream)
        else:
            cosine = dx * nx + dy * ny + dz * nz
            takes = window_absorbs(cosine, medium.n_ratio, medium.photocathode_reflectance)
            if (takes == 0) != (kind == TOTALLY) or uniform(stream) < takes:
                continue
            dx, dy, dz = dx - 2 * cosine * nx, dy - 2 * cosine * ny, dz - 2 * cosine * nz
        done += 1
        channel, _path = follow(x, y, z, dx, dy, dz, medium, walls, stream)
        if channel >= 0:
            counts[channel] += 1
    return done
