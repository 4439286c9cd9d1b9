"""Bosonic dark matter that an atom absorbs: axion-like particles by g_ae, hidden photons by κ.

A particle of the halo is slow, so that all it deposits is its mass: a line. With ρ the local
density, n = ρ/M and σ_γ the photoabsorption cross-section at the energy M,

    axion-like particle  σ v = g_ae² σ_γ c · 3M²/(16πα m_e²)   (axio-electric effect, v → 0)
    hidden photon        σ v = κ² σ_γ c

(Pospelov, Ritz & Voloshin, PRD 78, 115012 (2008), equations 12 and 24; An et al., PLB 747, 331
(2015): no correction for the medium above 100 eV). XENON1T, arXiv:2006.09721, equations 5 and 6,
rounds the same to 1.5e19/A and 4.7e23/A per kg and day."""

from __future__ import annotations

from dataclasses import replace
from math import pi
from typing import TYPE_CHECKING

from exonu.catalogue.declaration import Halo, Interaction, Line, MassGrid, Parameter

if TYPE_CHECKING:
    from exonu.core.types import Array


def hidden_photon(at: Halo) -> Array:
    """Rate for κ = 1."""
    flux = at.density / at.mass * at.light
    return flux * at.photoabsorption * at.atoms * at.seconds


def axion_like(at: Halo) -> Array:
    """Rate for g_ae = 1."""
    return hidden_photon(at) * 3 * at.mass**2 / (16 * pi * at.alpha * at.electron**2)


ALP = Interaction(
    name="alp",
    title="axion-like particle",
    quantity="coupling of axion-like dark matter to electrons",
    parameter=Parameter("g_ae", "1", "g_ae", r"g_{ae}"),
    power=2,
    reference_strength=1e-13,
    source="Pospelov, Ritz & Voloshin, PRD 78, 115012 (2008)",
    formula=Line(axion_like),
    states=("all",),
    masses=MassGrid(2e-3, 0.1, 30),
    atomic=("photoabsorption",),
    phrases=("axion-like particle", "dark matter"),
    place=60,
)
HIDDEN_PHOTON = replace(
    ALP,
    name="hidden-photon",
    title="hidden photon",
    quantity="kinetic mixing of hidden-photon dark matter",
    parameter=Parameter("kappa", "1", "κ", r"\kappa"),
    reference_strength=1e-15,
    formula=Line(hidden_photon),
    phrases=("hidden photon", "dark matter"),
    place=61,
)
DECLARED = (ALP, HIDDEN_PHOTON)
