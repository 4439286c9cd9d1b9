"""Millicharged neutrinos on a bound electron: photoabsorption of the neutrino's Coulomb field.

Allison & Cobb (Ann. Rev. Nucl. Part. Sci. 30, 253 (1980)) write the energy loss of a charge q e in
matter as

    dσ/dT = q²(α/π) { (σ_γ/T) [ln γ² + ln(Q²max/T²)] + Z_eff(T)·(hard collisions with free
    electrons) }.

The first bracket is the field of equivalent photons. γ = E/m_ν, so an isolated atom sees a
logarithm of E²/m_ν².

In the liquid the field is screened. Let the neutrino (v → 1) lose the energy T to a medium of
permittivity ε(T), at momenta k² from K₀ = T² to K₁ = Q²max ≫ T². The longitudinal (Coulomb) part is
Im(−1/ε) ln(K₁/K₀). The transverse photons have the propagator 1/(K − εT²) and the coupling v_⊥² = 1
− T²/K; by partial fractions

    ∫ dK (1 − T²/K)/(K − εT²) = (1 − 1/ε) ln[(K₁ − εT²)/(K₀ − εT²)] + (1/ε) ln(K₁/K₀).

The Coulomb part cancels against the imaginary part of the last term, and what is left is

    Im{(1 − 1/ε)[ln(K₁/T²) − ln(1 − ε)]}
        = (ε₂/|ε|²)[ln(K₁/T²) − ln|1 − ε|] + (1 − ε₁/|ε|²) Θ,    1 − ε = |1 − ε| e^(−iΘ),

which is Nħc dσ/dT in units of q²α/π. With ε₂ = Nħc σ_γ/T it is Allison and Cobb's formula, but for
their |ε|² ≈ 1 in the first term. Compared with the isolated atom, ln(E²/m_ν²) gives way to −ln|1 −
ε|: the density effect. Neither energy nor mass of the neutrino matters any more, as long as m_ν²/E²
≪ |1 − ε| (1e-7 at 100 keV, more below). The last term joins it continuously to Cherenkov radiation.
Each logarithm counts only where it is positive."""

from __future__ import annotations

import numpy as np

from exonu.core.types import Array
from exonu.interactions.cross_sections import ALPHA
from exonu.targets import photoabsorption_cm2
from exonu.targets.dielectric import number_density_per_cm3, susceptibility
from exonu.targets.photoabsorption import HBAR_C_KEV_CM


def photoabsorption_rate(
    atomic: str,
    energies_keV: Array,
    moments: Array,
    neutrino_mass_eV: float,
    target: str = "xenon",
) -> Array:
    """The σ_γ terms for q = 1 e.

    Args:
        atomic: `epa`, `pai` or `pai-liquid`.
        energies_keV: deposited energies, shape (n,).
        moments: `atomic_moments`, shape (..., 3, n).
        neutrino_mass_eV: mass in the logarithm.
        target: whose atoms.

    Returns:
        Per atom, s and MeV, shape (..., n).
    """
    flux, log_energy, log_momentum = (moments[..., k, :] for k in range(3))
    per_MeV = ALPHA / np.pi * photoabsorption_cm2(target, energies_keV) / (energies_keV * 1e-3)
    if atomic == "pai-liquid":
        logarithm, screening = _density_effect(target, energies_keV)
        return np.asarray(per_MeV * (screening * log_momentum + logarithm * flux), dtype=np.float64)
    log_boost = log_energy - 2 * np.log(neutrino_mass_eV * 1e-6) * flux
    return np.asarray(
        per_MeV * (log_boost + (log_momentum if atomic == "pai" else 0.0)), dtype=np.float64
    )


def _density_effect(target: str, energies_keV: Array) -> tuple[Array, Array]:
    """What stands for ln(E²/m_ν²) in the liquid, and 1/|ε|², each of shape (n,)."""
    chi = susceptibility(target, energies_keV)
    epsilon = 1 + chi
    screening = 1 / np.abs(epsilon) ** 2
    angle = -np.angle(-chi)
    epsilon_2_per_sigma = number_density_per_cm3(target) * HBAR_C_KEV_CM / energies_keV
    sigma = photoabsorption_cm2(target, energies_keV)
    cherenkov = np.divide(
        (1 - epsilon.real * screening) * angle,
        epsilon_2_per_sigma * sigma,
        out=np.zeros_like(sigma),
        where=sigma > 0,
    )
    return screening * np.maximum(-np.log(np.abs(chi)), 0.0) + cherenkov, screening
