"""The photoabsorption table against its libraries, sum rule and interpolation."""

import importlib.util

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from exonu.core.resources import resource_path
from exonu.xenon import (
    SUM_RULE_CM2_KEV,
    edges_keV,
    effective_charge,
    oscillator_strength,
    photoabsorption_cm2,
    photoabsorption_table,
)


@pytest.fixture(scope="module")
def maker():
    script = resource_path("targets/make_photoabsorption.py")
    spec = importlib.util.spec_from_file_location("make_photoabsorption", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_script_makes_the_table(maker, tmp_path, monkeypatch):
    made = tmp_path / "photoabsorption.csv"
    monkeypatch.setattr("sys.argv", ["make_photoabsorption.py", "xenon", str(made)])
    maker.main()
    energy, megabarn = np.loadtxt(made, delimiter=",", skiprows=4, unpack=True)
    table_energy, table_cm2 = photoabsorption_table()
    assert energy == pytest.approx(table_energy, rel=1e-6)
    assert megabarn * 1e-18 == pytest.approx(table_cm2, rel=1e-4)


def test_interpolation_agrees_with_the_libraries_between_the_points(maker):
    for energy, megabarn in (
        maker.henke(maker.ELEMENTS["xenon"])[3:].T,
        maker.photoelectric(maker.ELEMENTS["xenon"]).T,
    ):
        inside = np.min(np.abs(energy[:, None] / edges_keV() - 1), axis=1) > 1e-3
        assert photoabsorption_cm2(energy[inside]) * 1e18 == pytest.approx(
            megabarn[inside], rel=1.5e-3
        )


def test_sum_rule_is_fulfilled_by_the_composite_only(maker):
    assert oscillator_strength(700.0) / 54 == pytest.approx(0.96, abs=0.005)
    xraylib = maker.xraylib
    alone, _ = quad(
        lambda x: np.exp(x) * xraylib.CSb_Photo(54, np.exp(x)) * 1e-24,
        np.log(0.1),
        np.log(700),
        points=np.log(edges_keV()[edges_keV() > 0.1]),
        limit=500,
    )
    assert 0.55 < alone / SUM_RULE_CM2_KEV / 54 < 0.70


def test_giant_resonance_and_edges_are_there():
    assert photoabsorption_cm2(0.1) == pytest.approx(27e-18, rel=0.02)
    energy, sigma = photoabsorption_table()
    jump = {
        round(energy[i], 3): sigma[i + 1] / sigma[i] for i in np.flatnonzero(np.diff(energy) == 0)
    }
    assert jump[34.562] == pytest.approx(5.99, rel=0.01)
    assert jump[4.786] == pytest.approx(2.92, rel=0.01)
    assert sorted(jump) == [0.676, 4.7, 4.786, 5.107, 5.453, 34.562]


def test_a_step_holds_from_its_energy_on():
    for edge in (4.785999, 34.56165):
        energy, sigma = photoabsorption_table()
        first = int(np.argmin(np.abs(energy - edge)))
        assert photoabsorption_cm2(energy[first]) == pytest.approx(sigma[first + 1], rel=1e-9)
        assert photoabsorption_cm2(np.nextafter(energy[first], 0)) == pytest.approx(
            sigma[first], rel=1e-9
        )


def test_nothing_below_the_first_ionisation_energy():
    assert photoabsorption_cm2([0.001, 0.0121]).tolist() == [0, 0]
    assert oscillator_strength(0.012) == 0


@settings(deadline=None)
@given(st.tuples(st.floats(0.013, 690), st.floats(0.013, 690)).map(sorted))
def test_oscillator_strength_is_the_integral_of_the_cross_section(limits):
    low, high = limits
    energy = photoabsorption_table()[0]
    inside = energy[(energy > low) & (energy < high)]
    # Between two points the power law is smooth: Gauss-Legendre in ln T is exact enough.
    bounds = np.log(np.unique([low, *inside, high]))
    x, w = np.polynomial.legendre.leggauss(8)
    log_t = (bounds[1:, None] + bounds[:-1, None] + np.diff(bounds)[:, None] * x) / 2
    exact = np.sum(
        np.diff(bounds)[:, None] / 2 * w * np.exp(log_t) * photoabsorption_cm2(np.exp(log_t))
    )
    got = oscillator_strength(high) - oscillator_strength(low)
    assert got == pytest.approx(exact / SUM_RULE_CM2_KEV, rel=1e-7, abs=1e-9)


def test_effective_charge_rises_to_54():
    charge = effective_charge(np.geomspace(0.012, 2000, 400))
    assert np.all(np.diff(charge) >= 0)
    assert charge[0] == 0
    assert charge[-1] == pytest.approx(54, rel=1e-12)
