"""The compiled part of `wall_decays`: points in the liquid and on the wall, what comes out,
importance sampling."""

from __future__ import annotations

import math
from typing import Any

from exonu.core.compiled import exact_kernel
from exonu.decays.decay_kernels import place_in
from exonu.detector.random_numbers import exponential, uniform
from exonu.detector.transport import azimuth, rotate
from exonu.simulation.gammas.gamma_kernels import inside, per_cm
from exonu.simulation.wall.wall_decays import (
    COPPER,
    KRAMERS_PER_KEV,
    LIQUID,
    POINT,
    RANGE_CURVATURE,
    RANGE_G_PER_CM2,
    RANGE_POWER,
    WINDOW,
    WINDOW_REACH2,
)

BREMSSTRAHLUNG_ABOVE_KEV = 20.0
SEAL_GAP = 1.02  # the seal lies around the window, in the copper


@exact_kernel
def range_of(energy_keV: float) -> Any:
    """Practical range in g/cm², see `wall.practical_range_g_per_cm2`."""
    log = math.log(energy_keV * 1e-3)
    return RANGE_G_PER_CM2 * math.exp(log * (RANGE_POWER - RANGE_CURVATURE * log))


@exact_kernel
def energy_left(energy_keV: float, path_g_per_cm2: float) -> Any:
    """Energy after a path, 0 if the electron stops."""
    left = range_of(energy_keV) - path_g_per_cm2
    if left <= 1e-9:
        return 0.0
    log = math.log(left / RANGE_G_PER_CM2)
    root = math.sqrt(RANGE_POWER * RANGE_POWER - 4 * RANGE_CURVATURE * log)
    return min(energy_keV, 1e3 * math.exp((RANGE_POWER - root) / (2 * RANGE_CURVATURE)))


@exact_kernel
def wall_in_direction(x: float, y: float, z: float, walls: Any) -> Any:
    """Which wall a ray from the origin hits, and the factor that brings (x, y, z) onto it."""
    hit, reach = 0, 0.0
    for face in range(walls.offsets.size):
        here = x * walls.normals[face, 0] + y * walls.normals[face, 1] + z * walls.normals[face, 2]
        here /= walls.offsets[face]
        if here > reach:
            hit, reach = face, here
    return hit, 1 / reach


@exact_kernel
def tube(focus: Any, n_channels: int, stream: Any) -> Any:
    """A photomultiplier, all as likely or as the focus says, and its weight."""
    if focus.share > 0:
        channel = place_in(focus.up_to, 0, n_channels, uniform(stream))
        return channel, focus.weight[channel]
    return min(int(uniform(stream) * n_channels), n_channels - 1), 1.0


@exact_kernel
def point_of_window(place: Any, walls: Any, stream: Any) -> Any:
    """A point of a window's area or of the seal around it; the wall it is on; its weight."""
    channel, weight = tube(place.focus, walls.half_size.size, stream)
    half, root3 = walls.half_size[channel], math.sqrt(3.0)
    edge = place.kind != WINDOW
    if walls.window[channel] == 1:
        radius = half * (SEAL_GAP if edge else math.sqrt(uniform(stream)))
        cosine, sine = azimuth(stream)
        u, v = radius * cosine, radius * sine
    else:  # a triangle of the hexagon, then turned by a multiple of 60°
        height = half * (SEAL_GAP if edge else math.sqrt(uniform(stream)))
        along = (2 * uniform(stream) - 1) * height / root3
        turn = math.floor(6 * uniform(stream)) * math.pi / 3
        u = height * math.cos(turn) - along * math.sin(turn)
        v = height * math.sin(turn) + along * math.cos(turn)
    x = walls.positions[channel, 0] + u * walls.axes[channel, 0] + v * walls.cross_axes[channel, 0]
    y = walls.positions[channel, 1] + u * walls.axes[channel, 1] + v * walls.cross_axes[channel, 1]
    z = walls.positions[channel, 2] + u * walls.axes[channel, 2] + v * walls.cross_axes[channel, 2]
    face, factor = wall_in_direction(x, y, z, walls)
    return x * factor, y * factor, z * factor, face, weight


@exact_kernel
def on_window(x: float, y: float, z: float, face: int, walls: Any) -> Any:
    """Whether a point of a wall is on one of the windows."""
    root3 = math.sqrt(3.0)
    for c in walls.near[face]:
        if c < 0:
            return False
        half = walls.half_size[c]
        dx, dy, dz = x - walls.positions[c, 0], y - walls.positions[c, 1], z - walls.positions[c, 2]
        if dx * dx + dy * dy + dz * dz > WINDOW_REACH2 * half * half:
            continue
        u = dx * walls.axes[c, 0] + dy * walls.axes[c, 1] + dz * walls.axes[c, 2]
        v = dx * walls.cross_axes[c, 0] + dy * walls.cross_axes[c, 1] + dz * walls.cross_axes[c, 2]
        if walls.window[c] == 1:
            inside_it = u * u + v * v <= half * half
        else:
            inside_it = (
                max(abs(u), abs(0.5 * u + 0.5 * root3 * v), abs(0.5 * u - 0.5 * root3 * v)) <= half
            )
        if inside_it:
            return True
    return False


@exact_kernel
def point_of_copper(place: Any, walls: Any, stream: Any) -> Any:
    """A point of the wall between the windows, uniform in area; the wall it is on."""
    largest = place.outer_cm * place.outer_cm * place.outer_cm / math.sqrt(walls.safe_radius2)
    while True:
        x, y, z = rotate(0.0, 0.0, 1.0, 2 * uniform(stream) - 1, stream)
        face, radius = wall_in_direction(x, y, z, walls)
        # An element of solid angle sees the area r² dΩ / cos θ, and cos θ is the wall's distance
        # over r.
        if uniform(stream) * largest > radius * radius * radius / walls.offsets[face]:
            continue
        x, y, z = x * radius, y * radius, z * radius
        if not on_window(x, y, z, face, walls):
            return x, y, z, face


@exact_kernel
def focused_point_of_copper(place: Any, walls: Any, stream: Any) -> Any:
    """A point of the copper, a share of them uniform in a cone around a channel of the focus; its
    wall and weight.

    The weight is 0 where the cone meets a window.
    """
    focus = place.focus
    if uniform(stream) >= focus.share:
        x, y, z, face = point_of_copper(place, walls, stream)
        radius = math.sqrt(x * x + y * y + z * z)
    else:
        i = min(int(uniform(stream) * focus.cosine.size), focus.cosine.size - 1)
        cosine = 1 - (1 - focus.cosine[i]) * uniform(stream)
        x, y, z = rotate(
            focus.centres[i, 0], focus.centres[i, 1], focus.centres[i, 2], cosine, stream
        )
        face, radius = wall_in_direction(x, y, z, walls)
        x, y, z = x * radius, y * radius, z * radius
        if on_window(x, y, z, face, walls):
            return x, y, z, face, 0.0
    nature = radius * radius * radius / walls.offsets[face] / focus.copper_area  # per solid angle
    cones = 0.0
    for i in range(focus.cosine.size):
        along = x * focus.centres[i, 0] + y * focus.centres[i, 1] + z * focus.centres[i, 2]
        if along >= focus.cosine[i] * radius:
            cones += 1 / (2 * math.pi * (1 - focus.cosine[i]) * focus.cosine.size)
    return x, y, z, face, nature / ((1 - focus.share) * nature + focus.share * cones)


@exact_kernel
def point_of_decay(place: Any, walls: Any, stream: Any) -> Any:
    """Where a decay is: x, y, z [cm], the wall it is on (−1: in the liquid), its weight."""
    if place.kind == POINT:
        return place.point_cm[0], place.point_cm[1], place.point_cm[2], -1, 1.0
    if place.kind == LIQUID:
        radius = min(place.outer_cm, place.radius_cm)
        while True:
            x, y, z = rotate(0.0, 0.0, 1.0, 2 * uniform(stream) - 1, stream)
            r = radius * uniform(stream) ** (1.0 / 3.0)
            if inside(r * x, r * y, r * z, walls):
                return r * x, r * y, r * z, -1, 1.0
    if place.kind != COPPER:
        return point_of_window(place, walls, stream)
    if place.focus.share > 0:
        return focused_point_of_copper(place, walls, stream)
    x, y, z, face = point_of_copper(place, walls, stream)
    return x, y, z, face, 1.0


@exact_kernel
def bremsstrahlung_keV(energy_keV: float, charge: float, stream: Any) -> Any:
    """Energy of a photon that an electron gives while it stops in a solid, mostly 0 (none)."""
    lowest = BREMSSTRAHLUNG_ABOVE_KEV
    if energy_keV <= lowest:
        return 0.0
    mean = (
        KRAMERS_PER_KEV
        * charge
        * (energy_keV * math.log(energy_keV / lowest) - energy_keV + lowest)
    )
    if uniform(stream) >= mean:  # at most 0.3: a second photon is left out
        return 0.0
    while True:
        photon = lowest * (energy_keV / lowest) ** uniform(stream)
        if uniform(stream) * (energy_keV - lowest) < energy_keV - photon:
            return photon


@exact_kernel
def chord(x: float, y: float, z: float, dx: float, dy: float, dz: float, radius: float) -> Any:
    """Where a ray enters and leaves a sphere around the origin; two equal numbers if it misses."""
    nearest = -(x * dx + y * dy + z * dz)
    half2 = radius * radius - (x * x + y * y + z * z) + nearest * nearest
    if half2 <= 0 or nearest <= 0:
        return 0.0, 0.0
    half = math.sqrt(half2)
    return max(nearest - half, 0.0), nearest + half


@exact_kernel
def aimed(x: float, y: float, z: float, place: Any, favoured: bool, stream: Any) -> Any:
    """Direction of a photon, uniform or, if favoured, from a mixture: a share `bias` goes into the
    cone of the target.

    Returns:
        The direction; how much more often the mixture gives it than the uniform distribution does.
    """
    distance = math.sqrt(x * x + y * y + z * z)
    sine = place.target_cm / distance
    edge = math.sqrt(1 - sine * sine)  # cosine of the target's half opening
    into_cone = uniform(stream) < place.bias and favoured
    cosine = 1 - uniform(stream) * ((1 - edge) if into_cone else 2.0)
    dx, dy, dz = rotate(-x / distance, -y / distance, -z / distance, cosine, stream)
    return dx, dy, dz, 1 - place.bias + (place.bias * 2 / (1 - edge) if cosine >= edge else 0.0)


@exact_kernel
def force(enter: float, leave: float, mu: float, bias: float, favoured: bool, stream: Any) -> Any:
    """First flight of a photon, exponential or, if favoured, from a mixture: a share `bias` ends
    inside the target.

    Args:
        enter, leave: where the ray meets the target [cm]; equal if it does not.
        mu: attenuation [1/cm].
        bias, favoured: of the mixture.
        stream: random numbers.

    Returns:
        The length [cm]; how much more often the mixture gives it than the exponential distribution
        does.
    """
    arrive, pass_by = math.exp(-mu * enter), math.exp(-mu * leave)
    if not arrive > pass_by:
        return exponential(stream) / mu, 1.0
    flight = exponential(stream) / mu
    if uniform(stream) < bias and favoured:
        flight = enter - math.log(1 - uniform(stream) * (1 - pass_by / arrive)) / mu
    return flight, 1 - bias + (bias / (arrive - pass_by) if enter <= flight <= leave else 0.0)


@exact_kernel
def survives(energy_keV: float, path_cm: float, attenuation: Any, stream: Any) -> Any:
    """Whether a photon passes through a length of the wall's material unscattered."""
    return path_cm <= 0 or uniform(stream) < math.exp(
        -path_cm * per_cm(attenuation.wall, energy_keV, attenuation)
    )
