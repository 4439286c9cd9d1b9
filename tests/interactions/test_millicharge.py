"""Millicharge on bound electrons: the formulas integrated directly, and the dielectric formula from
its k integral."""

import itertools

import numpy as np
import pytest
from scipy import constants
from scipy.integrate import quad

from exonu.interactions import Physics, RecoilSpectra, minimum_energy_MeV
from exonu.interactions.millicharge import _density_effect
from exonu.solar import solar_sources
from exonu.xenon import effective_charge, photoabsorption_cm2, susceptibility

M = constants.value("electron mass energy equivalent in MeV")
CM2 = 3.893794e-22
ALPHA = constants.alpha
PP = solar_sources("SFII-GS98")[0]


def direct(atomic: str, recoil_keV: float, neutrino_mass_eV: float) -> float:
    """Rate of pp neutrinos for q = 1e-12, all flavours: Σ P_f = 1."""
    t = recoil_keV * 1e-3
    kinematic = float(minimum_energy_MeV(t))
    sigma, z_eff = float(photoabsorption_cm2(recoil_keV)), float(effective_charge(recoil_keV))

    def cross_section(e):
        soft = np.log((e / (neutrino_mass_eV * 1e-6)) ** 2)
        if atomic == "epa":
            return ALPHA / np.pi * sigma / t * soft
        soft += max(np.log(min(2 * M * t, 4 * e * (e - t)) / t**2), 0)
        hard = 2 * np.pi * ALPHA**2 / (M * t**2) * (1 - t / e + (t**2 - M * t) / (2 * e**2)) * CM2
        return ALPHA / np.pi * sigma / t * soft + (z_eff * hard if e > kinematic else 0)

    endpoint = PP.spectrum.endpoint_MeV
    limits = [
        t * (1 + 1e-12),
        *(x for x in (t * (1 + np.sqrt(2)) / 2, kinematic) if x < endpoint),
        endpoint,
    ]
    total = sum(
        quad(
            lambda e: float(PP.spectrum.density(e)) * cross_section(e),
            low,
            high,
            epsabs=0,
            epsrel=1e-9,
        )[0]
        for low, high in itertools.pairwise(limits)
    )
    atoms_per_tonne = 6.02214076e23 / 131.293 * 1e6
    return 1e-24 * PP.flux_per_cm2_s * total * atoms_per_tonne * 365.25 * 86400 * 1e-3


@pytest.mark.parametrize("atomic", ["epa", "pai"])
@pytest.mark.parametrize("recoil_keV", [0.02, 1.0, 12.0, 40.0, 150.0, 300.0, 400.0])
@pytest.mark.parametrize("mass_eV", [1.0, 0.01])
def test_whole_atom_rate(atomic, recoil_keV, mass_eV):
    spectra = RecoilSpectra(recoil_keV, Physics(sources=("pp",), neutrino_mass_eV=mass_eV))
    rate = spectra.rate("millicharge", strength=1e-12, atomic=atomic)[0, 0]
    assert rate == pytest.approx(direct(atomic, recoil_keV, mass_eV), rel=1e-6)


@pytest.mark.parametrize("energy_keV", [0.2, 1.0, 5.0, 40.0])
def test_density_effect_is_the_integral_over_momentum(energy_keV):
    """Longitudinal and transverse photon exchange of a particle with v = 1, integrated over K = k²
    numerically."""
    epsilon = 1 + complex(susceptibility(energy_keV)[0])
    t, top = energy_keV, 2 * M * 1e3 * energy_keV

    def integrand(log_y):  # K = T²(1 + y): the photon pole is next to y = 0
        y = np.exp(log_y)
        k = t**2 * (1 + y)
        transverse = (1 - t**2 / k) / (t**2 * (y - (epsilon - 1)))
        return (-(1 / epsilon) / k + transverse).imag * t**2 * y

    pole = np.log(abs(epsilon - 1))
    numeric, _ = quad(
        integrand,
        -40,
        np.log(top / t**2 - 1),
        points=[pole - 3, pole, pole + 3],
        limit=500,
        epsrel=1e-9,
    )
    logarithm, screening = _density_effect("xenon", np.array([energy_keV]))
    formula = epsilon.imag * (logarithm[0] + screening[0] * np.log(top / t**2))
    assert formula == pytest.approx(
        numeric, rel=3e-3
    )  # K₁ ≫ T² is good to T/2m, 4 % of a logarithm of 1 at 40 keV


def test_liquid_lowers_the_rate_at_keV_energies():
    spectra = RecoilSpectra(np.geomspace(1, 6, 40), Physics(sources=("pp", "be7")))
    liquid, atom = (
        spectra.rate("millicharge", atomic=a).sum(axis=0) for a in ("pai-liquid", "pai")
    )
    ratio = liquid / atom
    assert np.all((ratio > 0.42) & (ratio < 0.70))
    assert 0.5 < ratio.mean() < 0.6
    heavier = RecoilSpectra(
        spectra.energies_keV, Physics(sources=("pp", "be7"), neutrino_mass_eV=0.1)
    )
    assert heavier.rate("millicharge", atomic="pai-liquid").sum(axis=0) == pytest.approx(
        liquid, rel=1e-12
    )


def test_equivalent_photons_fall_below_free_electrons_above_13_keV():
    spectra = RecoilSpectra([10.0, 16.0], Physics(sources=("pp",)))
    photons, free = (spectra.rate("millicharge", atomic=a)[0] for a in ("epa", "free"))
    assert photons[0] > free[0]
    assert photons[1] < free[1]


def test_photoabsorption_goes_on_above_the_highest_recoil_of_a_free_electron():
    """pp gives a free electron at most 264 keV, but an atom up to the endpoint."""
    rate = {a: RecoilSpectra([300.0, 430.0], Physics(sources=("pp",))).rate("millicharge", atomic=a)[0]
            for a in ("free", "epa", "pai")}  # fmt: skip
    assert rate["free"].tolist() == [0, 0]
    assert rate["pai"][0] > rate["epa"][0] > 0
    assert rate["epa"][1] == rate["pai"][1] == 0


def test_nothing_below_the_first_ionisation_energy():
    for atomic in ("epa", "pai", "pai-liquid"):
        assert RecoilSpectra(0.011).rate("millicharge", atomic=atomic).sum() == 0
