"""Two-sided intervals, discovery and the power constraint: against closed formulae and toys."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import log_ndtr, ndtr, ndtri
from scipy.stats import norm

from exonu.core.errors import InputError
from exonu.statistics import (
    compile_workspace,
    convention_coverage,
    discovery,
    fit,
    power_constrained,
    profile_pair,
    toy_discovery,
    two_sided_interval,
    upper_limit,
)
from exonu.statistics.examples import modifier, recoil_workspace, sample, two_bins, workspace_of
from exonu.statistics.intervals import normal
from exonu.statistics.intervals.two_sided import expected_targets, p_value
from exonu.statistics.workspaces.compiled_model import Model


def counting(observed: float, signal: float = 10.0, background: float = 1e4) -> Model:
    samples = [
        sample("signal", [signal], modifier("mu", "normfactor")),
        sample("background", [background]),
    ]
    return compile_workspace(workspace_of([{"name": "c", "samples": samples}], {"c": [observed]}))


@given(st.floats(-300.0, 30.0))
def test_normal_distribution_is_scipys(x: float) -> None:
    assert normal.log_cdf(x) == pytest.approx(float(log_ndtr(x)), rel=1e-12, abs=1e-300)
    assert normal.cdf(x) == pytest.approx(float(ndtr(x)), rel=1e-12, abs=1e-300)


@given(st.floats(1e-300, 1.0 - 1e-12))
def test_quantiles_are_scipys(p: float) -> None:
    assert normal.quantile(p) == pytest.approx(float(ndtri(p)), rel=1e-9, abs=1e-9)


@given(st.floats(0.0, 25.0), st.floats(0.05, 6.0))
def test_p_of_a_bounded_gaussian(t: float, m: float) -> None:
    """P(t̃ ≥ t) for μ̂ = max(x, 0), x normal around m: by integration over the two tails of x."""
    root = math.sqrt(t)
    above = norm.sf(root)  # x ≥ m + √t
    # below: (m - x)² ≥ t while x ≥ 0; m² - 2 m x ≥ t for x < 0
    edge = m - root if root <= m else (m * m - t) / (2.0 * m)
    assert p_value(t, m) == pytest.approx(above + norm.cdf(edge - m), rel=1e-9)


def test_expected_upper_ends_of_a_bounded_gaussian() -> None:
    """Each band's data set by hand: x = v, the upper end is where p falls to α."""

    def p_of_data(m: float, v: float) -> float:
        best = max(v, 0.0)
        return p_value((v - m) ** 2 - (v - best) ** 2, m)

    for target, v in zip(expected_targets(0.1), (-2, -1, 0, 1, 2), strict=True):
        root = brentq(lambda m, v=v: p_of_data(m, v) - 0.1, max(v, 0) + 1e-6, 10.0)
        assert target == pytest.approx(root, rel=1e-6)


@pytest.mark.parametrize("excess", [-300.0, -100.0, 0.0, 100.0, 200.0, 300.0, 500.0])
def test_interval_of_a_large_count_is_the_bounded_gaussians(excess: float) -> None:
    """σ = 100 events on 10⁴, 10 events per μ: in units of σ, x = excess / 100."""
    interval = two_sided_interval(counting(1e4 + excess))
    x = excess / 100.0

    def p(m: float) -> float:
        return p_value((x - m) ** 2 - min(x, 0.0) ** 2, m)

    high = brentq(lambda m: p(m) - 0.1, max(x, 0.0) + 1e-9, 20.0)
    assert interval.high / 10.0 == pytest.approx(high, rel=0.02)
    if normal.cdf(-max(x, 0.0)) < 0.1:
        low = brentq(lambda m: p(m) - 0.1, 1e-9, x)
        assert interval.low / 10.0 == pytest.approx(low, rel=0.03)
        assert not interval.at_zero
    else:
        assert (interval.low, interval.at_zero) == (0.0, True)


def test_both_ends_have_p_of_alpha() -> None:
    spec = recoil_workspace(bins=20, backgrounds=3, nuisances=6)
    signal = np.array(spec["channels"][0]["samples"][0]["data"])
    spec["observations"][0]["data"] = (
        np.array(spec["observations"][0]["data"]) + np.rint(0.4 * signal)
    ).tolist()
    model = compile_workspace(spec)
    pair = profile_pair(model)
    interval = two_sided_interval(model, pair, 0.9)
    assert 0.0 < interval.low < pair.observed.mu_hat < interval.high
    best = fit(model)
    for end in (interval.low, interval.high):
        t = 2.0 * (fit(model, fixed={"mu": end}).nll - best.nll)
        assert p_value(t, math.sqrt(pair.asimov.twice_delta(end)[0])) == pytest.approx(
            0.1, rel=1e-4
        )


def test_interval_at_the_bound_of_the_measurement() -> None:
    bounded = counting(1e4 + 100.0)
    upper = bounded.flat.upper.copy()
    upper[bounded.poi_index] = 5.0
    assert two_sided_interval(bounded.bounded(bounded.flat.lower, upper)).high == np.inf


def test_discovery_by_the_formula_of_a_counting_experiment() -> None:
    """q0 = 2 (n ln(n/b) - (n - b)) (arXiv:1007.1727, eq. 95)."""
    for n in (10050.0, 10300.0):
        found = discovery(counting(n))
        q0 = 2.0 * (n * math.log(n / 1e4) - (n - 1e4))
        assert found.q0 == pytest.approx(q0, rel=1e-6)
        assert found.significance == pytest.approx(math.sqrt(q0), rel=1e-6)
        assert found.p0 == pytest.approx(float(norm.sf(math.sqrt(q0))), rel=1e-6)
        assert found.best_fit == pytest.approx((n - 1e4) / 10.0, rel=1e-6)
        for end, sign in zip(found.interval, (-1.0, 1.0), strict=True):
            events = n - 1e4 + sign * math.sqrt(n)
            assert end == pytest.approx(max(events, 0.0) / 10.0, rel=1e-2)


def test_a_deficit_is_no_discovery() -> None:
    found = discovery(counting(9900.0))
    assert (found.q0, found.p0, found.significance, found.best_fit) == (0.0, 0.5, 0.0, 0.0)


def test_toys_meet_the_asymptotic_p0_and_join() -> None:
    model = two_bins()
    data = [70.0, 60.0]
    whole = toy_discovery(model, 1000, 5, data)
    parts = [toy_discovery(model, 1000, 5, data, chunk=k) for k in (2, 0, 3, 1)]
    joined = parts[0] + parts[1] + parts[2] + parts[3]
    assert (joined.p0, joined.q_observed) == (whole.p0, whole.q_observed)
    assert whole.toys.failed == 0
    assert abs(whole.p0 - discovery(model, data).p0) < 4.0 * whole.error + 0.002
    with pytest.raises(InputError, match="toys of different data"):
        whole + toy_discovery(model, 250, 5)


def test_significance_of_few_toys_has_a_floor() -> None:
    found = toy_discovery(two_bins(), 250, 5, [150.0, 140.0])
    assert found.p0 == 0.0
    assert found.significance == pytest.approx(float(norm.isf(1 / 250)))


def test_toys_need_a_signal() -> None:
    with pytest.raises(InputError, match="signal is zero in every bin"):
        toy_discovery(counting(1e4, signal=0.0), 250, 1)


def test_power_constraint_binds_below_its_quantile_only() -> None:
    bands: list[float | None] = [0.9, 1.2, 1.7, 2.3, 3.1]
    assert power_constrained(1.0, bands, -1) == 1.2
    assert power_constrained(1.3, bands, -1) == 1.3
    assert power_constrained(1.0, bands, 0) == 1.7
    assert power_constrained(None, bands, -1) is None
    assert power_constrained(1.0, [None] * 5, -1) == 1.0


def test_methods_share_the_fits_and_give_the_same_limits() -> None:
    """Given the pair of profiles a method adds few fits, and its result does not change."""
    model = compile_workspace(recoil_workspace(bins=20, backgrounds=3, nuisances=6))
    pair = profile_pair(model)
    shared, alone = upper_limit(model, pair), upper_limit(model)
    assert shared.observed == pytest.approx(alone.observed, rel=1e-9)
    again = two_sided_interval(model, pair)
    assert again.high == pytest.approx(two_sided_interval(model).high, rel=1e-7)
    assert again.record["fits"] < alone.record["fits"]
    before = pair.tally.fits
    upper_limit(model, pair)
    assert pair.tally.fits - before < 0.3 * alone.record["fits"]


def by_method(found: list[Any]) -> dict[str, Any]:
    return {point.method: point for point in found}


def test_coverage_of_the_conventions() -> None:
    """Where σ is large the asymptotic forms hold: intervals cover 0.9, CLs and constrained limits
    more."""
    model = counting(1e4)
    for mu in (5.0, 15.0):
        found = by_method(convention_coverage(model, [mu], 2000, 11))
        assert set(found) == {"cls", "two-sided", "xenon-lz-2021", "feldman-cousins"}
        for method in ("two-sided", "feldman-cousins"):
            assert abs(found[method].excess) < 4.0 * found[method].error, (mu, method)
        assert found["cls"].fraction > 0.9
        assert found["xenon-lz-2021"].fraction >= found["two-sided"].fraction
    with pytest.raises(InputError, match="n_toys: must be > 0"):
        convention_coverage(model, [1.0], 0, 1)
    with pytest.raises(InputError, match="true_values: must be > 0"):
        convention_coverage(model, [0.0], 10, 1)
