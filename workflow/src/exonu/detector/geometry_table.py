"""A detector's geometry from and to CSV: one table of photomultipliers, and, where walls have many,
one of walls."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from exonu.core.errors import InputError, InputErrors
from exonu.core.files import write_csv
from exonu.core.settings import Settings
from exonu.core.tables import read_numbers
from exonu.core.types import Array
from exonu.detector.geometry import HEXAGON, ROUND, Geometry

CHANNEL_COLUMNS = {
    "channel": "number of the photomultiplier, from 0",
    "x_cm": "centre of its window",
    "y_cm": "centre of its window",
    "z_cm": "centre of its window",
    "normal_x": "direction that it looks into, of any length",
    "normal_y": "direction that it looks into, of any length",
    "normal_z": "direction that it looks into, of any length",
    "round": "1 for a round window, 0 for a hexagon",
    "half_size_cm": "radius of a round window, half the width between the flats of a hexagon",
}
WALL_COLUMNS = {
    "normal_x": "outward normal of the wall, of any length",
    "normal_y": "outward normal of the wall, of any length",
    "normal_z": "outward normal of the wall, of any length",
    "offset_cm": "its distance from the origin",
}
"""Columns of the tables, and what they mean."""
WALL_TOLERANCE_CM = 0.05


def read_geometry(channels: str | Path, walls: str | Path | None = None) -> Geometry:
    """Read a user's detector.

    Args:
        channels: CSV with a row per photomultiplier: number, centre of the window [cm], inward
            normal, 1 for a round window and 0 for a hexagon, and half its width [cm]. The origin is
            inside the detector.
        walls: CSV with a row per flat wall: outward normal and distance from the origin [cm].
            Without it, the planes of the windows are the walls.

    Returns:
        The geometry, with no symmetry: its light map is traced everywhere.

    Raises:
        InputError: a malformed table, channels that are not 0, 1, 2 …, a zero normal, a window that
            is on no wall or looks outwards, walls that do not enclose the origin.
    """
    table = _read(channels, CHANNEL_COLUMNS)
    if not np.array_equal(np.sort(table["channel"]), np.arange(len(table["channel"]))):
        raise InputError(
            "must be the numbers 0, 1, 2 … once each",
            file=channels,
            field="channel",
            remedy="number them from 0",
        )
    order = np.argsort(table["channel"])
    table = {name: column[order] for name, column in table.items()}
    positions = np.column_stack([table["x_cm"], table["y_cm"], table["z_cm"]])
    normals = _unit(table, channels)
    if not np.all(np.isin(table["round"], (HEXAGON, ROUND))):
        raise InputError("must be 1 (round) or 0 (hexagon)", file=channels, field="round")
    if not np.all(table["half_size_cm"] > 0):
        raise InputError(
            "must be > 0",
            file=channels,
            field="half_size_cm",
            remedy="give half the width, or the radius",
        )
    if walls is None:
        planes = np.column_stack([-normals, -np.einsum("cx,cx->c", normals, positions)])
        _, first = np.unique(planes.round(4) + 0.0, axis=0, return_index=True)
        planes = planes[np.sort(first)]
    else:
        wall = _read(walls, WALL_COLUMNS)
        planes = np.column_stack([_unit(wall, walls), wall["offset_cm"]])
    _check(positions, normals, planes, channels, walls or channels)
    return Geometry(
        positions_cm=positions,
        normals=normals,
        window=table["round"].astype(np.int64),
        half_size_cm=table["half_size_cm"],
        face_normals=np.ascontiguousarray(planes[:, :3]),
        face_offsets_cm=np.ascontiguousarray(planes[:, 3]),
        symmetry=np.eye(3)[None],
    )


def _read(file: str | Path, columns: Mapping[str, str]) -> dict[str, Array]:
    """Columns of a table; of one that is missing, what it means."""
    try:
        return read_numbers(file, tuple(columns))
    except InputError as error:
        faults = error.errors if isinstance(error, InputErrors) else (error,)
        explained = [_explained(fault, columns) for fault in faults]
        raise (explained[0] if len(explained) == 1 else InputErrors(explained)) from None


def _explained(fault: InputError, columns: Mapping[str, str]) -> InputError:
    if fault.field is None or fault.field not in columns or "is not a column" not in fault.problem:
        return fault
    remedy = f"add it: {columns[fault.field]}; {fault.remedy}"
    return InputError(fault.problem, file=fault.file, field=fault.field, remedy=remedy)


def own_geometry(block: Settings | None) -> Geometry | None:
    """The detector that a job's block `geometry` names (`file`, and `walls` if it has such a table);
    None for the XMASS-like one."""
    if not block or "file" not in block:
        return None
    return read_geometry(block["file"], block.get("walls"))


def write_geometry(geometry: Geometry, channels: str | Path, walls: str | Path) -> None:
    """Write the two tables that `read_geometry` reads."""
    import pandas as pd

    numbers = [np.arange(geometry.n_channels), *geometry.positions_cm.T, *geometry.normals.T]
    columns = [*numbers, geometry.window, geometry.half_size_cm]
    write_csv(channels, pd.DataFrame(dict(zip(CHANNEL_COLUMNS, columns, strict=True))))
    planes = [*geometry.face_normals.T, geometry.face_offsets_cm]
    write_csv(walls, pd.DataFrame(dict(zip(WALL_COLUMNS, planes, strict=True))))


def _unit(table: dict[str, Array], file: str | Path) -> Array:
    normals = np.column_stack([table["normal_x"], table["normal_y"], table["normal_z"]])
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    if np.any(length == 0):
        row = int(np.argmin(length))
        raise InputError(
            "is a vector of length 0",
            file=file,
            field=f"normal of row {row}",
            remedy="give a direction",
        )
    return np.asarray(normals / length)


def _check(
    positions: Array, normals: Array, planes: Array, channels: str | Path, walls: str | Path
) -> None:
    if np.any(planes[:, 3] <= 0):
        raise InputError(
            "do not enclose the origin",
            file=walls,
            field="walls",
            remedy="put the origin inside; normals of windows point inwards",
        )
    if not _enclose(planes[:, :3]):
        raise InputError(
            "leave the detector open", file=walls, field="walls", remedy="add the missing walls"
        )
    distance = planes[:, 3] - positions @ planes[:, :3].T
    astray = np.abs(distance.min(axis=1)) > WALL_TOLERANCE_CM
    if np.any(astray):
        row = int(np.argmax(astray))
        raise InputError(
            f"is {distance.min(axis=1)[row]:.3g} cm inside the wall (negative: outside)",
            file=channels,
            field=f"channel {row}",
            remedy="windows lie on the walls, and the walls form a convex body",
        )
    outward = np.einsum("cx,cx->c", normals, planes[np.argmin(np.abs(distance), axis=1), :3]) >= 0
    if np.any(outward):
        raise InputError(
            "looks outwards",
            file=channels,
            field=f"channel {int(np.argmax(outward))}",
            remedy="turn its normal around",
        )


def _enclose(normals: Array) -> bool:
    """Whether walls with these normals bound a body: the origin is inside the hull of the
    normals."""
    from scipy.spatial import ConvexHull, QhullError

    try:
        return bool(np.all(ConvexHull(normals).equations[:, 3] < -1e-9))
    except QhullError:  # all in one plane, or too few
        return False
