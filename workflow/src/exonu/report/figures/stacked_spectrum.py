"""The spectrum figure: data, stacked backgrounds and signals at their limits, with the ratio to the
background."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import ScalarFormatter
from numpy.typing import ArrayLike
from scipy.special import gammaincinv, ndtr

from exonu.core.types import Array
from exonu.report.figures.colours import BAND_GREY, BLACK, GREY
from exonu.report.figures.looks.component_looks import ComponentLook, component_looks
from exonu.report.figures.style import (
    FLAVOURS,
    NAMES,
    axis_label,
    cls_text,
    look_of,
    mass_text,
    new_figure,
    put_heading,
    step_arrays,
    strength_text,
    styled,
    unit_text,
    with_superscripts,
)
from exonu.report.numbers.figure_records import SignalCounts, SpectrumCounts

# ratio of the last to the first energy at which a fit to events gets a logarithmic axis of it
_LOG_ENERGY_FROM = 50.0
_LEAST_WIDTH = 0.06
_HEIGHT, _ROW_HEIGHT = 4.0, 0.16  # inches; of a row of the legend
_MOST_ABOVE = 2.0
"""A signal or an error may stand out of the data by this factor before its top is cut off."""
_LOG_SCALE_FROM = (
    50.0  # ratio of the highest to the lowest background at which the counts get a logarithmic axis
)


def garwood_interval(counts: ArrayLike) -> tuple[Array, Array]:
    """Central 68.27 % confidence interval of a Poisson mean (Garwood, Biometrika 28, 437 (1936)).

    Args:
        counts: observed counts ≥ 0, shape (n,).

    Returns:
        Lower and upper end, shape (n,) each.

    >>> low, high = garwood_interval([0, 9])
    >>> low.round(2), high.round(2)
    (array([0.  , 6.06]), array([ 1.84, 13.11]))
    """
    n = np.asarray(counts, dtype=np.float64)
    tail = float(ndtr(-1.0))
    low = np.where(n > 0, gammaincinv(np.maximum(n, 1e-300), tail), 0.0)
    return np.asarray(low, dtype=np.float64), np.asarray(
        gammaincinv(n + 1, 1 - tail), dtype=np.float64
    )


def spans_decades(counts: SpectrumCounts) -> bool:
    """Whether a fit to events reaches over so many energies that their axis is a logarithmic
    one."""
    return counts.after_fit and 0 < counts.low_keV[0] * _LOG_ENERGY_FROM < counts.high_keV[-1]


def draw_spectrum(counts: SpectrumCounts) -> Figure:
    """Draw the spectrum of `counts.csv`; narrow bins far up an axis of log energy are drawn
    together."""
    log_energy = spans_decades(counts)
    if log_energy:
        counts = drawn_together(counts)
    rows = max(2 + len(counts.backgrounds), len(counts.signals))
    with styled():
        figure = new_figure(_HEIGHT + _ROW_HEIGHT * rows)
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2.4, 1))
        handles = draw_counts(upper, counts).legend()
        _draw_ratio(lower, counts)
        put_heading(upper, counts.heading)
        lower.set_xlim(counts.low_keV[0], counts.high_keV[-1])
        if log_energy:
            lower.set_xscale("log")
            lower.xaxis.set_major_formatter(ScalarFormatter())
        lower.set_xlabel(axis_label(counts.axis))
        figure.align_ylabels([upper, lower])
        figure.legend(
            handles=handles,
            loc="outside lower left",
            ncols=2,
            fontsize=7.5,
            columnspacing=0.8,
            handlelength=1.9,
        )
    return figure


def drawn_together(counts: SpectrumCounts) -> SpectrumCounts:
    """Join bins until each is at least `_LEAST_WIDTH` of its energy wide.

    Errors of the backgrounds add linearly: nearly all of them are common to neighbouring bins.
    """
    first = [0]
    for place, low in enumerate(counts.low_keV):
        start = counts.low_keV[first[-1]]
        if low - start >= _LEAST_WIDTH * start:
            first.append(place)

    def join(values: Array) -> Array:
        return np.asarray(np.add.reduceat(values, first))

    return replace(
        counts,
        low_keV=counts.low_keV[first],
        high_keV=np.append(counts.low_keV[first[1:]], counts.high_keV[-1]),
        observed=join(counts.observed),
        backgrounds={label: join(values) for label, values in counts.backgrounds.items()},
        background_error=join(counts.background_error),
        signals=tuple(
            signal if signal.counts is None else replace(signal, counts=join(signal.counts))
            for signal in counts.signals
        ),
    )


@dataclass(frozen=True)
class Drawn:
    """Handles of what axes of a spectrum show."""

    points: Any
    stack: Sequence[Artist]
    band: Artist
    signals: Sequence[Artist]
    confidence_level: float | None

    def legend(self) -> list[Artist]:
        """For a legend in two columns: data and stack from the top, then the signals."""
        level = self.confidence_level
        method = r"CL$_\mathrm{s}$" if level is None else cls_text(level)
        title = Line2D([], [], linestyle="none", label=f"+ signal at its {method} limit:")
        return in_columns(
            [self.points, *self.stack, self.band], [title, *self.signals] if self.signals else []
        )


def drawn_in_all(parts: Sequence[Drawn]) -> Drawn:
    """What several axes show, each label once."""

    def once(handles: Iterable[Artist]) -> list[Artist]:
        return list({str(one.get_label()): one for one in handles}.values())

    return replace(
        parts[0],
        stack=once(handle for part in parts for handle in part.stack),
        signals=once(handle for part in parts for handle in part.signals),
    )


def draw_counts(
    axes: Axes,
    counts: SpectrumCounts,
    *,
    looks: Mapping[str, ComponentLook] | None = None,
    with_band: bool = False,
) -> Drawn:
    """The upper panel.

    Args:
        axes: to draw into.
        counts: the spectrum.
        looks: of the backgrounds, where these are not all of their analysis.
        with_band: whether the error of the backgrounds is drawn on them.
    """
    width, label = _per_bin(counts)
    total = counts.background / width
    stack = _draw_backgrounds(axes, counts, width, looks or component_looks(counts.backgrounds))
    when = " after the fit" if counts.after_fit else ""
    style: dict[str, Any] = (
        {"facecolor": GREY, "alpha": 0.35} if with_band else {"facecolor": BAND_GREY}
    )
    band = Patch(**style, label=rf"background error{when}, $\pm1\sigma$")
    if with_band:
        error = counts.background_error / width
        edges, low, high = step_arrays(
            counts.low_keV, counts.high_keV, total - error, total + error
        )
        axes.stairs(high, edges, baseline=low, fill=True, linewidth=0, zorder=2.5, **style)
    signals: list[Artist] = []
    for signal in counts.signals:
        if signal.counts is not None:
            _step(axes, counts, total + signal.counts / width, signal)
        signals.append(_legend_line(signal))
    name = "Asimov data (blinded)" if counts.heading.blinded else "data"
    name = f"simulated {name}" if counts.heading.is_simulated else name
    points = _draw_points(axes, counts, 1 / width, label=name)
    _set_count_scale(axes, counts, width)
    axes.set_ylabel(label)
    return Drawn(points, stack, band, signals, counts.confidence_level)


def in_columns(left: Sequence[Any], right: Sequence[Any]) -> list[Any]:
    """Handles for a legend of two columns, the shorter one filled up with nothing."""
    nothing = Line2D([], [], linestyle="none", label=" ")
    length = max(len(left), len(right)) if right else 0
    return [*left, *[nothing] * (length - len(left)), *right, *[nothing] * (length - len(right))]


def _per_bin(counts: SpectrumCounts) -> tuple[Array, str]:
    """What counts are divided by, and the label of their axis: bins of unequal width are shown per
    unit of it."""
    width, unit = counts.high_keV - counts.low_keV, unit_text(counts.axis[1])
    equal = np.allclose(width, width[0])
    label = f"events / ({width[0]:.3g} {unit})" if equal and width[0] != 1 else f"events / {unit}"
    return np.ones_like(width) if equal else width, label


def _draw_backgrounds(
    axes: Axes, counts: SpectrumCounts, width: Array, looks: Mapping[str, ComponentLook]
) -> list[Artist]:
    """Stack the backgrounds, the first at the bottom; the legend lists them from the top."""
    handles: list[Artist] = []
    bottom = np.zeros_like(width)
    for name, values in counts.backgrounds.items():
        edges, lower, upper = step_arrays(
            counts.low_keV, counts.high_keV, bottom, bottom + values / width
        )
        label, style = with_superscripts(name), looks[name].patch
        handles.insert(
            0, axes.stairs(upper, edges, baseline=lower, fill=True, label=label, **style)
        )
        bottom = bottom + values / width
    edges, outline = step_arrays(counts.low_keV, counts.high_keV, bottom)
    axes.stairs(outline, edges, baseline=None, color="#555555", linewidth=0.9, zorder=2)
    return handles


def _draw_points(
    axes: Axes, counts: SpectrumCounts, scale: Array, label: str | None = None
) -> ErrorbarContainer:
    """Observed counts times a scale with their Poisson errors; bins whose scale is NaN are left
    out."""
    low, high = garwood_interval(counts.observed)
    shown = np.isfinite(scale)
    middle = (counts.low_keV + counts.high_keV) / 2
    errors = np.stack([counts.observed - low, high - counts.observed])
    return axes.errorbar(
        middle[shown],
        (counts.observed * scale)[shown],
        yerr=(errors * scale)[:, shown],
        fmt="o",
        color=BLACK,
        markerfacecolor="white" if counts.heading.blinded else BLACK,
        markersize=3.2,
        elinewidth=0.8,
        zorder=4,
        label=label,
    )


def _step(axes: Axes, counts: SpectrumCounts, values: Array, signal: SignalCounts) -> None:
    look = look_of(signal.interaction, signal.mass_MeV)
    edges, shown = step_arrays(counts.low_keV, counts.high_keV, values)
    axes.stairs(
        shown, edges, baseline=None, color=look.colour, linestyle=look.line, linewidth=1.3, zorder=3
    )


def _legend_line(signal: SignalCounts) -> Artist:
    look = look_of(signal.interaction, signal.mass_MeV)
    line: Any = "none" if signal.counts is None else look.line
    return Line2D(
        [], [], color=look.colour, linestyle=line, linewidth=1.3, label=_signal_label(signal)
    )


def _signal_label(signal: SignalCounts) -> str:
    words = [NAMES[signal.interaction]]
    if signal.flavour != "all":
        words[0] += f" of {FLAVOURS[signal.flavour]}"
    if signal.mass_MeV is not None:
        words[0] += f" of {mass_text(signal.mass_MeV, symbol=False)}"
    limit = signal.strength
    words.append(
        "no limit" if limit is None else strength_text(signal.parameter, signal.unit, limit)
    )
    return ", ".join(words)


def _set_count_scale(axes: Axes, counts: SpectrumCounts, width: Array) -> None:
    """From zero, or in the logarithm where the background spans decades or its energies do."""
    background = counts.background / width
    highest = float(max((garwood_interval(counts.observed)[1] / width).max(), background.max()))
    drawn = [(counts.background + s.counts) / width for s in counts.signals if s.counts is not None]
    with_more = np.stack([(counts.background + counts.background_error) / width, *drawn]).max()
    highest = max(highest, min(float(with_more), _MOST_ABOVE * highest))
    positive = background[background > 0]
    steep = positive.size > 0 and positive.max() / positive.min() > _LOG_SCALE_FROM
    if positive.size and (steep or spans_decades(counts)):
        lowest = max(0.3 * float(positive.min()), 1e-5 * highest)
        axes.set_yscale("log")
        axes.set_ylim(lowest, highest * (highest / lowest) ** 0.06)
    else:
        axes.set_ylim(0, 1.06 * highest)


def _draw_ratio(axes: Axes, counts: SpectrumCounts) -> None:
    inverse = 1 / np.where(counts.background > 0, counts.background, np.nan)
    error = counts.background_error * inverse
    edges, lower, upper = step_arrays(counts.low_keV, counts.high_keV, 1 - error, 1 + error)
    axes.stairs(upper, edges, baseline=lower, fill=True, facecolor=BAND_GREY)
    axes.axhline(1, color="#555555", linewidth=0.9, zorder=2)
    for signal in counts.signals:
        if signal.counts is not None:
            _step(axes, counts, 1 + signal.counts * inverse, signal)
    _draw_points(axes, counts, inverse)
    signals = [signal.counts for signal in counts.signals if signal.counts is not None]
    shown = np.stack([counts.observed - counts.background, counts.background_error, *signals])
    span = float(np.clip(1.15 * np.nanmax(np.abs(shown * inverse), initial=0.0), 0.25, 2.0))
    axes.set_ylim(max(0.0, 1 - span), 1 + span)
    axes.set_ylabel("data / background", fontsize="medium")
