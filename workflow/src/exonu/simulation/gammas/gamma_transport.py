"""γ-rays and X-rays in liquid xenon: photoelectric absorption and Compton scattering, site by site.

Cross-sections from `resources/xenon/gamma_cross_sections.csv`; angles and energies of Compton
scattering from Klein and Nishina, with the electrons of a shell taking part only if the energy
transferred exceeds their binding energy (the stepping approximation of the recoil spectra).
Coherent scattering and pairs (some 15 % at 2.6 MeV, an estimate) are left out. A photon that leaves
the liquid is lost. Electrons stop where they start."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from exonu.core.errors import InputError
from exonu.core.resources import resource_path
from exonu.core.tables import read_numbers
from exonu.core.types import Array
from exonu.xenon import binding_energies_keV, free_electrons, xenon_property

MATERIALS = ("copper", "aluminium", "quartz")
CELLS_PER_DECADE = 600
"""Of the grid in log E that the kernels interpolate linearly: an edge is as wide as 0.4 %."""
LOWEST_KEV, HIGHEST_KEV = 1.0, 3000.0
XENON_COLUMNS = ("xenon_photoelectric", "xenon_compton")


class Attenuation(NamedTuple):
    """Attenuation per cm on a grid in log E, and the shells of xenon, as the kernels take them."""

    log_lowest: float
    cells_per_log: float
    photoelectric: Array  # (n,) of liquid xenon, 1/cm
    compton: Array  # (n,)
    wall: Array  # (n,) of the wall's material
    binding_keV: Array  # (17,) ascending
    bound_below: Array  # (18,) share of the electrons that are free below each


@cache
def _table() -> dict[str, Array]:
    return read_numbers(
        resource_path("xenon/gamma_cross_sections.csv"), ["energy_keV", *XENON_COLUMNS, *MATERIALS]
    )


def mass_attenuation(energy_keV: ArrayLike, process: str) -> Array:
    """Mass attenuation coefficient in cm²/g, log-log from the table.

    Args:
        energy_keV: 1 to 3000 keV, any shape.
        process: `xenon_photoelectric`, `xenon_compton`, or a material of the wall (both together).

    Raises:
        InputError: an unknown process.

    >>> mass_attenuation([100.0, 662.0], "xenon_compton").round(4)
    array([0.1081, 0.0629])
    """
    if process not in (*XENON_COLUMNS, *MATERIALS):
        raise InputError(
            f"is not a known process or material (got {process!r})",
            field="material",
            remedy=f"known: {', '.join((*XENON_COLUMNS, *MATERIALS))}",
        )
    table = _table()
    log = np.interp(np.log(energy_keV), np.log(table["energy_keV"]), np.log(table[process]))
    return np.asarray(np.exp(log))


@cache
def attenuation(material: str, material_density_g_per_cm3: float) -> Attenuation:
    """Tables for the kernels: liquid xenon, and one material of the wall."""
    cells = round(CELLS_PER_DECADE * np.log10(HIGHEST_KEV / LOWEST_KEV))
    energies = np.geomspace(LOWEST_KEV, HIGHEST_KEV, cells + 1)
    density = xenon_property("liquid_density")
    binding = binding_energies_keV()
    return Attenuation(
        log_lowest=float(np.log(LOWEST_KEV)),
        cells_per_log=float(cells / np.log(HIGHEST_KEV / LOWEST_KEV)),
        photoelectric=density * mass_attenuation(energies, "xenon_photoelectric"),
        compton=density * mass_attenuation(energies, "xenon_compton"),
        wall=material_density_g_per_cm3 * mass_attenuation(energies, material),
        binding_keV=binding,
        bound_below=np.concatenate(
            [[0.0], free_electrons(binding) / xenon_property("atomic_number")]
        ),
    )
