"""Photoelectrons per CPU second of events near the wall: drawn from tables, beside the tracer in the
same run.

Run: python tests/benchmarks/bench_light_tables.py [--full]   (makes the tables; --full compares every
    variable of drawn and traced events, which makes a light map, too)
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from benchmarking import Record, main, rates

sys.path.insert(0, str(Path(__file__).parents[1] / "simulation"))
import light_closure as lab

from exonu.detector.light_map.light_map import build_light_map
from exonu.detector.model import Detector
from exonu.events.reconstruction.chain import EventReconstruction
from exonu.simulation.light.tracer import trace
from exonu.simulation.light_tables.drawing import Drawing
from exonu.simulation.light_tables.table_making import build_light_tables

GROUP = "light from tables"
EVENTS = {30.0: 1500, 60.0: 800, 122.0: 500, 200.0: 300}
"""Energies [keV], and how many of them."""
DEPTHS_CM = (0.01, 0.1, 0.4, 1.0, 3.0)


def events(drawing: Drawing, energy_keV: float, n: int) -> tuple[lab.LightSources, np.ndarray]:
    """Electrons where γ-rays of the wall stop, about a centimetre deep."""
    depth = np.minimum(np.random.default_rng(2).exponential(0.8, (n, 1)), 5.5)
    geometry = drawing.detector.geometry
    points = lab.points_at(geometry, lab.WALL, 0.0, n, 1) * (1 - depth / geometry.inradius_cm)
    return lab.sources(drawing, points, energy_keV, 1), np.arange(n)


def records() -> Iterator[Record]:
    """The peer is the tracer."""
    detector = Detector.from_settings()
    start = time.process_time()
    drawing = Drawing(detector, build_light_tables(detector, seed=1, threads=os.cpu_count() or 1))
    yield Record(GROUP, "tables, made once", "s", [time.process_time() - start])
    for energy, n in EVENTS.items():
        light, ids = events(drawing, energy, n)
        drawn = float(drawing(light, 1, ids).charge.sum()) / 1e6
        traced = float(trace(light, detector, 1, ids).charge.sum()) / 1e6
        yield Record(
            GROUP,
            f"events of {energy:g} keV near the wall",
            "M PE/s",
            rates(drawn, lambda light=light, ids=ids: drawing(light, 1, ids)),
            rates(traced, lambda light=light, ids=ids: trace(light, detector, 1, ids), 3),
            "tracer",
        )


def closure(n: int = 1500) -> None:
    """Traced and drawn means, their difference in standard errors, and the ratio of widths."""
    detector = Detector.from_settings()
    drawing = Drawing(detector, build_light_tables(detector, seed=1, threads=os.cpu_count() or 1))
    made = EventReconstruction.of(
        build_light_map(detector, seed=2, threads=os.cpu_count() or 1), detector
    )
    for energy in (40.0, 122.0):
        for depth in DEPTHS_CM:
            for kind in lab.KINDS:
                points = lab.points_at(detector.geometry, kind, depth, n, 1)
                found = lab.compared(drawing, made, points, energy, 3)
                print(f"{energy:g} keV, {depth:g} cm, {kind}")
                for name, one in found.items():
                    print(
                        f"  {name:16s} {one.traced:9.4g} {one.drawn:9.4g}  {one.pull:+5.1f} σ  "
                        f"width {one.width:5.3f}  KS {one.ks:.2g}",
                        flush=True,
                    )


if __name__ == "__main__":
    main(records)
    if "--full" in sys.argv:
        closure()
