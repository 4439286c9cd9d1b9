"""R(T): the vertex from the times of the first hits.

Light arrives at photomultiplier i at t₀ + d_i / v_g + τ: a straight flight with the group velocity,
and the delay of one photoelectron by scintillation, transit and detours. The density of τ depends
on the distance: with one density for all distances, scattering would push every vertex outwards.
The detours are traced, the rest is known in closed form. The likelihood is a product over the hits,
maximised over vertex and t₀."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx, ndtr

from exonu.core.seeds import derived_seed
from exonu.core.types import Array
from exonu.detector.icosahedron import geodesic_directions
from exonu.detector.model import Detector
from exonu.events.raw.raw_events import Events

Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]

DISTANCE_STEP_CM = 5.0
FIRST_TIME_NS, TIME_STEP_NS, LAST_TIME_NS = -12.0, 0.5, 300.0
DETOUR_POINTS, DETOUR_PHOTONS = 200, 1000
"""Sources all over the volume, and photons from each, that find the detours (0.1 s)."""
NOISE_PER_NS = 1e-5
"""Density of hits that no light explains, so that one of them does not decide."""
LEAST_HITS = 5
"""One more than the four unknowns x, y, z and t₀."""


@dataclass(frozen=True)
class TimeResiduals:
    """Density of the delay τ of one photoelectron, by distance.

    Attributes:
        log_density: log f(τ) in 1/ns, shape (n_distances, n_times); distances are bins, times are
            points.
        log_survival: log of the probability of a later one, same shape.
        time_ns: shape (n_times,).
        velocity_cm_per_ns: group velocity.
    """

    log_density: Array
    log_survival: Array
    time_ns: Array
    velocity_cm_per_ns: float

    @classmethod
    def of(cls, detector: Detector, energy_keV: float = 10.0, seed: int = 1) -> TimeResiduals:
        """Trace detours in the detector and fold them with scintillation and transit.

        Args:
            detector: geometry, optics, scintillation, electronics.
            energy_keV: of the electrons whose slow decay time is taken.
            seed: of the points and photons.
        """
        detours = _detours(detector, derived_seed(seed, "detours"))
        time: Array = np.arange(
            FIRST_TIME_NS, LAST_TIME_NS + TIME_STEP_NS / 2, TIME_STEP_NS, dtype=np.float64
        )
        pulse = pulse_density(time, detector, energy_keV)
        density = np.array([np.convolve(row, pulse)[: len(time)] for row in detours])
        density /= density.sum(axis=1, keepdims=True) * TIME_STEP_NS
        noise = NOISE_PER_NS * (len(time) * TIME_STEP_NS)
        density = (1 - noise) * density + NOISE_PER_NS
        later = (
            np.cumsum(density[:, ::-1], axis=1)[:, ::-1] * TIME_STEP_NS - density * TIME_STEP_NS / 2
        )
        return cls(np.log(density), np.log(later), time, detector.optics.group_velocity_cm_per_ns)


def _detours(detector: Detector, seed: int) -> Array:
    """Probability of each delay [time steps] by detour, for each distance; shape (n_distances,
    n_delays)."""
    from exonu.events.reconstruction.timing_kernels import count_delays

    geometry = detector.geometry
    largest = float(np.linalg.norm(geometry.positions_cm, axis=1).max())
    random = np.random.default_rng(seed)
    points = random.uniform(-largest, largest, size=(20 * DETOUR_POINTS, 3))
    points = points[geometry.depth_cm(points) > 0][:DETOUR_POINTS]
    axes = (DISTANCE_STEP_CM, np.ceil(2 * largest / DISTANCE_STEP_CM), 0.0, TIME_STEP_NS, 100)
    counts = count_delays(
        points, DETOUR_PHOTONS, seed, detector.medium, detector.walls, geometry.positions_cm, axes
    )  # fmt: skip
    filled = np.flatnonzero(counts.sum(axis=1) > 0)
    rows = np.arange(len(counts))
    counts = counts[
        filled[np.argmin(np.abs(rows[:, None] - filled), axis=1)]
    ]  # of the nearest distance with any light
    return np.asarray(counts / counts.sum(axis=1, keepdims=True))


def pulse_density(time_ns: Array, detector: Detector, energy_keV: float) -> Array:
    """Density [1/ns] of scintillation and transit together, see `pulse_of_decay`.

    Args:
        time_ns: since the deposit, shape (n,).
        detector: gives decay times and transit spread.
        energy_keV: of the electron.
    """
    return pulse_of_decay(time_ns, detector, float(detector.scintillation.slow_time(energy_keV)))


def pulse_of_decay(time_ns: Array, detector: Detector, slow_time_ns: float) -> Array:
    """Density [1/ns] of two exponentials, each folded with a Gaussian; of a slow decay time instead
    of an energy."""
    light, electronics = detector.scintillation, detector.electronics
    sigma = electronics.transit_spread_ns / (2 * np.sqrt(2 * np.log(2)))
    fast = light.fast_fraction * _exponential_and_normal(time_ns, light.fast_time_ns, sigma)
    slow = _exponential_and_normal(time_ns, slow_time_ns, sigma)
    return np.asarray(fast + (1 - light.fast_fraction) * slow)


def _exponential_and_normal(time: Array, decay: float, sigma: float) -> Array:
    """Density of the sum of an exponential and a normal variable, without overflow on either
    side."""
    if sigma == 0:
        return np.where(time >= 0, np.exp(-np.maximum(time, 0) / decay) / decay, 0)
    argument = sigma / decay - time / sigma
    early = np.exp(-((time / sigma) ** 2) / 2) * erfcx(np.maximum(argument, 0) / np.sqrt(2)) / 2
    late = np.exp(np.minimum(sigma**2 / (2 * decay**2) - time / decay, 50.0)) * ndtr(-argument)
    return np.asarray(np.where(argument > 0, early, late) / decay)


@dataclass(frozen=True)
class TimeReconstruction:
    """Reconstructs vertices from first-hit times.

    Attributes:
        positions_cm: of the photomultipliers, shape (n_channels, 3).
        residuals: densities of the delays.
        seeds_cm: vertices to begin with, shape (n_seeds, 3).
        radius_cm: vertices lie within.
    """

    positions_cm: Array
    residuals: TimeResiduals
    seeds_cm: Array
    radius_cm: float

    @classmethod
    def of(cls, detector: Detector) -> TimeReconstruction:
        """For a detector; seeds are the centre and two shells of 12 directions."""
        positions = detector.geometry.positions_cm
        radius = float(np.linalg.norm(positions, axis=1).max())
        shells = [share * radius * geodesic_directions(1) for share in (0.4, 0.8)]
        return cls(
            positions,
            TimeResiduals.of(detector),
            np.concatenate([np.zeros((1, 3)), *shells]),
            radius,
        )

    def __call__(
        self,
        events: Events,
        chosen: Integers | Booleans | None = None,
        dead: Booleans | None = None,
        progress: Callable[[int], object] | None = None,
    ) -> tuple[Array, Array]:
        """Vertices of events.

        Args:
            events: any number of them.
            chosen: which of them, as a mask or indices; all if not given.
            dead: photomultipliers to leave out, shape (n_channels,).
            progress: called with the number of events at the end.

        Returns:
            Vertices [cm], NaN for events with fewer than LEAST_HITS hits, shape (n_chosen, 3);
            log-likelihoods.
        """
        from exonu.events.reconstruction.timing_kernels import search_events

        rows = np.arange(len(events)) if chosen is None else np.arange(len(events))[chosen]
        alive = np.ones(len(self.positions_cm), dtype=bool) if dead is None else ~dead
        result = np.empty((len(rows), 5))
        density = self.residuals
        tables = (
            density.log_density, density.log_survival, DISTANCE_STEP_CM, FIRST_TIME_NS, TIME_STEP_NS,
            density.velocity_cm_per_ns,
        )  # fmt: skip
        search_events(
            rows, events.offsets, events.channel, events.charge, events.time, alive, self.seeds_cm,
            np.array([-4.0, 0.0, 2.0]), np.array([8.0, 8.0, 8.0, 1.0]), 1 / 32, self.radius_cm, self.positions_cm,
            tables, LEAST_HITS, result,
        )  # fmt: skip
        if progress is not None:
            progress(len(rows))
        return result[:, :3].copy(), result[:, 4].copy()
