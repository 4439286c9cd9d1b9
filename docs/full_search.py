"""What makes the limits of the full search differ from the published ones, one change at a time: `python
docs/full_search.py [RESULTS]`; some seconds. Prints a table of docs/full-search.md.

All are medians of the data that the templates expect in 711 days (`projection`): only what is changed
differs."""

import copy
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from exonu import recoil_rate
from exonu.core.types import Json
from exonu.search.limit_records import read_whole_workspace
from exonu.search.strengths import strength
from exonu.search.studies.projections import FREE_OF_PRIORS, projection
from exonu.statistics import compile_workspace, upper_limit

TOP = Path(__file__).resolve().parents[1]
LIVE_DAYS, MASS_KG = 711.0, 97.0
HYPOTHESES = (
    *("millicharge_all", "magnetic-moment_all"),
    *("dark-photon_all_0.001MeV", "dark-photon_all_10MeV"),
)
AT_KEVEE, PUBLISHED_EFFICIENCY = 5.0, 0.20  # of WIMPs, arXiv:1804.02180
BELOW_KEVEE, LOWEST_KEVEE = (
    30.0,
    4.0,
)  # ranges of assumed efficiencies; XMASS's is not published by energy
FITS_FROM_KEVEE = (4.0, 5.0, 6.0)  # with 5 the bin of 4 to 6 stays, with half of its signal
PUBLISHED_RATE = 4.2e-3  # events per day, kg and keVee at 5 keVee, the same paper
GROUPS = {
    "activities": ("copper_norm", "surface_norm", "lxe_norm", "seal_norm", "pmt_norm"),
    "optics, traced": ("absorption", "scattering", "reflectivity", "decay_time"),
    "gaps": ("gap",),
    "dead tubes": ("dead_pmt",),
    "vertex scale": ("vertex",),
    "energy scale": ("energy_scale",),
    "cuts": ("cherenkov_cut", "r_t_cut"),
    "fluxes": tuple(f"flux_{name}" for name in ("pp", "be7", "pep", "b8", "n13", "o15", "f17", "hep")),
    "atomic model": ("atomic_epa",),
}  # fmt: skip
Change = Callable[[Json], None]


def without(*names: str) -> Change:
    """These nuisance parameters stay at their nominal values."""

    def change(spec: Json) -> None:
        for sample in spec["channels"][0]["samples"]:
            sample["modifiers"] = [one for one in sample["modifiers"] if one["name"] not in names]
        config = spec["measurements"][0]["config"]
        config["parameters"] = [one for one in config["parameters"] if one["name"] not in names]

    return change


def times(factors: dict[str, np.ndarray]) -> Change:
    """Counts of samples, with all their variations, times a factor in each bin."""

    def scaled(values: list[float], factor: np.ndarray) -> list[float]:
        return (np.asarray(values) * factor).tolist()

    def change(spec: Json) -> None:
        for sample in spec["channels"][0]["samples"]:
            factor = factors.get(sample["name"])
            if factor is None:
                continue
            sample["data"] = scaled(sample["data"], factor)
            for one in sample["modifiers"]:
                if one["type"] == "histosys":
                    one["data"] = {key: scaled(side, factor) for key, side in one["data"].items()}
                elif one["type"] == "staterror":
                    one["data"] = scaled(one["data"], factor)
        expected = sum(
            np.asarray(sample["data"])
            for sample in spec["channels"][0]["samples"]
            if not any(one["name"] in FREE_OF_PRIORS for one in sample["modifiers"])
        )
        spec["observations"][0]["data"] = expected.tolist()

    return change


def from_energy(edges: np.ndarray, lowest_keVee: float) -> Change:
    """The fit has the bins from an energy on, the one that it cuts included."""
    kept = edges[1:] > lowest_keVee

    def left(values: list[float]) -> list[float]:
        return np.asarray(values)[kept].tolist()

    def change(spec: Json) -> None:
        for sample in spec["channels"][0]["samples"]:
            sample["data"] = left(sample["data"])
            for one in sample["modifiers"]:
                if one["type"] == "histosys":
                    one["data"] = {key: left(side) for key, side in one["data"].items()}
                elif one["type"] == "staterror":
                    one["data"] = left(one["data"])
        spec["observations"][0]["data"] = left(spec["observations"][0]["data"])

    return change


def above(edges: np.ndarray, lowest_keVee: float) -> np.ndarray:
    """Share of each bin that lies above an energy; a thousandth for none, so that errors stay defined."""
    return np.clip((edges[1:] - lowest_keVee) / np.diff(edges), 1e-3, 1.0)


def both(*changes: Change) -> Change:
    """One change after the other."""

    def change(spec: Json) -> None:
        for one in changes:
            one(spec)

    return change


def published_background(spec: Json, edges: np.ndarray) -> Change:
    """The copper above 6 keVee lowered to where the sum is the rate that is published at 5 keVee."""
    samples = {one["name"]: np.asarray(one["data"]) for one in spec["channels"][0]["samples"]}
    total = np.asarray(spec["observations"][0]["data"])
    allowed = PUBLISHED_RATE * LIVE_DAYS * MASS_KG * np.diff(edges)
    rest = total - samples["copper"]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.clip((allowed - rest) / samples["copper"], 0.0, 1.0)
    inside = (edges[:-1] >= 6.0) & (edges[:-1] < 30.0)
    return times({"copper": np.where(inside & (samples["copper"] > 0), share, 1.0)})


def of_electron_neutrinos(edges: np.ndarray, mass_MeV: float) -> dict[str, np.ndarray]:
    """Share of each part of a dark photon's signal that is of the electron's flavour, by bin: that of a B−3Lₑ boson
    of a third of the coupling."""
    centres = (edges[1:] + edges[:-1]) / 2
    share = {}
    for part in ("interference", "pure"):
        alone, all_flavours = (
            recoil_rate(name, centres, strength=coupling, mass_MeV=mass_MeV, part=part)
            for name, coupling in (("b-3le", 1 / 3), ("dark-photon", 1.0))
        )
        share[part] = alone / all_flavours
    return share


def median(spec: Json, meaning: Mapping[str, Any], change: Change | None = None) -> float:
    """The median expected limit after a change, in the physical parameter."""
    changed = copy.deepcopy(spec)
    if change is not None:
        change(changed)
    mu = upper_limit(compile_workspace(changed, poi_map=meaning["poi_map"])).expected[2]
    found = strength(float(mu), meaning)
    assert found is not None
    return found


def compared(file: Path, efficiency: float, electron_share: float) -> dict[str, float]:
    """The limit of a hypothesis, and its ratio to that after each change."""
    spec, meaning = read_whole_workspace(file)
    edges = np.array([*(low for low, _ in meaning["bins_keV"]), meaning["bins_keV"][-1][1]])
    factor = LIVE_DAYS / meaning["live_days"]
    nominal, no_mc, stat = (
        projection(spec, factor, uncertainties=kind) for kind in ("all", "no-mc", "stat")
    )
    shown = median(nominal, meaning)
    signals = [
        sample["name"]
        for sample in spec["channels"][0]["samples"]
        if any(one["name"] in FREE_OF_PRIORS for one in sample["modifiers"])
    ]
    dimmed = times(
        dict.fromkeys(signals, np.full(len(edges) - 1, PUBLISHED_EFFICIENCY / efficiency))
    )
    low = np.where(edges[:-1] < BELOW_KEVEE, PUBLISHED_EFFICIENCY / efficiency, 1.0)
    half = np.where(edges[:-1] < LOWEST_KEVEE, 0.5, 1.0)
    electron_flavour = dict.fromkeys(signals, np.full(len(edges) - 1, electron_share))
    if (mass := meaning.get("mass_MeV")) is not None:
        electron_flavour |= of_electron_neutrinos(edges, float(mass))
    rows = {
        "expected at 711 d": shown,
        "without the simulation's statistics": median(no_mc, meaning) / shown,
        "statistics alone": median(stat, meaning) / shown,
        "efficiency of the signal as published": median(nominal, meaning, dimmed) / shown,
        "the same below 30 keVee only": median(nominal, meaning, times(dict.fromkeys(signals, low)))
        / shown,
        "the same, and half of it in 2 to 4 keVee": median(
            nominal, meaning, times(dict.fromkeys(signals, low * half))
        )
        / shown,
        **{
            f"efficiency as published below 30 keVee, fit from {start:g} keVee": median(
                nominal,
                meaning,
                both(
                    times(dict.fromkeys(signals, low * above(edges, start))),
                    from_energy(edges, start),
                ),
            )
            / shown
            for start in FITS_FROM_KEVEE
        },
        "neutrinos of the electron's flavour alone": median(
            nominal, meaning, times(electron_flavour)
        )
        / shown,
        "copper above 6 keVee as published at 5": median(
            nominal, meaning, published_background(nominal, edges)
        )
        / shown,
    }
    for label, names in GROUPS.items():
        rows[f"without: {label}"] = median(nominal, meaning, without(*names)) / shown
    return rows


def main(results: Path) -> None:
    """Print the table."""
    response = pd.read_csv(results / "templates" / "response.csv", comment="#")
    energies, efficiencies = response["true_energy_keV"], response["efficiency"]
    around = np.abs(energies - AT_KEVEE) < 0.5  # points have errors of some per cent each
    efficiency = float(efficiencies[around].mean())
    print(f"efficiency at {AT_KEVEE} keVee: {efficiency:.3f}, published {PUBLISHED_EFFICIENCY}")
    limits = pd.read_csv(results / "limits" / "limits.csv", comment="#")
    shown = limits[(limits["interaction"] == "millicharge") & (limits["method"] == "asymptotic")]
    of_flavour = shown.set_index("flavour")["expected"]
    share = float((of_flavour["all"] / of_flavour["e"]) ** 2)  # of the rate
    table = pd.DataFrame(
        {
            name: compared(results / "workspaces" / f"{name}.json", efficiency, share)
            for name in HYPOTHESES
        }
    )
    print(table.map(lambda value: f"{value:.3g}").to_string())


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else TOP / "results" / "xmass-711d")
