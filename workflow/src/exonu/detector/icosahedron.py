"""The icosahedron: its symmetry group, geodesic subdivisions, and the pentakis dodecahedron that
goes with it."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
from numpy.typing import NDArray

from exonu.core.types import Array

GOLDEN = (1 + np.sqrt(5)) / 2


def icosahedron() -> tuple[Array, NDArray[np.int64]]:
    """Unit vertices (12, 3), two-fold axes along x, y and z, and faces (20, 3) as vertex
    indices."""
    corners = [(0.0, one, golden) for one in (-1.0, 1.0) for golden in (-GOLDEN, GOLDEN)]
    vertices = np.array([np.roll(corner, turn) for turn in range(3) for corner in corners])
    vertices /= np.linalg.norm(vertices, axis=1, keepdims=True)
    adjacent = np.isclose(vertices @ vertices.T, 1 / np.sqrt(5))
    faces = [
        (a, b, c)
        for a in range(12)
        for b in range(a + 1, 12)
        for c in range(b + 1, 12)
        if adjacent[a, b] and adjacent[b, c] and adjacent[a, c]
    ]
    return vertices, np.array(faces)


def icosahedral_group() -> Array:
    """The 120 rotations and reflections of the icosahedron, shape (120, 3, 3), the identity first.

    Each is the one matrix that takes a reference face, corner by corner, to some face in some
    order."""
    vertices, faces = icosahedron()
    reference = np.linalg.inv(vertices[faces[0]].T)
    images = [vertices[list(order)].T @ reference for face in faces for order in permutations(face)]
    return np.array(images)


def geodesic_directions(frequency: int) -> Array:
    """Unit vectors of the geodesic icosahedron: each edge in `frequency` equal parts, then onto the
    sphere.

    Ordered from the top (z) down and by azimuth, shape (10 frequency² + 2, 3).

    >>> geodesic_directions(8).shape
    (642, 3)
    """
    vertices, faces = icosahedron()
    steps = [
        (a, b, frequency - a - b) for a in range(frequency + 1) for b in range(frequency + 1 - a)
    ]
    points = np.concatenate([np.array(steps) @ vertices[face] for face in faces]) / frequency
    directions = points / np.linalg.norm(points, axis=1, keepdims=True)
    return ordered(directions)


def ordered(directions: Array) -> Array:
    """The different ones among these unit vectors, from the top down and by azimuth."""
    tidy = np.round(directions, 9) + 0.0  # + 0.0 makes −0 to 0
    _, first = np.unique(tidy, axis=0, return_index=True)
    tidy, directions = tidy[first], directions[first]
    azimuth = np.round(np.arctan2(tidy[:, 1], tidy[:, 0]), 7)
    return np.asarray(directions[np.lexsort((azimuth, -tidy[:, 2]))])


def pentakis_normals() -> Array:
    """Outward normals of the pentakis dodecahedron's 60 faces, shape (60, 3).

    They are the vertices of its dual, the truncated icosahedron: all permutations that keep the
        cyclic order, all
    signs of (0, 1, 3φ), (1, 2+φ, 2φ) and (φ, 2, 1+2φ).
    """
    corners = [(0, 1, 3 * GOLDEN), (1, 2 + GOLDEN, 2 * GOLDEN), (GOLDEN, 2, 1 + 2 * GOLDEN)]
    signs = product((1, -1), repeat=3)
    points = np.array(
        [
            np.roll(np.multiply(corner, sign), turn)
            for sign in signs
            for corner in corners
            for turn in range(3)
        ]
    )
    return ordered(points / np.linalg.norm(points, axis=1, keepdims=True))
