"""Photons and photoelectrons per CPU second; the light map's cost and error, and what opening it
costs.

Run: python tests/benchmarks/bench_tracer.py [--smoothing] [--full]   (--full also makes the whole
    light map: a minute)
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

import numpy as np
from benchmarking import Record, main, rates

from exonu.detector.light_map import light_map
from exonu.detector.light_map.vertices import shell_vertices
from exonu.detector.model import Detector
from exonu.detector.optics import LightMapSettings
from exonu.simulation.light.photons import sources_from_deposits
from exonu.simulation.light.tracer import trace

PHOTONS, FLOOR = 400_000, 1.3
EVENTS = {2.0: 8000, 5.0: 4000, 20.0: 1500, 122.0: 500}
"""Energies [keV], and how many of them."""


def records() -> Iterator[Record]:
    """Photons alone, and whole events of several energies, all from the centre; there is no
    peer."""
    detector = Detector.from_settings()
    centre = np.zeros((1, 3))
    speeds = rates(PHOTONS / 1e6, lambda: detector.count_fates(centre, PHOTONS, 1))
    yield Record("tracing", "photons from the centre", "M photons/s", speeds)
    for energy, n in EVENTS.items():
        ids = np.arange(n)
        light = sources_from_deposits(
            ids, np.zeros((n, 3)), np.full(n, energy), detector, seed=1, event_ids=ids
        )
        photoelectrons = float(trace(light, detector, 1, ids).charge.sum())
        speeds = rates(
            photoelectrons / 1e6, lambda light=light, ids=ids: trace(light, detector, 1, ids)
        )
        yield Record("tracing", f"events of {energy:g} keV", "M PE/s", speeds, floor=FLOOR)


def smoothing(detector: Detector, settings: LightMapSettings) -> None:
    """Error Σ p (δ log p)² of the map against a long trace, by radius, for several numbers of
    neighbours (× 1000)."""
    geometry = detector.geometry
    vertices = shell_vertices(
        geometry, settings.shells, settings.outer_frequency, settings.outer_radius
    )
    start = time.process_time()
    counts = light_map._traced(detector, vertices, settings.photons_per_vertex, 1, 1, None)
    points = vertices.representatives_cm
    print(
        f"{len(vertices.positions_cm)} vertices, {len(points)} traced: {time.process_time() - start:.1f} CPU s"
    )
    raw = np.log((counts + 0.5) / settings.photons_per_vertex)
    radius, rng = np.linalg.norm(points, axis=1), np.random.default_rng(0)
    bands = ((5, 20), (20, 33), (33, 40), (40.01, 45))
    rows = [
        rng.choice(np.flatnonzero((radius > a) & (radius <= b)), 4, replace=False) for a, b in bands
    ]
    truth = detector.count_fates(points[np.concatenate(rows)], 1_500_000, 99)[
        :, : geometry.n_channels
    ]
    share = truth / truth.sum(axis=1, keepdims=True)
    print("neighbours   error at r = " + ", ".join(f"{a:g}–{b:g}" for a, b in bands) + " cm")
    for neighbours in (1, 27, 40, 60, 80, 110):
        start = time.process_time()
        smooth = light_map._smoothed(raw, counts, vertices, geometry, neighbours)
        seconds = time.process_time() - start
        difference = smooth[np.concatenate(rows)] - np.log(np.maximum(share, 1e-9))
        difference -= np.sum(share * difference, axis=1, keepdims=True)
        error = np.sum(share * difference**2, axis=1).reshape(len(bands), -1).mean(axis=1)
        print(
            f"{neighbours:10d}   "
            + "  ".join(f"{1e3 * e:6.2f}" for e in error)
            + f"   ({seconds:.1f} CPU s)"
        )


OPEN = """
import sys, time
from pathlib import Path
start = time.process_time()
from exonu.detector.light_map.light_map import LightMap
found = LightMap.load(sys.argv[1])
found.log_probability[0].sum()
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(f"{time.process_time() - start:.2f} CPU s, {int(status['VmHWM'].split()[0]) / 1e6:.2f} GB at most;", end=" ")
found.log_probability.sum()
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(f"all read: {time.process_time() - start:.2f} CPU s, {int(status['VmHWM'].split()[0]) / 1e6:.2f} GB at most")
"""


def whole_map(detector: Detector) -> None:
    """Build, save, open in a fresh process."""
    start = time.process_time()
    built = light_map.build_light_map(detector, seed=1)
    print(f"light map built in {time.process_time() - start:.1f} CPU s", end="; ")
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")
    with tempfile.TemporaryDirectory() as folder:
        built.save(folder)
        print("opened: ", end="", flush=True)
        subprocess.run([sys.executable, "-c", OPEN, folder], check=True)


def everything() -> None:
    """What the arguments ask for."""
    main(records)
    detector = Detector.from_settings()
    if "--full" in sys.argv:
        whole_map(detector)
    if {"--full", "--smoothing"} & set(sys.argv):
        full = LightMapSettings.from_settings()
        smoothing(
            detector, full if "--full" in sys.argv else LightMapSettings(12, 20, 0.995, 20_000, 40)
        )


if __name__ == "__main__":
    everything()
