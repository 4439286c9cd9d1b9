"""Geometry and optics in the form that the compiled photon transport takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from exonu.core.errors import InputError
from exonu.core.types import Array
from exonu.detector.geometry import HEXAGON, Geometry, tangents
from exonu.detector.optics import Optics

if TYPE_CHECKING:
    from exonu.detector.transport import Medium, Walls

Integers = NDArray[np.int64]

CELL_PER_HALF_SIZE = 0.65
"""Size of a grid's cell: small enough for three windows per cell, large enough for the grids to
stay in the cache."""
MOST_CANDIDATES = 6
GUESS_CELLS = 32


def medium_of(optics: Optics) -> Medium:
    """The optics for the kernels."""
    from exonu.detector.transport import Medium

    return Medium(
        float(optics.rayleigh_cm),
        float(optics.absorption_cm),
        float(optics.n_xenon / optics.n_quartz),
        float(optics.photocathode_reflectance),
        float(optics.copper_albedo),
        float(optics.group_velocity_cm_per_ns),
    )


def walls_of(geometry: Geometry) -> Walls:
    """The geometry for the kernels, with tables that find the face and the window of a ray in a few
    steps."""
    from exonu.detector.transport import Walls

    cell = CELL_PER_HALF_SIZE * float(geometry.half_size_cm.min())
    corners = _corners(geometry)
    normals, axes = geometry.face_normals, tangents(geometry.face_normals)
    low = [
        np.array([np.min(polygon @ n) for polygon, n in zip(corners, axis, strict=True)])
        for axis in axes
    ]
    cross_axes = np.cross(geometry.normals, geometry.axes)
    window = [
        *(geometry.axes, np.einsum("cx,cx->c", geometry.axes, geometry.positions_cm)),
        *(cross_axes, np.einsum("cx,cx->c", cross_axes, geometry.positions_cm)),
        *(geometry.half_size_cm, geometry.window),
    ]
    return Walls(
        planes=np.column_stack([normals, geometry.face_offsets_cm]),
        adjacent=_adjacent(corners),
        guess=_faces_by_direction(geometry),
        mean_radius2=float((3 * geometry.volume_and_area[0] / (4 * np.pi)) ** (2 / 3)),
        safe_radius2=float((0.999999 * geometry.inradius_cm) ** 2),
        frames=np.column_stack([axes[0], low[0], axes[1], low[1]]),
        cells_per_cm=1 / cell,
        candidates=_candidates(geometry, corners, axes, low, cell),
        windows=np.column_stack(window),
    )


def _corners(geometry: Geometry) -> list[Array]:
    """Corners of each face."""
    from scipy.spatial import HalfspaceIntersection

    planes = np.column_stack([geometry.face_normals, -geometry.face_offsets_cm])
    points = HalfspaceIntersection(planes, np.zeros(3)).intersections
    gaps = geometry.face_offsets_cm - points @ geometry.face_normals.T
    return [np.unique(points[np.abs(gap) < 1e-6].round(6), axis=0) for gap in gaps.T]


def _adjacent(corners: list[Array]) -> Integers:
    """The faces that share two corners with each, filled up with the face itself; shape (n_faces,
    most edges)."""
    names = [{tuple(corner) for corner in polygon + 0.0} for polygon in corners]
    across = [
        [b for b in range(len(names)) if b != a and len(names[a] & names[b]) > 1]
        for a in range(len(names))
    ]
    most = max(map(len, across))
    return np.array([others + [face] * (most - len(others)) for face, others in enumerate(across)])


def _faces_by_direction(geometry: Geometry) -> NDArray[np.int16]:
    """The face behind the middle of each cell of the octahedral map, shape (GUESS_CELLS,
    GUESS_CELLS)."""
    u, v = np.meshgrid(*[(np.arange(GUESS_CELLS) + 0.5) * 2 / GUESS_CELLS - 1] * 2, indexing="ij")
    z = 1 - np.abs(u) - np.abs(v)
    folded = (
        np.where(z < 0, np.copysign(1 - np.abs(v), u), u),
        np.where(z < 0, np.copysign(1 - np.abs(u), v), v),
    )
    reach = (
        np.stack([*folded, z], axis=-1)
        @ (geometry.face_normals / geometry.face_offsets_cm[:, None]).T
    )
    return np.asarray(np.argmax(reach, axis=-1), dtype=np.int16)


def _candidates(
    geometry: Geometry,
    corners: list[Array],
    axes: tuple[Array, Array],
    low: list[Array],
    cell: float,
) -> NDArray[np.uint16]:
    """Windows that may touch each cell of each face's grid, nearest first; shape (n_faces, rows,
    columns, most)."""
    from scipy.spatial import KDTree

    from exonu.detector.transport import NO_WINDOW

    extent = [
        max(np.ptp(polygon @ n) for polygon, n in zip(corners, axis, strict=True)) for axis in axes
    ]
    columns, rows = (int(np.ceil(length / cell)) for length in extent)
    a, b = (np.arange(columns) + 0.5) * cell, (np.arange(rows) + 0.5) * cell
    middles = (
        (geometry.face_offsets_cm[:, None] * geometry.face_normals)[:, None, None, :]
        + (low[0][:, None] + a)[:, None, :, None] * axes[0][:, None, None, :]
        + (low[1][:, None] + b)[:, :, None, None] * axes[1][:, None, None, :]
    )
    reach = (
        geometry.half_size_cm
        * np.where(geometry.window == HEXAGON, 2 / np.sqrt(3), 1)
        / geometry.bend
    )
    distance, channel = KDTree(geometry.positions_cm).query(
        middles, k=min(MOST_CANDIDATES, geometry.n_channels)
    )
    touches = distance < reach[channel] + cell / np.sqrt(2)
    if channel.shape[-1] == MOST_CANDIDATES and touches[..., -1].any():
        raise InputError(
            "are closer together than they are wide",
            field="windows",
            remedy="check sizes and positions",
        )
    most = max(1, int(touches.sum(axis=-1).max()))
    return np.where(touches, channel, NO_WINDOW).astype(np.uint16)[..., :most]
