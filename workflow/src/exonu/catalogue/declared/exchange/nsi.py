"""Neutral-current non-standard interactions with electrons, L = −2√2 G_F ε^P_ff (ν̄_f γ_μ P_L ν_f)(ē
γ^μ P e).

They shift the chiral couplings by ε alone: g_L → g_L + ε_L, g_R → g_R + ε_R (Davidson et al.,
hep-ph/0302093; Farzan & Tórtola, arXiv:1710.09360). What they would change in the Sun's matter is
left out."""

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

if TYPE_CHECKING:
    from exonu.core.types import Array


def profile(at: Recoil) -> Array:
    """δ for ε = 1."""
    return 1 + 0 * at.energy


def _chiral(side: str, left: float, right: float) -> Interaction:
    index = side[0].upper()
    return Interaction(
        name=f"nsi-{side}",
        title=f"{side}-handed NSI",
        quantity=f"non-standard coupling to {side}-handed electrons",
        parameter=Parameter(f"eps_{index}", "1", f"ε_{index}", rf"\varepsilon_{index}"),
        power=1,
        reference_strength=1.0,
        source="Davidson et al., hep-ph/0302093",
        formula=Shift(on_electrons(left, right, (1, 1, 1)), profile),
        atomic=COUPLING_ATOMIC,
        signed=True,
        phrases=("non-standard neutrino interactions",),
        place=50,
    )


DECLARED = (_chiral("left", 1, 0), _chiral("right", 0, 1))
