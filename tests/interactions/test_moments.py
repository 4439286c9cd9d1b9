"""Quadrature of the moments: against adaptive quadrature and doubled nodes."""

import itertools

import numpy as np
import pytest
from scipy.integrate import quad

from exonu.interactions.cross_sections import ELECTRON_MASS_MEV, minimum_energy_MeV
from exonu.interactions.moments import ORDER, atomic_moments, kinematic_moments
from exonu.solar import flavour_probabilities, oscillation, solar_sources

NO = oscillation("NuFIT-6.0-NO")
SOURCES = solar_sources("SFII-GS98")
RECOILS = np.geomspace(0.0125, 1400, 250) * 1e-3


@pytest.mark.parametrize(
    ("moments", "tolerance"), [(kinematic_moments, 1e-8), (atomic_moments, 1e-6)]
)
def test_doubled_nodes_change_nothing(moments, tolerance):
    coarse, fine = (moments(SOURCES, NO, RECOILS, order) for order in (ORDER, 2 * ORDER))
    # Within 1e-9 of a source's largest moment, or the tolerance: a recoil at the very endpoint has
    # no relative error.
    floor = 1e-9 * np.abs(fine).max(axis=-1, keepdims=True)
    assert np.all(np.abs(coarse - fine) <= tolerance * np.abs(fine) + floor)


def adaptive(source, function, *breakpoints):
    def integrand(energy):
        probability = flavour_probabilities(energy, source.electron_density_mol_per_cm3, NO)[1]
        return float(source.spectrum.density(energy)) * float(probability) * function(energy)

    limits = [
        *(b for b in breakpoints if b < source.spectrum.endpoint_MeV),
        source.spectrum.endpoint_MeV,
    ]
    pieces = itertools.pairwise(limits)
    return source.flux_per_cm2_s * sum(
        quad(integrand, *p, epsabs=0, epsrel=1e-10, limit=200)[0] for p in pieces
    )


@pytest.mark.parametrize("source", [SOURCES[0], SOURCES[4]], ids=["pp", "o15"])
@pytest.mark.parametrize("recoil_keV", [0.5, 5.0, 60.0, 200.0])
def test_against_adaptive_quadrature(source, recoil_keV):
    t = recoil_keV * 1e-3
    kinematic = float(minimum_energy_MeV(t))
    got = kinematic_moments([source], NO, np.array([t]))[0, 1, :, 0]
    expected = [adaptive(source, lambda e, k=k: e**-k, kinematic) for k in range(3)]
    assert got == pytest.approx(expected, rel=1e-8)

    def hard_logarithm(e):
        return (
            max(np.log(min(2 * ELECTRON_MASS_MEV * t, 4 * e * (e - t)) / t**2), 0) if e > t else 0.0
        )

    functions = (lambda e: 1.0, lambda e: np.log(e**2), hard_logarithm)
    expected = [adaptive(source, f, t, t * (1 + np.sqrt(2)) / 2, kinematic) for f in functions]
    assert atomic_moments([source], NO, np.array([t]))[0, 1, :, 0] == pytest.approx(
        expected, rel=1e-6
    )


def test_lines_are_exact_sums():
    be7 = SOURCES[1]
    t = np.array([0.2, 0.3, 0.7])  # both lines, the upper one, none
    probability = flavour_probabilities([0.8618, 0.3843], be7.electron_density_mol_per_cm3, NO)[0]
    upper, lower = 5.00e9 * np.array([0.8956, 0.1044]) * probability
    assert kinematic_moments([be7], NO, t)[0, 0, 0] == pytest.approx(
        [upper + lower, upper, 0], rel=1e-12
    )
    assert atomic_moments([be7], NO, t)[0, 0, 0] == pytest.approx(
        [upper + lower, upper + lower, upper], rel=1e-12
    )
