"""What one key, `statistics.convention`, stands for.

cls               the asymptotic CLs limit; no power constraint
xenon-lz-2021     the two-sided interval, its upper end power constrained at -1 σ; the lower end
                  is stated from 3 σ of significance (arXiv:2105.00599, sect. 3)
feldman-cousins   the interval from toys (physics/9711021), by `snakemake toys`
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Convention(NamedTuple):
    """A convention: the method of limits.csv that it states, and its power constraint in σ."""

    method: str
    power_constraint: int | None


CONVENTIONS = {
    "cls": Convention("asymptotic", None),
    "xenon-lz-2021": Convention("two-sided", -1),
    "feldman-cousins": Convention("feldman-cousins", None),
}


def methods_of(statistics: Mapping[str, Any]) -> list[str]:
    """The methods of an analysis that need no toys, the convention's among them.

    >>> methods_of({"methods": ["asymptotic"], "convention": "xenon-lz-2021"})
    ['asymptotic', 'two-sided']
    """
    stated = CONVENTIONS[statistics["convention"]].method
    return list(
        dict.fromkeys([*statistics["methods"], *([stated] if stated == "two-sided" else [])])
    )


def power_constraint_of(statistics: Mapping[str, Any]) -> int | None:
    """The σ below which no limit is stated, None for no such constraint.

    >>> power_constraint_of({"convention": "xenon-lz-2021", "power_constraint": "auto"})
    -1
    """
    asked = statistics["power_constraint"]
    if asked == "auto":
        return CONVENTIONS[statistics["convention"]].power_constraint
    return None if asked == "none" else int(asked)
