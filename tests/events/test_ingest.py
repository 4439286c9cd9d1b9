"""Ingest: calibration, dead photomultipliers, run bookkeeping; and the whole way to the cut flow by
the steps."""

import importlib
import json
import logging
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from synthetic_files import make_events, simulated

from exonu.core.errors import InputError
from exonu.core.files import canonical_json
from exonu.events.ingest import ingest
from exonu.events.raw.raw_events import read_events, read_raw, write_raw
from exonu.events.raw.root_files import read_columns, read_metadata
from exonu.events.runs.read_inputs import read_event_inputs
from exonu.events.variables import DOCUMENTED, raw_variables
from exonu.steps._step import call

METADATA = {"is_simulated": True, "seed": 1}


def inputs(folder, **overrides):
    return read_event_inputs(folder / "events.yaml", 642, overrides)


def ingested(folder, **job):
    report = ingest(inputs(folder).ingest_settings(**job), folder / "out.root")
    return report, list(read_events(folder / "out.root"))


def run_step(step, settings, *arguments):
    """A step as the workflow calls it, within this process."""
    module = importlib.import_module(f"exonu.steps.events.{step}")
    call(module.main, ["--settings", canonical_json(settings), *map(str, arguments)])


def run_ingest(folder, name, **job):
    settings = inputs(folder).ingest_settings(**job)
    run_step(
        "ingest",
        settings,
        "--events",
        folder / f"i{name}.root",
        "--report",
        folder / f"{name}.json",
    )


def run_select(folder, name, **job):
    output, counts = folder / f"s{name}.root", folder / f"c{name}.json"
    settings = inputs(folder).select_settings(**job)
    files = ("--reconstructed", folder / f"i{name}.root", "--events", output, "--counts", counts)
    run_step("select", settings, *files)
    return json.loads(counts.read_text())


def test_run_is_calibrated_and_masked(analysis_folder):
    report, (events,) = ingested(analysis_folder, run=1)
    (raw,) = read_raw(analysis_folder / "run1.root")
    alive = ~np.isin(raw.channel, [3, 17])
    np.testing.assert_array_equal(events.channel, raw.channel[alive])
    np.testing.assert_allclose(
        events.charge, raw.charge[alive] / 1.25, rtol=1e-3
    )  # nine bits are kept
    np.testing.assert_allclose(events.time, raw.time[alive], atol=0.06)  # from the first hit
    np.testing.assert_array_equal(events.event, raw.event)
    assert (events.columns["light_yield_scale"] == 0.98).all()
    assert (events.weight == 1).all()
    assert report.n_events == 50
    assert report.n_hits == alive.sum()
    assert report.live_time_s == 86400
    assert read_metadata(analysis_folder / "out.root") == {"is_simulated": True, "raw": [METADATA]}


def test_variables_are_those_of_the_calibrated_hits(analysis_folder):
    _, (events,) = ingested(analysis_folder, run=2)
    (raw,) = read_raw(analysis_folder / "run2.root")
    for name, values in raw_variables(raw, early_window_ns=20).items():
        np.testing.assert_allclose(events.columns[name], values, rtol=1e-6, err_msg=name)
    since = np.diff(raw.time_s, prepend=0) * 1e3
    np.testing.assert_array_equal(events.columns["time_since_previous_ms"], since)
    assert {*events.columns, *events.scalars()} <= DOCUMENTED.keys()


def test_chunks_change_nothing(analysis_folder):
    """Neither the chunks nor the cut of a run into files matter, but for the memory."""
    whole = make_events(3000, run=1, mean_hits=10)
    write_raw(analysis_folder / "run1.root", whole, METADATA)
    _, one = ingested(analysis_folder, run=1)
    write_raw(analysis_folder / "run1.root", whole[:1111], METADATA)
    write_raw(analysis_folder / "run1b.root", whole[1111:], METADATA, rntuple=True)
    text = (analysis_folder / "runs.tsv").read_text().replace("run1.root", "run1.root,run1b.root")
    (analysis_folder / "runs.tsv").write_text(text)
    settings = json.loads(canonical_json(inputs(analysis_folder).ingest_settings(run=1)))
    ingest(
        settings | {"storage": {"mantissa_bits": 9, "chunk_MB": 0.02}},
        analysis_folder / "tiny.root",
    )
    many = list(read_events(analysis_folder / "tiny.root"))
    for name in ("channel", "charge", "time", "time_s", "event"):
        np.testing.assert_array_equal(
            np.concatenate([getattr(part, name) for part in one]),
            np.concatenate([getattr(part, name) for part in many]),
        )
    for name in one[0].columns:
        joined = np.concatenate([part.columns[name] for part in many])
        np.testing.assert_array_equal(np.concatenate([part.columns[name] for part in one]), joined)


def test_dead_photomultiplier_with_hits_is_a_warning_with_counts(analysis_folder, caplog):
    (raw,) = read_raw(analysis_folder / "run1.root")
    channel = raw.channel.copy()
    channel[:7] = 17
    write_raw(analysis_folder / "run1.root", replace(raw, channel=channel), METADATA)
    count = int(np.sum(channel == 17))
    with caplog.at_level(logging.WARNING):
        report, _ = ingested(analysis_folder, run=1)
    assert report.dead_hits[17] == count
    (record,) = [record for record in caplog.records if "dead photomultipliers" in record.message]
    assert record.levelname == "WARNING"
    assert sum("dead photomultipliers" in note for note in report.notes) == 1
    assert "runs.tsv: run 1: " in record.message
    assert "dead photomultipliers have hits, which are removed: " in record.message
    assert f"PMT 17: {count}" in record.message


def test_simulation_gets_runs_weights_and_their_dead_photomultipliers(analysis_folder, caplog):
    _, (events,) = ingested(analysis_folder, sample="signal")
    (raw,) = read_raw(analysis_folder / "signal.root")
    np.testing.assert_allclose(events.weight, raw.weight / 10)
    assert np.mean(events.run == 1) == pytest.approx(2 / 3, abs=0.01)
    first = np.repeat(events.run == 1, events.n_hits)
    assert not np.isin(events.channel[first], [3, 17]).any()
    dead_in_first = np.isin(raw.channel, [3, 17]) & np.repeat(events.run == 1, raw.n_hits)
    np.testing.assert_array_equal(events.channel, raw.channel[~dead_in_first])
    assert np.isinf(events.columns["time_since_previous_ms"]).all()
    np.testing.assert_array_equal(events.true_xyz_cm, raw.true_xyz_cm)
    assert not caplog.records  # dead photomultipliers are switched off here: nothing to warn of


def test_activity_prior_is_left_to_the_model(analysis_folder):
    text = (analysis_folder / "samples.tsv").read_text().replace("10\t1\t-", "10\t0.5\t0.2")
    (analysis_folder / "samples.tsv").write_text(text)
    _, (events,) = ingested(analysis_folder, sample="signal")
    (raw,) = read_raw(analysis_folder / "signal.root")
    np.testing.assert_allclose(events.weight, raw.weight / 10)


def test_simulation_with_runs_of_its_own(analysis_folder):
    text = (analysis_folder / "samples.tsv").read_text()
    text = text.replace("component\t", "component\truns\t", 1).replace(
        "signal\tsignal\t", "signal\tsignal\tfile\t", 1
    )
    (analysis_folder / "samples.tsv").write_text(text)
    _, (events,) = ingested(analysis_folder, sample="signal")
    assert (events.run == 1).all()
    write_raw(
        analysis_folder / "signal.root",
        simulated(20, run=np.full(20, 9, dtype=np.uint32)),
        METADATA,
    )
    with pytest.raises(InputError, match=r"runs\.tsv: holds no run 9; its runs are \[1, 2\]"):
        ingested(analysis_folder, sample="signal")


# -- faults


def test_file_of_another_run(analysis_folder):
    write_raw(analysis_folder / "run1.root", make_events(run=5), METADATA)
    message = r"run1\.root: branch run, entry 0: is run 5, and .*runs\.tsv lists the file under run 1; correct the run"
    with pytest.raises(InputError, match=message):
        ingested(analysis_folder, run=1)
    assert not (analysis_folder / "out.root").exists()


def test_time_goes_back(analysis_folder):
    time_s = np.arange(50.0)
    time_s[30] = 3
    write_raw(analysis_folder / "run1.root", make_events(time_s=time_s), METADATA)
    with pytest.raises(
        InputError,
        match=r"branch time_s, entry 30: goes back in time \(3 s after 29 s\); list the file",
    ):
        ingested(analysis_folder, run=1)


def test_negative_time(analysis_folder):
    write_raw(analysis_folder / "run1.root", make_events(time_s=np.arange(50.0) - 1), METADATA)
    with pytest.raises(
        InputError, match=r"branch time_s, entry 0: goes back in time \(-1 s after 0 s\)"
    ):
        ingested(analysis_folder, run=1)


def test_negative_weight(analysis_folder):
    weight = np.ones(400)
    weight[77] = -1
    write_raw(analysis_folder / "signal.root", simulated(400, weight=weight), METADATA)
    with pytest.raises(
        InputError, match=r"signal\.root: branch weight, entry 77: is negative \(-1\)"
    ):
        ingested(analysis_folder, sample="signal")


def test_channel_outside_and_nan_charge_stop_it(analysis_folder):
    charge = make_events().charge.copy()
    charge[100] = np.nan
    write_raw(analysis_folder / "run1.root", make_events(charge=charge), METADATA)
    with pytest.raises(InputError, match=r"run1\.root: branch charge, entry \d+: is nan"):
        ingested(analysis_folder, run=1)
    settings = inputs(analysis_folder).ingest_settings(run=2) | {"n_channels": 600}
    with pytest.raises(
        InputError,
        match=r"run2\.root: branch channel, entry \d+: is channel 6\d\d, outside .* \(0 to 599",
    ):
        ingest(settings, analysis_folder / "out.root")
    assert not (analysis_folder / "out.root").exists()


@pytest.mark.parametrize(
    ("kind", "tree", "prefix"), [("ttree", "daq", ""), ("rntuple", "Physics", "hits.")]
)
def test_another_experiment_by_configuration_alone(tmp_path, kind, tree, prefix):
    data = Path(__file__).parent / "data" / f"other_experiment_{kind}.root"
    (tmp_path / "runs.tsv").write_text(
        f"run\tfiles\tstart\tlive_time_s\n7\t{data}\t2020-01-01T00:00:00Z\t1\n"
    )
    (tmp_path / "events.yaml").write_text(
        "config_version: 1\nname: other\nis_simulated: false\nruns: runs.tsv\n"
        f"branches: {{tree: {tree}, run: '', event: number, time_s: stamp_ns * 1e-9,\n"
        "  trigger: 'bit(bits, 3) + 2 * bit(bits, 5)', extra: {word: bits},\n"
        f"  channel: {prefix}pmt - 1, charge: {prefix}adc / 25, time: {prefix}ps / 1000}}\n"
        "cuts: [{name: veto, keep: inner_trigger and not outer_trigger, status: published},\n"
        "  {name: time, keep: time_since_previous_ms > 10, status: assumed},\n"
        "  {name: word, keep: word < 40, status: assumed}, {name: light, keep: n_hits >= 8, status: assumed}]\n"
    )
    run_ingest(tmp_path, "7", run=7)
    (events,) = read_events(tmp_path / "i7.root")
    assert (events.run == 7).all()
    assert read_metadata(tmp_path / "i7.root")["is_simulated"] is False
    sums = run_select(tmp_path, "7", run=7)["sums"][0]
    entry = np.arange(40)
    quiet = (entry % 10 != 9) & (entry > 0)  # the first event comes at the start of the run
    assert sums == [40, 36, 35, 35, np.sum(quiet & (entry % 7 >= 4))]


def test_from_raw_files_to_the_cut_flow(analysis_folder):
    jobs = {"1": {"run": 1}, "2": {"run": 2}, "signal": {"sample": "signal"}}
    for name, job in jobs.items():
        run_ingest(analysis_folder, name, **job)
        assert json.loads((analysis_folder / f"{name}.json").read_text())["n_events"] in (50, 400)
        run_select(analysis_folder, name, **job)
    counts = [analysis_folder / f"c{name}.json" for name in jobs]
    tables = (
        "--cut-flow",
        analysis_folder / "cut_flow.csv",
        "--efficiency",
        analysis_folder / "efficiency.csv",
        "--conditions",
        analysis_folder / "conditions.csv",
    )
    run_step(
        "cut_flow",
        {"live_days": inputs(analysis_folder).runs.live_days},
        "--counts",
        *counts,
        *tables,
    )
    table = pd.read_csv(analysis_folder / "cut_flow.csv", comment="#", keep_default_na=False)
    assert table["level"].value_counts().to_dict() == {
        "run": 8,
        "sample": 4,
        "stream": 4,
        "component": 4,
    }
    for name in ("1", "2", "signal"):
        kept = sum(
            len(columns["run"]) for columns in read_columns(analysis_folder / f"s{name}.root")
        )
        last = table[
            (table["cut"] == "light") & ((table["run"] == name) | (table["sample"] == name))
        ]
        assert last["events"].item() == kept > 0
    expected = table[(table["level"] == "component") & (table["cut"] == "all")]["weighted"].item()
    (raw,) = read_raw(analysis_folder / "signal.root")
    assert expected == pytest.approx(raw.weight.sum() / 10 * 1.5, rel=1e-6)
    efficiency = pd.read_csv(analysis_folder / "efficiency.csv")
    assert set(efficiency["cut"]) == {"all", "trigger", "previous-event", "light"}


@pytest.mark.parametrize("whole", [True, False])
def test_step_as_a_command(analysis_folder, whole):
    """Progress and warnings go to the log; a fault ends it with one message and status 1."""
    write_raw(analysis_folder / "run1.root", make_events(run=1 if whole else 5), METADATA)
    command = [sys.executable, "-m", "exonu.steps.events.ingest"]
    command += ["--settings", canonical_json(inputs(analysis_folder).ingest_settings(run=1))]
    command += [
        "--events",
        str(analysis_folder / "o.root"),
        "--report",
        str(analysis_folder / "o.json"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == (0 if whole else 1)
    assert "Traceback" not in done.stderr
    assert ("INFO ingest run 1: 50 of 50 events" if whole else "error: ") in done.stderr
