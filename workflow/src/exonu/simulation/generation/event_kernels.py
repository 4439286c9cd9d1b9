"""The compiled event loop of the generator: where, what, and which sites of energy in the
liquid."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from exonu.core.compiled import exact_kernel
from exonu.decays.decay_kernels import ELECTRON, MOST_PARTICLES, PHOTON, decay
from exonu.detector.random_numbers import start_stream, uniform
from exonu.detector.transport import rotate
from exonu.simulation.gammas.gamma_kernels import follow_photon, inside, per_cm
from exonu.simulation.wall.wall_decays import POINT, WINDOW
from exonu.simulation.wall.wall_kernels import (
    aimed,
    bremsstrahlung_keV,
    chord,
    energy_left,
    force,
    point_of_decay,
    range_of,
    survives,
)

MOST_SITES = 64
SITE_COLUMNS = 9  # x, y, z, energy, light fraction, cos_min, axis (3)
EVENT_COLUMNS = 4  # x, y, z of the decay (zeros if nothing leaves the wall), importance weight
LEAST_WEIGHT = 0.01  # of a decay's share of the rate; any value gives the same means
LEAVING_COLUMNS = 3  # kind, energy, cosine to the inward normal


@exact_kernel
def photon_from_liquid(
    energy: float, point: Any, attenuation: Any, walls: Any, sites: Any, n: int, stream: Any
) -> Any:
    """Follow a photon that starts in the liquid in any direction; the new number of sites."""
    direction = rotate(0.0, 0.0, 1.0, 2 * uniform(stream) - 1, stream)
    return follow_photon(energy, point, direction, -1.0, attenuation, walls, sites, n, stream)


@exact_kernel
def decay_in_liquid(
    particles: int,
    kinds: Any,
    energies: Any,
    groups: Any,
    point: Any,
    attenuation: Any,
    walls: Any,
    sites: Any,
    stream: Any,
) -> Any:
    """Sites of a decay in the liquid: electrons stop at the point, those of one transition
    together."""
    n, last = 0, -1
    for i in range(particles):
        if kinds[i] == PHOTON:
            n = photon_from_liquid(energies[i], point, attenuation, walls, sites, n, stream)
            last = -1
        elif groups[i] == last or n == len(sites):
            sites[n - 1, 3] += energies[i]
        else:
            sites[n, 0], sites[n, 1], sites[n, 2] = point
            sites[n, 3] = energies[i]
            n, last = n + 1, groups[i]
    return n


@exact_kernel
def leaving(
    particles: int,
    kinds: Any,
    energies: Any,
    depth: float,
    place: Any,
    attenuation: Any,
    out: Any,
    stream: Any,
) -> Any:
    """What leaves the material of the particles of a decay at some depth.

    Where on the wall the decay is does not matter here, so most are done with before they get a
    point.

    Args:
        particles, kinds, energies: of the decay.
        depth: below the surface [cm].
        place, attenuation: where it is, in what.
        out: filled with what leaves, shape (n, LEAVING_COLUMNS).
        stream: random numbers.

    Returns:
        Number of rows filled.
    """
    n = 0
    for i in range(particles):
        if kinds[i] == PHOTON:
            n = leaving_photon(energies[i], depth, attenuation, out, n, stream)
            continue
        n = leaving_of_electron(energies[i], depth, place, attenuation, out, n, stream)
    return n


@exact_kernel
def leaving_of_electron(
    energy: float, depth: float, place: Any, attenuation: Any, out: Any, n: int, stream: Any
) -> Any:
    """An electron and the photon that it may give on its way; the new number of rows."""
    n = leaving_electron(energy, depth, place, out, n, stream)
    photon = bremsstrahlung_keV(energy, place.charge, stream) if depth > 0 else 0.0
    return leaving_photon(photon, depth, attenuation, out, n, stream) if photon > 0 else n


@exact_kernel
def leaving_electron(energy: float, depth: float, place: Any, out: Any, n: int, stream: Any) -> Any:
    """An electron in any direction on its way out of the wall; the new number of rows."""
    cosine = 2 * uniform(stream) - 1
    if cosine <= 0:
        return n
    if depth > 0:
        energy = energy_left(energy, place.density * depth / cosine)
    if energy <= 0:
        return n
    out[n, 0], out[n, 1], out[n, 2] = ELECTRON, energy, cosine
    return n + 1


@exact_kernel
def leaving_photon(
    energy: float, depth: float, attenuation: Any, out: Any, n: int, stream: Any
) -> Any:
    """A photon in any direction on its way out of the wall; the new number of rows."""
    cosine = 2 * uniform(stream) - 1
    if cosine <= 0 or not survives(energy, depth / cosine, attenuation, stream):
        return n
    out[n, 0], out[n, 1], out[n, 2] = PHOTON, energy, cosine
    return n + 1


@exact_kernel
def into_liquid(
    out: Any,
    leaves: int,
    point: Any,
    normal: Any,
    place: Any,
    attenuation: Any,
    walls: Any,
    sites: Any,
    n: int,
    stream: Any,
) -> Any:
    """Follow what leaves the wall: electrons to half their range in the liquid, photons to their
    end; the new number of sites.

    An electron that meets another wall beside an edge stays where it came out.
    """
    for i in range(leaves):
        energy, cosine = out[i, 1], out[i, 2]
        direction = rotate(normal[0], normal[1], normal[2], cosine, stream)
        if out[i, 0] == PHOTON:
            n = follow_photon(energy, point, direction, -1.0, attenuation, walls, sites, n, stream)
        elif n < len(sites):
            reach = 0.5 * range_of(energy) / place.xenon_density
            x, y, z = (
                point[0] + reach * direction[0],
                point[1] + reach * direction[1],
                point[2] + reach * direction[2],
            )
            if not inside(x, y, z, walls):
                x, y, z = point
            sites[n, 0], sites[n, 1], sites[n, 2] = x, y, z
            sites[n, 3] = energy
            n += 1
    return n


@exact_kernel
def aimed_photon(
    energy: float,
    depth: float,
    point: Any,
    normal: Any,
    favoured: bool,
    place: Any,
    attenuation: Any,
    walls: Any,
    sites: Any,
    n: int,
    stream: Any,
) -> Any:
    """A photon on its way out of the wall and through the liquid, with importance sampling.

    Returns:
        The new number of sites; how much more often importance sampling gives this way than nature,
        were it favoured.
    """
    x, y, z = point
    mu = per_cm(attenuation.photoelectric, energy, attenuation) + per_cm(
        attenuation.compton, energy, attenuation
    )
    dx, dy, dz, ratio = aimed(x, y, z, place, favoured, stream)
    cosine = dx * normal[0] + dy * normal[1] + dz * normal[2]
    if cosine <= 0 or not survives(energy, depth / cosine, attenuation, stream):
        return n, ratio
    enter, leave = chord(x, y, z, dx, dy, dz, place.target_cm)
    flight, more = force(enter, leave, mu, place.bias, favoured, stream)
    return follow_photon(
        energy, point, (dx, dy, dz), flight, attenuation, walls, sites, n, stream
    ), ratio * more


@exact_kernel
def aimed_decay(
    particles: int,
    kinds: Any,
    energies: Any,
    depth: float,
    point: Any,
    normal: Any,
    place: Any,
    attenuation: Any,
    walls: Any,
    out: Any,
    sites: Any,
    stream: Any,
) -> Any:
    """Sites of a decay in the wall with importance sampling of its photons, and its weight.

    One of the photons is favoured, each as likely as the others; the weight is nature's density
    over the mean of those of the choices (balance heuristic: E. Veach and L. J. Guibas, SIGGRAPH
    1995, 419)."""
    photons = 0
    for i in range(particles):
        photons += kinds[i] == PHOTON
    favoured = int(uniform(stream) * photons)
    n, seen, ratios = 0, 0, 0.0
    for i in range(particles):
        if kinds[i] == PHOTON:
            n, ratio = aimed_photon(
                energies[i], depth, point, normal, seen == favoured, place, attenuation, walls, sites, n, stream
            )  # fmt: skip
            seen, ratios = seen + 1, ratios + ratio
        else:
            leaves = leaving_of_electron(energies[i], depth, place, attenuation, out, 0, stream)
            if leaves > 0:
                n = into_liquid(
                    out, leaves, point, normal, place, attenuation, walls, sites, n, stream
                )
    return n, photons / ratios if photons > 0 else 1.0


@exact_kernel
def decay_in_wall(
    particles: int,
    kinds: Any,
    energies: Any,
    place: Any,
    attenuation: Any,
    walls: Any,
    out: Any,
    sites: Any,
    stream: Any,
) -> Any:
    """Sites of a decay on or in the wall.

    Returns:
        Number of sites; the point of the decay and its wall (0 if nothing leaves the material);
        its weight.
    """
    depth = place.shallow_cm + (place.deep_cm - place.shallow_cm) * uniform(stream)
    leaves = 0
    if place.bias == 0.0:  # directions depend on the point otherwise
        leaves = leaving(particles, kinds, energies, depth, place, attenuation, out, stream)
        if leaves == 0:
            return 0, (0.0, 0.0, 0.0), 0, 0.0
    x, y, z, face, weight = point_of_decay(place, walls, stream)
    normal = inward(face, walls)
    if place.bias > 0.0:
        n, more = aimed_decay(
            particles, kinds, energies, depth, (x, y, z), normal, place, attenuation, walls, out, sites, stream
        )  # fmt: skip
        return n, (x, y, z), face, weight * more
    n = into_liquid(out, leaves, (x, y, z), normal, place, attenuation, walls, sites, 0, stream)
    return n, (x, y, z), face, weight


@exact_kernel
def inward(face: int, walls: Any) -> Any:
    """The normal of a wall, into the liquid."""
    return -walls.normals[face, 0], -walls.normals[face, 1], -walls.normals[face, 2]


@exact_kernel
def decay_at_point(
    particles: int,
    kinds: Any,
    energies: Any,
    place: Any,
    attenuation: Any,
    walls: Any,
    sites: Any,
    stream: Any,
) -> Any:
    """Sites of a decay in a capsule in the liquid that stops the electrons; `deep_cm` is its
    wall."""
    n = 0
    for i in range(particles):
        if kinds[i] == PHOTON and survives(energies[i], place.deep_cm, attenuation, stream):
            n = photon_from_liquid(
                energies[i], place.point_cm, attenuation, walls, sites, n, stream
            )
    return n


@exact_kernel
def cone_of(place: Any, stream: Any) -> Any:
    """Share of the light that leaves a pocket, the cosine of its cone's half opening, and a weight.

    Light from deep in a gap is the most directed and looks most like that of an inner event.
    Importance sampling gives the depth, from 0 to 1 of its range, the density 1 − b + 2 b depth.
    """
    width, narrow = place.gap_width_cm, place.gap_width_cm[0]
    if width[1] == 0.0:
        return place.escape_fraction, place.cos_min, 1.0
    half = narrow + (width[1] - narrow) * uniform(stream)
    shallow, bias, share = place.gap_depth_cm[0], place.gap_bias, uniform(stream)
    if bias > 0:
        share = (math.sqrt((1 - bias) * (1 - bias) + 4 * bias * share) - (1 - bias)) / (2 * bias)
    depth = shallow + (place.gap_depth_cm[1] - shallow) * share
    cosine = depth / math.sqrt(depth * depth + half * half)
    return place.escape_fraction * (1 - cosine), cosine, 1 / (1 - bias + 2 * bias * share)


@exact_kernel
def finish(
    n: int, point: Any, normal: Any, on_wall: bool, place: Any, sites: Any, stream: Any
) -> Any:
    """Light fraction and cone of each site; the visible energy in keV and a weight, 1 if no site is in a pocket."""
    visible, weight = 0.0, 1.0
    escape, cosine, of_gap = cone_of(place, stream)
    for i in range(n):
        dx, dy, dz = sites[i, 0] - point[0], sites[i, 1] - point[1], sites[i, 2] - point[2]
        in_pocket = on_wall and math.sqrt(dx * dx + dy * dy + dz * dz) < place.pocket_cm
        if in_pocket:
            weight = of_gap
        sites[i, 4] = escape if in_pocket else 1.0
        sites[i, 5] = cosine if in_pocket else -1.0
        sites[i, 6], sites[i, 7], sites[i, 8] = normal
        visible += sites[i, 3] * sites[i, 4]
    return visible, weight


@exact_kernel
def roulette(weight: float, stream: Any) -> Any:
    """A weight that is worth the work of its light: a smaller one becomes LEAST_WEIGHT with a
    probability that keeps its mean, or 0.

    Importance sampling sends photons of 80 keV half a metre into xenon, with weights down to
    1e-300."""
    if weight >= LEAST_WEIGHT or uniform(stream) * LEAST_WEIGHT >= weight:
        return weight if weight >= LEAST_WEIGHT else 0.0
    return LEAST_WEIGHT


@exact_kernel
def generate_events(
    ids: Any,
    seed: int,
    scheme: Any,
    place: Any,
    attenuation: Any,
    walls: Any,
    window_keV: Any,
    events: Any,
    counts: Any,
    sites: Any,
) -> Any:
    """Generate events until all are done or the sites are full.

    Args:
        ids: numbers of the events; event i has the random numbers of (seed, ids[i]).
        seed: of the source.
        scheme, place, attenuation, walls: what decays, where, in what.
        window_keV: (low, high) of the visible energy; other events get no sites.
        events: filled with the point of decay and the weight, shape (n, EVENT_COLUMNS).
        counts: filled with the number of sites, shape (n,).
        sites: filled row by row, shape (m, SITE_COLUMNS).

    Returns:
        Number of events done, number of sites.
    """
    kinds, groups = (
        np.empty(MOST_PARTICLES, dtype=np.int64),
        np.empty(MOST_PARTICLES, dtype=np.int64),
    )
    energies, stream = np.empty(MOST_PARTICLES), np.empty(2, dtype=np.uint64)
    out = np.empty((2 * MOST_PARTICLES, LEAVING_COLUMNS))  # each electron may give a photon
    used = 0
    for event in range(len(ids)):
        if used + MOST_SITES > len(sites):
            return event, used
        start_stream(stream, seed, ids[event])
        mine = sites[used : used + MOST_SITES]
        particles = decay(scheme, kinds, energies, groups, stream)
        normal = (0.0, 0.0, 1.0)
        on_wall = place.kind >= WINDOW
        if on_wall:
            n, point, face, weight = decay_in_wall(
                particles, kinds, energies, place, attenuation, walls, out, mine, stream
            )
            normal = inward(face, walls)
        else:
            x, y, z, face, weight = point_of_decay(place, walls, stream)
            point = (x, y, z)
            if place.kind == POINT:
                n = decay_at_point(
                    particles, kinds, energies, place, attenuation, walls, mine, stream
                )
            else:
                n = decay_in_liquid(
                    particles, kinds, energies, groups, point, attenuation, walls, mine, stream
                )
        visible, of_gap = 0.0, 1.0
        if n > 0:  # hardly any decay of the wall leaves something in the liquid
            visible, of_gap = finish(n, point, normal, on_wall, place, mine, stream)
        if not window_keV[0] <= visible <= window_keV[1]:
            n = 0
        weight = roulette(weight * of_gap, stream) if n > 0 else 0.0
        if weight == 0:
            n = 0
        events[event, 0], events[event, 1], events[event, 2] = point
        events[event, 3] = weight
        counts[event] = n
        used += n
    return len(ids), used
