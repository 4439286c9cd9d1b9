"""The muon's anomalous magnetic moment against closed limits and another quadrature."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from exonu.core.errors import InputError
from exonu.interactions.anomalous_moment import (
    DEFAULT_SET,
    MUON_MASS_MEV,
    AnomalousMoment,
    anomalous_moment,
    coupling_band,
    loop_function,
)


def by_quad(mass):
    """The formula as physics papers write it, split at z = 1 − M/m_μ, where light mediators bend
    it."""
    m = MUON_MASS_MEV

    def integrand(z):
        return 2 * m**2 * z * (1 - z) ** 2 / (m**2 * (1 - z) ** 2 + mass**2 * z)

    edges = np.unique(
        np.clip([0, *(1 - factor * mass / m for factor in (100, 10, 1, 0.1)), 1], 0, 1)
    )
    return sum(
        quad(integrand, *pair, epsabs=0, epsrel=1e-12, limit=200)[0] for pair in pairwise(edges)
    )


@pytest.mark.parametrize("mass", [1e-4, 1e-2, 1.0, 17.0, 105.658, 300.0, 1e4])
def test_loop_function_agrees_with_another_quadrature(mass):
    assert loop_function(mass) == pytest.approx(by_quad(mass), rel=1e-10)


@pytest.mark.parametrize("mass", [1e-5, 1e-3])
def test_light_mediators_fall_off_by_the_known_first_term(mass):
    """F = 1 − π M/m_μ + O(M²/m_μ² ln M/m_μ): ∫ 2u²/(u² + r) du = 2 − 2√r arctan(1/√r), less the
    smooth part."""
    ratio = mass / MUON_MASS_MEV
    assert 1 - loop_function(mass) == pytest.approx(
        np.pi * ratio, rel=30 * ratio * np.log(1 / ratio)
    )


def test_many_masses_at_once_are_as_good_as_one_at_a_time():
    masses = np.geomspace(1e-5, 1e5, 60)
    one_by_one = np.array([loop_function(mass) for mass in masses])
    np.testing.assert_allclose(loop_function(masses), one_by_one, rtol=1e-12)


def test_light_mediator_gives_the_schwinger_term():
    band = coupling_band([0.0, 1e-4], AnomalousMoment(2.61e-9, 0.0, "test"))
    for edge in band:
        np.testing.assert_allclose(edge**2 / (8 * np.pi**2), 2.61e-9, rtol=1e-5)


def test_heavy_mediator_decouples_as_the_inverse_square_of_its_mass():
    mass = 1e3 * MUON_MASS_MEV
    assert loop_function(mass) == pytest.approx(2 * MUON_MASS_MEV**2 / (3 * mass**2), rel=1e-4)


@given(st.floats(1e-5, 1e4), st.floats(1.01, 10))
def test_heavier_mediators_need_larger_couplings(mass, factor):
    low, high = coupling_band([mass, factor * mass], anomalous_moment(DEFAULT_SET))
    assert low[1] > low[0]
    assert high[1] > high[0]
    assert np.all(high > low)


def test_band_holds_the_difference_and_two_standard_deviations():
    moment = anomalous_moment(DEFAULT_SET)
    mass = np.array([1.0, 50.0])
    low, high = coupling_band(mass, moment)
    added = [edge**2 / (8 * np.pi**2) * loop_function(mass) for edge in (low, high)]
    np.testing.assert_allclose(added[0], moment.difference - 2 * moment.uncertainty)
    np.testing.assert_allclose(added[1], moment.difference + 2 * moment.uncertainty)


def test_band_of_2025_begins_at_zero_coupling():
    low, high = coupling_band([1.0], anomalous_moment("2025"))
    assert low[0] == 0
    assert high[0] > 0


def test_unknown_set_is_named_with_the_known_ones():
    with pytest.raises(InputError, match=r"must be one of 2020, 2025 \(got '1999'\)"):
        anomalous_moment("1999")
