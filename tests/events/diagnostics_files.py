"""A small event-level analysis whose reconstructed events are made by hand."""

import numpy as np

from exonu.events.raw.writer import ColumnWriter

LIVE_DAYS = 1.5
CUTS = [
    {"name": "trigger", "keep": "inner_trigger and not outer_trigger", "status": "published"},
    {"name": "veto", "keep": "veto_pe < 3 or total_pe >= 200", "status": "assumed"},
    {"name": "fiducial", "keep": "r_pe_cm < 20", "status": "published"},
]


def events(n=3000, seed=1, *, truth=False, weight=1.0):
    """Columns of reconstructed events."""
    rng = np.random.default_rng(seed)
    true = rng.uniform(-20, 20, (n, 3))
    found = true + rng.normal(0, 1.5, (n, 3))
    total = rng.lognormal(5, 1, n)
    made = {
        "run": rng.choice([1, 2], n).astype(np.uint32),
        "event": np.arange(n, dtype=np.uint64),
        "inner_trigger": rng.random(n) < 0.95,
        "outer_trigger": rng.random(n) < 0.1,
        "veto_pe": rng.exponential(2, n),
        "total_pe": total,
        "energy_keVee": total / 10 * rng.normal(1, 0.05, n),
        "weight": np.full(n, weight),
        **{f"{axis}_pe_cm": found[:, place] for place, axis in enumerate("xyz")},
        "r_pe_cm": np.linalg.norm(found, axis=1),
    }
    if truth:
        made |= {f"true_{axis}_cm": true[:, place] for place, axis in enumerate("xyz")}
        made |= {"true_energy_keV": total / 10}
    return made


def write(path, columns):
    with ColumnWriter(path, "events", {"is_simulated": True}) as writer:
        writer.write(columns)
    return path


def settings(**changes):
    """Of the step `event_diagnostics`: two runs, two components that share a label, signal."""
    runs = [
        {
            "run": number, "files": [], "start": f"2013-11-2{number}T08:00:00", "live_time_s": 86400 * days,
            "dead_pmts": dead, "stream": "physics",
        }
        for number, days, dead in ((1, 1.0, [3, 17]), (2, 0.5, [17]))
    ]  # fmt: skip
    simulated = [
        {"kind": "simulation", "sample": name, "component": name}
        for name in ("surface", "background", "signal")
    ]
    made = {
        "name": "Toy", "file": "events.yaml", "is_simulated": True, "cuts": CUTS, "extra": ["veto_pe"],
        "blind_keVee": None, "simulated_to_cm": 28.0,
        "sources": [{"kind": "data", "run": 1}, {"kind": "data", "run": 2}, *simulated],
        "geometry": {}, "detector": {"geometry": {}}, "run_list": "runs.tsv", "runs": runs,
    }  # fmt: skip
    return made | changes


def files(folder):
    """Columns and files of these sources."""
    made = [
        events(1000, 1), events(500, 2), events(2000, 3, truth=True, weight=0.2),
        events(800, 4, truth=True, weight=0.7), events(4000, 5, truth=True),
    ]  # fmt: skip
    return made, [write(folder / f"{number}.root", columns) for number, columns in enumerate(made)]
