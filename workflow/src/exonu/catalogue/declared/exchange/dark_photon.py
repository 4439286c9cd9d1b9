"""A dark photon of U(1)_B-L, mass M: it shifts the weak couplings of all flavours and chiralities
alike.

δ/g² = 1/[2√2 G_F (M² + 2mT)]: neutrino and electron both have B − L = −1, so their product is +1
(Harnik, Kopp & Machado, arXiv:1202.6073; Bilmis et al., arXiv:1502.07763)."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

from exonu.catalogue.declaration import (
    COUPLING_ATOMIC,
    Interaction,
    MassGrid,
    NuclearShift,
    Parameter,
    Recoil,
    Shift,
    on_electrons,
)

if TYPE_CHECKING:
    from exonu.core.types import Array


def profile(at: Recoil) -> Array:
    """δ for g = 1."""
    return 1 / (2 * sqrt(2) * at.fermi * (at.mass**2 + 2 * at.electron * at.energy))


DECLARED = (
    Interaction(
        name="dark-photon",
        title="dark photon",
        quantity="coupling of a U(1)_B−L dark photon",
        parameter=Parameter("g_BL", "1", "g_B−L", r"g_{B-L}"),
        power=2,
        reference_strength=1e-6,
        source="Harnik, Kopp & Machado, arXiv:1202.6073",
        formula=Shift(on_electrons(1, 1, (1, 1, 1)), profile),
        nuclear=NuclearShift(-1, -1),
        atomic=COUPLING_ATOMIC,
        states=("all",),
        masses=MassGrid(1e-5, 100.0, 43, more=(1e-3, 10.0)),
        phrases=("dark photon", "U(1)_B-L", "gauge boson"),
        place=12,
    ),
)
