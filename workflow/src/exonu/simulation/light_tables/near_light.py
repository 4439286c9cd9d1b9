"""Light that meets the wall near its source, before anything else: where it goes, nearly exactly.

Its pattern changes within millimetres, so it is not tabulated: a few hundred directions, spread
evenly and turned at random, find windows, copper and what these reflect. The rest of the light
varies over centimetres."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from exonu.core.compiled import kernel
from exonu.detector.random_numbers import uniform
from exonu.detector.transport import IN_COPPER, azimuth, distance_to_wall, window_at

BY_COPPER, BY_WINDOWS, TOTALLY = range(3)
GRAZING = 0.25
"""Share of the directions that meet the nearest wall so flatly that windows reflect all."""


@kernel
def near_share(distance: float, near: Any) -> Any:
    """Share of the light that meets the wall at this distance that counts as near: 1 up to the
    first of two distances, 0 from the second, smooth between."""
    if distance <= near[0]:
        return 1.0
    if distance >= near[1]:
        return 0.0
    x = (near[1] - distance) / (near[1] - near[0])
    return x * x * (3 - 2 * x)


@kernel
def nearest_face(x: float, y: float, z: float, walls: Any) -> Any:
    """The wall that a point is nearest to."""
    planes = walls.planes
    best, least = 0, np.inf
    for face in range(len(planes)):
        gap = planes[face, 3] - x * planes[face, 0] - y * planes[face, 1] - z * planes[face, 2]
        if gap < least:
            best, least = face, gap
    return best


@kernel
def least_cosine(x: float, y: float, z: float, face: int, reach: float, walls: Any) -> Any:
    """A cone about the normal of a point's nearest wall that holds all directions in which a wall
    is nearer than `reach`: the cosine of its half opening."""
    planes = walls.planes
    widest = 0.0
    for other in range(len(planes)):
        gap = planes[other, 3] - x * planes[other, 0] - y * planes[other, 1] - z * planes[other, 2]
        if gap < reach:
            between = (
                planes[face, 0] * planes[other, 0]
                + planes[face, 1] * planes[other, 1]
                + planes[face, 2] * planes[other, 2]
            )
            angle = math.acos(min(1.0, between)) + math.acos(max(0.0, gap) / reach)
            widest = max(widest, angle)
    return math.cos(min(widest, math.pi))


@kernel
def distance_from(
    face: int, x: float, y: float, z: float, dx: float, dy: float, dz: float, walls: Any
) -> Any:
    """As `transport.distance_to_wall`, where the wall that is met is likely this face or beside
    it."""
    planes, adjacent = walls.planes, walls.adjacent
    towards = dx * planes[face, 0] + dy * planes[face, 1] + dz * planes[face, 2]
    if towards <= 1e-9:
        return distance_to_wall(x, y, z, dx, dy, dz, walls)
    gap = planes[face, 3] - x * planes[face, 0] - y * planes[face, 1] - z * planes[face, 2]
    distance, met, here = max(gap, 0.0) / towards, face, -1
    while here != met:
        here = met
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
                distance, met = max(gap, 0.0) / towards, other
    return distance, met


@kernel
def near_light(
    x: float, y: float, z: float, face: int, points: Any, count: int, near: Any, absorbs: Any, medium: Any, walls: Any,
    stream: Any, found: Any, reflected: Any,
) -> Any:  # fmt: skip
    """Near light of an isotropic source: on windows, and reflected by copper and by windows.

    Args:
        x, y, z, face: the source [cm], and its nearest wall.
        points: evenly spread points of the unit square, the second coordinate as cosine and sine
            of an angle, shape (most, 3).
        count: how many of them are taken.
        near: the two distances of `near_share`.
        absorbs: share that a window takes, for cosines of incidence from 0 to 1 in equal steps.
        medium, walls: optics and geometry.
        stream: random numbers: two, for the turn.
        found: filled with channel, share of the source's light, and path [cm], of each ray that a
            window takes, shape (most, 3).
        reflected: filled with the shares of the source's light that are reflected, by kind, shape
            (KINDS,).

    Returns:
        Number of rows of `found`.
    """
    ax, ay, az = walls.planes[face, 0], walls.planes[face, 1], walls.planes[face, 2]
    lowest = least_cosine(x, y, z, face, near[1], walls)
    sign = math.copysign(1.0, az)
    a = -1.0 / (sign + az)
    b = ax * ay * a
    ux, uy, uz = 1 + sign * ax * ax * a, sign * b, -sign * ax
    vx, vy, vz = b, sign + ay * ay * a, -ay
    shift = uniform(stream)
    cos_turn, sin_turn = azimuth(stream)
    # Windows take light only above the angle of total reflection: most directions go there.
    sine2 = min(1.0, 1 / (medium.n_ratio * medium.n_ratio))
    middle = max(lowest, math.sqrt(1 - sine2))
    grazing = int(count * GRAZING) if middle > lowest else 0
    each_steep = 0.5 * (1 - middle) / (count - grazing)
    each_grazing = 0.5 * (middle - lowest) / max(grazing, 1)
    lost = 1 / medium.absorption_cm + 1 / medium.rayleigh_cm
    n, by_copper, by_windows, totally = 0, 0.0, 0.0, 0.0
    for k in range(count):
        place = points[k, 0] + shift
        place -= math.floor(place)
        is_steep = k < count - grazing
        cosine = 1 - (1 - middle) * place if is_steep else middle - (middle - lowest) * place
        sine = math.sqrt(max(0.0, 1 - cosine * cosine))
        p = sine * (points[k, 1] * cos_turn - points[k, 2] * sin_turn)
        q = sine * (points[k, 1] * sin_turn + points[k, 2] * cos_turn)
        dx = p * ux + q * vx + cosine * ax
        dy = p * uy + q * vy + cosine * ay
        dz = p * uz + q * vz + cosine * az
        to_wall, wall = distance_from(face, x, y, z, dx, dy, dz, walls)
        share = near_share(to_wall, near)
        if share == 0:
            continue
        t = to_wall * lost  # exp(−t), to 2e-4 at the far end
        share *= (each_steep if is_steep else each_grazing) * (
            1 - t * (1 - t * (0.5 - t * (1 / 6 - t / 24)))
        )
        channel = window_at(x + to_wall * dx, y + to_wall * dy, z + to_wall * dz, wall, walls)
        if channel == IN_COPPER:
            by_copper += share * medium.copper_albedo
            continue
        incidence = (
            dx * walls.planes[wall, 0] + dy * walls.planes[wall, 1] + dz * walls.planes[wall, 2]
        )
        step = incidence * (len(absorbs) - 1)
        cell = min(int(step), len(absorbs) - 2)
        taken = share * (absorbs[cell] + (step - cell) * (absorbs[cell + 1] - absorbs[cell]))
        if taken > 0:
            by_windows += share - taken
            found[n, 0], found[n, 1], found[n, 2] = channel, taken, to_wall
            n += 1
        else:
            totally += share
    reflected[BY_COPPER], reflected[BY_WINDOWS], reflected[TOTALLY] = by_copper, by_windows, totally
    return n
