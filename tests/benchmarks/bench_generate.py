"""Speed of the generators, in decays per CPU-second of one core. Run: python tests/benchmarks/bench_generate.py"""

import time

from exonu.detector.geometry import geodesic_geometry
from exonu.events.components import BACKGROUNDS, component
from exonu.events.generate import generate

FLOORS = {"seal": 2e4, "pmt": 2e4}  # with γ transport; all others are point-like
DECAYS = 200_000


def main():
    geometry = geodesic_geometry()
    begin = time.perf_counter()
    generate("pmt", 100, geometry)
    print(f"start (tables, compiled code from the cache): {time.perf_counter() - begin:.1f} s\n")
    print(f"{'component':12} {'decays/s':>10} {'floor':>8} {'kept':>6} {'sites':>6} {'rate/day':>10}")
    for name in (*BACKGROUNDS, "signal", "co57"):
        what = component(name, geometry)
        generate(what, 1000, geometry)
        begin = time.process_time()
        made = generate(what, DECAYS, geometry, seed=1)
        speed = DECAYS / (time.process_time() - begin)
        sites = len(made.event) / len(made)
        floor = FLOORS.get(name, 1e5)
        print(f"{name:12} {speed:10.0f} {floor:8.0f} {len(made) / DECAYS:6.3f} {sites:6.2f} {what.rate_per_day:10.4g}")


if __name__ == "__main__":
    main()
