"""The numbers behind the signal figure that the recoil tables lack: other atomic models, and
signals in a detector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from exonu.catalogue import SEARCHED
from exonu.core.types import Array
from exonu.interactions import Physics, RecoilSpectra
from exonu.interactions.nuclear_recoils import NUCLEAR, nuclear_rate
from exonu.report.numbers.counts import Case, axis_of, drawn_cases
from exonu.report.numbers.recoil_tables import energy_grid_keV
from exonu.search.experiment.binned_spectrum import Experiment

HEAVY_MEV = 0.1
HEAVY_FACTOR = 100
"""How much stronger an interaction with a mass above `HEAVY_MEV` is shown: at the strength of light
ones nothing would be seen."""


def shown_strength(interaction: str, mass_MeV: float | None) -> float:
    """Strength at which a signal is shown.

    >>> shown_strength("dark-photon", 10.0)
    0.0001
    """
    strength = SEARCHED[interaction].reference_strength
    heavy = mass_MeV is not None and mass_MeV > HEAVY_MEV
    return float(f"{HEAVY_FACTOR * strength:.6g}") if heavy else strength


def shown_rates(
    energy_keV: Array, physics: Physics, interactions: Mapping[str, Any]
) -> list[tuple[Case, str, Array]]:
    """Hypothesis, atomic model and rate of every curve of the figure.

    Args:
        energy_keV: true energies, shape (n,).
        physics: fluxes, oscillation, couplings and atomic effects.
        interactions: the block `interactions` of an analysis's settings.

    Returns:
        Rates in events/(tonne year keV), shape (n,); first the Standard Model's.
    """
    spectra = RecoilSpectra(energy_keV, physics)
    curves: list[tuple[Case, str, Array]] = [
        (("weak", "all", None), physics.atomic("weak"), spectra.rate("weak").sum(axis=0))
    ]
    for case in drawn_cases(interactions):
        interaction, flavour, mass = case
        if not SEARCHED[interaction].by_neutrinos:
            continue  # a line is not a curve, and the spectrum of a file is the user's own
        chosen = physics.atomic(interaction)
        others = [model for model in SEARCHED[interaction].compared_atomic if model != chosen]
        strength = shown_strength(interaction, mass)
        for model in (chosen, *others):
            rate = spectra.rate(
                interaction, flavour=flavour, strength=strength, mass_MeV=mass, atomic=model
            )
            curves.append((case, model, rate.sum(axis=0)))
    return curves


def recoil_curves(physics: Physics, interactions: Mapping[str, Any]) -> pd.DataFrame:
    """Recoil rates of the curves, with the columns of `_key`, energy_keV and
    rate_per_tonne_year_keV."""
    energy = energy_grid_keV()
    return pd.concat(
        [
            pd.DataFrame(
                {**_key(case, model), "energy_keV": energy, "rate_per_tonne_year_keV": rate}
            )
            for case, model, rate in shown_rates(energy, physics, interactions)
        ],
        ignore_index=True,
    )


def folded_curves(
    experiment: Experiment, physics: Physics, interactions: Mapping[str, Any]
) -> pd.DataFrame:
    """The same in the experiment's bins, efficiency and resolution applied, with energy_low_keV and
    energy_high_keV; nuclear recoils among them where they are seen."""
    low, high = experiment.low_keV, experiment.high_keV
    exposure = experiment.exposure_tonne_year * (high - low)
    on_nuclei = _nuclear_counts(experiment, physics, interactions)
    return pd.concat(
        [
            pd.DataFrame(
                {
                    **_key(case, model),
                    "energy_low_keV": low,
                    "energy_high_keV": high,
                    "rate_per_tonne_year_keV": (
                        experiment.response.fold(rate) + on_nuclei.get(case, 0.0)
                    )
                    / exposure,
                }
            )
            for case, model, rate in shown_rates(
                experiment.response.true_energy_keV, physics, interactions
            )
        ],
        ignore_index=True,
    )


def _nuclear_counts(
    experiment: Experiment, physics: Physics, interactions: Mapping[str, Any]
) -> dict[Case, Array]:
    """Counts of nuclear recoils by hypothesis, at the strengths that are shown."""
    if (channel := experiment.nuclear) is None:
        return {}
    at, fold = channel.response.true_energy_keV, channel.response.fold
    weak: Case = ("weak", "all", None)
    found = {weak: fold(nuclear_rate("weak", at, physics))}
    for case in drawn_cases(interactions):
        interaction, flavour, mass = case
        if interaction in NUCLEAR:
            rate = nuclear_rate(
                interaction, at, physics, flavour=flavour,
                strength=shown_strength(interaction, mass), mass_MeV=mass, interference=None,
            )  # fmt: skip
            found[case] = fold(rate)
    return found


def efficiency_curve(experiment: Experiment) -> pd.DataFrame:
    """The detection efficiency from zero to the last bin, with the columns energy_keV (in the unit
    of the bins where it is not one of the true energy), efficiency and argument."""
    of_truth, highest = experiment.efficiency.of_true_energy, experiment.high_keV.max()
    if of_truth and experiment.observable is not None:  # the bins are not of energy
        highest = experiment.response.true_energy_keV.max()
    energy = np.linspace(0.0, float(highest), 601)
    argument = "true energy" if of_truth else axis_of(experiment)[0]
    return pd.DataFrame(
        {"energy_keV": energy, "efficiency": experiment.efficiency(energy), "argument": argument}
    )


def _key(case: Case, model: str) -> dict[str, Any]:
    interaction, flavour, mass = case
    return {
        "interaction": interaction,
        "flavour": flavour,
        "mass_MeV": np.nan if mass is None else mass,
        "atomic": model,
        "strength": np.nan if interaction == "weak" else shown_strength(interaction, mass),
    }
