"""One photon's way through the detector: Rayleigh scattering, absorption, windows that reflect, copper that diffuses.

The model: rays in a convex polyhedron; polarisation and the thickness of the windows are neglected. A photon that the
cathode absorbs is detected: quantum efficiency is taken off at emission, so that no photon is followed in vain.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from exonu.core.compiled import kernel
from exonu.detector.random_numbers import exponential, start_stream, uniform

Array = NDArray[np.float64]

IN_XENON, IN_COPPER = -1, -2
"""Fates of a photon that is not detected: absorbed in the liquid, absorbed by the wall between the windows."""


class Medium(NamedTuple):
    """The optics as the kernels take them."""

    rayleigh_cm: float
    absorption_cm: float
    n_ratio: float
    photocathode_reflectance: float
    copper_albedo: float
    velocity_cm_per_ns: float


class Walls(NamedTuple):
    """The geometry as the kernels take it: walls as planes, and on each a grid of the window nearest to each cell."""

    normals: Array  # (3, n_faces), so that a loop over faces is contiguous
    offsets: Array  # (n_faces,)
    first: Array  # (n_faces, 3) first axis of each wall's grid
    second: Array  # (n_faces, 3)
    corner: Array  # (n_faces, 2) coordinates of the grid's corner along the axes
    cells_per_cm: float
    nearest: NDArray[np.uint16]  # (n_faces, rows, columns) channel
    positions: Array  # (n_channels, 3)
    axes: Array  # (n_channels, 3)
    cross_axes: Array  # (n_channels, 3)
    half_size: Array  # (n_channels,)
    window: NDArray[np.int64]  # (n_channels,)
    safe_radius2: float  # squared radius of a sphere that touches no wall


@kernel
def azimuth(stream: Any) -> Any:
    """Cosine and sine of a random angle, without trigonometry."""
    while True:
        a, b = 2 * uniform(stream) - 1, 2 * uniform(stream) - 1
        square = a * a + b * b
        if 1e-12 < square <= 1:
            return (a * a - b * b) / square, 2 * a * b / square


@kernel
def turned(x: float, y: float, z: float, cosine: float, stream: Any) -> Any:
    """A unit vector at this angle to the unit vector (x, y, z), at a random azimuth.

    The frame is the one of Duff et al., J. Comput. Graph. Tech. 6, 1 (2017): no case distinction, no square root.
    """
    sign = math.copysign(1.0, z)
    a = -1.0 / (sign + z)
    b = x * y * a
    cos_phi, sin_phi = azimuth(stream)
    sine = math.sqrt(max(0.0, 1 - cosine * cosine))
    u, v = sine * cos_phi, sine * sin_phi
    new_x = u * (1 + sign * x * x * a) + v * b + cosine * x
    new_y = u * sign * b + v * (sign + y * y * a) + cosine * y
    new_z = -u * sign * x - v * y + cosine * z
    norm = 1.5 - 0.5 * (new_x * new_x + new_y * new_y + new_z * new_z)  # 1 up to rounding: keep it there
    return new_x * norm, new_y * norm, new_z * norm


@kernel
def rayleigh_cosine(stream: Any) -> Any:
    """Cosine of a scattering angle from 3/8 (1 + cos²θ)."""
    while True:
        cosine = 2 * uniform(stream) - 1
        if 2 * uniform(stream) <= 1 + cosine * cosine:
            return cosine


@kernel
def fresnel(cosine: float, n_ratio: float) -> Any:
    """Reflectance of a boundary for unpolarised light (Fresnel), 1 for total reflection.

    Args:
        cosine: of the angle of incidence.
        n_ratio: refractive index before the boundary over the one behind it.
    """
    sine2 = n_ratio * n_ratio * (1 - cosine * cosine)
    if sine2 >= 1:
        return 1.0
    inner = math.sqrt(1 - sine2)
    across = (n_ratio * cosine - inner) / (n_ratio * cosine + inner)
    along = (cosine - n_ratio * inner) / (cosine + n_ratio * inner)
    return 0.5 * (across * across + along * along)


@kernel
def window_absorbs(cosine: float, n_ratio: float, cathode_reflectance: float) -> Any:
    """Probability that a window detects: the boundary with R on the way in and, repeatedly, on the way back.

    (1 − R)(1 − ρ) Σ (ρR)^k, with ρ the cathode's reflectance; the rest leaves at the angle of specular reflection.
    """
    boundary = fresnel(cosine, n_ratio)
    return (1 - boundary) * (1 - cathode_reflectance) / (1 - cathode_reflectance * boundary)


@kernel
def distance_to_wall(x: float, y: float, z: float, dx: float, dy: float, dz: float, walls: Any, rates: Any) -> Any:
    """Distance from a point along a direction to the first wall, and which; 0 for a point outside it."""
    normals, offsets = walls.normals, walls.offsets
    for face in range(offsets.size):  # one over the distance, so that walls behind are simply negative
        towards = dx * normals[0, face] + dy * normals[1, face] + dz * normals[2, face]
        gap = offsets[face] - x * normals[0, face] - y * normals[1, face] - z * normals[2, face]
        rates[face] = towards / max(gap, 1e-12)
    hit = 0
    for face in range(1, offsets.size):
        if rates[face] > rates[hit]:
            hit = face
    return 1 / rates[hit], hit


@kernel
def window_at(x: float, y: float, z: float, face: int, walls: Any) -> Any:
    """Channel of the window at a point of a wall, or IN_COPPER between the windows."""
    a = x * walls.first[face, 0] + y * walls.first[face, 1] + z * walls.first[face, 2]
    b = x * walls.second[face, 0] + y * walls.second[face, 1] + z * walls.second[face, 2]
    column = int((a - walls.corner[face, 0]) * walls.cells_per_cm)
    row = int((b - walls.corner[face, 1]) * walls.cells_per_cm)
    column = min(max(column, 0), walls.nearest.shape[2] - 1)
    row = min(max(row, 0), walls.nearest.shape[1] - 1)
    channel = int(walls.nearest[face, row, column])
    half = walls.half_size[channel]
    x -= walls.positions[channel, 0]
    y -= walls.positions[channel, 1]
    z -= walls.positions[channel, 2]
    u = x * walls.axes[channel, 0] + y * walls.axes[channel, 1] + z * walls.axes[channel, 2]
    v = x * walls.cross_axes[channel, 0] + y * walls.cross_axes[channel, 1] + z * walls.cross_axes[channel, 2]
    if walls.window[channel] == 1:
        inside = u * u + v * v <= half * half
    else:
        slant = 0.5 * math.sqrt(3.0) * v
        inside = abs(u) <= half and abs(0.5 * u + slant) <= half and abs(0.5 * u - slant) <= half
    return channel if inside else IN_COPPER


@kernel
def follow(x: Any, y: Any, z: Any, dx: Any, dy: Any, dz: Any, medium: Any, walls: Any, stream: Any, rates: Any) -> Any:
    """Follow one photon to its end.

    Args:
        x, y, z, dx, dy, dz: point [cm] and unit direction of emission.
        medium, walls: optics and geometry.
        stream: random numbers, as left by `start_stream`.
        rates: scratch, one per wall.

    Returns:
        The channel that detects it, or IN_XENON or IN_COPPER; and the length of its path [cm].
    """
    path = 0.0
    absorbed_at = medium.absorption_cm * exponential(stream)
    to_scatter = medium.rayleigh_cm * exponential(stream)
    while True:
        step = min(to_scatter, absorbed_at - path)
        new_x, new_y, new_z = x + step * dx, y + step * dy, z + step * dz
        free = new_x * new_x + new_y * new_y + new_z * new_z < walls.safe_radius2
        if not free:
            to_wall, face = distance_to_wall(x, y, z, dx, dy, dz, walls, rates)
            free = step < to_wall
        if free:
            path += step
            if step < to_scatter:
                return IN_XENON, path
            x, y, z = new_x, new_y, new_z
            dx, dy, dz = turned(dx, dy, dz, rayleigh_cosine(stream), stream)
            to_scatter = medium.rayleigh_cm * exponential(stream)
            continue
        path += to_wall
        to_scatter -= to_wall
        x, y, z = x + to_wall * dx, y + to_wall * dy, z + to_wall * dz
        nx, ny, nz = walls.normals[0, face], walls.normals[1, face], walls.normals[2, face]
        channel = window_at(x, y, z, face, walls)
        if channel == IN_COPPER:
            if uniform(stream) >= medium.copper_albedo:
                return IN_COPPER, path
            dx, dy, dz = turned(-nx, -ny, -nz, math.sqrt(1 - uniform(stream)), stream)  # Lambert's cosine law
            continue
        cosine = dx * nx + dy * ny + dz * nz
        if uniform(stream) < window_absorbs(cosine, medium.n_ratio, medium.photocathode_reflectance):
            return channel, path
        dx, dy, dz = dx - 2 * cosine * nx, dy - 2 * cosine * ny, dz - 2 * cosine * nz


@kernel
def count_fates(points: Any, photons: int, seed: int, first: int, medium: Any, walls: Any) -> Any:
    """Where photons end that are emitted isotropically.

    Args:
        points: points of emission [cm], shape (n, 3).
        photons: number of photons from each.
        seed, first: point i has the random numbers of event `first + i`.
        medium, walls: optics and geometry.

    Returns:
        Counts of shape (n, n_channels + 2); the last two columns are absorbed by copper and in xenon.
    """
    n_channels = walls.half_size.size
    counts = np.zeros((len(points), n_channels + 2), dtype=np.int64)
    stream, rates = np.empty(2, dtype=np.uint64), np.empty(walls.offsets.size)
    for i in range(len(points)):
        start_stream(stream, seed, first + i)
        for _ in range(photons):
            dx, dy, dz = turned(0.0, 0.0, 1.0, 2 * uniform(stream) - 1, stream)
            fate, _path = follow(points[i, 0], points[i, 1], points[i, 2], dx, dy, dz, medium, walls, stream, rates)
            counts[i, fate if fate >= 0 else n_channels + 2 + fate] += 1
    return counts
