"""Recoil spectra as tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exonu.interactions import Physics, RecoilSpectra
from exonu.search.signals import hypotheses

UNIT_STRENGTHS = {"magnetic-moment": 1e-11, "millicharge": 1e-12, "dark-photon": 1e-6}
"""Strengths at which the tables give the rates: round numbers near today's limits."""


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
        for the dark photon the rate is the new-physics part at its strength, interference included.
    """
    energy = energy_grid_keV()
    spectra = RecoilSpectra(energy, physics)
    tables = {
        "weak": pd.DataFrame(
            {"energy_keV": energy, "rate_per_tonne_year_keV": spectra.rate("weak").sum(axis=0)}
        )
    }
    for interaction, block in interactions.items():
        strength = UNIT_STRENGTHS[interaction]
        cases = hypotheses(interaction, block)
        if interaction == "dark-photon":
            interference, pure = spectra.dark_photon(
                [mass for _, mass in cases if mass is not None]
            )
            rates = (strength**2 * interference + strength**4 * pure).sum(axis=1)
        else:
            rows = [
                spectra.rate(interaction, flavour=flavour, strength=strength).sum(axis=0)
                for flavour, _ in cases
            ]
            rates = np.array(rows)
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
