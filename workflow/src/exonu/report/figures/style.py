"""One look for all figures: for a journal's column, colour-blind eyes and a grey printer, the same
bytes each time.

Whatever a colour tells, a line style, a hatch or a marker tells too. Fonts are matplotlib's own, so
that every machine draws the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from exonu.catalogue import INTERACTIONS, SEARCHED, STATES
from exonu.catalogue import UNITS as CATALOGUE_UNITS
from exonu.core.files import whole_or_absent
from exonu.core.types import Array
from exonu.report.figures.colours import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION
from exonu.report.numbers.figure_records import Axis, Heading

COLUMN_INCHES = 4.2
"""Width of a figure; shrunk to a column of 3.4 inches its text is still 7 to 8 points."""

_RC: dict[str, Any] = {
    "font.family": "STIXGeneral",
    "mathtext.fontset": "stix",
    "font.size": 10.0,
    "axes.labelsize": 11.0,
    "axes.titlesize": 9.0,
    "legend.fontsize": 8.5,
    "xtick.labelsize": 10.0,
    "ytick.labelsize": 10.0,
    "axes.linewidth": 0.8,
    "lines.linewidth": 1.4,
    "hatch.linewidth": 0.5,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.top": True,
    "ytick.right": True,
    "xtick.minor.visible": True,
    "ytick.minor.visible": True,
    "legend.frameon": False,
    "legend.handlelength": 2.2,
    "legend.labelspacing": 0.3,
    "legend.borderaxespad": 0.6,
    "axes.formatter.use_mathtext": True,
    "figure.constrained_layout.h_pad": 0.03,
    "figure.constrained_layout.w_pad": 0.03,
    "figure.constrained_layout.hspace": 0.0,
    "savefig.facecolor": "white",
    "pdf.fonttype": 42,
    "svg.hashsalt": "exonu",
}


@dataclass(frozen=True)
class Look:
    """Colour, line style and marker of one thing that is drawn."""

    colour: str
    line: Any = "-"
    marker: str = "o"


_LOOKS = (
    Look(BLACK, "-"),
    Look(VERMILLION, "--"),
    Look(BLUE, "-."),
    Look(GREEN, (0, (1, 1))),
    Look(ORANGE, (0, (5, 1, 1, 1, 1, 1))),
    Look(SKY, (0, (8, 2))),
    Look(GREY, (0, (3, 1))),
)
INTERACTION_LOOKS = {name: _LOOKS[place % len(_LOOKS)] for place, name in enumerate(INTERACTIONS)}
_HEAVY = Look(PURPLE, (0, (5, 1, 1, 1, 1, 1)))
ANALYSIS_LOOKS = (
    Look(BLUE, "-", "o"),
    Look(VERMILLION, "--", "s"),
    Look(GREEN, "-.", "^"),
    Look(PURPLE, ":", "v"),
    Look(ORANGE, (0, (5, 1, 1, 1, 1, 1)), "D"),
    Look(SKY, (0, (8, 2)), "P"),
)
KEV_EE = r"keV$_\mathrm{ee}$"
SYMBOLS = {one.parameter.name: one.parameter.latex for one in SEARCHED.values()}
UNITS = {name: rf"\,{unit.latex}" if unit.latex else "" for name, unit in CATALOGUE_UNITS.items()}
FLAVOURS = {name: state.latex for name, state in STATES.items()}
NAMES = {name: one.title for name, one in INTERACTIONS.items()}


def styled() -> AbstractContextManager[None]:
    """The style, for drawing and for saving; a user's own matplotlibrc changes nothing."""
    settings: Any = {key: value for key, value in mpl.rcParamsDefault.items() if key != "backend"}
    return mpl.rc_context(settings | _RC)


_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


def with_superscripts(text: str) -> str:
    """Raised digits as TeX, as the figures' font lacks some.

    >>> with_superscripts("²¹⁰Pb surface")
    '$^{210}$Pb surface'
    """
    return re.sub(
        "[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda found: f"$^{{{found.group().translate(_SUPERSCRIPTS)}}}$", text
    )


def new_figure(height_inches: float, width_inches: float = COLUMN_INCHES) -> Figure:
    """An empty figure; call it inside `styled()`."""
    figure = Figure(figsize=(width_inches, height_inches), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


_WITHOUT = {
    ".pdf": ("Creator", "Producer", "CreationDate"),
    ".png": ("Software",),
    ".svg": ("Date",),
    ".eps": (),
}


def save(figure: Figure, files: Iterable[str | Path], plots: int | Mapping[str, Any]) -> None:
    """Write a figure in the formats of the files' suffixes, whole or absent, without dates or
    versions in it.

    The layout is that of the pixels, and all formats share it: making one takes as long as drawing.

    Args:
        figure: made by `new_figure`.
        files: where it goes.
        plots: dots per inch; or settings with these as `dpi`, with the `width` of figures made for
            one column, and with `more_formats` to write beside the first file.
    """
    chosen: Mapping[str, Any] = {"dpi": plots} if isinstance(plots, int) else plots
    dpi, paths = chosen["dpi"], [Path(file) for file in files]
    paths += [paths[0].with_suffix(f".{suffix}") for suffix in chosen.get("more_formats", ())]
    width, height = figure.get_size_inches()
    if chosen.get("width") == "two-columns" and width == COLUMN_INCHES:
        figure.set_size_inches(2 * width, height)
    with styled():
        if (engine := figure.get_layout_engine()) is not None:  # None once it has been saved
            figure.set_dpi(dpi)
            engine.execute(figure)
            figure.set_layout_engine(None)
        for file in paths:
            with whole_or_absent(file) as beside:
                metadata = dict.fromkeys(_WITHOUT[file.suffix])
                figure.savefig(beside, format=file.suffix[1:], dpi=dpi, metadata=metadata)


def in_powers_of_ten(value: float, digits: int = 2) -> str:
    """A number as TeX with so many significant digits.

    >>> in_powers_of_ten(6.36e-12)
    '6.4\\\\times 10^{-12}'
    >>> in_powers_of_ten(1e-5, 1), in_powers_of_ten(20.0)
    ('10^{-5}', '20')
    """
    mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
    if -2 <= int(exponent) <= 3:
        return f"{float(f'{value:.{digits - 1}e}'):g}"
    return (
        f"10^{{{int(exponent)}}}"
        if float(mantissa) == 1
        else f"{mantissa}\\times 10^{{{int(exponent)}}}"
    )


def strength_text(parameter: str, unit: str, value: float, digits: int = 2) -> str:
    """A parameter and its value as text with TeX, e.g. for a legend.

    >>> strength_text("q_nu", "e", 2e-13, 1)
    '$q_\\\\nu = 2\\\\times 10^{-13}\\\\,e$'
    """
    return f"${SYMBOLS[parameter]} = {in_powers_of_ten(value, digits)}{UNITS[unit]}$"


def mass_text(mass_MeV: float, *, symbol: bool = True) -> str:
    """A mediator's mass as text with TeX, with or without `M =`.

    >>> mass_text(1e-3), mass_text(10.0)
    ('$M = 1\\\\,\\\\mathrm{keV}$', '$M = 10\\\\,\\\\mathrm{MeV}$')
    """
    for unit, size in (("eV", 1e-6), ("keV", 1e-3), ("MeV", 1.0), ("GeV", 1e3)):
        if mass_MeV < 1e3 * size or unit == "GeV":
            mass = f"{mass_MeV / size:.3g}\\,\\mathrm{{{unit}}}"
            return f"$M = {mass}$" if symbol else f"${mass}$"
    raise AssertionError


def look_of(interaction: str, mass_MeV: float | None) -> Look:
    """The look of a signal; one of a heavy mediator has another than one of a light one."""
    return _HEAVY if mass_MeV is not None and mass_MeV > 0.1 else INTERACTION_LOOKS[interaction]


def state_of(heading: Heading) -> str:
    """What a reader must know before anything else: `simulated`, `blinded: Asimov data`, both or
    nothing."""
    words = ["simulated"] if heading.is_simulated else []
    return ", ".join(words + (["blinded: Asimov data"] if heading.blinded else []))


def describe(heading: Heading) -> str:
    """Experiment, exposure and reference in one line."""
    return f"{short_description(heading)}, {heading.reference}"


def short_description(heading: Heading) -> str:
    """Experiment and exposure."""
    return (
        f"{plain_name(heading.name, heading.is_simulated)}, {heading.exposure_tonne_year:.3g} t yr"
    )


def plain_name(name: str, is_simulated: bool) -> str:
    """The experiment's name, to stand beside its state: which need not say twice what is simulated.

    >>> plain_name("A (simulated)", True), plain_name("A (simulated)", False)
    ('A', 'A (simulated)')
    """
    return name.removesuffix(" (simulated)") if is_simulated else name


def step_arrays(low: Array, high: Array, *values: Array) -> tuple[Array, ...]:
    """Edges and values for `Axes.stairs`, with a NaN where bins leave a gap.

    Args:
        low, high: bin edges, shape (n,) each.
        values: values by bin, shape (n,) each.

    >>> step_arrays(np.array([0.0, 2.0]), np.array([1.0, 3.0]), np.array([5.0, 6.0]))
    (array([0., 1., 2., 3.]), array([ 5., nan,  6.]))
    """
    gaps = np.flatnonzero(low[1:] > high[:-1] * (1 + 1e-9)) + 1
    edges = np.append(np.insert(low, gaps, high[gaps - 1]), high[-1])
    return edges, *(
        np.insert(np.asarray(value, dtype=np.float64), gaps, np.nan) for value in values
    )


def cls_text(confidence_level: float) -> str:
    r"""A limit's method, for axes and legends.

    >>> cls_text(0.9)
    '90 % CL$_\\mathrm{s}$'
    """
    return f"{100 * confidence_level:g} % CL$_\\mathrm{{s}}$"


def axis_label(axis: Axis) -> str:
    r"""Label of the axis of a spectrum.

    >>> axis_label(("S2", "PE")), axis_label(("reconstructed energy", "keVee"))
    ('S2 [PE]', 'reconstructed energy [keV$_\\mathrm{ee}$]')
    """
    name, unit = axis
    return f"{name} [{unit_text(unit)}]"


def unit_text(unit: str) -> str:
    """A unit with its index as TeX."""
    return KEV_EE if unit == "keVee" else unit


def put_heading(axes: Axes, heading: Heading, *, narrow: bool = False) -> None:
    """Write above the axes whose data these are, and above that in what state; above narrow ones in
    two lines."""
    description = (
        f"{short_description(heading)},\n{heading.reference}" if narrow else describe(heading)
    )
    axes.set_title(description, loc="left", pad=4, linespacing=1.1)
    state = state_of(heading)
    if state:
        axes.annotate(
            state, (0, 1), (0, 27 if narrow else 16), xycoords="axes fraction", textcoords="offset points",
            weight="bold", fontsize=9, color=VERMILLION,
        )  # fmt: skip
