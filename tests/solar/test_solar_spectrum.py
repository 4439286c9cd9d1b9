"""Neutrino spectra: normalisation, shape, quadrature rules."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from exonu.solar import BetaSpectrum, LineSpectrum, solar_sources

SOURCES = {source.name: source for source in solar_sources("SFII-GS98")}
BETA = [name for name, source in SOURCES.items() if isinstance(source.spectrum, BetaSpectrum)]


@pytest.mark.parametrize("name", BETA)
def test_beta_spectrum_is_normalised(name):
    spectrum = SOURCES[name].spectrum
    area, error = quad(
        spectrum.density, 0, spectrum.endpoint_MeV, epsabs=1e-12, epsrel=1e-11, limit=500
    )
    assert area == pytest.approx(1, abs=1e-9 + 10 * error)


# J. Bahcall & R. Ulrich, Rev. Mod. Phys. 60, 297 (1988); pp: J. Bahcall, PRC 56, 3391 (1997).
@pytest.mark.parametrize(
    ("name", "mean_keV"), [("pp", 266.8), ("n13", 707), ("o15", 996), ("f17", 998)]
)
def test_mean_energy_of_beta_spectra_is_the_published_one(name, mean_keV):
    energy, weight = SOURCES[name].spectrum.nodes(np.array([0.0]), np.array([np.inf]), 64)
    assert (weight * energy).sum() * 1e3 == pytest.approx(mean_keV, rel=2e-3)


def test_coulomb_repulsion_of_the_positron_lowers_the_upper_end():
    with_fermi, without = BetaSpectrum(0.42341, 1), BetaSpectrum(0.42341, 1e-12)
    near_endpoint = with_fermi.density(0.415) / without.density(0.415)
    assert near_endpoint < 0.95
    assert with_fermi.density(0.1) > without.density(0.1)


@settings(deadline=None)
@given(
    low=st.floats(0, 0.5),
    middle=st.floats(0, 0.5),
    high=st.floats(0, 0.5),
    name=st.sampled_from(["pp", "n13", "o15"]),
)
def test_quadrature_rules_add_up(low, middle, high, name):
    low, middle, high = sorted((low, middle, high))
    limits = np.array([low, middle, low]), np.array([middle, high, high])
    energy, weight = SOURCES[name].spectrum.nodes(*limits, 48)
    left, right, both = (weight * energy).sum(axis=1)
    assert left + right == pytest.approx(both, abs=2e-8)
    assert np.all(weight >= 0)


def test_rule_agrees_with_adaptive_quadrature():
    spectrum = SOURCES["o15"].spectrum
    energy, weight = spectrum.nodes(np.array([0.3]), np.array([1.5]), 32)
    exact, _ = quad(lambda e: float(spectrum.density(e)) / e, 0.3, 1.5, epsrel=1e-11)
    assert (weight / energy).sum() == pytest.approx(exact, rel=1e-8)


@pytest.mark.parametrize("limits", [(0.5, 0.4), (0.5, 0.9), (0.5, np.inf)])
def test_nothing_above_the_endpoint(limits):
    _, weight = SOURCES["pp"].spectrum.nodes(np.array([limits[0]]), np.array([limits[1]]), 16)
    assert weight.sum() == 0
    assert SOURCES["pp"].spectrum.density([-0.1, 0.0, 0.42341, 1.0]).tolist() == [0, 0, 0, 0]


def test_a_line_counts_in_one_of_two_adjoining_panels():
    lines = LineSpectrum((0.8618, 0.3843), (0.9, 0.1))
    limits = np.array([0.0, 0.3843, 0.8618]), np.array([0.3843, 0.8618, np.inf])
    assert lines.nodes(*limits, 8)[1].tolist() == [[0, 0], [0, 0.1], [0.9, 0]]
    assert lines.endpoint_MeV == 0.8618
