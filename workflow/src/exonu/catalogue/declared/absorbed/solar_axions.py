"""Solar axions by their coupling to electrons, in production and in detection: x = g_ae⁴.

The Sun emits them by atomic, bremsstrahlung and Compton processes (`resources/solar/axions.csv`,
Hoof, Jaeckel & Thormaehlen, arXiv:2101.08789). They are fast, and the axio-electric effect has

    σ = g_ae² σ_γ(E) · 3E²/(16πα m_e²) · (2/3)

(Pospelov, Ritz & Voloshin, PRD 78, 115012 (2008), with 1 − β^(2/3)/3 → 2/3; XENON1T,
arXiv:2006.09721, equation 4). Lighter than about 100 eV, so that their mass does not matter."""

from __future__ import annotations

from math import pi
from typing import TYPE_CHECKING

from exonu.catalogue.declaration import AbsorbedFlux, Halo, Interaction, Parameter

if TYPE_CHECKING:
    from exonu.core.types import Array


def rate(at: Halo, flux: Array) -> Array:
    """Rate for g_ae = 1; `flux` is that of g_ae = 1."""
    ratio = at.mass**2 / (8 * pi * at.alpha * at.electron**2)
    return flux * at.photoabsorption * ratio * at.atoms * at.seconds


DECLARED = (
    Interaction(
        name="solar-axion",
        title="solar axion",
        quantity="coupling of solar axions to electrons",
        parameter=Parameter("g_ae_solar", "1", "g_ae", r"g_{ae}"),
        power=4,
        reference_strength=3e-12,
        source="Hoof et al., arXiv:2101.08789; Pospelov et al., PRD 78, 115012 (2008)",
        formula=AbsorbedFlux(rate, "solar-axions"),
        states=("all",),
        atomic=("photoabsorption",),
        phrases=("solar axion",),
        place=62,
    ),
)
