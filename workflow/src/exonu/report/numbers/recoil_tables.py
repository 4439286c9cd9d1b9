"""Recoil spectra as tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exonu.catalogue import SEARCHED, AbsorbedFlux
from exonu.interactions import Physics, RecoilSpectra
from exonu.interactions.absorption import absorbed_flux_rate, line_rate
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
        if not SEARCHED[interaction].by_neutrinos:
            tables[interaction] = _without_neutrinos(interaction, block, physics)
            continue
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


def _without_neutrinos(
    interaction: str, block: Mapping[str, Any], physics: Physics
) -> pd.DataFrame:
    """Lines: the energy and the whole rate of each mass; or the spectrum of the user's file."""
    one = SEARCHED[interaction]
    if not one.has_mass:
        strength = one.reference_strength
        if isinstance(one.formula, AbsorbedFlux):
            energy = energy_grid_keV()
            rate = strength**one.power * absorbed_flux_rate(interaction, energy, physics)
        else:
            energy, rate = np.array(block["rows"], dtype=np.float64).T
        columns = {"energy_keV": energy, "rate_per_tonne_year_keV": rate}
        return pd.DataFrame({"flavour": "all", "mass_MeV": None, "strength": strength, **columns})
    masses = np.array([mass for _, mass in hypotheses(interaction, block)], dtype=np.float64)
    rate = one.reference_strength**one.power * line_rate(interaction, masses, physics)
    line = {"energy_keV": masses * 1e3, "rate_per_tonne_year": rate}
    return pd.DataFrame(
        {"flavour": "all", "mass_MeV": masses, "strength": one.reference_strength, **line}
    )
