"""The fold against closed forms."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special

from exonu.core.errors import InputError
from exonu.detector import (
    Efficiency,
    PolynomialResolution,
    SqrtLinearResolution,
    TableResolution,
    build_response,
)

XENON1T = SqrtLinearResolution(0.310, 0.0037)
EDGES = np.arange(1.0, 31.0)
RAMP = np.array([[0.5, 0.0], [1.0, 0.12], [2.0, 0.7], [14.0, 0.88]])


def response(of_true_energy=True, resolution=XENON1T, **more):
    efficiency = Efficiency(RAMP[:, 0], RAMP[:, 1], of_true_energy)
    keys = {"exposure_tonne_year": 1.5, "efficiency": efficiency, "true_minimum_keV": 0.5, **more}
    return build_response(EDGES[:-1], EDGES[1:], resolution_keV=resolution, **keys)


def normal_density(z):
    return math.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)


@pytest.mark.parametrize("of_true_energy", [True, False])
@pytest.mark.parametrize("rate", [lambda t: t**-2.0, lambda t: np.exp(-t / 10), np.ones_like])
def test_fold_agrees_with_adaptive_quadrature(of_true_energy, rate):
    folded = response(of_true_energy)
    counts = folded.fold(rate(folded.true_energy_keV))
    efficiency = Efficiency(RAMP[:, 0], RAMP[:, 1], of_true_energy)
    for bin_ in (0, 1, 5, 20):
        low, high = EDGES[bin_], EDGES[bin_ + 1]

        def integrand(true, low=low, high=high):
            sigma = float(XENON1T(true))
            if of_true_energy:
                share = special.ndtr((high - true) / sigma) - special.ndtr((low - true) / sigma)
                seen = efficiency(true) * share
            else:
                kinks = [e for e in RAMP[:, 0] if low < e < high]
                seen = integrate.quad(
                    lambda e: efficiency(e) * normal_density((e - true) / sigma) / sigma,
                    low,
                    high,
                    points=kinks or None,
                )[0]
            return float(rate(np.array(true)) * seen)

        parts = [0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 14.0, 18.0, 22.0, 26.0, 30.0, 45.0]
        exact = sum(integrate.quad(integrand, a, b, epsrel=1e-9)[0] for a, b in pairwise(parts))
        assert counts[bin_] == pytest.approx(1.5 * exact, rel=1e-6)


@pytest.mark.parametrize("of_true_energy", [True, False])
def test_quadrature_error(of_true_energy):
    coarse, fine = (response(of_true_energy, nodes_per_panel=n) for n in (6, 12))
    for power in (0, -1, -2):
        ratio = coarse.fold(coarse.true_energy_keV**power) / fine.fold(fine.true_energy_keV**power)
        np.testing.assert_allclose(ratio, 1, atol=1e-9)


def test_a_step_in_the_rate_is_exact_at_a_breakpoint():
    sharp = PolynomialResolution((1e-3,))
    folded = response(resolution=sharp, efficiency=Efficiency.perfect(), breakpoints_keV=[5.25])
    counts = folded.fold(np.where(folded.true_energy_keV > 5.25, 1.0, 0.0))
    assert counts[4] == pytest.approx(1.5 * 0.75, rel=1e-9)
    assert counts[3] == pytest.approx(0, abs=1e-12)


def test_wide_bins_are_sums_of_narrow_ones():
    narrow = response()
    wide = build_response(
        [1.0],
        [30.0],
        exposure_tonne_year=1.5,
        resolution_keV=XENON1T,
        efficiency=Efficiency(RAMP[:, 0], RAMP[:, 1], True),
        true_minimum_keV=0.5,
    )
    assert wide.fold(1 / wide.true_energy_keV) == pytest.approx(
        narrow.fold(1 / narrow.true_energy_keV).sum(), rel=1e-9
    )


@settings(max_examples=30, deadline=None)
@given(st.floats(0.1, 10), st.floats(0.05, 0.5))
def test_counts_are_conserved_and_linear(rate, sigma):
    everything = build_response(
        [0.0],
        [100.0],
        exposure_tonne_year=2.0,
        resolution_keV=PolynomialResolution((sigma,)),
        efficiency=Efficiency.perfect(),
        true_minimum_keV=10.0,
    )
    inside = everything.true_energy_keV < 90
    line = np.where(inside, rate, 0.0)
    assert everything.fold(3 * line) == pytest.approx(3 * everything.fold(line))
    weights = everything.matrix[0, inside]
    assert everything.fold(line)[0] == pytest.approx(rate * weights.sum())


def test_efficiency_outside_its_table():
    held = Efficiency(RAMP[:, 0], RAMP[:, 1], True, hold_below=True, hold_above=True)
    cut = Efficiency(RAMP[:, 0], RAMP[:, 1], True, hold_below=False, hold_above=False)
    np.testing.assert_array_equal(held([0.1, 1.5, 20]), [0.0, 0.41, 0.88])
    np.testing.assert_array_equal(cut([0.1, 1.5, 20]), [0.0, 0.41, 0.0])


def test_resolutions():
    assert XENON1T(4.0) == pytest.approx(0.310 * 2 + 0.0037 * 4)
    assert PolynomialResolution((0.1, 0.0, 0.01))(2.0) == pytest.approx(0.14)
    np.testing.assert_allclose(
        TableResolution(np.array([1.0, 2.0]), np.array([0.1, 0.3]))([0, 1.5, 9]), [0.1, 0.2, 0.3]
    )


@pytest.mark.parametrize("of_true_energy", [True, False])
def test_a_resolution_far_below_the_bins(of_true_energy):
    """σ = a √T for a from 1e-2 to 1e-18: all give the counts of none at all, within what σ moves across an edge, and
    the response does not grow beyond all bounds. At 1e-9 it took for ever."""
    efficiency = Efficiency(RAMP[:, 0], RAMP[:, 1], True)
    exact = np.array(
        [
            1.5 * integrate.quad(lambda t: efficiency(t) / t**2, low, high, epsabs=0)[0]
            for low, high in pairwise(EDGES)
        ]
    )
    for a in (1e-2, 1e-3, 1e-4, 1e-6, 1e-9, 1e-18):
        folded = response(of_true_energy, SqrtLinearResolution(a, 0.0))
        counts = folded.fold(folded.true_energy_keV**-2.0)
        np.testing.assert_allclose(counts, exact, rtol=1e-6, atol=3 * a**2)
        assert folded.true_energy_keV.size < 10_000


def test_a_response_that_fills_the_memory_is_refused():
    edges = np.linspace(1, 30, 5001)
    with pytest.raises(
        InputError, match=r"needs a response of 5000 bins and .* fills the memory; give"
    ):
        build_response(
            edges[:-1],
            edges[1:],
            exposure_tonne_year=1.0,
            resolution_keV=SqrtLinearResolution(1e-5, 0.0),
            efficiency=Efficiency.perfect(),
            true_minimum_keV=0.5,
        )
