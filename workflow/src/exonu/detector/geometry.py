"""Where the photomultipliers are: a convex polyhedron of flat walls with windows, and its symmetry.

The XMASS-like detector is a pentakis dodecahedron (60 equal triangles, all tangent to one sphere).
Its 642 tubes look inwards from the directions of a frequency-8 geodesic icosahedron: 12 five-fold
sites, 630 six-fold ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exonu.core.types import Array
from exonu.detector.icosahedron import geodesic_directions, icosahedral_group, pentakis_normals

Integers = NDArray[np.int64]

HEXAGON, ROUND = 0, 1
AREA_PER_HALF_SIZE_SQUARED = np.array([2 * np.sqrt(3), np.pi])
"""Area of a hexagon of inradius 1, and of a disc of radius 1."""


@dataclass(frozen=True, eq=False)
class Geometry:
    """A detector with flat walls n·x ≤ d around the origin and photomultiplier windows on them.

    Two of them are equal if they are the same object, so that tables made of one can be cached.

    Attributes:
        positions_cm: centres of the windows, on the wall, shape (n_channels, 3); channel = row.
        normals: inward unit normals of the windows, same shape. A window on an edge has the mean of
            its walls'.
        window: 0 hexagon, 1 round, shape (n_channels,).
        half_size_cm: half the width between opposite flats, or the radius, shape (n_channels,).
        face_normals: outward unit normals of the walls, shape (n_faces, 3).
        face_offsets_cm: distances of the walls from the origin, shape (n_faces,).
        symmetry: orthogonal matrices that map the detector onto itself, shape (n_g, 3, 3); the
            first is the identity.
    """

    positions_cm: Array
    normals: Array
    window: Integers
    half_size_cm: Array
    face_normals: Array
    face_offsets_cm: Array
    symmetry: Array

    @property
    def n_channels(self) -> int:
        """Number of photomultipliers."""
        return len(self.positions_cm)

    @cached_property
    def face_of_channel(self) -> Integers:
        """The wall that each window is on; of an edge's two, the first. Shape (n_channels,)."""
        distance = self.face_offsets_cm - self.positions_cm @ self.face_normals.T
        return np.asarray(np.argmin(np.round(distance, 6), axis=1), dtype=np.int64)

    @cached_property
    def neighbours(self) -> Integers:
        """Channels around each channel, in ascending order, filled up with −1. Shape (n_channels,
        most neighbours)."""
        from scipy.spatial import ConvexHull

        directions = self.positions_cm / np.linalg.norm(self.positions_cm, axis=1, keepdims=True)
        triangles = ConvexHull(directions).simplices
        pairs = np.unique(
            np.concatenate([triangles[:, [a, b]] for a in range(3) for b in range(3) if a != b]),
            axis=0,
        )
        counts = np.bincount(pairs[:, 0], minlength=self.n_channels)
        table = np.full((self.n_channels, counts.max()), -1)
        table[
            pairs[:, 0], np.arange(len(pairs)) - np.repeat(np.cumsum(counts) - counts, counts)
        ] = pairs[:, 1]
        return table

    @cached_property
    def axes(self) -> Array:
        """Unit vectors in the window planes towards the middle of a hexagon's side, shape
        (n_channels, 3).

        The sides face the neighbours: their six-fold phase is the mean over the neighbours of a
            six-fold site.
        """
        first, second = tangents(self.normals)
        there = self.neighbours >= 0
        steps = self.positions_cm[self.neighbours] - self.positions_cm[:, None, :]
        phase = np.arctan2(
            np.einsum("cnx,cx->cn", steps, second), np.einsum("cnx,cx->cn", steps, first)
        )
        angle = np.angle(np.sum(np.exp(6j * phase) * there, axis=1))[:, None] / 6
        return np.asarray(np.cos(angle) * first + np.sin(angle) * second)

    @cached_property
    def permutations(self) -> Integers:
        """Channel at the image of each channel: g maps site c onto site permutations[g, c]. Shape
        (n_g, n_channels)."""
        from scipy.spatial import KDTree

        images = np.einsum("gxy,cy->gcx", self.symmetry, self.positions_cm)
        distance, channel = KDTree(self.positions_cm).query(images.reshape(-1, 3))
        if distance.max() > 1e-6:
            raise ValueError("a symmetry does not map the photomultipliers onto each other")
        return np.asarray(channel.reshape(len(self.symmetry), -1), dtype=np.int64)

    @cached_property
    def inverse_permutations(self) -> Integers:
        """Channel whose image each channel is, shape (n_g, n_channels)."""
        return np.asarray(np.argsort(self.permutations, axis=1), dtype=np.int64)

    @cached_property
    def bend(self) -> Array:
        """Cosine of the angle between each window and its wall, 1 away from the edges. Shape
        (n_channels,)."""
        return np.asarray(
            -np.einsum("cx,cx->c", self.normals, self.face_normals[self.face_of_channel])
        )

    @cached_property
    def window_area_cm2(self) -> Array:
        """Area that each window covers on its walls, a little more than its own where it bends over
        an edge."""
        return np.asarray(
            AREA_PER_HALF_SIZE_SQUARED[self.window] * self.half_size_cm**2 / self.bend
        )

    @cached_property
    def volume_and_area(self) -> tuple[float, float]:
        """Volume [cm³] and wall area [cm²]."""
        from scipy.spatial import ConvexHull, HalfspaceIntersection

        walls = np.column_stack([self.face_normals, -self.face_offsets_cm])
        hull = ConvexHull(HalfspaceIntersection(walls, np.zeros(3)).intersections)
        return float(hull.volume), float(hull.area)

    @property
    def coverage(self) -> float:
        """Share of the wall that windows cover."""
        return float(self.window_area_cm2.sum() / self.volume_and_area[1])

    @property
    def inradius_cm(self) -> float:
        """Radius of the largest sphere around the origin."""
        return float(self.face_offsets_cm.min())

    def depth_cm(self, points_cm: Array) -> Array:
        """Distance to the nearest wall, negative outside; points of shape (..., 3)."""
        return np.asarray(np.min(self.face_offsets_cm - points_cm @ self.face_normals.T, axis=-1))

    def on_wall(self, directions: Array) -> Array:
        """Points of the wall in these directions from the origin [cm], shape (n, 3)."""
        reach = np.max(directions @ (self.face_normals / self.face_offsets_cm[:, None]).T, axis=1)
        return np.asarray(directions / reach[:, None])


def tangents(normals: Array) -> tuple[Array, Array]:
    """Two unit vectors that make a right-handed frame with each normal, shape (n, 3) each."""
    helper = np.eye(3)[np.argmin(np.abs(normals), axis=1)]
    first = np.cross(helper, normals)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    return first, np.asarray(np.cross(normals, first), dtype=float)


def geodesic_geometry(settings: Mapping[str, Any] | None = None) -> Geometry:
    """The XMASS-like detector, from its mass and its coverage.

    Args:
        settings: `liquid_mass_kg`, `liquid_density_g_per_cm3`, `coverage`, `frequency`; the
            published ones if not given.

    >>> detector = geodesic_geometry()
    >>> detector.n_channels, round(detector.inradius_cm, 1), round(2 * float(detector.half_size_cm[0]), 1)
    (642, 40.1, 4.9)
    """
    if settings is None:
        from exonu.detector.optics import xmass_like

        settings = xmass_like()["geometry"]
    normals = pentakis_normals()
    volume = 1e3 * settings["liquid_mass_kg"] / settings["liquid_density_g_per_cm3"]
    unit = _with_windows(normals, 1.0, int(settings["frequency"]), 1.0)
    inradius = float(np.cbrt(volume / unit.volume_and_area[0]))
    half_size = inradius * float(np.sqrt(settings["coverage"] / unit.coverage))
    return _with_windows(normals, inradius, int(settings["frequency"]), half_size)


def geodesic_channels(settings: Mapping[str, Any]) -> int:
    """Number of photomultipliers of that detector, without working out its size.

    >>> geodesic_channels({"frequency": 8})
    642
    """
    return 10 * int(settings["frequency"]) ** 2 + 2


def _with_windows(
    face_normals: Array, inradius_cm: float, frequency: int, half_size_cm: float
) -> Geometry:
    directions = geodesic_directions(frequency)
    reach = directions @ face_normals.T
    nearest = reach.max(axis=1, keepdims=True)
    inward = -(reach > nearest - 1e-9).astype(float) @ face_normals
    fivefold = np.isclose(np.max(directions @ geodesic_directions(1).T, axis=1), 1)
    return Geometry(
        positions_cm=inradius_cm * directions / nearest,
        normals=inward / np.linalg.norm(inward, axis=1, keepdims=True),
        window=np.where(fivefold, ROUND, HEXAGON),
        half_size_cm=np.full(len(directions), half_size_cm),
        face_normals=face_normals,
        face_offsets_cm=np.full(len(face_normals), inradius_cm),
        symmetry=icosahedral_group(),
    )
