"""ROOT files as columns: TTree and RNTuple, read chunk by chunk in bounded memory, through uproot.

A column of numbers is an array with one value per entry; a column of lists is a `Jagged`. What goes
wrong is said with file, branch and entry."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exonu.core.errors import InputError, raise_all
from exonu.core.settings import Settings
from exonu.core.text_files import kind_of, require_file
from exonu.events.expressions import nearest, quoted

CHUNK_BYTES = 32_000_000
"""Uncompressed size of the columns that are read at a time; a job needs several times as much."""
METADATA = "metadata"
_NUMBERS = {"bool", "float", "double", "char", "byte"} | {
    f"{u}int{bits}" for u in ("", "u") for bits in (8, 16, 32, 64)
}


@dataclass(frozen=True)
class Jagged:
    """A list per entry: entry i has `content[offsets[i]:offsets[i + 1]]`.

    Attributes:
        offsets: shape (n + 1,), from 0.
        content: all values one after the other.
    """

    offsets: NDArray[np.int64]
    content: NDArray[Any]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def counts(self) -> NDArray[np.int64]:
        """Length of each list, shape (n,)."""
        return np.diff(self.offsets)


@dataclass(frozen=True)
class Nested:
    """A list of lists per entry: entry i has the inner lists `offsets[i]` to `offsets[i + 1]`, and
    inner list j has `content[inner[j]:inner[j + 1]]`.

    Attributes:
        offsets: shape (n + 1,), from 0.
        inner: shape (n_inner + 1,), from 0.
        content: all values one after the other.
    """

    offsets: NDArray[np.int64]
    inner: NDArray[np.int64]
    content: NDArray[Any]

    def __len__(self) -> int:
        return len(self.offsets) - 1


Column = NDArray[Any] | Jagged | Nested


@dataclass(frozen=True)
class Tree:
    """An open TTree or RNTuple.

    Attributes:
        path, name: where it is.
        branches: names of all branches; those of a field within a collection are
            `collection.field`.
        n_entries: number of entries.
    """

    path: Path
    name: str
    branches: tuple[str, ...]
    n_entries: int
    _tree: Any

    def require(self, names: Sequence[str], wanted_by: Mapping[str, str] | None = None) -> None:
        """Raise one fault for each name that is not a branch.

        Args:
            names: branches that are needed.
            wanted_by: for the message, the setting that asks for each.
        """
        raise_all(
            InputError(
                f"is not a branch of {self.name!r}"
                + (f" (wanted by {wanted_by[name]})" if wanted_by else ""),
                file=self.path,
                field=f"branch {name}",
                remedy=self._near(name),
            )
            for name in names
            if name not in self.branches
        )

    def is_number(self, name: str) -> bool:
        """Whether a branch holds one number per entry."""
        typename = str(self._tree[name].typename).removeprefix("std::")
        return typename.removesuffix("_t") in _NUMBERS

    def dtype(self, name: str) -> np.dtype[Any]:
        """Type of a branch that holds one number per entry."""
        typename = str(self._tree[name].typename).removeprefix("std::").removesuffix("_t")
        return np.dtype(
            {"float": "f4", "double": "f8", "char": "i1", "byte": "u1"}.get(typename, typename)
        )

    def _near(self, name: str) -> str:
        near = nearest(name, self.branches)
        return (
            f"did you mean {quoted(near[0])}?"
            if near
            else f"its branches are: {', '.join(self.branches[:30])}"
        )

    def chunks(
        self, names: Sequence[str], chunk_bytes: int = CHUNK_BYTES, entries: int | None = None
    ) -> Iterator[tuple[int, dict[str, Column]]]:
        """Read the named branches chunk by chunk.

        Args:
            names: branches; all must be there.
            chunk_bytes: about how many uncompressed bytes to read at a time.
            entries: how many entries to read, from the first; all if None.

        Yields:
            Number of the chunk's first entry, and its columns.
        """
        if not self.n_entries:
            return
        is_rntuple = hasattr(self._tree, "cluster_summaries")
        start = 0
        try:
            step = max(
                1, min(self.n_entries, int(self._tree.num_entries_for(chunk_bytes, list(names))))
            )
            tables: Iterator[Any]
            if entries is not None:
                tables = iter([self._tree.arrays(list(names), entry_stop=entries, library="ak")])
            else:
                by = self._by_clusters if is_rntuple else self._by_entries
                tables = by(names, step)
            for table in tables:
                yield start, {name: _column(_field(table, name, is_rntuple)) for name in names}
                start += len(table)
        except (InputError, GeneratorExit):
            raise
        except Exception as error:  # uproot and the codecs raise whatever broke first
            raise InputError(
                f"cannot be read from entry {start} on ({type(error).__name__}: {_first_line(error)})",
                file=self.path,
                field=f"tree {self.name}, branches {', '.join(names)}",
                remedy="the file is damaged or holds a type that is not a number or list of numbers",
            ) from error

    def _by_entries(self, names: Sequence[str], step: int) -> Iterator[Any]:
        yield from self._tree.iterate(list(names), step_size=step, library="ak")

    def _by_clusters(self, names: Sequence[str], step: int) -> Iterator[Any]:
        """An RNTuple by whole clusters, each decompressed once, and handed on in steps."""
        ends = [
            cluster.num_first_entry + cluster.num_entries
            for cluster in self._tree.cluster_summaries
        ]
        start = 0
        for number, end in enumerate(ends):
            following = ends[number + 1] if number + 1 < len(ends) else None
            if following is not None and following - start <= step:
                continue
            table = self._tree.arrays(list(names), entry_start=start, entry_stop=end, library="ak")
            for first in range(0, len(table), step):
                yield table[first : first + step]
            start = end


@contextmanager
def open_tree(path: str | Path, name: str, *, allow_empty: bool = False) -> Iterator[Tree]:
    """Open a TTree or RNTuple of a ROOT file.

    Args:
        path: the file.
        name: name of the tree.
        allow_empty: whether no entries are no fault.

    Raises:
        InputError: no file, no ROOT file, a truncated file, no such tree, an empty tree.
    """
    path = Path(path)
    with _opened(path) as file:
        opened = _found_tree(file, path, name)
        if opened.n_entries == 0 and not allow_empty:
            raise InputError(
                "is empty", file=path, field=f"tree {name}", remedy="leave the file out of the list"
            )
        yield opened


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    import uproot

    require_file(path, "give an existing ROOT file")
    if (kind := kind_of(path)) not in (None, "a ROOT file"):
        raise InputError(
            f"is {kind}, not a ROOT file", file=path, remedy="give ROOT files: a TTree or RNTuple"
        )
    try:
        file = uproot.open({str(path): None}, array_cache=None)
        end = int(file.file.fEND)
    except Exception as error:  # whatever the bytes made uproot stumble over
        raise InputError(
            f"is not a whole ROOT file ({type(error).__name__}: {_first_line(error)})",
            file=path,
            remedy="copy it again, or check the job that wrote it",
        ) from error
    with file:
        size = path.stat().st_size
        if size < end:
            raise InputError(
                f"is truncated: it has {size} of {end} bytes",
                file=path,
                remedy="copy it again, or check its disk",
            )
        yield file


def _found_tree(file: Any, path: Path, name: str) -> Tree:
    try:
        classes = file.classnames(cycle=False)
        trees = sorted(
            key
            for key, kind in classes.items()
            if kind in ("TTree", "TNtuple", "TNtupleD") or "RNTuple" in kind
        )
        if name in trees:
            tree = None if "Experimental" in classes[name] else file[name]
            if tree is None or getattr(tree, "_members", {}).get("fVersionEpoch", 1) < 1:
                raise _of_old_version(path, name)
            branches = tuple(dict.fromkeys(map(str, tree.keys(recursive=True))))
            return Tree(path, name, branches, int(tree.num_entries), tree)
    except InputError:
        raise
    except Exception as error:  # as above
        raise InputError(
            f"cannot be read ({type(error).__name__}: {_first_line(error)})",
            file=path,
            field=f"tree {name}",
            remedy="copy it again, or check the job that wrote it",
        ) from error
    raise InputError(
        "is not in the file",
        file=path,
        field=f"tree {name}",
        remedy=f"its trees are: {', '.join(trees) or 'none'}",
    )


def _of_old_version(path: Path, name: str) -> InputError:
    return InputError(
        "is an RNTuple of the experimental format before version 1",
        file=path,
        field=f"tree {name}",
        remedy="write it again with ROOT 6.34 or later, which can read it, or as a TTree",
    )


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), "")[:120]


def _field(table: Any, name: str, is_rntuple: bool) -> Any:
    if not is_rntuple:
        return table[name]
    for part in name.split("."):
        table = table[part]
    return table


def _column(array: Any) -> Column:
    """An awkward array as numpy."""
    import awkward as ak

    layout = ak.to_layout(ak.to_packed(array))
    if layout.parameter("__array__") is not None:
        raise TypeError(f"{layout.parameter('__array__')}s are not numbers")
    if isinstance(layout, ak.contents.NumpyArray) and layout.data.ndim == 1:
        return np.asarray(layout.data)
    if isinstance(layout, ak.contents.ListArray | ak.contents.RegularArray):
        layout = layout.to_ListOffsetArray64(True)
    if isinstance(layout, ak.contents.NumpyArray):  # entries of fixed shape
        layout = layout.to_RegularArray().to_ListOffsetArray64(True)
    content = getattr(layout, "content", None)
    if isinstance(layout, ak.contents.ListOffsetArray):
        offsets = np.asarray(layout.offsets.data, dtype=np.int64)
        if isinstance(content, ak.contents.NumpyArray) and content.data.ndim == 1:
            return Jagged(offsets, np.asarray(content.data))
        if content is not None and content.purelist_depth == 2 and not content.is_record:
            inner = _column(ak.Array(content))
            if isinstance(inner, Jagged):
                return Nested(offsets, inner.offsets, inner.content)
    raise TypeError(f"{ak.type(array)} is neither a number nor a list of numbers per entry")


def read_metadata(path: str | Path) -> Settings:
    """The metadata that `ColumnWriter` put into a file; empty where there are none."""
    with _opened(Path(path)) as file:
        if METADATA not in file.keys(cycle=False):
            return {}
        try:
            content = json.loads(str(file[METADATA]))
        except Exception:  # no JSON, or bytes that uproot stumbles over
            content = None
        if not isinstance(content, dict):
            remedy = "copy the file again, or remove or rename that object"
            raise InputError("is not JSON", file=path, field=METADATA, remedy=remedy)
        return content


def read_columns(
    path: str | Path,
    tree: str = "events",
    names: Sequence[str] | None = None,
    chunk_bytes: int = CHUNK_BYTES,
) -> Iterator[dict[str, NDArray[Any]]]:
    """Read columns of numbers, chunk by chunk; lists of hits are left out. A tree may be empty.

    Args:
        path, tree: the file and its tree.
        names: columns; all that hold one number per entry if None.
        chunk_bytes: about how many uncompressed bytes to read at a time.

    Yields:
        Arrays of equal length by name.
    """
    with open_tree(path, tree, allow_empty=True) as opened:
        chosen = (
            list(names)
            if names is not None
            else [name for name in opened.branches if opened.is_number(name)]
        )
        opened.require(chosen)
        for start, columns in opened.chunks(chosen, chunk_bytes):
            for name, column in columns.items():
                if not isinstance(column, np.ndarray):
                    raise InputError(
                        "is a list where one number per entry is needed",
                        file=path,
                        field=f"branch {name}, entry {start}",
                    )
            yield {
                name: column for name, column in columns.items() if isinstance(column, np.ndarray)
            }
