"""What control regions bring: errors of the backgrounds' normalisations after the fit, and expected
limits, beside those of the same spectrum without them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from exonu.core.types import Json
from exonu.search.fit_channels import without_regions
from exonu.search.signals import hypothesis_name
from exonu.search.strengths import strength
from exonu.statistics import compile_workspace, fit, upper_limit

if TYPE_CHECKING:
    import pandas as pd

NORM = "_norm"
LIMIT = "expected limit"


def with_and_without_regions(
    workspaces: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]], confidence_level: float
) -> pd.DataFrame:
    """The comparison.

    Args:
        workspaces: specification and meaning of each hypothesis.
        confidence_level: of the limits.

    Returns:
        Of each hypothesis the median expected limit, in its unit, and the relative error of each
        normalisation after a fit of the data without a signal: `prior`, where there is one,
        `with_regions`, `without` and their `ratio`. A hypothesis without regions has no rows.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for spec, meaning in workspaces:
        if not meaning.get("regions"):
            continue
        name = hypothesis_name(meaning["interaction"], meaning["flavour"], meaning["mass_MeV"])
        both = [
            _numbers(one, meaning, confidence_level)
            for one in (dict(spec), without_regions(dict(spec)))
        ]
        priors = _priors(dict(spec))
        for quantity, value in both[0].items():
            without = both[1].get(quantity)
            ratio = value / without if value is not None and without else None
            rows.append(
                {
                    "hypothesis": name, "quantity": quantity, "prior": priors.get(quantity),
                    "with_regions": value, "without": without, "ratio": ratio,
                }
            )  # fmt: skip
    columns = ["hypothesis", "quantity", "prior", "with_regions", "without", "ratio"]
    return pd.DataFrame(rows, columns=columns)


def _priors(spec: Json) -> dict[str, float]:
    """Relative uncertainty of each normalisation that has one, by its quantity: ln(1 + u) of a factor
    (1 + u)^±1. One that shells measure moves other backgrounds too, and only its own counts."""
    return {
        f"error of {modifier['name']}": math.log(modifier["data"]["hi"])
        for channel in reversed(spec["channels"])  # the spectrum, which is first, has the last word
        for sample in channel["samples"]
        for modifier in sample["modifiers"]
        if modifier["name"] == sample["name"] + NORM and modifier["type"] == "normsys"
    }


def _numbers(spec: Json, meaning: Mapping[str, Any], level: float) -> dict[str, float | None]:
    model = compile_workspace(spec, poi_map=meaning["poi_map"])
    median = upper_limit(model, confidence_level=level).expected[2]
    limit = None if median is None else strength(float(median), meaning)
    errors, priors = fit(model, fixed={model.poi: 0.0}).errors, _priors(spec)
    norms: dict[str, float | None] = {
        quantity: error * priors.get(quantity, 1.0)
        for name, error in errors.items()
        if name.endswith(NORM)
        for quantity in [f"error of {name}"]
    }
    return {LIMIT: limit} | norms
