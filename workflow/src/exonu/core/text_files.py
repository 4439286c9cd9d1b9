"""Text files read as a user may name them: anything may stand there, and each kind of it has its own message.

A pipe would make a command wait for ever, a huge file would fill the memory, a file of another kind
would be called bad text: all three are refused before a byte is decoded."""

from __future__ import annotations

import stat
from pathlib import Path

from exonu.core.errors import InputError

LARGEST_TEXT = 100_000_000
"""Bytes of the largest text file that is read; settings and tables are a thousand times smaller,
large workspaces ten times."""

_BEGINNINGS = (
    (b"PAR1", "a Parquet file"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"ARROW1", "an Arrow file"),
    (b"root", "a ROOT file"),
    (b"\x93NUMPY", "a NumPy file"),
    (b"SIMPLE  =", "a FITS file"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"PK\x03\x04", "a zip archive (XLSX and NPZ are zip, too)"),
    (b"\x1f\x8b", "compressed with gzip"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd"),
    (b"\xfd7zXZ\0", "compressed with xz"),
    (b"BZh", "compressed with bzip2"),
    (b"\xd0\xcf\x11\xe0", "an old Office file (XLS)"),
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a PNG picture"),
    (b"\x7fELF", "a program"),
    (b"version https://git-lfs", "a pointer of git-lfs in place of the file"),
    (b"\xff\xfe", "text in UTF-16"),
    (b"\xfe\xff", "text in UTF-16"),
)
"""How files of other kinds begin; each is in its format's specification."""


def kind_of(path: str | Path) -> str | None:
    """What a file is by its first bytes, or None if that is none of the known kinds.

    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile() as file:
    ...     _ = file.write(b"PAR1 and so on"), file.flush()
    ...     kind_of(file.name)
    'a Parquet file'
    """
    try:
        with Path(path).open("rb") as opened:
            head = opened.read(64)
    except OSError:
        return None
    found = (kind for beginning, kind in _BEGINNINGS if head.startswith(beginning))
    html = (
        "an HTML page" if head.lstrip().lower().startswith((b"<!doctype html", b"<html")) else None
    )
    return next(found, html)


def require_file(path: str | Path, remedy: str = "give an existing file") -> Path:
    """The path of a plain file that exists.

    Raises:
        InputError: no such file, a name that no file can have, a folder, a pipe or a device.
    """
    path = Path(path)
    try:
        mode = path.stat().st_mode
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
        raise InputError(problem, file=_short(path), remedy=remedy) from None
    except ValueError as error:  # NUL in a name, or a character that no disk can hold
        raise InputError(f"cannot be read ({error})", file=_short(path), remedy=remedy) from None
    if stat.S_ISDIR(mode):
        raise InputError("cannot be read (Is a directory)", file=path, remedy=remedy)
    if not stat.S_ISREG(mode):
        problem = "is a pipe or device, no plain file"
        raise InputError(problem, file=path, remedy="write its content into a file")
    return path


def _short(path: Path) -> Path:
    """A name of thousands of characters, cut for a message."""
    text = str(path)
    return path if len(text) <= 300 else Path(f"{text[:200]}…{text[-50:]}")


def read_text(path: str | Path, what: str) -> str:
    """The text of a plain file in UTF-8, with or without a byte-order mark.

    Args:
        path: the file.
        what: the format that is expected, for messages, e.g. `YAML`.

    Raises:
        InputError: what `require_file` refuses, a file that cannot be read, too large a file, or
            one that is not a text; a known kind of file is called by its name.
    """
    path = require_file(path)
    try:
        size = path.stat().st_size
        if size > LARGEST_TEXT:
            problem = f"has {size / 1e6:.0f} MB, and no {what} that is read here has more than {LARGEST_TEXT / 1e6:.0f}"
            raise InputError(problem, file=path, remedy=f"is it another file than the {what}?")
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
        raise InputError(problem, file=path, remedy="give an existing file") from None
    except UnicodeDecodeError:
        kind = kind_of(path)
        problem = "is not text in UTF-8" if kind is None else f"is {kind}, not {what}"
        raise InputError(problem, file=path, remedy=f"save it as {what} in UTF-8") from None
