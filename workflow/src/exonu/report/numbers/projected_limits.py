"""Limits projected to other live times: the rows `asymptotic-<days>d`, `asymptotic-<days>d-no-mc`
and `asymptotic-<days>d-stat` of `limits.csv`.

Nothing was observed in them: they are expected limits of an Asimov data set of that live time
(`exonu.search.limit_records.projected_limits`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from exonu.report.numbers.figure_records import Heading

_METHOD = re.compile(r"asymptotic-(.+)d")


@dataclass(frozen=True)
class Projection:
    """A live time for which limits are projected.

    Attributes:
        days: live time as `limits.csv` writes it, e.g. ``711``.
    """

    days: str

    @property
    def method(self) -> str:
        """Its limits with all systematic uncertainties."""
        return f"asymptotic-{self.days}d"

    @property
    def without_mc_method(self) -> str:
        """Its limits without the uncertainty from the number of simulated events."""
        return f"{self.method}-no-mc"

    @property
    def beside(self) -> dict[str, str]:
        """Its further limits, with less uncertainty: method, and what is said of it."""
        return {
            self.without_mc_method: "without MC statistics",
            self.statistics_method: "statistics alone",
        }

    @property
    def statistics_method(self) -> str:
        """Its limits with all nuisance parameters at their nominal values."""
        return f"{self.method}-stat"

    @property
    def label(self) -> str:
        """What figures and tables call its limits."""
        return f"expected at {self.days} d"


def projections(limits: pd.DataFrame) -> list[Projection]:
    """The live times of a `limits.csv`, shortest first; none unless `statistics.projections` asked
    for some.

    >>> import pandas as pd
    >>> methods = ["asymptotic", "asymptotic-711d", "asymptotic-711d-stat", "asymptotic-90d", "delta-chi2"]
    >>> [found.label for found in projections(pd.DataFrame({"method": methods}))]
    ['expected at 90 d', 'expected at 711 d']
    """
    found = {
        match[1] for method in limits["method"].unique() if (match := _METHOD.fullmatch(method))
    }
    return [Projection(days) for days in sorted(found, key=float)]


def own_days(heading: Heading) -> str:
    """The live time of the data themselves, for labels beside projected limits; empty where it is
    not known."""
    return "" if heading.live_days is None else f"{heading.live_days:.4g} d"


def kind_of_data(heading: Heading) -> str:
    """What projected limits are made from: expected counts, and of a simulated analysis simulated
    ones."""
    return "Asimov data, simulated" if heading.is_simulated else "Asimov data"
