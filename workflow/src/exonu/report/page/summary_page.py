"""The summary page of an analysis: one HTML file for readers, which loads nothing and works from a
disk.

Whatever comes from a configuration or a table is escaped; the page's own policy forbids the browser
to load anything."""

from __future__ import annotations

import base64
import html
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Any

import pandas as pd

from exonu import __version__
from exonu.core.resources import resource_path, schema_path
from exonu.core.settings import Settings, read_schema
from exonu.report.numbers.figure_records import Heading
from exonu.report.numbers.projected_limits import Projection, kind_of_data, own_days, projections
from exonu.report.page.plots import FLAVOURS, QUANTITIES, mass_of, plots, strength_of
from exonu.report.page.stated_values import Stated, choices, injected_truth, stated
from exonu.report.printed_tables.combination_tables import (
    contributions_table,
    shared_parameters_table,
)
from exonu.report.printed_tables.writing import NOTHING, PrintedTable, number
from exonu.search.conventions import CONVENTIONS
from exonu.search.limit_rows import BETWEEN_NOTES, published_curves, published_limits
from exonu.search.studies.simulation_error import SUM
from exonu.statistics.intervals import REPORTED_FROM

PICTURES = {
    "spectrum": "Observed recoil spectrum, backgrounds, signals at their limits; below, divided by the background.",
    "signals": "Signals of solar neutrinos before the detector and in it, and the detection efficiency.",
    "combination": "Limits of each experiment alone and of all together, and each one's share of the information.",
    "limits": "Upper limits by flavour, expected ranges, and published limits.",
    "coupling_mass": "Upper limits against the mass, beside published limits.",
    "parts": "The parts of the fit: the spectrum in ranges of a second variable, and control regions that measure "
    "backgrounds beside it, after the fit without a signal.",
    "simulation_error": "Error of the background from the number of simulated events, and effective simulated events.",
    "projections": "Expected limits and the reach of a discovery against exposure and background, of Asimov data.",
    "planes": "Regions of two couplings at the confidence level of the analysis, by flavour.",
    "cut_flow": "Events left after each cut, data and simulation.",
    "hit_map": "Where on the detector light was detected.",
    "hits": "Charge of the events, charges and times of their hits.",
    "vertices": "Reconstructed vertices.",
    "resolution": "Resolution of the reconstructed vertex and energy.",
    "energy": "Reconstructed energy of the selected events.",
    "cut_efficiency": "Efficiency of the cuts against the true energy.",
}
"""What a figure shows, by its file's stem: its alternative text and caption."""
_CUT = "What the cut {} compares, in the events that pass the cuts before it."
_BROAD = 1.5  # a figure this many times as wide as high gets the whole width of the page

_BLINDED = "Blinded: the expected background stands in place of the observed counts; observed limits are not a result."
_SIMULATED = "Simulated: the observed counts of this page are simulated, not measured."


@dataclass(frozen=True)
class Summary:
    """What the page is made from.

    Attributes:
        analysis: its name.
        heading: experiment, exposure, whether simulated or blinded.
        limits: `limits.csv`.
        variants: `variants.csv`; empty where an analysis has none.
        described: the YAMLs that describe the experiment, by the name that the page gives them.
        settings: the analysis's settings as merged.
        figures: PNG files.
        versions: versions of the programs that set the limits.
        simulation: `simulation_error.csv` of an analysis of events; None without templates.
        contributions, parameters: `combination.csv` and `parameters.csv` of a combination of
            experiments; empty otherwise.
        ingest_notes: what is doubtful about the files of events; empty for a published spectrum.
    """

    analysis: str
    heading: Heading
    limits: pd.DataFrame
    variants: pd.DataFrame
    described: Mapping[str, Settings]
    settings: Settings
    figures: Sequence[Path]
    versions: Mapping[str, str]
    simulation: pd.DataFrame | None = None
    contributions: pd.DataFrame = field(default_factory=pd.DataFrame)
    parameters: pd.DataFrame = field(default_factory=pd.DataFrame)
    ingest_notes: Sequence[str] = ()


def summary_page(summary: Summary) -> str:
    """The page."""
    heading = summary.heading
    explored = plots(summary.limits, heading, published_limits(), published_curves())
    level = summary.limits["confidence_level"].iloc[0]
    exposure = f"exposure {number(heading.exposure_tonne_year)} tonne·year"
    exposure += f" ({own_days(heading)})" if own_days(heading) else ""
    about = f"{_linked(heading.reference)}; {exposure}; analysis <code>{_text(summary.analysis)}</code>."
    template = Template(resource_path("summary/page.html").read_text(encoding="utf-8"))
    return template.substitute(
        version=_text(__version__),
        title=_text(heading.name),
        style=resource_path("summary/style.css").read_text(encoding="utf-8"),
        script=resource_path("summary/plot.js").read_text(encoding="utf-8"),
        about=about,
        state="".join(_banner(text) for text, holds in _states(heading) if holds),
        limits_text=(
            f"Upper limits at {100 * level:g} % confidence level (CLs, asymptotic formulae). <em>Expected</em> is the "
            "median without new physics, with its ±1σ range. Only limits on the same flavour can be compared."
            f"{_projected_text(summary)}"
        ),
        downloads=_downloads(summary),
        limits=_limits_table(summary),
        simulation=_simulation(summary.simulation),
        all_limits=_all_limits(summary.limits),
        notes=_combination(summary) + _notes(summary.limits, summary.ingest_notes),
        plots="".join(_plot(plot) for plot in explored),
        figures=_figures(summary.figures, heading),
        assumed=_assumed(summary),
        versions=_table(
            "Programs that set these limits",
            ("Program", "Version"),
            [(_text(name), _text(version)) for name, version in sorted(summary.versions.items())],
        ),
        data=embedded_json({"plots": explored}),
    )


def _plot(plot: Mapping[str, Any]) -> str:
    """The place that the page's script draws a plot into."""
    return f'<div class="plot"><h3>{_indexed(plot["title"])}</h3><div id="{_text(plot["id"])}"></div></div>'


def embedded_json(content: Any) -> str:
    """JSON that nothing in it can end: no tag, no comment.

    >>> embedded_json({"name": "</script>"})
    '{"name":"\\\\u003c/script\\\\u003e"}'
    """
    text = json.dumps(
        content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    )
    return text.translate({ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"})


def _states(heading: Heading) -> list[tuple[str, bool]]:
    return [(_SIMULATED, heading.is_simulated), (_BLINDED, heading.blinded)]


def _banner(text: str) -> str:
    return f'<p class="banner" role="note">{_text(text)}</p>'


def _text(content: object) -> str:
    """Text for HTML, between tags or in quotes."""
    return html.escape(str(content), quote=True)


_ARXIV = re.compile(r"(?:arXiv:)?\b(\d{4}\.\d{4,5}|(?:hep|astro|nucl|physics)[a-z-]*/\d{7})\b")


def _linked(text: object) -> str:
    """Text for HTML between tags, in which papers are links.

    >>> _linked("after arXiv:2005.11891 <1>")
    'after <a href="https://arxiv.org/abs/2005.11891">arXiv:2005.11891</a> &lt;1&gt;'
    """
    return _ARXIV.sub(r'<a href="https://arxiv.org/abs/\1">\g<0></a>', _text(text))


def _downloads(summary: Summary) -> str:
    """The limits as a file that is in the page itself, and what lies beside the page."""
    table = summary.limits.to_csv(index=False).encode("utf-8")
    data = base64.b64encode(table).decode("ascii")
    name = _text(f"{summary.analysis}-limits.csv")
    inside = f'<a class="button" download="{name}" href="data:text/csv;base64,{data}">Download the limits (CSV)</a>'
    files = [file for file in _BESIDE if file != _VARIANTS or not summary.variants.empty]
    beside = " ".join(
        f'<a class="button" href="{file}">{_text(Path(file).name)}</a>' for file in files
    )
    words = "<small>In the folder of this page:</small>"
    return f'<p class="downloads">{inside}</p><p class="downloads">{words} {beside}</p>'


_VARIANTS = "limits/variants.csv"
_BESIDE = (
    "limits/limits.csv",
    _VARIANTS,
    "tables/limits.tex",
    "tables/yields.csv",
    "tables/systematics.csv",
)
"""Files of every analysis; a combination has no variants."""


def _simulation(table: pd.DataFrame | None) -> str:
    """Whether enough is simulated, by live time: in how many bins the error of the summed template
    is as small as required, and the worst of them."""
    if table is None:
        return ""
    total = table[table["background"] == SUM].dropna(subset=["ratio"])
    rows = []
    for days, bins in total.groupby("live_days"):
        worst: Any = bins.iloc[int(bins["ratio"].argmax())]
        place = f"{worst['energy_low_keVee']:g}–{worst['energy_high_keVee']:g} keVee"
        met = int(bins["met"].astype(bool).sum())
        rows.append(
            (f"{float(str(days)):g} d", f"{met} of {len(bins)}", f"{worst['ratio']:.2g} at {place}")
        )
    headings = ("Live time", "Bins with enough simulation", "Largest error / Poisson error")
    caption = "Error of the summed background from the number of simulated events, against its Poisson error"
    return _table(caption, headings, [tuple(map(_text, row)) for row in rows])


def _indexed(text: str) -> str:
    """Text for HTML between tags, with the indices of our symbols as such.

    >>> _indexed("μ_ν of ν_e < g_B−L")
    'μ<sub>ν</sub> of ν<sub>e</sub> &lt; g<sub>B−L</sub>'
    """
    return re.sub(r"_(B−L|[Bνeμτ]\b)", r"<sub>\1</sub>", _text(text))


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def _table(
    caption: str,
    headings: Sequence[str],
    rows: Iterable[Sequence[str]] | Mapping[str, Iterable[Sequence[str]]],
    whole: Sequence[int] = (),
) -> str:
    """A table of cells in HTML, of all rows or of groups of them under headings; the first of a row
    is its heading, and lines of the columns `whole` are not broken."""
    head = "".join(f'<th scope="col" role="columnheader">{_text(name)}</th>' for name in headings)
    groups = rows if isinstance(rows, Mapping) else {"": rows}
    bodies = ""
    for name, members in groups.items():
        title = (
            f'<tr role="row"><th class="group" role="rowheader" scope="rowgroup" colspan="{len(headings)}">'
            f"{_indexed(name)}</th></tr>"
            if name
            else ""
        )
        body = "".join(_row(headings, row, whole) for row in members)
        bodies += f'<tbody role="rowgroup">{title}{body}</tbody>'
    return (
        f'<table class="stack" role="table"><caption>{_text(caption)}</caption>'
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead>{bodies}</table>'
    )


def _row(headings: Sequence[str], row: Sequence[str], whole: Sequence[int]) -> str:
    first = f'<th scope="row" role="rowheader">{row[0]}</th>'
    kinds = ["whole" if place in whole else "" for place in range(1, len(row))]
    cells = "".join(
        f'<td role="cell" class="{kind}" data-label="{_text(name)}"><span>{cell}</span></td>'
        for name, cell, kind in zip(headings[1:], row[1:], kinds, strict=True)
    )
    return f'<tr role="row">{first}{cells}</tr>'


def _hypothesis(row: Mapping[str, Any]) -> str:
    _, symbol, _ = QUANTITIES[row["interaction"]]
    detail = (
        f"mass {mass_of(row['mass_MeV'])}"
        if row["mass_MeV"] == row["mass_MeV"]
        else FLAVOURS[row["flavour"]]
    )
    return _indexed(f"{symbol}, {detail}")


def _evidence(row: Mapping[str, Any]) -> str:
    """p0 with its significance, and the best fit where it is not zero."""
    if row.get("p0") is None or row["p0"] != row["p0"]:
        return NOTHING
    if row["best_fit"] == 0:
        return "no excess"
    text = f"{row['p0']:.2g} ({row['significance']:.1f}σ)"
    return f"{_text(text)}<br><small>best fit {_strength(row, 'best_fit')}</small>"


def _limits_table(summary: Summary) -> str:
    """The limits of every flavour; of the dark photon at whole powers of ten and where others
    published one."""
    published = published_limits()
    ours = summary.limits[summary.limits["method"] == "asymptotic"]
    masses = ours["mass_MeV"]
    kept = ours[
        masses.isna() | masses.map(_is_decade) | masses.isin(_shared_masses(masses, published))
    ]
    order = {name: place for place, name in enumerate(QUANTITIES)}
    kept = kept.sort_values("interaction", key=lambda column: column.map(order), kind="stable")
    projected = projections(summary.limits)
    rows = [
        (
            _hypothesis(row),
            _strength(row, "observed"),
            _expected(row),
            _evidence(row),
            *_by_convention(row, summary),
            *(_projected(row, one, summary.limits) for one in projected),
            _beside(row, published),
        )
        for row in _records(kept)
    ]
    others = (f"{one.label.capitalize()} (±1σ)" for one in projected)
    headings = (
        "Parameter",
        "Observed",
        "Expected (±1σ)",
        "p₀ of background alone",
        *([] if _convention(summary) == "cls" else [f"Stated by {_convention(summary)}"]),
        *others,
        "Published",
    )
    groups: dict[str, list[tuple[str, ...]]] = {}
    for record, row in zip(_records(kept), rows, strict=True):
        name = QUANTITIES[record["interaction"]][0]
        groups.setdefault(name[0].upper() + name[1:], []).append(row)
    whole = range(1, len(headings) - 1)
    return _table("Upper limits beside published ones", headings, groups, whole)


def _convention(summary: Summary) -> str:
    return str(summary.settings.get("statistics", {}).get("convention", "cls"))


def _by_convention(row: Mapping[str, Any], summary: Summary) -> list[str]:
    """What the analysis's convention states of a hypothesis; nothing where that is the CLs limit."""
    name = _convention(summary)
    if name == "cls":
        return []
    found = _same_hypothesis(row, summary.limits)
    stated = [one for one in _records(found) if one["method"] == CONVENTIONS[name].method]
    if not stated:
        return ["by <code>snakemake toys</code>"]
    [one] = stated
    if one["significance"] >= REPORTED_FROM:
        return [_text(f"{number(one['interval_low'])} to {number(one['interval_high'])}")]
    return [f"&lt; {_strength(one, 'observed')}"]


def _same_hypothesis(row: Mapping[str, Any], limits: pd.DataFrame) -> pd.DataFrame:
    same = (limits["interaction"] == row["interaction"]) & (limits["flavour"] == row["flavour"])
    if pd.notna(row["mass_MeV"]):
        same &= limits["mass_MeV"] == row["mass_MeV"]
    found: pd.DataFrame = limits.loc[same]
    return found


def _projected(row: Mapping[str, Any], projection: Projection, limits: pd.DataFrame) -> str:
    """The expected limit of a hypothesis at another live time, and the same with less
    uncertainty."""
    by_method = {one["method"]: one for one in _records(_same_hypothesis(row, limits))}
    text = _expected(by_method[projection.method])
    for method, words in projection.beside.items():
        less = by_method.get(method, {}).get("expected", math.nan)
        if less == less:
            text += f"<br><small>{words} {_text(number(less))}</small>"
    return text


def _projected_text(summary: Summary) -> str:
    """What projected limits are; nothing where there are none."""
    found = projections(summary.limits)
    if not found:
        return ""
    days, own = " and ".join(one.days for one in found), own_days(summary.heading)
    return _text(
        f" Expected at {days} d: the median at that live time ({kind_of_data(summary.heading)}), from the same "
        "templates with all systematic uncertainties, without that of the number of simulated events (MC "
        "statistics), and with statistics alone."
        + (f" All other limits of this work are of {own}." if own else "")
    )


def _is_decade(mass_MeV: float) -> bool:
    return f"{mass_MeV:.3e}".startswith("1.000e") and mass_MeV >= 1e-4


def _shared_masses(masses: pd.Series[float], published: pd.DataFrame) -> list[float]:
    known = published["mass_MeV"].dropna()
    return [mass for mass in masses.dropna() if ((known / mass - 1).abs() < 1e-6).any()]


def _strength(row: Mapping[str, Any], column: str) -> str:
    return (
        _indexed(strength_of(row["interaction"], row[column]))
        if row[column] == row[column]
        else "no limit found"
    )


def _expected(row: Mapping[str, Any]) -> str:
    if row["expected"] != row["expected"]:
        return NOTHING
    ends = " to ".join(number(row[end]) for end in ("expected_minus1", "expected_plus1"))
    return f"{_strength(row, 'expected')}<br><small>{_text(ends)}</small>"


def _beside(row: Mapping[str, Any], published: pd.DataFrame) -> str:
    same = published[
        (published["quantity"] == row["interaction"]) & (published["flavour"] == row["flavour"])
    ]
    if row["mass_MeV"] == row["mass_MeV"]:
        same = same[(same["mass_MeV"] / row["mass_MeV"] - 1).abs() < 1e-6]
    items = []
    for other in _records(same.sort_values("value", kind="stable")):
        doubt = "" if other["status"] == "read" else ", not confirmed in the source"
        text = f"{other['experiment']}: {strength_of(row['interaction'], other['value'])}"
        items.append(
            f"<li>{_indexed(text)} <small>({_linked(other['reference'])}{doubt})</small></li>"
        )
    return f"<ul>{''.join(items)}</ul>" if items else NOTHING


def _all_limits(limits: pd.DataFrame) -> str:
    rows = [
        (
            _hypothesis(row),
            _text(row["method"]),
            _strength(row, "observed"),
            _strength(row, "expected") if row["expected"] == row["expected"] else NOTHING,
            _text(f"{number(row['interval_low'])} to {number(row['interval_high'])}")
            if row["interval_low"] == row["interval_low"]
            else NOTHING,
        )
        for row in _records(limits)
    ]
    headings = ("Parameter", "Method", "Observed", "Expected", "Two-sided interval")
    table = _table(
        "All limits, by all methods; explained in results/README.md",
        headings,
        rows,
        whole=(0, 2, 3, 4),
    )
    return f"<details><summary>All {len(rows)} limits, every mass and method</summary>{table}</details>"


def _combination(summary: Summary) -> str:
    """What each experiment of a combination contributes, and which parameters they share."""
    if summary.contributions.empty:
        return ""
    contributions = contributions_table(summary.contributions, summary.heading)
    shared = shared_parameters_table(summary.parameters, summary.heading)
    return (
        "<h3>Experiments of this combination</h3>"
        f"{_folded(contributions, 'What each experiment contributes, and whether they agree')}"
        f"{_folded(shared, 'Which parameters they share')}"
    )


def _folded(table: PrintedTable, title: str) -> str:
    """A printed table under a title that opens it."""
    rows = [
        [_indexed(cell.replace("{", "").replace("}", "")) for cell in row] for row in table.rows
    ]
    shown = _table(table.caption, table.headings, rows)
    return f"<details><summary>{_text(title)}</summary>{shown}</details>"


def _notes(limits: pd.DataFrame, ingest_notes: Sequence[str]) -> str:
    """What is doubtful about inputs and limits, each note with the hypotheses that it concerns, and
    about the files of events, each with its runs. Of notes on limits that differ in nothing but
    numbers the first stands for all, with how many there are."""
    concerned: dict[str, list[str]] = {}
    alike: dict[str, set[str]] = {}
    for row in _records(limits):
        notes = row.get("notes")
        for note in notes.split(BETWEEN_NOTES) if isinstance(notes, str) else ():
            form = re.sub(r"\d+(\.\d+)?", "#", note)
            first = alike.setdefault(form, set())
            first.add(note)
            names = concerned.setdefault(form, [])
            if _hypothesis(row) not in names:
                names.append(_hypothesis(row))
    if not concerned and not ingest_notes:
        return ""
    items = [f"<li>{_text(note)} <small>(files of events)</small></li>" for note in ingest_notes]
    for form, names in concerned.items():
        more = len(alike[form]) - 1
        like = f"; {more} more with other numbers" if more else ""
        whom = f"{', '.join(names[:4])}{', …' if len(names) > 4 else ''}{like}"
        items.append(f"<li>{_text(sorted(alike[form])[0])} <small>({whom})</small></li>")
    return f'<h3>Notes</h3><ul class="notes">{"".join(items)}</ul>'


def _figures(files: Sequence[Path], heading: Heading) -> str:
    state = " ".join(text for text, holds in _states(heading) if holds)
    pictures = []
    for file in files:
        cut = _CUT.format(file.stem.removeprefix("cut_"))
        shows = PICTURES.get(
            file.stem, cut if file.stem.startswith("cut_") else file.stem.capitalize() + "."
        )
        content = file.read_bytes()
        data = base64.b64encode(content).decode("ascii")
        width, height = (
            int.from_bytes(content[start : start + 4], "big") for start in (16, 20)
        )  # of a PNG
        kind = ' class="broad"' if width > _BROAD * height else ""
        told = _text(f"{heading.name}: {shows} {state}".rstrip())
        picture = f'<img alt="{told}" src="data:image/png;base64,{data}">'
        pdf = f'<a href="figures/{_text(file.stem)}.pdf">PDF</a>'
        said = f"<figcaption>{_indexed(shows)} {pdf}</figcaption>"
        pictures.append(f"<figure{kind}>{picture}{said}</figure>")
    return f'<div class="pictures">{"".join(pictures)}</div>'


def _assumed(summary: Summary) -> str:
    simulated = summary.heading.is_simulated
    parts = [
        f"<p>{_text(_SIMULATED if simulated else 'The observed counts are measured, not simulated.')}</p>"
    ]
    for name, content in summary.described.items():
        rows = sorted(
            [*injected_truth(content), *stated(content)], key=lambda row: row.status != "assumed"
        )
        if not rows:
            continue
        count = sum(row.status == "assumed" for row in rows)
        caption = f"Numbers of {name} with a status: {count} of {len(rows)} are assumed"
        headings = ("Where", "Value", "Status", "Source")
        parts.append(_table(caption, headings, [_stated_cells(row) for row in rows]))
    parts += [_costs(summary.variants), _choices(summary.settings)]
    return "".join(parts)


def _stated_cells(row: Stated) -> tuple[str, ...]:
    kind = " assumed" if row.status == "assumed" else ""
    status = f'<span class="status{kind}">{_text(row.status)}</span>'
    place = re.sub(r"([._])", r"\1<wbr>", _text(row.place))  # long names may be broken there
    return place, _text(row.value), status, _linked(row.source) or NOTHING


def _costs(variants: pd.DataFrame) -> str:
    """What the main assumptions cost: the ratio of the limit to the nominal one, by interaction."""
    rows = []
    if variants.empty:
        return ""
    for description, group in variants[variants["variant"] != "nominal"].groupby(
        "description", sort=False
    ):
        ratios = [
            f"{QUANTITIES[row['interaction']][1]}{_at(row)}: ×\N{NO-BREAK SPACE}{row['ratio']:.2f}"
            for row in _records(group)
            if row["ratio"] == row["ratio"]
        ]
        rows.append((_text(description), _indexed("; ".join(ratios))))
    caption = "What one changed assumption does to the observed limit (limits/variants.csv)"
    return _table(caption, ("Changed", "Limit over the nominal one"), rows) if rows else ""


def _at(row: Mapping[str, Any]) -> str:
    return f" at {mass_of(row['mass_MeV'])}" if row["mass_MeV"] == row["mass_MeV"] else ""


def _choices(settings: Settings) -> str:
    """The settings of the analysis with their meaning; assumed ones are marked."""
    rows = []
    for choice in choices(settings, read_schema(schema_path("analysis.yaml"))):
        mark = ' <span class="status assumed">assumed</span>' if choice.is_assumed else ""
        rows.append((_text(choice.place), _text(choice.value) + mark, _text(choice.meaning)))
    table = _table(
        "Settings of this analysis, defaults included", ("Setting", "Value", "Meaning"), rows
    )
    return f"<details><summary>All {len(rows)} settings of this analysis</summary>{table}</details>"
