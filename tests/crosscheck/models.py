"""The models of the cross-check: those of the published spectra, and three that the published
spectra do not need."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from exonu.search.analysis import find_analysis, read_analysis
from exonu.search.build_workspaces import build_workspaces
from exonu.search.experiment.read_experiment import read_experiment
from exonu.statistics.examples import modifier, recoil_workspace, sample, workspace_of

CONFIG = Path(__file__).parents[2] / "config"
SQUARE = {"mu_sq": "mu**2"}

# analysis, interaction, flavour, mass in MeV
PUBLISHED = [
    ("xenonnt-sr0", "magnetic-moment", "all", None),
    ("xenon1t-sr1", "magnetic-moment", "all", None),
    ("xenon1t-sr1", "millicharge", "all", None),
    ("xenonnt-sr0", "dark-photon", "all", 10.0),
    ("xenonnt-sr0", "dark-photon", "all", 1e-3),
]


@dataclass(frozen=True)
class Case:
    """A workspace to compare: its label in the table, pyhf's JSON, and what its tied normfactors
    are."""

    label: str
    workspace: dict[str, Any]
    poi_map: dict[str, str]


def published(analysis_name: str, interaction: str, flavour: str, mass_MeV: float | None) -> Case:
    """A workspace as the workflow makes it, from the analysis's settings."""
    analysis = read_analysis(analysis_name, find_analysis(analysis_name, CONFIG))
    experiment = read_experiment(analysis.experiment_file)
    (made,) = build_workspaces(experiment, interaction, analysis.settings, [(flavour, mass_MeV)])
    mass = "" if mass_MeV is None else f", {mass_MeV:g} MeV"
    return Case(f"{analysis_name} {interaction}{mass}", made.spec, made.meaning["poi_map"])


def negative_interference(
    linear: float, square: float, bins: int = 10, seed: int = 1
) -> dict[str, Any]:
    """Events = background - μ·linear + μ²·square, each falling with energy, with shape and rate
    uncertainties."""
    x = (np.arange(bins) + 0.5) / bins
    background, interference, pure = (
        60.0 * np.exp(-0.5 * x),
        -linear * np.exp(-2.0 * x),
        square * np.exp(-3.0 * x),
    )

    def tilt(counts: np.ndarray[Any, np.dtype[np.float64]]) -> dict[str, Any]:
        up, down = (counts * (1.0 + size * (2.0 * x - 1.0)) for size in (0.1, -0.08))
        return modifier("tilt", "histosys", {"hi_data": up.tolist(), "lo_data": down.tolist()})

    samples = [
        sample("background", background, modifier("rate", "normsys", {"hi": 1.05, "lo": 0.96})),
        sample("interference", interference, modifier("mu", "normfactor"), tilt(interference)),
        sample("pure", pure, modifier("mu_sq", "normfactor"), tilt(pure)),
    ]
    observed = np.random.default_rng(seed).poisson(background).astype(float).tolist()
    fixed = {"inits": [1.0], "fixed": True}
    return workspace_of(
        [{"name": "recoils", "samples": samples}], {"recoils": observed}, mu_sq=fixed
    )


def all_cases() -> list[Case]:
    """Every model of the table."""
    staterror = recoil_workspace(bins=10, backgrounds=2, nuisances=4, staterror=True, seed=3)
    return [
        *(published(*arguments) for arguments in PUBLISHED),
        Case("10 bins with staterror", staterror, {}),
        Case("negative interference", negative_interference(8.0, 8.0), SQUARE),
        Case("negative interference, three crossings", negative_interference(30.0, 20.0), SQUARE),
    ]
