"""Limits as rows of `limits.csv`: from μ to the physical parameter, beside what others published.

The columns are a contract with other tools; `results/README.md` documents them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from exonu.core.resources import resource_path
from exonu.search.strengths import strength

COLUMNS = (
    "analysis",
    "interaction",
    "flavour",
    "mass_MeV",
    "parameter",
    "unit",
    "method",
    "confidence_level",
    "observed",
    "expected_minus2",
    "expected_minus1",
    "expected",
    "expected_plus1",
    "expected_plus2",
    "interval_low",
    "interval_high",
    "crossings",
    "unconstrained",
    "p0",
    "significance",
    "best_fit",
    "blinded",
    "is_simulated",
    "published",
    "published_source",
    "notes",
)
KEY = ("analysis", "interaction", "flavour", "mass_MeV", "parameter", "method")
"""One row for each."""

BETWEEN_NOTES = " | "
"""Between the notes of a row; no note holds it."""

EXPECTED = ("expected_minus2", "expected_minus1", "expected", "expected_plus1", "expected_plus2")

MASS_RANGE_MEV = (1e-5, 2e3)
COUPLING_RANGE = (1e-8, 1e-2)
"""What the figure and the page show at most of a dark photon's coupling against its mass."""
_LEAST_DECADES = 3.0
"""A scan over fewer decades of mass is shown with all of the published curves."""


def view_of(
    interaction: str, rows: pd.DataFrame
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Ranges of mass and strength that figure and page show: those of the scan with whole decades
    around the limits; of a dark photon the couplings of the published curves.

    Args:
        interaction: one with a mass.
        rows: its limits, of one flavour and method.
    """
    masses = rows["mass_MeV"].to_numpy(dtype=np.float64)
    if interaction == "dark-photon":
        scanned = float(masses.min()), float(masses.max())
        wide = scanned[1] >= 10**_LEAST_DECADES * scanned[0]
        return scanned if wide else MASS_RANGE_MEV, COUPLING_RANGE
    values = rows[[*EXPECTED, "observed"]].to_numpy(dtype=np.float64)
    known = values[np.isfinite(values)]
    if not known.size:
        known = np.array([1e-12, 1.0])
    decades = 10.0 ** np.array([np.floor(np.log10(known.min())), np.ceil(np.log10(known.max()))])
    return (float(masses.min() / 1.3), float(masses.max() * 1.3)), (
        float(decades[0] / 2),
        float(decades[1] * 2),
    )


def published_limits() -> pd.DataFrame:
    """Limits of this and other experiments, `resources/limits/limits.csv`."""
    return pd.read_csv(resource_path("limits/limits.csv"), comment="#")


def published_curves() -> pd.DataFrame:
    """Published upper limits against a mass, with the columns experiment, mass_MeV, g, source and
    quantity, the interaction."""
    curves = pd.read_csv(resource_path("limits/bl_coupling_curves.csv"), comment="#")
    return curves.assign(quantity="dark-photon")


def limit_rows(
    analysis: str,
    experiment: str,
    records: Iterable[Mapping[str, Any]],
    published: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The rows of one analysis.

    Args:
        analysis: its name.
        experiment: the experiment whose published limits stand beside ours.
        records: one record per hypothesis, as `exonu.steps.search.limits` writes them.
        published: `published_limits()` unless given.
    """
    known = published_limits() if published is None else published
    own = known[known["experiment"] == experiment]
    rows = [
        _row(analysis, record, method, result, own)
        for record in records
        for method, result in record["methods"].items()
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    order = table[["interaction", "mass_MeV"]].fillna(-1.0)
    return table.iloc[
        order.assign(method=table["method"])
        .sort_values(["interaction", "mass_MeV", "method"], kind="stable")
        .index
    ]


def _row(
    analysis: str,
    record: Mapping[str, Any],
    method: str,
    result: Mapping[str, Any],
    published: pd.DataFrame,
) -> dict[str, Any]:
    meaning = record["meaning"]
    expected = result.get("expected") or (None,) * len(EXPECTED)
    interval = result.get("interval") or (None, None)
    crossings = [strength(mu, meaning) for mu in result.get("crossings", ())]
    evidence = result.get("discovery") or record.get("discovery") or {}
    value, source = _published_for(meaning, published)
    return {
        "analysis": analysis,
        "interaction": meaning["interaction"],
        "flavour": meaning["flavour"],
        "mass_MeV": meaning["mass_MeV"],
        "parameter": meaning["parameter"],
        "unit": meaning["unit"],
        "method": method,
        "confidence_level": result["confidence_level"],
        "observed": strength(result["observed"], meaning),
        **{name: strength(mu, meaning) for name, mu in zip(EXPECTED, expected, strict=True)},
        "interval_low": strength(interval[0], meaning),
        "interval_high": strength(interval[1], meaning),
        "crossings": ";".join(f"{crossing:.9g}" for crossing in crossings if crossing is not None),
        "unconstrained": strength(result.get("unconstrained", result["observed"]), meaning),
        "p0": evidence.get("p0"),
        "significance": evidence.get("significance"),
        "best_fit": strength(evidence.get("best_fit"), meaning),
        "blinded": meaning["blinded"],
        "is_simulated": meaning["is_simulated"],
        "published": value,
        "published_source": source,
        "notes": BETWEEN_NOTES.join(
            [*result.get("record", {}).get("notes", ()), *record.get("notes", ())]
        ),
    }


def _published_for(meaning: Mapping[str, Any], published: pd.DataFrame) -> tuple[float | None, str]:
    """Published limit of the same hypothesis, with where it stands."""
    same = published[
        (published["quantity"] == meaning["interaction"])
        & (published["flavour"] == meaning["flavour"])
    ]
    if meaning["mass_MeV"] is not None:
        same = same[(same["mass_MeV"] / meaning["mass_MeV"] - 1).abs() < 1e-6]
    if same.empty:
        return None, ""
    row = same.iloc[0]
    remarks = [str(row[column]) for column in ("status", "note") if pd.notna(row[column])]
    return float(row["value"]), f"{row['reference']} ({'; '.join(remarks)})" if remarks else str(
        row["reference"]
    )
