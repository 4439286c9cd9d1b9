"""Bad ROOT files: what a step finds in the raw file of a run (`run1.root`) or of a sample
(`sample.root`)."""

# ruff: noqa: E501 (one case per line)

import awkward as ak
import numpy as np
import uproot
from valid_inputs import events_of

from bad_inputs import Case, removed, truncated, with_key, written
from exonu.events.raw.raw_events import write_raw

RUN, SAMPLE = "run1.root", "sample.root"


def _events(file=RUN, tree="raw", rntuple=False, n=20, **changes):
    """The file with other arrays."""

    def change(folder):
        write_raw(
            folder / file,
            events_of(n, **changes),
            {"is_simulated": True},
            tree=tree,
            rntuple=rntuple,
        )

    return change


def _one(name, value, kind=None):
    """The file with one value of an array replaced: that of event 7 or of its first hit."""
    events = events_of()
    array = getattr(events, name).astype(kind or getattr(events, name).dtype)
    array[21 if name in ("channel", "charge", "time") else 7] = value
    return _events(**{name: array})


def _columns(**changes):
    """A file as another program might write it, with columns replaced, or left out if None."""

    def change(folder):
        columns = {name: ak.Array([[1, 2], [3]]) for name in ("channel", "charge", "time")}
        columns |= {
            name: np.array([1.0, 1.0]) for name in ("run", "event", "time_s", "trigger")
        } | changes
        columns = {name: column for name, column in columns.items() if column is not None}
        with uproot.recreate(folder / RUN) as file:
            file.mktree(
                "raw", {name: ak.type(column).content for name, column in columns.items()}
            ).extend(columns)

    return change


def _corrupt(share, length):
    """Zeros instead of some bytes."""

    def change(folder):
        content = bytearray((folder / RUN).read_bytes())
        start = int(share * len(content))
        content[start : start + length] = bytes(len(content[start : start + length]))
        (folder / RUN).write_bytes(content)

    return change


def _folder(folder):
    (folder / RUN).unlink()
    (folder / RUN).mkdir()


def _no_tree(folder):
    with uproot.recreate(folder / RUN) as file:
        file["raw"] = np.histogram([1.0, 2.0])


def _texts(folder):
    with uproot.recreate(folder / RUN) as file:
        texts = {
            name: ak.Array(["a", "b"])
            for name in ("run", "event", "time_s", "trigger", "channel", "charge", "time")
        }
        file.mkrntuple("raw", texts)


def _lists_of_lists(folder):
    with uproot.recreate(folder / RUN) as file:
        numbers = {name: np.array([1.0, 1.0]) for name in ("run", "event", "time_s", "trigger")}
        file.mkrntuple(
            "raw",
            numbers
            | {name: ak.Array([[[1.0]], [[2.0]]]) for name in ("channel", "charge", "time")},
        )


def _metadata(folder):
    _events()(folder)
    with uproot.update(folder / RUN) as file:
        file["metadata"] = "no JSON {"


_LIST = np.array([9, 9])

ROOT_FILES = {
    "removed": Case(removed(RUN), RUN, "", "No such file"),
    "a folder": Case(_folder, RUN, "", "Is a directory"),
    "no bytes": Case(written(RUN, ""), RUN, "", "is not a whole ROOT file"),
    "a Parquet file": Case(written(RUN, b"PAR1" + bytes(100) + b"PAR1"), RUN, "", "is a Parquet file, not a ROOT file"),
    "an HDF5 file": Case(written(RUN, b"\x89HDF\r\n\x1a\n" + bytes(100)), RUN, "", "is an HDF5 file, not a ROOT file"),
    "an error page": Case(written(RUN, "<!DOCTYPE html><p>404"), RUN, "", "is an HTML page, not a ROOT file"),
    "a pointer of git-lfs": Case(written(RUN, "version https://git-lfs.github.com/spec/v1\n"), RUN, "", "is a pointer of git-lfs"),
    "four bytes": Case(written(RUN, "root"), RUN, "", "is not a whole ROOT file"),
    "text": Case(written(RUN, "run,event,charge\n" * 100), RUN, "", "is not a whole ROOT file"),
    "a zip": Case(written(RUN, b"PK\x03\x04" + bytes(500)), RUN, "", "is a zip archive"),
    "header and zeros": Case(written(RUN, b"root" + bytes(2000)), RUN, "", "is not a whole ROOT file|is not in the file"),
    "truncated to 1 %": Case(truncated(RUN, 0.01), RUN, "", "truncated|is not a whole ROOT file"),
    "truncated to half": Case(truncated(RUN, 0.5), RUN, "", "truncated|is not a whole ROOT file"),
    "truncated by a byte": Case(lambda f: written(RUN, (f / RUN).read_bytes()[:-1])(f), RUN, "", "is truncated: it has"),
    "zeros in the header": Case(_corrupt(0.0, 64), RUN, "", "is not a whole ROOT file"),
    "zeros in the middle": Case(_corrupt(0.12, 1500), RUN, ".*", "cannot be read|is not a whole ROOT file|is not in the file"),
    "another tree": Case(_events(tree="Events"), RUN, "tree raw", "its trees are: Events"),
    "no tree": Case(_no_tree, RUN, "tree raw", "is not in the file"),
    "no entries": Case(_events(n=0), RUN, "tree raw", "is empty"),
    "no entries in an RNTuple": Case(_events(n=0, rntuple=True), RUN, "tree raw", "is empty"),
    "metadata that is not JSON": Case(_metadata, RUN, "metadata", "is not JSON"),
    "branch missing": Case(_columns(charge=None), RUN, "branch charge", "is not a branch of 'raw'"),
    "texts": Case(_texts, RUN, "tree raw.*", "cannot be read"),
    "number where a list belongs": Case(_columns(time=_LIST), RUN, "branch time", "is not a list of hits"),
    "list where a number belongs": Case(_columns(event=ak.Array([[1], [2, 3]])), RUN, "branch event", "is a list per event"),
    "lists of lists": Case(_lists_of_lists, RUN, "branch channel", "is a list of lists per event"),
    "lists of different length": Case(_columns(charge=ak.Array([[1.0, 2.0], [3.0, 4.0]])), RUN, "branch charge, entry 1", "has 2 hits where channel has 1"),
    "nan charge": Case(_one("charge", np.nan), RUN, "branch charge, entry 7", "is nan"),
    "infinite charge": Case(_one("charge", np.inf), RUN, "branch charge, entry 7", "is inf"),
    "nan time": Case(_one("time", np.nan), RUN, "branch time, entry 7", "is nan"),
    "channel outside": Case(_one("channel", 642), RUN, "branch channel, entry 7", "outside the geometry"),
    "channel below zero": Case(_one("channel", -1, np.int32), RUN, "branch channel, entry 7", "outside the geometry"),
    "half a channel": Case(_one("channel", 3.5, np.float64), RUN, "branch channel, entry 7", "not a whole number"),
    "nan channel": Case(_one("channel", np.nan, np.float64), RUN, "branch channel, entry 7", "outside the geometry|is nan"),
    "negative charge": Case(_one("charge", -2.0), RUN, "branch charge, entry 7", "is -2 PE, negative"),
    "times in single precision since 1970": Case(_events(time=events_of().time + np.float32(1.6e9)), RUN, "branch time, entry 0", "the times between hits are lost"),
    "event number as a float of 2^64": Case(_one("event", 2.0**64, np.float64), RUN, "branch event, entry 7", "beyond 2.53|not a whole number"),
    "nan time stamp": Case(_one("time_s", np.nan), RUN, "branch time_s, entry 7", "is nan"),
    "time that runs back": Case(_one("time_s", 0.1), RUN, ".*entry 7", ""),
    "half an event": Case(_one("event", 7.5, np.float64), RUN, "branch event, entry 7", "not a whole number"),
    "run below zero": Case(_one("run", -1, np.int32), RUN, "branch run, entry 7", "not a whole number"),
    "run of another file": Case(_one("run", 5), RUN, ".*entry 7", "5"),
    "trigger beyond a byte": Case(_one("trigger", 256, np.int32), RUN, "branch trigger, entry 7", "not a whole number"),
    "negative weight": Case(_events(SAMPLE, weight=np.full(20, -0.5)), SAMPLE, "branch weight, entry 0", "is negative"),
    "nan weight": Case(_events(SAMPLE, weight=np.full(20, np.nan)), SAMPLE, "branch weight, entry 0", "is nan"),
    "branch map of another file": Case(with_key("events.yaml", "branches", {"charge": "adc / 25"}), RUN, "branch adc", "is not a branch of 'raw'"),
    "branch map counting from 1": Case(with_key("events.yaml", "branches", {"channel": "channel - 1"}), RUN, "branch channel - 1, entry 0", "outside the geometry"),
}  # fmt: skip
