"""Events in the order of time, where a file has them otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from exonu.core.types import Array
from exonu.events.raw.raw_events import Events


def out_of_order(time_s: Array) -> int:
    """How many events are earlier than one before them.

    >>> out_of_order(np.array([1.0, 5.0, 3.0, 4.0, 6.0]))
    2
    """
    return int(np.count_nonzero(time_s < np.maximum.accumulate(time_s)))


def in_order_of_time(chunks: Iterable[Events], time_s: Array) -> Iterator[Events]:
    """Sort a run by time; events of the same time stay in the order of the file.

    What is held in memory reaches from an event to the last one that belongs before it.

    Args:
        chunks: all events of the run as the files have them.
        time_s: the times of all of them [s].
    """
    rank: NDArray[np.int64] = np.empty(len(time_s), dtype=np.int64)
    rank[np.argsort(time_s, kind="stable")] = np.arange(len(time_s))
    # the lowest rank that is still to come, after so many events
    to_come = np.append(np.minimum.accumulate(rank[::-1])[::-1], len(rank))
    waiting: list[Events] = []
    ranks: NDArray[np.int64] = np.empty(0, dtype=np.int64)
    read = 0
    for events in chunks:
        waiting.append(events)
        ranks = np.append(ranks, rank[read : read + len(events)])
        read += len(events)
        order = np.argsort(ranks)
        ready = int(np.searchsorted(ranks[order], to_come[read]))
        if not ready:
            continue
        held = Events.join(waiting)
        yield held[order[:ready]]
        waiting, ranks = [held[np.sort(order[ready:])]], ranks[np.sort(order[ready:])]
