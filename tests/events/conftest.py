"""An event-level analysis with small synthetic files."""

import shutil

import pytest
from synthetic_files import CALIBRATION, EVENTS, RUN_LIST, SAMPLES, make_events, simulated

from exonu.events.raw.raw_events import write_raw


@pytest.fixture(scope="session")
def _written_once(tmp_path_factory):
    folder = tmp_path_factory.mktemp("analysis")
    metadata = {"is_simulated": True, "seed": 1}
    write_raw(folder / "run1.root", make_events(run=1), metadata)
    write_raw(folder / "run2.root", make_events(run=2, seed=5), metadata, rntuple=True)
    write_raw(folder / "signal.root", simulated(400), metadata)
    for name, text in (("runs", RUN_LIST), ("samples", SAMPLES), ("calibration", CALIBRATION)):
        (folder / f"{name}.tsv").write_text(text)
    (folder / "events.yaml").write_text(EVENTS)
    return folder


@pytest.fixture
def analysis_folder(_written_once, tmp_path):
    """An analysis: two runs, a sample, all tables."""
    return shutil.copytree(_written_once, tmp_path, dirs_exist_ok=True)
