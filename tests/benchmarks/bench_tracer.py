"""Photons and photoelectrons per CPU second, the light map's cost and error, and what opening it costs.

Run: python tests/benchmarks/bench_tracer.py [--full]   (--full makes the whole light map: a minute or two)
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import numpy as np

from exonu.detector import light_map
from exonu.detector.light_map_vertices import shell_vertices
from exonu.detector.model import Detector
from exonu.detector.optics import LightMapSettings
from exonu.events.light import sources_from_deposits
from exonu.events.tracer import trace


def best_cpu_s(work: Callable[[], object], repeats: int = 3) -> float:
    """Shortest CPU time of several runs, after one that compiles."""
    work()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def tracing(detector: Detector) -> None:
    """Photons alone, and whole events of several energies."""
    photons = 400_000
    for name, point in (("centre", (0, 0, 0)), ("r = 30 cm", (0, 0, 30))):
        points = np.array([point], dtype=float)
        seconds = best_cpu_s(lambda points=points: detector.count_fates(points, photons, 1))
        detected = detector.count_fates(points, photons, 1)[0, : detector.geometry.n_channels].sum()
        print(f"photons, {name:9s}  {photons / seconds / 1e6:6.2f} M photons/s  {detected / seconds / 1e6:6.2f} M PE/s")
    for energy, n in ((1.0, 8000), (2.0, 8000), (5.0, 4000), (20.0, 1500), (122.0, 500)):
        ids = np.arange(n)
        source = sources_from_deposits(ids, np.zeros((n, 3)), np.full(n, energy), detector, seed=1, event_ids=ids)
        seconds = best_cpu_s(lambda source=source, ids=ids: trace(source, detector, 1, ids))
        charge = trace(source, detector, 1, ids).charge.sum()
        print(f"events of {energy:5.0f} keV  {n / seconds:8.0f} events/s      {charge / seconds / 1e6:6.2f} M PE/s")


def smoothing(detector: Detector, settings: LightMapSettings) -> None:
    """Error Σ p (δ log p)² of the map against a long trace, by radius, for several numbers of neighbours (× 1000)."""
    geometry = detector.geometry
    vertices = shell_vertices(geometry, settings.shells, settings.outer_frequency, settings.outer_radius)
    start = time.process_time()
    counts = light_map._traced(detector, vertices, settings.photons_per_vertex, 1, 1, None)
    points = vertices.representatives_cm
    print(f"{len(vertices.positions_cm)} vertices, {len(points)} traced: {time.process_time() - start:.1f} CPU s")
    raw = np.log((counts + 0.5) / settings.photons_per_vertex)
    radius, rng = np.linalg.norm(points, axis=1), np.random.default_rng(0)
    bands = ((5, 20), (20, 33), (33, 40), (40.01, 45))
    rows = [rng.choice(np.flatnonzero((radius > a) & (radius <= b)), 4, replace=False) for a, b in bands]
    truth = detector.count_fates(points[np.concatenate(rows)], 1_500_000, 99)[:, : geometry.n_channels]
    share = truth / truth.sum(axis=1, keepdims=True)
    print("neighbours   error at r = " + ", ".join(f"{a:g}–{b:g}" for a, b in bands) + " cm")
    for neighbours in (1, 27, 40, 60, 80, 110):
        start = time.process_time()
        smooth = light_map._smoothed(raw, counts, vertices, geometry, neighbours)
        seconds = time.process_time() - start
        difference = smooth[np.concatenate(rows)] - np.log(np.maximum(share, 1e-9))
        difference -= np.sum(share * difference, axis=1, keepdims=True)
        error = np.sum(share * difference**2, axis=1).reshape(len(bands), -1).mean(axis=1)
        print(f"{neighbours:10d}   " + "  ".join(f"{1e3 * e:6.2f}" for e in error) + f"   ({seconds:.1f} CPU s)")


OPEN = """
import sys, time
from pathlib import Path
start = time.process_time()
from exonu.detector.light_map import LightMap
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


def main() -> None:
    """Print the tables."""
    detector = Detector.from_settings()
    tracing(detector)
    if "--full" in sys.argv:
        whole_map(detector)
    full = LightMapSettings.from_settings()
    smoothing(detector, full if "--full" in sys.argv else LightMapSettings(12, 20, 0.995, 20_000, 40))


if __name__ == "__main__":
    main()
