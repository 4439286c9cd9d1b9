"""The points near the wall at which light is tabulated: directions, and layers of depth in each.

Directions are the vertices of a geodesic icosahedron. Symmetry leaves few of them to be traced: a
source is turned into the fundamental domain, which is tabulated with a margin, and its channels are
renamed afterwards."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exonu.core.types import Array
from exonu.detector.geometry import Geometry
from exonu.detector.icosahedron import geodesic_directions
from exonu.detector.light_map.vertices import GENERIC

KINDS = 3
"""How the wall reflects: copper diffuses, windows and cathodes are mirrors for a part of the light,
and for all of it below the angle of total reflection."""

Integers = NDArray[np.int64]

_CELLS = 96
"""Cells of the octahedral map of directions along a side, each with the triangle in its middle."""
_SAME = 1e-7


@dataclass(frozen=True)
class Nodes:
    """Directions of the fundamental domain and its margin, and the triangles between them.

    Attributes:
        directions: unit vectors, shape (n, 3).
        representative: which direction of the domain each is an image of, index into
            `domain`, shape (n,).
        element: of the symmetry group, that makes it the image, shape (n,).
        domain: rows of the directions that are traced, shape (n_r,).
        triangles: corners, rows of `directions`, shape (n_t, 3).
        weights: matrices that give the barycentric weights of a direction, up to a factor, shape
            (n_t, 3, 3).
        across: triangle across the edge that a corner faces, −1 if there is none, shape (n_t, 3).
        guess: a triangle near each cell of the octahedral map, shape (_CELLS, _CELLS).
    """

    directions: Array
    representative: Integers
    element: Integers
    domain: Integers
    triangles: Integers
    weights: Array
    across: Integers
    guess: Integers


def domain_keys(geometry: Geometry) -> Array:
    """The element whose key is nearest to a point turns it into the fundamental domain, shape (n_g,
    3)."""
    return np.asarray(GENERIC @ geometry.symmetry)


def nodes_of(geometry: Geometry, frequency: int) -> Nodes:
    """Choose the directions.

    Args:
        geometry: gives the symmetry.
        frequency: of the geodesic icosahedron, which has 10 f² + 2 vertices.

    >>> from exonu.detector.geometry import geodesic_geometry
    >>> nodes = nodes_of(geodesic_geometry(), 12)
    >>> len(nodes.domain), len(nodes.directions) < 60
    (19, True)
    """
    from scipy.spatial import ConvexHull, KDTree

    every = geodesic_directions(frequency)
    triangles = ConvexHull(every).simplices
    corners = every[triangles]
    probes = np.concatenate(
        [corners, (corners + np.roll(corners, 1, axis=1)) / 2, corners.mean(axis=1, keepdims=True)],
        axis=1,
    )
    keys = domain_keys(geometry)
    is_near = _in_domain(probes.reshape(-1, 3), keys).reshape(probes.shape[:2]).any(axis=1)
    triangles = triangles[is_near]
    used, triangles = np.unique(triangles, return_inverse=True)
    directions = every[used]
    triangles = triangles.reshape(-1, 3)
    domain = np.flatnonzero(_in_domain(directions, keys))
    turn = np.argmax(directions @ keys.T, axis=1)
    folded = np.einsum("nxy,ny->nx", geometry.symmetry[turn], directions)
    distance, representative = KDTree(directions[domain]).query(folded)
    if distance.max() > 1e-6:
        raise ValueError("a node is not an image of one in the fundamental domain")
    inverse = np.linalg.inv(np.swapaxes(directions[triangles], 1, 2))
    return Nodes(
        directions=directions,
        representative=np.asarray(representative, dtype=np.int64),
        element=_elements(directions, directions[domain][representative], geometry),
        domain=domain,
        triangles=np.asarray(triangles, dtype=np.int64),
        weights=inverse,
        across=_across(triangles),
        guess=_guess(directions[triangles].mean(axis=1)),
    )


def _in_domain(directions: Array, keys: Array) -> NDArray[np.bool_]:
    closeness = directions @ keys.T
    return np.asarray(closeness[:, 0] >= closeness.max(axis=1) - _SAME)


def _elements(directions: Array, representatives: Array, geometry: Geometry) -> Integers:
    """For each direction the first element that takes its representative there."""
    images = np.einsum("gxy,ny->ngx", geometry.symmetry, representatives)
    distance = np.abs(images - directions[:, None, :]).max(axis=2)
    return np.asarray(np.argmax(distance < 1e-6, axis=1), dtype=np.int64)


def _across(triangles: Integers) -> Integers:
    owner: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for number, corners in enumerate(triangles.tolist()):
        for k in range(3):
            a, b = sorted((corners[(k + 1) % 3], corners[(k + 2) % 3]))
            owner.setdefault((a, b), []).append((number, k))
    across = np.full(triangles.shape, -1)
    for pair in owner.values():
        if len(pair) == 2:
            (one, k), (other, m) = pair
            across[one, k], across[other, m] = other, one
    return across


def _guess(middles: Array) -> Integers:
    from scipy.spatial import KDTree

    u, v = np.meshgrid(*[(np.arange(_CELLS) + 0.5) * 2 / _CELLS - 1] * 2, indexing="ij")
    z = 1 - np.abs(u) - np.abs(v)
    x = np.where(z < 0, np.copysign(1 - np.abs(v), u), u)
    y = np.where(z < 0, np.copysign(1 - np.abs(u), v), v)
    cells = np.stack([x, y, z], axis=-1)
    cells /= np.linalg.norm(cells, axis=-1, keepdims=True)
    middles = middles / np.linalg.norm(middles, axis=1, keepdims=True)
    return np.asarray(KDTree(middles).query(cells)[1], dtype=np.int64)


def layer_points(geometry: Geometry, directions: Array, depth_cm: float) -> Array:
    """Points in these directions at this depth below their wall, shape (n, 3)."""
    wall = geometry.on_wall(directions)
    offset = np.max(wall @ geometry.face_normals.T - geometry.face_offsets_cm, axis=1)
    face = np.argmax(
        (wall @ geometry.face_normals.T - geometry.face_offsets_cm) >= offset[:, None] - 1e-9,
        axis=1,
    )
    return np.asarray(wall * (1 - depth_cm / geometry.face_offsets_cm[face])[:, None])
