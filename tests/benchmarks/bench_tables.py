"""Ten million reconstructed events from Parquet: through the reader and the cuts to histograms with the
effects of five systematics, beside pandas doing the same by hand; and the memory that this takes.

pandas holds the table in memory; for each variation it makes Σw, Σw² and, where events are the same
before and after, Σab, as the errors of the ratios need them. It writes nothing: the reader's output
(a ROOT file that all later steps read, and that a changed cut does not make again) is in exonu's time
alone; so the filling is shown by itself too.

Run: python tests/benchmarks/bench_tables.py
"""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from benchmarking import Record, main

GROUP, EVENTS, ROW_GROUP = "tables", 10_000_000, 1_000_000
EDGES = np.arange(2.0, 31.0)
CUTS = [
    {"name": "s2", "keep": "s2_pe > 2000", "status": "assumed"},
    {"name": "fiducial-volume", "keep": "r_cm < 37 and -88 < z_cm < -9", "status": "assumed"},
]
_ALL = {"status": "assumed", "description": "benchmark", "prune_below": 0.0}
SYSTEMATICS = [
    {"name": "energy-scale", "kind": "energy-scale", "size": 0.01},
    {"name": "resolution", "kind": "resolution", "size": 0.05},
    {"name": "efficiency", "kind": "efficiency", "energies_keV": [2, 5, 30], "sizes": [0.05, 0.03, 0.03]},
    {"name": "radius", "kind": "position", "along": "radius", "size": 0.01},
    {"name": "s2-cut", "kind": "cut", "cut": "s2", "of": "rejected", "size": 0.1},
]  # fmt: skip


def write_events(file: Path, n: int) -> None:
    """Flat in energy, over the whole of a cylinder's box, in row groups."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    random, writer = np.random.default_rng(1), None
    for start in range(0, n, ROW_GROUP):
        m = min(ROW_GROUP, n - start)
        true = random.uniform(0.5, 60, m)
        columns = {
            "e_true": true, "ces": true + 0.31 * np.sqrt(true) * random.normal(size=m),
            "x": random.uniform(-480, 480, m), "y": random.uniform(-480, 480, m),
            "z": -970 * random.random(m), "s2": 380 * true * (1 + 0.1 * random.normal(size=m)),
            "w": np.full(m, 1e-4),
        }  # fmt: skip
        table = pa.table({name: column.astype(np.float32) for name, column in columns.items()})
        writer = writer or pq.ParquetWriter(file, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


def with_exonu(file: Path) -> dict[str, Any]:
    """Counts of the spectrum and ratios of all variations."""
    from exonu.events.runs.run_list import Run
    from exonu.events.tabular.read_reconstructed import read_reconstructed
    from exonu.templates.channel_filling import Filling
    from exonu.templates.filling import fill_sample
    from exonu.templates.simulated_samples import Sources

    columns = {
        "tree": "events", "energy": {"column": "ces", "unit": "keV"}, "s2": {"column": "s2", "unit": "PE"},
        **{axis: {"column": axis, "unit": "mm"} for axis in "xyz"},
        "weight": "w", "true_energy": {"column": "e_true", "unit": "keV"}, "extra": {}, "no_value": "refuse",
    }  # fmt: skip
    run = Run(1, (), datetime.datetime(2017, 1, 1), 8.64e6, ())
    sample = {"sample": "lxe", "equivalent_live_days": 1.0, "runs": "shared", "files": [str(file)]}
    told = {
        "columns": columns, "file": "-", "is_simulated": True, "origin": "2017-01-01T00:00:00",
        "run_list": "-", "runs": [run.as_json()], "sample": sample,
    }  # fmt: skip
    read = file.with_suffix(".root")
    read_reconstructed(told, read)
    settings = {
        "file": "-", "cuts": CUTS, "extra": [], "systematics": [{**_ALL, **one} for one in SYSTEMATICS],
        "edges_keV": EDGES.tolist(), "wall": [], "varied": [],
        "templates": {"report_ranges_keV": [2, 8, 16, 30], "beside": {}},
    }  # fmt: skip
    job = Filling(settings, Sources(None, {"lxe": read}, {}))
    begun = time.process_time()
    [made], _ = fill_sample([job], {"sample": "lxe", "components": ["lxe"]})
    ratios = {
        name: [way.ratio(EDGES)[0].tolist() for way in ways]
        for name, ways in made.of_effects.items()
    }
    filling_s = time.process_time() - begun
    return {
        "counts": made.spectrum.values.tolist(), "ratios": ratios, "filling_s": filling_s,
    }  # fmt: skip


def with_pandas(file: Path) -> dict[str, Any]:
    """The same, from one table in memory."""
    import pandas as pd

    table = pd.read_parquet(file).astype(np.float64)
    table["r"], table["z"] = np.hypot(table["x"], table["y"]) / 10, table["z"] / 10
    inside = (table["z"] > -88) & (table["z"] < -9)
    s2 = table["s2"] > 2000

    def histogram(energy: Any, weight: Any) -> Any:
        np.histogram(energy, EDGES, weights=weight**2)
        return np.histogram(energy, EDGES, weights=weight)[0]

    def pairs(energy: Any, after: Any, b: Any, a: Any) -> None:
        same = np.digitize(energy, EDGES) == np.digitize(after, EDGES)
        np.histogram(energy[same], EDGES, weights=(a * b)[same])

    kept = table[s2 & (table["r"] < 37) & inside]
    energy, weight = kept["ces"].to_numpy(), kept["w"].to_numpy()
    counts = histogram(energy, weight)
    ratios: dict[str, list[Any]] = {one["name"]: [] for one in SYSTEMATICS}
    for sign in (1, -1):
        size = np.interp(energy, [2, 5, 30], [0.05, 0.03, 0.03])
        off = energy - kept["e_true"].to_numpy()
        for name, moved, after in (
            ("energy-scale", energy * (1 + 0.01 * sign), weight),
            ("resolution", energy + 0.05 * sign * off, weight),
            ("efficiency", energy, weight * (1 + size) ** sign),
        ):
            ratios[name].append((histogram(moved, after) / counts).tolist())
            pairs(energy, moved, weight, after)
        shifted = table[s2 & (table["r"] * (1 + 0.01 * sign) < 37) & inside]
        e, w = shifted["ces"].to_numpy(), shifted["w"].to_numpy()
        ratios["radius"].append((histogram(e, w) / counts).tolist())
        both = (shifted["r"] < 37).to_numpy()
        np.histogram(e[both], EDGES, weights=w[both] ** 2)
    beside = table[~s2 & (table["r"] < 37) & inside]
    more = 1 + 0.1 * histogram(beside["ces"].to_numpy(), beside["w"].to_numpy()) / counts
    ratios["s2-cut"] = [more.tolist(), (1 / more).tolist()]
    return {"counts": counts.tolist(), "ratios": ratios}


WAYS = {"exonu": with_exonu, "pandas": with_pandas}
_JOB = """
import json, resource, sys, time
sys.path.insert(0, {here!r})
import bench_tables
start = time.process_time()
made = bench_tables.WAYS[{way!r}](bench_tables.Path({file!r}))
spent = time.process_time() - start
print(json.dumps([spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3, made]))
"""


def job(way: str, file: Path) -> tuple[float, float, dict[str, Any]]:
    """CPU seconds, peak memory [MB] and results of one way, in a process of its own."""
    code = _JOB.format(here=str(Path(__file__).parent), way=way, file=str(file))
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    spent, memory, made = json.loads(ended.stdout.splitlines()[-1])
    return spent, memory, made


def agree(first: dict[str, Any], second: dict[str, Any]) -> None:
    """Both made the same histograms; float32 columns differ in which side of an edge a few events are."""
    np.testing.assert_allclose(first["counts"], second["counts"], rtol=1e-3)
    for name, ways in first["ratios"].items():
        np.testing.assert_allclose(ways, second["ratios"][name], atol=2e-3)


def records(n: int = EVENTS) -> Iterator[Record]:
    """Time and memory of both, of one file in one run."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "events.parquet"
        write_events(file, n)
        ours, theirs = ([job(way, file) for _ in range(3)] for way in ("exonu", "pandas"))
    agree(ours[0][2], theirs[0][2])
    what = f"{n:,} events from Parquet to histograms of five systematics"
    name = "pandas, in memory"
    yield Record(GROUP, what, "s", [one[0] for one in ours], [one[0] for one in theirs], name, 30)
    again = "filling of that alone, as after a changed cut or systematic"
    alone = [one[2]["filling_s"] for one in ours]
    yield Record(GROUP, again, "s", alone, [one[0] for one in theirs], name)
    memory = [one[1] for one in ours]
    yield Record(GROUP, "peak memory of that", "MB", memory, [one[1] for one in theirs], name, 1000)


if __name__ == "__main__":
    main(records)
