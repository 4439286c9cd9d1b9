"""An event-level analysis with small synthetic files."""

import pytest
from synthetic_files import CALIBRATION, EVENTS, RUN_LIST, SAMPLES, make_events, simulated

from exonu.events.raw.raw_events import write_raw


@pytest.fixture
def analysis_folder(tmp_path):
    """An analysis: two runs, a sample, all tables."""
    metadata = {"is_simulated": True, "seed": 1}
    write_raw(tmp_path / "run1.root", make_events(run=1), metadata)
    write_raw(tmp_path / "run2.root", make_events(run=2, seed=5), metadata, rntuple=True)
    write_raw(tmp_path / "signal.root", simulated(400), metadata)
    for name, text in (("runs", RUN_LIST), ("samples", SAMPLES), ("calibration", CALIBRATION)):
        (tmp_path / f"{name}.tsv").write_text(text)
    (tmp_path / "events.yaml").write_text(EVENTS)
    return tmp_path
