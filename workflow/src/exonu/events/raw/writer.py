"""Columns and hits written into ROOT files chunk by chunk: TTree or RNTuple, whole or absent."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exonu.core.files import canonical_json, whole_or_absent
from exonu.core.settings import Settings
from exonu.events.raw.root_files import METADATA

ENTRIES_PER_BASKET = 8192
"""Entries that are compressed together: small enough for chunks, large enough for the
compression."""
ROWS_PER_BASKET = 131_072
"""The same of tables without hits, whose entries are small."""


def cut_mantissa(values: NDArray[np.float32], bits: int) -> NDArray[np.float32]:
    """Round float32 to so many bits of the mantissa (of 23), which saves space; infinities and NaN
    stay.

    >>> cut_mantissa(np.array([1.2345678], dtype=np.float32), 9)
    array([1.234375], dtype=float32)
    """
    if bits >= 23:
        return values
    drop = 23 - bits
    word = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    rounded = (word + np.uint32(1 << (drop - 1))) & np.uint32(0xFFFFFFFF << drop & 0xFFFFFFFF)
    return np.where(np.isfinite(values), rounded.view(np.float32), values)


class ColumnWriter:
    """Write columns into a TTree or an RNTuple, chunk by chunk; the file is whole or absent.

    Args:
        path: the file.
        tree: name of the tree.
        metadata: kept in the file as JSON.
        rntuple: write an RNTuple.
        entries_per_basket: that are compressed together.

    The first `write` settles names and types; zero entries are enough for that. Lists of one length
    per entry (`hits`) share one counter, `nhit`."""

    def __init__(
        self, path: str | Path, tree: str, metadata: Settings, *, rntuple: bool = False,
        entries_per_basket: int = ENTRIES_PER_BASKET,
    ) -> None:  # fmt: skip
        self._entries_per_basket = entries_per_basket
        self._path, self._name, self._metadata, self._rntuple = Path(path), tree, metadata, rntuple
        self._tree: Any = None
        self._waiting: list[
            tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]], NDArray[np.int64]]
        ] = []
        self._n_waiting = 0

    def __enter__(self) -> ColumnWriter:
        import uproot

        self._context = whole_or_absent(self._path)
        beside = self._context.__enter__()
        # ZSTD-1: LZMA writes 50 times slower
        self._file = uproot.recreate(str(beside), compression=uproot.ZSTD(1))
        self._file[METADATA] = canonical_json(self._metadata)
        return self

    def __exit__(self, *error: Any) -> None:
        try:
            try:
                if error[0] is None:
                    self._flush()
            finally:
                self._file.close()
        except BaseException:  # a full disk, say: what was written is not a whole file
            self._context.__exit__(*sys.exc_info())
            raise
        self._context.__exit__(*error)

    def write(
        self,
        columns: Mapping[str, NDArray[Any]],
        hits: Mapping[str, NDArray[Any]] | None = None,
        offsets: NDArray[np.int64] | None = None,
    ) -> None:
        """Add entries.

        Args:
            columns: arrays with one value per entry.
            hits: arrays with one value per hit.
            offsets: where the hits of each entry begin, shape (n + 1,), from 0.
        """
        offsets = (
            np.zeros(1, dtype=np.int64) if offsets is None else np.asarray(offsets, dtype=np.int64)
        )
        self._waiting.append((dict(columns), dict(hits or {}), offsets))
        self._n_waiting += len(next(iter(columns.values())))
        if self._n_waiting >= self._entries_per_basket:
            self._flush()

    def _flush(self) -> None:
        if not self._waiting:
            return
        columns = _joined([part[0] for part in self._waiting])
        hits = _joined([part[1] for part in self._waiting])
        offsets = np.concatenate(
            [[0], np.cumsum(np.concatenate([np.diff(part[2]) for part in self._waiting]))]
        )
        self._waiting, count, self._n_waiting = [], self._n_waiting, 0
        for start in range(0, max(count, 1), self._entries_per_basket):
            stop = min(start + self._entries_per_basket, count)
            self._extend(
                {name: column[start:stop] for name, column in columns.items()},
                hits,
                offsets[start : stop + 1],
            )

    def _extend(
        self,
        columns: dict[str, NDArray[Any]],
        hits: dict[str, NDArray[Any]],
        offsets: NDArray[np.int64],
    ) -> None:
        lists = _lists(hits, offsets, together=not self._rntuple) if hits else {}
        if self._tree is None:
            types = {name: column.dtype for name, column in columns.items()}
            kinds = {name: lists[name].type.content for name in lists}
            if self._rntuple:
                self._tree = self._file.mkrntuple(self._name, types | kinds)
            else:  # file[name] = … would write an RNTuple
                self._tree = self._file.mktree(
                    self._name,
                    types | kinds,
                    counter_name=lambda _: "nhit",
                    field_name=lambda _, inner: inner,
                )
        if len(next(iter(columns.values()))):
            self._tree.extend(columns | lists)


def _joined(parts: Sequence[Mapping[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _lists(
    hits: Mapping[str, NDArray[Any]], offsets: NDArray[np.int64], *, together: bool
) -> dict[str, Any]:
    """Awkward arrays of the hits; `together` zips them, so that a TTree counts them once."""
    import awkward as ak

    first, last = int(offsets[0]), int(offsets[-1])
    contents = {
        name: ak.contents.NumpyArray(np.ascontiguousarray(values[first:last]))
        for name, values in hits.items()
    }
    index = ak.index.Index64(offsets - first)
    if together:
        record = ak.contents.RecordArray(list(contents.values()), list(contents))
        return {"": ak.Array(ak.contents.ListOffsetArray(index, record))}
    return {
        name: ak.Array(ak.contents.ListOffsetArray(index, content))
        for name, content in contents.items()
    }
