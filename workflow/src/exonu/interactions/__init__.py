"""Scattering of solar neutrinos on xenon's electrons: weak, magnetic moment, millicharge, dark
photon."""

from exonu.interactions.couplings import chiral_couplings, coupling_sets
from exonu.interactions.cross_sections import maximum_recoil_MeV, minimum_energy_MeV
from exonu.interactions.physics import INTERACTIONS, Physics
from exonu.interactions.spectra import RecoilSpectra, breakpoints_keV, recoil_rate

__all__ = [
    "INTERACTIONS",
    "Physics",
    "RecoilSpectra",
    "breakpoints_keV",
    "chiral_couplings",
    "coupling_sets",
    "maximum_recoil_MeV",
    "minimum_energy_MeV",
    "recoil_rate",
]
