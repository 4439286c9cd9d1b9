"""One photon's way through the detector: Rayleigh scattering, absorption, windows that reflect,
copper that diffuses.

The model: rays in a convex polyhedron; polarisation and the thickness of the windows are neglected.
    A photon that the
cathode absorbs is detected: quantum efficiency is taken off at emission, so that no photon is
    followed in vain.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from exonu.core.compiled import exact_kernel, kernel
from exonu.core.types import Array
from exonu.detector.random_numbers import exponential, start_stream, uniform

IN_XENON, IN_COPPER = -1, -2
"""Fates of a photon that is not detected: absorbed in the liquid, absorbed by the wall between the
windows."""
NO_WINDOW = np.uint16(65535)
BEYOND = 1e12
HALF_ROOT_3 = math.sqrt(3) / 2


class Medium(NamedTuple):
    """The optics as the kernels take them."""

    rayleigh_cm: float
    absorption_cm: float
    n_ratio: float
    photocathode_reflectance: float
    copper_albedo: float
    velocity_cm_per_ns: float


class Walls(NamedTuple):
    """The geometry as the kernels take it; made by `transport_tables.walls_of`."""

    planes: Array  # (n_faces, 4): outward normal and distance from the origin
    adjacent: NDArray[np.int64]  # (n_faces, most edges): the faces across a face's edges
    guess: NDArray[np.int16]  # (n, n) the face behind each cell of the octahedral map of directions
    mean_radius2: float  # squared radius of a sphere like the polyhedron
    safe_radius2: float  # squared radius of a sphere that touches no wall
    # (n_faces, 8): two axes in the plane, each with the coordinate where the face's grid begins
    frames: Array
    cells_per_cm: float
    candidates: NDArray[
        np.uint16
    ]  # (n_faces, rows, columns, most): windows that a cell touches, nearest first
    # (n_channels, 10): two axes in the window, each with its centre's coordinate; half size; shape
    windows: Array


@exact_kernel
def azimuth(stream: Any) -> Any:
    """Cosine and sine of a random angle, without trigonometry."""
    while True:
        a, b = 2 * uniform(stream) - 1, 2 * uniform(stream) - 1
        square = a * a + b * b
        if 1e-12 < square <= 1:
            return (a * a - b * b) / square, 2 * a * b / square


@exact_kernel
def rotate(x: float, y: float, z: float, cosine: float, stream: Any) -> Any:
    """A unit vector at this angle to the unit vector (x, y, z), at a random azimuth.

    The frame is the one of Duff et al., J. Comput. Graph. Tech. 6, 1 (2017): no case distinction,
    no square root."""
    sign = math.copysign(1.0, z)
    a = -1.0 / (sign + z)
    b = x * y * a
    cos_phi, sin_phi = azimuth(stream)
    sine = math.sqrt(max(0.0, 1 - cosine * cosine))
    u, v = sine * cos_phi, sine * sin_phi
    new_x = u * (1 + sign * x * x * a) + v * b + cosine * x
    new_y = u * sign * b + v * (sign + y * y * a) + cosine * y
    new_z = -u * sign * x - v * y + cosine * z
    norm = 1.5 - 0.5 * (
        new_x * new_x + new_y * new_y + new_z * new_z
    )  # 1 up to rounding: keep it there
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
    """Probability that a window detects: the boundary with R on the way in and, repeatedly, on the
    way back.

    (1 − R)(1 − ρ) Σ (ρR)^k, with ρ the cathode's reflectance; the rest leaves at the angle of
    specular reflection."""
    boundary = fresnel(cosine, n_ratio)
    if boundary >= 1:  # total reflection; with a perfect cathode the sum below would be 0/0
        return 0.0
    return (1 - boundary) * (1 - cathode_reflectance) / (1 - cathode_reflectance * boundary)


@kernel
def likely_face(x: float, y: float, z: float, dx: float, dy: float, dz: float, walls: Any) -> Any:
    """The face where a ray leaves a sphere like the polyhedron: nearly always the right one, or one
    beside it."""
    middle = x * dx + y * dy + z * dz
    root = math.sqrt(max(0.0, walls.mean_radius2 - x * x - y * y - z * z + middle * middle))
    x, y, z = x + (root - middle) * dx, y + (root - middle) * dy, z + (root - middle) * dz
    scale = 1 / (abs(x) + abs(y) + abs(z) + 1e-30)
    u, v = x * scale, y * scale  # the octahedral map: the lower half is folded outwards
    if z < 0:
        u, v = math.copysign(1 - abs(v), u), math.copysign(1 - abs(u), v)
    n = walls.guess.shape[0]
    return walls.guess[min(int(0.5 * (u + 1) * n), n - 1), min(int(0.5 * (v + 1) * n), n - 1)]


@kernel
def distance_to_wall(
    x: float, y: float, z: float, dx: float, dy: float, dz: float, walls: Any
) -> Any:
    """Distance from a point along a direction to the first wall, and which; 0 for a point outside
    it.

    Walks from a likely face across the edges to ever nearer planes. It ends where no face across an
    edge is nearer: there the point is inside the face's polygon, and a convex body is left through
    one face only."""
    planes, adjacent = walls.planes, walls.adjacent
    face = likely_face(x, y, z, dx, dy, dz, walls)
    towards = dx * planes[face, 0] + dy * planes[face, 1] + dz * planes[face, 2]
    gap = planes[face, 3] - x * planes[face, 0] - y * planes[face, 1] - z * planes[face, 2]
    distance = max(gap, 0.0) / towards if towards > 1e-9 else BEYOND
    while True:
        here = face
        for edge in range(adjacent.shape[1]):
            other = adjacent[here, edge]
            towards = dx * planes[other, 0] + dy * planes[other, 1] + dz * planes[other, 2]
            gap = (
                planes[other, 3]
                - x * planes[other, 0]
                - y * planes[other, 1]
                - z * planes[other, 2]
            )
            if towards * distance > max(gap, 0.0):
                distance, face = max(gap, 0.0) / towards, other
        if face == here:
            break
    if distance < BEYOND:
        return distance, face
    for other in range(
        len(planes)
    ):  # the guess and its neighbours were all behind: look at every face
        towards = dx * planes[other, 0] + dy * planes[other, 1] + dz * planes[other, 2]
        gap = planes[other, 3] - x * planes[other, 0] - y * planes[other, 1] - z * planes[other, 2]
        if towards * distance > max(gap, 0.0):
            distance, face = max(gap, 0.0) / towards, other
    return distance, face


@kernel
def window_at(x: float, y: float, z: float, face: int, walls: Any) -> Any:
    """Channel of the window at a point of a wall, or IN_COPPER between the windows."""
    frames, grid, windows = walls.frames, walls.candidates, walls.windows
    column = int(
        (x * frames[face, 0] + y * frames[face, 1] + z * frames[face, 2] - frames[face, 3])
        * walls.cells_per_cm
    )
    row = int(
        (x * frames[face, 4] + y * frames[face, 5] + z * frames[face, 6] - frames[face, 7])
        * walls.cells_per_cm
    )
    column, row = min(max(column, 0), grid.shape[2] - 1), min(max(row, 0), grid.shape[1] - 1)
    for place in range(grid.shape[3]):
        channel = grid[face, row, column, place]
        if channel == NO_WINDOW:
            break
        half = windows[channel, 8]
        u = (
            x * windows[channel, 0]
            + y * windows[channel, 1]
            + z * windows[channel, 2]
            - windows[channel, 3]
        )
        v = (
            x * windows[channel, 4]
            + y * windows[channel, 5]
            + z * windows[channel, 6]
            - windows[channel, 7]
        )
        if windows[channel, 9] == 1:
            inside = u * u + v * v <= half * half
        else:
            slant = HALF_ROOT_3 * abs(v)
            inside = abs(u) <= half and 0.5 * abs(u) + slant <= half
        if inside:
            return int(channel)
    return IN_COPPER


@kernel
def follow(
    x: Any, y: Any, z: Any, dx: Any, dy: Any, dz: Any, medium: Any, walls: Any, stream: Any
) -> Any:
    """Follow one photon to its end.

    Args:
        x, y, z, dx, dy, dz: point [cm] and unit direction of emission.
        medium, walls: optics and geometry.
        stream: random numbers, as left by `start_stream`.

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
            to_wall, face = distance_to_wall(x, y, z, dx, dy, dz, walls)
            free = step < to_wall
        if free:
            path += step
            if step < to_scatter:
                return IN_XENON, path
            x, y, z = new_x, new_y, new_z
            dx, dy, dz = rotate(dx, dy, dz, rayleigh_cosine(stream), stream)
            to_scatter = medium.rayleigh_cm * exponential(stream)
            continue
        path += to_wall
        to_scatter -= to_wall
        x, y, z = x + to_wall * dx, y + to_wall * dy, z + to_wall * dz
        nx, ny, nz = walls.planes[face, 0], walls.planes[face, 1], walls.planes[face, 2]
        channel = window_at(x, y, z, face, walls)
        if channel == IN_COPPER:
            if uniform(stream) >= medium.copper_albedo:
                return IN_COPPER, path
            dx, dy, dz = rotate(
                -nx, -ny, -nz, math.sqrt(1 - uniform(stream)), stream
            )  # Lambert's cosine law
            continue
        cosine = dx * nx + dy * ny + dz * nz
        if uniform(stream) < window_absorbs(
            cosine, medium.n_ratio, medium.photocathode_reflectance
        ):
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
        Counts of shape (n, n_channels + 2); the last two columns are absorbed by copper and in
        xenon.
    """
    n_channels = len(walls.windows)
    counts = np.zeros((len(points), n_channels + 2), dtype=np.int64)
    stream = np.empty(2, dtype=np.uint64)
    for i in range(len(points)):
        start_stream(stream, seed, first + i)
        for _ in range(photons):
            dx, dy, dz = rotate(0.0, 0.0, 1.0, 2 * uniform(stream) - 1, stream)
            fate, _path = follow(
                points[i, 0], points[i, 1], points[i, 2], dx, dy, dz, medium, walls, stream
            )
            counts[i, fate if fate >= 0 else n_channels + 2 + fate] += 1
    return counts
