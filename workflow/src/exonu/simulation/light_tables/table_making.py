"""The job that makes the tables of light near the wall."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from exonu.core.files import whole_or_absent
from exonu.core.progress import Progress
from exonu.core.seeds import derived_seed
from exonu.core.settings import Settings
from exonu.core.types import Array
from exonu.detector.geometry import Geometry
from exonu.detector.geometry_table import own_geometry
from exonu.detector.light_map.vertices import stabiliser
from exonu.detector.model import Detector
from exonu.simulation.light_tables.arrival_times import (
    DELAYS,
    FIRST_DELAY_NS,
    STEP_NS,
    quantiles_ns,
)
from exonu.simulation.light_tables.nodes import KINDS, Nodes, layer_points, nodes_of
from exonu.simulation.light_tables.table_set import LightTables

DISTANCE_STEP_CM = 2.5
_AROUND = 7
"""A node and its neighbours in a triangular lattice."""
_REFLECTED_AT_CM = 0.3
"""Depth of the nodes whose light shows where the wall reflects it to."""


@dataclass(frozen=True)
class TableSize:
    """How fine the tables are.

    Attributes:
        frequency: of the geodesic directions; 40 are nodes 1.2 cm apart.
        depths_cm: layers, from the wall inwards.
        near_cm: distances of `near_light.near_share`.
        photons: traced from each node; a quarter for each kind of reflection.
    """

    frequency: int = 40
    depths_cm: tuple[float, ...] = (0.001, 0.2, 0.6, 1.2, 2.0, 3.0, 4.0, 5.0, 6.0)
    near_cm: tuple[float, float] = (5.0, 12.0)
    photons: int = 40_000


def build_light_tables(
    detector: Detector,
    size: TableSize | None = None,
    *,
    seed: int,
    threads: int = 1,
    progress: Callable[[int], object] | None = None,
    settings: Settings | None = None,
) -> LightTables:
    """Trace the light of nodes near the wall.

    Args:
        detector: geometry and optics; decay times and transit spread for the times.
        size: number of nodes and photons.
        seed: of the photons; not that of the light map which the reconstruction fits, or its errors
            would be simulated, too. The same seed gives the same tables for any number of threads.
        threads: number of threads.
        progress: called with the number of nodes traced since the last call.
        settings: kept with the tables.
    """
    from exonu.simulation.light_tables.making_kernels import tally_reflected, tally_rest

    size = size or TableSize()
    geometry, walls, medium = detector.geometry, detector.walls, detector.medium
    nodes = nodes_of(geometry, size.frequency)
    directions = nodes.directions[nodes.domain]
    layers = [layer_points(geometry, directions, depth) for depth in size.depths_cm]
    shallow = layer_points(geometry, directions, _REFLECTED_AT_CM)
    near = np.array(size.near_cm)
    reach = 2 * float(np.linalg.norm(geometry.positions_cm, axis=1).max())
    n_distances = int(np.ceil(reach / DISTANCE_STEP_CM))
    axes = (DISTANCE_STEP_CM, FIRST_DELAY_NS, STEP_NS)
    per_node = len(size.depths_cm) + KINDS

    def one(row: int) -> tuple[Array, Array, Array]:
        alike = geometry.permutations[stabiliser(directions[row], geometry.symmetry)]
        rest = np.zeros((len(layers), geometry.n_channels))
        times = np.zeros((len(layers), n_distances, DELAYS))
        for k, points in enumerate(layers):
            tally_rest(
                points[row], size.photons, seed, row * per_node + k, near, geometry.positions_cm, axes,
                medium, walls, rest[k], times[k],
            )  # fmt: skip
        reflected = np.zeros((KINDS, geometry.n_channels))
        for k in range(KINDS):
            done = tally_reflected(
                shallow[row], size.photons // 4, seed, row * per_node + len(layers) + k, k, near,
                medium, walls, reflected[k],
            )  # fmt: skip
            reflected[k] /= max(done, 1)
        if progress is not None:
            progress(1)
        return rest[:, alike].mean(axis=1) / size.photons, reflected[:, alike].mean(axis=1), times

    with ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(one, range(len(directions))))
    rest, reflected, times = (np.array(part) for part in zip(*found, strict=True))
    rest = smoothed(rest, size.photons, nodes, geometry)
    reflected = smoothed(reflected, size.photons // 4, nodes, geometry)
    return LightTables(
        frequency=size.frequency,
        depths_cm=np.array(size.depths_cm),
        near_cm=near,
        rest=rest.astype(np.float32),
        reflected=reflected.astype(np.float32),
        times_ns=quantiles_ns(_with_near(times.sum(axis=0)), detector),
        settings=settings or {},
    )


def smoothed(values: Array, photons: int, nodes: Nodes, geometry: Geometry) -> Array:
    """Probabilities by channel, moved towards their mean over a node and those around it.

    As far as they agree with it within their errors: the mixture is James and Stein's, as in the
    light map. Light that varies little between nodes loses most of its noise; light that varies
    much stays as it is.

    Args:
        values: of the nodes of the domain, shape (n_domain, n, n_channels).
        photons: that they were counted from.
        nodes, geometry: of the tables.
    """
    from scipy.spatial import KDTree

    tree = KDTree(nodes.directions)
    result = np.empty_like(values)
    for row, direction in enumerate(nodes.directions[nodes.domain]):
        near = tree.query(direction, k=min(_AROUND, len(nodes.directions)))[1]
        names = geometry.inverse_permutations[nodes.element[near]]
        around = np.array(
            [values[nodes.representative[k]][:, name] for k, name in zip(near, names, strict=True)]
        )
        mean = around.mean(axis=0)
        chi2 = np.sum((around - mean) ** 2, axis=0) / np.maximum(mean / photons, 1e-30)
        keep = np.maximum(0, 1 - (len(near) - 1) / np.maximum(chi2, 1e-30))
        mixed = mean + keep * (values[row] - mean)
        alike = geometry.permutations[stabiliser(direction, geometry.symmetry)]
        result[row] = mixed[:, alike].mean(axis=1)
    return result


def _with_near(counts: Array) -> Array:
    """Delays by layer, and a last layer for near light, whose flight is known; a distance without
    light has the delays of the nearest one with some."""
    straight = np.zeros_like(counts[:1])
    straight[..., round(-FIRST_DELAY_NS / STEP_NS)] = 1
    for layer in counts:
        filled = np.flatnonzero(layer.sum(axis=1) > 0)
        rows = np.arange(len(layer))
        layer[:] = layer[filled[np.argmin(np.abs(rows[:, None] - filled), axis=1)]]
    return np.concatenate([counts, straight])


def make_light_tables(
    settings: Settings, output: str | Path, *, threads: int = 1, size: TableSize | None = None
) -> LightTables:
    """Run one job of the step `light_tables`.

    Args:
        settings: of `simulation_settings.light_tables_settings`, also after a way through JSON.
        output: folder of the tables; it is whole or absent.
        threads: number of threads; changes nothing else.
        size: number of nodes and photons.
    """
    detector = Detector.from_settings(settings["detector"], own_geometry(settings["geometry"]))
    with Progress("light tables", unit="nodes") as progress:
        seed = derived_seed(settings["seed"], "light-tables")
        made = build_light_tables(
            detector, size, seed=seed, threads=threads, progress=progress.add, settings=settings
        )
    with whole_or_absent(output) as beside:
        made.save(beside)
        shutil.rmtree(output, ignore_errors=True)  # a folder is not renamed onto another
    return made
