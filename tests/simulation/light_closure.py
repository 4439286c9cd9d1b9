"""Events whose light is drawn from tables beside the same events traced: positions, and every quantity
that a cut uses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import ks_2samp

from exonu.core.types import Array
from exonu.detector.geometry import HEXAGON, Geometry
from exonu.events.raw.raw_events import Events
from exonu.events.reconstruction.chain import EventReconstruction
from exonu.events.variables import raw_variables
from exonu.simulation.light.photons import LightSources, sources_from_deposits
from exonu.simulation.light.tracer import Hits, trace
from exonu.simulation.light_tables.drawing import Drawing

WALL, WINDOW, COPPER, EDGE, FIVE_FOLD = "anywhere", "window", "copper", "edge", "five-fold"
KINDS = (WALL, WINDOW, COPPER, EDGE, FIVE_FOLD)


def points_at(geometry: Geometry, kind: str, depth_cm: float, n: int, seed: int) -> Array:
    """Points below the wall: anywhere, or within 2 cm of windows in the middle of a wall, of gaps
    between three windows, of windows on edges, of five-fold tubes."""
    random = np.random.default_rng(seed)
    at_edge, flat = geometry.bend < 1 - 1e-9, geometry.window == HEXAGON
    if kind == WALL:
        near = random.normal(size=(n, 3))
    else:
        chosen = {
            WINDOW: np.flatnonzero(flat & ~at_edge),
            COPPER: np.flatnonzero(flat & ~at_edge),
            EDGE: np.flatnonzero(flat & at_edge),
            FIVE_FOLD: np.flatnonzero(~flat),
        }[kind]
        channels = random.choice(chosen, n)
        near = geometry.positions_cm[channels]
        if kind == COPPER:  # a corner of the hexagon, and beyond
            side = np.cross(geometry.normals[channels], geometry.axes[channels])
            near = near + 1.25 * geometry.half_size_cm[0] * side
        near = near + random.normal(0, 0.2 if kind == COPPER else 0.8, size=(n, 3))
    wall = geometry.on_wall(near / np.linalg.norm(near, axis=1, keepdims=True))
    return wall * (1 - depth_cm / geometry.inradius_cm)


def sources(drawing: Drawing, points: Array, energy_keV: float, seed: int) -> LightSources:
    """One electron at each point."""
    ids = np.arange(len(points))
    return sources_from_deposits(
        ids, points, np.full(len(points), energy_keV), drawing.detector, seed=seed, event_ids=ids
    )


def events_of(hits: Hits) -> Events:
    n = len(hits.triggered)
    return Events(
        run=np.ones(n, np.uint32),
        event=np.arange(n, dtype=np.uint64),
        time_s=np.arange(n, dtype=float),
        trigger=hits.triggered.astype(np.uint8),
        offsets=hits.offsets,
        channel=hits.channel,
        charge=hits.charge,
        time=hits.time,
    )


@dataclass(frozen=True)
class Closure:
    """A quantity of events traced and drawn: means, their difference in standard errors, ratio of
    standard deviations, and the Kolmogorov-Smirnov probability."""

    traced: float
    drawn: float
    pull: float
    width: float
    ks: float


def variables(events: Events, made: EventReconstruction) -> dict[str, Array]:
    found = raw_variables(events, early_window_ns=20)
    names = ("total_pe", "max_pe_share", "n_hits", "hit_time_rms_ns", "early_fraction")
    result = {name: np.asarray(found[name], dtype=float) for name in names}
    columns = made.columns(events)
    return result | {
        name: np.asarray(columns[name], dtype=float) for name in ("r_pe_cm", "energy_keVee")
    }


def compared(
    drawing: Drawing, made: EventReconstruction, points: Array, energy_keV: float, seed: int
) -> dict[str, Closure]:
    """Every variable of the same electrons traced and drawn, with random numbers of their own."""
    light, ids = sources(drawing, points, energy_keV, seed), np.arange(len(points))
    traced = events_of(trace(light, drawing.detector, seed, ids))
    drawn = events_of(drawing(light, seed + 1, ids))
    left, right = variables(traced, made), variables(drawn, made)
    r_t = [made.timing(events)[0] for events in (traced, drawn)]
    left["r_t_cm"], right["r_t_cm"] = (np.linalg.norm(found, axis=1) for found in r_t)
    result = {}
    for name, a in left.items():
        b = right[name]
        error = np.sqrt((a.var() + b.var()) / len(a)) + 1e-12
        result[name] = Closure(
            float(a.mean()),
            float(b.mean()),
            float((b.mean() - a.mean()) / error),
            float(b.std() / max(a.std(), 1e-12)),
            float(ks_2samp(a, b).pvalue),
        )
    return result
