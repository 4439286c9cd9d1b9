"""How profiles are fitted and read: second starts that end early, and integrals of few points."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import brentq

from exonu.statistics import bayes_limit, compile_workspace
from exonu.statistics.alternatives import _sampled
from exonu.statistics.examples import modifier, sample, workspace_of
from exonu.statistics.fitting import minimise, minimise_beside
from exonu.statistics.profiling import find_root

MU = modifier("mu", "normfactor")


def channel(name: str, *samples: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "samples": list(samples)}


def two_valleys() -> dict[str, Any]:
    """A shape that falls both ways: the likelihood has a minimum on either side of it."""
    first = {"lo_data": [90.0, 90.0], "hi_data": [110.0, 110.0]}
    second = {"lo_data": [45.0, 45.0], "hi_data": [55.0, 55.0]}
    control = {"lo_data": [95.0, 90.0], "hi_data": [110.0, 115.0]}
    channels = [
        channel(
            "signal",
            sample("signal", [30.0, 35.0], MU),
            sample("first", [100.0, 100.0], modifier("shape", "histosys", first)),
            sample("second", [50.0, 120.0], modifier("shape", "histosys", second)),
        ),
        channel("control", sample("first", [105.0, 100.0], modifier("shape", "histosys", control))),
    ]
    return workspace_of(channels, {"signal": [170.0, 220.0], "control": [110.0, 105.0]})


@given(st.floats(-3.0, 3.0), st.floats(0.0, 3.0))
@settings(max_examples=60, deadline=None)
def test_a_second_start_ends_where_it_would_have_without_knowing_the_first_minimum(
    shape: float, mu: float
) -> None:
    """The likelihood has a minimum on either side; a descent that stops early must not take one for
    the other."""
    model = compile_workspace(two_valleys())
    data, held = model.data(None), model.fixed
    starts = [model.theta({"mu": m, "shape": s}) for m, s in ((0.4, -1.5), (0.6, 1.5))]
    minima = [minimise(model, data, start, held) for start in starts]
    assert abs(minima[0].value - minima[1].value) > 0.1
    start = model.theta({"mu": mu, "shape": shape})
    alone = minimise(model, data, start, held)
    for known in minima:
        beside = minimise_beside(model, data, start, held, known)
        assert beside.value == pytest.approx(alone.value, abs=1e-9)
        np.testing.assert_allclose(beside.theta, alone.theta, atol=1e-5)


def test_the_integral_follows_a_likelihood_that_is_narrow_beside_its_range() -> None:
    """χ² of one bin is known in closed form: the same integral by scipy."""
    signal, background, observed = 50.0, 100.0, 100.0
    spec = workspace_of(
        [channel("c", sample("signal", [signal], MU), sample("background", [background]))],
        {"c": [observed]},
    )

    def density(mu: float) -> float:
        expected = background + signal * mu
        return float(np.exp(observed * np.log(expected / observed) - expected + observed))

    whole = quad(density, 0.0, 4.0, epsabs=1e-12)[0]
    limit = brentq(lambda mu: quad(density, 0.0, mu, epsabs=1e-12)[0] - 0.9 * whole, 0.0, 3.0)
    assert bayes_limit(compile_workspace(spec)).value == pytest.approx(limit, rel=2e-5)


@pytest.mark.parametrize("above_low", [1e-9, 1e-3, 1.0])
def test_a_root_far_from_zero_is_found_next_to_the_end_of_its_range(above_low: float) -> None:
    """Newton's last step is none in double precision; the bracket cannot shrink any more either."""
    low = 1000.0
    root = find_root(lambda x: (30.0 * (x - low - above_low), 30.0), low + above_low, low, low + 10)
    assert root.found
    assert root.value == pytest.approx(low + above_low, abs=3e-13)
    flat = find_root(lambda x: (np.tanh(x - low - above_low), 0.0), low + 5.0, low, low + 10)
    assert flat.found
    assert flat.value == pytest.approx(low + above_low, abs=3e-12)


class Kinked:
    """A profile of which no cubic is close enough near 0.3, however many points there are."""

    points = (0.1, 0.7)

    def twice_delta(self, mu: float) -> tuple[float, float]:
        return 9.0 * abs(mu - 0.3), float(np.copysign(9.0, mu - 0.3))


def test_a_kink_of_the_profile_ends_the_sampling_with_a_value_at_each_point():
    """It once ended in an IndexError: the points of the last round had no values."""
    points, chi2, slopes = _sampled(Kinked(), 3.0, ())
    assert points.shape == chi2.shape == slopes.shape
    np.testing.assert_allclose(chi2, 9.0 * np.abs(points - 0.3))
    assert np.diff(points)[np.searchsorted(points, 0.3) - 1] < 0.01  # it looked closely there
