"""CSV tables: every column accounted for, every value a finite number, each fault with its line."""

import tracemalloc

import numpy as np
import pytest

from exonu.core.errors import InputError, InputErrors
from exonu.core.tables import read_numbers


def read(tmp_path, text, columns=("a", "b"), **more):
    (tmp_path / "t.csv").write_text(text)
    return read_numbers(tmp_path / "t.csv", columns, **more)


def test_comments_blanks_and_ignored_columns(tmp_path):
    table = read(tmp_path, "# source\n\na, c ,b\n1,x,2\n # more\n3,,4\n", ignored=("c",))
    np.testing.assert_array_equal(table["a"], [1, 3])
    np.testing.assert_array_equal(table["b"], [2, 4])


FAULTS = {
    "": r"t\.csv: has no header line",
    "a,b\n": r"has no rows below its header",
    "a\n1\n": r"b: is not a column of the file; its columns are: a",
    "a,b,c\n1,2,3\n": r"c: is a column that nothing uses; remove it or list it as ignored",
    "a,b,b\n1,2,3\n": r"b: is a column twice",
    "a,b\n1,2\n3\n": r"line 3: has 1 values where the header has 2 columns",
    "a,b\n1,nan\n": r"line 2, column b: must be a finite number \(got 'nan'\)",
    "a,b\n1,\n": r"line 2, column b: must be a finite number \(got ''\); write 0 for a bin with nothing in it",
    "a,b\n1,2 keV\n": r"line 2, column b: must be a finite number \(got '2 keV'\)",
    "a,b\ninf,1\n": r"line 2, column a: must be a finite number",
}


@pytest.mark.parametrize(("text", "message"), FAULTS.items())
def test_fault(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        read(tmp_path, text)


def test_all_rows_are_checked_at_once(tmp_path):
    with pytest.raises(InputErrors) as caught:
        read(tmp_path, "a,b\nx,1\n2,y\n")
    assert len(caught.value.errors) == 2


def test_missing_and_binary_files(tmp_path):
    with pytest.raises(InputError, match=r"gone\.csv: cannot be read \(No such file"):
        read_numbers(tmp_path / "gone.csv", ["a"])
    (tmp_path / "b.csv").write_bytes(b"\x80\xfe")
    with pytest.raises(InputError, match="is not text in UTF-8"):
        read_numbers(tmp_path / "b.csv", ["a"])


def test_a_million_rows_are_refused_in_little_memory(tmp_path):
    """They were read into 4.6 GiB."""
    file = tmp_path / "events.csv"
    file.write_text("low,high\n" + "0.12345,1.23456\n" * 1_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=r"has 1000001 lines.*if these are events, bin them"):
            read_numbers(file, ["low", "high"])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * file.stat().st_size


@pytest.mark.parametrize("text", ["1_000", "１２", "0x10", "1,5", "٣"])
def test_what_only_python_reads_as_a_number(tmp_path, text):
    (tmp_path / "a.csv").write_text(f'a\n"{text}"\n')
    with pytest.raises(InputError, match=r"line 2, column a: must be a finite number"):
        read_numbers(tmp_path / "a.csv", ["a"])
