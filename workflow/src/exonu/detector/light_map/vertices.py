"""The points of a light map: shells of geodesic directions, of which symmetry leaves only a few to
be traced."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exonu.core.types import Array
from exonu.detector.geometry import Geometry
from exonu.detector.icosahedron import geodesic_directions

Integers = NDArray[np.int64]

GENERIC = np.array([0.3, 0.1, 0.9]) / np.sqrt(0.91)
"""A direction on no mirror plane: in every orbit of directions, the one nearest to it represents
the others."""
_SAME = 1e-7


@dataclass(frozen=True)
class Vertices:
    """Points that symmetry maps onto each other, shell after shell from the centre to the wall.

    Attributes:
        positions_cm: shape (n_v, 3).
        representative: row in `representatives_cm` of the point that each is an image of, shape
            (n_v,).
        element: the element of the symmetry group that makes it the image, shape (n_v,).
        representatives_cm: the fundamental domain, shape (n_r, 3).
        shell_offsets: shell k has the rows shell_offsets[k] … shell_offsets[k + 1] − 1, shape
            (n_shells + 1,).
    """

    positions_cm: Array
    representative: Integers
    element: Integers
    representatives_cm: Array
    shell_offsets: Integers


def shell_vertices(
    geometry: Geometry, shells: int, outer_frequency: int, outer_radius: float
) -> Vertices:
    """The centre, and shells that are the wall scaled down, with a vertex density that is about the
    same on all.

    Args:
        geometry: its walls and its symmetry.
        shells: number of shells around the centre, equally spaced.
        outer_frequency: geodesic frequency of the outermost, which gets 10 f² + 2 vertices.
        outer_radius: its size as a share of the wall's, below 1.

    >>> from exonu.detector.geometry import geodesic_geometry
    >>> vertices = shell_vertices(geodesic_geometry(), 4, 8, 0.995)
    >>> vertices.positions_cm.shape, vertices.representatives_cm.shape
    ((1209, 3), (24, 3))
    """
    representatives, images, owners, elements, counts = (
        [np.zeros((1, 3))],
        [np.zeros((1, 3))],
        [[0]],
        [[0]],
        [1],
    )
    rows = 1
    for shell in range(1, shells + 1):
        directions = geodesic_directions(max(1, round(outer_frequency * shell / shells)))
        domain = directions[_is_representative(directions, geometry.symmetry)]
        points = outer_radius * shell / shells * geometry.on_wall(domain)
        orbits = [_orbit(point, geometry.symmetry) for point in points]
        representatives.append(points)
        images.extend(
            np.einsum("gxy,y->gx", geometry.symmetry[orbit], p)
            for orbit, p in zip(orbits, points, strict=True)
        )
        owners.extend([row] * len(orbit) for row, orbit in enumerate(orbits, rows))
        elements.extend(orbit.tolist() for orbit in orbits)
        counts.append(sum(map(len, orbits)))
        rows += len(points)
    return Vertices(
        positions_cm=np.concatenate(images),
        representative=np.concatenate(owners).astype(np.int64),
        element=np.concatenate(elements).astype(np.int64),
        representatives_cm=np.concatenate(representatives),
        shell_offsets=np.concatenate([[0], np.cumsum(counts)]),
    )


def _is_representative(directions: Array, symmetry: Array) -> NDArray[np.bool_]:
    """Whether no image of a direction is nearer to the generic one; true once in every orbit."""
    closeness = directions @ (GENERIC @ symmetry).T
    own = closeness[:, 0]
    return np.asarray(own >= closeness.max(axis=1) - _SAME)


def _orbit(point: Array, symmetry: Array) -> Integers:
    """Elements of the group that give the different images of a point, the identity first."""
    images = np.einsum("gxy,y->gx", symmetry, point)
    _, first = np.unique(np.round(images, 6) + 0.0, axis=0, return_index=True)
    return np.sort(first)


def stabiliser(point: Array, symmetry: Array) -> Integers:
    """Elements of the group that leave a point where it is."""
    images = np.einsum("gxy,y->gx", symmetry, point)
    return np.flatnonzero(np.abs(images - point).max(axis=1) < 1e-6)
