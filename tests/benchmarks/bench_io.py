"""How fast raw files are written, read, ingested and selected, and how much memory a job takes.

Events per CPU second of one core, with about 100 hits each; peak memory of a job on a small and on
a larger file.

Run: python tests/benchmarks/bench_io.py
"""

from __future__ import annotations

import itertools
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import root_peer
from benchmarking import Record, main, rates, times

from exonu.core.resources import schema_path
from exonu.core.settings import read_schema
from exonu.events.ingest import ingest
from exonu.events.raw.raw_events import MANTISSA_BITS, Events, read_events, read_raw, write_raw
from exonu.events.raw.writer import cut_mantissa
from exonu.events.selection.cut_flow import efficiency_interval
from exonu.events.selection.cuts import Selection, select

CHUNK, EVENTS = 8192, 60_000
FLOORS = {"write": 70, "read": 150}
DEAD = [3, 200]
ALIVE = np.delete(np.arange(642, dtype=np.uint16), DEAD)
SIMULATED = {"is_simulated": True}


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
            channel=rng.choice(ALIVE, total),
            charge=np.abs(rng.normal(1.2, 0.5, total)).astype(np.float32),
            time=(rng.exponential(30, total) + rng.normal(0, 2, total)).astype(np.float32),
        )


def uproot_columns(chunk: Events) -> dict[str, Any]:
    """A chunk as uproot takes it, with the numbers that we write: rounded beforehand, which is not
    its work."""
    import awkward as ak

    hits = {name: cut_mantissa(getattr(chunk, name), MANTISSA_BITS) for name in ("charge", "time")}
    zipped = ak.zip({"channel": chunk.channel, **hits})
    return chunk.scalars() | {"": ak.unflatten(zipped, chunk.n_hits)}


def uproot_writes(file: Path, chunks: list[dict[str, Any]]) -> None:
    """The same TTree with the same compression."""
    import uproot

    with uproot.recreate(file, compression=uproot.ZSTD(1)) as root:
        kinds = {
            name: column.dtype if name else column.type.content
            for name, column in chunks[0].items()
        }
        names = {"counter_name": lambda _: "nhit", "field_name": lambda _, name: name}
        tree = root.mktree("raw", kinds, **names)
        for chunk in chunks:
            tree.extend(chunk)


def uproot_reads(file: Path) -> int:
    """All columns, chunk by chunk, without a check."""
    import uproot

    names = ["run", "event", "time_s", "trigger", "channel", "charge", "time"]
    return sum(
        len(part) for part in uproot.iterate(f"{file}:raw", names, step_size="32 MB", library="ak")
    )


def job_settings(files: list[str]) -> dict:
    """Settings of an ingest job, as the workflow gives them."""
    parts = read_schema(schema_path("events.yaml"))["properties"]
    blocks = {
        name: {key: part["default"] for key, part in parts[name]["properties"].items()}
        for name in ("branches", "storage", "variables")
    }
    run = {
        "run": 1,
        "files": files,
        "start": "2020-01-01T00:00:00",
        "live_time_s": 1e6,
        "dead_pmts": DEAD,
    }
    calibration = {"gain": 1.1, "time_offset_ns": 2.0, "light_yield": 1.0}
    more = {
        "run": 1,
        "runs": [run],
        "calibration": calibration,
        "is_simulated": True,
        "n_channels": 642,
    }
    return blocks | more | {"file": "events.yaml", "run_list": "runs.tsv"}


CUTS = [
    {"name": "trigger", "keep": "inner_trigger and not outer_trigger", "status": "published"},
    {"name": "previous-event", "keep": "time_since_previous_ms > 10", "status": "assumed"},
    {"name": "hit-time-rms", "keep": "hit_time_rms_ns < 100", "status": "assumed"},
    {"name": "cherenkov", "keep": "early_fraction < 0.6 or total_pe >= 200", "status": "assumed"},
]


def peak_MB(code: str) -> float:
    """Peak memory of a fresh process that runs some code (of its own: ru_maxrss would count the
    parent's)."""
    command = f"{code}\nprint(*[line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')])"
    done = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, text=True, check=True
    )
    return float(done.stdout.split()[-1]) / 1024


def records() -> Iterator[Record]:
    """Raw files, then what the jobs do with them."""
    n = EVENTS / 1e3
    chunks = list(events(EVENTS))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        file, other = folder / "raw.root", folder / "uproot.root"
        columns = list(map(uproot_columns, chunks))
        peer = rates(n, lambda: uproot_writes(other, columns))
        speeds = rates(n, lambda: write_raw(file, chunks, SIMULATED))
        yield Record(
            "I/O", "raw TTree written", "k events/s", speeds, peer, "uproot alone", FLOORS["write"]
        )
        assert uproot_reads(file) == uproot_reads(other) == EVENTS
        peer = rates(n, lambda: uproot_reads(file))
        speeds = rates(n, lambda: sum(map(len, read_raw(file, n_channels=642))))
        yield Record(
            "I/O",
            "raw TTree read and checked",
            "k events/s",
            speeds,
            peer,
            "uproot alone",
            FLOORS["read"],
        )
        if root_peer.PYTHON.is_file():
            peer = [n / seconds for seconds in root_peer.measured("reading", file)["read"]]
            yield Record(
                "I/O",
                "raw TTree read and checked",
                "k events/s",
                speeds,
                peer,
                "ROOT (TTreeReader, C++)",
            )
        yield from jobs(folder, file, n)
        yield from memory(file, chunks)
        speeds = rates(n, lambda: write_raw(other, chunks, SIMULATED, rntuple=True))
        yield Record("I/O", "raw RNTuple written", "k events/s", speeds)
        speeds = rates(n, lambda: sum(map(len, read_raw(other, n_channels=642))))
        yield Record("I/O", "raw RNTuple read and checked", "k events/s", speeds)


def jobs(folder: Path, file: Path, n: float) -> Iterator[Record]:
    """Ingestion and cuts, a file in and a file out."""
    ingested, selected, selection = (
        folder / "ingested.root",
        folder / "selected.root",
        Selection.from_settings(CUTS),
    )
    speeds = rates(n, lambda: ingest(job_settings([str(file)]), ingested), 3)
    yield Record("I/O", "ingested", "k events/s", speeds)
    speeds = rates(n, lambda: sum(map(len, read_events(ingested))), 3)
    yield Record("I/O", "ingested events read", "k events/s", speeds)
    speeds = rates(n, lambda: select(selection, ingested, selected, {"kind": "data"}, [0, 1]), 3)
    yield Record("I/O", "selected by four cuts", "k events/s", speeds)
    sums = np.full((3, 20, 300), 5.0)
    spent = times("ms", lambda: efficiency_interval(sums, 2 * sums))
    yield Record("I/O", "6,000 efficiency intervals", "ms", spent)


def memory(file: Path, chunks: list[Events]) -> Iterator[Record]:
    """Reading takes the same memory however large the file is."""
    for number in (1, 4):
        write_raw(file, itertools.chain(*[chunks] * number), SIMULATED)
        code = f"from exonu.events.raw.raw_events import read_raw; sum(len(e) for e in read_raw({str(file)!r}))"
        yield Record(
            "I/O",
            f"peak memory, reading {number * EVENTS:,} events",
            "MB",
            [peak_MB(code)],
            floor=2000,
        )


if __name__ == "__main__":
    main(records)
