"""The smallest valid inputs of every kind, which the cases change."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np

from exonu.archive.container import write_archive
from exonu.core.resources import resource_path
from exonu.events.raw.raw_events import Events, write_raw

EVENTS = """\
config_version: 1
name: small
is_simulated: true
runs: runs.tsv
samples: samples.tsv
calibration: calibration.tsv
branches: {extra: {odd: event / 2}}
cuts:
- {name: trigger, keep: inner_trigger and not outer_trigger, status: published}
- {name: light, keep: total_pe > 60, status: assumed}
detector:
  optics: {absorption_cm: 750}
  electronics: {coincidence_hits: 4}
simulation:
  truth: {activities: {lxe: 1.1}}
  streams:
    physics: {components: [lxe, seal], window_keV: [1, 60]}
  samples:
    lxe: {decays: 1000}
    signal: {decays: 1000, window_keV: [0.3, 260]}
"""
TABLES = {
    "runs": (
        "run\tfiles\tstart\tlive_time_s\tdead_pmts\n"
        "1\trun1.root\t2013-11-20T08:00:00\t4000\t3,17\n"
        "2\trun2.root\t2013-11-21T08:00:00\t5000\t-\n"
    ),
    "samples": (
        "sample\tcomponent\tfiles\tequivalent_live_days\tactivity_uncertainty\n"
        "lxe\tlxe\tlxe.root\t1\t0.06\n"
        "signal\tsignal\tsignal.root\t1\t-\n"
    ),
    "calibration": "run\tgain\ttime_offset_ns\tlight_yield\n1\t1.25\t2\t0.98\n2\t1\t0\t1.01\nsimulation\t1\t0\t1\n",
}


def write_published(folder: Path) -> None:
    """`config/` with one analysis of a published spectrum, as `exonu init` makes it."""
    shutil.copytree(resource_path("template"), folder / "config" / "mine")
    (folder / "config" / "config.yaml").write_text("config_version: 1\nanalyses: [mine]\n")


def write_events(folder: Path) -> None:
    """`config/` with one analysis that starts from events, as far as planning reads it."""
    place = folder / "config" / "mine"
    place.mkdir(parents=True)
    (folder / "config" / "config.yaml").write_text("config_version: 1\nanalyses: [mine]\n")
    (place / "analysis.yaml").write_text("config_version: 1\nevents: events.yaml\n")
    (place / "events.yaml").write_text(EVENTS)
    for name, text in TABLES.items():
        (place / f"{name}.tsv").write_text(text)


def events_of(n: int = 20, **changes: np.ndarray) -> Events:
    """Raw events with three hits each."""
    hits = 3 * n
    arrays = {
        "run": np.full(n, 1, dtype=np.uint32),
        "event": np.arange(n, dtype=np.uint64),
        "time_s": np.arange(n) * 0.5,
        "trigger": np.ones(n, dtype=np.uint8),
        "offsets": np.arange(0, hits + 1, 3),
        "channel": (np.arange(hits) * 7 % 642).astype(np.uint16),
        "charge": np.full(hits, 1.5, dtype=np.float32),
        "time": (np.arange(hits) % 3 * 8).astype(np.float32),
    }
    return Events(**(arrays | changes))


def write_root(folder: Path) -> None:
    """An analysis of the user's own files: a run and a sample of 20 events each."""
    write_raw(folder / "run1.root", events_of(), {"is_simulated": True})
    write_raw(folder / "sample.root", events_of(weight=np.full(20, 0.5)), {"is_simulated": True})
    (folder / "events.yaml").write_text(
        EVENTS.partition("branches:")[0].replace("calibration: calibration.tsv\n", "")
    )
    (folder / "runs.tsv").write_text(TABLES["runs"].partition("2\trun2")[0])
    (folder / "samples.tsv").write_text(
        TABLES["samples"].partition("lxe\t")[0] + "lxe\tlxe\tsample.root\t1\t-\n"
    )


def write_workspace(folder: Path) -> None:
    """A pyhf workspace of two bins whose signal is quadratic, and the page that says so."""
    factors = [{"name": name, "type": "normfactor", "data": None} for name in ("mu", "mu_sq")]
    signal = {"name": "signal", "data": [2.0, 1.0], "modifiers": factors[:1]}
    square = {"name": "square", "data": [3.0, 1.0], "modifiers": factors[1:]}
    modifiers = [
        {"name": "norm", "type": "normsys", "data": {"lo": 0.9, "hi": 1.1}},
        {
            "name": "shape",
            "type": "histosys",
            "data": {"lo_data": [9.0, 11.0], "hi_data": [11.0, 13.0]},
        },
        {"name": "mc", "type": "staterror", "data": [0.5, 0.5]},
    ]
    background = {"name": "background", "data": [10.0, 12.0], "modifiers": modifiers}
    workspace = {
        "version": "1.0.0",
        "channels": [{"name": "spectrum", "samples": [background, signal, square]}],
        "observations": [{"name": "spectrum", "data": [11, 12]}],
        "measurements": [{"name": "search", "config": {"poi": "mu", "parameters": []}}],
    }
    (folder / "workspace.json").write_text(json.dumps(workspace, indent=1))
    page = (
        "poi_map: {mu_sq: mu**2}\ninteraction: dark-photon\nreference_strength: 1.0e-6\npower: 2\n"
    )
    (folder / "workspace.poi_map.yaml").write_text(page)


def write_small_archive(folder: Path) -> None:
    """An archive of two members; its checksums and names are right, and it holds no limits."""
    write_archive(
        folder / "archive.zip",
        "mine",
        "1.0",
        {"results/mine/a.csv": b"x\n1\n"},
        {"git.json": b"null"},
    )
