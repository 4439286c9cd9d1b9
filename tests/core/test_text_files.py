"""Files as a user may name them: each kind of what is not a text file has its own message, and
none stops the command."""

import os

import numpy as np
import pytest

from exonu.core import text_files
from exonu.core.errors import InputError
from exonu.core.tables import MOST_ROWS, read_numbers
from exonu.core.text_files import kind_of, read_text, require_file
from exonu.core.yaml_files import read_yaml

NAMES = {
    "none": r"none: cannot be read \(No such file or directory\); give an existing file",
    "a" * 5000: r"a{100}.*…a+: cannot be read \(File name too long\)",
    "a\0b": r"a\\x00b: cannot be read \(.*embedded null.*\)",
    "folder": r"folder: cannot be read \(Is a directory\)",
    "file/below": r"below: cannot be read \(Not a directory\)",
    "round": r"round: cannot be read \(Too many levels of symbolic links\)",
    "pipe": r"pipe: is a pipe or device, no plain file; write its content into a file",
    "/dev/null": r"/dev/null: is a pipe or device",
}


@pytest.fixture
def there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("x: 1\n")
    (tmp_path / "round").symlink_to("round")
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "message"), NAMES.items(), ids=[name[:8].encode() for name in NAMES]
)
def test_what_is_no_file(there, name, message):
    for read in (require_file, read_yaml, lambda path: read_text(path, "CSV")):
        with pytest.raises(InputError, match=message) as error:
            read(name)
        assert len(str(error.value)) < 500


def test_text_with_and_without_a_byte_order_mark(there):
    for content in (b"\xef\xbb\xbfx: 1\n", b"x: 1\n"):
        (there / "file").write_bytes(content)
        assert read_text("file", "YAML") == "x: 1\n"


KINDS = {
    b"PAR1....": "a Parquet file", b"\x89HDF\r\n\x1a\n\0": "an HDF5 file", b"root\0\0\xf6": "a ROOT file",
    b"\x93NUMPY\1\0": "a NumPy file", b"PK\3\4\xff": "a zip archive (XLSX and NPZ are zip, too)",
    b"\x1f\x8b\x08": "compressed with gzip", "é".encode("utf-16"): "text in UTF-16", b"\n <HTML>": "an HTML page",
    b"version https://git-lfs.github.com/spec/v1\n": "a pointer of git-lfs in place of the file",
}  # fmt: skip


@pytest.mark.parametrize(("content", "kind"), KINDS.items(), ids=list(KINDS.values()))
def test_a_file_of_another_kind_is_called_by_its_name(there, content, kind):
    (there / "file").write_bytes(content)
    assert kind_of("file") == kind
    (there / "file").write_bytes(content + b"\x80")  # no text in UTF-8
    with pytest.raises(
        InputError, match=r"is not text in UTF-8|, not CSV; save it as CSV in UTF-8"
    ):
        read_text("file", "CSV")


def test_text_is_of_no_known_kind(there):
    assert kind_of("file") is None
    assert kind_of("none") is None


def test_a_huge_file_is_not_read(there, monkeypatch):
    monkeypatch.setattr(text_files, "LARGEST_TEXT", 1_000_000)
    with (there / "file").open("wb") as opened:
        opened.truncate(1_000_001)
    with pytest.raises(
        InputError, match=r"file: has 1 MB, and no CSV that is read here has more than 1;"
    ):
        read_text("file", "CSV")


def test_a_table_of_events_is_no_table_of_bins(there):
    """A million rows took 4.6 GB."""
    (there / "t.csv").write_text("a\n" + "1\n" * (MOST_ROWS + 1))
    with pytest.raises(
        InputError, match=r"t\.csv: has 10002 lines, .* at most 10000; if these are events"
    ):
        read_numbers("t.csv", ["a"])
    (there / "t.csv").write_text("a\n" + "1\n" * (MOST_ROWS - 1))
    np.testing.assert_array_equal(read_numbers("t.csv", ["a"])["a"], np.ones(MOST_ROWS - 1))
