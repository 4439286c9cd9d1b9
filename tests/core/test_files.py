"""Files are whole or absent, and equal for equal content."""

import errno
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from exonu.core.errors import InputError
from exonu.core.files import canonical_json, read_json, whole_or_absent, write_csv, write_json
from exonu.steps._step import run


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    target = tmp_path / "limits.csv"
    target.write_text("old")

    def killed_half_way():
        with whole_or_absent(target) as beside:
            beside.write_text("half")
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        killed_half_way()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_what_a_killed_job_has_left_is_removed(tmp_path):
    """And only that: what a running process writes, or another file's part, stays."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = tmp_path / f".limits.{ended.pid}.part.csv"
    others = [
        tmp_path / f".limits.{os.getppid()}.part.csv",
        tmp_path / f".limits_table.{ended.pid}.part.csv",
    ]
    for path in (left, *others):
        path.write_text("half")
    with whole_or_absent(tmp_path / "limits.csv") as beside:
        beside.write_text("whole")
    assert sorted(tmp_path.iterdir()) == sorted([*others, tmp_path / "limits.csv"])


def test_a_folder_that_a_killed_job_has_left_is_removed(tmp_path):
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    left = tmp_path / f".light_map.{ended.pid}.part"
    left.mkdir()
    (left / "half.npy").touch()
    with whole_or_absent(tmp_path / "light_map") as beside:
        beside.mkdir()
        (beside / "whole.npy").touch()
    assert [str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*.npy")] == [
        "light_map/whole.npy"
    ]
    assert not left.exists()


def test_a_full_disk_is_said_with_the_file(tmp_path):
    def full():
        with whole_or_absent(tmp_path / "limits.csv"):
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left") as error:
        full()
    assert error.value.filename == str(tmp_path / "limits.csv")
    with pytest.raises(
        SystemExit,
        match=r"^error: \S+/limits\.csv: cannot be written \(No space left on device\); make room",
    ):
        run(full, [])
    assert not list(tmp_path.iterdir())


def test_canonical_json_ignores_key_order_and_the_kind_of_a_whole_number():
    assert canonical_json({"a": 20, "b": {"c": 1, "d": [0.5]}}) == canonical_json(
        {"b": {"d": (0.5,), "c": 1.0}, "a": 20.0}
    )
    assert canonical_json({"a": 20}) != canonical_json({"a": 21})
    assert canonical_json({"a": True}) != canonical_json({"a": 1})


def test_json_without_nan(tmp_path):
    with pytest.raises(ValueError, match="Out of range"):
        write_json(tmp_path / "x.json", {"a": float("nan")})
    assert not list(tmp_path.iterdir())


def test_scalars_of_numpy_are_plain_json(tmp_path):
    content = {"a": np.bool_(True), "b": np.int64(3), "c": np.float64(0.5), "d": np.float32(0.5)}
    write_json(tmp_path / "x.json", content)
    assert read_json(tmp_path / "x.json") == {"a": True, "b": 3, "c": 0.5, "d": 0.5}
    for refused in (np.array([1.0, 2.0]), np.float32("nan"), {1, 2}):
        with pytest.raises((TypeError, ValueError)):
            write_json(tmp_path / "y.json", {"a": refused})
    assert list(tmp_path.iterdir()) == [tmp_path / "x.json"]


def test_reading_json_names_the_file(tmp_path):
    with pytest.raises(InputError, match=r"gone\.json: cannot be read \(No such file"):
        read_json(tmp_path / "gone.json")
    (tmp_path / "half.json").write_text('{"a": 1')
    with pytest.raises(InputError, match=r"half\.json: is not JSON .*complete"):
        read_json(tmp_path / "half.json")


def test_csv_has_comments_and_nine_digits(tmp_path):
    write_csv(tmp_path / "t.csv", pd.DataFrame({"a": [1 / 3], "b": ["x"]}), comments=("simulated",))
    assert (tmp_path / "t.csv").read_bytes() == b"# simulated\na,b\n0.333333333,x\n"
