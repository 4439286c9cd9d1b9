"""A millicharge q e: exchange of a photon, a shift of the weak couplings with a pole at T = 0.

δ/q = −4πα/[2√2 G_F · 2mT]: the electron's charge is −1, so a positive q shifts downwards, g_V →
g_V − √2πα q/(G_F mT). It is the photon pole of the charge form factor whose next term is the charge
radius, g_V → g_V + √2πα⟨r²⟩/(3G_F). Of bound electrons the photoabsorption terms of
`exonu.interactions.millicharge` see more."""

from __future__ import annotations

from math import pi, sqrt
from typing import TYPE_CHECKING

from exonu.catalogue.declaration import (
    Interaction,
    NuclearShift,
    Parameter,
    Recoil,
    Shift,
    on_electrons,
)

if TYPE_CHECKING:
    from exonu.core.types import Array


def profile(at: Recoil) -> Array:
    """δ for q = 1 e."""
    return -4 * pi * at.alpha / (2 * sqrt(2) * at.fermi * 2 * at.electron * at.energy)


DECLARED = (
    Interaction(
        name="millicharge",
        title="millicharge",
        quantity="neutrino millicharge",
        parameter=Parameter("q_nu", "e", "q_ν", r"q_\nu"),
        power=1,
        reference_strength=1e-12,
        source="Allison & Cobb, Ann. Rev. Nucl. Part. Sci. 30, 253 (1980)",
        formula=Shift(on_electrons(1, 1, (1, 1, 1)), profile, interferes="asked"),
        nuclear=NuclearShift(-1, 0),
        atomic=("pai", "pai-liquid", "epa", "stepping", "free"),
        compared_atomic=("pai", "epa", "free"),
        phrases=("neutrino millicharge", "neutrino electric charge"),
        place=11,
    ),
)
