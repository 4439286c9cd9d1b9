"""The Cramér–Rao bound: no unbiased vertex from the charges can be more precise.

With N photoelectrons shared by q_i(v) = p_i / Σp, the Fisher information on v is I = N Σ q_i ∇log
q_i ∇log q_iᵀ, and the covariance of a vertex is at least I⁻¹. Charges tell less than numbers: taken
as numbers, their variance is 1 + s² times Poisson's, s² that of the charge of one photoelectron,
and no vertex is better than √(1 + s²) times the bound (1.08 for s = 0.4). A reconstruction that
counts (`photoelectrons`) lies between the two. The bound is a local one: it knows nothing of
vertices that look alike far apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exonu.core.errors import InputError
from exonu.core.types import Array
from exonu.detector.light_map.light_map import LightMap

Booleans = NDArray[np.bool_]

_VERTICES = 60
"""Of the local quadratic that gives the gradient: more than the likelihood needs, as noise in it
adds information."""

_MARGIN = 1.1
"""How much farther from the centre than the nearest vertex of the outermost shell a point may
be."""


def fisher_information(
    light_map: LightMap, point_cm: ArrayLike, dead: Booleans | None = None
) -> Array:
    """Fisher information of one photoelectron on the vertex [1/cm²], shape (3, 3).

    Args:
        light_map: of the detector.
        point_cm: the vertex, shape (3,).
        dead: photomultipliers that are left out, shape (n_channels,).

    Raises:
        InputError: a point outside the light map.
    """
    point, positions = np.asarray(point_cm, dtype=float), light_map.positions_cm
    distance = np.linalg.norm(positions - point, axis=1)
    wall = positions[light_map.shell(-1)]
    reach = np.linalg.norm(wall, axis=1)
    if not np.linalg.norm(point) < _MARGIN * reach[np.argmax(wall @ point / reach)]:
        raise InputError(f"{point.tolist()} cm is outside the light map", field="point_cm")
    near = np.sort(np.argsort(distance, kind="stable")[: min(_VERTICES, len(positions))])
    alive = np.ones(light_map.log_probability.shape[1], dtype=bool) if dead is None else ~dead
    log_p = light_map.log_probability[near][:, alive].astype(np.float64)
    log_q = log_p - np.log(np.exp(log_p).sum(axis=1, keepdims=True))
    x, y, z = (positions[near] - point).T
    design = np.stack([np.ones_like(x), x, y, z, x * x, y * y, z * z, x * y, y * z, z * x], axis=1)
    fit = np.linalg.lstsq(design, log_q, rcond=None)[0]
    q, gradient = np.exp(fit[0]), fit[1:4]
    return np.asarray((gradient * q) @ gradient.T / q.sum())


def cramer_rao_cm(
    light_map: LightMap,
    point_cm: ArrayLike,
    photoelectrons: ArrayLike,
    dead: Booleans | None = None,
    single_pe_resolution: float = 0.0,
) -> Array:
    """Smallest standard deviation per axis of a vertex [cm]: √(trace I⁻¹ / 3).

    Args:
        light_map: of the detector.
        point_cm: the vertex, shape (3,).
        photoelectrons: their number, any shape.
        dead: photomultipliers that are left out, shape (n_channels,).
        single_pe_resolution: s; with it, the bound for charges taken as numbers.

    Returns:
        The same shape as `photoelectrons`.
    """
    variance = np.trace(np.linalg.inv(fisher_information(light_map, point_cm, dead))) / 3
    variance *= 1 + single_pe_resolution**2
    return np.asarray(np.sqrt(variance / np.asarray(photoelectrons, dtype=float)))
