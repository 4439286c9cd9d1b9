"""The reconstructions as a script would do them: scipy.optimize.minimize, one event after the
other.

The likelihoods are those of `exonu.events.reconstruction`, in numpy; the peer starts once, at the
best of the vertices that exonu's first step tries. Between vertices of the light map log p is
interpolated (inverse squared distances)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize
from scipy.spatial import KDTree

from exonu.events.raw.raw_events import Events
from exonu.events.reconstruction import timing
from exonu.events.reconstruction.charge import ChargeReconstruction

NEAREST = 8


def by_charges(made: ChargeReconstruction, events: Events) -> np.ndarray:
    """R(PE), log L(v) = Σ n_i log(p_i(v) / Σ p(v)) charges as numbers of photoelectrons: vertices,
    shape (n, 3)."""
    grid = made.grid
    positions, table, tree = (
        grid.light_map.positions_cm,
        grid.table,
        KDTree(grid.light_map.positions_cm),
    )
    log_total = np.log(grid.total[grid.first_rows])

    def one(channel: np.ndarray, charge: np.ndarray) -> np.ndarray:
        light = charge.sum()

        def score(vertex: np.ndarray) -> float:
            distance, near = tree.query(vertex, k=NEAREST)
            weight = 1 / (distance**2 + 1e-6)
            log_p = weight @ table[near] / weight.sum()
            return float(light * np.log(np.exp(log_p).sum()) - charge @ log_p[channel])

        first = np.argmax(charge @ grid.first_table[channel] - light * log_total)
        return _lowest(score, positions[grid.first_rows[first]], [2.0, 2.0, 2.0], 0.1)

    return np.array([one(*hits[:2]) for hits in _hits(events)])


def by_times(made: timing.TimeReconstruction, events: Events) -> np.ndarray:
    """R(T): the likelihood of `timing_kernels.time_score`. Vertices, shape (n, 3)."""
    residuals = made.residuals
    density, survival = residuals.log_density, residuals.log_survival

    def one(channel: np.ndarray, charge: np.ndarray, time: np.ndarray) -> np.ndarray:
        where, more = made.positions_cm[channel], np.maximum(charge, 1) - 1

        def score(at: np.ndarray) -> float:
            if at[:3] @ at[:3] > made.radius_cm**2:
                return np.inf
            distance = np.linalg.norm(where - at[:3], axis=1)
            u = np.clip(distance / timing.DISTANCE_STEP_CM - 0.5, 0, len(density) - 1.001)
            v = (
                time - at[3] - distance / residuals.velocity_cm_per_ns - timing.FIRST_TIME_NS
            ) / timing.TIME_STEP_NS
            v = np.clip(v, 0, density.shape[1] - 1.001)
            j, k = u.astype(int), v.astype(int)
            a, b = u - j, v - k
            weights = (1 - a) * (1 - b), (1 - a) * b, a * (1 - b), a * b
            cells = (j, k), (j, k + 1), (j + 1, k), (j + 1, k + 1)
            return -float(
                sum(
                    np.sum(w * (density[c] + more * survival[c]))
                    for w, c in zip(weights, cells, strict=True)
                )
            )

        starts = []
        for seed in made.seeds_cm:
            earliest = np.min(
                time - np.linalg.norm(where - seed, axis=1) / residuals.velocity_cm_per_ns
            )
            starts += [np.append(seed, earliest + later) for later in (-4.0, 0.0, 2.0)]
        return _lowest(score, min(starts, key=score), [8.0, 8.0, 8.0, 1.0], 0.25)[:3]

    return np.array([one(*hits) for hits in _hits(events)])


def _hits(events: Events) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    cuts = events.offsets[1:-1]
    columns = events.channel.astype(int), events.charge.astype(float), events.time.astype(float)
    return list(zip(*(np.split(column, cuts) for column in columns), strict=True))


def _lowest(
    score: Callable[[np.ndarray], float], start: np.ndarray, steps: list[float], tolerance: float
) -> np.ndarray:
    """Nelder and Mead's minimum, as accurate as exonu's own last step."""
    simplex = np.vstack([start, start + np.diag(steps)])
    options = {"initial_simplex": simplex, "xatol": tolerance, "fatol": 0.01, "maxiter": 1000}
    return minimize(score, start, method="Nelder-Mead", options=options).x
