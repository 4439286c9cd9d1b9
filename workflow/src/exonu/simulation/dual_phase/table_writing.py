"""Tables of events in each of the formats that are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exonu.core.files import whole_or_absent
from exonu.events.raw.writer import ColumnWriter
from exonu.events.tabular.column_files import library

Columns = Mapping[str, NDArray[Any]]
TREE = "events"
SAYS = "is_simulated"
"""Name of what every file says of itself in its metadata."""


def write_table(
    path: str | Path, columns: Columns, form: str, *, is_simulated: bool = True
) -> None:
    """Write a table of events, whole or absent.

    Args:
        path: the file.
        columns: arrays of numbers of one length.
        form: `parquet`, `feather`, `hdf5`, `csv`, `root` or `rntuple`.
        is_simulated: kept in the file where the format has room for it.
    """
    if form in ("root", "rntuple"):
        with ColumnWriter(path, TREE, {SAYS: is_simulated}, rntuple=form == "rntuple") as writer:
            writer.write({name: np.asarray(column) for name, column in columns.items()})
        return
    with whole_or_absent(Path(path)) as beside:
        _WRITERS[form](Path(beside), columns, is_simulated)


def _arrow(path: Path, columns: Columns, is_simulated: bool) -> Any:
    arrow = library("pyarrow", path)
    return arrow.table(dict(columns)).replace_schema_metadata({SAYS: str(is_simulated).lower()})


def _parquet(path: Path, columns: Columns, is_simulated: bool) -> None:
    table = _arrow(path, columns, is_simulated)
    library("pyarrow.parquet", path).write_table(table, path, row_group_size=100_000)


def _feather(path: Path, columns: Columns, is_simulated: bool) -> None:
    table = _arrow(path, columns, is_simulated)
    library("pyarrow.feather", path).write_feather(table, str(path), chunksize=100_000)


def _hdf5(path: Path, columns: Columns, is_simulated: bool) -> None:
    with library("h5py", path).File(path, "w") as file:
        group = file.create_group(TREE)
        group.attrs[SAYS] = is_simulated
        for name, column in columns.items():
            group.create_dataset(
                name, data=column, chunks=True, compression="gzip", compression_opts=1
            )


def _csv(path: Path, columns: Columns, is_simulated: bool) -> None:
    import pandas as pd

    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f"# {SAYS}: {str(is_simulated).lower()}\n")
        pd.DataFrame(dict(columns)).to_csv(
            file, index=False
        )  # the shortest text that is the same number


_WRITERS: dict[str, Callable[[Path, Columns, bool], None]] = {
    "parquet": _parquet, "feather": _feather, "hdf5": _hdf5, "csv": _csv,
}  # fmt: skip
