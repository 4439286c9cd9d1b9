"""What makes the limits of the full search differ from the published ones, one change at a time: `python docs/full_search.py
[RESULTS]`; some seconds. Prints the tables of docs/full-search.md.

All are medians of the data that the templates expect in 711 days (`projection`), so that only what is changed differs."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from exonu.core.types import Json
from exonu.search.limit_records import read_whole_workspace
from exonu.search.strengths import strength
from exonu.search.studies.projections import projection
from exonu.statistics import compile_workspace, upper_limit

TOP = Path(__file__).resolve().parents[1]
LIVE_DAYS, MASS_KG = 711.0, 97.0
HYPOTHESES = (
    *("millicharge_all", "magnetic-moment_all"),
    *("dark-photon_all_0.001MeV", "dark-photon_all_10MeV"),
)
PUBLISHED_EFFICIENCY = 0.20, 5.0  # at so many keVee; of WIMPs, arXiv:1804.02180
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
            if not any(one["name"].startswith("mu") for one in sample["modifiers"])
        )
        spec["observations"][0]["data"] = expected.tolist()

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


def main(results: Path) -> None:
    response = pd.read_csv(results / "templates" / "response.csv", comment="#")
    efficiency = np.interp(
        PUBLISHED_EFFICIENCY[1], response["true_energy_keV"], response["efficiency"]
    )
    print(f"efficiency at {PUBLISHED_EFFICIENCY[1]} keVee: {efficiency:.3f}")
    columns = {}
    for name in HYPOTHESES:
        spec, meaning = read_whole_workspace(results / "workspaces" / f"{name}.json")
        edges = np.array([*(low for low, _ in meaning["bins_keV"]), meaning["bins_keV"][-1][1]])
        factor = LIVE_DAYS / meaning["live_days"]

        def median(change: Change | None = None, uncertainties: str = "all") -> float:
            changed = projection(spec, factor, uncertainties=uncertainties)  # noqa: B023
            if change is not None:
                change(changed)
            mu = upper_limit(compile_workspace(changed, poi_map=meaning["poi_map"])).expected[2]
            return strength(float(mu), meaning)  # type: ignore[return-value]  # noqa: B023

        nominal = projection(spec, factor)
        shown, no_mc, stat = median(), median(uncertainties="no-mc"), median(uncertainties="stat")
        signals = [
            one["name"]
            for one in spec["channels"][0]["samples"]
            if any(modifier["name"] in ("mu", "mu_sq") for modifier in one["modifiers"])
        ]
        dimmed = np.full(len(edges) - 1, PUBLISHED_EFFICIENCY[0] / efficiency)
        rows = {
            "expected at 711 d": shown,
            "without the simulation's statistics": no_mc / shown,
            "statistics alone": stat / shown,
            "signal's efficiency 0.20 at 5 keVee": median(times(dict.fromkeys(signals, dimmed))) / shown,
            "copper above 6 keVee at the rate published at 5 keVee": median(published_background(nominal, edges)) / shown,
        }  # fmt: skip
        for label, names in GROUPS.items():
            rows[f"without: {label}"] = median(without(*names)) / shown
        columns[name] = rows
    pd.set_option("display.width", 250, "display.max_columns", 20)
    table = pd.DataFrame(columns)
    print(table.map(lambda value: f"{value:.3g}").to_string())


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else TOP / "results" / "xmass-711d")
