"""Parts of a fit beside the spectrum itself: its slices in a second variable, and control regions.

Each part is a selection of its own, with everything that the spectrum has: data, backgrounds with
their variations, response. Slices have the bins of the spectrum and together its events; in the
workspace they stand one after the other in its channel, all energies of the first slice first. A
region is a channel of its own, with events that the spectrum has not: its backgrounds share
normalisations and systematics with those of the spectrum, and so measure them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC
from itertools import pairwise
from typing import Any

import numpy as np

from exonu.core.errors import InputError
from exonu.core.settings import Settings
from exonu.events.expressions import parse
from exonu.events.runs.bins import bin_edges
from exonu.events.runs.event_inputs import EventInputs
from exonu.events.runs.run_list import SECONDS_PER_DAY, RunList
from exonu.events.variables import COS_ZENITH, known_variables
from exonu.solar.sun_position import cos_zenith, inverse_square_distance

SLICE, REGION = "slice", "region"
DAYS = "days"
STEPS_A_DAY = 288
"""Moments of live time at which distance and height of the Sun are taken."""
LEAST_LEFT_OUT = 1e-4
"""Share of the expected background outside the slices below which rounding may be all."""


def parts_of_the_fit(inputs: EventInputs) -> list[Settings]:
    """Slices, then regions: `name`, `kind`, `cuts` and `edges_keV` of each; slices in time also
    `solar_flux`, relative to that at the mean distance, and `range`, their ends."""
    block, cuts, edges_keV = inputs.settings["templates"], inputs.cuts, bin_edges(inputs).tolist()
    found: list[Settings] = []
    second = block.get("second")
    for number, (low, high) in enumerate(pairwise(second["edges"] if second else ())):
        name, keep = (
            f"slice_{number}",
            f"{low!r} <= {second['variable']} and {second['variable']} < {high!r}",
        )
        one = {
            "name": name, "kind": SLICE, "edges_keV": edges_keV, "range": [low, high],
            "variable": second["variable"], "solar_flux": 1.0,
            "cuts": [*cuts, {"name": name, "keep": keep, "status": "derived"}],
        }  # fmt: skip
        if second["variable"] in (DAYS, COS_ZENITH) and second["solar_modulation"]:
            site = inputs.settings.get("site")
            one["solar_flux"] = solar_flux(inputs.runs, low, high, second["variable"], site)
        found.append(one)
    for region in block["regions"]:
        changed = [
            cut | {"keep": region["keep"]} if cut["name"] == region["cut"] else cut for cut in cuts
        ]
        edges = region.get("edges_keV", edges_keV)
        found.append({
            "name": region["name"], "kind": REGION, "cuts": changed, "edges_keV": edges,
            "instead_of": region["cut"],
        })  # fmt: skip
    return found


def part_settings(settings: Settings, part: Mapping[str, Any]) -> Settings:
    """Settings of the step `templates` for one of the parts.

    In a region that stands in place of a cut, the uncertainty of that cut's efficiency is none: the
    region does not make the cut, and how many of the events that it loses are found in the region,
    its size does not say."""
    told = {**settings, "cuts": part["cuts"], "edges_keV": part["edges_keV"], "parts": []}
    if part["kind"] != REGION:
        return told
    systematics = [
        one
        for one in settings["systematics"]
        if one["kind"] != "cut" or one["cut"] != part["instead_of"]
    ]
    return {**told, "systematics": systematics, "region": part["name"]}


def notes_of_slices(content: Mapping[str, Any]) -> list[str]:
    """A note if the slices leave out events of the spectrum: the fit does not see these.

    Args:
        content: of `templates.json`, its parts included.
    """
    slices = [part for part in content["parts"] if part["kind"] == SLICE]
    if not slices:
        return []
    whole, inside = (
        sum(sum(one["counts"]) for of in group for one in of["backgrounds"].values())
        for group in ([content], slices)
    )
    left_out, data = 1 - inside / whole if whole else 0.0, 0
    if content["observed"] is not None:
        data = round(sum(content["observed"]) - sum(sum(one["observed"]) for one in slices))
    if left_out < LEAST_LEFT_OUT and not data:
        return []
    low, high = slices[0]["range"][0], slices[-1]["range"][1]
    return [
        f"slices from {low:g} to {high:g} in {slices[0]['variable']} leave out {100 * left_out:.2g} % of the "
        f"expected background" + (f" and {data} events of the data" if data else "")
        + ": the fit does not see these"
    ]  # fmt: skip


def solar_flux(
    runs: RunList,
    low: float,
    high: float,
    variable: str = DAYS,
    site: Mapping[str, float] | None = None,
) -> float:
    """Mean of the solar neutrino flux over the live time in a range of a variable, relative to that at
    1 AU; 1 without live time.

    Live time is spread evenly from the start of each run, as simulated events are.

    Args:
        runs: the run list.
        low, high: ends of the range.
        variable: `days` since the start of the first run, or `cos_zenith` of the Sun at the `site`.
        site: `latitude_deg` and `longitude_deg`.
    """
    first = min(run.start for run in runs.physics)
    total = weighted = 0.0
    for run in runs.physics:
        start = (run.start - first).total_seconds() / SECONDS_PER_DAY
        length = run.live_time_s / SECONDS_PER_DAY
        begin, end = (
            (max(low, start), min(high, start + length))
            if variable == DAYS
            else (start, start + length)
        )
        if end <= begin:
            continue
        n = math.ceil((end - begin) * STEPS_A_DAY)
        days = begin + (np.arange(n) + 0.5) * (end - begin) / n
        moments = first.replace(tzinfo=UTC).timestamp() + SECONDS_PER_DAY * days
        inside = np.ones(n, dtype=bool)
        if site is not None and variable == COS_ZENITH:
            height = cos_zenith(moments, site["latitude_deg"], site["longitude_deg"])
            inside = (height >= low) & (height < high)
        weighted += (end - begin) / n * float(inverse_square_distance(moments[inside]).sum())
        total += (end - begin) / n * np.count_nonzero(inside)
    return weighted / total if total else 1.0


def common_point(one: str, other: str, known: Mapping[str, bool]) -> str | None:
    """A value of a variable that two conditions on it alone both keep, in words; None if it has not
    been found. Of several variables only events tell."""
    conditions = []
    for text in (one, other):
        try:
            conditions.append(parse(text, known, want_truth=True))
        except InputError:
            return None
    names = {name for condition in conditions for name in condition.names}
    if len(names) != 1:
        return None
    name = names.pop()
    ends = {each.threshold for condition in conditions for each in condition.comparisons}
    edges = np.array(sorted(ends | {-end for end in ends}))
    outside = [edges[0] - 1, edges[-1] + 1] if len(edges) else [0.0]
    values = np.unique(np.concatenate([edges, (edges[1:] + edges[:-1]) / 2, outside]))
    columns = {name: values != 0 if known[name] else values}
    both = np.logical_and(*(condition.evaluate(columns) for condition in conditions))
    at = np.flatnonzero(np.broadcast_to(both, len(values)))
    return f"{name} = {columns[name][at[0]]:g}" if len(at) else None


def faults_of_parts(inputs: EventInputs) -> Iterator[InputError]:
    """What is wrong with regions and the second variable."""
    block, cuts = inputs.settings["templates"], [cut["name"] for cut in inputs.cuts]
    known = known_variables(inputs.extra)
    for number, region in enumerate(block["regions"]):
        field = f"templates.regions.{number} ({region['name']})"
        if region["cut"] not in cuts:
            yield InputError(
                f"replaces the cut {region['cut']!r}, which is not there", file=inputs.file, field=field,
                remedy=f"the cuts are {', '.join(cuts)}",
            )  # fmt: skip
        try:
            parse(region["keep"], known, want_truth=True, file=inputs.file, field=f"{field}.keep")
        except InputError as fault:
            yield fault
            continue
        others = {
            f"the cut {cut['name']}": cut for cut in inputs.cuts if cut["name"] == region["cut"]
        }
        others |= {
            f"the region {one['name']}": one
            for one in block["regions"][:number]
            if one["cut"] == region["cut"]
        }
        for name, other in others.items():
            if (point := common_point(region["keep"], other["keep"], known)) is not None:
                yield InputError(
                    f"keeps {point} as {name} does", file=inputs.file, field=f"{field}.keep",
                    remedy="an event belongs to one channel of the fit: keep what the cut leaves out",
                )  # fmt: skip
        if any(low >= high for low, high in pairwise(region.get("edges_keV", ()))):
            yield InputError(
                "do not increase", file=inputs.file, field=f"{field}.edges_keV", remedy="sort them"
            )
    for name, count in Counter(region["name"] for region in block["regions"]).items():
        if count > 1:
            yield InputError(
                f"names two regions {name}",
                file=inputs.file,
                field="templates.regions",
                remedy="rename one",
            )
    if second := block.get("second"):
        field = "templates.second"
        if second["variable"] not in known or known[second["variable"]]:
            yield InputError(
                f"{second['variable']!r} is not a documented variable that is a number", file=inputs.file,
                field=f"{field}.variable", remedy="name a variable that cuts may read too",
            )  # fmt: skip
        if any(low >= high for low, high in pairwise(second["edges"])):
            yield InputError(
                "do not increase", file=inputs.file, field=f"{field}.edges", remedy="sort them"
            )
