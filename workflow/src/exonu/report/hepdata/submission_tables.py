"""The tables of a submission to HEPData, as records of `hepdata_lib`: limits, spectra,
correlations, cut flow."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from hepdata_lib import Table, Uncertainty, Variable

from exonu.catalogue import SEARCHED, UNITS
from exonu.core.errors import InputError
from exonu.report.numbers.figure_records import Heading, SpectrumCounts
from exonu.report.printed_tables.result_tables import METHODS, caption
from exonu.search.signals import hypothesis_name

DIGITS = 6
"""Significant digits in a table."""
REACTION = "NU E- --> NU E-"
_COMMON = ["solar neutrinos", "electron recoils", "liquid xenon"]
_SIGMAS = {1: ("expected_minus1", "expected_plus1"), 2: ("expected_minus2", "expected_plus2")}


@dataclass(frozen=True)
class Column:
    """A column of numbers: name, unit, values, and uncertainties by label: one number or (down, up)
    in each row."""

    name: str
    unit: str
    values: Sequence[float | None]
    uncertainties: Mapping[str, Sequence[Any]]
    qualifiers: Mapping[str, Any]


def limit_tables(limits: pd.DataFrame, heading: Heading) -> list[Table]:
    """One table per interaction: limits against the flavour, or against the mediator's mass."""
    return [
        _limit_table(str(name), rows, heading)
        for name, rows in limits.groupby("interaction", sort=True)
    ]


def _limit_table(interaction: str, limits: pd.DataFrame, heading: Heading) -> Table:
    has_mass = bool(limits["mass_MeV"].notna().all())
    key = "mass_MeV" if has_mass else "flavour"
    asymptotic = limits[limits["method"] == "asymptotic"].sort_values(key)
    words = interaction.replace("-", " ")
    searched = f"the {words} of neutrinos against the flavour that interacts"
    if has_mass:
        searched = f"the {SEARCHED[interaction].quantity} against its mass"
    level = 100 * float(asymptotic["confidence_level"].iloc[0])
    text = f"Upper limits at {level:g} % confidence level on {searched}, from solar neutrinos. "
    text += "CLs with the test statistic q-tilde (arXiv:1007.1727); delta-chi2 and bayes-integral are from the same "
    text += "likelihood: where -2 Delta ln L has risen to its quantile, and where the integral of exp(-chi2/2) has."
    parameter, unit = (
        str(asymptotic["parameter"].iloc[0]),
        UNITS[str(asymptotic["unit"].iloc[0])].words,
    )
    shared = {"Confidence level": f"{level:g} %"}
    median = [float(value) for value in asymptotic["expected"]]
    bands = {
        f"{number} sigma": [
            (low - middle, high - middle)
            for low, middle, high in zip(
                asymptotic[ends[0]], median, asymptotic[ends[1]], strict=True
            )
        ]
        for number, ends in _SIGMAS.items()
    }
    columns = [
        Column(
            f"Observed limit on {parameter}",
            unit,
            list(asymptotic["observed"]),
            {},
            {**shared, "Method": "CLs"},
        ),
        Column(f"Expected limit on {parameter}", unit, median, bands, {**shared, "Method": "CLs"}),
    ]
    for name, column, unit_of in (
        ("p0 of background alone", "p0", ""),
        ("Significance", "significance", ""),
        (f"Best fit of {parameter}", "best_fit", unit),
    ):
        if asymptotic[column].notna().all():
            columns.append(Column(name, unit_of, list(asymptotic[column]), {}, {"Method": "q0"}))
    for method in METHODS:
        rows = limits[limits["method"] == method].set_index(key)["observed"]
        if not rows.empty:
            found = [rows.get(value, math.nan) for value in asymptotic[key]]
            columns.append(
                Column(f"Limit on {parameter}", unit, found, {}, {**shared, "Method": method})
            )
    table = new_table(
        f"Limits on {words}",
        text,
        "limits/limits.csv",
        heading,
        ["CLS"],
        SEARCHED[interaction].phrases,
    )
    values = (
        [float(mass) for mass in asymptotic[key]]
        if has_mass
        else [f"NU({name})" for name in asymptotic[key]]
    )
    _fill(
        table,
        [_independent("M(A')" if has_mass else "Flavour", "MeV" if has_mass else "", values)],
        columns,
        heading,
    )
    return table


def contribution_tables(contributions: pd.DataFrame, heading: Heading) -> list[Table]:
    """One table per interaction of a combination: limits of each experiment alone and of all
    together, shares of the information, and the test whether they agree."""
    return [
        _contribution_table(str(name), rows, heading)
        for name, rows in contributions.groupby("interaction", sort=True)
    ]


def _contribution_table(interaction: str, rows: pd.DataFrame, heading: Heading) -> Table:
    has_mass = bool(rows["mass_MeV"].notna().all())
    level = 100 * float(rows["confidence_level"].iloc[0])
    words = interaction.replace("-", " ")
    text = f"Upper limits at {level:g} % confidence level (asymptotic CLs) on the {words} of neutrinos by each"
    text += " experiment alone and by all in one likelihood; each one's share of the expected information; and, for all"
    text += " together, the p-value of the test that the experiments see one strength (asymptotic, and from toys)."
    parameter = str(rows["parameter"].iloc[0])
    unit, shared = UNITS[str(rows["unit"].iloc[0])].words, {"Confidence level": f"{level:g} %"}
    columns = [
        Column(name, unit_of, list(rows[column]), {}, shared if "limit" in name else {})
        for name, unit_of, column in (
            (f"Observed limit on {parameter}", unit, "observed"),
            (f"Expected limit on {parameter}", unit, "expected"),
            (f"Best fit of {parameter}", unit, "best_fit"),
            ("Share of the expected information", "", "share_of_information"),
            ("p of agreement", "", "compatibility_p"),
            ("p of agreement, toys", "", "compatibility_p_toys"),
        )
    ]
    name, location = f"Contributions to limits on {words}", "limits/combination.csv"
    table = new_table(name, text, location, heading, ["CLS"], SEARCHED[interaction].phrases)
    mass = _independent("M(A')", "MeV", [float(one) for one in rows["mass_MeV"]])
    flavour = _independent("Flavour", "", [f"NU({one})" for one in rows["flavour"]])
    experiment = _independent("Data of", "", list(rows["experiment"]))
    _fill(table, [mass if has_mass else flavour, experiment], columns, heading)
    return table


def spectrum_table(counts: SpectrumCounts, heading: Heading) -> Table:
    """Observed counts, backgrounds before any fit, and each signal at its observed limit."""
    columns = [Column("Observed", "events per bin", list(counts.observed), {}, {})]
    for label, values in counts.backgrounds.items():
        columns.append(Column(label, "events per bin", list(values), {}, {"Fit": "before"}))
    error = {"systematic": list(counts.background_error)}
    columns.append(
        Column(
            "All backgrounds", "events per bin", list(counts.background), error, {"Fit": "before"}
        )
    )
    for signal in counts.signals:
        if signal.counts is not None:
            name = hypothesis_name(signal.interaction, signal.flavour, signal.mass_MeV)
            at = {
                "Strength": f"{signal.strength:.6g}",
                "Parameter": signal.parameter,
                "Unit": UNITS[signal.unit].words or "1",
            }
            columns.append(
                Column(
                    f"Signal {name} at its observed limit",
                    "events per bin",
                    list(signal.counts),
                    {},
                    at,
                )
            )
    text = "Spectrum of electron recoils: observed counts, backgrounds before any fit with their"
    text += " systematic uncertainty, and each signal at its observed upper limit."
    text += " Backgrounds are not signals: a signal adds to them."
    table = new_table("Spectrum before the fit", text, "figures/spectrum.pdf", heading, ["N"])
    _fill(table, [_energy(counts)], columns, heading)
    return table


def fitted_spectrum_table(
    counts: SpectrumCounts, records: Sequence[Mapping[str, Any]], heading: Heading
) -> Table:
    """Observed counts beside all that is expected after the fit of each hypothesis.

    Raises:
        InputError: if a fit had other bins than the spectrum.
    """
    columns = [Column("Observed", "events per bin", list(counts.observed), {}, {})]
    for record in records:
        after, error = record["yields"]["after"], record["yields"]["after_error"]
        if len(after) != counts.observed.size:
            raise InputError(
                f"{record['name']} was fitted in other bins than the spectrum has",
                remedy="make both anew",
            )
        fitted = {
            "Fit": "after",
            "Hypothesis": record["name"],
            "Fitted mu": f"{record['fit']['values']['mu']:.6g}",
        }
        columns.append(
            Column(f"Fit of {record['name']}", "events per bin", after, {"fit": error}, fitted)
        )
    text = (
        "Spectrum of electron recoils after the fits: backgrounds and signal with all parameters at"
    )
    text += " their best values, the signal bounded to be positive, one fit per hypothesis."
    table = new_table("Spectrum after the fit", text, "diagnostics", heading, ["N"])
    _fill(table, [_energy(counts)], columns, heading)
    return table


def correlation_table(record: Mapping[str, Any], heading: Heading) -> Table:
    """Correlations of the fitted parameters of one hypothesis, each pair once in both orders."""
    names, matrix = record["correlation"]["names"], record["correlation"]["matrix"]
    pairs = [(i, j) for i in range(len(names)) for j in range(len(names))]
    name = record["name"]
    text = f"Correlation of the fitted parameters, hypothesis {name}; mu is the signal strength."
    table = new_table(
        f"Correlation {name}", text, f"diagnostics/{name}.json", heading, ["CORRELATION"]
    )
    independent = [
        _independent(f"Parameter {k + 1}", "", [names[pair[k]] for pair in pairs]) for k in (0, 1)
    ]
    column = Column(
        "Correlation coefficient", "", [matrix[i][j] for i, j in pairs], {}, {"Hypothesis": name}
    )
    _fill(table, independent, [column], heading)
    return table


def cut_flow_table(cut_flow: pd.DataFrame, heading: Heading) -> Table:
    """Events left after each cut, of each stream of data and each component of the simulation.

    Args:
        cut_flow: as `exonu.events.selection.cut_flow.cut_flow_table` makes it.
        heading: what it belongs to.
    """
    summed = cut_flow[cut_flow["level"].isin(["stream", "component"])]
    cuts = list(dict.fromkeys(summed["cut"]))
    columns = []
    for (level, kind), rows in summed.groupby(["level", "kind"], sort=False):
        for source, found in rows.groupby(str(level), sort=False):
            by_cut = found.set_index("cut").reindex(cuts)
            what = {"Source": str(source), "Kind": str(kind)}
            error = {"stat": list(by_cut["weighted_error"])}
            columns.append(Column(f"Events, {source}", "", list(by_cut["weighted"]), error, what))
            ends = [
                (low - middle, high - middle)
                for low, middle, high in zip(
                    by_cut["efficiency_low"],
                    by_cut["efficiency"],
                    by_cut["efficiency_high"],
                    strict=True,
                )
            ]
            columns.append(
                Column(
                    f"Efficiency, {source}", "", list(by_cut["efficiency"]), {"stat": ends}, what
                )
            )
    text = "Cut flow: events left after each cut, simulation scaled to the live time, and the efficiency of all cuts so"
    text += " far with its 68.27 % interval (Clopper and Pearson)."
    table = new_table("Cut flow", text, "cut_flow.csv", heading, ["N", "EFF"])
    _fill(table, [_independent("Cut", "", cuts)], columns, heading)
    return table


def new_table(
    name: str,
    text: str,
    location: str,
    heading: Heading,
    observables: list[str],
    phrases: Iterable[str] = (),
) -> Table:
    """An empty table with description, place and keywords; simulated and blinded data are said to
    be such."""
    table = Table(name)
    table.description = caption(heading, text)
    table.location = f"exonu, {location}"
    state = [
        word
        for word, holds in (("simulated data", heading.is_simulated), ("blinded", heading.blinded))
        if holds
    ]
    table.keywords = {
        "observables": observables,
        "reactions": [REACTION],
        "phrases": [*phrases, *_COMMON, *state],
    }
    return table


def _energy(counts: SpectrumCounts) -> Variable:
    edges = list(zip(counts.low_keV.tolist(), counts.high_keV.tolist(), strict=True))
    return _independent("Reconstructed energy", "keV", edges, binned=True)


def _independent(name: str, unit: str, values: Sequence[Any], *, binned: bool = False) -> Variable:
    variable = Variable(name, is_independent=True, is_binned=binned, units=unit)
    variable.values, variable.digits = values, DIGITS
    return variable


def _fill(
    table: Table, independent: Sequence[Variable], columns: Iterable[Column], heading: Heading
) -> None:
    """Put variables into a table; what has no number is a dash, as HEPData has it, without
    uncertainties."""
    for variable in independent:
        table.add_variable(variable)
    for column in columns:
        variable = Variable(
            column.name,
            is_independent=False,
            is_binned=False,
            units=column.unit,
            zero_uncertainties_warning=False,
        )
        values = [math.nan if value is None else float(value) for value in column.values]
        known = [math.isfinite(value) for value in values]
        variable.values = [value if math.isfinite(value) else "-" for value in values]
        variable.digits = DIGITS
        for label, errors in column.uncertainties.items():
            both_sides = any(isinstance(error, tuple) for error in errors)
            uncertainty = Uncertainty(label, is_symmetric=not both_sides)
            none = (0.0, 0.0) if both_sides else 0.0
            uncertainty.values = [
                e if there and _finite(e) else none for e, there in zip(errors, known, strict=True)
            ]
            variable.add_uncertainty(uncertainty)
        for name, value in {**_qualifiers(heading), **column.qualifiers}.items():
            variable.add_qualifier(name, value, "tonne year" if name == "Exposure" else "")
        table.add_variable(variable)


def _finite(error: Any) -> bool:
    return all(math.isfinite(part) for part in (error if isinstance(error, tuple) else (error,)))


def _qualifiers(heading: Heading) -> dict[str, Any]:
    data = "simulated" if heading.is_simulated else "measured"
    return {
        "Experiment": heading.name,
        "Exposure": heading.exposure_tonne_year,
        "Data": f"{data}, blinded" if heading.blinded else data,
        "RE": REACTION,
    }
