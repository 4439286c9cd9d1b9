"""What is possible and hardly meant is a note of the report; what sound files have is none."""

import logging
import re
from dataclasses import replace

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from synthetic_files import make_events, simulated

from exonu.core.errors import InputError
from exonu.events.ingest import ingest
from exonu.events.plausibility import Median
from exonu.events.raw.raw_events import Events, read_events, read_raw, write_raw
from exonu.events.raw.time_order import in_order_of_time, out_of_order
from exonu.events.runs.read_inputs import read_event_inputs

METADATA = {"is_simulated": True, "seed": 1}
N = 2000


def sound(n=N, seed=8, **changes):
    """Events that fill the live time of run 1 and all photomultipliers."""
    rng = np.random.default_rng(seed)
    return make_events(n, mean_hits=10, **({"time_s": np.sort(rng.uniform(0, 86400, n))} | changes))


def report_of(folder, events=None, files=None, run=1, **branches):
    """The report on run 1 with other files and another branch map."""
    for name, content in (files or {"run1.root": events}).items():
        write_raw(folder / name, content, METADATA)
    if files:
        text = (folder / "runs.tsv").read_text().replace("run1.root", ",".join(files))
        (folder / "runs.tsv").write_text(text)
    inputs = read_event_inputs(folder / "events.yaml", 642, {"branches": branches})
    return ingest(inputs.ingest_settings(run=run), folder / "out.root")


def test_a_sound_run_has_no_note(analysis_folder):
    alive = sound()
    alive = alive.with_hits(~np.isin(alive.channel, [3, 17]))
    report = report_of(analysis_folder, alive)
    assert report.notes == []
    content = report.as_json()
    assert content["first_time_s"] == pytest.approx(0, abs=500)
    assert content["last_time_s"] == pytest.approx(86400, abs=500)
    assert content["medians"]["n_hits"] == pytest.approx(10, rel=0.11)
    assert content["left_out"] == {}


TIMES = {
    "too long a run": (lambda t: t * 5, r"reach over 4\.\d+e\+05 s, and `live_time_s` is 8\.64e\+04"),
    "too short a run": (lambda t: t / 200, r"end after 43\d\.?\d* s, and `live_time_s` is 8\.64e\+04: are all files"),
    "no time at all": (lambda t: t * 0, "end after 0 s"),
    "an epoch": (lambda t: t + 1.4e9, r"the first event is at 14\d+\.?\d* s: times count from the start of the run"),
    "nanoseconds": (lambda t: t * 1e9, "`branches.time_s` looks like ns taken as s"),
    "microseconds": (lambda t: t * 1e6, "`branches.time_s` looks like µs taken as s"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "note"), TIMES.values(), ids=TIMES)
def test_times_of_events_and_live_time(analysis_folder, change, note, caplog):
    events = sound()
    with caplog.at_level(logging.WARNING):
        report = report_of(analysis_folder, replace(events, time_s=change(events.time_s)))
    (found,) = [text for text in report.notes if "photomultipliers" not in text]
    assert re.search(note, found), found
    assert f"run 1: {found}" in caplog.text


def test_an_epoch_of_a_whole_run_is_one_note(analysis_folder):
    events = sound()
    report = report_of(analysis_folder, replace(events, time_s=events.time_s + 1.4e9))
    assert sum("event" in note and " s" in note for note in report.notes) == 1


def test_a_trigger_bit_that_no_event_has(analysis_folder):
    events = sound(trigger=np.full(N, 8, dtype=np.uint8))
    report = report_of(analysis_folder, events, trigger="bit(trigger, 3) + 2 * bit(trigger, 5)")
    assert "the outer detector (`branches.trigger`: bit(trigger, 3)" in "".join(report.notes)
    assert "inner" not in "".join(report.notes)
    report = report_of(analysis_folder, events, trigger="bit(trigger, 2)")
    assert "no event has the trigger bit of the inner detector" in "".join(report.notes)


def test_files_that_do_not_fill_the_assumed_detector(analysis_folder):
    events = sound()
    report = report_of(analysis_folder, events.with_hits(events.channel < 241))
    (note,) = [note for note in report.notes if "channel" in note]
    assert note == (
        "no hit is above channel 240: without `geometry` the XMASS-like detector of 642 photomultipliers is assumed"
    )
    odd = report_of(analysis_folder, events.with_hits(events.channel % 3 != 1))
    assert any("214 of 640 live photomultipliers have no hit at all" in note for note in odd.notes)


# -- settings of what is refused otherwise


def negative(n=N):
    events = sound(n)
    charge = events.charge.copy()
    charge[::10] = -charge[::10]
    return replace(events, charge=charge)


def test_negative_charges(analysis_folder):
    events = negative()
    total = len(events.charge[::10])
    with pytest.raises(
        InputError,
        match=r"run1\.root: branch charge, entry 0: is -\d.* PE, negative; say in branches",
    ):
        report_of(analysis_folder, events)
    dropped = report_of(analysis_folder, events, negative_charges="drop")
    assert f"{total} hits have a negative charge, and are left out" in dropped.notes
    assert dropped.left_out["negative"] == total
    kept = report_of(analysis_folder, events, negative_charges="keep")
    assert f"{total} hits have a negative charge, and are kept" in kept.notes
    assert kept.n_hits - dropped.n_hits == pytest.approx(total, rel=0.02)  # those of dead PMTs
    stored = sum(int(np.sum(part.charge < 0)) for part in read_events(analysis_folder / "out.root"))
    assert stored == kept.n_hits - dropped.n_hits


def test_what_is_no_hit_is_left_out_and_counted(analysis_folder):
    report = report_of(analysis_folder, negative(), no_hit="charge < 0")
    assert report.left_out["no hit"] == len(negative().charge[::10])
    assert not any("negative" in note for note in report.notes)


def test_events_out_of_order_are_sorted_by_a_setting(analysis_folder):
    events = sound()
    order = np.arange(N)
    order[[10, 11, 500, 900]] = [11, 10, 900, 500]
    shuffled = events[order]
    with pytest.raises(
        InputError, match=r"entry 11: goes back in time .* or set branches\.sort_by_time"
    ):
        report_of(analysis_folder, shuffled)
    files = {"b.root": shuffled[1200:], "a.root": shuffled[:1200]}  # in the wrong order, too
    report = report_of(analysis_folder, files=files, sort_by_time=True)
    late = np.concatenate([shuffled.time_s[1200:], shuffled.time_s[:1200]])
    assert report.out_of_order == out_of_order(late) > 1000
    assert any(f"{report.out_of_order} events were earlier" in note for note in report.notes)
    found = np.concatenate([part.event for part in read_events(analysis_folder / "out.root")])
    np.testing.assert_array_equal(found, events.event)


@given(st.lists(st.integers(0, 20), min_size=1, max_size=30), st.integers(1, 7))
def test_sorting_in_pieces_is_sorting(times, size):
    """Stable, whatever the chunks."""
    time_s = np.array(times, dtype=np.float64)
    n = len(times)
    events = replace(
        Events.of([[k] for k in range(n)], [[1.0]] * n, [[float(k)] for k in range(n)]),
        time_s=time_s,
    )
    chunks = [events[start : start + size] for start in range(0, n, size)]
    found = Events.join(list(in_order_of_time(chunks, time_s)))
    expected = events[np.argsort(time_s, kind="stable")]
    for name in ("event", "time_s", "channel", "time", "offsets"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


# -- files of one run or sample


def test_empty_files_of_a_run_are_said(analysis_folder):
    report = report_of(analysis_folder, files={"a.root": sound(), "none.root": sound(0)})
    assert report.n_events == N
    assert any("empty files: " in note and "none.root" in note for note in report.notes)
    with pytest.raises(InputError, match=r"a\.root: tree raw: is empty, and so are all files"):
        report_of(analysis_folder, files={"a.root": sound(0), "none.root": sound(0)})


def sample_of(folder, *parts):
    names = [f"s{number}.root" for number in range(len(parts))]
    for name, events in zip(names, parts, strict=True):
        write_raw(folder / name, events, METADATA)
    text = (folder / "samples.tsv").read_text().replace("signal.root", ",".join(names))
    (folder / "samples.tsv").write_text(text)
    inputs = read_event_inputs(folder / "events.yaml", 642)
    return ingest(inputs.ingest_settings(sample="signal"), folder / "out.root")


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(
    ("quantity", "absent"),
    [("weight", "weight"), ("component", "component"), ("true_x_cm", "true_xyz_cm")],
)
def test_a_quantity_that_one_file_lacks_is_refused_with_its_name(
    analysis_folder, first, quantity, absent
):
    whole, without = simulated(20), replace(simulated(20), **{absent: None})
    parts = (without, whole) if first else (whole, without)
    file = "s0" if first else "s1"
    message = rf"{file}\.root: branch {quantity}: is not in the file, and is in .*s{int(first)}\.root of the same"
    with pytest.raises(InputError, match=message):
        sample_of(analysis_folder, *parts)


def test_an_empty_file_without_weight_is_no_matter(analysis_folder):
    assert (
        sample_of(analysis_folder, simulated(20), replace(simulated(0), weight=None)).n_events == 20
    )


# -- whole numbers beyond 2⁵³


def numbered(file, numbers):
    write_raw(file, make_events(len(numbers), event=numbers), METADATA)


@pytest.mark.parametrize(
    "text", ["event", "event - 1", "event + 0", "2 * event - event", "-(-event)"]
)
def test_event_numbers_beyond_float_stay_apart(tmp_path, text):
    from test_raw import branches

    numbers = np.uint64(2**60) + np.arange(50, dtype=np.uint64)
    numbered(tmp_path / "raw.root", numbers)
    (events,) = read_raw(tmp_path / "raw.root", branches(event=text))
    np.testing.assert_array_equal(events.event, numbers - np.uint64(text == "event - 1"))


@pytest.mark.parametrize("text", ["event / 1", "event * 1.0", "event ** 1"])
def test_event_numbers_that_lose_digits_are_refused(tmp_path, text):
    from test_raw import branches

    numbered(tmp_path / "raw.root", np.uint64(2**60) + np.arange(50, dtype=np.uint64))
    with pytest.raises(InputError, match=r"beyond 2\^53, where floating-point numbers"):
        list(read_raw(tmp_path / "raw.root", branches(event=text)))


@pytest.mark.parametrize("number", [2.0**64, 2.0**53 + 2, 1e300])
def test_a_float_beyond_whole_numbers_as_event_number(tmp_path, number):
    numbered(tmp_path / "raw.root", np.array([1.0, number]))
    with pytest.raises(
        InputError, match=r"branch event, entry 1: is .*(beyond 2\^53|not a whole number)"
    ):
        list(read_raw(tmp_path / "raw.root"))


def test_a_variable_of_cuts_that_would_lose_digits(tmp_path):
    from test_raw import branches

    numbered(tmp_path / "raw.root", np.array([1, 2**53 + 1], dtype=np.uint64))
    with pytest.raises(
        InputError, match=r"branch event, entry 1: is 9007199254740993, beyond 2\^53"
    ):
        list(read_raw(tmp_path / "raw.root", branches(extra={"number": "event"})))


# -- medians


@given(st.lists(st.floats(1e-3, 1e7), min_size=1, max_size=50))
def test_median_is_within_its_bins(values):
    median = Median()
    median.add(np.array(values))
    ordered = sorted(values)
    exact = ordered[(len(values) - 1) // 2]
    assert median.value == pytest.approx(exact, rel=0.006)


def test_reports_of_old_settings_have_no_geometry(analysis_folder):
    inputs = read_event_inputs(analysis_folder / "events.yaml", 642)
    assert inputs.ingest_settings(run=1)["geometry_is_given"] is False
    content = yaml.safe_load((analysis_folder / "events.yaml").read_text())
    content["geometry"] = {"walls": "walls.csv"}
    (analysis_folder / "events.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(InputError, match=r"geometry\.walls: is given without the photomultipliers"):
        read_event_inputs(analysis_folder / "events.yaml", 642)
