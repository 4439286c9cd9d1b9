"""Events of a dual-phase detector, drawn from its response: no photon is followed.

A recoil of energy T is seen with the published efficiency ε(T). Its quanta T/W are shared between
photons and electrons, and what one gets more the other gets less; noise of S2 is such that the
combined energy W (S1/g₁ + S2/g₂) has the published resolution σ(T)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exonu.core import constants
from exonu.core.resources import resource_path
from exonu.core.seeds import derived_seed
from exonu.core.settings import Settings, read_yaml
from exonu.core.tables import read_numbers
from exonu.core.types import Array
from exonu.decays.beta_spectra import tabulated
from exonu.detector.resolution import SqrtLinearResolution
from exonu.detector.response import Efficiency
from exonu.interactions import RecoilSpectra
from exonu.simulation.dual_phase.table_writing import write_table

SIGNAL = "signal"
_PER_DAY = constants.day / constants.Julian_year
Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class DualPhase:
    """The detector.

    Attributes:
        facts: `resources/detectors/dual_phase.yaml`.
    """

    facts: Mapping[str, Any]

    @classmethod
    def of_the_demonstration(cls) -> DualPhase:
        """That of the demonstration."""
        return cls(read_yaml(resource_path("detectors/dual_phase.yaml")))

    def number(self, name: str) -> float:
        """One of its numbers."""
        return float(self.facts[name]["value"])

    @property
    def signal_keV(self) -> tuple[float, float]:
        """Between which energies the recoils of the sample `signal` are drawn."""
        return float(self.facts["lowest_keV"]), self.number("highest_signal_keV")

    @cached_property
    def mass_tonne(self) -> float:
        """Mass of the liquid [t].

        >>> round(DualPhase.of_the_demonstration().mass_tonne, 2)
        1.99
        """
        volume = np.pi * self.number("radius_cm") ** 2 * self.number("height_cm")
        return float(volume * self.number("liquid_density_g_per_cm3") * 1e-6)

    @cached_property
    def efficiency(self) -> Efficiency:
        """Share of the recoils that are seen, against the true energy."""
        file = resource_path("published/xenon1t-sr1/efficiency.csv")
        table = read_numbers(file, ["energy_keV", "efficiency"])
        return Efficiency(table["energy_keV"], table["efficiency"], of_true_energy=True)

    @cached_property
    def resolution(self) -> SqrtLinearResolution:
        """σ of the combined energy [keV]."""
        return SqrtLinearResolution(self.facts["resolution"]["a"], self.facts["resolution"]["b"])

    def per_day(self, component: str) -> float:
        """Events per day in the whole liquid, seen or not."""
        facts = self.facts["components"][component]
        low, high = facts["window_keV"]
        if facts["spectrum"] == "solar":
            energy, rate = _solar(low, high)
            rate_per_tonne_year = float(np.trapezoid(rate, energy))
        else:
            rate_per_tonne_year = facts["per_tonne_year_keV"]["value"] * (high - low)
        return float(rate_per_tonne_year * self.mass_tonne * _PER_DAY)

    def energies(self, component: str, n: int, random: np.random.Generator) -> Array:
        """True energies of n events [keV], shape (n,)."""
        if component == SIGNAL:
            low, high = self.signal_keV
            return np.asarray(low * (high / low) ** random.random(n))
        facts = self.facts["components"][component]
        low, high = facts["window_keV"]
        if facts["spectrum"] == "flat":
            return np.asarray(random.uniform(low, high, n))
        energy, rate = _solar(low, high)
        drawn = tabulated(lambda e: np.interp(e, energy, rate), low, high)
        return np.asarray(np.interp(random.random(n), drawn.cumulative, drawn.energies_keV))

    def positions(self, component: str, n: int, random: np.random.Generator) -> Array:
        """True x, y and depth z ≤ 0 below the surface of n events [cm], shape (3, n)."""
        radius, height = self.number("radius_cm"), self.number("height_cm")
        r, phi = radius * np.sqrt(random.random(n)), random.uniform(0, 2 * np.pi, n)
        z = -height * random.random(n)
        if component != SIGNAL and self.facts["components"][component]["place"] == "wall":
            depth = self.facts["components"][component]["depth_cm"]["value"] * random.exponential(
                size=n
            )
            of_mantle = random.random(n) < height / (height + radius)  # its share of the surface
            r = np.where(of_mantle, np.abs(radius - depth), r)
            from_top = random.random(n) < 0.5
            z = np.where(of_mantle, z, np.where(from_top, -depth, depth - height))
        return np.stack([r * np.cos(phi), r * np.sin(phi), z])

    def seen(self, component: str, n: int, random: np.random.Generator) -> Columns:
        """What the detector records of n events: those that are seen, each a row.

        Returns:
            `cs1`, `cs2` [PE], `x_mm`, `y_mm`, `z_mm`, `e_true_eV`, and `number`, which counts all n.
        """
        true = self.energies(component, n, random)
        place = self.positions(component, n, random)
        kept = np.flatnonzero(random.random(n) < self.efficiency(true))
        true, place, m = true[kept], place[:, kept], len(kept)
        w_keV = self.number("work_function_eV") * 1e-3
        g1, g2 = self.number("g1_pe"), self.number("g2_pe")
        share = self.number("photon_share") + self.number("recombination_spread") * random.normal(
            size=m
        )
        s1 = g1 * true / w_keV * np.clip(share, 0.05, 0.95)
        combined = true + self.resolution(true) * random.normal(size=m)
        s2 = g2 * (combined / w_keV - s1 / g1)
        blur = self.number("position_cm") * np.array([[1.0], [1.0], [0.1]])
        x, y, z = 10 * (place + blur * random.normal(size=(3, m)))
        made = {"cs1": s1, "cs2": s2, "x_mm": x, "y_mm": y, "z_mm": z, "e_true_eV": 1e3 * true}
        return {"number": kept.astype(np.int64), **{name: _stored(v) for name, v in made.items()}}

    def sample(self, component: str, n: int, seed: int) -> Columns:
        """Simulated events with their weights, events per day in the whole liquid; of the signal, for
        one per keV and day in it."""
        found = self.seen(component, n, np.random.default_rng(seed))
        if component == SIGNAL:
            low, high = self.signal_keV
            weight = 1e-3 * found["e_true_eV"] * np.log(high / low) / n
        else:
            weight = np.full(len(found["number"]), self.per_day(component) / n)
        return {**found, "weight": weight}

    def run(self, days: float, rates: Mapping[str, float], seed: int) -> Columns:
        """Events of a run in the order of time: a Poisson draw of each component.

        Args:
            days: live time.
            rates: of each component, true over listed rate.
            seed: of the run.
        """
        random = np.random.default_rng(seed)
        parts = []
        for name, factor in rates.items():
            part = self.seen(name, int(random.poisson(days * factor * self.per_day(name))), random)
            del part["e_true_eV"]
            parts.append(part)
        joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        n = len(joined["number"])
        order = random.permutation(n)
        time = np.sort(random.uniform(0, days * constants.day, n))
        shuffled = {key: values[order] for key, values in joined.items()}
        return {"t_ns": (1e9 * time).astype(np.int64), **shuffled, "number": np.arange(n)}


def _stored(values: Array) -> Array:
    """Rounded, so that a CSV is short and has the same numbers as other files."""
    return np.round(values, 3)


@cache
def _solar(low: float, high: float) -> tuple[Array, Array]:
    """Energies [keV] and rate of solar neutrinos by the Standard Model [1/(t y keV)]."""
    energy = np.geomspace(low, high, 400)
    return energy, np.asarray(RecoilSpectra(energy).rate("weak").sum(axis=0))


def draw_tables(settings: Settings, outputs: Sequence[str | Path]) -> None:
    """Run the step `draw_events`.

    Args:
        settings: of `dual_phase_settings.drawing_settings`, also after a way through JSON.
        outputs: the tables, in the order of the settings.
    """
    detector = DualPhase.of_the_demonstration()
    for told, output in zip(settings["tables"], outputs, strict=True):
        seed = derived_seed(settings["seed"], told["name"])
        if "run" in told:
            columns = detector.run(told["live_days"], told["rates"], seed)
            columns["run"] = np.full(len(columns["t_ns"]), told["run"], dtype=np.int32)
        else:
            columns = detector.sample(told["component"], told["events"], seed)
        write_table(output, columns, settings["format"])
