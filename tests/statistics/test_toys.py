"""Toys: reproducible in chunks, honest about failures, and in agreement with the asymptotic
formulae and pyhf."""

from __future__ import annotations

import numpy as np
import pyhf
import pytest

from exonu.core.errors import InputError
from exonu.statistics import (
    cls,
    compile_workspace,
    limit_from_points,
    toy_cls,
    toy_limit,
    upper_limit,
)
from exonu.statistics.engine.backend import thread_count
from exonu.statistics.examples import recoil_workspace, two_bins, two_bins_workspace
from exonu.statistics.toys import ToySet, data_profile, generator, sample_data, toy_set


def test_chunks_join_to_the_same_numbers_in_any_order() -> None:
    model = two_bins()
    whole = toy_cls(model, 1.2, n_toys=1000, seed=11)
    parts = [toy_cls(model, 1.2, n_toys=1000, seed=11, chunk=k) for k in (3, 0, 2)]
    joined = parts[0] + toy_cls(model, 1.2, n_toys=1000, seed=11, chunk=[1]) + parts[2] + parts[1]
    for first, second in ((whole.signal, joined.signal), (whole.background, joined.background)):
        assert first.chunks == (0, 1, 2, 3)
        assert set(second.chunks) == {0, 1, 2, 3}
        np.testing.assert_array_equal(np.sort(first.q), np.sort(second.q))
    assert whole.value == joined.value
    np.testing.assert_array_equal(whole.expected, joined.expected)


def test_threads_do_not_change_the_numbers() -> None:
    model = two_bins()
    thread_count(1)
    one = toy_cls(model, 0.8, n_toys=500, seed=5)
    thread_count(2)
    two = toy_cls(model, 0.8, n_toys=500, seed=5)
    np.testing.assert_array_equal(one.signal.q, two.signal.q)


def test_seeds_separate_hypotheses_values_and_chunks() -> None:
    streams = [
        (1, 0.5, "signal", 0),
        (1, 0.5, "background", 0),
        (1, 0.6, "signal", 0),
        (1, 0.5, "signal", 1),
    ]
    streams.append((2, 0.5, "signal", 0))
    draws = {generator(*stream).random() for stream in streams}
    assert len(draws) == len(streams)


def test_toy_data_has_the_moments_of_the_model() -> None:
    model = two_bins()
    theta = model.theta({"mu": 0.7})
    toys = sample_data(model, theta, 20000, generator(3, 0.7, "signal", 0))
    mean = model.expected_data(theta)  # Poisson events and Poisson auxiliary data: variance = mean
    np.testing.assert_allclose(toys.mean(axis=0), mean, atol=5.0 * np.sqrt(mean.max() / 20000))
    np.testing.assert_allclose(toys.var(axis=0), mean, rtol=0.06)


def test_toys_meet_the_asymptotic_value() -> None:
    model = two_bins()
    for mu in (0.5, 1.0):
        toys = toy_cls(model, mu, n_toys=4000, seed=1)
        assert toys.failed == 0
        assert abs(toys.value - cls(model, mu)[0]) < 4.0 * toys.error + 0.01


def test_test_statistic_of_each_toy_is_pyhfs() -> None:
    model = two_bins()
    workspace = pyhf.Workspace(two_bins_workspace())
    oracle = workspace.model()
    profile = data_profile(model, None)
    mu = 1.0
    toys = toy_set(model, mu, "background", 21, [0], profile, size=20)
    draws = sample_data(model, profile.at(0.0).theta, 20, generator(21, mu, "background", 0))
    pars = (
        oracle.config.suggested_init(),
        oracle.config.suggested_bounds(),
        oracle.config.suggested_fixed(),
    )
    theirs = [
        float(pyhf.infer.test_statistics.qmu_tilde(mu, data, oracle, *pars)) for data in draws
    ]
    np.testing.assert_allclose(toys.q, theirs, atol=2e-5)


def test_500_toys_of_a_large_model() -> None:
    model = compile_workspace(recoil_workspace(bins=99, backgrounds=7, nuisances=20))
    toys = toy_cls(model, 0.4, n_toys=500, seed=2)
    assert toys.signal.q.size + toys.signal.failed == 500
    assert toys.failed == 0
    assert 0.0 <= toys.multimodal_fraction < 0.05


@pytest.mark.slow
def test_10000_toys_of_a_large_model(record_property: pytest.RecordProperty) -> None:
    """99 bins, 8 samples, 20 nuisance parameters and staterror: no unreported failure, multimodal
    fraction reported."""
    model = compile_workspace(recoil_workspace(bins=99, backgrounds=7, nuisances=20))
    assert len(model.parameters) == 120
    toys = toy_cls(model, upper_limit(model).observed, n_toys=10000, seed=2)
    record_property("failed", toys.failed)
    record_property("multimodal_fraction", toys.multimodal_fraction)
    print(
        f"failed {toys.failed}, multimodal fraction {toys.multimodal_fraction:.5f}, CLs {toys.value:.4f}"
    )
    for one in (toys.signal, toys.background):
        assert one.q.size + one.failed == 10000
        assert np.isfinite(one.q).all()
    assert toys.failed == 0
    assert toys.multimodal_fraction < 0.02
    assert abs(toys.value - 0.1) < 5.0 * toys.error + 0.01


def test_toy_limit() -> None:
    model = two_bins()
    limit = toy_limit(model, n_toys=2000, seed=4)
    assert 0.0 < limit.error < 0.1
    assert abs(limit.observed - upper_limit(model).observed) < 4.0 * limit.error + 0.02
    again = limit_from_points(limit.points, 0.1)
    assert again.observed == pytest.approx(limit.observed, rel=1e-12)


def test_points_that_cannot_give_a_limit() -> None:
    points = [toy_cls(two_bins(), mu, n_toys=250, seed=4) for mu in (0.2, 0.25, 0.3, 0.35)]
    assert np.isnan(limit_from_points(points, 0.1).observed)
    assert np.isnan(limit_from_points(points[:2], 0.1).observed)


def test_p_value_without_toys_is_not_a_number() -> None:
    empty = ToySet(np.empty(0), np.empty(0), 5, 0, (0,))
    assert np.isnan(empty.p_value(1.0)[0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_toys": 100}, "n_toys: must be a positive multiple of 250"),
        ({"n_toys": 0}, "n_toys: must be a positive multiple of 250"),
        ({"mu": 0.0}, "mu: must be > 0"),
        ({"chunk": 2}, "500 toys have the chunks 0 to 1"),
    ],
)
def test_arguments_are_checked(arguments: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        toy_cls(two_bins(), **({"mu": 1.0, "n_toys": 500, "seed": 1} | arguments))  # type: ignore[arg-type]


def test_what_does_not_belong_together_is_not_joined() -> None:
    model = two_bins()
    first = toy_cls(model, 1.0, n_toys=250, seed=1)
    with pytest.raises(InputError, match=r"chunks \[0\] given twice"):
        first + first
    with pytest.raises(InputError, match="toys of different μ or data"):
        first + toy_cls(model, 1.1, n_toys=250, seed=1)


def test_toy_limit_needs_a_place_to_start() -> None:
    with pytest.raises(InputError, match="no asymptotic limit to start from"):
        toy_limit(two_bins(), n_toys=250, seed=1, around=float("nan"))
