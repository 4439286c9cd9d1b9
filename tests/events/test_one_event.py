"""One event of a file, as the event display wants it."""

import numpy as np
import pytest
from synthetic_files import make_events, simulated

from exonu.core.errors import InputError
from exonu.events.ingest import ingest
from exonu.events.one_event import find_event
from exonu.events.raw.raw_events import write_raw
from exonu.events.raw.root_files import read_columns
from exonu.events.raw.writer import ColumnWriter
from exonu.events.runs.read_inputs import read_event_inputs


@pytest.fixture
def results(analysis_folder):
    """Ingested, and "reconstructed" with made-up vertices."""
    inputs = read_event_inputs(analysis_folder / "events.yaml", 642)
    for name, job in (("run_1", {"run": 1}), ("sample_signal", {"sample": "signal"})):
        ingest(inputs.ingest_settings(**job), analysis_folder / f"ingested/{name}.root")
        columns = next(iter(read_columns(analysis_folder / f"ingested/{name}.root")))
        number = columns["event"].astype(np.float32)
        columns |= {
            "x_pe_cm": number,
            "y_pe_cm": 0 * number,
            "z_pe_cm": 1 + 0 * number,
            "energy_keVee": number / 2,
        }
        with ColumnWriter(
            analysis_folder / f"reconstructed/{name}.root", "events", {"is_simulated": True}
        ) as writer:
            writer.write(columns)
    return analysis_folder


def test_raw_event(results):
    one = find_event(results / "run1.root", 7)
    expected = make_events(run=1)[7:8]
    np.testing.assert_array_equal(one.events.channel, expected.channel)
    np.testing.assert_array_equal(one.events.charge, expected.charge)
    assert one.is_simulated is True
    assert one.vertex_cm is None
    assert one.true_vertex_cm is None


def test_ingested_event_with_what_is_reconstructed_beside_it(results):
    one = find_event(results / "ingested/run_1.root", 7)
    expected = make_events(run=1)[7:8]
    alive = ~np.isin(expected.channel, [3, 17])
    np.testing.assert_array_equal(one.events.channel, expected.channel[alive])
    assert one.vertex_cm.tolist() == [7.0, 0.0, 1.0]
    assert one.numbers["energy_keVee"] == 3.5
    (results / "reconstructed/run_1.root").unlink()
    assert find_event(results / "ingested/run_1.root", 7).vertex_cm is None


def test_simulated_event_has_its_truth(results):
    one = find_event(results / "ingested/sample_signal.root", 3)
    np.testing.assert_allclose(one.true_vertex_cm, simulated(400).true_xyz_cm[3])


def test_a_users_file_by_its_branch_map(results):
    """Another layout, read by the analysis's own settings."""
    settings = results / "events.yaml"
    settings.write_text(
        settings.read_text() + "branches: {tree: daq, charge: charge / 2, event: event + 1000}\n"
    )
    write_raw(results / "mine.root", make_events(20), {"is_simulated": False}, tree="daq")
    one = find_event(results / "mine.root", 1005, settings_file=settings)
    np.testing.assert_allclose(one.events.charge, make_events(20)[5:6].charge / 2)
    assert (one.name, one.is_simulated) == ("synthetic", False)


def test_no_such_file_event_or_tree(results):
    with pytest.raises(
        InputError,
        match=r"none\.root: cannot be read \(No such file .*; give an existing ROOT file",
    ):
        find_event(results / "none.root", 1)
    with pytest.raises(
        InputError,
        match=r"run1\.root: tree raw: holds no event 50; its first event is 0, its last 49",
    ):
        find_event(results / "run1.root", 50)
    with pytest.raises(
        InputError, match=r"run_1\.root: tree events: holds no event 7 of run 2; its first event"
    ):
        find_event(results / "ingested/run_1.root", 7, run=2)
    with pytest.raises(
        InputError, match=r"run_1\.root: tree raw: is not in the file; its trees are: events"
    ):
        find_event(results / "reconstructed/run_1.root", 7)


def test_an_event_number_in_several_runs(tmp_path):
    numbers = np.array([1, 1, 2, 2], dtype=np.uint32)
    events = make_events(4, run=1, event=np.array([0, 1, 0, 1], dtype=np.uint64))
    write_raw(
        tmp_path / "two.root",
        type(events)(**{**vars(events), "run": numbers}),
        {"is_simulated": False},
    )
    with pytest.raises(
        InputError,
        match=r"two\.root: run: holds an event 1 in several runs \(1, 2\); say of which",
    ):
        find_event(tmp_path / "two.root", 1)
    np.testing.assert_array_equal(
        find_event(tmp_path / "two.root", 1, run=2).events.channel, events[3:].channel
    )
