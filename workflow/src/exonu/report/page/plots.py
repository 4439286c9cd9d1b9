"""The plots that a reader of the summary page can explore: their series, as JSON for the page's own
script."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from exonu.catalogue import SEARCHED, STATES, Form, Shift
from exonu.core.types import Json
from exonu.report.figures.colours import BLACK, BLUE
from exonu.report.figures.looks.experiment_looks import experiment_colour
from exonu.report.numbers.figure_records import Heading
from exonu.report.numbers.projected_limits import Projection, kind_of_data, projections
from exonu.report.printed_tables.writing import number
from exonu.search.limit_rows import view_of

QUANTITIES = {
    name: (one.quantity, one.parameter.symbol, one.parameter.unit.symbol)
    for name, one in SEARCHED.items()
}
"""What is searched for: name, symbol and unit in plain text."""
FLAVOURS = {name: state.text for name, state in STATES.items()}
_PROJECTED = ((BLACK, "10 3"), (BLUE, "10 3"), (BLACK, "10 3 2 3"))
_BANDS_PX, _BESIDE_PX = -6, 8
"""In a row: expected bands and median above its middle, the observed limit below them, in pixels."""
_DASHES = ("7 3", "2 2", "8 2 2 2", "12 3", "5 2 1 2 1 2")


def strength_of(interaction: str, value: float) -> str:
    """A value with its unit.

    >>> strength_of("millicharge", 1.2e-13), strength_of("dark-photon", 1.44e-7)
    ('1.20 × 10⁻¹³ e', '1.44 × 10⁻⁷')
    """
    return f"{number(value)} {QUANTITIES[interaction][2]}".rstrip()


def mass_of(mass_MeV: float) -> str:
    """A mass in the unit that suits it.

    >>> mass_of(1e-5), mass_of(1e-3), mass_of(10.0)
    ('10 eV', '1 keV', '10 MeV')
    """
    for unit, size in (("eV", 1e-6), ("keV", 1e-3)):
        if mass_MeV < 999.5 * size:
            return f"{mass_MeV / size:.3g} {unit}"
    return f"{mass_MeV:.4g} MeV"


def plots(
    limits: pd.DataFrame, heading: Heading, published: pd.DataFrame, curves: pd.DataFrame
) -> list[Json]:
    """One plot for each interaction that was searched for.

    Args:
        limits: the analysis's `limits.csv`; its asymptotic CLs limits are drawn, projected ones
            too.
        heading: what it belongs to.
        published: `exonu.search.limit_rows.published_limits()`.
        curves: `exonu.search.limit_rows.published_curves()`.
    """
    ours = limits[limits["method"] == "asymptotic"]
    made = []
    for interaction, (name, _, _) in QUANTITIES.items():
        rows = ours[ours["interaction"] == interaction]
        others = published[published["quantity"] == interaction]
        if rows.empty:
            continue
        against_mass = SEARCHED[interaction].has_mass
        part = (
            _against_mass(interaction, rows, others, curves)
            if against_mass
            else _in_rows(interaction, rows, others)
        )
        _add_projections(part, limits, heading, interaction)
        made.append({"id": f"plot-{interaction}", "title": name[0].upper() + name[1:], **part})
        made[-1]["description"] = (
            f"{name} in {heading.name}: upper limits beside published ones; see the tables"
        )
    return made


def _add_projections(part: Json, limits: pd.DataFrame, heading: Heading, interaction: str) -> None:
    """Expected limits at other live times: further curves, or a group of rows for each time."""
    searched = limits[limits["interaction"] == interaction]
    for place, projection in enumerate(projections(limits)):
        look = _PROJECTED[place % len(_PROJECTED)]
        if "rows" not in part:
            found = _projected_curves(searched, projection, kind_of_data(heading), look)
        else:
            rows = part["rows"]
            found = _projected_marks(searched, projection, kind_of_data(heading), look, len(rows))
            flavours = _by_flavour(searched[searched["method"] == projection.method])["flavour"]
            part["groups"].append(len(rows))
            rows += [f"{projection.days} d, {FLAVOURS[flavour]}" for flavour in flavours]
        part["series"] += [one for one in found if one["points"]]


def _projected_curves(
    limits: pd.DataFrame, projection: Projection, kind: str, look: tuple[str, str]
) -> list[Json]:
    """The expected limit at another live time against the mass, with systematic uncertainties and
    without."""
    colour, dash = look
    made = []
    for method, words, more in (
        (projection.method, f"{projection.label} ({kind})", {"dash": dash}),
        (
            projection.without_mc_method,
            f"{projection.label}, without MC statistics",
            {"dash": "6 2 1 2"},
        ),
        (projection.statistics_method, f"{projection.label}, statistics alone", {"dash": "1 4"}),
    ):
        rows = limits[limits["method"] == method].sort_values("mass_MeV")
        made.append(_curve(words, words, rows["mass_MeV"], rows["expected"], _look(colour, **more)))
    return made


def _projected_marks(
    limits: pd.DataFrame, projection: Projection, kind: str, look: tuple[str, str], first_row: int
) -> list[Json]:
    """The same in rows of their own, a flavour each, from `first_row` on."""
    colour, _ = look
    made = []
    for method, words, marker, shift in (
        (projection.method, f"{projection.label} ({kind})", "triangle", 0),
        (projection.without_mc_method, f"{projection.label}, without MC statistics", "square", 9),
        (projection.statistics_method, f"{projection.label}, statistics alone", "left", -9),
    ):
        rows = _by_flavour(limits[limits["method"] == method])
        points = [
            [
                float(row["expected"]),
                place,
                f"{FLAVOURS[row['flavour']]}: {strength_of(row['interaction'], row['expected'])}",
            ]
            for place, row in enumerate(rows.to_dict("records"), start=first_row)
            if row["expected"] == row["expected"]
        ]
        style = _look(colour, marker=marker, hollow=True, shift=shift)
        made.append(
            {"name": words, "group": words, "kind": "marks", "look": style, "points": points}
        )
    return made


def _by_flavour(rows: pd.DataFrame) -> pd.DataFrame:
    order = {flavour: place for place, flavour in enumerate(FLAVOURS)}
    return rows.sort_values("flavour", key=lambda column: column.map(order), kind="stable")


def _look(colour: str, **more: Any) -> Json:
    return {"colour": colour, **more}


def _bands(rows: pd.DataFrame, places: Sequence[float]) -> list[Json]:
    """Expected ±2σ and ±1σ; places are masses, or the numbers of rows."""
    made = []
    for name, low, high, opacity in (
        ("expected ±2σ", "expected_minus2", "expected_plus2", 0.22),
        ("expected ±1σ", "expected_minus1", "expected_plus1", 0.4),
    ):
        ends = zip(places, rows[low], rows[high], strict=True)
        band = [
            [place, float(least), float(most)]
            for place, least, most in ends
            if math.isfinite(least + most)
        ]
        made.append(
            {
                "name": name,
                "group": name,
                "look": _look(BLUE, opacity=opacity, shift=_BANDS_PX),
                "points": [],
                "band": band,
            }
        )
    return [series for series in made if series["band"]]


def _against_mass(
    interaction: str, rows: pd.DataFrame, published: pd.DataFrame, curves: pd.DataFrame
) -> Json:
    curves = curves[curves["quantity"] == interaction]
    rows = _by_flavour(rows)
    rows = rows[rows["flavour"] == rows["flavour"].iloc[0]].sort_values("mass_MeV")
    series = _bands(rows, [float(mass) for mass in rows["mass_MeV"]])
    for name, column, look in (
        ("expected median", "expected", _look(BLUE, dash="2 3")),
        ("observed", "observed", _look(BLACK, width=2.4)),
    ):
        series.append(_curve(name, name, rows["mass_MeV"], rows[column], look))
    for place, (experiment, curve) in enumerate(curves.groupby("experiment", sort=False)):
        name = str(experiment)
        look = _look(experiment_colour(name), dash=_DASHES[(place + place // 5) % len(_DASHES)])
        series.append(
            _curve(f"{name} ({curve['source'].iloc[0]})", name, curve["mass_MeV"], curve["g"], look)
        )
    for experiment, points in published.groupby("experiment", sort=False):
        confirmed = bool((points["status"] == "read").all())
        colour = experiment_colour(str(experiment))
        look = _look(colour, marker="diamond", hollow=not confirmed)
        name = f"{experiment}, published"
        marks = _curve(name, name, points["mass_MeV"], points["value"], look)
        series.append(marks | {"kind": "marks"})
    return {
        "axes": {"x": "mass", "y": "coupling"},
        "view": dict(zip("xy", view_of(interaction, rows), strict=True)),
        "x": "mass of the mediator in MeV" if _is_mediator(interaction) else "mass in MeV",
        "y": f"{'coupling ' if _is_mediator(interaction) else ''}{strength_words(interaction)}",
        "hint": "Above a curve all is excluded; above that of a star, up to where its source ends.",
        "series": [one for one in series if one["points"] or one.get("band")],
    }


def _is_mediator(interaction: str) -> bool:
    return isinstance(SEARCHED[interaction].formula, Shift | Form)


def strength_words(interaction: str) -> str:
    """A parameter with its unit, e.g. for an axis.

    >>> strength_words("dark-photon"), strength_words("sterile-dipole")
    ('g_B−L', 'd_N in μ_B')
    """
    _, symbol, unit = QUANTITIES[interaction]
    return f"{symbol} in {unit}" if unit else symbol


def _curve(name: str, group: str, masses: Any, couplings: Any, look: Json) -> Json:
    known = [
        (float(m), float(g)) for m, g in zip(masses, couplings, strict=True) if math.isfinite(g)
    ]
    points = [[m, g, f"mass {mass_of(m)}, coupling {number(g)}"] for m, g in known]
    return {"name": name, "group": group, "kind": "line", "look": look, "points": points}


def _in_rows(interaction: str, rows: pd.DataFrame, published: pd.DataFrame) -> Json:
    rows = _by_flavour(rows)
    labels = [f"this work, {FLAVOURS[flavour]}" for flavour in rows["flavour"]]
    series = _bands(rows, range(len(rows)))
    for name, column, look in (
        ("expected median", "expected", _look(BLUE, marker="square", hollow=True, shift=_BANDS_PX)),
        ("observed", "observed", _look(BLACK, marker="circle", shift=_BESIDE_PX)),
    ):
        values = enumerate(rows[column])
        points = [
            [float(v), row, f"{labels[row]}: {strength_of(interaction, v)}"]
            for row, v in values
            if v == v
        ]
        series.append(
            {"name": name, "group": name, "kind": "marks", "look": look, "points": points}
        )
    for record in published.sort_values("value", ascending=False, kind="stable").to_dict("records"):
        confirmed = record["status"] == "read"
        text = f"{FLAVOURS[record['flavour']]}, {strength_of(interaction, record['value'])}, {record['reference']}"
        series.append(
            {
                "name": record["experiment"]
                + (", published" if confirmed else ", published, not confirmed"),
                "group": record["experiment"],
                "kind": "marks",
                "look": _look(
                    experiment_colour(record["experiment"]), marker="diamond", hollow=not confirmed
                ),
                "points": [[float(record["value"]), len(labels), text]],
            }
        )
        labels.append(f"{record['experiment']}, {FLAVOURS[record['flavour']]}")
    _, symbol, unit = QUANTITIES[interaction]
    return {
        "axes": {"x": symbol},
        "x": f"upper limit on {symbol} in {unit}",
        "hint": "Values to the right of a mark are excluded. Hollow diamonds: not confirmed in the source itself.",
        "rows": labels,
        "groups": [len(rows)],
        "series": [one for one in series if one["points"] or one.get("band")],
    }
