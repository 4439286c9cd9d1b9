"""An anapole moment a beyond the Standard Model's.

The vertex of an ultrarelativistic neutrino is γ_μ q²(⟨r²⟩/6 − a): nothing tells an anapole moment
from a charge radius ⟨r²⟩ = −6a (Giunti & Studenikin, Rev. Mod. Phys. 87, 531 (2015), section
VII)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exonu.catalogue.declaration import (
    COUPLING_ATOMIC,
    Interaction,
    Parameter,
    Recoil,
    Shift,
    on_electrons,
)
from exonu.catalogue.declared.electromagnetic import charge_radius

if TYPE_CHECKING:
    from exonu.core.types import Array


def profile(at: Recoil) -> Array:
    """δ for a = 1 cm²."""
    return -6 * charge_radius.profile(at)


DECLARED = (
    Interaction(
        name="anapole",
        title="anapole moment",
        quantity="neutrino anapole moment",
        parameter=Parameter("a_nu", "cm2", "a_ν", r"a_\nu"),
        power=1,
        reference_strength=2e-32,
        source="Giunti & Studenikin, Rev. Mod. Phys. 87, 531 (2015)",
        formula=Shift(on_electrons(1, 1, (1, 1, 1)), profile),
        atomic=COUPLING_ATOMIC,
        signed=True,
        phrases=("neutrino anapole moment",),
        place=21,
    ),
)
