"""The tables of an analysis: limits, yields before and after the fit, and what each systematic
uncertainty does."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exonu.catalogue import SEARCHED, braced
from exonu.catalogue import UNITS as CATALOGUE_UNITS
from exonu.report.numbers.counts import is_signal
from exonu.report.numbers.figure_records import Heading
from exonu.report.numbers.projected_limits import own_days, projections
from exonu.report.printed_tables.writing import (
    NOTHING,
    PrintedTable,
    number,
    percent,
    ranged,
    shortest,
    with_error,
)
from exonu.search.signals import hypothesis_name

Json = Mapping[str, Any]
PARAMETERS = {one.parameter.name: braced(one.parameter.symbol) for one in SEARCHED.values()}
UNITS = {name: braced(unit.symbol) for name, unit in CATALOGUE_UNITS.items()}
METHODS = {
    "toys": "CLs with toys",
    "two-sided": "two-sided",
    "feldman-cousins": "Feldman–Cousins",
    "delta-chi2": "−2Δln L = 2.71",
    "bayes-integral": "∫ exp(−χ²/2)",
}
"""Headings of the methods beside the asymptotic CLs limit, as far as an analysis has them."""
_HYPOTHESIS = ["interaction", "flavour", "mass_MeV", "parameter", "unit"]
_BAND = ["expected_minus1", "expected", "expected_plus1"]


def caption(heading: Heading, text: str) -> str:
    """A caption that says whose data these are, and whether they are simulated or blinded."""
    of_data = ["Simulated data."] if heading.is_simulated else []
    if heading.blinded:
        of_data.append("Blinded: the expected background stands in place of the observed counts.")
    return " ".join([f"{heading.name}, {heading.reference}.", *of_data, text])


def limits_table(limits: pd.DataFrame, heading: Heading) -> PrintedTable:
    """The limits of each hypothesis in a row, the methods side by side; of the masses, those
    nearest whole decades.

    Where limits are projected to other live times, the median expected there stands beside the
    published limit.

    Args:
        limits: the analysis's `limits.csv`.
        heading: what it belongs to.
    """
    limits = limits[
        limits["mass_MeV"].isna() | limits["mass_MeV"].isin(decades(limits["mass_MeV"].dropna()))
    ]
    asymptotic = limits[limits["method"] == "asymptotic"]
    kept = [*_HYPOTHESIS, "confidence_level", "observed", *_BAND, "published", "published_source"]
    values = asymptotic[[*kept, "blinded", "is_simulated"]].reset_index(drop=True)
    others = _columns_beside(limits)
    for place, beside in enumerate(others):
        rows_of = records(limits[limits["method"] == beside.method])
        by_hypothesis = {_key(row): row[beside.what] for row in rows_of}
        found = [by_hypothesis.get(_key(row), math.nan) for row in records(values)]
        values.insert(kept.index("published") + place, beside.name, found)
    headings = (
        "Interaction",
        "Flavour",
        "Mass (MeV)",
        "Parameter",
        "Observed",
        "Expected",
        "−1σ to +1σ",
    )
    rows = tuple(
        (
            str(row["interaction"]).replace("-", " "),
            str(row["flavour"]),
            shortest(row["mass_MeV"]),
            in_unit(row),
            number(row["observed"]),
            number(row["expected"]),
            f"{number(row['expected_minus1'])} to {number(row['expected_plus1'])}",
            *(number(row[beside.name]) for beside in others),
            number(row["published"]),
        )
        for row in records(values)
    )
    level = shortest(100 * float(values["confidence_level"].iloc[0]))
    text = f"Upper limits at {level} % confidence level: asymptotic CLs, observed and expected"
    parts = _limits_in_latex(values, others, limits, heading, text)
    text += ", beside other constructions from the same likelihood and the published limit."
    text += _of_projections(limits, heading)
    shown = (*headings, *(beside.heading for beside in others), "Published")
    return PrintedTable(
        "limits", caption(heading, text), shown, rows, values, texts=4, in_latex=parts
    )


_FLAVOURS = {"e": "ν_{e}", "mu": "ν_{μ}", "tau": "ν_{τ}"}


def _limits_in_latex(
    values: pd.DataFrame,
    others: Sequence[_Beside],
    limits: pd.DataFrame,
    heading: Heading,
    text: str,
) -> tuple[PrintedTable, ...]:
    """The limits as a paper has them: a table for one column, one of all methods for two, and one of
    other live times where limits are projected."""
    rows = records(values)
    methods = [one for one in others if one.what == "observed"]
    projected = [one for one in others if one.what == "expected"]
    text += " (median, with the range of ±1σ)"
    every = f"{text}, beside other constructions from the same likelihood and the published limit."
    shown = ("", "Observed", "Expected, ±1σ")
    words = {
        "limits": (*shown, "Published"),
        "limits-all": (*shown, *(one.heading for one in methods), "Published"),
    }
    captions = {"limits": f"{text}, beside the published limit.", "limits-all": every}
    columns: dict[str, list[str]] = {"limits": [], "limits-all": [one.name for one in methods]}
    if projected:
        words["limits-projected"] = (
            *shown, *(one.heading.removeprefix("Expected at ") for one in projected), "Published"
        )  # fmt: skip
        captions["limits-projected"] = f"{text}.{_of_projections(limits, heading)}"
        columns["limits-projected"] = [one.name for one in projected]
    return tuple(
        PrintedTable(
            name, caption(heading, captions[name]), words[name], _by_parameter(rows, columns[name]),
            values, wide=name != "limits", size="footnotesize" if len(words[name]) < 8 else "scriptsize",
        )
        for name in words
    )  # fmt: skip


def _by_parameter(
    rows: list[dict[str, Any]], columns: Sequence[str]
) -> tuple[tuple[str, ...], ...]:
    """A parameter and its unit once, in a row of its own, its hypotheses below: observed, expected,
    those of the columns, and published."""
    found: list[tuple[str, ...]] = []
    above = ""
    for row in rows:
        mass = row["mass_MeV"]
        heading = f"{str(row['interaction']).replace('-', ' ')}: {in_unit(row)}"
        heading += "" if pd.isna(mass) else ", by mass (MeV)"
        if heading != above:
            found.append((heading,))
        above = heading
        flavour = _FLAVOURS.get(str(row["flavour"]), str(row["flavour"]))
        case = flavour if pd.isna(mass) else shortest(mass)
        if not pd.isna(mass) and row["flavour"] != "all":
            case += f", {flavour}"
        band = ranged(row["expected"], row["expected_minus1"], row["expected_plus1"])
        more = (number(row[name]) for name in columns)
        found.append(
            (f"\u2003{case}", number(row["observed"]), band, *more, number(row["published"]))
        )
    return tuple(found)


class _Beside(NamedTuple):
    """A column of limits beside the asymptotic ones: its name in the CSV, its heading, and which
    limit it is."""

    name: str
    heading: str
    method: str
    what: str = "observed"


def _columns_beside(limits: pd.DataFrame) -> list[_Beside]:
    columns = [
        _Beside(method.replace("-", "_"), heading, method)
        for method, heading in METHODS.items()
        if (limits["method"] == method).any()
    ]
    for one in projections(limits):
        name, heading = f"expected_{one.days}d", one.label.capitalize()
        columns.append(_Beside(name, heading, one.method, "expected"))
        columns += [
            _Beside(
                method.replace(one.method, name).replace("-", "_"),
                f"{heading}, {words}",
                method,
                "expected",
            )
            for method, words in one.beside.items()
        ]
    return columns


def _of_projections(limits: pd.DataFrame, heading: Heading) -> str:
    """What a caption says of projected limits."""
    found = projections(limits)
    if not found:
        return ""
    own = f" All other limits of this work are of {own_days(heading)}." if own_days(heading) else ""
    kind = (
        "Asimov data from the same simulated templates" if heading.is_simulated else "Asimov data"
    )
    return (
        f"{own} Expected at {' and '.join(one.days for one in found)} d are medians for {kind}, with all systematic "
        "uncertainties, without that of the number of simulated events (MC statistics), and with statistics alone: "
        "nothing was observed there."
    )


def decades(masses: Iterable[float]) -> list[float]:
    """Of many masses, those nearest whole powers of ten in their range; of few, all.

    >>> decades([1e-5, 2e-5, 1e-4, 1.1e-4, 1e-3, 3e-3, 1e-2, 2e-2, 5e-2, 8e-2, 0.1])
    [1e-05, 0.0001, 0.001, 0.01, 0.1]
    """
    known = np.array(sorted(set(masses)))
    if known.size <= 10:
        return [float(mass) for mass in known]
    powers = np.arange(
        math.ceil(math.log10(known[0]) - 1e-9), math.floor(math.log10(known[-1]) + 1e-9) + 1
    )
    return sorted({float(known[np.argmin(np.abs(np.log10(known) - power))]) for power in powers})


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table, by column."""
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def _key(row: Json) -> str:
    return hypothesis_name(
        row["interaction"], row["flavour"], None if pd.isna(row["mass_MeV"]) else row["mass_MeV"]
    )


def in_unit(row: Json) -> str:
    """A parameter with its unit, as a heading has it."""
    parameter, unit = str(row["parameter"]), UNITS.get(str(row["unit"]), str(row["unit"]))
    return PARAMETERS.get(parameter, parameter) + (f" ({unit})" if unit else "")


def yields_table(yields: pd.DataFrame, heading: Heading) -> PrintedTable:
    """Expected counts of each sample before and after the fit, beside the observed.

    Args:
        yields: the analysis's `diagnostics/yields.csv`.
        heading: what it belongs to.
    """
    rows = tuple(
        (
            row["hypothesis"],
            row["channel"],
            row["sample"],
            with_error(row["before"], row["before_error"]),
            with_error(row["after"], row["after_error"]),
            shortest(row["observed"]) if row["sample"] == "total" else "",
        )
        for row in records(yields)
    )
    text = "Counts expected before and after the fit, with their uncertainty from all parameters, and observed counts."
    text += " Before the fit a signal has the reference strength of its workspace."
    shown = ("Hypothesis", "Channel", "Sample", "Before the fit", "After the fit", "Observed")
    return PrintedTable(
        "yields",
        caption(heading, text),
        shown,
        rows,
        yields,
        texts=3,
        wide=True,
        size="footnotesize",
    )


def cut_flow_table(cut_flow: pd.DataFrame, heading: Heading) -> PrintedTable:
    """Events left after each cut: a row for each stream of data and each component of the
    simulation.

    Args:
        cut_flow: the analysis's `cut_flow/cut_flow.csv`
            (`exonu.events.selection.cut_flow.cut_flow_table`).
        heading: what it belongs to.
    """
    summed = cut_flow[cut_flow["level"].isin(["stream", "component"])].reset_index(drop=True)
    source = summed["component"].where(summed["level"] == "component", summed["stream"])
    values = summed.drop(columns=["run", "sample", "stream", "component"]).assign(source=source)
    cuts = list(dict.fromkeys(values["cut"]))
    rows = []
    for (_, kind, name), found in values.groupby(["level", "kind", "source"], sort=False):
        by_cut = found.set_index("cut").loc[cuts]
        events = (with_error(row["weighted"], row["weighted_error"]) for row in records(by_cut))
        rows.append((str(name), str(kind), *events, number(100 * by_cut["efficiency"].iloc[-1])))
    text = "Events left after each cut, with their statistical error; simulation scaled to the live time. "
    text += "Efficiency of all cuts together."
    shown = (
        "Source",
        "Kind",
        *(f"After {cut}" if cut != "all" else "Before cuts" for cut in cuts),
        "Efficiency (%)",
    )
    table = PrintedTable("cut_flow", caption(heading, text), shown, tuple(rows), values, texts=2)
    short = tuple(one.removeprefix("After ").replace("-", " ") for one in shown)
    return replace(table, in_latex=(replace(table, headings=short, wide=True, size="scriptsize"),))


def activities_table(experiment: Json, record: Json, heading: Heading) -> PrintedTable:
    """Activity of each background relative to its simulated sample: the prior, and after a fit.

    Args:
        experiment: content of the analysis's `templates/experiment.json`.
        record: of the diagnostics (`exonu.search.studies.toys_and_coverage.diagnostics`) of the
            fit.
        heading: what it belongs to.
    """
    pulls = {pull["name"]: pull for pull in record["pulls"]}
    fit = record["fit"]
    found = []
    for name in experiment["order"]:
        background, parameter = experiment["backgrounds"][name], f"{name}_norm"
        prior, uncertainty = (
            background["normalisation"][key] for key in ("activity", "uncertainty")
        )
        if measured := background.get("measured_activity"):  # its parameter is that of the shells
            prior *= measured["central"]
            uncertainty = measured["error"] / measured["central"]
        if uncertainty is None:
            after, error = fit["values"][parameter], fit["errors"][parameter]
        else:  # log-normal: one standard deviation is a factor 1 + uncertainty
            after = (1 + uncertainty) ** pulls[parameter]["value"]
            error = after * math.log1p(uncertainty) * pulls[parameter]["error"]
        row = {"class": background["label"], "component": background["component"], "prior": prior}
        found.append(
            row
            | {
                "prior_uncertainty": uncertainty,
                "after": prior * after,
                "after_error": prior * error,
            }
        )
    rows = tuple(
        (
            row["class"],
            row["component"],
            with_error(row["prior"], row["prior"] * row["prior_uncertainty"])
            if row["prior_uncertainty"] is not None
            else f"{shortest(row['prior'])} (free)",
            with_error(row["after"], row["after_error"]),
        )
        for row in found
    )
    text = f"Activities relative to those of the simulated samples, before and after the fit of {record['name']}."
    shown = ("Class", "Component", "Prior", "After the fit")
    values = pd.DataFrame(found).assign(hypothesis=record["name"])
    return PrintedTable("activities", caption(heading, text), shown, rows, values, texts=2)


_SYSTEMATICS = (
    *(
        "hypothesis",
        "parameter",
        "sample",
        "kind",
        "down",
        "up",
        "pull",
        "pull_error",
        "impact_down",
        "impact_up",
    ),
    *("blinded", "is_simulated"),
)


def systematics_table(cases: Sequence[tuple[str, Json, Json]], heading: Heading) -> PrintedTable:
    """What each systematic uncertainty changes, how the data pull it, and what it does to the
    signal.

    Args:
        cases: name, workspace and record of the diagnostics
            (`exonu.search.studies.toys_and_coverage.diagnostics`) of each hypothesis.
        heading: what they belong to.
    """
    flags = {"blinded": heading.blinded, "is_simulated": heading.is_simulated}
    found = [
        {"hypothesis": name, **row, **flags}
        for name, spec, record in cases
        for row in _systematics(spec, record)
    ]
    values = pd.DataFrame(found, columns=list(_SYSTEMATICS))
    rows = tuple(
        (
            row["hypothesis"],
            row["parameter"],
            row["sample"],
            row["kind"],
            f"{percent(row['down'])} / {percent(row['up'])}" if not pd.isna(row["up"]) else NOTHING,
            with_error(row["pull"], row["pull_error"]),
            f"{number(row['impact_down'], 2)} / {number(row['impact_up'], 2)}"
            if not pd.isna(row["impact_up"])
            else NOTHING,
        )
        for row in records(values)
    )
    text = (
        "Systematic uncertainties: change of a sample's counts for a parameter one standard deviation down and up; "
        "pull and remaining uncertainty after the fit, in standard deviations; impact on the signal strength after the "
        "fit, in units of its uncertainty."
    )
    shown = ("Hypothesis", "Parameter", "Sample", "Kind", "Counts (%)", "Pull", "Impact")
    return PrintedTable(
        "systematics",
        caption(heading, text),
        shown,
        rows,
        values,
        texts=4,
        wide=True,
        size="footnotesize",
    )


def _systematics(spec: Json, record: Json) -> Iterable[dict[str, Any]]:
    """Rows of one hypothesis: each parameter with each sample that it changes, then those that were
    left out."""
    pulls = {entry["name"]: entry for entry in record["pulls"]}
    ranked = {entry["name"]: entry for entry in record["impacts"]["parameters"]}
    of_mu = record["impacts"]["mu_error"]
    scales = {spec["measurements"][0]["config"]["poi"], *record["meaning"]["poi_map"]}
    for channel in spec["channels"]:
        for sample in channel["samples"]:
            for modifier in sample["modifiers"]:
                name = modifier["name"]
                if name in scales:
                    continue
                down, up = relative_change(sample, modifier, spec)
                impact = ranked.get(name, {})
                yield {
                    "parameter": name,
                    "sample": sample["name"],
                    "kind": modifier["type"],
                    "down": down,
                    "up": up,
                    "pull": pulls.get(name, {}).get("pull"),
                    "pull_error": pulls.get(name, {}).get("constraint"),
                    "impact_down": _ratio(impact.get("post_down"), of_mu),
                    "impact_up": _ratio(impact.get("post_up"), of_mu),
                }
    signals = [
        s["name"]
        for c in spec["channels"]
        for s in c["samples"]
        if is_signal(s, spec, record["meaning"])
    ]
    for name, size in record["meaning"].get("pruned", {}).items():
        row = {"parameter": name, "sample": ", ".join(dict.fromkeys(signals)), "kind": "left out"}
        yield {**row, "down": -size, "up": size}


def _ratio(value: float | None, unit: float | None) -> float | None:
    return None if value is None or not unit else value / unit


def relative_change(sample: Json, modifier: Json, spec: Json) -> tuple[float | None, float | None]:
    """Relative change of a sample's counts at one standard deviation down and up.

    None for a free parameter, and where a sample has no counts that could change.

    >>> relative_change({"data": [1.0, 3.0]}, {"type": "staterror", "data": [0.3, 0.4]}, {})
    (-0.125, 0.125)
    """
    counts, data = np.asarray(sample["data"], dtype=float), modifier["data"]
    if not counts.any():
        return None, None
    if modifier["type"] == "normsys":
        return data["lo"] - 1, data["hi"] - 1
    if modifier["type"] == "histosys":
        return _change(data["lo_data"], counts), _change(data["hi_data"], counts)
    if modifier["type"] in ("staterror", "shapesys"):  # bins are independent
        width = float(np.linalg.norm(data) / counts.sum())
        return -width, width
    if modifier["type"] == "lumi":
        [settings] = [
            p
            for p in spec["measurements"][0]["config"]["parameters"]
            if p["name"] == modifier["name"]
        ]
        return -settings["sigmas"][0], settings["sigmas"][0]
    return None, None


def _change(varied: Sequence[float], counts: NDArray[np.float64]) -> float:
    return float(np.sum(varied) / counts.sum() - 1)
