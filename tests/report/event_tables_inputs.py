"""Small tables of an event-level analysis, written by hand: the contract between diagnostics and
figures."""

import json
from itertools import pairwise

import numpy as np
import pandas as pd

CUTS = [
    {"name": "veto", "keep": "veto_pe < 3 and not outer_trigger", "status": "assumed"},
    {"name": "odd", "keep": "isfinite(r_t_cm)", "status": "assumed"},
    {"name": "fiducial", "keep": "r_pe_cm < 20", "status": "published"},
]
FIGURES = (
    "hit_map", "hits", "cut_veto", "cut_odd", "cut_fiducial", "energy", "vertices", "cut_flow", "resolution",
    "cut_efficiency",
)  # fmt: skip
EDGES = {
    "linear": [0.0, 1.0, 2.0, 3.0, 4.0],
    "log": [0.1, 1.0, 10.0, 100.0, 1000.0],
    "truth": [-0.5, 0.5, 1.5],
}


def panel(kind, observable, axis="linear", cut=None, marks=()):
    keep = next((one["keep"] for one in CUTS if one["name"] == cut), None)
    return {
        "kind": kind, "observable": observable, "cut": cut, "keep": keep, "before": ["veto"], "axis": axis,
        "marks": [{"sign": sign, "value": value} for sign, value in marks], "edges": EDGES[axis],
    }  # fmt: skip


PANELS = {
    "veto/veto_pe": panel("cut", "veto_pe", "log", "veto", [("<", 3)]),
    "veto/outer_trigger": panel("cut", "outer_trigger", "truth", "veto"),
    "fiducial/r_pe_cm": panel("cut", "r_pe_cm", "linear", "fiducial", [("<", 2), (">", 1)]),
    "energy": panel("energy", "energy_keVee", "log"),
    "radius": panel("radius", "r_pe_cm**3 / 1000", marks=[("<", 2)]),
    "hit_charge": panel("hits", "charge of a hit [PE]", "log"),
    "hit_time": panel("hits", "time of a hit [ns]"),
}
COMPONENTS = [["wall", "²¹⁰Pb surface"], ["gap", "²¹⁰Pb surface"], ["inside", "LXe"]]


def _histograms(sources):
    rows = []
    for name, one in PANELS.items():
        edges = one["edges"]
        bins = [*pairwise(edges), (edges[-1], np.inf), (np.nan, np.nan)]
        for stage in ("before", "after"):
            for number, source in enumerate(sources):
                for place, (low, high) in enumerate(bins):
                    count = (4 + number) * (place + 1) if stage == "before" or place else 0
                    rows.append((name, stage, source, low, high, count, float(count), count**0.5))
    columns = [
        "histogram",
        "stage",
        "source",
        "low",
        "high",
        "events",
        "weighted",
        "weighted_error",
    ]
    return pd.DataFrame(rows, columns=columns)


def _hit_map():
    n = 40
    z = np.linspace(-1, 1, n)
    made = {
        "channel": np.arange(n),
        "longitude_deg": (137.5 * np.arange(n)) % 360 - 180,
        "latitude_deg": np.degrees(np.arcsin(z)),
    }
    made["dead_share"] = np.where(np.arange(n) == 3, 1.0, np.where(np.arange(n) == 8, 0.4, 0.0))
    made |= {"data_pe": np.where(np.arange(n) == 3, np.nan, 1 + np.arange(n)), "data_error_pe": 0.1}
    return pd.DataFrame(made | {"simulation_pe": made["data_pe"] * 0.9, "simulation_error_pe": 0.1})


def _resolution():
    light = np.array([10.0, 100.0, 1000.0])
    parts = [
        pd.DataFrame(
            {
                "true_radius_low_cm": low, "true_radius_high_cm": low + 10, "light_low_pe": light / 2,
                "light_high_pe": 2 * light,
                "light_mean_pe": light, "events": 50, "sigma_cm": 40 / light**0.5, "sigma_error_cm": 0.1, "rms_cm": 1.0,
                "bound_cm": 38 / light**0.5, "outward_cm": 5 / light, "outward_error_cm": 0.1, "energy_ratio": 1.01,
                "energy_ratio_error": 0.01, "energy_sigma": 1 / light**0.5, "energy_sigma_error": 0.01,
            }
        )
        for low in (0.0, 10.0)
    ]  # fmt: skip
    return pd.concat(parts)


def _flow():
    rows = []
    for level, source in (
        ("stream", "physics"),
        ("component", "wall"),
        ("component", "inside"),
        ("component", "signal"),
    ):
        for place, cut in enumerate(["all", *(one["name"] for one in CUTS)]):
            row = {
                "level": level,
                "stream": "",
                "component": "",
                "cut": cut,
                "weighted": 1000.0 / 10**place,
            }
            rows.append(row | {level: source, "weighted_error": row["weighted"] ** 0.5})
    return pd.DataFrame(rows)


def _efficiency():
    rows = []
    for cut in ["all", *(one["name"] for one in CUTS)]:
        for low in (0.0, 1.0, 5.0):
            row = {
                "level": "component",
                "component": "signal",
                "cut": cut,
                "energy_low_keV": low,
                "energy_high_keV": 5 * low + 1,
            }
            ends = {"": 0.8, "_low": 0.7, "_high": 0.85}
            rows.append(
                row
                | {
                    f"{name}{end}": v
                    for name in ("efficiency", "step_efficiency")
                    for end, v in ends.items()
                }
            )
    return pd.DataFrame(rows)


def write_tables(folder, *, simulation=True, **record):
    """All tables, `cut_flow.csv` and `cut_efficiency.csv` too."""
    folder.mkdir(parents=True, exist_ok=True)
    sources = ["data", *(name for name, _ in COMPONENTS)] if simulation else ["data"]
    vertices = [
        ("data", 0, 100, -1, 1, 5.0),
        ("data", 300, 400, 3, 5, 1.0),
        ("simulation", 0, 100, -1, 1, 4.5),
    ]
    columns = ["source", "rho2_low_cm2", "rho2_high_cm2", "z_low_cm", "z_high_cm", "weighted"]
    hit_map = _hit_map()
    if not simulation:
        hit_map[["simulation_pe", "simulation_error_pe"]] = np.nan
    tables = {
        "histograms": _histograms(sources),
        "vertices": pd.DataFrame(vertices[: 3 if simulation else 2], columns=columns),
        "hit_map": hit_map, "resolution": _resolution(), "cut_flow": _flow(), "cut_efficiency": _efficiency(),
    }  # fmt: skip
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    known = {
        "name": "Toy", "is_simulated": False, "blinded": False, "blind_keVee": None, "live_days": 2.5, "runs": 3,
        "components": COMPONENTS if simulation else [], "cuts": CUTS, "extra": ["veto_pe"], "has_signal": True,
        "inradius_cm": 40.1, "simulated_to_cm": None, "histograms": PANELS,
    }  # fmt: skip
    (folder / "events.json").write_text(json.dumps(known | record))
    return folder
