"""Geometry and optics in the form that the compiled photon transport takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from exonu.detector.geometry import Geometry, tangents
from exonu.detector.optics import Optics

if TYPE_CHECKING:
    from exonu.detector.transport import Medium, Walls

Array = NDArray[np.float64]

CELL_CM = 0.2


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
    """The geometry for the kernels, with the grid that finds the window at a point in one step (0.3 s).

    The grid tells the window whose centre is nearest to a cell's middle. That is exact as long as no cell reaches from
    one window to another: the gaps between windows are wider than a cell's diagonal.
    """
    from exonu.detector.transport import Walls

    first, second = tangents(geometry.face_normals)
    corners = _corners(geometry)
    along_first = [np.array(polygon) @ axis for polygon, axis in zip(corners, first, strict=True)]
    along_second = [np.array(polygon) @ axis for polygon, axis in zip(corners, second, strict=True)]
    low = np.array([[a.min(), b.min()] for a, b in zip(along_first, along_second, strict=True)])
    extent = np.array([[np.ptp(a), np.ptp(b)] for a, b in zip(along_first, along_second, strict=True)])
    columns, rows = (int(count) for count in np.ceil(extent.max(axis=0) / CELL_CM))
    return Walls(
        normals=np.ascontiguousarray(geometry.face_normals.T),
        offsets=geometry.face_offsets_cm,
        first=first,
        second=second,
        corner=low,
        cells_per_cm=1 / CELL_CM,
        nearest=_nearest_windows(geometry, first, second, low, rows, columns),
        positions=geometry.positions_cm,
        axes=geometry.axes,
        cross_axes=np.asarray(np.cross(geometry.normals, geometry.axes), dtype=float),
        half_size=geometry.half_size_cm,
        window=geometry.window,
        safe_radius2=float((0.999999 * geometry.inradius_cm) ** 2),
    )


def _corners(geometry: Geometry) -> list[Array]:
    """Corners of each wall."""
    from scipy.spatial import HalfspaceIntersection

    planes = np.column_stack([geometry.face_normals, -geometry.face_offsets_cm])
    points = HalfspaceIntersection(planes, np.zeros(3)).intersections
    gaps = geometry.face_offsets_cm - points @ geometry.face_normals.T
    return [points[np.abs(gaps[:, face]) < 1e-6] for face in range(len(geometry.face_normals))]


def _nearest_windows(
    geometry: Geometry, first: Array, second: Array, low: Array, rows: int, columns: int
) -> NDArray[np.uint16]:
    from scipy.spatial import KDTree

    tree = KDTree(geometry.positions_cm)
    a, b = (np.arange(columns) + 0.5) * CELL_CM, (np.arange(rows) + 0.5) * CELL_CM
    nearest = np.empty((len(first), rows, columns), dtype=np.uint16)
    for face, normal in enumerate(geometry.face_normals):
        centre = geometry.face_offsets_cm[face] * normal
        middles = (
            centre + (low[face, 0] + a)[None, :, None] * first[face] + (low[face, 1] + b)[:, None, None] * second[face]
        )
        nearest[face] = tree.query(middles)[1]
    return nearest
