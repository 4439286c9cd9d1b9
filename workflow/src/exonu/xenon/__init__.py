"""Xenon, of which the detector is: `exonu.targets` for this one target."""

from functools import partial

from exonu import targets
from exonu.targets import SUM_RULE_CM2_KEV, dielectric

xenon_property = partial(targets.target_property, "xenon")
binding_energies_keV = partial(targets.binding_energies_keV, "xenon")
free_electrons = partial(targets.free_electrons, "xenon")
edges_keV = partial(targets.edges_keV, "xenon")
effective_charge = partial(targets.effective_charge, "xenon")
oscillator_strength = partial(targets.oscillator_strength, "xenon")
photoabsorption_cm2 = partial(targets.photoabsorption_cm2, "xenon")
photoabsorption_table = partial(targets.photoabsorption_table, "xenon")
liquid_number_density_per_cm3 = partial(dielectric.number_density_per_cm3, "xenon")
susceptibility = partial(dielectric.susceptibility, "xenon")

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
