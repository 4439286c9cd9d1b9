"""Speed of the generators, in decays per CPU second of one core. Run: python
tests/benchmarks/bench_generate.py"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
from benchmarking import Record, cpu_seconds, main, rates

from exonu.detector.geometry import geodesic_geometry
from exonu.simulation.components import BACKGROUNDS, component
from exonu.simulation.generation.generate import generate

FLOORS = {"seal": 2e4, "pmt": 2e4}  # with γ transport; all others are point-like
DECAYS = 200_000
ROWS = {
    "pmt": "decays of a PMT, with γ transport",
    "copper": "decays in the copper wall",
    "lxe": "decays in the liquid",
}


def records() -> Iterator[Record]:
    """A component of each kind; there is no peer."""
    geometry = geodesic_geometry()
    for name, what in ROWS.items():
        source = component(name, geometry)
        speeds = rates(
            DECAYS / 1e6, lambda source=source: generate(source, DECAYS, geometry, seed=1)
        )
        yield Record("generation", what, "M decays/s", speeds, floor=FLOORS.get(name, 1e5) / 1e6)


def every_component() -> None:
    """How many decays leave energy, and where."""
    geometry = geodesic_geometry()
    print(f"{'component':12} {'decays/s':>10} {'kept':>6} {'sites':>6} {'rate/day':>10}")
    for name in (*BACKGROUNDS, "signal", "co57"):
        source = component(name, geometry)
        made = generate(source, DECAYS, geometry, seed=1)
        speed = DECAYS / np.median(
            cpu_seconds(lambda source=source: generate(source, DECAYS, geometry, seed=1), 3)
        )
        kept, sites = len(made) / DECAYS, len(made.event) / len(made)
        print(f"{name:12} {speed:10.0f} {kept:6.3f} {sites:6.2f} {source.rate_per_day:10.4g}")


if __name__ == "__main__":
    main(records)
    if "--full" in sys.argv:
        every_component()
