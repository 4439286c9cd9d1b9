"""The channel map: which photomultiplier of the geometry each number of a user's files is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exonu.core.errors import InputError, raise_all
from exonu.core.settings import Settings
from exonu.core.tables import read_numbers

COLUMNS = ("your_id", "channel")
LEFT_OUT = -1
"""Channel of what is not part of the geometry, e.g. a tube of the outer detector."""


@dataclass(frozen=True)
class ChannelMap:
    """Channels by the numbers that the files have.

    Attributes:
        file: the table, for messages.
        ids: the numbers of the files, ascending.
        channels: their channels in the geometry, from 0, or `LEFT_OUT`.

    >>> ChannelMap(Path("map.csv"), (101, 102, 900), (1, 0, -1)).find(np.array([102, 900, 7])).tolist()
    [0, -1, -2]
    """

    file: Path
    ids: tuple[int, ...]
    channels: tuple[int, ...]

    UNKNOWN = -2

    @cached_property
    def _arrays(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        return np.array(self.ids, dtype=np.int64), np.array(self.channels, dtype=np.int64)

    def find(self, ids: NDArray[Any]) -> NDArray[np.int64]:
        """Channel of each number, `LEFT_OUT`, or `UNKNOWN` for one that is not in the table."""
        known, channels = self._arrays
        place = np.minimum(np.searchsorted(known, ids), len(known) - 1)
        return np.where(known[place] == ids, channels[place], self.UNKNOWN)

    def as_json(self) -> Settings:
        """The map as settings of a job."""
        return {"file": str(self.file), "ids": list(self.ids), "channels": list(self.channels)}

    @classmethod
    def from_settings(cls, block: Settings | None) -> ChannelMap | None:
        """The reverse of `as_json`."""
        if block is None:
            return None
        return cls(Path(block["file"]), tuple(block["ids"]), tuple(block["channels"]))


def read_channel_map(file: str | Path, n_channels: int) -> ChannelMap:
    """Read a channel map.

    Args:
        file: CSV with a row for each number: `your_id`, and its `channel` in the geometry, from 0,
            or -1 where its hits are left out.
        n_channels: number of photomultipliers of the geometry.

    Raises:
        InputError: a malformed table, a number or channel that is not whole or is there twice, a
            channel outside the geometry; one line per fault.
    """
    table = read_numbers(file, COLUMNS)
    raise_all(_faults(file, table, n_channels))
    order = np.argsort(table["your_id"])
    ids, channels = (table[name][order].astype(np.int64).tolist() for name in COLUMNS)
    return ChannelMap(Path(file), tuple(ids), tuple(channels))


def _faults(
    file: str | Path, table: dict[str, NDArray[Any]], n_channels: int
) -> Iterator[InputError]:
    for name, values in table.items():
        if np.any(broken := (values % 1 != 0) | (np.abs(values) > 2**53)):
            yield InputError(
                f"is {values[np.argmax(broken)]:g}, not a whole number",
                file=file,
                field=f"row {int(np.argmax(broken)) + 1}, column {name}",
                remedy="number them by whole numbers",
            )
        there = values[values != LEFT_OUT] if name == "channel" else values
        found, counts = np.unique(there, return_counts=True)
        if np.any(counts > 1):
            yield InputError(
                f"has {found[np.argmax(counts)]:g} twice", file=file, field=name, remedy="keep one"
            )
    outside = (table["channel"] < LEFT_OUT) | (table["channel"] >= n_channels)
    if np.any(outside):
        yield InputError(
            f"is {table['channel'][np.argmax(outside)]:g}, outside the geometry (0 to {n_channels - 1})",
            file=file,
            field=f"row {int(np.argmax(outside)) + 1}, column channel",
            remedy="give the channel of the geometry's table, or -1 to leave its hits out",
        )
