"""Where the Sun stands, against almanacs and closed forms."""

import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exonu.solar.sun_position import cos_zenith, inverse_square_distance


def unix(*moment):
    return datetime.datetime(*moment, tzinfo=datetime.UTC).timestamp()


def days_of(first, n=365, steps=288):
    return unix(*first) + 86400.0 / steps * (np.arange(n * steps) + 0.5)


@pytest.mark.parametrize(
    ("moment", "distance_au"),
    [  # US Naval Observatory, Earth's seasons and apsides; distances by JPL Horizons
        ((2013, 1, 2, 4, 38), 0.9832902),
        ((2017, 7, 3, 20, 11), 1.0166757),
        ((2020, 1, 5, 7, 48), 0.9832436),
        ((2021, 7, 5, 22, 27), 1.0167293),
    ],
)
def test_distance_of_the_sun(moment, distance_au):
    assert inverse_square_distance(unix(*moment)) ** -0.5 == pytest.approx(distance_au, abs=1e-4)


def test_the_flux_of_a_year_is_that_of_an_ellipse():
    """Largest over least is ((1 + e)/(1 − e))², the mean over the time 1/√(1 − e²)."""
    flux = inverse_square_distance(days_of((2015, 1, 1)))
    assert flux.max() / flux.min() == pytest.approx((1.0167 / 0.9833) ** 2, rel=5e-4)
    assert flux.mean() == pytest.approx(1 / np.sqrt(1 - 0.0167**2), rel=1e-4)


def test_zenith_angle_of_the_solar_position_algorithm():
    """The example of Reda and Andreas, NREL/TP-560-34302, table A5.1: 2003 October 17, 12:30:30 at −7 h,
    39.742476° north, 105.1786° west; without refraction 39.872° above the horizon."""
    found = cos_zenith(unix(2003, 10, 17, 19, 30, 30), 39.742476, -105.1786)
    assert np.degrees(np.arcsin(found)) == pytest.approx(39.872, abs=0.015)


@given(latitude=st.floats(-60, 60), longitude=st.floats(-180, 180))
def test_at_the_equinox_half_of_the_time_is_day(latitude, longitude):
    """2015 September 23, 8:20 UTC: the declination is zero on the mean of the day around it."""
    moments = unix(2015, 9, 22, 20, 20) + 10.0 * (np.arange(8640) + 0.5)
    assert np.mean(cos_zenith(moments, latitude, longitude) > 0) == pytest.approx(0.5, abs=2e-3)


@given(latitude=st.floats(-60, 60))
def test_the_longest_day(latitude):
    """cos(half of it) = −tan φ tan δ, with δ = 23.44° at the solstice of 2015 June 21."""
    moments = unix(2015, 6, 21, 4, 38) + 10.0 * (np.arange(8640) + 0.5)
    day = np.mean(cos_zenith(moments, latitude, 0.0) > 0)
    expected = np.arccos(-np.tan(np.radians(latitude)) * np.tan(np.radians(23.437))) / np.pi
    assert day == pytest.approx(expected, abs=1e-3)


def test_beyond_the_polar_circle_the_sun_does_not_set_in_june_nor_rise_in_december():
    june, december = days_of((2015, 6, 21), 1), days_of((2015, 12, 21), 1)
    assert (cos_zenith(june, 80.0, 0.0) > 0).all()
    assert (cos_zenith(december, 80.0, 0.0) < 0).all()
