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

LOADED = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(f"exonu.steps.{name}")
print(*sys.modules)
"""


@pytest.mark.parametrize(
    ("steps", "loaded", "not_loaded"),
    [
        pytest.param(
            READS_AND_COUNTS,
            {"numpy"},
            LATE | {"scipy", "pandas", "matplotlib"},
            id="reads and counts",
        ),
        pytest.param(COMPUTES, {"numpy", "scipy"}, LATE | {"pandas", "matplotlib"}, id="computes"),
        pytest.param(
            ONLY_TABLES, {"pandas"}, LATE | {"scipy", "matplotlib"}, id="puts tables together"
        ),
        pytest.param(
            STEPS - DRAWS - {"hepdata"},
            {"scipy", "pandas"},
            LATE | {"matplotlib"},
            id="writes tables",
        ),
        pytest.param(STEPS - {"hepdata"}, {"pandas", "matplotlib"}, LATE, id="draws"),
    ],
)
def test_libraries_that_steps_load(steps, loaded, not_loaded):
    """All steps of a kind in one process: what one of them loads is there."""
    ended = subprocess.run(
        [sys.executable, "-c", LOADED, *(f"{PACKAGE[step]}.{step}" for step in sorted(steps))],
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    found = set(ended.stdout.split())
    assert {f"exonu.steps.{PACKAGE[step]}.{step}" for step in steps} | loaded <= found
    assert not found & not_loaded
