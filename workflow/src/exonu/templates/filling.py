"""Templates from selected events: data, backgrounds with their variations, and the response to
signals.

Backgrounds are filled from the reconstructed events of their nominal samples, so that a shifted
vertex may bring in an event that the nominal one leaves out; everything else comes from selected
events. The result is `templates.json` of `packing`, the histograms behind it, and a table of what
each systematic does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from exonu.core import constants
from exonu.core.settings import Settings
from exonu.core.types import Array, Json
from exonu.events.raw.root_files import read_columns
from exonu.events.runs.run_list import BASELINE, NOMINAL
from exonu.templates.calibrated_effects import central_bins
from exonu.templates.channel_filling import Filling, Ways
from exonu.templates.fit_parts import notes_of_slices, part_settings
from exonu.templates.histograms import ENERGY, Histogram, fill
from exonu.templates.packing import FORMAT, numbers
from exonu.templates.simulated_samples import (
    SIGNAL,
    SOLAR,
    Kept,
    Sources,
    nominal_chunks,
    nominal_events,
    require_apart,
    varied_events,
)
from exonu.templates.systematics import Effect, Paired
from exonu.templates.unseen import Unseen, Weighted, unseen, without_small


@dataclass(frozen=True)
class Templates:
    """All that the step `templates` makes.

    Attributes:
        content: `templates.json`.
        effects: of every systematic on every component, kept or not.
        histograms: counts per day of each background, and of the data in all.
        response_table: efficiency and resolution against the true energy.
        solar: selected events of the solar sample, per day, as a check of the response; None
            without that sample.
    """

    content: Json
    effects: list[Effect]
    histograms: Mapping[str, Histogram]
    response_table: Mapping[str, Array]
    solar: Histogram | None


def fill_templates(settings: Settings, sources: Sources) -> Templates:
    """Fill all templates.

    Args:
        settings: of `template_jobs.template_settings`.
        sources: the files.

    Raises:
        InputError: a file without a column that is needed, a systematic that does not fit, a
            variation that cannot be paired, cuts that keep no signal.
    """
    of_parts = [part_settings(settings, part) for part in settings["parts"]]
    if of_parts:  # what the cuts leave out is needed then
        sources = sources.unselected()
    jobs = [Filling(one, sources) for one in (settings, *of_parts)]
    job, (filled, *parts) = jobs[0], _filled(jobs)
    mass_kg = settings["templates"].get("fiducial_mass_kg", job.liquid_mass_kg)
    table = filled.response_table
    content = {
        "format": FORMAT,
        **{key: settings[key] for key in ("name", "is_simulated", "live_days")},
        "reference": settings["templates"]["reference"],
        "exposure_tonne_year": mass_kg * 1e-3 * settings["live_days"] / constants.days_per_year,
        **filled.content,
        "solar_label": job.label(SOLAR),
        "report_ranges_keV": settings["templates"]["report_ranges_keV"],
        "efficiency": {
            "energy_keV": numbers(table["true_energy_keV"]),
            "efficiency": numbers(table["efficiency"]),
        },
    }
    if parts:
        told = ("name", "kind", "variable", "range", "solar_flux")
        content["parts"] = [
            {**{key: part[key] for key in told if key in part}, **one.content}
            for part, one in zip(settings["parts"], parts, strict=True)
        ]
        content["notes"] = notes_of_slices(content)
    if sources.optics is not None and sources.optics.notes:
        content["notes"] = [*content.get("notes", ()), *sources.optics.notes]
    return replace(filled, content=content)


def observed_counts(jobs: Sequence[Filling]) -> list[Array | None]:
    """Counts of the data in each of the selections, from one pass; None if the analysis is blind."""
    sources, readers = jobs[0].sources, [job.samples for job in jobs]
    if sources.data is None:
        return [None] * len(jobs)
    names = {ENERGY}
    if not sources.is_selected:
        names |= {name for one in readers for name in one.selection.wanted}
    totals = [Histogram.empty(job.edges_keV) for job in jobs]
    for file in sources.data:
        for columns in read_columns(file, names=sorted(names)):
            energy = columns[ENERGY]
            kept = [np.ones(len(energy), dtype=bool)]
            if not sources.is_selected:
                kept = [one.selection.kept(columns) for one in readers]
                require_apart(readers, kept)
            totals = [
                total + fill(energy[rows], 1.0, job.edges_keV)
                for total, job, rows in zip(totals, jobs, kept, strict=True)
            ]
    for total, job in zip(totals, jobs, strict=True):
        job.histograms["data"] = total
    return [total.values for total in totals]


def _traced(
    jobs: Sequence[Filling], name: str, component: str
) -> list[tuple[Paired, Paired]] | None:
    """Variations against the baseline in each of the selections; with one direction only, the other is
    its inverse."""
    readers = [job.samples for job in jobs]
    base = varied_events(readers, BASELINE, component)
    if base is None and component in jobs[0].settings["templates"]["like_signal"]:
        return _traced(
            jobs, name, SIGNAL
        )  # what is uniform in the liquid changes alike at the same energy
    up, down = (varied_events(readers, f"{name}-{way}", component) for way in ("up", "down"))
    if base is None or (up is None and down is None):
        return None
    made = {
        way: [Paired.join(*pair) for pair in zip(base, events, strict=True)]
        for way, events in (("up", up), ("down", down))
        if events is not None
    }
    up_ways = made.get("up") or [one.reversed for one in made["down"]]
    down_ways = made.get("down") or [one.reversed for one in made["up"]]
    return list(zip(up_ways, down_ways, strict=True))


def effects_on(
    jobs: Sequence[Filling], component: str, sums: Sequence[dict[str, Ways]]
) -> list[list[Effect]]:
    """What each systematic that touches a component does to it in each of the selections."""
    for systematic in jobs[0].systematics:
        if systematic.kind == "traced" and systematic.touches(component):
            if (ways := _traced(jobs, systematic.name, component)) is None:
                continue
            for job, mine, way in zip(jobs, sums, ways, strict=True):
                mine[systematic.name] = job.summed(systematic, *way)
    return [job.effects(component, mine) for job, mine in zip(jobs, sums, strict=True)]


@dataclass
class SampleSums:
    """What is summed of a sample that is read chunk by chunk: spectrum, sums for the effects, and
    events beside the cuts."""

    spectrum: Histogram
    of_effects: dict[str, Ways] = field(default_factory=dict)
    beside: list[Weighted] = field(default_factory=list)

    def add(self, job: Filling, component: str, kept: Kept) -> None:
        """A chunk."""
        nominal = kept.passed[NOMINAL]
        self.spectrum += fill(
            kept.energy_keVee[nominal],
            kept.weight[nominal],
            job.edges_keV,
            kept.number[nominal],
        )
        for name, (up, down) in job.paired_sums(component, kept).items():
            known = self.of_effects.get(name)
            self.of_effects[name] = (known[0] + up, known[1] + down) if known else (up, down)
        self.beside.append(kept.beside)


@dataclass
class _Made:
    """What one selection has, as it is filled."""

    observed: Array | None
    backgrounds: dict[str, Json] = field(default_factory=dict)
    not_seen: dict[str, dict[str, Unseen]] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    response: Json = field(default_factory=dict)
    table: dict[str, Array] = field(default_factory=dict)
    solar: Histogram | None = None
    central_of_signal: Array | None = None

    def as_templates(self, job: Filling) -> Templates:
        """Data, backgrounds and response; `content` has these alone."""
        settings = job.settings
        total = np.sum([job.histograms[name].values for name in self.backgrounds], axis=0)
        least = settings["templates"]["unseen_least"]
        for name, ranges in without_small(self.not_seen, total, least).items():
            self.backgrounds[name]["unseen"] = {
                key: {
                    "counts": numbers(settings["live_days"] * one.counts),
                    "shape_error": numbers(settings["live_days"] * one.shape_error),
                }
                for key, one in ranges.items()
            }
        content: Json = {
            "edges_keV": job.edges_keV.tolist(),
            "observed": None if self.observed is None else self.observed.tolist(),
            "order": list(self.backgrounds),
            "backgrounds": self.backgrounds,
            "response": self.response,
        }
        solar = self.solar
        if solar is not None and self.central_of_signal is not None:
            solar = solar.scaled(self.central_of_signal)
        return Templates(content, self.effects, job.histograms, self.table, solar)


def fill_sample(
    jobs: Sequence[Filling], row: Mapping[str, Any]
) -> tuple[list[SampleSums], Weighted]:
    """A background's nominal sample, read chunk by chunk: the sums of each selection, and all events."""
    sums = [SampleSums(Histogram.empty(job.edges_keV)) for job in jobs]
    everywhere: list[Weighted] = []
    for chunk in nominal_chunks([job.samples for job in jobs], row):
        everywhere.append(chunk[0].everywhere)
        for job, mine, kept in zip(jobs, sums, chunk, strict=True):
            mine.add(job, row["components"][0], kept)
    return sums, Weighted.join(everywhere)


def _filled(jobs: Sequence[Filling]) -> list[Templates]:
    """Each selection's data, backgrounds and response, from one pass over every file: the spectrum
    first, whose true energies the responses of the others have."""
    readers, settings = [job.samples for job in jobs], jobs[0].settings
    made = [_Made(observed) for observed in observed_counts(jobs)]
    for row in settings["nominal"]:
        component = row["components"][0]
        if component == SIGNAL:
            _fill_signal(jobs, made, nominal_events(readers, row))
            continue
        sums, events = fill_sample(jobs, row)
        if component == SOLAR:
            made[0].solar = sums[0].spectrum
            continue
        effects = effects_on(jobs, component, [mine.of_effects for mine in sums])
        ranges = settings["templates"]["unseen_ranges_keV"]
        for job, one, mine, found in zip(jobs, made, sums, effects, strict=True):
            one.effects += found
            central = central_bins(found)
            spectrum = mine.spectrum if central is None else mine.spectrum.scaled(central)
            job.histograms[row["name"]] = spectrum
            one.backgrounds[row["name"]] = job.background(row, found, spectrum)
            beside = Weighted.join(mine.beside)
            one.not_seen[row["name"]] = unseen(mine.spectrum, beside, events, ranges)
    return [one.as_templates(job) for one, job in zip(made, jobs, strict=True)]


def _fill_signal(jobs: Sequence[Filling], made: Sequence[_Made], events: Sequence[Kept]) -> None:
    """The response of each selection."""
    sums = [job.paired_sums(SIGNAL, kept) for job, kept in zip(jobs, events, strict=True)]
    effects = effects_on(jobs, SIGNAL, sums)
    for job, one, kept, found in zip(jobs, made, events, effects, strict=True):
        of_spectrum = None if job is jobs[0] else jobs[0].made[SIGNAL]
        one.response, one.table = job.response(kept, found, of_spectrum)
        one.central_of_signal = central_bins(found)
        one.effects += found
