"""The sphere of photomultipliers unfolded onto a plane: Hammer's equal-area projection (E. Hammer,
1892)."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from numpy.typing import ArrayLike

from exonu.core.types import Array
from exonu.report.figures.colours import BLACK, GREY

HALF_WIDTH, HALF_HEIGHT = 2 * np.sqrt(2), np.sqrt(2)
_RIM = 1.03  # the outline is drawn a little outside, clear of the dots


def unfolded(longitude_deg: ArrayLike, latitude_deg: ArrayLike) -> tuple[Array, Array]:
    """Places on the plane, shape (n,) each; the whole sphere is an ellipse of half axes 2√2 and √2.

    Args:
        longitude_deg: from −180 to 180, shape (n,).
        latitude_deg: from −90 to 90, shape (n,).

    >>> x, y = unfolded([0.0, 180.0], [90.0, 0.0])
    >>> x.round(3).tolist(), y.round(3).tolist()
    ([0.0, 2.828], [1.414, 0.0])
    """
    longitude, latitude = np.radians(longitude_deg), np.radians(latitude_deg)
    depth = np.sqrt(1 + np.cos(latitude) * np.cos(longitude / 2))
    x = HALF_WIDTH * np.cos(latitude) * np.sin(longitude / 2) / depth
    return np.asarray(x), np.asarray(HALF_HEIGHT * np.sin(latitude) / depth)


def directions_deg(positions_cm: Array) -> tuple[Array, Array]:
    """Longitude and latitude of points seen from the centre, from positions of shape (n, 3)."""
    x, y, z = np.asarray(positions_cm, dtype=np.float64).T
    return np.degrees(np.arctan2(y, x)), np.degrees(np.arctan2(z, np.hypot(x, y)))


def draw_sphere(axes: Axes) -> None:
    """Outline, parallels and meridians every 30° and 60°, without a frame."""
    axes.set_axis_off()
    axes.set_aspect("equal")
    axes.set_xlim(-HALF_WIDTH * 1.05, HALF_WIDTH * 1.05)
    axes.set_ylim(-HALF_HEIGHT * 1.05, HALF_HEIGHT * 1.05)
    along = np.linspace(-1, 1, 181)
    for latitude in (-60, -30, 0, 30, 60):
        axes.plot(
            *unfolded(180 * along, np.full(181, latitude)), color=GREY, linewidth=0.3, zorder=0
        )
    for longitude in (-120, -60, 0, 60, 120):
        axes.plot(
            *unfolded(np.full(181, longitude), 90 * along), color=GREY, linewidth=0.3, zorder=0
        )
    for latitude in (-60, -30, 30, 60):
        x, y = unfolded([180.0], [float(latitude)])
        _angle(axes, _RIM * float(x[0]), _RIM * float(y[0]), latitude, ha="left", va="center")
    for longitude in (-120, -60, 0, 60, 120):
        x, y = unfolded([float(longitude)], [-16.0])
        _angle(axes, float(x[0]), float(y[0]), longitude, ha="center", va="center")
    for longitude in (-180, 180):
        x, y = unfolded(np.full(181, longitude), 90 * along)
        axes.plot(_RIM * x, _RIM * y, color=BLACK, linewidth=0.8, zorder=1)


def _angle(axes: Axes, x: float, y: float, degrees: int, **place: Any) -> None:
    """An angle in small print, legible on dots too."""
    axes.text(
        x, y, f"{degrees}°".replace("-", "−"), fontsize=6.0, color="#333333", zorder=5,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.4, "alpha": 0.75}, **place,
    )  # fmt: skip


def draw_channels(
    axes: Axes,
    longitude_deg: Array,
    latitude_deg: Array,
    values: Array,
    *,
    points: float = 0.0,
    **style: Any,
) -> PathCollection:
    """A dot for every photomultiplier, coloured by its value; those without one (NaN) are left out.

    Args:
        axes: after `draw_sphere`.
        longitude_deg, latitude_deg, values: shape (n_channels,) each.
        points: diameter of the dots in points; so that they nearly touch if 0.
        style: `cmap`, `norm`, `vmin`, `vmax`.
    """
    shown = np.isfinite(values)
    x, y = unfolded(longitude_deg[shown], latitude_deg[shown])
    if not points:
        width_points = axes.get_figure(root=True).get_figwidth() * 72 * axes.get_position().width  # type: ignore[union-attr]
        points = 0.85 * width_points / (2 * HALF_WIDTH) * np.sqrt(4 * np.pi / len(values))
    return axes.scatter(
        x,
        y,
        s=points**2,
        c=values[shown],
        marker="o",
        edgecolors=GREY,
        linewidths=0.2,
        zorder=2,
        **style,
    )


def mark_dead(axes: Axes, longitude_deg: Array, latitude_deg: Array, share: Array) -> None:
    """A cross for photomultipliers that are always dead, a ring for those that are now and then."""
    for chosen, marker, label in (
        (share >= 1, "x", "dead"),
        ((share > 0) & (share < 1), "o", "dead in some runs"),
    ):
        if chosen.any():
            x, y = unfolded(longitude_deg[chosen], latitude_deg[chosen])
            face: dict[str, Any] = (
                {"facecolors": "none", "edgecolors": "black"}
                if marker == "o"
                else {"color": "black"}
            )
            axes.scatter(x, y, s=26, marker=marker, linewidths=1.0, zorder=3, label=label, **face)
