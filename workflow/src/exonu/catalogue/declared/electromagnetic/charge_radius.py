"""A charge radius ⟨r²⟩, or an anapole moment a, beyond the Standard Model's, which the weak couplings
contain already.

g_V → g_V + √2πα⟨r²⟩/(3G_F) of the flavour that has it, hence δ_L = δ_R of half as much: the next
term of the charge form factor after the millicharge, F(q²) = q + q²⟨r²⟩/6 with q² = −2mT (Bernabéu
et al., PRD 62, 113012 (2000); Cadeddu et al., arXiv:1810.05606, equation 9). Some papers, TEXONO's
among them, define half of it.

The vertex of an ultrarelativistic neutrino is γ_μ q²(⟨r²⟩/6 − a): nothing tells an anapole moment
from a charge radius ⟨r²⟩ = −6a (Giunti & Studenikin, Rev. Mod. Phys. 87, 531 (2015), section
VII)."""

from __future__ import annotations

from dataclasses import replace
from math import pi, sqrt
from typing import TYPE_CHECKING

from exonu.catalogue.declaration import (
    COUPLING_ATOMIC,
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
    """δ for ⟨r²⟩ = 1 cm²."""
    return sqrt(2) * pi * at.alpha / (6 * at.fermi * at.hbar_c**2) + 0 * at.energy


def anapole(at: Recoil) -> Array:
    """δ for a = 1 cm²."""
    return -6 * profile(at)


CHARGE_RADIUS = Interaction(
    name="charge-radius",
    title="charge radius",
    quantity="neutrino charge radius",
    parameter=Parameter("r2_nu", "cm2", "⟨r²⟩_ν", r"\langle r^2\rangle_\nu"),
    power=1,
    reference_strength=1e-31,
    source="Cadeddu et al., arXiv:1810.05606",
    formula=Shift(on_electrons(1, 1, (1, 1, 1)), profile),
    nuclear=NuclearShift(-1, 0),
    atomic=COUPLING_ATOMIC,
    signed=True,
    phrases=("neutrino charge radius",),
    place=20,
)
ANAPOLE = replace(
    CHARGE_RADIUS,
    name="anapole",
    title="anapole moment",
    quantity="neutrino anapole moment",
    parameter=Parameter("a_nu", "cm2", "a_ν", r"a_\nu"),
    reference_strength=2e-32,
    source="Giunti & Studenikin, Rev. Mod. Phys. 87, 531 (2015)",
    formula=Shift(on_electrons(1, 1, (1, 1, 1)), anapole),
    phrases=("neutrino anapole moment",),
    place=21,
)
DECLARED = (CHARGE_RADIUS, ANAPOLE)
