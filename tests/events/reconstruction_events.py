"""Events and a small light map for the tests of the reconstruction."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from exonu.detector.geometry import tangents
from exonu.detector.light_map.light_map import LightMap, build_light_map
from exonu.detector.model import Detector
from exonu.detector.optics import LightMapSettings
from exonu.events.raw.raw_events import Events
from exonu.events.reconstruction.charge import ChargeReconstruction
from exonu.simulation.light.photons import LightSources, sources_from_deposits
from exonu.simulation.light.tracer import trace


@cache
def detector() -> Detector:
    return Detector.from_settings()


@cache
def small_map() -> LightMap:
    """About 8000 vertices, a second of tracing."""
    sizes = {
        "shells": 10,
        "outer_frequency": 17,
        "photons_per_vertex": 20_000,
        "smoothing_vertices": 40,
    }
    return build_light_map(detector(), LightMapSettings.from_settings(sizes), seed=3)


@cache
def reconstruction() -> ChargeReconstruction:
    """As files are reconstructed."""
    spread = detector().electronics.single_pe_resolution
    return ChargeReconstruction.of(small_map(), detector().geometry, single_pe_resolution=spread)


@cache
def plain() -> ChargeReconstruction:
    """With charges taken as numbers of photoelectrons."""
    return replace(reconstruction(), single_pe_resolution=0.0)


def _events(sources: LightSources, n: int, seed: int, dead: np.ndarray | None) -> Events:
    hits = trace(sources, detector(), seed, np.arange(n), dead=dead)
    return Events(
        run=np.ones(n, dtype=np.uint32),
        event=np.arange(n, dtype=np.uint64),
        time_s=np.arange(n, dtype=np.float64),
        trigger=np.ones(n, dtype=np.uint8),
        offsets=hits.offsets,
        channel=hits.channel,
        charge=hits.charge,
        time=hits.time,
    )


def directions(n: int, seed: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(n, 3))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def with_light(
    points: np.ndarray, photoelectrons: float, seed: int = 5, dead: np.ndarray | None = None
) -> Events:
    """Events that would give so many photoelectrons at the centre."""
    n = len(points)
    emitted = np.full(n, photoelectrons / detector().collection_at_centre)
    up = np.tile([0.0, 0.0, 1.0], (n, 1))
    sources = LightSources(
        np.arange(n), points, np.full(n, 10.0), emitted, up, np.full(n, -1.0), np.zeros(n)
    )
    return _events(sources, n, seed, dead)


def of_electrons(
    points: np.ndarray, energy_keV: float, seed: int = 5, dead: np.ndarray | None = None
) -> Events:
    """Events of electrons with this energy."""
    n = len(points)
    energies = np.full(n, energy_keV)
    sources = sources_from_deposits(
        np.arange(n), points, energies, detector(), seed=seed, event_ids=np.arange(n)
    )
    return _events(sources, n, seed, dead)


def on_windows(channels: np.ndarray, seed: int) -> np.ndarray:
    """Points on the wall within 2.4 cm of the middle of each channel's window."""
    geometry, random = detector().geometry, np.random.default_rng(seed)
    first, second = tangents(geometry.normals[channels])
    radius, angle = (
        2.4 * np.sqrt(random.random((len(channels), 1))),
        2 * np.pi * random.random((len(channels), 1)),
    )
    points = geometry.positions_cm[channels] + radius * (
        np.cos(angle) * first + np.sin(angle) * second
    )
    return geometry.on_wall(points / np.linalg.norm(points, axis=1, keepdims=True))


def dead_channels(*channels: int) -> np.ndarray:
    mask = np.zeros(detector().geometry.n_channels, dtype=bool)
    mask[list(channels)] = True
    return mask
