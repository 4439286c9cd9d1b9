"""Fit the pocket of the copper plate and ring to the two anchors, and predict what is not fitted.

The activities stay as listed. How light leaves the wall classes:

- surface: decays on windows and copper shine in all directions, no light is lost;
- seal: light that starts within 3 mm of the decay is held back; how much may leave is a limit, found here;
- copper: light leaves gaps whose widths and depths are assumed; their escape fraction alone is fitted to the anchors of
  anchors.csv, on a grid of simulated samples that share their random numbers: ln(rate) is a parabola in ln(escape);
- pmt: no pocket.

The same fit for each variation of config/xmass-demo/events.yaml that moves the copper: the anchors are known, so that
an optical parameter or a gap changes the copper's spectrum only by what another escape fraction does not make good.

Everything goes the way of any data: generated, traced, dead photomultipliers taken out, reconstructed, default cuts.

Run: python resources/detectors/fit_pockets.py [--light-map FOLDER] [--predict | --variations]
(5 minutes on one core with the light map at hand; --predict: 2; --variations: 4)
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
GRID_ESCAPE = (0.17, 0.2, 0.23, 0.27)
GRID_PARTS = ((400_000, 1, 12, 3), (300_000, 12, 60, 1))
REPLICAS = 100  # of the grids, their decays drawn anew: the error of a ratio of escape fractions is their spread
EVENTS_FILE = Path(__file__).parents[2] / "config" / "xmass-demo" / "events.yaml"
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

    def replicas(self, low: float, high: float) -> Array:
        """The rate with Poisson weights on the decays, shape (REPLICAS,).

        The weights of a decay are the same in every sample, so that the spread of a ratio between samples of the same
        decays is the smaller for what they share.
        """
        energy = self.columns["energy_keVee"]
        there = self.kept & (energy >= low) & (energy < high)
        weight = np.bincount(self.decay[there], self.weight[there])
        found = np.zeros(REPLICAS)
        for decay in np.flatnonzero(weight):
            found += weight[decay] * np.random.default_rng([SEED, decay]).poisson(1, REPLICAS)
        return found

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

    def __init__(
        self, light_map: LightMap | None = None, detector: Mapping[str, Any] | None = None
    ) -> None:
        """`detector`: what differs from the nominal one, which reconstructs in any case."""
        self.detector = Detector.from_settings(detector)
        self.nominal = Detector.from_settings() if detector else self.detector
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
        light_map = self._light_map or build_light_map(self.nominal, seed=SEED)
        return EventReconstruction.of(light_map, self.nominal)

    def sample(
        self, name: str, parts: Sequence[Part], pocket: Mapping[str, Any] | None = None
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


def grid_of_copper(lab: Laboratory, pocket: Mapping[str, Any] | None = None) -> tuple[Array, Array]:
    """Rows of escape fraction, events per day in 4–6 and in 2–30 keVee, each with its error, shape
    (n, 5); the same for replicas of the decays, shape (REPLICAS, n, 5)."""
    rows, again = [], []
    for escape in GRID_ESCAPE:
        found = lab.sample("copper", GRID_PARTS, {**(pocket or {}), "escape_fraction": escape})
        rows.append([escape, *found.rate(4, 6), *found.rate(2, 30)])
        drawn = np.tile(rows[-1], (REPLICAS, 1))
        for column, window in ((1, (4, 6)), (3, (2, 30))):  # a rate of 0 has no logarithm
            drawn[:, column] = np.maximum(found.replicas(*window), 0.1 * rows[-1][column])
        again.append(drawn)
        print("copper: escape {:.3f}  4-6 {:.3f} ± {:.3f}  2-30 {:.2f} ± {:.2f}".format(*rows[-1]))
    return np.array(rows), np.stack(again, axis=1)


def interpolated(grid: Array, column: int, escape: float) -> float:
    """Rate at an escape fraction: ln(rate) as a parabola in its logarithm, weighted by the errors."""
    parabola = np.polyfit(
        np.log(grid[:, 0]), np.log(grid[:, column]), 2, w=grid[:, column] / grid[:, column + 1]
    )
    return float(np.exp(np.polyval(parabola, np.log(escape))))


def fit(grid: Array, others: Mapping[str, Sample]) -> tuple[float, float]:
    """Escape fraction of the copper for both anchors, and its χ².

    Raises:
        ValueError: the best one is an end of the grid, and so none.
    """
    escape, chi2 = minimum(grid, others)
    lowest, highest = grid[:, 0].min(), grid[:, 0].max()
    if min(escape - lowest, highest - escape) < 1e-3 * (highest - lowest):
        raise ValueError(
            f"the fit ends at {escape:.3f}, an end of the grid {lowest:g} to {highest:g}: extend GRID_ESCAPE"
        )
    print(f"copper: escape fraction {escape:.3f}; χ² = {chi2:.2f}")
    return escape, chi2


def minimum(grid: Array, others: Mapping[str, Sample]) -> tuple[float, float]:
    """Where χ², with the accepted limits of both anchors as errors, is least within the grid, and how
    large it is."""
    rate, surface_share = anchors()["rate", 4, 6], anchors()["surface_share", 2, 30]
    internal = [total(others, INTERNAL, *window)[0] for window in ((4, 6), (2, 30))]
    rest = [name for name in WALL_CLASSES if name in others and name != "copper"]
    wall = [total(others, rest, *window)[0] for window in ((4, 6), (2, 30))]

    def pulls(pocket: Array) -> list[float]:
        counts = interpolated(grid, 1, pocket[0])
        all_wall = interpolated(grid, 3, pocket[0]) + wall[1]
        found = (
            (counts + wall[0] + internal[0]) / (2 * mass_kg(20.0)),
            all_wall / (all_wall + internal[1]),
        )
        return [
            (value - float(row["value"])) / (0.5 * (float(row["high"]) - float(row["low"])))
            for value, row in zip(found, (rate, surface_share), strict=True)
        ]

    lowest, highest = grid[:, 0].min(), grid[:, 0].max()
    made = least_squares(pulls, 0.5 * (lowest + highest), bounds=(lowest, highest))
    return float(made.x[0]), float(2 * made.cost)


def variations(
    light_map: LightMap, others: Mapping[str, Sample]
) -> list[tuple[str, float, float, float]]:
    """By variation of the demonstration that moves the copper: its escape fraction over the nominal
    one, the statistical error of that, and χ² of its fit.

    Both are fitted with the same random numbers; the error is the spread over `REPLICAS`.
    """
    print("nominal")
    grid, again = grid_of_copper(Laboratory(light_map))
    nominal, _ = fit(grid, others)
    spread, found = np.array([minimum(one, others)[0] for one in again]), []
    for name, content in read_yaml(EVENTS_FILE)["simulation"]["variations"].items():
        components = content.get("activities", {}).get("components", {})
        pocket = components.get("copper", {}).get("pocket")
        if pocket is not None:
            print(f"variation {name}")
            lab = Laboratory(light_map, content.get("detector"))
            grid, again = grid_of_copper(lab, pocket)
            escape, chi2 = fit(grid, others)
            ratios = np.array([minimum(one, others)[0] for one in again]) / spread
            error = float(ratios.std(ddof=1))
            found.append((name, round(escape / nominal, 3), round(error, 3), round(chi2, 2)))
    return found


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


def fit_nominal(lab: Laboratory, samples: dict[str, Sample]) -> float:
    """The copper's escape fraction; `samples` gets a long sample of it."""
    for escape in (0.0007, 0.001, 0.0015):
        rate = lab.sample(
            "seal", [(600_000, 0.8, 60, 1)], {"escape_fraction": escape, "cos_min": 0.0}
        ).rate(2, 30)
        print("seal: escape {:.4f}  2-30 keVee {:.2f} ± {:.2f} per day".format(escape, *rate))
    grid, _ = grid_of_copper(lab)
    for _ in range(3):  # again with a long sample where the fit before has led
        escape = round(fit(grid, samples)[0], 3)
        copper = lab.sample("copper", PARTS["copper"], {"escape_fraction": escape})
        grid = np.vstack([grid, [escape, *copper.rate(4, 6), *copper.rate(2, 30)]])
    samples["copper"] = copper
    return escape


def rows_of(samples: Mapping[str, Sample]) -> list[Sequence[Any]]:
    """Lines of pocket_fit.csv."""
    rows: list[Sequence[Any]] = [
        ("quantity", "from_keVee", "to_keVee", "value", "statistical_error")
    ]
    for name in (*INTERNAL, *WALL_CLASSES):
        sample = samples[name]
        for low, high in ((2, 4), (4, 6), (6, 15), (15, 30), (30, 200)):
            numbers = (f"{v:.3g}" for v in sample.rate(low, high))
            rows.append((f"per_day_{name}", low, high, *numbers))
        triggered = sample.columns["inner_trigger"].astype(bool)
        numbers = (f"{v:.4g}" for v in sample.rate(2, 200, triggered))
        rows.append((f"raw_per_day_{name}", 2, 200, *numbers))
        print(f"{name}: {len(sample.weight)} events, {sample.cpu_s:.0f} CPU s")
    return rows + [
        (*key, *(f"{v:.3g}" for v in value)) for key, value in predictions(samples).items()
    ]


def write(name: str, what: str, rows: Sequence[Sequence[Any]]) -> None:
    """A table beside this script, printed too."""
    with (Path(__file__).parent / name).open("w", newline="", encoding="utf-8") as file:
        file.write(f"# Made by fit_pockets.py: {what}\n")
        csv.writer(file, lineterminator="\n").writerows(rows)
    csv.writer(sys.stdout, lineterminator="\n").writerows(rows)


def main() -> None:
    """Fit, simulate the fitted pockets, print, and write pocket_fit.csv."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--light-map", type=Path, help="folder of the nominal light map; built if not given"
    )
    parser.add_argument(
        "--predict", action="store_true", help="with the pockets that stand in the activities"
    )
    parser.add_argument(
        "--variations", action="store_true", help="fit the variations of the demonstration alone"
    )
    given = parser.parse_args()
    light_map = (
        LightMap.load(given.light_map)
        if given.light_map
        else build_light_map(Detector.from_settings(), seed=SEED)
    )
    lab = Laboratory(light_map)
    needed = [*INTERNAL, "surface"] if given.variations else [n for n in PARTS if n != "copper"]
    samples = {name: lab.sample(name, PARTS[name]) for name in needed}
    if given.variations:
        head = ("variation", "escape_over_nominal", "statistical_error", "chi2")
        rows = [head, *variations(light_map, samples)]
        write("pocket_variations.csv", "escape fractions of the copper that meet the anchors", rows)
        return
    if given.predict:
        samples["copper"] = lab.sample("copper", PARTS["copper"])
    else:
        fit_nominal(lab, samples)
    rows = rows_of(samples)
    what = "rates after all cuts with the pockets of xmass_like_activities.yaml"
    write("pocket_fit.csv", what, rows)


if __name__ == "__main__":
    main()
