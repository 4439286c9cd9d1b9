"""A charge radius ⟨r²⟩ beyond the Standard Model's, which the weak couplings contain already.

g_V → g_V + √2πα⟨r²⟩/(3G_F) of the flavour that has it, hence δ_L = δ_R of half as much: the next
term of the charge form factor after the millicharge, F(q²) = q + q²⟨r²⟩/6 with q² = −2mT (Bernabéu
et al., PRD 62, 113012 (2000); Cadeddu et al., arXiv:1810.05606, equation 9). Some papers, TEXONO's
among them, define half of it."""

from __future__ import annotations

from math import pi, sqrt
from typing import TYPE_CHECKING

from exonu.catalogue.declaration import (
    COUPLING_ATOMIC,
    Interaction,
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


DECLARED = (
    Interaction(
        name="charge-radius",
        title="charge radius",
        quantity="neutrino charge radius",
        parameter=Parameter("r2_nu", "cm2", "⟨r²⟩_ν", r"\langle r^2\rangle_\nu"),
        power=1,
        reference_strength=1e-31,
        source="Cadeddu et al., arXiv:1810.05606",
        formula=Shift(on_electrons(1, 1, (1, 1, 1)), profile),
        atomic=COUPLING_ATOMIC,
        signed=True,
        phrases=("neutrino charge radius",),
        place=20,
    ),
)
