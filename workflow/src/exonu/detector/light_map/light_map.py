"""The light map: the probability of each photomultiplier to detect a photon, for points all over
the detector.

Traced in the fundamental domain (1/120 of the XMASS-like detector), smoothed, unfolded by symmetry.
Saved as .npy files that are memory-mapped on loading: a job starts at once, and jobs on one machine
share the memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exonu.core.errors import InputError
from exonu.core.files import read_json, whole_or_absent, write_json
from exonu.core.types import Array, Floats
from exonu.detector.geometry import Geometry
from exonu.detector.light_map.vertices import Vertices, shell_vertices, stabiliser
from exonu.detector.model import Detector
from exonu.detector.optics import LightMapSettings

Integers = NDArray[np.int64]

NEIGHBOURS = 26
"""As many as a cube has around the one in the middle of 27: what a quadratic needs, and steps in
all directions."""
_ARRAYS = ("positions_cm", "log_probability", "light_yield", "shell_offsets", "neighbours")
_RECORD = "light_map.json"
_ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class LightMap:
    """Detection probabilities at the vertices of shells around the centre.

    Attributes:
        positions_cm: vertices, shell after shell from the centre to the wall, shape (n_v, 3).
        log_probability: log of the probability that a photon (times quantum efficiency) emitted
            isotropically there is detected by each channel, shape (n_v, n_channels).
        light_yield: total probability relative to the centre's, shape (n_v,).
        shell_offsets: shell k has the rows shell_offsets[k] … shell_offsets[k + 1] − 1, shape
            (n_shells + 1,).
        neighbours: rows of the nearest vertices of each, shape (n_v, NEIGHBOURS); here, since
            finding them takes each job of the reconstruction as long as its start.
        collection_at_centre: total probability at the centre.
    """

    positions_cm: Array
    log_probability: Floats
    light_yield: Array
    shell_offsets: Integers
    neighbours: NDArray[np.int32]
    collection_at_centre: float

    def shell(self, k: int) -> slice:
        """Rows of shell k; 0 is the centre, −1 the one at the wall."""
        k = k % (len(self.shell_offsets) - 1)
        return slice(int(self.shell_offsets[k]), int(self.shell_offsets[k + 1]))

    def save(self, folder: str | Path, record: Mapping[str, Any] | None = None) -> None:
        """Write the arrays as .npy, and last, as the sign of completeness, a JSON with what they
        were made from."""
        folder = Path(folder)
        for name in _ARRAYS:
            with whole_or_absent(folder / f"{name}.npy") as beside:
                np.save(beside, getattr(self, name))
        write_json(
            folder / _RECORD,
            {
                "is_simulated": True,
                "collection_at_centre": self.collection_at_centre,
                **(record or {}),
            },
        )

    @classmethod
    def load(cls, folder: str | Path) -> LightMap:
        """Open a saved map, its large table memory-mapped and read only.

        Raises:
            InputError: an absent or incomplete map.
        """
        folder = Path(folder)
        record = read_json(folder / _RECORD)
        try:
            arrays = {
                name: np.load(
                    folder / f"{name}.npy",
                    mmap_mode="r" if name == "log_probability" else None,
                    allow_pickle=False,
                )
                for name in _ARRAYS
            }
            collection = float(record["collection_at_centre"])
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"is not a complete light map ({error})",
                file=folder,
                remedy="remove the folder and make it again",
            ) from None
        return cls(**arrays, collection_at_centre=collection)


def build_light_map(
    detector: Detector,
    settings: LightMapSettings | None = None,
    *,
    seed: int,
    threads: int = 1,
    progress: Callable[[int], object] | None = None,
) -> LightMap:
    """Trace, smooth and unfold the light map of a detector.

    Args:
        detector: geometry and optics.
        settings: number of vertices and photons; the demonstration's if not given (about a minute).
        seed: the same seed gives the same map for any number of threads.
        threads: number of threads.
        progress: called with the number of vertices traced since the last call.
    """
    settings = settings or LightMapSettings.from_settings()
    geometry = detector.geometry
    vertices = shell_vertices(
        geometry, settings.shells, settings.outer_frequency, settings.outer_radius
    )
    counts = _traced(detector, vertices, settings.photons_per_vertex, seed, threads, progress)
    raw = np.log(
        (counts + 0.5) / settings.photons_per_vertex
    )  # + ½: unbiased to first order in 1/counts
    smooth = _smoothed(raw, counts, vertices, geometry, settings.smoothing_vertices)
    total = counts.sum(axis=1) / settings.photons_per_vertex
    return LightMap(
        positions_cm=vertices.positions_cm,
        log_probability=_unfolded(
            smooth.astype(np.float32), vertices.representative, vertices.element, geometry
        ),
        light_yield=(total / total[0])[vertices.representative],
        shell_offsets=vertices.shell_offsets,
        neighbours=nearest_vertices(vertices.positions_cm),
        collection_at_centre=float(total[0]),
    )


def nearest_vertices(positions_cm: Array) -> NDArray[np.int32]:
    """Rows of the nearest vertices of each, nearest first; shape (n_v, NEIGHBOURS), or all others
    of a smaller map."""
    from scipy.spatial import KDTree

    tree = KDTree(positions_cm, balanced_tree=False, compact_nodes=False)
    near = tree.query(positions_cm, k=list(range(2, min(NEIGHBOURS + 1, len(positions_cm)) + 1)))[1]
    return np.ascontiguousarray(near, dtype=np.int32)


def _traced(
    detector: Detector,
    vertices: Vertices,
    photons: int,
    seed: int,
    threads: int,
    progress: Callable[[int], object] | None,
) -> Array:
    """Photons per channel at each representative, averaged over the symmetries that leave it in
    place."""
    points, geometry = vertices.representatives_cm, detector.geometry

    def one(row: int) -> Array:
        fates = detector.count_fates(points[row : row + 1], photons, seed, first=row)
        counts = fates[0, : geometry.n_channels]
        if progress is not None:
            progress(1)
        alike = geometry.permutations[stabiliser(points[row], geometry.symmetry)]
        return np.asarray(counts[alike].mean(axis=0))

    _ = (
        detector.walls,
        detector.medium,
        geometry.permutations,
    )  # made once, before the threads ask for them
    with ThreadPoolExecutor(threads) as pool:
        return np.array(list(pool.map(one, range(len(points)))))


def _unfolded(
    values: NDArray[Any], representative: Integers, element: Integers, geometry: Geometry
) -> NDArray[Any]:
    """Values by channel at the images of representatives: channel c at x is channel permutations[g,
    c] at g x."""
    inverse = geometry.inverse_permutations
    result = np.empty((len(representative), values.shape[1]), dtype=values.dtype)
    for start in range(0, len(representative), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        result[rows] = values[representative[rows, None], inverse[element[rows]]]
    return result


def _smoothed(
    raw: Array, counts: Array, vertices: Vertices, geometry: Geometry, neighbours: int
) -> Array:
    """Local quadratics through log p, mixed with the traced values where these are no quadratic
    within their errors.

    The mixture is James and Stein's: the traced value moves to the fit by the share dof/χ² of its
    distance. Far away, where counts are few and p is smooth, that is all the way; in front of a
    window, where p has a kink and counts abound, hardly at all."""
    from scipy.spatial import KDTree

    if neighbours <= _COEFFICIENTS:
        return raw
    scatter = 1 / np.sqrt(counts + 0.5)
    places = KDTree(vertices.positions_cm).query(vertices.representatives_cm, k=neighbours)[1]
    result = np.empty_like(raw)
    for row, near in enumerate(places):
        centre = vertices.representatives_cm[row]
        hat = _quadratic_hat(vertices.positions_cm[near] - centre)
        of, by = vertices.representative[near], vertices.element[near]
        values, errors = _unfolded(raw, of, by, geometry), _unfolded(scatter, of, by, geometry)
        fit = hat @ values
        chi2 = np.sum(((values - fit) / errors) ** 2, axis=0)
        keep = np.maximum(0, 1 - (neighbours - _COEFFICIENTS) / chi2)
        mixed = fit[0] + keep * (values[0] - fit[0])
        alike = geometry.permutations[stabiliser(centre, geometry.symmetry)]
        result[row] = mixed[alike].mean(axis=0)  # of equally near vertices, the fit took some
    return result


_COEFFICIENTS = 10


def _quadratic_hat(offsets: Array) -> Array:
    """Matrix from values at these points to the values there of the quadratic that fits them best,
    shape (n, n)."""
    x, y, z = offsets.T / np.abs(offsets).max()
    design = np.stack([np.ones_like(x), x, y, z, x * x, y * y, z * z, x * y, y * z, z * x], axis=1)
    return np.asarray(design @ np.linalg.pinv(design))
