"""Notes on a workspace and its limit: bins without background, bins that decide alone, data far
from the expectation."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exonu.core.errors import InputError
from exonu.core.types import Array, Json
from exonu.search.plausibility.registry import Checks, threshold
from exonu.statistics import Model, compile_workspace, fit, grouped_yields, upper_limit


@dataclass(frozen=True)
class FoundLimit:
    """A workspace and the limit of its data.

    Attributes:
        spec: the workspace's JSON.
        model: compiled from it.
        poi_map: its tied parameters.
        found: the record of its asymptotic limit, see `limit_records.limit_methods`.
        meaning: its sidecar file, if there is one: energies of the bins, power of the strength.
    """

    spec: Json
    model: Model
    poi_map: Mapping[str, str]
    found: Json
    meaning: Mapping[str, Any]

    @property
    def mu(self) -> float | None:
        """The median expected limit, or the observed one; None if there is neither."""
        for value in (self.found["expected"][2], self.found["observed"]):
            if value is not None and value > 0:
                return float(value)
        return None

    @cached_property
    def background(self) -> Array:
        """Expected events without a signal, shape (n_bins,)."""
        return np.asarray(self.model.expected({self.model.poi: 0.0}))

    def signal(self, mu: float) -> Array:
        """Events of the signal at μ, shape (n_bins,)."""
        return np.asarray(self.model.expected({self.model.poi: mu}) - self.background)

    def bins(self, chosen: NDArray[np.bool_]) -> str:
        """Some bins in words."""
        places = np.flatnonzero(chosen)
        names = [self._bin(int(place)) for place in places[:4]]
        return ", ".join(names) + (f" and {places.size - 4} more" if places.size > 4 else "")

    def _bin(self, number: int) -> str:
        channel, bins = next(
            (name, bins)
            for name, bins in self.model.channels.items()
            if bins.start <= number < bins.stop
        )
        regions = self.meaning.get("regions", {})
        edges = regions.get(channel, self.meaning.get("bins_keV"))
        place = number - bins.start
        if edges is None or place >= len(edges):
            return f"bin {place + 1} of {channel}"
        low, high = edges[place]
        more = f" of {channel}" if channel in regions else ""
        if slices := self.meaning.get("slices"):
            first, last = slices["ranges"][place * len(slices["ranges"]) // len(edges)]
            more = more or f" at {slices['variable']} {first:g}–{last:g}"
        unit = str(self.meaning.get("axis_label", "[keV]")).rpartition("[")[2].rstrip("]")
        return f"{low:g}–{high:g} {unit}{more}"


LIMITS: Checks[FoundLimit] = Checks()


@LIMITS
def bins_without_background(limit: FoundLimit) -> Iterator[str]:
    """Bins that (nearly) nothing but the signal fills, with the limit that the others give."""
    if limit.mu is None:
        return
    signal = np.abs(limit.signal(limit.mu))
    empty = limit.background <= threshold("empty_background_events")
    empty &= signal > threshold("empty_signal_share") * signal.sum()
    if not empty.any():
        return
    least = float(limit.background[empty].min())
    note = f"there is next to no background ({least:.2g} events) where the signal is not zero, in {limit.bins(empty)}"
    if empty.all():
        yield f"{note}: in no bin is there any"
        return
    yield f"{note}; {_without(limit, empty)}"


@LIMITS
def one_bin_decides(limit: FoundLimit) -> Iterator[str]:
    """One bin with more than half of the expected sensitivity: of −2 ln L(0)/L(μ) of the signal's Asimov data."""
    if limit.mu is None or limit.model.n_bins < 2:
        return
    background, signal = limit.background, limit.signal(limit.mu)
    total = background + signal
    if np.any(total < 0) or not np.any(signal):
        return
    with np.errstate(divide="ignore", invalid="ignore"):
        logarithm = np.where(total > 0, total * np.log(total / background), 0.0)
    share = logarithm - signal
    share = np.where(np.isfinite(share), share, np.inf)
    most = int(np.argmax(share))
    if background[most] <= threshold("empty_background_events"):
        return  # the check before speaks of such bins
    if share[most] > threshold("dominant_share") * share.sum():
        yield (
            f"one bin, {limit.bins(np.arange(share.size) == most)}, carries {share[most] / share.sum():.0%} "
            "of the expected sensitivity: the limit is as sure as its background and efficiency"
        )


@LIMITS
def data_far_from_expectation(limit: FoundLimit) -> Iterator[str]:
    """All bins together against what the priors allow; nothing is said where a background is free."""
    model = limit.model
    free = set(model.parameters) - set(model.constrained) - {model.poi, *limit.poi_map}
    if free - {name for name, held in zip(model.parameters, model.fixed, strict=True) if held}:
        return
    everything = np.ones((len(model.samples), model.n_bins), dtype=np.bool_)
    with np.errstate(over="ignore", invalid="ignore"):  # errors of 1e300 are too wide for any doubt
        prior, _ = grouped_yields(fit(model, fixed={model.poi: 0.0}), [everything])
    expected, observed = float(limit.background.sum()), float(model.observed.sum())
    width = float(np.hypot(np.sqrt(max(expected, 1.0)), prior[0][1]))
    z = (observed - expected) / width
    fewer, more = sorted((observed, expected))
    of_another_scale = more > threshold("far_factor") * max(fewer, 1.0)  # however wide the priors
    if abs(z) > threshold("far_sigmas") or of_another_scale:
        yield (
            f"{observed:.6g} events were observed where {expected:.6g} ± {width:.2g} are expected without "
            f"a signal ({z:+.1f} σ): check exposure, units and backgrounds before the limit is believed"
        )


@LIMITS
def one_bin_far_from_expectation(limit: FoundLimit) -> Iterator[str]:
    """A single bin with a count that none near it has: a digit may have been lost."""
    background, observed = limit.background, limit.model.observed
    filled = background > threshold("empty_background_events")
    if limit.model.n_bins < 3 or not filled.any():
        return
    # a common scale is no matter of one bin
    expected = background * float(np.median(observed[filled] / background[filled]))
    z = (observed - expected) / np.sqrt(np.maximum(expected, 1.0))
    far = filled & (np.abs(z) > threshold("far_sigmas"))
    if far.sum() != 1:
        return
    at = int(np.flatnonzero(far)[0])
    yield (
        f"{observed[at]:g} events were observed in one bin, {limit.bins(far)}, where {expected[at]:.3g} are "
        f"expected from the others ({z[at]:+.1f} σ): is a digit wrong?"
    )


@LIMITS
def factors_out_of_scale(limit: FoundLimit) -> Iterator[str]:
    """Normalisation uncertainties of a factor, or with both ends on one side."""
    most = threshold("largest_factor")
    for name, ends in sorted(_factors(limit.spec)):
        low, high = min(ends), max(ends)
        if high > most or low < 1 / most:
            yield f"the normalisation {name} may change {low:.3g} to {high:.3g} times: is it a factor around 1?"
        elif (low - 1) * (high - 1) > 0 and abs(np.log(low * high)) > 0.1:
            yield f"the normalisation {name} goes to {low:.3g} and {high:.3g}, both on one side of 1"


@LIMITS
def variations_below_zero(limit: FoundLimit) -> Iterator[str]:
    """A template of one standard deviation with negative counts; an interference may have them."""
    for channel in limit.spec["channels"]:
        for sample in channel["samples"]:
            for modifier in sample["modifiers"]:
                if modifier["type"] != "histosys" or min(sample["data"]) < 0:
                    continue
                lowest = np.minimum(modifier["data"]["hi_data"], modifier["data"]["lo_data"])
                if lowest.min() < 0:
                    yield (
                        f"one standard deviation of {modifier['name']} takes the sample {sample['name']} of "
                        f"{channel['name']} below zero in {int(np.sum(lowest < 0))} of {lowest.size} bins, down to "
                        f"{lowest.min():.3g} events: is a sign wrong?"
                    )


@LIMITS
def squared_signal_below_zero(limit: FoundLimit) -> Iterator[str]:
    """A signal by the square of the strength with negative counts: only an interference has some."""
    for channel in limit.spec["channels"]:
        for sample in channel["samples"]:
            counts = np.asarray(sample["data"], dtype=float)
            squared = {modifier["name"] for modifier in sample["modifiers"]} & set(limit.poi_map)
            if squared and counts.min() < 0:
                yield (
                    f"the signal {sample['name']} of {channel['name']}, which rises with the square of the "
                    f"strength, is negative in {int(np.sum(counts < 0))} of {counts.size} bins, down to "
                    f"{counts.min():.3g} events: is a sign wrong?"
                )


def _factors(spec: Json) -> set[tuple[str, tuple[float, float]]]:
    """Name and both ends of every normsys."""
    return {
        (str(modifier["name"]), (float(modifier["data"]["lo"]), float(modifier["data"]["hi"])))
        for channel in spec["channels"]
        for sample in channel["samples"]
        for modifier in sample["modifiers"]
        if modifier["type"] == "normsys"
    }


def _without(limit: FoundLimit, dropped: NDArray[np.bool_]) -> str:
    """The limit without some bins, and by how much it is another."""
    level = float(limit.found["confidence_level"])
    try:
        spec = without_bins(limit.spec, dropped, limit.model.channels)
        other = upper_limit(compile_workspace(spec, poi_map=limit.poi_map), confidence_level=level)
    except InputError:
        return "a limit without them cannot be set"
    power = float(limit.meaning.get("power", 1))
    scale = float(limit.meaning.get("reference_strength", 1))
    unit = f" {limit.meaning['unit']}" if "unit" in limit.meaning else ""
    words = []
    for name, before, after in (
        ("observed", limit.found["observed"], other.observed),
        ("expected", limit.found["expected"][2], other.expected[2]),
    ):
        if before and np.isfinite(after):
            ratio = (after / before) ** (1 / power)
            words.append(
                f"{name} limit {scale * after ** (1 / power):.3g}{unit}, {ratio:.3g} times that with them"
            )
    return "without them: " + ("; ".join(words) or "no limit")


def without_bins(spec: Json, dropped: NDArray[np.bool_], channels: Mapping[str, slice]) -> Json:
    """A workspace without some of its bins.

    Args:
        spec: the workspace's JSON.
        dropped: which bins to leave out, shape (n_bins,).
        channels: where the bins of each channel stand among them, as `Model.channels`.
    """
    made = copy.deepcopy(spec)
    observations = {entry["name"]: entry for entry in made["observations"]}
    for channel in made["channels"]:
        observed = observations[channel["name"]]
        n_bins = len(observed["data"])
        kept = np.flatnonzero(~dropped[channels[channel["name"]]])
        observed["data"] = [observed["data"][place] for place in kept]
        for sample in channel["samples"]:
            sample["data"] = [sample["data"][place] for place in kept]
            for modifier in sample["modifiers"]:
                modifier["data"] = _of_bins(modifier["data"], kept, n_bins)
    empty = {name for name, entry in observations.items() if not entry["data"]}
    made["channels"] = [c for c in made["channels"] if c["name"] not in empty]
    made["observations"] = [o for o in made["observations"] if o["name"] not in empty]
    return made


def _of_bins(data: Any, kept: NDArray[np.intp], n_bins: int) -> Any:
    """A modifier's data in some bins: a list per bin, or a mapping of such."""
    if isinstance(data, list) and len(data) == n_bins:
        return [data[place] for place in kept]
    if isinstance(data, dict):
        return {key: _of_bins(value, kept, n_bins) for key, value in data.items()}
    return data
