"""Limits against a mass: ours and published ones, a panel for each interaction that has one; of the
U(1)_B-L dark photon with the muon's g − 2."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from exonu.catalogue import SEARCHED, Form, Shift
from exonu.core.errors import InputError
from exonu.core.types import Array
from exonu.interactions.anomalous_moment import AnomalousMoment, coupling_band
from exonu.report.figures.colours import BLACK, BLUE, GREY, ORANGE, SKY, VERMILLION
from exonu.report.figures.limit_summary import AnalysisLimits
from exonu.report.figures.style import (
    ANALYSIS_LOOKS,
    Look,
    cls_text,
    new_figure,
    plain_name,
    put_heading,
    short_description,
    state_of,
    styled,
)
from exonu.report.numbers.projected_limits import kind_of_data, own_days
from exonu.search.limit_rows import COUPLING_RANGE, MASS_RANGE_MEV, view_of

_FADE_DECADES = 0.25
_STARS = ("Sun", "Horizontal-branch stars", "Red giants")
_PROJECTED_LINES = ((0, (6, 1.5)), (0, (6, 1.5, 1.2, 1.5)), (0, (2.5, 1)))
_LINES = ("-", (0, (5, 1.5)), (0, (3, 1, 1, 1)), (0, (1, 1)), (0, (7, 1.5, 1, 1.5)))


@dataclass(frozen=True)
class _Name:
    """Where a curve's name stands: a place on the paper, no physics."""

    mass_MeV: float
    coupling: float
    turn: float = 0.0
    ends_there: bool = False
    text: str = ""
    leader: tuple[float, float] | None = None


_NAMES = {
    "Borexino": _Name(2.5, 9.0e-7, leader=(0.5, 1.9e-6)),
    "TEXONO": _Name(14.0, 8.0e-6, 48.0),
    "CHARM-II": _Name(0.75, 5.6e-5, ends_there=True),
    "BaBar": _Name(0.85, 2.6e-4, ends_there=True),
    "NA64 invisible": _Name(1.1, 2.2e-5, ends_there=True, text="NA64"),
    "Sun": _Name(4e-5, 2.2e-8),
    "Horizontal-branch stars": _Name(1.5e-1, 1.3e-8, 90.0, text="horizontal-\nbranch stars"),
    "Red giants": _Name(0.85, 1.3e-8, 90.0, text="red giants"),
}


def draw_coupling_mass(
    analyses: Sequence[AnalysisLimits],
    curves: pd.DataFrame,
    published: pd.DataFrame,
    moment: AnomalousMoment,
) -> Figure:
    """Draw coupling against mass.

    Args:
        analyses: one, or several to compare; those without a mass are left out.
        curves: `published_curves()`.
        published: `exonu.search.limit_rows.published_limits()`, for limits at single masses.
        moment: Δa_μ of the muon.

    Raises:
        InputError: if no analysis has limits against a mass.
    """
    names = [
        name
        for name, one in SEARCHED.items()
        if one.has_mass and any(len(analysis.rows(name)) for analysis in analyses)
    ]
    searched = [
        analysis for analysis in analyses if any(len(analysis.rows(name)) for name in names)
    ]
    if not searched:
        raise InputError("hold no limits against a mass", file="limits.csv")
    with styled():
        several = len(searched) > 1
        lines = len(searched) if several else 3
        figure = new_figure(4.2 * len(names) + 0.16 * (lines + 6))
        panels = figure.subplots(len(names), 1, squeeze=False)[:, 0]
        handles: list[Artist] = []
        ours: list[Artist] = []
        points: list[Artist] = []
        for axes, name in zip(panels, names, strict=True):
            if name == "dark-photon":
                handles = _draw_published_curves(axes, curves) + _draw_muon_band(axes, moment)
            drawn = _draw_all_of_ours(axes, searched, name)
            ours = max(ours, drawn, key=len)
            points += _draw_published_points(axes, published, name)
            _dress(axes, name, searched)
        if several:
            ours += [
                _median_handle(),
                Patch(facecolor=GREY, alpha=0.6, label=r"expected $\pm1\sigma$"),
            ]
        else:
            put_heading(panels[0], searched[0].heading)
        level = float(searched[0].table["confidence_level"].iloc[0])
        figure.legend(
            handles=[*ours, *points, *handles], loc="outside lower left", alignment="left",
            ncols=1 if several else 2, columnspacing=0.8, fontsize=7.5, title_fontsize=8.5,
            title=f"{cls_text(level)} upper limits; others as in their sources,\nshading fades where their curves end",
        )  # fmt: skip
    return figure


def _of_one_flavour(analysis: AnalysisLimits, name: str, method: str) -> pd.DataFrame:
    """Limits against the mass, of all flavours together where they were searched for."""
    rows = analysis.rows(name, method)
    return rows[rows["flavour"] == rows["flavour"].iloc[0]] if len(rows) else rows


def _draw_all_of_ours(axes: Axes, searched: Sequence[AnalysisLimits], name: str) -> list[Artist]:
    several = len(searched) > 1
    return [
        handle
        for number, analysis in enumerate(searched)
        if len(analysis.rows(name))
        for handle in _draw_ours(
            axes, analysis, name, ANALYSIS_LOOKS[number % len(ANALYSIS_LOOKS)], several
        )
    ]


def _dress(axes: Axes, name: str, searched: Sequence[AnalysisLimits]) -> None:
    """Scales, ranges and words; a panel beside others says whose coupling it is."""
    one = SEARCHED[name]
    rows = pd.concat([_of_one_flavour(analysis, name, "asymptotic") for analysis in searched])
    masses, couplings = view_of(name, rows)
    axes.set(xscale="log", yscale="log", xlim=masses, ylim=couplings)
    if masses[1] < 100 * masses[0]:  # too few decades for labels at powers of ten alone
        ticks = sorted({float(f"{mass:.1g}") for mass in np.geomspace(*masses, 6)[1:-1]})
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.set_xticks([], minor=True)
    mediator = isinstance(one.formula, Shift | Form)
    axes.set_xlabel("mass of the mediator $M$ [MeV]" if mediator else "mass $M$ [MeV]")
    unit = f" [${one.parameter.unit.latex}$]" if one.parameter.unit.latex else ""
    symbol = f"${one.parameter.latex}${unit}"
    axes.set_ylabel(f"coupling {symbol}" if mediator else symbol)
    if name != "dark-photon":
        axes.text(0.02, 0.96, one.title, transform=axes.transAxes, va="top", fontsize=9.0)


def _draw_published_curves(axes: Axes, curves: pd.DataFrame) -> list[Artist]:
    """Excluded regions: by laboratories upwards, by stars up to the highest coupling that the
    sources tabulate. Where a source's curve ends the shading fades: nothing is said beyond."""
    of_stars = curves["experiment"].isin(_STARS)
    mass = np.geomspace(*MASS_RANGE_MEV, 600)
    stars = curves[of_stars]
    tabulated = float(stars["g"].max()) if len(stars) else 0.0
    handles: list[Artist] = []
    for part, top, colour, words in (
        (curves[~of_stars], COUPLING_RANGE[1], "#E6E6E6", "excluded, laboratories"),
        (stars, tabulated, "#E4DCC4", "excluded, stars"),
    ):
        lowest = lowest_curve(part, mass)
        axes.fill_between(mass, lowest, top, facecolor=colour, linewidth=0, zorder=1)
        _fade(axes, mass, lowest, top, colour)
        if top < COUPLING_RANGE[1]:
            _fade_upwards(axes, mass[np.isfinite(lowest)], top, colour)
        handles.append(Patch(facecolor=colour, label=words))
    for number, (name, curve) in enumerate(curves.groupby("experiment", sort=False)):
        line = _LINES[number % len(_LINES)]
        axes.plot(
            curve["mass_MeV"],
            curve["g"],
            color="#6E6E6E",
            linewidth=0.8,
            linestyle=line,
            zorder=1.5,
        )
        middle = curve.iloc[len(curve) // 2]
        place = _NAMES.get(str(name), _Name(float(middle["mass_MeV"]), float(middle["g"])))
        if place.leader is not None:
            ends = np.transpose([place.leader, (place.mass_MeV, place.coupling)])
            axes.plot(*ends, color="#9A9A9A", linewidth=0.6, zorder=1.5)
        axes.text(
            place.mass_MeV,
            place.coupling,
            place.text or str(name),
            rotation=place.turn,
            rotation_mode="anchor",
            ha="right" if place.ends_there else "left",
            fontsize=8.0,
            linespacing=0.9,
            color="#444444",
            clip_on=True,
        )
    return handles


def _fade(axes: Axes, mass: Array, lowest: Array, top: float, colour: str) -> None:
    """An open end on the left of a shaded region: its colour thins out over a quarter of a
    decade."""
    known = np.flatnonzero(np.isfinite(lowest))
    if not known.size or known[0] == 0:
        return
    edge, low = mass[known[0]], lowest[known[0]]
    steps = edge * 10 ** np.linspace(-_FADE_DECADES, 0.0, 13)
    for number, (left, right) in enumerate(itertools.pairwise(steps), start=1):
        axes.fill_between(
            [left, right], low, top, facecolor=colour, alpha=number / len(steps), linewidth=0, zorder=1
        )  # fmt: skip


def _fade_upwards(axes: Axes, mass: Array, top: float, colour: str) -> None:
    """The same above the highest coupling of the sources."""
    steps = top * 10 ** np.linspace(0.0, _FADE_DECADES, 13)
    for number, (low, high) in enumerate(itertools.pairwise(steps)):
        axes.fill_between(
            mass, low, high, facecolor=colour, alpha=1 - (number + 1) / len(steps), linewidth=0, zorder=1
        )  # fmt: skip


def lowest_curve(curves: pd.DataFrame, mass_MeV: Array) -> Array:
    """The lowest of several limits, straight in the logarithms between their points.

    Args:
        curves: columns experiment, mass_MeV, g.
        mass_MeV: masses, shape (n,).

    Returns:
        Couplings, shape (n,); NaN where no curve has points on both sides.
    """
    lowest = np.full_like(mass_MeV, np.inf)
    for _, curve in curves.groupby("experiment", sort=False):
        known = curve.sort_values("mass_MeV")
        logs = np.log(known[["mass_MeV", "g"]].to_numpy(dtype=np.float64))
        limit = np.exp(
            np.interp(np.log(mass_MeV), logs[:, 0], logs[:, 1], left=np.inf, right=np.inf)
        )
        lowest = np.minimum(lowest, limit)
    return np.where(np.isfinite(lowest), lowest, np.nan)


def _draw_muon_band(axes: Axes, moment: AnomalousMoment) -> list[Artist]:
    mass = np.geomspace(*MASS_RANGE_MEV, 300)
    low, high = coupling_band(mass, moment)
    doubt = " (as quoted)" if moment.status == "assumed" else ""
    name = rf"muon $g-2$, {moment.year}{doubt}"
    if not low.any():  # no coupling at all is within the band, too: its upper edge says everything
        label = rf"{name}, $2\sigma$ upper edge"
        return list(axes.plot(mass, high, color=ORANGE, linewidth=1.2, linestyle="--", label=label))
    style: dict[str, Any] = {
        "facecolor": "none",
        "edgecolor": ORANGE,
        "hatch": "////",
        "linewidth": 0.9,
    }
    axes.fill_between(mass, low, high, **style)
    return [Patch(**style, label=rf"{name}, $\pm2\sigma$")]


def _draw_ours(
    axes: Axes, analysis: AnalysisLimits, name: str, look: Look, several: bool
) -> list[Artist]:
    """Expected bands and observed line; a mass without a limit leaves a gap."""
    rows = _of_one_flavour(analysis, name, "asymptotic").sort_values("mass_MeV")
    mass = rows["mass_MeV"].to_numpy(dtype=float)
    few: dict[str, Any] = {"marker": look.marker, "markersize": 3.5} if len(rows) < 5 else {}
    colour = look.colour if several else BLUE
    for ends, alpha in (
        (("expected_minus2", "expected_plus2"), 0.22),
        (("expected_minus1", "expected_plus1"), 0.4),
    ):
        low, high = (rows[end].to_numpy(dtype=float) for end in ends)
        if not several or alpha > 0.3:
            axes.fill_between(
                mass, low, high, facecolor=colour, alpha=alpha, linewidth=0, zorder=2.5
            )
    axes.plot(
        mass,
        rows["expected"],
        color=colour if several else BLACK,
        linestyle=":",
        linewidth=1.0,
        zorder=3,
    )
    line = look.line if several else "-"
    observed = rows["observed"].to_numpy(dtype=float)
    axes.plot(
        mass,
        observed,
        color=colour if several else BLACK,
        linestyle=line,
        linewidth=1.6,
        zorder=3,
        **few,
    )
    handles = _our_handles(analysis, colour, look, several, failed=int(np.isnan(observed).sum()))
    return handles + _draw_projections(axes, analysis, name, look, several)


def _draw_projections(
    axes: Axes, analysis: AnalysisLimits, name: str, look: Look, several: bool
) -> list[Artist]:
    """Expected median at other live times, as lines."""
    handles: list[Artist] = []
    for number, projection in enumerate(analysis.projections):
        rows = _of_one_flavour(analysis, name, projection.method).sort_values("mass_MeV")
        colour = look.colour if several else VERMILLION
        style: dict[str, Any] = {
            "color": colour,
            "linestyle": _PROJECTED_LINES[number % 3],
            "linewidth": 1.2,
        }
        axes.plot(rows["mass_MeV"], rows["expected"], zorder=3, **style)
        whose = (
            f"{plain_name(analysis.heading.name, analysis.heading.is_simulated)}, "
            if several
            else ""
        )
        label = f"{whose}{projection.label} ({kind_of_data(analysis.heading)})"
        handles.append(Line2D([], [], **style, label=label))
    return handles


def _our_handles(
    analysis: AnalysisLimits, colour: str, look: Look, several: bool, failed: int
) -> list[Artist]:
    gaps = f" ({failed} {'mass' if failed == 1 else 'masses'} without limit)" if failed else ""
    if several:
        state = state_of(analysis.heading)
        name = short_description(analysis.heading) + (f", {state}" if state else "") + gaps
        return [Line2D([], [], color=colour, linestyle=look.line, linewidth=1.6, label=name)]
    days = (
        f", {own_days(analysis.heading)}"
        if analysis.projections and own_days(analysis.heading)
        else ""
    )
    return [
        Line2D([], [], color=BLACK, linewidth=1.6, label=f"observed{days}{gaps}"),
        _median_handle(days),
        Patch(facecolor=colour, alpha=0.6, label=r"expected $\pm1\sigma$"),
        Patch(facecolor=colour, alpha=0.22, label=r"expected $\pm2\sigma$"),
    ]


def _median_handle(days: str = "") -> Artist:
    return Line2D([], [], color=BLACK, linestyle=":", linewidth=1.0, label=f"expected median{days}")


def _draw_published_points(axes: Axes, published: pd.DataFrame, name: str) -> list[Artist]:
    """Limits that others give at single masses."""
    handles: list[Artist] = []
    points = published[(published["quantity"] == name) & published["mass_MeV"].notna()]
    for number, ((experiment, status), rows) in enumerate(
        points.groupby(["experiment", "status"], sort=False)
    ):
        style: dict[str, Any] = {
            "color": BLACK,
            "marker": "*vPX"[number % 4],
            "linestyle": "none",
            "markersize": 9,
        }
        style["markerfacecolor"] = SKY if status == "read" else "white"
        axes.plot(rows["mass_MeV"], rows["value"], zorder=4, **style)
        doubt = "" if status == "read" else ", not confirmed"
        handles.append(Line2D([], [], **style, label=f"{experiment}, published{doubt}"))
    return handles
