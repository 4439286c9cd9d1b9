"""What a step loads when it starts: a job of a second must not spend it on libraries that it does
not use.

Which modules are there after the import is what decides about the time, and says the same on every
machine."""

import subprocess
import sys
from pathlib import Path

import pytest

import exonu.steps

FILES = Path(exonu.steps.__file__).parent.glob("*/[a-z]*.py")
PACKAGE = {file.stem: file.parent.name for file in FILES}
"""Where each step is; their names differ."""
STEPS = set(PACKAGE)
READS_AND_COUNTS = {
    "archive",
    "cut_flow",
    "experiment",
    "histograms",
    "ingest",
    "light_map",
    "select",
}
COMPUTES = READS_AND_COUNTS | {
    *("calibration_check", "closure", "closure_events", "dead_pmt_correction", "event_diagnostics"),
    *("limits", "probes", "reconstruct", "simulate", "workspaces"),
}
DRAWS = {step for step in STEPS if step.startswith("figure_")} - {"figure_counts", "figure_folded"}
ONLY_TABLES = {"limits_table", "summary"}

LATE = {
    "numba",
    "uproot",
    "awkward",
    "pyhf",
    "jax",
    "hepdata_lib",
    "requests",
    "scipy.stats",
    "matplotlib.pyplot",
}
"""Loaded where they are called, by the jobs that come so far; a library of figures with a state is
never needed."""

GROUPS = {
    "reads and counts": READS_AND_COUNTS,
    "computes": COMPUTES,
    "writes tables": STEPS - DRAWS - {"hepdata"},
    "draws": STEPS - {"hepdata"},
}
"""Each contains the one before, so that one process loads them one after the other."""
LOADED = """
import importlib, sys
for group in sys.argv[1:]:
    for name in group.split():
        importlib.import_module(f"exonu.steps.{name}")
    print(*sys.modules)
"""


def loaded_by(*groups):
    """The modules that are there after each group of steps, all in one process."""
    named = [
        " ".join(f"{PACKAGE[step]}.{step}" for step in sorted(group, key=PACKAGE.get))
        for group in groups
    ]
    ended = subprocess.run([sys.executable, "-c", LOADED, *named], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return [set(line.split()) for line in ended.stdout.splitlines()]


@pytest.fixture(scope="module")
def by_group():
    assert READS_AND_COUNTS < COMPUTES < GROUPS["writes tables"] < GROUPS["draws"]
    return dict(zip(GROUPS, loaded_by(*GROUPS.values()), strict=True))


@pytest.mark.parametrize(
    ("group", "loaded", "not_loaded"),
    [
        ("reads and counts", {"numpy"}, LATE | {"scipy", "pandas", "matplotlib"}),
        ("computes", {"numpy", "scipy"}, LATE | {"pandas", "matplotlib"}),
        ("writes tables", {"scipy", "pandas"}, LATE | {"matplotlib"}),
        ("draws", {"pandas", "matplotlib"}, LATE),
    ],
    ids=GROUPS,
)
def test_libraries_that_steps_load(by_group, group, loaded, not_loaded):
    assert_loaded(by_group[group], GROUPS[group], loaded, not_loaded)


def test_steps_that_put_tables_together_compute_nothing():
    [found] = loaded_by(ONLY_TABLES)
    assert_loaded(found, ONLY_TABLES, {"pandas"}, LATE | {"scipy", "matplotlib"})


def assert_loaded(found, steps, loaded, not_loaded):
    """All steps of a kind in one process: what one of them loads is there."""
    assert {f"exonu.steps.{PACKAGE[step]}.{step}" for step in steps} | loaded <= found
    assert not found & not_loaded
