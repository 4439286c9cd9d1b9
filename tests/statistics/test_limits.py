"""Asymptotic limits: against pyhf, on any scale of the signal, at bounds."""

from __future__ import annotations

import copy
from functools import partial
from typing import Any

import numpy as np
import pyhf
import pytest
from scipy.optimize import brentq
from scipy.stats import chi2 as chi2_distribution
from test_published_cls import (
    coupled_histosys,
    coupled_normsys,
    frozen_shapesys,
    histosys,
    normsys,
    one_bin_lumi,
    one_bin_shapesys,
    shapefactor,
    two_channels,
)

from exonu.core.errors import InputError
from exonu.statistics import NewtonOptimizer, cls, compile_workspace, fit, upper_limit
from exonu.statistics.examples import (
    modifier,
    recoil_workspace,
    sample,
    two_bins_workspace,
    workspace_of,
)
from exonu.statistics.profiling import find_root

TEN_MODELS = (
    two_bins_workspace,
    one_bin_shapesys,
    one_bin_lumi,
    two_channels,
    shapefactor,
    frozen_shapesys,
    normsys,
    histosys,
    coupled_normsys,
    partial(recoil_workspace, bins=4, backgrounds=2, nuisances=3, staterror=False),
)


def pyhf_limit(workspace: dict[str, Any], low: float, high: float) -> tuple[float, list[float]]:
    wrapped = pyhf.Workspace(workspace)
    model = wrapped.model()
    observed, expected = pyhf.infer.intervals.upper_limits.toms748_scan(
        wrapped.data(model), model, low, high, level=0.1, rtol=1e-8
    )
    return float(observed), [float(x) for x in expected]


def assert_limits_agree(workspace: dict[str, Any], tolerance: float) -> None:
    limit = upper_limit(compile_workspace(workspace))
    ends = [limit.observed, *limit.expected]
    observed, expected = pyhf_limit(workspace, 0.5 * min(ends), min(1.5 * max(ends), 10.0))
    assert limit.observed == pytest.approx(observed, rel=tolerance)
    np.testing.assert_allclose(limit.expected, expected, rtol=tolerance)


@pytest.mark.parametrize("make", [two_bins_workspace, normsys])
def test_limits_of_pyhfs_optimiser(make: Any) -> None:
    assert_limits_agree(make(), 3e-5)


@pytest.mark.slow
@pytest.mark.parametrize("make", TEN_MODELS)
def test_limits_of_pyhfs_optimiser_on_ten_models(make: Any) -> None:
    """1e-5 with SLSQP at its best; its default tolerance, 1e-6 in 2 ln L, is worth more than that
    in some limits."""
    pyhf.set_backend("numpy", pyhf.optimize.scipy_optimizer(tolerance=1e-13))
    try:
        assert_limits_agree(make(), 1e-5)
    finally:
        pyhf.set_backend("numpy")


@pytest.mark.parametrize("make", [*TEN_MODELS, coupled_histosys])
def test_limits_through_the_plug_in(make: Any) -> None:
    pyhf.set_backend("numpy", NewtonOptimizer())
    try:
        assert_limits_agree(make(), 1e-7)
    finally:
        pyhf.set_backend("numpy")


@pytest.mark.slow
def test_cls_with_staterror_against_pyhfs_optimiser() -> None:
    workspace = recoil_workspace(bins=12, backgrounds=3, nuisances=4, staterror=True)
    wrapped = pyhf.Workspace(workspace)
    oracle = wrapped.model()
    for mu in (0.3, 1.0):
        observed, expected = pyhf.infer.hypotest(
            mu, wrapped.data(oracle), oracle, return_expected_set=True
        )
        got, bands = cls(compile_workspace(workspace), mu)
        assert got == pytest.approx(float(observed), abs=1e-3)
        np.testing.assert_allclose(bands, expected, atol=1e-3)


def scaled(workspace: dict[str, Any], factor: float) -> dict[str, Any]:
    """The same workspace with the signal's template times a factor."""
    out = copy.deepcopy(workspace)
    for channel in out["channels"]:
        for one in channel["samples"]:
            if one["name"] != "signal":
                continue
            one["data"] = [x * factor for x in one["data"]]
            for found in one["modifiers"]:
                if found["type"] == "histosys":
                    found["data"] = {
                        key: [x * factor for x in values] for key, values in found["data"].items()
                    }
                elif found["type"] == "staterror":
                    found["data"] = [x * factor for x in found["data"]]
    return out


@pytest.mark.parametrize("staterror", [False, True])
def test_any_scale_of_the_signal_gives_the_same_limit(staterror: bool) -> None:
    workspace = recoil_workspace(bins=20, backgrounds=3, nuisances=6, staterror=staterror)
    # the MC error of a negligible or overwhelming signal is another model: keep it off the signal
    if staterror:
        signal = workspace["channels"][0]["samples"][0]
        signal["modifiers"] = [m for m in signal["modifiers"] if m["type"] != "staterror"]
    total = sum(workspace["channels"][0]["samples"][0]["data"])
    reference = upper_limit(compile_workspace(workspace))
    for events in (1e-8, 1e-4, 1.0, 1e4, 1e8):
        factor = events / total
        limit = upper_limit(compile_workspace(scaled(workspace, factor)))
        assert limit.observed * factor == pytest.approx(reference.observed, rel=1e-8)
        np.testing.assert_allclose(limit.expected * factor, reference.expected, rtol=1e-8)
        np.testing.assert_allclose(
            np.array(limit.interval) * factor, reference.interval, rtol=1e-7, atol=1e-12
        )
        assert limit.record["failed_fits"] == 0


def test_record_and_interval() -> None:
    limit = upper_limit(compile_workspace(recoil_workspace(bins=20, backgrounds=3, nuisances=6)))
    profile = [
        2.0 * (fit(limit.best_fit.model, fixed={"mu": mu}).nll - limit.best_fit.nll)
        for mu in (0.0, *limit.interval)
    ]
    threshold = chi2_distribution.ppf(0.9, 1)
    assert limit.background_twice_delta_nll == pytest.approx(profile[0], abs=1e-9)
    for end, at_bound in zip(profile[1:], limit.interval_at_bound, strict=True):
        assert (end < threshold) if at_bound else (end == pytest.approx(threshold, rel=1e-6))
    record = limit.record
    assert record["interpolation"] == {"normsys": "code4", "histosys": "code4p"}
    assert record["failed_fits"] == 0
    assert record["fits"] > 10
    assert record["bracket"][0] < limit.observed <= record["bracket"][1]
    assert record["crossings"] == list(limit.crossings) == [limit.observed]
    assert {"exonu", "numpy", "scipy"} <= set(record["versions"])
    observed, expected = cls(limit.best_fit.model, limit.observed)
    assert observed == pytest.approx(0.1, rel=1e-6)
    for value, mu in zip((0, 1, 2, 3, 4), limit.expected, strict=True):
        assert cls(limit.best_fit.model, float(mu))[1][value] == pytest.approx(0.1, rel=1e-6)
    assert expected.shape == (5,)


def counting(observed: float, **settings: Any) -> dict[str, Any]:
    samples = [sample("signal", [10.0], modifier("mu", "normfactor")), sample("background", [20.0])]
    return workspace_of([{"name": "c", "samples": samples}], {"c": [observed]}, **settings)


def test_limit_above_the_bound_of_the_measurement_is_said() -> None:
    free, bounded = (
        upper_limit(compile_workspace(counting(25.0, **settings)))
        for settings in ({}, {"mu": {"bounds": [[0.0, 0.5]], "inits": [0.1]}})
    )
    assert free.observed > 0.5
    assert bounded.observed == np.inf
    assert any("above the bound of mu (0.5)" in note for note in bounded.record["notes"])


def test_no_background_at_all() -> None:
    """Zero background and zero events: CLs = Φ-free limit by hand, q = 2μs, √q_A = √q, CLs(μ) =
    Φ(-√(2μs))/Φ(0)."""
    samples = [sample("signal", [3.0], modifier("mu", "normfactor")), sample("background", [0.0])]
    model = compile_workspace(workspace_of([{"name": "c", "samples": samples}], {"c": [0.0]}))
    limit = upper_limit(model)
    # q = q_A = 2 μ s, so t = 0 and CLs = 2 Φ(-√(2 μ s)) = 0.1 at √(2 μ s) = 1.6448536
    assert limit.observed == pytest.approx(1.6448536269514722**2 / 6.0, rel=1e-8)


def test_events_where_there_is_no_background() -> None:
    samples = [
        sample("signal", [1.0, 2.0], modifier("mu", "normfactor")),
        sample("background", [0.0, 50.0]),
    ]
    model = compile_workspace(workspace_of([{"name": "c", "samples": samples}], {"c": [4.0, 50.0]}))
    result = fit(model)
    assert result.converged
    assert result.values["mu"] == pytest.approx(_brute_minimum(model), rel=1e-4)


def _brute_minimum(model: Any) -> float:
    grid = np.linspace(0.5, 4.0, 35001)
    return float(grid[np.argmin([model.nll([mu]) for mu in grid])])


def test_signal_that_a_free_shape_can_imitate() -> None:
    """Up to μ = 2 the free shape takes what the signal leaves; the limit is where ν = 10 μ is
    excluded, by hand."""
    samples = [
        sample("signal", [10.0], modifier("mu", "normfactor")),
        sample("background", [20.0], modifier("free", "shapefactor")),
    ]
    limit = upper_limit(
        compile_workspace(workspace_of([{"name": "c", "samples": samples}], {"c": [20.0]}))
    )
    # q = q_A = 2 [10 μ - 20 + 20 ln(20 / 10 μ)] for μ > 2, so CLs = 2 Φ(-√q) = 0.1 at √q =
    # 1.6448536
    q = 1.6448536269514722**2
    by_hand = brentq(
        lambda mu: 2.0 * (10.0 * mu - 20.0 + 20.0 * np.log(2.0 / mu)) - q, 2.0, 10.0, xtol=1e-12
    )
    assert limit.observed == pytest.approx(by_hand, rel=1e-7)


def test_signal_that_the_data_do_not_see_has_no_limit() -> None:
    """A signal without events: there is no limit, and the record says so."""
    samples = [
        sample("signal", [0.0, 0.0], modifier("mu", "normfactor")),
        sample("background", [20.0, 30.0], modifier("rate", "normsys", {"lo": 0.9, "hi": 1.1})),
    ]
    limit = upper_limit(
        compile_workspace(workspace_of([{"name": "c", "samples": samples}], {"c": [20.0, 31.0]}))
    )
    assert np.isnan(limit.observed)
    assert np.isnan(limit.expected).all()
    assert limit.crossings == ()
    assert limit.record["notes"] == ["the signal is zero in every bin: no limit exists"]


@pytest.mark.parametrize("level", [0.0, 0.1, 1.0, -0.5, 90.0])
def test_confidence_level_is_checked(level: float) -> None:
    with pytest.raises(InputError, match=r"confidence_level: must lie between 0\.5 and 1 \(got"):
        upper_limit(compile_workspace(two_bins_workspace()), confidence_level=level)


def test_bounds_without_zero_are_refused() -> None:
    model = compile_workspace(counting(25.0, mu={"bounds": [[0.5, 3.0]], "inits": [1.0]}))
    with pytest.raises(InputError, match="the bounds of mu do not include 0"):
        upper_limit(model)


@pytest.mark.parametrize("guess", [1e-9, 0.3, 1.0, 40.0, 1e9])
def test_find_root_from_any_guess(guess: float) -> None:
    root = find_root(lambda x: (x**3 - 8.0, 3.0 * x * x), guess, 0.0)
    assert root.found
    assert root.value == pytest.approx(2.0, rel=1e-9)


def test_find_root_reports_failure() -> None:
    beyond = find_root(lambda x: (-1.0, 0.0), 1.0, 0.0, 5.0)
    assert not beyond.found
    assert beyond.value == np.inf
    assert np.isnan(find_root(lambda x: (float("nan"), 0.0), 1.0, 0.0).value)
