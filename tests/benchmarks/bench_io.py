"""How fast raw files are written, read, ingested and selected, and how much memory a job takes.

Events per CPU second of one core, with about 100 hits each; peak memory of a job on a small and on a larger file.

Run: python tests/benchmarks/bench_io.py [events]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from exonu.core.resources import schema_path
from exonu.core.settings import read_schema
from exonu.events.cut_flow import efficiency_interval
from exonu.events.ingest import ingest
from exonu.events.raw import Events, read_events, read_raw, write_raw
from exonu.events.selection import Selection, select

CHUNK = 8192


def events(n: int, mean_hits: float = 100.0) -> Iterator[Events]:
    """Hits with the spread of real ones: charges of one or two PE, times of scintillation."""
    rng = np.random.default_rng(1)
    for start in range(0, n, CHUNK):
        count = rng.poisson(mean_hits, min(CHUNK, n - start))
        total = int(count.sum())
        yield Events(
            run=np.ones(len(count), dtype=np.uint32),
            event=np.arange(start, start + len(count), dtype=np.uint64),
            time_s=np.arange(start, start + len(count)) * 0.25,
            trigger=np.ones(len(count), dtype=np.uint8),
            offsets=np.concatenate([[0], np.cumsum(count)]).astype(np.int64),
            channel=rng.integers(0, 642, total).astype(np.uint16),
            charge=np.abs(rng.normal(1.2, 0.5, total)).astype(np.float32),
            time=(rng.exponential(30, total) + rng.normal(0, 2, total)).astype(np.float32),
        )


def rate(n: int, work: Callable[[], object]) -> float:
    """Events per CPU second."""
    start = time.process_time()
    work()
    return n / (time.process_time() - start)


def job_settings(files: list[str]) -> dict:
    """Settings of an ingest job, as the workflow gives them."""
    parts = read_schema(schema_path("events.yaml"))["properties"]
    blocks = {
        name: {key: part["default"] for key, part in parts[name]["properties"].items()}
        for name in ("branches", "storage", "variables")
    }
    run = {"run": 1, "files": files, "start": "2020-01-01T00:00:00", "live_time_s": 1e6, "dead_pmts": [3, 200]}
    calibration = {"gain": 1.1, "time_offset_ns": 2.0, "light_yield": 1.0}
    more = {"run": 1, "runs": [run], "calibration": calibration, "is_simulated": True, "n_channels": 642}
    return blocks | more | {"file": "events.yaml", "run_list": "runs.tsv"}


CUTS = [
    {"name": "trigger", "keep": "inner_trigger and not outer_trigger", "status": "published"},
    {"name": "previous-event", "keep": "time_since_previous_ms > 10", "status": "assumed"},
    {"name": "hit-time-rms", "keep": "hit_time_rms_ns < 100", "status": "assumed"},
    {"name": "cherenkov", "keep": "early_fraction < 0.6 or total_pe >= 200", "status": "assumed"},
]


def peak_MB(code: str) -> float:
    """Peak memory of a fresh process that runs some code (of its own: ru_maxrss would count the parent's)."""
    command = f"{code}\nprint(*[line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')])"
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1]) / 1024


def measure(folder: Path, kind: str, chunks: list[Events], n: int) -> None:
    """Print the rows of one kind of file."""
    rntuple = kind == "RNTuple"
    file, again, selected = (folder / f"{kind}-{stage}.root" for stage in ("raw", "ingested", "selected"))
    selection = Selection.from_settings(CUTS)
    write = rate(n, lambda: write_raw(file, chunks, {"is_simulated": True}, rntuple=rntuple))
    read = rate(n, lambda: sum(len(part) for part in read_raw(file, n_channels=642)))
    size = file.stat().st_size / n
    print(f"{kind:8s} write {write:9.0f}/s  read with all checks {read:9.0f}/s  {size:6.0f} bytes/event")
    ingested = rate(n, lambda: ingest(job_settings([str(file)]), again))
    reread = rate(n, lambda: sum(len(part) for part in read_events(again)))
    chosen = rate(n, lambda: select(selection, again, selected, {"kind": "data"}, [0, 1]))
    print(f"{'':8s} ingest {ingested:8.0f}/s  read ingested {reread:9.0f}/s  select {chosen:9.0f}/s")
    for number in (1, 4):
        write_raw(file, chunks * number, {"is_simulated": True}, rntuple=rntuple)
        code = f"from exonu.events.raw import read_raw; sum(len(e) for e in read_raw({str(file)!r}))"
        print(f"{'':8s} peak memory reading {number * n:7d} events: {peak_MB(code):5.0f} MB")


def main() -> None:
    """Print the table."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 60_000
    chunks = list(events(n))
    with tempfile.TemporaryDirectory() as folder:
        warm = Path(folder) / "warm.root"
        write_raw(warm, chunks[0][:10], {"is_simulated": True})
        list(read_raw(warm))  # imports of uproot are not what is measured
        for kind in ("TTree", "RNTuple"):
            measure(Path(folder), kind, chunks, n)
    sums = np.full((3, 20, 300), 5.0)
    print(f"6000 efficiency intervals: {1e3 / rate(1, lambda: efficiency_interval(sums, 2 * sums)):.1f} ms")


if __name__ == "__main__":
    main()
