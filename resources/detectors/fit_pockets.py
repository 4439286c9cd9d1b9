"""Fit the pocket of the copper plate and ring to the two anchors, and predict what is not fitted.

The activities stay as listed. Each wall class has its own escape fraction of the light and its cone:

- surface: decays on windows and copper shine in all directions, no light is lost;
- seal: light that starts within 3 mm of the decay is held back; how much may leave is a limit, found here;
- copper: escape fraction and cone are fitted to the anchors of anchors.csv, on a grid of simulated samples that share
  their random numbers: ln(rate) is a polynomial in ln(escape fraction) and cos_min;
- pmt: no pocket.

Everything goes the way of any data: generated, traced, dead photomultipliers taken out, reconstructed, default cuts.

Run: python resources/detectors/fit_pockets.py [--light-map FOLDER] [--predict]   (8 minutes on one core; --predict: 3)
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from exonu.core.resources import resource_path, schema_path
from exonu.core.settings import read_yaml
from exonu.detector.light_map.light_map import LightMap, build_light_map
from exonu.detector.model import Detector
from exonu.events.raw.raw_events import Events
from exonu.events.reconstruction.chain import EventReconstruction
from exonu.events.selection.cuts import Selection
from exonu.events.variables import raw_variables
from exonu.simulation.components import WALL_CLASSES, component
from exonu.simulation.generation.generate import Deposits, generate
from exonu.simulation.generation.pseudo_data import demonstration_runs
from exonu.simulation.light.photons import sources_from_deposits
from exonu.simulation.light.tracer import trace
from exonu.xenon import xenon_property

Array = NDArray[np.float64]
Part = tuple[int, float, float, int]

SEED = 20
DEAD_PMTS = 10
INTERNAL = ("lxe", "solar", "lxe-neutron")
LIQUID_RADIUS_CM = 28.0
IN_FRONT_CM = 3.6  # of a dead photomultiplier: its window and the seals around
GRID_ESCAPE = (0.13, 0.15, 0.17, 0.2)
GRID_COSINE = (0.15, 0.2, 0.25)
GRID_PARTS = ((500_000, 1, 12, 4), (300_000, 12, 60, 1))
PARTS = {  # decays, visible energies in keV, how often the light of each is drawn
    "lxe": ((300_000, 1, 60, 1), (30_000, 60, 250, 1)),
    "solar": ((10_000, 1, 250, 1),),
    "lxe-neutron": ((3000, 1, 250, 1),),
    "surface": ((50_000, 1, 60, 1), (8000, 60, 250, 1)),
    "copper": ((3_000_000, 1, 12, 4), (2_000_000, 12, 60, 1), (300_000, 60, 250, 1)),
    "seal": ((1_000_000, 1, 60, 1), (200_000, 60, 250, 1)),
    "pmt": ((1_500_000, 1, 60, 1), (200_000, 60, 250, 1)),
    "signal": ((200_000, 4.5, 5.5, 1),),
}


@dataclass(frozen=True)
class Sample:
    """Events of one component after reconstruction, `columns` those of the cuts."""

    decay: NDArray[np.int64]
    weight: Array
    columns: Mapping[str, NDArray[Any]]
    kept: NDArray[np.bool_]
    kept_but_radius: NDArray[np.bool_]
    at_dead_pmt: NDArray[np.bool_]
    cpu_s: float

    def rate(self, low: float, high: float, chosen: NDArray[np.bool_] | None = None) -> Array:
        """Events per day with low ≤ keVee < high after all cuts (or others), and its error."""
        energy = self.columns["energy_keVee"]
        there = (self.kept if chosen is None else chosen) & (energy >= low) & (energy < high)
        weight = np.bincount(
            self.decay[there], self.weight[there]
        )  # the light of a decay may be there several times
        return np.array([weight.sum(), np.sqrt(np.sum(weight**2))])

    @staticmethod
    def join(parts: Sequence[Sample]) -> Sample:
        """All events of several samples of a component."""
        columns = {
            name: np.concatenate([part.columns[name] for part in parts])
            for name in parts[0].columns
        }
        names = ("decay", "weight", "kept", "kept_but_radius", "at_dead_pmt")
        arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
        return Sample(columns=columns, cpu_s=sum(part.cpu_s for part in parts), **arrays)


def mass_kg(radius_cm: float) -> float:
    """Liquid within a radius: 97 kg at 20 cm."""
    return 4 / 3 * np.pi * radius_cm**3 * xenon_property("liquid_density") * 1e-3


class Laboratory:
    """The nominal detector, its light map, and ten dead photomultipliers."""

    def __init__(self, light_map: LightMap | None = None) -> None:
        self.detector = Detector.from_settings()
        self.geometry = self.detector.geometry
        (run,) = demonstration_runs(
            self.geometry, 1.0, SEED, runs=1, dead_first=DEAD_PMTS, dead_last=DEAD_PMTS
        )
        self.dead = np.isin(np.arange(self.geometry.n_channels), run.dead)
        self._light_map = light_map
        events = read_yaml(schema_path("events.yaml"))["properties"]
        self.selection = Selection.from_settings(events["cuts"]["default"])
        self.early_window_ns = events["variables"]["properties"]["early_window_ns"]["default"]

    @cached_property
    def reconstruction(self) -> EventReconstruction:
        light_map = self._light_map or build_light_map(self.detector, seed=SEED)
        return EventReconstruction.of(light_map, self.detector)

    def sample(
        self, name: str, parts: Sequence[Part], pocket: Mapping[str, float] | None = None
    ) -> Sample:
        """Simulate and select a component, in the wall with more decays around the dead photomultipliers."""
        settings = {"components": {name: {"pocket": dict(pocket)}}} if pocket else None
        wall = name in WALL_CLASSES
        what = component(
            name, self.geometry, settings,
            liquid_radius_cm=None if wall else LIQUID_RADIUS_CM,
            focus={"channels": np.flatnonzero(self.dead), "share": 0.3} if wall else None,
        )  # fmt: skip
        made, first = [], 0
        for decays, low, high, repeats in parts:
            deposits = generate(what, decays, self.geometry, seed=SEED, window_keV=(low, high))
            made += [
                self._selected(deposits, first, seed, repeats)
                for seed in range(SEED, SEED + repeats)
            ]
            first += len(deposits)
        return Sample.join(made)

    def _selected(self, made: Deposits, first: int, seed: int, repeats: int) -> Sample:
        start = time.process_time()
        columns = self._measured(made, seed)
        passed = self.selection.passed(columns)
        is_radius = np.array([cut.name == "fiducial-volume" for cut in self.selection.cuts])
        to_dead = made.origin_cm[:, None] - self.geometry.positions_cm[self.dead]
        return Sample(
            first + np.arange(len(made)), made.weight_per_day / repeats, columns,
            passed.all(axis=0), passed[~is_radius].all(axis=0),
            np.linalg.norm(to_dead, axis=2).min(axis=1) < IN_FRONT_CM, time.process_time() - start,
        )  # fmt: skip

    def _measured(self, made: Deposits, seed: int) -> dict[str, NDArray[Any]]:
        ids, n = made.event_id, len(made)
        sources = sources_from_deposits(
            made.event, made.site_position_cm, made.site_energy_keV, self.detector,
            seed=seed, event_ids=ids, axis=made.axis, cos_min=made.cos_min, escape=made.escape,
        )  # fmt: skip
        hits = trace(sources, self.detector, seed, ids)
        events = Events(
            run=np.ones(n, dtype=np.uint32), event=np.arange(n, dtype=np.uint64), time_s=np.zeros(n),
            trigger=hits.triggered.astype(np.uint8), offsets=hits.offsets,
            channel=hits.channel, charge=hits.charge, time=hits.time,
        )  # fmt: skip
        events = events.with_hits(~self.dead[events.channel])
        alone = {
            "time_since_previous_ms": np.full(n, np.inf),
            "true_energy_keV": made.true_energy_keV,
        }
        alone["true_r_cm"] = np.linalg.norm(made.position_cm, axis=1)
        found = self.reconstruction.columns(events, self.dead[None])
        return raw_variables(events, early_window_ns=self.early_window_ns) | found | alone


def anchors() -> dict[tuple[str, float, float], dict[str, str]]:
    """anchors.csv by quantity and range."""
    lines = resource_path("detectors/anchors.csv").read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    return {
        (row["quantity"], float(row["from_keVee"]), float(row["to_keVee"])): row for row in rows
    }


def total(samples: Mapping[str, Sample], names: Sequence[str], low: float, high: float) -> Array:
    """Events per day of some components and its error."""
    rates = np.array([samples[name].rate(low, high) for name in names])
    return np.array([rates[:, 0].sum(), np.hypot.reduce(rates[:, 1])])


def share(part: Array, rest: Array) -> tuple[float, float]:
    """part/(part + rest) and its error."""
    whole = part[0] + rest[0]
    return part[0] / whole, float(np.hypot(part[1] * rest[0], rest[1] * part[0])) / whole**2


def grid_of_copper(lab: Laboratory) -> Array:
    """Rows of escape fraction, cos_min, events per day in 4–6 and in 2–30 keVee, each with its error."""
    rows = []
    for escape in GRID_ESCAPE:
        for cosine in GRID_COSINE:
            found = lab.sample("copper", GRID_PARTS, {"escape_fraction": escape, "cos_min": cosine})
            rows.append([escape, cosine, *found.rate(4, 6), *found.rate(2, 30)])
            print(
                "copper: escape {:.3f}  cos_min {:.2f}  4-6 {:.3f} ± {:.3f}  2-30 {:.2f} ± {:.2f}".format(
                    *rows[-1]
                )
            )
    return np.array(rows)


def interpolated(grid: Array, column: int, escape: float, cosine: float) -> float:
    """Rate at a pocket: ln(rate) with terms up to the second order through the grid, weighted by the errors."""

    def terms(f: Any, c: Any) -> Array:
        x = np.log(np.asarray(f, dtype=float))
        c = np.asarray(c, dtype=float)
        return np.stack([np.ones_like(x), x, c, x * c, x**2, c**2], axis=-1)

    weight = grid[:, column] / grid[:, column + 1]
    fit, *_ = np.linalg.lstsq(
        terms(grid[:, 0], grid[:, 1]) * weight[:, None], np.log(grid[:, column]) * weight
    )
    return float(np.exp(terms(escape, cosine) @ fit))


def fit(grid: Array, others: Mapping[str, Sample]) -> tuple[float, float]:
    """Escape fraction and cos_min of the copper for both anchors, χ² with the accepted limits as errors."""
    rate, surface_share = anchors()["rate", 4, 6], anchors()["surface_share", 2, 30]
    internal = [total(others, INTERNAL, *window)[0] for window in ((4, 6), (2, 30))]
    rest = [name for name in WALL_CLASSES if name in others and name != "copper"]
    wall = [total(others, rest, *window)[0] for window in ((4, 6), (2, 30))]

    def pulls(pocket: Array) -> list[float]:
        counts, all_wall = (
            interpolated(grid, 2, *pocket),
            interpolated(grid, 4, *pocket) + wall[1],
        )
        found = (
            (counts + wall[0] + internal[0]) / (2 * mass_kg(20.0)),
            all_wall / (all_wall + internal[1]),
        )
        return [
            (value - float(row["value"])) / (0.5 * (float(row["high"]) - float(row["low"])))
            for value, row in zip(found, (rate, surface_share), strict=True)
        ]

    lowest, highest = grid[:, :2].min(axis=0), grid[:, :2].max(axis=0)
    made = least_squares(pulls, 0.5 * (lowest + highest), bounds=(lowest, highest))
    print(
        f"copper: escape fraction {made.x[0]:.3f}, cos_min {made.x[1]:.3f}; χ² = {2 * made.cost:.2f}"
    )
    return float(made.x[0]), float(made.x[1])


def predictions(
    samples: Mapping[str, Sample],
) -> dict[tuple[str, float, float], tuple[float, float]]:
    """Every quantity of anchors.csv and its statistical error."""
    everything, found = [*INTERNAL, *WALL_CLASSES], {}
    signal = samples["signal"]
    for quantity, low, high in anchors():
        wall, internal = (
            total(samples, WALL_CLASSES, low, high),
            total(samples, INTERNAL, low, high),
        )
        if quantity.startswith("rate"):
            radius = 30.0 if quantity == "rate_30cm" else 20.0
            rates = np.array([
                s.rate(low, high, s.kept_but_radius & (s.columns["r_pe_cm"] < radius))
                for s in (samples[name] for name in everything)
            ])  # fmt: skip
            scale = mass_kg(radius) * (high - low)
            value = rates[:, 0].sum() / scale, np.hypot.reduce(rates[:, 1]) / scale
        elif quantity == "surface_share":
            value = share(wall, internal)
        elif quantity == "internal_share":
            value = share(internal, wall)
        elif quantity == "dead_pmt_share":
            parts = [(s, s.at_dead_pmt) for s in (samples[name] for name in WALL_CLASSES)]
            there = np.array([s.rate(low, high, s.kept & dead) for s, dead in parts])
            away = np.array([s.rate(low, high, s.kept & ~dead) for s, dead in parts])
            rest = np.array(
                [away[:, 0].sum() + internal[0], np.hypot(np.hypot.reduce(away[:, 1]), internal[1])]
            )
            value = share(np.array([there[:, 0].sum(), np.hypot.reduce(there[:, 1])]), rest)
        else:
            true = signal.columns["true_energy_keV"]
            chosen = (signal.columns["true_r_cm"] < 20) & (true >= low) & (true < high)
            kept, weight = signal.kept & chosen, signal.weight
            value = (
                weight[kept].sum() / weight[chosen].sum(),
                np.sqrt(np.sum(weight[kept] ** 2)) / weight[chosen].sum(),
            )
        found[quantity, low, high] = float(value[0]), float(value[1])
    return found


def main() -> None:
    """Fit, simulate the fitted pockets, print, and write pocket_fit.csv."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--light-map", type=Path, help="folder of the nominal light map; built if not given"
    )
    parser.add_argument(
        "--predict", action="store_true", help="with the pockets that stand in the activities"
    )
    given = parser.parse_args()
    lab = Laboratory(LightMap.load(given.light_map) if given.light_map else None)
    samples = {name: lab.sample(name, parts) for name, parts in PARTS.items() if name != "copper"}
    if not given.predict:
        for escape in (0.0007, 0.001, 0.0015):
            rate = lab.sample(
                "seal", [(600_000, 0.8, 60, 1)], {"escape_fraction": escape, "cos_min": 0.0}
            ).rate(2, 30)
            print("seal: escape {:.4f}  2-30 keVee {:.2f} ± {:.2f} per day".format(escape, *rate))
        grid = grid_of_copper(lab)
        for _ in range(2):  # the second time with a long sample where the first has led
            escape, cosine = fit(grid, samples)
            pocket = {"escape_fraction": round(escape, 3), "cos_min": round(cosine, 3)}
            samples["copper"] = lab.sample("copper", PARTS["copper"], pocket)
            found = [
                *pocket.values(),
                *samples["copper"].rate(4, 6),
                *samples["copper"].rate(2, 30),
            ]
            grid = np.vstack([grid, found])
    else:
        samples["copper"] = lab.sample("copper", PARTS["copper"])
    rows = [("quantity", "from_keVee", "to_keVee", "value", "statistical_error")]
    for name in (*INTERNAL, *WALL_CLASSES):
        for low, high in ((2, 4), (4, 6), (6, 15), (15, 30), (30, 200)):
            rows.append(
                (f"per_day_{name}", low, high, *(f"{v:.3g}" for v in samples[name].rate(low, high)))
            )
        triggered = samples[name].columns["inner_trigger"].astype(bool)
        rows.append(
            (
                f"raw_per_day_{name}",
                2,
                200,
                *(f"{v:.4g}" for v in samples[name].rate(2, 200, triggered)),
            )
        )
        print(f"{name}: {len(samples[name].weight)} events, {samples[name].cpu_s:.0f} CPU s")
    rows += [(*key, *(f"{v:.3g}" for v in value)) for key, value in predictions(samples).items()]
    with (Path(__file__).parent / "pocket_fit.csv").open("w", newline="", encoding="utf-8") as file:
        file.write(
            "# Made by fit_pockets.py: rates after all cuts with the pockets of xmass_like_activities.yaml\n"
        )
        csv.writer(file, lineterminator="\n").writerows(rows)
    csv.writer(sys.stdout, lineterminator="\n").writerows(rows)


if __name__ == "__main__":
    main()
