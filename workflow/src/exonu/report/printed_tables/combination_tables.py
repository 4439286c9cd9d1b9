"""The tables that a combined analysis has beside the others: what each experiment contributes, and
which parameters they share."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd

from exonu.report.numbers.figure_records import Heading
from exonu.report.printed_tables.result_tables import caption, decades, in_unit, records
from exonu.report.printed_tables.writing import (
    NOTHING,
    PrintedTable,
    number,
    ranged,
    shortest,
    with_error,
)


def contributions_table(contributions: pd.DataFrame, heading: Heading) -> PrintedTable:
    """Limits of each experiment alone and of all together, and whether they agree; of the masses,
    those nearest whole decades.

    Args:
        contributions: the analysis's `limits/combination.csv`.
        heading: what it belongs to.
    """
    masses = contributions["mass_MeV"]
    kept = contributions[masses.isna() | masses.isin(decades(masses.dropna()))]
    kept = kept.reset_index(drop=True)
    rows = tuple(
        (
            str(row["interaction"]).replace("-", " "),
            str(row["flavour"]),
            shortest(row["mass_MeV"]),
            str(row["experiment"]),
            in_unit(row),
            number(row["observed"]),
            number(row["expected"]),
            f"{number(row['expected_minus1'])} to {number(row['expected_plus1'])}",
            number(row["best_fit"]),
            number(100 * row["share_of_information"]),
            _agreement(row),
        )
        for row in records(kept)
    )
    level = shortest(100 * float(kept["confidence_level"].iloc[0]))
    text = f"Upper limits at {level} % confidence level of each experiment alone and of all together, by asymptotic "
    text += "CLs; the share of the expected information; and the p-value of the test that all experiments see one "
    text += "strength, by toys where it has an error."
    shown = (
        *("Interaction", "Flavour", "Mass (MeV)", "Experiment", "Parameter", "Observed"),
        *("Expected", "−1σ to +1σ", "Best fit", "Share (%)", "Agreement (p)"),
    )
    table = PrintedTable("contributions", caption(heading, text), shown, rows, kept, texts=5)
    return replace(table, in_latex=(_by_hypothesis(table),))


def _by_hypothesis(table: PrintedTable) -> PrintedTable:
    """The same for LaTeX: a hypothesis once, in a row of its own, the experiments below."""
    found: list[tuple[str, ...]] = []
    above: tuple[str, ...] = ()
    for row, value in zip(table.rows, records(table.values), strict=True):
        interaction, flavour, mass, experiment, parameter, observed, _, _, *others = row
        if row[:3] != above:
            case = flavour if mass == NOTHING else f"{mass}\u202fMeV"
            found.append((f"{interaction}, {case}: {parameter}",))
        above = row[:3]
        band = ranged(value["expected"], value["expected_minus1"], value["expected_plus1"])
        found.append((f"\u2003{experiment}", observed, band, *others))
    shown = ("", "Observed", "Expected, ±1σ", *table.headings[8:])
    return replace(
        table, headings=shown, rows=tuple(found), texts=1, wide=True, size="footnotesize"
    )


def _agreement(row: dict[str, float]) -> str:
    """The p-value of the compatibility test, from toys if there were any."""
    toys = row["compatibility_p_toys"]
    if toys == 0.0:
        return f"< {number(1.0 / row['compatibility_toys'], 1)}"
    if toys is not None and not math.isnan(toys):
        return with_error(toys, row["compatibility_p_toys_error"])
    return number(row["compatibility_p"], 2)


def shared_parameters_table(parameters: pd.DataFrame, heading: Heading) -> PrintedTable:
    """Every parameter of the joined likelihoods, shared ones first, with the experiments that it
    acts in.

    Args:
        parameters: the analysis's `limits/parameters.csv`.
        heading: what it belongs to.
    """
    found = [
        {
            "parameter": str(name),
            "shared": bool(group["shared"].any()),
            **{key: _union(group[key]) for key in ("types", "experiments", "samples")},
            "hypotheses": group["hypothesis"].nunique(),
        }
        for name, group in parameters.groupby("parameter", sort=True)
    ]
    values = pd.DataFrame(found).sort_values("shared", ascending=False, kind="stable")
    rows = tuple(
        (
            str(row["parameter"]),
            "yes" if row["shared"] else "no",
            *(str(row[key]).replace(";", ", ") for key in ("types", "experiments", "samples")),
        )
        for row in records(values)
    )
    text = "Parameters of the joined likelihood beside the signal's strength: shared ones have one value in all "
    text += "experiments, the others belong to one."
    shown = ("Parameter", "Shared", "Kind", "Experiments", "Acts on")
    return PrintedTable(
        "shared_parameters",
        caption(heading, text),
        shown,
        rows,
        values,
        texts=5,
        wide=True,
        size="footnotesize",
    )


def _union(cells: pd.Series[str]) -> str:
    return ";".join(sorted({part for cell in cells for part in str(cell).split(";")}))
