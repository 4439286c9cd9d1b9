"""A magnetic moment flips the neutrino's helicity, so that its rate adds to the weak one.

dσ/dT = (πα²/m²)(μ/μ_B)² [1/T − 1/E] (Vogel & Engel, PRD 39, 3378 (1989)), on an electron; on a nucleus
Z² times as much."""

from __future__ import annotations

from math import pi
from typing import Any

from exonu.catalogue.declaration import Form, Interaction, NuclearForm, Nucleus, Parameter, Recoil


def coefficients(at: Recoil | Nucleus) -> tuple[Any, Any, Any]:
    """dσ/dT of a magnetic moment of 1 μ_B."""
    scale = pi * (at.alpha * at.hbar_c / at.electron) ** 2
    return scale / at.energy, -scale, 0.0


def on_nuclei(at: Nucleus) -> tuple[Any, Any, Any]:
    """The same on a nucleus."""
    flat, inverse, none = coefficients(at)
    return at.protons**2 * flat, at.protons**2 * inverse, none


DECLARED = (
    Interaction(
        name="magnetic-moment",
        title="magnetic moment",
        quantity="neutrino magnetic moment",
        parameter=Parameter("mu_nu", "mu_B", "μ_ν", r"\mu_\nu"),
        power=2,
        reference_strength=1e-11,
        source="Vogel & Engel, PRD 39, 3378 (1989)",
        formula=Form(coefficients),
        nuclear=NuclearForm(on_nuclei),
        phrases=("neutrino magnetic moment",),
        place=10,
    ),
)
