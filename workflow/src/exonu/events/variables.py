"""The documented variables of an event: what cuts may speak about.

`DOCUMENTED` lists them all. `raw_variables` computes those that follow from the hits; the vertex
and the energy come from the reconstruction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exonu.core.types import Array
from exonu.events.raw.raw_events import INNER, OUTER, Events


@dataclass(frozen=True)
class Variable:
    """A documented variable.

    Attributes:
        name: name in expressions and of its column.
        meaning: in a few words, with the unit.
        is_truth: whether it is a truth value.
    """

    name: str
    meaning: str
    is_truth: bool = False


COS_ZENITH = "cos_zenith"
DOCUMENTED: dict[str, Variable] = {
    variable.name: variable
    for variable in (
        Variable("run", "number of the run"),
        Variable("event", "number of the event"),
        Variable("time_s", "time since the start of the run in s"),
        Variable("trigger", "trigger word: bit 0 inner, bit 1 outer detector"),
        Variable("inner_trigger", "whether the inner detector triggered", True),
        Variable("outer_trigger", "whether the outer detector (veto) triggered", True),
        Variable(
            "time_since_previous_ms",
            "time since the event before, of any trigger, in ms; infinite in simulation",
        ),
        Variable("n_hits", "number of hits"),
        Variable("total_pe", "sum of the charges in PE"),
        Variable("max_pe_share", "largest charge of a hit over the sum"),
        Variable("hit_time_rms_ns", "standard deviation of the hit times in ns"),
        Variable("early_fraction", "hits in the first 20 ns (a setting) over all hits"),
        Variable("light_yield_scale", "relative light yield of the run"),
        Variable(
            "r_pe_cm", "distance of the vertex R(PE), from the charges, from the centre in cm"
        ),
        Variable(
            "r_pe_is_coarse",
            "whether the search for the vertex stopped early, as it is far outside beyond doubt",
            True,
        ),
        Variable("x_pe_cm", "its x in cm"),
        Variable("y_pe_cm", "its y in cm"),
        Variable("z_pe_cm", "its z in cm"),
        Variable(
            "r_t_cm",
            "distance of the vertex R(T), from the hit times, in cm; NaN where it is not computed",
        ),
        Variable("energy_keVee", "reconstructed energy in keV of an electron of the same light"),
        Variable("x_cm", "level `reconstructed`: x in cm"),
        Variable("y_cm", "level `reconstructed`: y in cm"),
        Variable("z_cm", "level `reconstructed`: z in cm"),
        Variable("r_cm", "level `reconstructed`: distance from the axis, √(x² + y²), in cm"),
        Variable("s1_pe", "level `reconstructed`: prompt scintillation in PE"),
        Variable("s2_pe", "level `reconstructed`: light of the drifted electrons in PE"),
        Variable("days", "level `reconstructed`: time since the start of the first run in days"),
        Variable(
            COS_ZENITH,
            "level `reconstructed` with a `site`: cosine of the Sun's zenith angle, positive by day",
        ),
        Variable("max_pe_channel", "PMT with the largest charge, -1 if there is none"),
        Variable("true_energy_keV", "simulation: deposited energy in keV"),
        Variable("true_x_cm", "simulation: true x in cm"),
        Variable("true_y_cm", "simulation: true y in cm"),
        Variable("true_z_cm", "simulation: true z in cm"),
        Variable("true_pmt", "simulation: PMT nearest to the true position"),
        Variable(
            "true_pmt_is_dead", "simulation: whether that PMT is dead in the event's run", True
        ),
        Variable("component", "simulation: number of the component"),
        Variable(
            "weight", "simulation: expected events per day that the event stands for; 1 in data"
        ),
    )
}


def known_variables(extra: Iterable[str] = ()) -> dict[str, bool]:
    """Names that an expression may use, with whether each is a truth value; `extra` are the user's
    own."""
    return {name: variable.is_truth for name, variable in DOCUMENTED.items()} | dict.fromkeys(
        extra, False
    )


def raw_variables(events: Events, *, early_window_ns: float) -> dict[str, NDArray[Any]]:
    """Variables that follow from trigger and hits.

    Args:
        events: calibrated events.
        early_window_ns: width of the window from the first hit that counts as early [ns].

    Returns:
        Arrays of shape (n,); means over no hits are NaN.

    >>> events = Events.of([[3, 4, 5], []], [[1.0, 2.0, 1.0], []], [[0.0, 10.0, 50.0], []])
    >>> found = raw_variables(events, early_window_ns=20)
    >>> found["total_pe"].tolist(), found["max_pe_share"].tolist(), found["early_fraction"].round(3).tolist()
    ([4.0, 0.0], [0.5, nan], [0.667, nan])
    """
    count = events.n_hits.astype(np.float64)
    total = _reduced(np.add, events.charge, events.offsets, 0.0)
    largest = _reduced(np.maximum, events.charge, events.offsets, 0.0)
    first = _reduced(np.minimum, events.time, events.offsets, np.nan)
    # from the first hit, so that the squares of large common times do not swallow the spread
    after_first = events.time - np.repeat(first, events.n_hits)
    early = _reduced(np.add, after_first < early_window_ns, events.offsets, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = _reduced(np.add, after_first, events.offsets, 0.0) / count
        mean_square = _reduced(np.add, after_first**2, events.offsets, 0.0) / count
        return {
            "inner_trigger": (events.trigger & INNER) != 0,
            "outer_trigger": (events.trigger & OUTER) != 0,
            "n_hits": events.n_hits.astype(np.uint32),
            "total_pe": total,
            "max_pe_share": largest / total,
            "hit_time_rms_ns": np.sqrt(np.maximum(mean_square - mean**2, 0)),
            "early_fraction": early / count,
        }


def _reduced(
    function: np.ufunc, values: NDArray[Any], offsets: NDArray[np.int64], empty: float
) -> Array:
    """A reduction over the hits of each event, in float64; `empty` for events without hits."""
    result = np.full(len(offsets) - 1, empty)
    there = np.diff(offsets) > 0
    if there.any():
        result[there] = function.reduceat(values.astype(np.float64), offsets[:-1][there])
    return result


def time_since_previous_ms(time_s: Array, previous_s: float) -> Array:
    """Time since the event before [ms], of any trigger.

    Args:
        time_s: times of a run's events, in order.
        previous_s: time of the event before the first, or of the start of the run.
    """
    return 1e3 * np.diff(time_s, prepend=previous_s)
