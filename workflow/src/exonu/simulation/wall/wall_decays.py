"""Decays in the wall: where, how deep, and what comes out of copper, the aluminium seal and the
tubes.

Models, both in straight lines:

- Electrons lose their practical range R(E) of L. Katz and A. S. Penfold (Rev. Mod. Phys. 24, 28
  (1952)): after a path s an electron of energy E is left with R⁻¹(R(E) − ρs). Scattering back from
  the liquid is left out.
- X-rays and γ-rays survive with exp(−μs); scattered ones are lost. Electrons that start in a solid
  give bremsstrahlung photons by Kramers' law for thick targets, dN/dk = K Z (T − k)/k, in all
  directions (H. A. Kramers, Philos. Mag. 46, 836 (1923); K from the efficiency of X-ray tubes,
  0.9e-6 Z T/keV).

Light of sites in a pocket (a gap beside a window) leaves it with an escape fraction, through a
cone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exonu.core.errors import InputError
from exonu.core.types import Array
from exonu.detector.geometry import Geometry
from exonu.simulation.wall.focus import NO_FOCUS, Focus

RANGE_G_PER_CM2, RANGE_POWER, RANGE_CURVATURE = 0.412, 1.265, 0.0954
"""Katz and Penfold: R = 0.412 E^(1.265 − 0.0954 ln E) g/cm², E in MeV, 0.01 to 2.5 MeV."""
KRAMERS_PER_KEV = 1.8e-6
"""K of dN/dk = K Z (T − k)/k."""
PLACES = ("liquid", "point", "window", "copper", "seal")
LIQUID, POINT, WINDOW, COPPER, SEAL = range(5)
WINDOW_REACH2 = 1.5
"""Squared distance of a window's corners from its centre over that of its sides, 4/3, and a little more on an
edge of the wall."""


@dataclass(frozen=True)
class Pocket:
    """Where light leaves through a cone around the inward normal.

    Attributes:
        escape_fraction: share of the light that leaves, 0 to 1.
        cos_min: cosine of the cone's half opening; −1 is isotropic.
        depth_cm: sites closer than this to the decay are in the pocket.
        gap_width_cm, gap_depth_cm: of a gap whose light comes from a depth z below its mouth, of
            half width w, each uniform between two numbers. Then the cone is that of the mouth as
            seen from there, cos_min = z/√(z² + w²), and `escape_fraction` is the share of the light
            that leaves from the mouth itself (a half space); from a depth it is (1 − cos_min) of
            it. Without, all light has the cone `cos_min`.
    """

    escape_fraction: float = 1.0
    cos_min: float = -1.0
    depth_cm: float = 0.0
    gap_width_cm: tuple[float, float] = (0.0, 0.0)
    gap_depth_cm: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        if not 0 <= self.escape_fraction <= 1:
            raise InputError(
                f"must be from 0 to 1 (got {self.escape_fraction})", field="pocket.escape_fraction"
            )
        if not -1 <= self.cos_min < 1:
            raise InputError(
                f"must be from -1 to below 1 (got {self.cos_min})", field="pocket.cos_min"
            )
        if not self.depth_cm >= 0:
            raise InputError(f"must be ≥ 0 (got {self.depth_cm})", field="pocket.depth_cm")
        for name in ("gap_width_cm", "gap_depth_cm"):
            low, high = getattr(self, name)
            if not 0 <= low <= high:
                raise InputError(
                    f"must be two numbers, 0 ≤ from ≤ to (got {low:g}, {high:g})",
                    field=f"pocket.{name}",
                )
        if self.gap_depth_cm[1] > 0 and self.gap_width_cm[0] <= 0:
            raise InputError(
                "must be > 0 where the gap has a depth",
                field="pocket.gap_width_cm",
                remedy="give the half width of the mouth, from and to",
            )


class Walls(NamedTuple):
    """The geometry as the kernels of the generator take it."""

    normals: Array  # (n_faces, 3), outward
    offsets: Array  # (n_faces,)
    safe_radius2: float  # squared radius of a sphere that touches no wall
    positions: Array  # (n_channels, 3)
    axes: Array  # (n_channels, 3) in the window plane, towards a side
    cross_axes: Array  # (n_channels, 3)
    half_size: Array  # (n_channels,)
    window: NDArray[np.int64]  # (n_channels,)
    near: NDArray[np.int64]  # (n_faces, m) channels whose windows reach each wall; −1: no more


class Place(NamedTuple):
    """Where decays are, as the kernels take it."""

    kind: int  # index of PLACES
    radius_cm: float  # liquid: largest radius, inf for all of it
    outer_cm: float  # radius of a sphere that holds the detector
    shallow_cm: float  # wall: depth in the material, uniform between these
    deep_cm: float
    density: float  # of the material, g/cm³
    charge: float  # its Z, for bremsstrahlung
    xenon_density: float
    escape_fraction: float
    cos_min: float
    pocket_cm: float
    gap_width_cm: tuple[float, float]  # half width of the mouth, uniform between these; 0: no gap
    gap_depth_cm: tuple[float, float]  # where light starts below it
    target_cm: float  # importance sampling towards a sphere of this radius, 0 for none
    bias: float  # share of the photons that it sends there
    gap_bias: float  # how much more often than nature depths of a gap are deep
    point_cm: tuple[float, float, float] = (0.0, 0.0, 0.0)  # of a point: where it is
    focus: Focus = NO_FOCUS  # channels around which decays are favoured


def practical_range_g_per_cm2(energy_keV: ArrayLike) -> Array:
    """Practical range of electrons after Katz and Penfold, same shape.

    >>> practical_range_g_per_cm2([100.0, 1000.0]).round(4)
    array([0.0135, 0.412 ])
    """
    log = np.log(np.asarray(energy_keV, dtype=np.float64) * 1e-3)
    return np.asarray(RANGE_G_PER_CM2 * np.exp(log * (RANGE_POWER - RANGE_CURVATURE * log)))


def energy_of_range_keV(range_g_per_cm2: ArrayLike) -> Array:
    """Inverse of `practical_range_g_per_cm2`; 0 for a range ≤ 0."""
    length = np.asarray(range_g_per_cm2, dtype=np.float64)
    log = np.log(np.where(length > 0, length, 1.0) / RANGE_G_PER_CM2)
    root = np.sqrt(RANGE_POWER**2 - 4 * RANGE_CURVATURE * log)
    return np.asarray(
        np.where(length > 0, 1e3 * np.exp((RANGE_POWER - root) / (2 * RANGE_CURVATURE)), 0.0)
    )


def bremsstrahlung_photons(energy_keV: ArrayLike, charge: float, above_keV: float) -> Array:
    """Mean number of bremsstrahlung photons above an energy from an electron that stops in a thick
    target."""
    energy = np.maximum(np.asarray(energy_keV, dtype=np.float64), above_keV)
    return np.asarray(
        KRAMERS_PER_KEV * charge * (energy * np.log(energy / above_keV) - (energy - above_keV))
    )


def wall_areas_cm2(geometry: Geometry) -> dict[str, float]:
    """Area of the windows and of the copper between them."""
    windows = float(geometry.window_area_cm2.sum())
    return {"window": windows, "copper": geometry.volume_and_area[1] - windows}


def seal_length_cm(geometry: Geometry) -> float:
    """Length of all window edges together."""
    perimeter = np.where(geometry.window == 1, 2 * np.pi, 4 * np.sqrt(3)) * geometry.half_size_cm
    return float(perimeter.sum())


@lru_cache(maxsize=4)
def walls_of(geometry: Geometry) -> Walls:
    """The geometry for the kernels."""
    return Walls(
        normals=np.ascontiguousarray(geometry.face_normals),
        offsets=geometry.face_offsets_cm,
        safe_radius2=float((0.999999 * geometry.inradius_cm) ** 2),
        positions=geometry.positions_cm,
        axes=geometry.axes,
        cross_axes=np.asarray(np.cross(geometry.normals, geometry.axes), dtype=np.float64),
        half_size=geometry.half_size_cm,
        window=geometry.window,
        near=_windows_near(geometry),
    )


def _windows_near(geometry: Geometry) -> NDArray[np.int64]:
    """Channels of windows that reach each wall's plane, shape (n_faces, m), filled up with −1."""
    beside = np.abs(geometry.positions_cm @ geometry.face_normals.T - geometry.face_offsets_cm)
    reach = (1 + 1e-9) * np.sqrt(WINDOW_REACH2) * geometry.half_size_cm
    near = [np.flatnonzero(distance <= reach) for distance in beside.T]
    filled = np.full((len(near), max(map(len, near))), -1)
    for row, channels in zip(filled, near, strict=True):
        row[: len(channels)] = channels
    return filled


def place_of(source: Mapping[str, Any], geometry: Geometry, xenon_density: float) -> Place:
    """A place from the settings of a source: `place`, `position_cm` of a point, `depth_cm` [from,
    to], `material`, `pocket`, `importance`.

    Raises:
        InputError: an unknown place, or a number outside its range.
    """
    if source["place"] not in PLACES:
        raise InputError(
            f"is not a known place (got {source['place']!r})",
            field="place",
            remedy=f"known: {', '.join(PLACES)}",
        )
    shallow, deep = source.get("depth_cm", (0.0, 0.0))
    if not 0 <= shallow <= deep:
        raise InputError(
            f"must be two numbers, 0 ≤ from ≤ to (got {shallow}, {deep})", field="depth_cm"
        )
    pocket = Pocket(**source.get("pocket", {}))
    importance = source.get("importance", {})
    bias = float(importance.get("bias", 0.0))
    if not 0 <= bias < 1:
        raise InputError(f"must be from 0 to below 1 (got {bias})", field="importance.bias")
    gap_bias = float(importance.get("gap_bias", 0.0))
    if not 0 <= gap_bias < 1:
        raise InputError(f"must be from 0 to below 1 (got {gap_bias})", field="importance.gap_bias")
    material = source.get("material_properties", {})
    point = np.asarray(source.get("position_cm", (0.0, 0.0, 0.0)), dtype=np.float64)
    if np.max(geometry.face_normals @ point - geometry.face_offsets_cm) >= 0:
        raise InputError(
            f"is not inside the detector (got {point.tolist()})", field="position_cm",
            remedy=f"give x, y and z in cm; its inradius is {geometry.inradius_cm:.1f} cm",
        )  # fmt: skip
    return Place(
        kind=PLACES.index(source["place"]),
        radius_cm=float(source.get("radius_cm", np.inf)),
        outer_cm=_outer_radius_cm(geometry),
        shallow_cm=float(shallow),
        deep_cm=float(deep),
        density=float(material.get("density_g_per_cm3", 1.0)),
        charge=float(material.get("charge", 0.0)),
        xenon_density=xenon_density,
        escape_fraction=pocket.escape_fraction,
        cos_min=pocket.cos_min,
        pocket_cm=pocket.depth_cm,
        gap_width_cm=_two(pocket.gap_width_cm),
        gap_depth_cm=_two(pocket.gap_depth_cm),
        target_cm=float(importance.get("target_cm", 0.0)),
        bias=bias,
        gap_bias=gap_bias,
        point_cm=(float(point[0]), float(point[1]), float(point[2])),
    )


def _two(ends: Sequence[float]) -> tuple[float, float]:
    low, high = ends
    return float(low), float(high)


def _outer_radius_cm(geometry: Geometry) -> float:
    from scipy.spatial import HalfspaceIntersection

    planes = np.column_stack([geometry.face_normals, -geometry.face_offsets_cm])
    corners = HalfspaceIntersection(planes, np.zeros(3)).intersections
    return float(np.linalg.norm(corners, axis=1).max())
