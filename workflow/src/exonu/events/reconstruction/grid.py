"""Vertices on which the likelihood is evaluated: all of the light map, and coarse subsets to begin
with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exonu.core.types import Array, Floats
from exonu.detector.geometry import Geometry
from exonu.detector.icosahedron import geodesic_directions
from exonu.detector.light_map.light_map import LightMap

Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]

COARSE_SPACING_CM = 8.8
"""Of the vertices of step 1; at 6.6 cm the results are the same."""
WALL_SPACING_CM = 2.8
"""Of the vertices of the wall test: about half a window."""
_ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class VertexGrid:
    """The light map as the search wants it; shared by all sets of dead photomultipliers.

    Attributes:
        light_map: probabilities at all vertices.
        geometry: where the photomultipliers are.
        coarse: vertices inside, COARSE_SPACING_CM apart, shape (n_coarse,).
        fronts: the outermost vertex in front of each channel, shape (n_channels,).
        shell: the outermost vertices that are tried before their neighbours are, shape (n_shell,).
    """

    light_map: LightMap
    geometry: Geometry
    coarse: Integers
    fronts: Integers
    shell: Integers

    @classmethod
    def of(
        cls, light_map: LightMap, geometry: Geometry, *, wall_spacing_cm: float = WALL_SPACING_CM
    ) -> VertexGrid:
        """Choose the coarse vertices.

        Args:
            light_map: of the detector.
            geometry: of the detector.
            wall_spacing_cm: distance of the vertices on the wall that are tried first; 0 takes all.
        """
        from scipy.spatial import KDTree

        positions = light_map.positions_cm
        n_shells = len(light_map.shell_offsets) - 1
        outermost = light_map.shell(-1)
        shell_step = np.linalg.norm(positions[outermost], axis=1).min() / max(n_shells - 1, 1)
        stride = max(1, round(COARSE_SPACING_CM / shell_step))
        inner = [_thinned(light_map, k, stride) for k in range(0, n_shells - 1, stride)]
        front = KDTree(positions[outermost]).query(geometry.positions_cm)[1]
        return cls(
            light_map=light_map,
            geometry=geometry,
            coarse=np.concatenate(inner),
            fronts=outermost.start + np.asarray(front, dtype=np.int64),
            shell=_thinned(
                light_map,
                n_shells - 1,
                max(1, round(wall_spacing_cm / _step_cm(positions[outermost]))),
            ),
        )

    @property
    def table(self) -> Floats:
        """log p of all vertices and channels, shape (n_v, n_channels)."""
        return self.light_map.log_probability

    @cached_property
    def first_rows(self) -> Integers:
        """Vertices of step 1: the coarse ones, then the fronts."""
        return np.concatenate([self.coarse, self.fronts])

    @cached_property
    def first_table(self) -> Floats:
        """log p of the vertices of step 1, transposed, shape (n_channels, n_coarse +
        n_channels)."""
        return np.ascontiguousarray(np.asarray(self.table[self.first_rows]).T)

    @cached_property
    def shell_table(self) -> Floats:
        """log p of the vertices of the wall test, transposed, shape (n_channels, n_shell)."""
        return np.ascontiguousarray(np.asarray(self.table[self.shell]).T)

    @cached_property
    def total(self) -> Array:
        """Σ p over all channels, shape (n_v,).

        Vertices that symmetry maps onto each other share it. They share radius and light yield,
        too, and are so found: few rows of the large table need be read."""
        radius = np.linalg.norm(self.light_map.positions_cm, axis=1)
        kinds = np.stack([np.round(radius, 6), self.light_map.light_yield], axis=1)
        _, first, same = np.unique(kinds, axis=0, return_index=True, return_inverse=True)
        total = np.empty(len(first))
        for start in range(0, len(total), _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            total[rows] = np.exp(self.table[first[rows]]).sum(axis=1, dtype=np.float64)
        return np.asarray(total[same.reshape(-1)])

    def beside(self, channels: Integers) -> Integers:
        """Channels and their neighbours, in ascending order."""
        around = self.geometry.neighbours[channels]
        return np.union1d(channels, around[around >= 0])


def _step_cm(points: Array) -> float:
    """Distance of neighbours among points that are spread evenly over a sphere, as a hexagonal
    lattice."""
    area = 4 * np.pi * np.mean(np.sum(points**2, axis=1)) / len(points)
    return float(np.sqrt(2 / np.sqrt(3) * area))


def _thinned(light_map: LightMap, k: int, stride: int) -> Integers:
    """About every stride-th vertex of a shell in each of its two directions."""
    from scipy.spatial import KDTree

    rows = light_map.shell(k)
    count = rows.stop - rows.start
    frequency = round(np.sqrt(max(count - 2, 0) / 10) / stride)  # a shell has 10 f² + 2 vertices
    if stride == 1 or frequency == 0:
        return np.arange(rows.start, rows.stop)
    points: Any = light_map.positions_cm[rows]
    directions = points / np.linalg.norm(points, axis=1, keepdims=True)
    nearest = np.unique(KDTree(directions).query(geodesic_directions(frequency))[1])
    return np.asarray(rows.start + nearest, dtype=np.int64)
