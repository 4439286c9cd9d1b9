"""One channel of an analysis of events as it is filled: the spectrum, a slice of it or a control region."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from exonu.core.errors import InputError
from exonu.core.settings import Settings
from exonu.core.types import Array, Json
from exonu.detector.activities import activities
from exonu.detector.geometry_table import own_geometry
from exonu.detector.model import Detector
from exonu.events.runs.run_list import NOMINAL
from exonu.interactions import breakpoints_keV
from exonu.templates.calibrated_effects import calibrated, central_bins
from exonu.templates.histograms import Histogram
from exonu.templates.packing import numbers, packed
from exonu.templates.paired_sums import PairedSums, Places
from exonu.templates.signal_response import EventResponse, SimulatedRecoils
from exonu.templates.simulated_samples import SIGNAL, Kept, SampleReader, Shift, Sources
from exonu.templates.systematics import Effect, Paired, Systematic, declared, grid
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

    Attributes:
        histograms, made: what it has filled: spectra by name, and the response of the component
            `signal`.

    Raises:
        InputError: see `systematics.declared`.
    """

    settings: Settings
    sources: Sources
    histograms: dict[str, Histogram] = field(default_factory=dict)
    made: dict[str, EventResponse] = field(default_factory=dict)

    @cached_property
    def edges_keV(self) -> Array:
        """Edges of the bins."""
        return np.asarray(self.settings["edges_keV"], dtype=np.float64)

    @cached_property
    def systematics(self) -> list[Systematic]:
        """Those declared, the scales of energy and vertex as the calibrations have them."""
        cuts = [cut["name"] for cut in self.settings["cuts"]]
        found = declared(self.settings["systematics"], cuts, self.settings["file"])
        optics = self.sources.optics
        scales = {
            "energy-scale": self.sources.calibrated_scale or 0.0,
            "position": optics.vertex_scale if optics else 0.0,
        }
        return [
            replace(one, size=max(one.size, scales[one.kind]))
            if one.from_calibration and one.kind in scales
            else one
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

    # -- effects

    def effects(self, component: str, sums: Mapping[str, Ways]) -> list[Effect]:
        """What each systematic that touches a component does to it, kept or not, calibrated ones as
        the calibration leaves them.

        Args:
            component: which.
            sums: by systematic, traced ones too.
        """
        simulated = [
            Effect.of(one, component, *sums[one.name], self.edges_keV, self.report)
            for one in self.systematics
            if one.name in sums
        ]
        return calibrated(simulated, self.sources.optics, component, self.report)

    @property
    def report(self) -> Sequence[float]:
        """Edges of the ranges of tables."""
        ranges: Sequence[float] = self.settings["templates"]["report_ranges_keV"]
        return ranges

    def paired_sums(self, component: str, kept: Kept) -> dict[str, Ways]:
        """Sums of some of a component's events before and after each systematic, up and down, but for
        traced ones."""
        found: dict[str, Ways] = {}
        places: Places = {}
        for one in self.systematics:
            ways = self._ways(one, component, kept) if one.touches(component) else None
            if ways is not None:
                shared = places if ways[0].energy_before is kept.energy_keVee else None
                found[one.name] = self.summed(one, *ways, places=shared)
        return found

    def summed(
        self, systematic: Systematic, up: Paired, down: Paired, places: Places | None = None
    ) -> Ways:
        """Sums of what a systematic does; `places` as in `Paired.summed`."""
        edges = grid(systematic, self.edges_keV, self.report)
        return up.summed(edges, places), down.summed(edges, places)

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
        """A background of `templates.json`: counts in the live time.

        Args:
            row: of the nominal sample.
            effects: of the systematics.
            spectrum: events per day, where the calibrated central values are.
        """
        counts = spectrum.scaled(self.settings["live_days"])
        optics = self.sources.optics
        measured = optics.activity(row["components"][0]) if optics else None
        return {
            "label": self.label(row["components"][0]),
            "component": row["components"][0],
            "counts": numbers(counts.values),
            "statistical_error": numbers(counts.errors),
            "norms": self.norms(row["components"][0]),
            **({"measured_activity": measured} if measured else {}),
            "variations": {
                effect.systematic.parameter: {
                    "up": numbers(counts.values * effect.up_bins),
                    "down": numbers(counts.values * effect.down_bins),
                }
                for effect in effects
                if effect.is_kept
            },
        }

    def response(
        self, kept: Kept, effects: Sequence[Effect], of_spectrum: EventResponse | None
    ) -> tuple[Json, dict[str, Array]]:
        """The response of `templates.json`, and its table for figures. A region in which no recoil is
        found has none.

        Args:
            kept: simulated recoils.
            effects: of the systematics.
            of_spectrum: the response whose true energies a slice or a region has; None of the
                spectrum itself.
        """
        recoils = kept.recoils
        if not recoils.fraction.any():
            if of_spectrum is not None:
                return self._without_recoils(of_spectrum), {}
            raise InputError(
                "keeps no event of the signal sample", file=self.settings["file"], field="cuts"
            )
        self._check_weights(recoils)
        response = self._event_response(recoils, of_spectrum)
        self.made[SIGNAL] = response
        central = central_bins(effects)
        moved = 1.0 if central is None else central[:, None]
        nominal = moved * response.matrix(recoils)
        variations = {}
        for effect in (effect for effect in effects if effect.is_kept):
            one = effect.systematic
            if one.kind == "energy-scale":
                ways = [
                    moved * response.matrix(recoils.rescaled(1 + sign * one.size))
                    for sign in (1, -1)
                ]
            elif one.kind == "resolution":
                ways = [
                    moved * response.matrix(recoils.widened(1 + sign * one.size))
                    for sign in (1, -1)
                ]
            elif one.kind == "position":
                ways = [
                    moved * response.matrix(recoils.selected(kept.passed[f"{one.name}-{way}"]))
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

    def _event_response(
        self, recoils: SimulatedRecoils, of_spectrum: EventResponse | None
    ) -> EventResponse:
        """True energies of the response: those of the spectrum for its slices and regions."""
        if of_spectrum is not None:
            return replace(of_spectrum, edges_keV=self.edges_keV)
        return EventResponse.of(
            recoils,
            self.edges_keV,
            liquid_mass_kg=self.liquid_mass_kg,
            live_days=self.settings["live_days"],
            smoothing=self.settings["templates"]["smoothing"],
            breakpoints_keV=breakpoints_keV(),
        )

    def _without_recoils(self, of_spectrum: EventResponse) -> Json:
        n_bins = len(self.edges_keV) - 1
        return {
            "true_energy_keV": of_spectrum.true_energy_keV.tolist(),
            "matrix": packed(np.zeros((n_bins, len(of_spectrum.true_energy_keV)))),
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
