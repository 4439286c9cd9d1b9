"""Raw files: what is written is read, in any layout, and every fault is named with file, branch and
entry."""

import errno
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot
from hypothesis import given
from hypothesis import strategies as st
from synthetic_files import N_CHANNELS, from_first_hit, make_events, simulated

from exonu.core.errors import InputError
from exonu.events.raw.branches import Branches
from exonu.events.raw.raw_events import Events, read_events, read_raw, write_raw
from exonu.events.raw.root_files import open_tree, read_columns, read_metadata
from exonu.events.raw.writer import ColumnWriter, cut_mantissa

HERE = Path(__file__).parent
FIELDS = ("run", "event", "time_s", "trigger", "channel", "charge", "time", "n_hits")
TRUTH = ("true_energy_keV", "true_xyz_cm", "component", "weight")


def join(path, branches=None, **options):
    return list(read_raw(path, branches, n_channels=N_CHANNELS, **options))


def assert_same(chunks, events, names=FIELDS):
    for name in names:
        found = np.concatenate([getattr(chunk, name) for chunk in chunks])
        np.testing.assert_array_equal(found, getattr(events, name), err_msg=name)
        assert found.dtype == getattr(events, name).dtype


@pytest.mark.parametrize("rntuple", [False, True])
@pytest.mark.parametrize("chunk_bytes", [10_000_000, 2_000])
def test_round_trip(tmp_path, rntuple, chunk_bytes):
    events = simulated(300)
    write_raw(tmp_path / "raw.root", events, {"is_simulated": True, "seed": 7}, rntuple=rntuple)
    chunks = join(tmp_path / "raw.root", chunk_bytes=chunk_bytes)
    assert (len(chunks) > 5) == (chunk_bytes < 10_000)
    assert_same(chunks, from_first_hit(events), FIELDS + TRUTH)
    assert read_metadata(tmp_path / "raw.root") == {"is_simulated": True, "seed": 7}


def test_data_have_no_truth(tmp_path):
    write_raw(tmp_path / "raw.root", make_events(), {"is_simulated": False})
    (events,) = join(tmp_path / "raw.root")
    assert [getattr(events, name) for name in TRUTH] == [None] * 4


@pytest.mark.parametrize("rntuple", [False, True])
def test_written_in_pieces_read_as_one(tmp_path, rntuple):
    """Chunks smaller and larger than a basket, none of a round size."""
    events = make_events(20_000, mean_hits=3)
    bounds = [0, 1, 1, 77, 9_000, 9_001, 20_000]
    pieces = [events[low:high] for low, high in pairwise(bounds)]
    write_raw(tmp_path / "raw.root", pieces, {"is_simulated": True}, rntuple=rntuple)
    assert_same(join(tmp_path / "raw.root", chunk_bytes=200_000), from_first_hit(events))


def test_further_columns_come_back(tmp_path):
    events = make_events().with_columns(
        total_pe=np.arange(50.0), inner_trigger=np.arange(50) % 3 == 0
    )
    write_raw(tmp_path / "events.root", events, {"is_simulated": True}, tree="events")
    (found,) = read_events(tmp_path / "events.root")
    assert set(found.columns) == {"total_pe", "inner_trigger"}
    assert found.columns["inner_trigger"].dtype == bool
    np.testing.assert_array_equal(found.columns["total_pe"], np.arange(50.0))


def test_metadata_must_say_whether_it_is_simulated(tmp_path):
    with pytest.raises(ValueError, match="is_simulated"):
        write_raw(tmp_path / "raw.root", make_events(), {"seed": 1})
    assert not list(tmp_path.iterdir())


def test_a_killed_writer_leaves_no_file(tmp_path):
    def breaking():
        yield make_events(9_000)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_raw(tmp_path / "raw.root", breaking(), {"is_simulated": True})
    assert not list(tmp_path.iterdir())


def test_a_full_disk_leaves_no_file(tmp_path, monkeypatch):
    """The last entries are written when the file is closed: their failure is one of the whole
    file."""

    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(ColumnWriter, "_extend", full)
    with pytest.raises(OSError, match="No space left"):
        write_raw(tmp_path / "raw.root", make_events(100), {"is_simulated": True})
    assert not list(tmp_path.iterdir())


@given(st.floats(width=32, allow_subnormal=False), st.integers(6, 23))
def test_cut_mantissa_rounds(value, bits):
    array = np.array([value], dtype=np.float32)
    cut = cut_mantissa(array, bits)
    np.testing.assert_array_equal(cut, cut_mantissa(cut, bits))  # once is enough
    if np.isfinite(value) and abs(value) < 1e38:
        assert abs(cut[0] - array[0]) <= abs(array[0]) * 2.0 ** -(bits + 1)
    else:
        assert np.isnan(cut[0]) == np.isnan(array[0])


@given(st.lists(st.integers(0, 3), max_size=6), st.data())
def test_choosing_events_keeps_their_hits(counts, data):
    lists = [list(range(10 * n, 10 * n + count)) for n, count in enumerate(counts)]
    events = Events.of(lists, lists, lists)
    mask = np.array(
        data.draw(st.lists(st.booleans(), min_size=len(counts), max_size=len(counts))), dtype=bool
    )
    chosen = events[mask]
    expected = [hits for hits, keep in zip(lists, mask, strict=True) if keep]
    assert [list(part) for part in np.split(chosen.channel, chosen.offsets[1:-1])][
        : len(chosen)
    ] == expected
    odd = events.with_hits(events.channel % 2 == 1)
    expected = [[hit for hit in hits if hit % 2] for hits in lists]
    assert [list(part) for part in np.split(odd.channel, odd.offsets[1:-1])][: len(odd)] == expected


# -- other layouts


def branches(**changes):
    from exonu.core.resources import schema_path
    from exonu.core.settings import checked

    content = {
        "config_version": 1,
        "name": "x",
        "is_simulated": True,
        "runs": "-",
        "branches": changes,
    }
    return Branches.from_settings(
        checked(content, schema_path("events.yaml"), "events.yaml")["branches"], "events.yaml"
    )


OTHER = {
    "run": "",
    "event": "number",
    "time_s": "stamp_ns * 1e-9",
    "trigger": "bit(bits, 3) + 2 * bit(bits, 5)",
}
OTHER_HITS = {"channel": "{}pmt - 1", "charge": "{}adc / 25", "time": "{}ps / 1000"}


@pytest.mark.parametrize(
    ("kind", "tree", "prefix"), [("ttree", "daq", ""), ("rntuple", "Physics", "hits.")]
)
def test_files_of_another_experiment_written_by_root(kind, tree, prefix):
    """`data/make_root_files.py` wrote them with ROOT 6.40; configuration alone reads them."""
    hits = {name: text.format(prefix) for name, text in OTHER_HITS.items()}
    chunks = join(
        HERE / "data" / f"other_experiment_{kind}.root", branches(tree=tree, **OTHER, **hits)
    )
    entry = np.arange(40)
    lists = [np.arange(4 + e % 7) for e in entry]
    expected = {
        "event": 1000 + entry,
        "time_s": 0.02 * entry,
        "trigger": np.where(entry % 10 == 9, 3, 1),
        "n_hits": 4 + entry % 7,
        "channel": np.concatenate(
            [(e * 37 + i * 101) % N_CHANNELS for e, i in zip(entry, lists, strict=True)]
        ),
        "charge": np.concatenate([1.0 + i % 3 for i in lists]),
        "time": np.concatenate([10.0 * i for i in lists]),  # from the first hit, 1000 e ps
    }
    for name, values in expected.items():
        found = np.concatenate([getattr(chunk, name) for chunk in chunks])
        np.testing.assert_allclose(found, values, rtol=1e-7, err_msg=name)


@pytest.mark.parametrize("shape", ["fixed", "lists"])
def test_one_charge_per_photomultiplier(tmp_path, shape):
    """An array of all PMTs in each event; a charge of 0 is not a hit."""
    rng = np.random.default_rng(3)
    charge = rng.integers(0, 3, (30, 8)).astype(np.float32)
    time = rng.uniform(0, 100, (30, 8)).astype(np.float32)
    columns = {"q": charge, "t": time, "t0": np.arange(30.0)}
    if shape == "lists":
        columns |= {"q": ak.Array(charge.tolist()), "t": ak.Array(time.tolist())}
    with uproot.recreate(tmp_path / "raw.root") as file:
        types = {"q": (np.float32, (8,)), "t": (np.float32, (8,)), "t0": np.float64}
        if shape == "lists":
            types |= {name: ak.type(columns[name]).content for name in ("q", "t")}
        file.mktree("raw", types).extend(columns)
    layout = branches(
        layout="array", run="", event="", time_s="", trigger="", charge="q", time="t - t0"
    )
    (events,) = list(read_raw(tmp_path / "raw.root", layout, n_channels=8))
    place, channel = np.nonzero(charge)
    np.testing.assert_array_equal(events.event_of_hit, place)
    np.testing.assert_array_equal(events.channel, channel)
    np.testing.assert_array_equal(events.charge, charge[charge > 0])
    hit_times = np.where(charge > 0, time, np.inf)
    from_first = time - hit_times.min(axis=1, keepdims=True)  # t0 is common to all
    np.testing.assert_allclose(events.time, from_first[charge > 0], rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(events.event, np.arange(30))
    assert np.isnan(events.time_s).all()
    assert (events.trigger == 1).all()


def test_extra_variables(tmp_path):
    write_raw(tmp_path / "raw.root", make_events(), {"is_simulated": True})
    (events,) = join(tmp_path / "raw.root", branches(extra={"odd": "event / 2"}))
    np.testing.assert_array_equal(events.columns["odd"], np.arange(50) / 2)


# -- faults


def damaged(path, share):
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])


@pytest.mark.parametrize("rntuple", [False, True])
@pytest.mark.parametrize("share", [0, 0.001, 0.3, 0.9, 0.999])
def test_truncated_file(tmp_path, rntuple, share):
    file = tmp_path / "raw.root"
    write_raw(file, make_events(2000), {"is_simulated": True}, rntuple=rntuple)
    damaged(file, share)
    with pytest.raises(
        InputError,
        match=r"raw\.root: is (truncated: it has \d+ of \d+ bytes|not a whole ROOT file)",
    ):
        join(file)


@pytest.mark.parametrize("rntuple", [False, True])
def test_damaged_bytes(tmp_path, rntuple):
    """The directory is whole, the baskets of the hits are not."""
    file = tmp_path / "raw.root"
    write_raw(file, make_events(30_000), {"is_simulated": True}, rntuple=rntuple)
    content = bytearray(file.read_bytes())
    middle = int(0.2 * len(content))
    content[middle : middle + 20_000] = bytes(20_000)
    file.write_bytes(content)
    with pytest.raises(
        InputError,
        match=r"raw\.root: tree raw, branches .*channel.*: cannot be read from entry \d+ on",
    ):
        join(file, chunk_bytes=300_000)


def test_no_file(tmp_path):
    with pytest.raises(
        InputError,
        match=r"none\.root: cannot be read \(No such file .*; give an existing ROOT file",
    ):
        join(tmp_path / "none.root")


def test_no_root_file(tmp_path):
    (tmp_path / "raw.root").write_text("run,event\n")
    with pytest.raises(InputError, match=r"raw\.root: is not a whole ROOT file"):
        join(tmp_path / "raw.root")


def test_no_tree(tmp_path):
    write_raw(tmp_path / "raw.root", make_events(), {"is_simulated": True}, tree="Events")
    with pytest.raises(
        InputError, match=r"raw\.root: tree raw: is not in the file; its trees are: Events"
    ):
        join(tmp_path / "raw.root")


@pytest.mark.parametrize("rntuple", [False, True])
def test_empty_tree(tmp_path, rntuple):
    write_raw(tmp_path / "raw.root", make_events(0), {"is_simulated": True}, rntuple=rntuple)
    with pytest.raises(InputError, match=r"raw\.root: tree raw: is empty; leave the file out"):
        join(tmp_path / "raw.root")
    assert sum(map(len, read_events_of(tmp_path))) == 0


def read_events_of(folder):
    write_raw(folder / "events.root", make_events(0), {"is_simulated": True}, tree="events")
    return read_events(folder / "events.root")


def test_missing_branch(tmp_path):
    write_raw(tmp_path / "raw.root", make_events(), {"is_simulated": True})
    message = (
        r"raw\.root: branch pmt_charge: is not a branch of 'raw' \(wanted by branches\.charge: pmt_charge / 2 in "
        r"events\.yaml\); did you mean `charge`\?"
    )
    with pytest.raises(InputError, match=message):
        join(tmp_path / "raw.root", branches(charge="pmt_charge / 2"))


def test_missing_truth_that_is_asked_for(tmp_path):
    write_raw(tmp_path / "raw.root", make_events(), {"is_simulated": True})
    with pytest.raises(InputError, match=r"branch e_true: is not a branch"):
        join(tmp_path / "raw.root", branches(true_energy_keV="e_true"))


def test_branch_map_that_is_no_expression():
    with pytest.raises(
        InputError, match=r"events\.yaml: branches\.time: a number or a variable is missing"
    ) as error:
        branches(time="ps /", charge="adc[0]")
    assert "branches.charge: '[' is not part of the language at character 4" in str(error.value)


def broken(tmp_path, rntuple=False, place=777, **changes):
    """A file with one hit or event replaced in the middle."""
    events = make_events(1000, mean_hits=5)
    arrays = {name: getattr(events, name).copy() for name in changes}
    for name, value in changes.items():
        arrays[name] = arrays[name].astype(np.result_type(arrays[name], type(value)))
        arrays[name][events.offsets[place] if name in ("channel", "charge", "time") else place] = (
            value
        )
    write_raw(
        tmp_path / "raw.root", replace(events, **arrays), {"is_simulated": True}, rntuple=rntuple
    )
    return tmp_path / "raw.root"


FAULTS = {
    "channel outside": (
        {"channel": 642},
        r"branch channel, entry 777: is channel 642, outside the geometry \(0 to 641",
    ),
    "nan charge": ({"charge": np.nan}, r"branch charge, entry 777: is nan; write finite numbers"),
    "infinite charge": ({"charge": np.inf}, r"branch charge, entry 777: is inf"),
    "nan time": ({"time": np.nan}, r"branch time, entry 777: is nan"),
    "nan time stamp": ({"time_s": np.nan}, r"branch time_s, entry 777: is nan"),
    "half an event": ({"event": 0.5}, r"branch event, entry 777: is 0\.5, not a whole number"),
    "negative run": ({"run": -1}, r"branch run, entry 777: is -1, not a whole number from 0"),
}


@pytest.mark.parametrize("rntuple", [False, True])
@pytest.mark.parametrize(("changes", "message"), FAULTS.values(), ids=FAULTS)
def test_fault(tmp_path, changes, message, rntuple):
    file = broken(tmp_path, rntuple, **changes)
    with pytest.raises(InputError, match=r"raw\.root: " + message):
        join(file, chunk_bytes=5_000)


def test_wrong_numbering_shows_as_outside(tmp_path):
    write_raw(tmp_path / "raw.root", make_events(), {"is_simulated": True})
    with pytest.raises(
        InputError, match=r"branch channel - 600, entry \d+: is channel -\d+, outside the geometry"
    ):
        join(tmp_path / "raw.root", branches(channel="channel - 600"))


def test_lists_of_different_length(tmp_path):
    with uproot.recreate(tmp_path / "raw.root") as file:
        lists = {
            "channel": [[1, 2], [3]],
            "charge": [[1.0, 2.0], [3.0, 4.0]],
            "time": [[1.0, 2.0], [3.0]],
        }
        columns = {name: ak.Array(values) for name, values in lists.items()}
        columns |= {name: np.arange(2) for name in ("run", "event", "time_s", "trigger")}
        file.mktree(
            "raw", {name: ak.type(values).content for name, values in columns.items()}
        ).extend(columns)
    with pytest.raises(
        InputError,
        match=r"branch charge, entry 1: has 2 hits where channel has 1; see branches\.charge",
    ):
        join(tmp_path / "raw.root")


def test_list_where_a_number_belongs_and_the_reverse(tmp_path):
    write_raw(tmp_path / "raw.root", make_events(), {"is_simulated": True})
    with pytest.raises(
        InputError,
        match=r"branch time: is a list per event where one number is needed; see branches\.t",
    ):
        join(tmp_path / "raw.root", branches(time_s="time"))
    with pytest.raises(InputError, match=r"branch time_s: is not a list of hits"):
        join(tmp_path / "raw.root", branches(time="time_s"))


def test_text_where_a_number_belongs(tmp_path):
    with uproot.recreate(tmp_path / "raw.root") as file:
        file.mkrntuple("raw", {"charge": ak.Array(["a", "b"])})
    with pytest.raises(InputError, match=r"raw\.root: .*holds a type that is not a number"):
        join(
            tmp_path / "raw.root",
            branches(channel="charge", time="charge", run="", event="", time_s="", trigger=""),
        )


def test_columns_of_any_tree(tmp_path):
    with ColumnWriter(tmp_path / "a.root", "events", {}) as writer:
        writer.write({"r": np.arange(5.0), "ok": np.arange(5) > 2})
    (columns,) = read_columns(tmp_path / "a.root")
    assert columns["ok"].tolist() == [False, False, False, True, True]
    with pytest.raises(InputError, match=r"a\.root: branch q: is not a branch of 'events'"):
        list(read_columns(tmp_path / "a.root", names=["q"]))
    write_raw(tmp_path / "b.root", make_events(), {"is_simulated": True})
    with pytest.raises(
        InputError, match=r"branch charge, entry 0: is a list where one number per entry is needed"
    ):
        list(read_columns(tmp_path / "b.root", "raw", ["charge"]))


def test_memory_of_a_chunk_is_bounded(tmp_path):
    """A file far larger than a chunk is read in chunks of about that size."""
    events = make_events(30_000, mean_hits=20)
    write_raw(tmp_path / "raw.root", events, {"is_simulated": True})
    sizes = [chunk.channel.size * 10 for chunk in join(tmp_path / "raw.root", chunk_bytes=500_000)]
    assert len(sizes) > 8
    assert max(sizes) < 1_000_000
    with open_tree(tmp_path / "raw.root", "raw") as tree:
        assert tree.n_entries == 30_000


# -- files of other detectors


def write_lists(file, tree="raw", **columns):
    with uproot.recreate(file) as opened:
        opened.mkrntuple(tree, {name: ak.Array(values) for name, values in columns.items()})


NO_NUMBERS = {"run": "", "event": "", "time_s": "", "trigger": ""}
NESTED = {"q": [[[1.0], [], [2.0, 3.0]], [[], [4.0], []]], "t": [[[5], [], [6, 9]], [[], [7], []]]}


def test_lists_of_lists_are_refused_and_taken_as_one_by_a_setting(tmp_path):
    """Hits of each photomultiplier; its number stands once for all of them."""
    write_lists(tmp_path / "raw.root", pmt=[[3, 4, 8], [3, 4, 8]], **NESTED)
    layout = {"channel": "pmt", "charge": "q", "time": "t", **NO_NUMBERS}
    message = r"branch q: is a list of lists per event; write `flatten: true` under branches"
    with pytest.raises(InputError, match=message):
        list(read_raw(tmp_path / "raw.root", branches(**layout)))
    (events,) = read_raw(tmp_path / "raw.root", branches(**layout, flatten=True))
    assert events.n_hits.tolist() == [3, 1]
    assert events.channel.tolist() == [3, 8, 8, 4]
    assert events.charge.tolist() == [1, 2, 3, 4]
    assert events.time.tolist() == [0, 1, 4, 0]


def test_flattened_arrays_number_the_inner_lists(tmp_path):
    write_lists(tmp_path / "raw.root", **NESTED)
    layout = {"charge": "q", "time": "t", **NO_NUMBERS, "layout": "array", "flatten": True}
    (events,) = read_raw(tmp_path / "raw.root", branches(**layout), n_channels=3)
    assert events.channel.tolist() == [0, 2, 2, 1]


def test_flattened_lists_of_other_lengths(tmp_path):
    short = {**NESTED, "t": [[[5], [], [6]], [[], [7], []]]}
    write_lists(tmp_path / "raw.root", pmt=[[3, 4, 8], [3, 4, 8]], **short)
    layout = {"channel": "pmt", "charge": "q", "time": "t", **NO_NUMBERS, "flatten": True}
    with pytest.raises(InputError, match=r"branch t, entry 0: has 2 hits where pmt has 3"):
        list(read_raw(tmp_path / "raw.root", branches(**layout)))


def test_an_array_of_another_detector(tmp_path):
    write_lists(tmp_path / "raw.root", q=[[1.0] * 241], t=[[1.0] * 241])
    layout = branches(layout="array", charge="q", time="t", **NO_NUMBERS)
    message = r"branch q, entry 0: has 241 values where the geometry has 642 photomultipliers; give"
    with pytest.raises(InputError, match=message):
        list(read_raw(tmp_path / "raw.root", layout, n_channels=642))


@pytest.mark.parametrize(("sentinel", "text"), [(-1.0, "q == -1"), (np.nan, "not isfinite(q)")])
def test_sentinels_for_no_hit(tmp_path, sentinel, text):
    write_lists(tmp_path / "raw.root", q=[[sentinel, 2.0, 0.0, 1.0]], t=[[-9.0, 5.0, 0.0, 6.5]])
    layout = {"layout": "array", "charge": "q", "time": "t", **NO_NUMBERS}
    with pytest.raises(InputError, match=r"is -1 PE, negative|is nan"):
        list(read_raw(tmp_path / "raw.root", branches(**layout)))
    (events,) = read_raw(tmp_path / "raw.root", branches(**layout, no_hit=text), n_channels=4)
    assert events.channel.tolist() == [1, 3]
    assert events.time.tolist() == [0, 1.5]


def test_no_hit_is_a_condition():
    with pytest.raises(InputError, match=r"branches\.no_hit: is a number .* compare it"):
        branches(no_hit="q + 1")


def test_charges_beyond_single_precision(tmp_path):
    write_lists(tmp_path / "raw.root", channel=[[1]], charge=[[1e39]], time=[[1.0]])
    with pytest.raises(
        InputError, match=r"branch charge, entry 0: is 1e\+39, beyond all that can be"
    ):
        list(read_raw(tmp_path / "raw.root", branches(**NO_NUMBERS)))


def test_truth_is_not_offered_for_what_is_reconstructed(tmp_path):
    write_raw(tmp_path / "raw.root", simulated(), {"is_simulated": True})
    with pytest.raises(InputError, match=r"branch energy_keV: is not a branch") as error:
        join(tmp_path / "raw.root", branches(extra={"e": "energy_keV"}))
    assert "did you mean" not in str(error.value)


def test_a_name_that_needs_back_ticks_is_offered_with_them(tmp_path):
    with uproot.recreate(tmp_path / "raw.root") as file:
        file.mktree("raw", {"my-charge": np.float64}).extend({"my-charge": np.ones(2)})
    with pytest.raises(InputError, match=r"did you mean `my-charge` \(with its back-ticks\)\?"):
        join(tmp_path / "raw.root", branches(channel="my-charge", charge="mycharge", time="1"))


def test_an_entry_count_with_a_flipped_bit(tmp_path):
    """Wherever the number of entries stands: all of them are read, or the file is refused."""
    columns = {name: np.arange(60.0) for name in ("time_s", "run")}
    file = tmp_path / "raw.root"
    with uproot.recreate(file, compression=None) as opened:
        opened.mktree("raw", dict.fromkeys(columns, np.float64)).extend(columns)
    whole, count = file.read_bytes(), (60).to_bytes(8, "big")
    places = [match.start() for match in re.finditer(re.escape(count), whole)]
    refused = []
    for place in places:
        content = bytearray(whole)
        content[place + 5] ^= 0x80  # 60 becomes 8388668
        file.write_bytes(content)
        try:
            parts = [part["time_s"] for part in read_columns(file, "raw", ["time_s"])]
            assert np.concatenate(parts).tolist() == columns["time_s"].tolist()
        except InputError as fault:
            refused.append(str(fault))
    assert refused
    assert all("raw.root: tree raw" in message for message in refused)


def test_an_rntuple_of_the_experimental_format(tmp_path):
    import xxhash

    file = tmp_path / "raw.root"
    write_raw(file, make_events(5), {"is_simulated": True}, rntuple=True)
    content = bytearray(file.read_bytes())
    start = content.rindex(b"ROOT::RNTuple")
    anchor = content.index(b"\x00\x01\x00\x00\x00\x00", start + 20)  # version 1.0.0
    content[anchor : anchor + 2] = b"\x00\x00"
    digest = xxhash.xxh3_64_intdigest(bytes(content[anchor : anchor + 64]))
    content[anchor + 64 : anchor + 72] = digest.to_bytes(8, "big")
    file.write_bytes(content)
    message = r"raw\.root: tree raw: is an RNTuple of the experimental format before version 1; write it again"
    with pytest.raises(InputError, match=message):
        join(file)
