"""What a cut does where it matters: to the events that all other cuts keep, and to those that have
a value.

In the cut flow a cut late in the order seems to do little if most events never reach it, or if its
variable is not computed for them (NaN passes R(T)). So here each cut is also taken last, and events
without a value are counted apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from exonu.core.settings import Settings
from exonu.core.types import Array
from exonu.events.selection.cut_flow import efficiency_interval, levels

if TYPE_CHECKING:
    import pandas as pd

ENERGY = "energy_keVee"
_KINDS = ("before", "before_valued", "kept_valued", "last", "last_valued", "last_kept_valued")
_EFFICIENCIES = {
    "valued_efficiency": ("kept_valued", "before_valued"),
    "last_valued_efficiency": ("last_kept_valued", "last_valued"),
}


class ConditionCounts:
    """Events, Σw and Σw² before and after each cut, in the cuts' order and with the cut taken last.

    Args:
        variables: those of each cut, in the cuts' order.
        ranges_keVee: edges of ranges of the reconstructed energy, shape (n_ranges + 1,). All
            energies are counted too.

    Attributes:
        sums: shape (3, 6, n_cuts, 1 + n_ranges): of the events that the cuts before keep, those of
            them that have a value, and these kept; the same of events that all other cuts keep.
            First all energies.
    """

    def __init__(self, variables: Sequence[Sequence[str]], ranges_keVee: Sequence[float]) -> None:
        self._variables = variables
        self.ranges_keVee = np.asarray(ranges_keVee, dtype=np.float64)
        n_ranges = max(len(self.ranges_keVee) - 1, 0)
        self.sums = np.zeros((3, len(_KINDS), len(variables), 1 + n_ranges))

    def add(self, columns: Mapping[str, NDArray[Any]], passed: NDArray[np.bool_]) -> None:
        """Count a chunk.

        Args:
            columns: the variables, shape (n,) each.
            passed: whether each event passes each cut on its own, shape (n_cuts, n).
        """
        n = passed.shape[1]
        weight = np.asarray(columns.get("weight", np.ones(n)), dtype=np.float64)
        place = np.zeros(n, dtype=np.int64)  # 0: in no range
        if ENERGY in columns and len(self.ranges_keVee):
            place = np.searchsorted(self.ranges_keVee, columns[ENERGY], side="right")
            place[(place == len(self.ranges_keVee)) | ~np.isfinite(columns[ENERGY])] = 0
        failed = (~passed).sum(axis=0)
        before = np.ones(n, dtype=bool)
        for number, names in enumerate(self._variables):
            last = failed - ~passed[number] == 0
            valued = has_value(columns, names)
            for kind, events in enumerate(
                (before, before & valued, before & valued & passed[number],
                 last, last & valued, last & valued & passed[number])
            ):  # fmt: skip
                for power in range(3):
                    self._count(power, kind, number, place[events], weight[events] ** power)
            before = before & passed[number]

    def _count(
        self, power: int, kind: int, cut: int, place: NDArray[np.int64], weight: Array
    ) -> None:
        binned = np.bincount(place, weight, self.sums.shape[-1])
        self.sums[power, kind, cut, 0] += binned.sum()
        self.sums[power, kind, cut, 1:] += binned[1:]


def has_value(columns: Mapping[str, NDArray[Any]], names: Sequence[str]) -> NDArray[np.bool_]:
    """Which events have a value of all these variables, not NaN.

    >>> has_value({"r_t_cm": np.array([3.0, np.nan])}, ["r_t_cm"]).tolist()
    [True, False]
    """
    n = len(next(iter(columns.values())))
    valued = np.ones(n, dtype=bool)
    for name in names:
        if np.issubdtype(columns[name].dtype, np.floating):
            valued &= ~np.isnan(columns[name])
    return valued


def cut_condition_table(records: Sequence[Settings]) -> pd.DataFrame:
    """Each cut in its order and taken last: one row per source, cut and energy range.

    Args:
        records: of all runs and samples, from `cuts.select`.

    Returns:
        A table with the source (as the cut flow's), the range of reconstructed energy (empty: all),
        the cut, `before` and `no_value`: events that the cuts before keep, and those of them
        without a value of the cut's variables; `last` and `last_no_value`: the same of events that
        all other cuts keep; and the weighted efficiencies of the cut for events with a value,
        `valued_efficiency` of the former and `last_valued_efficiency` of the latter, each with the
        ends of its interval.
    """
    import pandas as pd

    edges = max((record["ranges_keVee"] for record in records), key=len)
    rows: list[dict[str, Any]] = []
    for source, sums in levels(records, "conditions"):
        by_kind = dict(zip(_KINDS, np.moveaxis(sums, 1, 0), strict=True))
        intervals = {
            name: efficiency_interval(by_kind[kept], by_kind[of])
            for name, (kept, of) in _EFFICIENCIES.items()
        }
        ranges: list[tuple[Any, Any]] = [("", ""), *pairwise(edges)]
        for number, (low, high) in enumerate(ranges[: sums.shape[-1]]):
            for place, cut in enumerate(records[0]["cuts"]):
                row = {
                    name: source.get(name, "")
                    for name in ("level", "kind", "stream", "run", "sample", "component")
                }
                row |= {"energy_low_keVee": low, "energy_high_keVee": high, "cut": cut["name"]}
                for name in ("before", "last"):
                    events, valued = (
                        int(by_kind[kind][0, place, number]) for kind in (name, f"{name}_valued")
                    )
                    row |= {name: events, _no_value(name): events - valued}
                for name, interval in intervals.items():
                    for end, values in zip(("", "_low", "_high"), interval, strict=True):
                        row[f"{name}{end}"] = float(values[place, number])
                rows.append(row)
    return pd.DataFrame(rows)


def _no_value(kind: str) -> str:
    return "no_value" if kind == "before" else "last_no_value"
