"""Xenon as a target: shells, photoabsorption, dielectric function of the liquid."""

from exonu.xenon.atom import binding_energies_keV, free_electrons, xenon_property
from exonu.xenon.dielectric import liquid_number_density_per_cm3, susceptibility
from exonu.xenon.photoabsorption import (
    SUM_RULE_CM2_KEV,
    edges_keV,
    effective_charge,
    oscillator_strength,
    photoabsorption_cm2,
    photoabsorption_table,
)

__all__ = [
    "SUM_RULE_CM2_KEV",
    "binding_energies_keV",
    "edges_keV",
    "effective_charge",
    "free_electrons",
    "liquid_number_density_per_cm3",
    "oscillator_strength",
    "photoabsorption_cm2",
    "photoabsorption_table",
    "susceptibility",
    "xenon_property",
]
