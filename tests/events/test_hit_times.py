"""Times of hits: what all hits of an event have in common changes nothing, whatever it is."""

import awkward as ak
import numpy as np
import pytest
import reconstruction_events as lab
import uproot
from hypothesis import given, settings
from hypothesis import strategies as st
from test_raw import branches

from exonu.core.errors import InputError
from exonu.events.expressions import parse
from exonu.events.raw.hit_times import times_from_first_hit
from exonu.events.raw.raw_events import EventWriter, read_events, read_raw
from exonu.events.reconstruction.timing import TimeReconstruction
from exonu.events.variables import raw_variables

N = 60
COUNTS = np.random.default_rng(4).integers(0, 9, N)
TIMES_PS = np.random.default_rng(5).integers(0, 200_000, COUNTS.sum())
LISTS = {"run": "", "event": "", "time_s": "", "trigger": ""}
HITS = {"channel": "pmt", "charge": "adc"}


def write(file, times, **more):
    """Events with these times, of whatever type they are."""
    pmt = np.arange(COUNTS.sum()) % 642
    columns = {"pmt": pmt.astype(np.uint16), "adc": 1.0 + pmt % 3, "t": times}
    lists = {name: ak.unflatten(values, COUNTS) for name, values in columns.items()} | more
    with uproot.recreate(file) as opened:
        opened.mkrntuple("raw", lists)


def times_of(file, **changes):
    (events,) = read_raw(file, branches(**LISTS, **HITS, **changes), n_channels=642)
    return events.time


EXPRESSIONS = {
    "as it is": ("t", 1),
    "in ps": ("t / 1000", 1000),
    "times a constant": ("0.001 * t", 1000),
    "less a number": ("t - 3000", 1),
    "twice": ("2 * t - t", 1),
    "per event": ("t - t0", 1),
    "not linear": ("max(t, -5)", 1),
    "a product of branches": ("t * unit", 1),
}


@pytest.fixture(params=EXPRESSIONS.values(), ids=EXPRESSIONS)
def expression(request):
    return request.param


@pytest.mark.parametrize("kind", [np.int64, np.float64])
@pytest.mark.parametrize("offset", [10**4, 10**6, 10**18], ids=["10 µs", "1 ms", "an epoch"])
def test_a_common_offset_changes_nothing(tmp_path, kind, offset, expression):
    text, per_ns = expression
    shifts = offset + 1000 * np.arange(N)  # another one for each event
    more = {"t0": shifts.astype(kind), "unit": np.ones(N, dtype=np.int64)}
    own = np.round(TIMES_PS / 1000).astype(np.int64) * per_ns
    write(tmp_path / "zero.root", own.astype(kind), **more)
    write(tmp_path / "far.root", (own + np.repeat(shifts, COUNTS)).astype(kind), **more)
    expected = times_of(tmp_path / "zero.root", time=text)
    spacing = np.spacing(float(offset)) / per_ns if kind is np.float64 else 0
    if spacing > 1:
        with pytest.raises(InputError, match="the times between hits are lost"):
            times_of(tmp_path / "far.root", time=text)
        return
    found = times_of(tmp_path / "far.root", time=text)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4 + 2 * spacing)
    if kind is np.int64 and text in ("t", "t - t0", "t / 1000"):
        np.testing.assert_array_equal(found, expected)


@settings(deadline=None, max_examples=60)
@given(st.integers(-(10**18), 10**18), st.integers(1, 10**6))
def test_an_offset_in_integers_changes_no_bit(offset, divisor):
    offsets = np.concatenate([[0], np.cumsum(COUNTS)])
    time = parse(f"t / {divisor}", None)
    near = times_from_first_hit(time, {"t": TIMES_PS}, offsets)
    far = times_from_first_hit(time, {"t": TIMES_PS + offset}, offsets)
    np.testing.assert_array_equal(near, far)


def test_unsigned_stamps_that_wrap_are_differences_all_the_same():
    stamps = np.array([2**64 - 10, 2**64 - 4], dtype=np.uint64)
    found = times_from_first_hit(parse("t", None), {"t": stamps}, np.array([0, 2]))
    assert found.tolist() == [0, 6]


@pytest.fixture(scope="module")
def timing():
    return TimeReconstruction.of(lab.detector())


@pytest.mark.parametrize("offset", [0, 10**4, 10**6, 10**18])
def test_vertex_rms_and_early_fraction_know_no_offset(tmp_path, offset, timing):
    """R(T), from the file through ingested storage of nine bits, in every digit."""
    detector = lab.detector()
    rng = np.random.default_rng(1)
    counts = np.full(12, 40)
    channel = np.concatenate(
        [rng.choice(detector.geometry.n_channels, 40, replace=False) for _ in counts]
    )
    times = rng.integers(0, 120_000, len(channel))  # ps

    def variables(common):
        columns = {"channel": channel, "charge": np.ones(len(channel)), "time": times + common}
        lists = {name: ak.unflatten(values, counts) for name, values in columns.items()}
        with uproot.recreate(tmp_path / "raw.root") as file:
            file.mkrntuple("raw", lists)
        with EventWriter(tmp_path / "e.root", {"is_simulated": True}, tree="events") as writer:
            for events in read_raw(tmp_path / "raw.root", branches(**LISTS, time="time / 1000")):
                writer.write(events)
        (events,) = read_events(tmp_path / "e.root")
        found = raw_variables(events, early_window_ns=20)
        return timing(events)[0], found["hit_time_rms_ns"], found["early_fraction"]

    for far, near in zip(
        variables(offset * 1000 if offset < 1e15 else offset), variables(0), strict=True
    ):
        np.testing.assert_array_equal(far, near)
        assert np.isfinite(near).all()
        assert np.ptp(near) > 0


@pytest.mark.parametrize(
    ("kind", "offset", "spacing"),
    [(np.float32, 1e8, "8 ns"), (np.float64, 1e18, "128 ns"), (np.float32, 1e9, "64 ns")],
)
def test_times_whose_spacing_is_lost_are_refused(tmp_path, kind, offset, spacing):
    write(tmp_path / "far.root", (TIMES_PS / 1000 + offset).astype(kind))
    message = rf"far\.root: branch t, entry \d+: lies {spacing} from the next number that the file can hold"
    with pytest.raises(InputError, match=message + r".*; write times from the start of the event"):
        times_of(tmp_path / "far.root", time="t")
    assert times_of(tmp_path / "far.root", time="t", time_spacing_ns=1000).max() > 0


def test_one_hit_far_from_the_others_is_not_a_lost_spacing(tmp_path):
    times = (TIMES_PS / 1000).astype(np.float32)
    times[np.flatnonzero(COUNTS[:3].cumsum() > 2)[0]] = 1e9
    write(tmp_path / "one.root", times)
    assert times_of(tmp_path / "one.root", time="t").max() > 9e8


def test_a_hit_that_is_left_out_does_not_count_as_the_first(tmp_path):
    columns = {"q": [[-1.0, 5, 4]], "t": [[-1000.0, 7, 9]]}
    with uproot.recreate(tmp_path / "a.root") as file:
        file.mkrntuple("raw", {name: ak.Array(values) for name, values in columns.items()})
    layout = {"layout": "array", "charge": "q", "time": "t", "no_hit": "q == -1"}
    (events,) = read_raw(tmp_path / "a.root", branches(**LISTS, **layout), n_channels=3)
    assert events.channel.tolist() == [1, 2]
    assert events.time.tolist() == [0, 2]
