"""Tables of events in any of the formats that are read, chunk by chunk in bounded memory.

What a file is follows from its content, not from its name. Parquet and Feather are read by pyarrow,
HDF5 by h5py, ROOT by uproot, CSV by pandas; a library is asked for only when a file needs it. All
that is handed on is numbers: one array per column, of one length."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exonu.core.errors import InputError, raise_all
from exonu.core.text_files import kind_of, require_file
from exonu.events.expressions import nearest, quoted
from exonu.events.raw.root_files import Tree, open_tree

Columns = dict[str, NDArray[Any]]
CHUNK_ROWS = 250_000
"""Rows that are read at a time: some MB for each ten columns."""
FORMATS = {
    "a ROOT file": "root",
    "a Parquet file": "parquet",
    "an Arrow file": "feather",
    "an HDF5 file": "hdf5",
    None: "csv",
}
"""By what `kind_of` says of a file's first bytes."""


@dataclass(frozen=True)
class ColumnFile:
    """An open table.

    Attributes:
        path: of the file.
        place: what a column is called in messages, e.g. `column` or `branch`.
        columns: names of all columns.
        n_rows: number of rows; −1 where only reading tells (CSV).
        read: columns by chunks, for names and a number of rows.
    """

    path: Path
    place: str
    columns: tuple[str, ...]
    n_rows: int
    read: Callable[[Sequence[str], int], Iterator[Columns]]

    def require(self, wanted_by: Mapping[str, str]) -> None:
        """Raise one fault for each name that is no column.

        Args:
            wanted_by: the names, each with the setting that asks for it.
        """
        raise_all(
            InputError(
                f"is not in the file (wanted by {setting})", file=self.path,
                field=f"{self.place} {name}", remedy=self._near(name),
            )
            for name, setting in wanted_by.items() if name not in self.columns
        )  # fmt: skip

    def _near(self, name: str) -> str:
        near = nearest(name, self.columns)
        listed = ", ".join(self.columns[:30])
        return f"did you mean {quoted(near[0])}?" if near else f"its columns are: {listed}"

    def chunks(self, names: Sequence[str], rows: int = CHUNK_ROWS) -> Iterator[tuple[int, Columns]]:
        """Read some columns.

        Yields:
            Number of the chunk's first row, and its columns; none that is empty.

        Raises:
            InputError: columns of several lengths, a column that holds no numbers, a file that
                cannot be read on.
        """
        start = 0
        try:
            for columns in self.read(list(names), rows):
                lengths = {name: len(column) for name, column in columns.items()}
                if any(lengths.values()):
                    self._check(columns, lengths, start)
                    yield start, columns
                    start += next(iter(lengths.values()))
        except (InputError, GeneratorExit):
            raise
        except Exception as error:  # pyarrow, h5py and pandas raise whatever broke first
            first = next(iter(str(error).strip().splitlines()), "")[:160]
            raise InputError(
                f"cannot be read from row {start} on ({type(error).__name__}: {first})", file=self.path,
                remedy="the file is damaged, or its rows are not all of one length",
            ) from error  # fmt: skip

    def _check(self, columns: Columns, lengths: Mapping[str, int], start: int) -> None:
        shortest, longest = (
            min(lengths, key=lengths.__getitem__),
            max(lengths, key=lengths.__getitem__),
        )
        if lengths[shortest] != lengths[longest]:
            raise InputError(
                f"has {start + lengths[shortest]} rows where {self.place} {longest} has more", file=self.path,
                field=f"{self.place} {shortest}", remedy="give one value for every event in every column",
            )  # fmt: skip
        for name, column in columns.items():
            if column.dtype.kind not in "biuf" or column.ndim != 1:
                what = (
                    f"an array of {column.ndim} dimensions"
                    if column.ndim != 1
                    else "text or objects"
                )
                raise InputError(
                    f"holds {what}, not one number for each event", file=self.path,
                    field=f"{self.place} {name}", remedy="map a column of numbers",
                )  # fmt: skip


@contextmanager
def open_columns(path: str | Path, tree: str) -> Iterator[ColumnFile]:
    """Open a table of events.

    Args:
        path: the file.
        tree: name of the TTree or RNTuple, or of the group or compound data set of an HDF5 file;
            other formats have none.

    Raises:
        InputError: no such file, a file of a kind that is not read, no such tree or group, a
            library that is not installed.
    """
    path = require_file(path, "give an existing file of events")
    kind = kind_of(path)
    if kind not in FORMATS:
        raise InputError(
            f"is {kind}",
            file=path,
            remedy="events are read from ROOT, Parquet, Feather, HDF5 and CSV files",
        )
    with _OPENED[FORMATS[kind]](path, tree) as opened:
        yield opened


@contextmanager
def _root(path: Path, tree: str) -> Iterator[ColumnFile]:
    with open_tree(path, tree, allow_empty=True) as opened:
        yield ColumnFile(path, "branch", opened.branches, opened.n_entries, _of_tree(opened))


def _of_tree(tree: Tree) -> Callable[[Sequence[str], int], Iterator[Columns]]:
    def read(names: Sequence[str], rows: int) -> Iterator[Columns]:
        for start, columns in tree.chunks(names, 8 * max(len(names), 1) * rows):
            for name, column in columns.items():
                if not isinstance(column, np.ndarray):
                    raise InputError(
                        "is a list where one number per event is needed", file=tree.path,
                        field=f"branch {name}, entry {start}",
                    )  # fmt: skip
            yield {name: np.asarray(column) for name, column in columns.items()}

    return read


@contextmanager
def _parquet(path: Path, tree: str) -> Iterator[ColumnFile]:
    parquet = library("pyarrow.parquet", path)
    with _whole(path, "Parquet"):
        opened = parquet.ParquetFile(path, memory_map=True)

    def read(names: Sequence[str], rows: int) -> Iterator[Columns]:
        for batch in opened.iter_batches(batch_size=rows, columns=list(names), use_threads=False):
            yield _of_arrow(batch)

    with opened:
        yield ColumnFile(
            path, "column", tuple(opened.schema_arrow.names), opened.metadata.num_rows, read
        )


@contextmanager
def _feather(path: Path, tree: str) -> Iterator[ColumnFile]:
    arrow = library("pyarrow", path)
    with arrow.memory_map(str(path)) as source:
        with _whole(path, "Feather"):
            opened = arrow.ipc.open_file(source)
        names_of_all = tuple(opened.schema.names)

        def read(names: Sequence[str], rows: int) -> Iterator[Columns]:
            wanted = [names_of_all.index(name) for name in names]
            some = arrow.ipc.open_file(
                source, options=arrow.ipc.IpcReadOptions(included_fields=wanted, use_threads=False)
            )
            for number in range(some.num_record_batches):
                yield _of_arrow(some.get_batch(number))

        yield ColumnFile(path, "column", names_of_all, -1, read)


def _of_arrow(batch: Any) -> Columns:
    """Columns of a record batch; what is not there is NaN."""
    return {
        name: _of_arrow_column(column)
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
    }


def _of_arrow_column(column: Any) -> NDArray[Any]:
    try:
        return np.from_dlpack(
            column
        )  # without a copy, and without pandas, which takes long to load
    except (TypeError, BufferError, ValueError):  # values that are not there, truth values, text
        return np.asarray(column.to_numpy(zero_copy_only=False))


@contextmanager
def _hdf5(path: Path, tree: str) -> Iterator[ColumnFile]:
    h5py = library("h5py", path)
    with _whole(path, "HDF5"):
        file = h5py.File(path, "r")
    with file:
        found = file.get(
            tree, file if not any(isinstance(file[key], h5py.Group) for key in file) else None
        )
        if found is None:
            raise InputError(
                "is not in the file", file=path, field=f"group {tree}",
                remedy=f"name one of its groups in `columns.tree`: {', '.join(file)}",
            )  # fmt: skip
        if isinstance(found, h5py.Group) and "table" in found:  # what pandas and PyTables write
            found = found["table"]
        if isinstance(found, h5py.Dataset):
            names, n_rows = tuple(found.dtype.names or ()), len(found)
            if not names:
                raise InputError(
                    "is one array, and columns need names", file=path, field=f"data set {tree}",
                    remedy="write a compound data set, or a group of one data set for each column",
                )  # fmt: skip
        else:
            names = tuple(key for key in found if isinstance(found[key], h5py.Dataset))
            n_rows = max((len(found[key]) for key in names if found[key].shape), default=0)

        def read(wanted: Sequence[str], rows: int) -> Iterator[Columns]:
            for start in range(0, n_rows, rows):
                part = slice(start, start + rows)
                if isinstance(found, h5py.Dataset):
                    block = found[part]
                    yield {name: block[name] for name in wanted}
                else:
                    yield {name: np.asarray(found[name][part]) for name in wanted}

        yield ColumnFile(path, "column", names, n_rows, read)


@contextmanager
def _csv(path: Path, tree: str) -> Iterator[ColumnFile]:
    import pandas as pd

    with _whole(path, "CSV"):
        names_of_all = tuple(pd.read_csv(path, comment="#", nrows=0, skipinitialspace=True).columns)

    # Since version 3 numbers come as they are written without asking. All columns are read: with some
    # alone, a line that is too long would not show.
    exact: dict[str, Any] = {"float_precision": "round_trip"} if int(pd.__version__[0]) < 3 else {}

    def read(names: Sequence[str], rows: int) -> Iterator[Columns]:
        frames = pd.read_csv(
            path, comment="#", chunksize=rows, skipinitialspace=True, on_bad_lines="error", **exact
        )  # fmt: skip
        for frame in frames:
            if not isinstance(
                frame.index, pd.RangeIndex
            ):  # pandas takes the first value for a name then
                raise InputError(
                    f"have more values than the header's {len(names_of_all)}", file=path, field="rows",
                    remedy="give every column a name",
                )  # fmt: skip
            yield {str(name): frame[name].to_numpy() for name in names}

    yield ColumnFile(path, "column", names_of_all, -1, read)


_OPENED = {"root": _root, "parquet": _parquet, "feather": _feather, "hdf5": _hdf5, "csv": _csv}


def library(name: str, path: Path) -> Any:
    """A library that reads or writes a format.

    Raises:
        InputError: it is not installed.
    """
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError:
        package = name.partition(".")[0]
        raise InputError(
            f"needs {package}, which is not installed", file=path,
            remedy=f"install it (pip install {package}; `make` does), or give ROOT or CSV files",
        ) from None  # fmt: skip


@contextmanager
def _whole(path: Path, what: str) -> Iterator[None]:
    """A file that a library cannot even open is damaged."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # as above
        first = next(iter(str(error).strip().splitlines()), "")[:160]
        raise InputError(
            f"is not a whole {what} file ({type(error).__name__}: {first})", file=path,
            remedy="copy it again, or check the job that wrote it",
        ) from error  # fmt: skip
