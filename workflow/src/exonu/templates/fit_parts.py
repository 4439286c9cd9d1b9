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
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np

from exonu.core.errors import InputError
from exonu.core.settings import Settings
from exonu.events.expressions import parse
from exonu.events.runs.bins import bin_edges
from exonu.events.runs.event_inputs import EventInputs
from exonu.events.runs.run_list import SECONDS_PER_DAY, RunList
from exonu.events.variables import known_variables

SLICE, REGION = "slice", "region"
DAYS = "days"
ECCENTRICITY = 0.0167
"""Of the Earth's orbit (Particle Data Group, Review of Particle Physics 2022, table 2.1)."""
PERIHELION = datetime(2013, 1, 2, 4, 38)
"""A passage of the perihelion, UTC (US Naval Observatory, Earth's seasons)."""
ANOMALISTIC_YEAR_DAYS = 365.259636
"""From perihelion to perihelion (Astronomical Almanac)."""


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
        if second["variable"] == DAYS and second["solar_modulation"]:
            one["solar_flux"] = solar_flux(inputs.runs, low, high)
        found.append(one)
    for region in block["regions"]:
        changed = [
            cut | {"keep": region["keep"]} if cut["name"] == region["cut"] else cut for cut in cuts
        ]
        edges = region.get("edges_keV", edges_keV)
        found.append({"name": region["name"], "kind": REGION, "cuts": changed, "edges_keV": edges})
    return found


def part_settings(settings: Settings, part: Mapping[str, Any]) -> Settings:
    """Settings of the step `templates` for one of the parts."""
    return {**settings, "cuts": part["cuts"], "edges_keV": part["edges_keV"], "parts": []}


def inverse_square_distance(moment: datetime) -> float:
    """(1 AU / r)² at a moment, r the distance of the Earth from the Sun, to 1e-5: Kepler's equation.

    >>> round(inverse_square_distance(datetime(2013, 1, 2)), 4), round(inverse_square_distance(datetime(2013, 7, 5)), 4)
    (1.0343, 0.9674)
    """
    days = (moment - PERIHELION).total_seconds() / SECONDS_PER_DAY
    mean = 2 * math.pi * days / ANOMALISTIC_YEAR_DAYS
    eccentric = mean
    for _ in range(6):  # it converges as the powers of the eccentricity
        eccentric = mean + ECCENTRICITY * math.sin(eccentric)
    return (1 - ECCENTRICITY * math.cos(eccentric)) ** -2


def solar_flux(runs: RunList, low_days: float, high_days: float) -> float:
    """Mean of the solar neutrino flux over the live time in a range of days since the start of the
    first run, relative to that at 1 AU; 1 without live time.

    Live time is spread evenly from the start of each run, as simulated events are."""
    first = min(run.start for run in runs.physics)
    total = weighted = 0.0
    for run in runs.physics:
        start = (run.start - first).total_seconds() / SECONDS_PER_DAY
        begin, end = max(low_days, start), min(high_days, start + run.live_time_s / SECONDS_PER_DAY)
        if end <= begin:
            continue
        n = max(1, math.ceil(end - begin))  # a point a day
        middles = begin + (np.arange(n) + 0.5) * (end - begin) / n
        flux = [inverse_square_distance(first + timedelta(days=float(day))) for day in middles]
        weighted += (end - begin) * float(np.mean(flux))
        total += end - begin
    return weighted / total if total else 1.0


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
