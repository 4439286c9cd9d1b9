"""Limits on axion-like dark matter by XENONnT SR0 with other limits, bins and efficiency, over the
published ones: `python docs/alp_variants.py` prints the table of docs/interactions.md.

The released spectrum in bins of 0.25 keV is that of 1 keV counted anew from the released energies,
with the background between its edges by a monotone interpolation of its sum."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from scipy.interpolate import PchipInterpolator

from exonu.core.resources import resource_path
from exonu.core.tables import read_rows
from exonu.search.analysis import default_settings
from exonu.search.build_workspaces import build_workspaces
from exonu.search.experiment.binned_spectrum import Experiment
from exonu.search.experiment.read_experiment import read_experiment
from exonu.search.limit_records import limit_methods
from exonu.search.strengths import strength
from exonu.statistics import compile_workspace, profile_pair

FOLDER = resource_path("published/xenonnt-sr0/experiment.yaml").parent
VARIANTS = (
    ("CLs", "asymptotic", 0.9, 1.0, False),
    ("two-sided, Δχ² = 2.71", "two-sided", 0.9, 1.0, False),
    ("one-sided, Δχ² = 1.64", "delta-chi2", 0.8, 1.0, False),
    ("the same, bins of 0.25 keV", "delta-chi2", 0.8, 0.25, False),
    ("and efficiency of the true energy", "delta-chi2", 0.8, 0.25, True),
    ("two-sided, such bins and efficiency", "two-sided", 0.9, 0.25, True),
)
"""Name, method, its confidence level (Δχ² is the χ²₁ quantile of it), width in keV, efficiency of the
true energy."""


def published() -> dict[float, float]:
    """The released limits on g_ae by mass in MeV."""
    return {
        float(row["mass_MeV"]): float(row["value"])
        for row in read_rows(resource_path("limits/limits.csv"))
        if row["experiment"] == "XENONnT SR0" and row["quantity"] == "alp"
    }


def spectrum(width_keV: float, of_true_energy: bool) -> Experiment:
    """XENONnT SR0 in bins of a width, with its efficiency read as one of either energy."""
    rows = list(read_rows(FOLDER / "spectrum.csv"))
    edges = np.array([float(row["energy_low_keV"]) for row in rows] + [30.0])
    total = np.concatenate([[0], np.cumsum([float(row["background_events"]) for row in rows])])
    energies = np.loadtxt(FOLDER / "event_energies.csv")
    finer = np.linspace(edges[0], edges[-1], round((edges[-1] - edges[0]) / width_keV) + 1)
    background = np.diff(PchipInterpolator(edges, total)(finer))
    counts, _ = np.histogram(energies, finer)
    lines = [
        f"{low:.6g},{high:.6g},{n},{b:.9g}"
        for low, high, n, b in zip(finer, finer[1:], counts, background, strict=False)
    ]
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for file in FOLDER.iterdir():
            (copy / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
        head = "energy_low_keV,energy_high_keV,observed_events,background_events"
        (copy / "spectrum.csv").write_text("\n".join([head, *lines, ""]), encoding="utf-8")
        page = (copy / "experiment.yaml").read_text(encoding="utf-8")
        if of_true_energy:
            page = page.replace("argument: reconstructed-energy", "argument: true-energy")
        (copy / "experiment.yaml").write_text(page, encoding="utf-8")
        made = read_experiment(copy / "experiment.yaml")
        _ = made.response, made.all_variations
    return made


def ratios(method: str, level: float, width_keV: float, of_true_energy: bool) -> dict[float, float]:
    """Limits over the published ones, by mass in MeV."""
    want = published()
    cases = [("all", mass) for mass in want]
    made = build_workspaces(spectrum(width_keV, of_true_energy), "alp", default_settings(), cases)
    found = {}
    for mass, workspace in zip(want, made, strict=True):
        model = compile_workspace(workspace.spec, poi_map=workspace.meaning["poi_map"])
        limit = limit_methods(profile_pair(model), [method], level)[method]["observed"]
        value = strength(limit, workspace.meaning)
        assert value is not None
        found[mass] = value / want[mass]
    return found


def table() -> list[list[str]]:
    """Rows of the table, the head first."""
    rows = [["variant", *(f"{1e3 * mass:g} keV" for mass in published()), "mean"]]
    for name, *choices in VARIANTS:
        found = list(ratios(*choices).values())
        rows.append([name, *(f"{ratio:.2f}" for ratio in [*found, float(np.mean(found))])])
    return rows


if __name__ == "__main__":
    head, *body = table()
    for row in (head, ["---"] * len(head), *body):
        print("| " + " | ".join(row) + " |")
