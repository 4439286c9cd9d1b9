"""Recoil spectra as tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exonu.catalogue import SEARCHED
from exonu.interactions import Physics, RecoilSpectra
from exonu.search.signals import hypotheses


def energy_grid_keV() -> NDArray[np.float64]:
    """Energies of the tables: 0.1 to 300 keV, even in the logarithm, shape (200,)."""
    return np.geomspace(0.1, 300.0, 200)


def recoil_tables(physics: Physics, interactions: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """Tables of recoil rates by interaction, the Standard Model's as `weak`.

    Args:
        physics: fluxes, oscillation, couplings and atomic effects.
        interactions: the block `interactions` of an analysis's settings.

    Returns:
        Tables with the columns flavour, mass_MeV, strength, energy_keV, rate_per_tonne_year_keV;
        the rate is what the interaction adds at its strength, interference included.
    """
    energy = energy_grid_keV()
    spectra = RecoilSpectra(energy, physics)
    tables = {
        "weak": pd.DataFrame(
            {"energy_keV": energy, "rate_per_tonne_year_keV": spectra.rate("weak").sum(axis=0)}
        )
    }
    for interaction, block in interactions.items():
        strength = SEARCHED[interaction].reference_strength
        cases = hypotheses(interaction, block)
        rates = [
            spectra.rate(interaction, flavour=flavour, strength=strength, mass_MeV=mass).sum(axis=0)
            for flavour, mass in cases
        ]
        parts = [
            pd.DataFrame(
                {
                    "flavour": flavour,
                    "mass_MeV": mass,
                    "strength": strength,
                    "energy_keV": energy,
                    "rate_per_tonne_year_keV": rate,
                }
            )
            for (flavour, mass), rate in zip(cases, rates, strict=True)
        ]
        tables[interaction] = pd.concat(parts, ignore_index=True)
    return tables
