"""Magnetic moments in the basis of the mass states ν_1, ν_2, ν_3, which solar neutrinos reach the
Earth as.

μ² of the weak basis becomes Σ_i P_i Σ_j |μ_ij|², P_i the share of ν_i: a moment μ_i of one Dirac
state counts with P_i, a transition moment |μ_ij| = |μ_ji| with P_i + P_j (Grimus & Schwetz, NPB 587,
45 (2000); Cañas et al., arXiv:1510.01684, equation 20). With `all`, every one has the same size."""

from exonu.catalogue.declaration import (
    MASS_STATES,
    PAIRS,
    Form,
    Interaction,
    NuclearForm,
    Parameter,
)
from exonu.catalogue.declared.electromagnetic.magnetic_moment import coefficients, on_nuclei

_SOURCE = "Cañas et al., arXiv:1510.01684"
DECLARED = (
    Interaction(
        name="mass-state-moment",
        title="magnetic moment of a mass state",
        quantity="magnetic moment of a mass state",
        parameter=Parameter("mu_i", "mu_B", "μ_i", r"\mu_i"),
        power=2,
        reference_strength=1e-11,
        source=_SOURCE,
        formula=Form(coefficients),
        nuclear=NuclearForm(on_nuclei),
        states=MASS_STATES,
        phrases=("neutrino magnetic moment",),
        place=22,
    ),
    Interaction(
        name="transition-moment",
        title="transition magnetic moment",
        quantity="transition magnetic moment",
        parameter=Parameter("mu_ij", "mu_B", "μ_ij", r"\mu_{ij}"),
        power=2,
        reference_strength=1e-11,
        source=_SOURCE,
        formula=Form(coefficients),
        nuclear=NuclearForm(on_nuclei),
        states=PAIRS,
        phrases=("neutrino transition magnetic moment",),
        place=23,
    ),
)
