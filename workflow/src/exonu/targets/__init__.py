"""Targets: shells, photoabsorption and density of xenon, argon, germanium, silicon, or of a table.

In: a target's name or the folder of its tables. Out: what a rate on its atoms needs. Start with
`atom`."""

from exonu.targets.atom import (
    TARGETS,
    atoms_per_tonne,
    binding_energies_keV,
    free_electrons,
    target_folder,
    target_property,
)
from exonu.targets.photoabsorption import (
    SUM_RULE_CM2_KEV,
    edges_keV,
    effective_charge,
    oscillator_strength,
    photoabsorption_cm2,
    photoabsorption_table,
)

__all__ = [
    "SUM_RULE_CM2_KEV",
    "TARGETS",
    "atoms_per_tonne",
    "binding_energies_keV",
    "edges_keV",
    "effective_charge",
    "free_electrons",
    "oscillator_strength",
    "photoabsorption_cm2",
    "photoabsorption_table",
    "target_folder",
    "target_property",
]
