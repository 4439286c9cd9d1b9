"""What `exonu.catalogue` declares, as rates: recoils of a target's electrons and nuclei.

In: energies, `Physics` (source, target, couplings). Out: rates per tonne, year and keV. Start with
`RecoilSpectra`; `nuclear_recoils.NuclearSpectra` is the same for nuclei."""

from exonu.interactions.couplings import chiral_couplings, coupling_sets
from exonu.interactions.cross_sections import maximum_recoil_MeV, minimum_energy_MeV
from exonu.interactions.physics import Physics
from exonu.interactions.spectra import Polynomial, RecoilSpectra, breakpoints_keV, recoil_rate

__all__ = [
    "Physics",
    "Polynomial",
    "RecoilSpectra",
    "breakpoints_keV",
    "chiral_couplings",
    "coupling_sets",
    "maximum_recoil_MeV",
    "minimum_energy_MeV",
    "recoil_rate",
]
