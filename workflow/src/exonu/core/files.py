"""Files that are whole or absent, and the same bytes from the same content.

A file is written beside its place and renamed, so that a killed job never leaves half a file. JSON
is canonical (sorted keys, shortest round-trip floats); CSV prints floats with a stated number of
digits."""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from exonu.core.errors import InputError
from exonu.core.text_files import read_text

if TYPE_CHECKING:
    import pandas as pd

FLOAT_DIGITS = 9
"""Significant digits of a float in a CSV: beyond what an input is known to, below what another CPU
changes."""


@contextmanager
def whole_or_absent(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; rename it onto `path` if the block ends well, else
    remove it.

    For a file or a folder. What a killed job has left for the same path is removed first.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in path.parent.glob(f".{escape(path.stem)}.*.part{escape(path.suffix)}"):
        if not _is_running(left.name.removesuffix(f".part{path.suffix}").rpartition(".")[2]):
            _remove(left)
    beside = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        yield beside
        beside.replace(path)
    except OSError as error:
        error.filename = error.filename or str(path)  # a full disk does not say whose
        raise
    finally:
        _remove(beside)


def require_output(path: Path, field: str, suffixes: Sequence[str]) -> None:
    """Refuse a name that no file can be written to, before the work whose result it would hold.

    Args:
        path: the file to be written; its folder is made where it is missing.
        field: the option that named it.
        suffixes: what it may end with, in small letters; any if empty.

    Raises:
        InputError: another ending; a folder; a file where its folder should be; no permission; a
            name that is too long.
    """

    def refuse(problem: str, remedy: str) -> NoReturn:
        raise InputError(problem, file=path, field=field, remedy=remedy)

    if suffixes and path.suffix.lower() not in suffixes:
        refuse(f"must end with {' or '.join(suffixes)}", "name such a file")
    if "\0" in str(path):
        refuse("holds the character NUL", "name another file")
    try:
        # Beside it stands a temporary file, and beside a workspace its sidecar file: longer names.
        longest = path.with_name(f".{path.stem}.poi_map.{os.getpid()}.part{path.suffix}")
        with suppress(FileNotFoundError, NotADirectoryError):
            longest.lstat()
        is_folder = path.is_dir()
        above = next(folder for folder in path.absolute().parents if folder.exists())
    except OSError as error:
        refuse(f"cannot be written ({error.strerror})", "name another file")
    if is_folder:
        refuse("is a folder", "name a file in it")
    if not above.is_dir():
        refuse(f"cannot be written ({above} is a file)", "name a file in a folder")
    if not os.access(above, os.W_OK | os.X_OK):
        refuse(
            f"cannot be written (no permission in {above})", "name a folder that you may write to"
        )


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _is_running(process: str) -> bool:
    """Whether a process of this machine has that number; what has no number counts as running."""
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except (ValueError, OSError):
        return True
    return True


def canonical_json(content: Any) -> str:
    """One line of JSON that is equal for equal content: sorted keys, and 20.0 is 20.

    >>> canonical_json({"b": 20.0, "a": [1, 2.5]})
    '{"a":[1,2.5],"b":20}'
    """
    return json.dumps(
        _integral_floats_as_int(content), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )


def _integral_floats_as_int(content: Any) -> Any:
    if isinstance(content, float) and content.is_integer() and abs(content) < 2**53:
        return int(content)
    if isinstance(content, dict):
        return {str(key): _integral_floats_as_int(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_integral_floats_as_int(value) for value in content]
    return content


def write_text(path: str | Path, text: str) -> None:
    """Write text, whole or absent."""
    with whole_or_absent(path) as beside:
        beside.write_text(text, encoding="utf-8")


def write_json(path: str | Path, content: Any) -> None:
    """Write indented JSON with sorted keys; NaN and infinity are refused, as JSON has none."""
    text = json.dumps(
        content, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False, default=_plain
    )
    write_text(path, text + "\n")


def _plain(value: Any) -> Any:
    """A scalar of numpy as Python's own; it is a truth value or a number all the same."""
    if getattr(value, "shape", None) == ():
        return value.item()
    raise TypeError(f"{value!r} has no form in JSON")


def plain(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record in JSON's own types, with None for what is not a finite number, which JSON has none
    of.

    >>> plain({"limit": float("nan"), "bracket": (0.0, float("inf"))})
    {'limit': None, 'bracket': [0.0, None]}
    """
    return {str(key): _plain_value(value) for key, value in record.items()}


def _plain_value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return plain(value)
    if hasattr(value, "tolist"):  # arrays and scalars of numpy, which need not be imported for it
        return _plain_value(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain_value(entry) for entry in value]
    return finite(value) if isinstance(value, float) else value


def finite(value: float) -> float | None:
    """The number, or None where it is NaN or infinite."""
    return float(value) if math.isfinite(value) else None


def read_json(path: str | Path) -> Any:
    """Read JSON; a missing or malformed file is an `InputError` that names it.

    A byte order mark is skipped; a key twice in one object is a fault, since which of its values
    was meant nobody knows.
    """
    try:
        text = read_text(path, "JSON")
        return json.loads(text, object_pairs_hook=_without_repeated_keys)
    except _RepeatedKeyError as error:
        raise InputError(
            f"the key {error.args[0]!r} occurs twice in one object",
            file=path,
            remedy="remove one of them; other readers take the last and say nothing",
        ) from None
    except InputError:
        raise
    except (
        ValueError,
        RecursionError,
    ) as error:  # nested too deeply, or a number of thousands of digits, too
        problem = str(error).partition(";")[0]
        raise InputError(
            f"is not JSON ({problem})", file=path, remedy="check that the file is complete"
        ) from None


class _RepeatedKeyError(Exception):
    """A key that one JSON object has twice."""


def _without_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _RepeatedKeyError(next(key for key in keys if keys.count(key) > 1))
    return found


def write_csv(path: str | Path, table: pd.DataFrame, comments: tuple[str, ...] = ()) -> None:
    """Write a table as CSV, with `#` comment lines above the header."""
    with whole_or_absent(path) as beside, beside.open("w", encoding="utf-8", newline="") as stream:
        stream.writelines(f"# {line}\n" for line in comments)
        table.to_csv(stream, index=False, float_format=f"%.{FLOAT_DIGITS}g", lineterminator="\n")
