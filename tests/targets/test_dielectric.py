"""Dielectric function of liquid xenon: Kramers-Kronig against independent quadrature and its
limits."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import constants
from scipy.integrate import quad

from exonu.xenon import (
    liquid_number_density_per_cm3,
    oscillator_strength,
    photoabsorption_cm2,
    photoabsorption_table,
    susceptibility,
)

HBAR_C_KEV_CM = constants.value("reduced Planck constant times c in MeV fm") * 1e-10


def plasma_energy_squared(electrons: float) -> float:
    """(ħω_p)² in keV², from N e²/(ε₀ m)."""
    density = electrons * liquid_number_density_per_cm3() * 1e6
    omega = np.sqrt(density * constants.e**2 / (constants.epsilon_0 * constants.m_e))
    return (constants.hbar * omega / constants.e * 1e-3) ** 2


def test_free_electron_limit():
    """Well above the K edge the electrons are free: Re ε − 1 → −(ħω_p/T)²."""
    assert np.sqrt(plasma_energy_squared(54)) * 1e3 == pytest.approx(
        31.4, abs=0.1
    )  # 28.8 eV √(ρZ/A)
    energy = np.array([500.0])
    expected = -plasma_energy_squared(float(oscillator_strength(700.0))) / energy**2
    # The table ends at 700 keV, where xenon's K electrons still absorb a little.
    assert susceptibility(energy).real == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize("energy_keV", [0.05, 0.3, 2.0, 7.0, 60.0])
def test_principal_value_agrees_with_adaptive_quadrature(energy_keV):
    grid = np.unique(photoabsorption_table()[0])
    near = (energy_keV * 0.98, energy_keV * 1.02)

    def integrand(t):
        return photoabsorption_cm2(t) / (t**2 - energy_keV**2)

    breakpoints = np.unique(np.concatenate([grid[(grid < near[0]) | (grid > near[1])], near]))
    total = sum(
        quad(integrand, low, high, epsrel=1e-10)[0]
        for low, high in pairwise(breakpoints)
        if not low < energy_keV < high
    )
    total += quad(
        lambda t: photoabsorption_cm2(t) / (t + energy_keV),
        *near,
        weight="cauchy",
        wvar=energy_keV,
        epsrel=1e-9,
    )[0]
    expected = 2 / np.pi * liquid_number_density_per_cm3() * HBAR_C_KEV_CM * total
    assert susceptibility(energy_keV)[0].real == pytest.approx(expected, rel=2e-3)


def test_static_limit_is_the_polarisability_of_the_table():
    """ε(0) − 1 = (2/π) N ħc ∫ σ/T² dT."""
    grid = np.unique(photoabsorption_table()[0])
    area = sum(
        quad(lambda t: photoabsorption_cm2(t) / t**2, low, high)[0] for low, high in pairwise(grid)
    )
    expected = 2 / np.pi * liquid_number_density_per_cm3() * HBAR_C_KEV_CM * area
    assert susceptibility(1e-6)[0].real == pytest.approx(expected, rel=1e-3)
    assert susceptibility(1e-6)[0].imag == 0


def test_finite_at_an_edge():
    for edge in (4.785999, 34.56165, 0.6764):
        assert np.isfinite(susceptibility(edge)).all()
