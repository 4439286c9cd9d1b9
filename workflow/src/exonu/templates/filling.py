"""Templates from selected events: data, backgrounds with their variations, and the response to
signals.

Backgrounds are filled from the reconstructed events of their nominal samples, so that a shifted
vertex may bring in an event that the nominal one leaves out; everything else comes from selected
events. The result is `templates.json` of `packing`, the histograms behind it, and a table of what
each systematic does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from exonu.core import constants
from exonu.core.errors import InputError
from exonu.core.settings import Settings
from exonu.core.types import Array, Json
from exonu.detector.activities import activities
from exonu.detector.geometry_table import own_geometry
from exonu.detector.model import Detector
from exonu.events.raw.root_files import read_columns
from exonu.events.runs.run_list import NOMINAL
from exonu.interactions import breakpoints_keV
from exonu.templates.fit_parts import part_settings
from exonu.templates.histograms import ENERGY, Histogram, fill
from exonu.templates.packing import FORMAT, numbers, packed
from exonu.templates.paired_sums import PairedSums
from exonu.templates.signal_response import EventResponse, SimulatedRecoils
from exonu.templates.simulated_samples import SIGNAL, SOLAR, Kept, SampleReader, Shift, Sources
from exonu.templates.systematics import (
    BASELINE,
    Effect,
    Paired,
    Systematic,
    declared,
    grid,
)
from exonu.templates.unseen import Unseen, Weighted, unseen, without_small
from exonu.xenon import xenon_property

EFFICIENCY_POINTS = 120
Ways = tuple[PairedSums, PairedSums]
"""Sums of events before and after a systematic, up and down."""


@dataclass(frozen=True)
class Filling:
    """One job of the step `templates`.

    Args:
        settings: of `template_jobs.template_settings`.
        sources: the files.
        nodes: true energies of the response, where the spectrum has settled them.

    Attributes:
        histograms, made: what it has filled: spectra by name, and the response of the component
            `signal`.

    Raises:
        InputError: see `systematics.declared`.
    """

    settings: Settings
    sources: Sources
    histograms: dict[str, Histogram] = field(default_factory=dict)
    nodes: EventResponse | None = None
    made: dict[str, EventResponse] = field(default_factory=dict)

    @cached_property
    def edges_keV(self) -> Array:
        """Edges of the bins."""
        return np.asarray(self.settings["edges_keV"], dtype=np.float64)

    @cached_property
    def systematics(self) -> list[Systematic]:
        """Those declared, the energy scale as the calibration has it."""
        cuts = [cut["name"] for cut in self.settings["cuts"]]
        found = declared(self.settings["systematics"], cuts, self.settings["file"])
        scale = self.sources.calibrated_scale or 0.0
        return [
            replace(one, size=max(one.size, scale)) if one.from_calibration else one
            for one in found
        ]

    @cached_property
    def shifts(self) -> dict[str, Shift]:
        """Shifts of the vertex, by the names of the varied selections."""
        positions = [one for one in self.systematics if one.kind == "position"]
        return {
            f"{one.name}-{way}": Shift(1 + sign * one.size, one.along)
            for one in positions
            for way, sign in (("up", 1), ("down", -1))
        }

    @cached_property
    def without(self) -> dict[str, str]:
        """Cuts whose rejected events are needed, by the names of the varied selections."""
        return {
            f"{one.name}-without": str(one.cut)
            for one in self.systematics
            if one.kind == "cut" and one.of == "rejected"
        }

    @cached_property
    def samples(self) -> SampleReader:
        """Their events."""
        with_truth = tuple(one for one in self.systematics if one.kind == "resolution")
        return SampleReader(self.settings, self.sources, self.shifts, self.without, with_truth)

    @cached_property
    def liquid_mass_kg(self) -> float:
        """Mass of the liquid to which the signal's weights refer."""
        given = self.settings["templates"].get("liquid_mass_kg")
        if given is not None:
            return float(given)
        own = own_geometry(self.settings.get("geometry"))
        geometry = Detector.from_settings(self.settings["detector"], own).geometry
        return float(geometry.volume_and_area[0] * xenon_property("liquid_density") * 1e-3)

    def observed(self) -> Array | None:
        """Counts of the data; None if the analysis is blind."""
        if self.sources.data is None:
            return None
        total = Histogram.empty(self.edges_keV)
        cuts = None if self.sources.is_selected else self.samples.selection
        names = sorted({ENERGY, *(cuts.wanted if cuts else ())})
        for file in self.sources.data:
            for columns in read_columns(file, names=names):
                kept = cuts.kept(columns) if cuts else slice(None)
                total += fill(columns[ENERGY][kept], 1.0, self.edges_keV)
        self.histograms["data"] = total
        return total.values

    # -- effects

    def effects(self, component: str, sums: Mapping[str, Ways]) -> Iterator[Effect]:
        """What each systematic that touches a component does to it, kept or not.

        Args:
            component: which.
            sums: of `paired_sums`, by systematic.
        """
        for systematic in self.systematics:
            ways: tuple[Paired, Paired] | Ways | None = sums.get(systematic.name)
            if systematic.kind == "traced" and systematic.touches(component):
                ways = self._traced(systematic.name, component)
            if ways is not None:
                up, down = ways
                yield Effect.of(systematic, component, up, down, self.edges_keV, self.report)

    @property
    def report(self) -> Sequence[float]:
        """Edges of the ranges of tables."""
        ranges: Sequence[float] = self.settings["templates"]["report_ranges_keV"]
        return ranges

    def paired_sums(self, component: str, kept: Kept) -> dict[str, Ways]:
        """Sums of some of a component's events before and after each systematic, up and down, but for
        traced ones."""
        found: dict[str, Ways] = {}
        for one in self.systematics:
            ways = self._ways(one, component, kept) if one.touches(component) else None
            if ways is not None:
                edges = grid(one, self.edges_keV, self.report)
                found[one.name] = (ways[0].summed(edges), ways[1].summed(edges))
        return found

    def _ways(
        self, systematic: Systematic, component: str, kept: Kept
    ) -> tuple[Paired, Paired] | None:
        """The component's events before and after, up and down; None if the systematic is no matter
        of these."""
        energy, before = kept.energy_keVee, kept.weight * kept.passed[NOMINAL]
        if systematic.kind == "energy-scale":
            up, down = (
                Paired(energy, before, energy * (1 + s * systematic.size), before) for s in (1, -1)
            )
        elif systematic.kind == "resolution":
            off = energy - kept.true_energy_keV
            up, down = (
                Paired(energy, before, energy + s * systematic.size * off, before) for s in (1, -1)
            )
        elif systematic.kind == "efficiency" and systematic.sizes is not None:
            size = np.interp(energy, systematic.energies_keV or (), systematic.sizes)
            up, down = (Paired(energy, before, energy, before * (1 + size) ** s) for s in (1, -1))
        elif systematic.kind == "position":
            masks = (kept.passed[f"{systematic.name}-{way}"] for way in ("up", "down"))
            up, down = (Paired(energy, before, energy, kept.weight * mask) for mask in masks)
        elif systematic.kind == "cut" and systematic.of == "rejected":
            rejected = kept.passed[f"{systematic.name}-without"] & ~kept.passed[NOMINAL]
            after = before + systematic.size * kept.weight * rejected
            up = Paired(energy, before, energy, after)
            down = up.reversed
        elif (
            systematic.kind == "dead-pmt"
            and self.sources.correction
            and component in self.settings["wall"]
        ):
            up, down = (
                Paired(energy, before, energy, before * way)
                for way in (kept.dead_up, kept.dead_down)
            )
        else:
            return None
        return up, down

    def _traced(self, name: str, component: str) -> tuple[Paired, Paired] | None:
        """Variations against the baseline; with one direction only, the other is its inverse."""
        base = self.samples.varied(BASELINE, component)
        if base is None and component in self.settings["templates"]["like_signal"]:
            return self._traced(
                name, SIGNAL
            )  # what is uniform in the liquid changes alike at the same energy
        up, down = (self.samples.varied(f"{name}-{way}", component) for way in ("up", "down"))
        if base is None or (up is None and down is None):
            return None
        made = {
            way: Paired.join(base, events)
            for way, events in (("up", up), ("down", down))
            if events is not None
        }
        return made.get("up") or made["down"].reversed, made.get("down") or made["up"].reversed

    def norms(self, component: str) -> dict[str, float]:
        """Relative uncertainties of efficiencies that are the same at all energies."""
        flat = (one for one in self.systematics if one.is_norm and one.touches(component))
        return {one.parameter: one.size for one in flat}

    # -- results

    def label(self, component: str) -> str:
        """Class of a component in figures."""
        known = activities()["components"].get(component, {})
        return str(
            self.settings["templates"]["labels"].get(component, known.get("label", component))
        )

    def background(
        self, row: Mapping[str, Any], effects: Sequence[Effect], spectrum: Histogram
    ) -> Json:
        """A background of `templates.json`: counts in the live time."""
        counts = spectrum.scaled(self.settings["live_days"])
        return {
            "label": self.label(row["components"][0]),
            "component": row["components"][0],
            "counts": numbers(counts.values),
            "statistical_error": numbers(counts.errors),
            "norms": self.norms(row["components"][0]),
            "variations": {
                effect.systematic.parameter: {
                    "up": numbers(counts.values * effect.up_bins),
                    "down": numbers(counts.values * effect.down_bins),
                }
                for effect in effects
                if effect.is_kept
            },
        }

    def response(self, kept: Kept, effects: Sequence[Effect]) -> tuple[Json, dict[str, Array]]:
        """The response of `templates.json`, and its table for figures. A region in which no recoil is
        found has none."""
        recoils = kept.recoils
        if not recoils.fraction.any():
            if self.nodes is not None:
                return self._without_recoils(self.nodes), {}
            raise InputError(
                "keeps no event of the signal sample", file=self.settings["file"], field="cuts"
            )
        self._check_weights(recoils)
        response = self.made[SIGNAL] = self._event_response(recoils)
        nominal = response.matrix(recoils)
        variations = {}
        for effect in (effect for effect in effects if effect.is_kept):
            one = effect.systematic
            if one.kind == "energy-scale":
                ways = [response.matrix(recoils.rescaled(1 + sign * one.size)) for sign in (1, -1)]
            elif one.kind == "resolution":
                ways = [response.matrix(recoils.widened(1 + sign * one.size)) for sign in (1, -1)]
            elif one.kind == "position":
                ways = [
                    response.matrix(recoils.selected(kept.passed[f"{one.name}-{way}"]))
                    for way in ("up", "down")
                ]
            else:
                ways = [bins[:, None] * nominal for bins in (effect.up_bins, effect.down_bins)]
            variations[one.parameter] = {"up": packed(ways[0]), "down": packed(ways[1])}
        share = (
            self.settings["templates"].get("fiducial_mass_kg", self.liquid_mass_kg)
            / self.liquid_mass_kg
        )
        seen = recoils.true_energy_keV[recoils.fraction > 0]
        energies = np.geomspace(seen.min(), seen.max(), EFFICIENCY_POINTS)
        table = {"true_energy_keV": energies, **response.table(recoils, energies, share)}
        content = {
            "true_energy_keV": response.true_energy_keV.tolist(),
            "matrix": packed(nominal),
            "statistical_error": numbers(response.relative_errors(recoils)),
            "variations": variations,
            "norms": self.norms(SIGNAL),
        }
        return content, table

    def _event_response(self, recoils: SimulatedRecoils) -> EventResponse:
        """True energies of the response: those of the spectrum for its slices and regions."""
        if self.nodes is not None:
            return replace(self.nodes, edges_keV=self.edges_keV)
        return EventResponse.of(
            recoils,
            self.edges_keV,
            liquid_mass_kg=self.liquid_mass_kg,
            live_days=self.settings["live_days"],
            smoothing=self.settings["templates"]["smoothing"],
            breakpoints_keV=breakpoints_keV(),
        )

    def _without_recoils(self, nodes: EventResponse) -> Json:
        n_bins = len(self.edges_keV) - 1
        return {
            "true_energy_keV": nodes.true_energy_keV.tolist(),
            "matrix": packed(np.zeros((n_bins, len(nodes.true_energy_keV)))),
            "statistical_error": [0.0] * n_bins,
            "variations": {},
            "norms": self.norms(SIGNAL),
        }

    def _check_weights(self, recoils: SimulatedRecoils) -> None:
        """Weights of 1 would make limits wrong by orders of magnitude, and nothing else would show
        it."""
        share, slack = recoils.share_of_liquid(), 5 / np.sqrt(recoils.true_energy_keV.size)
        if share > 1.1 + slack:
            raise InputError(
                f"stands for {share:.3g} times the recoils of one per keV and day in the whole liquid",
                file=self.settings["file"],
                field="samples (signal)",
                remedy="give its events the weight T ln(highest/lowest)/N: T the true energy, N the recoils simulated "
                "flat in ln T in the whole liquid, and its row 1 equivalent live day; see docs/events.md",
            )


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
    job = Filling(settings, sources)
    filled = _filled(job)
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
    if settings["parts"]:
        parts = settings["parts"]
        content["parts"] = [_part(settings, sources, part, job.made[SIGNAL]) for part in parts]
    return replace(filled, content=content)


def _part(
    settings: Settings, sources: Sources, part: Mapping[str, Any], nodes: EventResponse
) -> Json:
    """A slice or a region of `templates.json`: what the spectrum has, and which it is."""
    job = Filling(part_settings(settings, part), sources.unselected(), nodes=nodes)
    told = {
        key: part[key] for key in ("name", "kind", "variable", "range", "solar_flux") if key in part
    }
    return {**told, **_filled(job).content}


def _summed(
    job: Filling, row: Mapping[str, Any]
) -> tuple[Histogram, dict[str, Ways], Weighted, Weighted]:
    """Spectrum, sums for the effects, and events beside the cuts and everywhere, of a sample that is
    read chunk by chunk."""
    component = row["components"][0]
    spectrum = Histogram.empty(job.edges_keV)
    sums: dict[str, Ways] = {}
    beside: list[Weighted] = []
    everywhere: list[Weighted] = []
    for kept in job.samples.nominal_chunks(row):
        nominal = kept.passed[NOMINAL]
        spectrum += fill(kept.energy_keVee[nominal], kept.weight[nominal], job.edges_keV)
        for name, (up, down) in job.paired_sums(component, kept).items():
            known = sums.get(name)
            sums[name] = (known[0] + up, known[1] + down) if known else (up, down)
        beside.append(kept.beside)
        everywhere.append(kept.everywhere)
    return spectrum, sums, Weighted.join(beside), Weighted.join(everywhere)


def _filled(job: Filling) -> Templates:
    """Data, backgrounds and response of one selection; `content` has these alone."""
    settings, observed = job.settings, job.observed()
    backgrounds: dict[str, Json] = {}
    not_seen: dict[str, dict[str, Unseen]] = {}
    all_effects: list[Effect] = []
    response: Json = {}
    table: dict[str, Array] = {}
    solar = None
    for row in settings["nominal"]:
        component = row["components"][0]
        if component == SIGNAL:
            kept = job.samples.nominal(row)
            effects = list(job.effects(component, job.paired_sums(component, kept)))
            response, table = job.response(kept, effects)
            all_effects += effects
            continue
        spectrum, sums, beside, everywhere = _summed(job, row)
        if component == SOLAR:
            solar = spectrum
            continue
        effects = list(job.effects(component, sums))
        all_effects += effects
        job.histograms[row["name"]] = spectrum
        backgrounds[row["name"]] = job.background(row, effects, spectrum)
        ranges = settings["templates"]["unseen_ranges_keV"]
        not_seen[row["name"]] = unseen(spectrum, beside, everywhere, ranges)
    total = np.sum([job.histograms[name].values for name in backgrounds], axis=0)
    least = settings["templates"]["unseen_least"]
    for name, ranges in without_small(not_seen, total, least).items():
        backgrounds[name]["unseen"] = {
            key: {
                "counts": numbers(settings["live_days"] * one.counts),
                "shape_error": numbers(settings["live_days"] * one.shape_error),
            }
            for key, one in ranges.items()
        }
    content: Json = {
        "edges_keV": job.edges_keV.tolist(),
        "observed": None if observed is None else observed.tolist(),
        "order": list(backgrounds),
        "backgrounds": backgrounds,
        "response": response,
    }
    return Templates(content, all_effects, job.histograms, table, solar)
