"""Quadratic signals: the tie, the scan and all crossings, against pyhf with mu_sq set by hand."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pyhf
import pytest
from scipy.special import ndtr

from exonu.statistics import Model, NewtonOptimizer, compile_workspace, fit, toy_cls, upper_limit
from exonu.statistics.examples import modifier, sample, workspace_of
from exonu.statistics.quadratic import sign_changes
from exonu.statistics.toys import data_profile, generator, sample_data, toy_set

BACKGROUND = np.array([50.0, 60.0, 55.0, 40.0])


SHAPE = np.array([3.0, 4.0, 3.5, 2.0])
OTHER_SHAPE = np.array([1.0, 1.4, 1.15, 0.7])


def workspace(
    interference: float,
    square: float,
    excess: float = 0.0,
    shape_of_square: np.ndarray = OTHER_SHAPE,
) -> dict[str, Any]:
    shape = {
        "hi_data": (BACKGROUND * [1.05, 1.02, 0.99, 0.95]).tolist(),
        "lo_data": (BACKGROUND * [0.95, 0.98, 1.01, 1.05]).tolist(),
    }
    samples = [
        sample("interference", -interference * SHAPE, modifier("mu", "normfactor")),
        sample("signal", square * shape_of_square, modifier("mu_sq", "normfactor")),
        sample(
            "background",
            BACKGROUND,
            modifier("rate", "normsys", {"hi": 1.05, "lo": 0.95}),
            modifier("shape", "histosys", shape),
        ),
    ]
    observed = (BACKGROUND + excess).tolist()
    return workspace_of(
        [{"name": "c", "samples": samples}], {"c": observed}, mu_sq={"fixed": True, "inits": [1.0]}
    )


def compiled(*numbers: float) -> Model:
    return compile_workspace(workspace(*numbers), poi_map={"mu_sq": "mu**2"})


# Interference and square cancel around μ = 10: excluded in between, allowed there, and excluded
# again beyond.
STRONG = (4.0, 1.2, 0.0)


def with_square(oracle: Any, mu: float) -> tuple[list[float], list[bool]]:
    """pyhf's initial values and fixed flags at a given μ, mu_sq = μ²."""
    init, fixed = oracle.config.suggested_init(), oracle.config.suggested_fixed()
    for name, value in (("mu", mu), ("mu_sq", mu * mu)):
        init[oracle.config.par_slice(name).start] = value
        fixed[oracle.config.par_slice(name).start] = True
    return init, fixed


def pyhf_profile(oracle: Any, data: Any, mu: float) -> tuple[float, np.ndarray]:
    """-2 ln L and parameters of pyhf's conditional fit at mu."""
    init, fixed = with_square(oracle, mu)
    bounds = [
        (low, max(high, 1e6)) if low == 0 else (low, high)
        for low, high in oracle.config.suggested_bounds()
    ]
    parameters, twice = pyhf.infer.mle.fit(
        data, oracle, init_pars=init, par_bounds=bounds, fixed_params=fixed, return_fitted_val=True
    )
    return float(twice), parameters


class PyhfCls:
    """CLs with pyhf's likelihood and fits; its global minimum comes from a scan in μ ("the better
    start")."""

    def __init__(self, spec: dict[str, Any], grid: np.ndarray) -> None:
        wrapped = pyhf.Workspace(spec)
        self.oracle = wrapped.model()
        self.data = wrapped.data(self.oracle)
        profile = [pyhf_profile(self.oracle, self.data, x)[0] for x in grid]
        self.best, self.mu_hat = min(profile), grid[int(np.argmin(profile))]
        self.asimov = self.oracle.expected_data(pyhf_profile(self.oracle, self.data, 0.0)[1])
        self.asimov_best = pyhf_profile(self.oracle, self.asimov, 0.0)[0]

    def __call__(self, mu: float) -> float:
        q = (
            max(pyhf_profile(self.oracle, self.data, mu)[0] - self.best, 0.0)
            if self.mu_hat <= mu
            else 0.0
        )
        q_a = pyhf_profile(self.oracle, self.asimov, mu)[0] - self.asimov_best
        root, root_a = np.sqrt(q), np.sqrt(q_a)
        t = root - root_a if root <= root_a else (q - q_a) / (2.0 * root_a)
        return float(ndtr(-t - root_a) / ndtr(-t))


@pytest.mark.parametrize("numbers", [(1.0, 1.0), (3.0, 0.6), (-2.0, 0.5), (0.0, 1.0)])
def test_rates_and_likelihood_with_the_tie(numbers: tuple[float, float]) -> None:
    model = compiled(*numbers)
    wrapped = pyhf.Workspace(workspace(*numbers))
    oracle = wrapped.model()
    rng = np.random.default_rng(2)
    for mu in (0.0, 0.3, 1.0, 2.5):
        theta = model.theta({"mu": mu, "rate": rng.normal(), "shape": rng.normal()})
        values = dict(zip(model.parameters, theta, strict=True)) | {"mu_sq": mu * mu}
        theirs = [values[name] for name in oracle.config.par_names]
        np.testing.assert_allclose(
            model.expected(theta), oracle.expected_data(theirs, include_auxdata=False), rtol=1e-12
        )
        assert model.nll(theta) == pytest.approx(
            -float(oracle.logpdf(theirs, wrapped.data(oracle))[0]), abs=1e-9
        )


def test_all_crossings_of_a_strong_interference() -> None:
    limit = upper_limit(compiled(*STRONG))
    assert len(limit.crossings) == 3
    assert limit.observed == limit.crossings[-1]
    middle = [0.5 * (a + b) for a, b in pairwise(limit.crossings)]
    pyhf.set_backend("numpy", pyhf.optimize.scipy_optimizer(tolerance=1e-12))
    try:
        pyhf_cls = PyhfCls(workspace(*STRONG), np.linspace(0.0, 12.0, 31))
        for mu in limit.crossings:
            assert pyhf_cls(mu) == pytest.approx(0.1, abs=2e-4)
        values = [pyhf_cls(mu) for mu in [0.5 * limit.crossings[0], *middle, limit.observed + 0.5]]
    finally:
        pyhf.set_backend("numpy")
    assert [value > 0.1 for value in values] == [True, False, True, False]


@pytest.mark.parametrize("excess", [-6.0, 0.0, 6.0])
@pytest.mark.parametrize("numbers", [(1.0, 1.0), (0.4, 0.1), (-1.0, 0.5), (0.0, 1.0)])
def test_crossings_are_those_of_a_fine_scan(numbers: tuple[float, float], excess: float) -> None:
    model = compiled(*numbers, excess)
    limit = upper_limit(model)
    grid = np.linspace(0.0, 1.3 * limit.observed, 801)[1:]
    allowed = np.array(_fine_cls(model, grid)) > 0.1
    flips = grid[np.flatnonzero(allowed[1:] != allowed[:-1])]
    assert len(flips) == len(limit.crossings)
    np.testing.assert_allclose(flips, limit.crossings, atol=1.5 * (grid[1] - grid[0]))


def _fine_cls(model: Model, grid: np.ndarray) -> list[float]:
    """CLs by independent conditional fits at every point of the grid, global minimum from the grid
    itself."""

    def scan(data: np.ndarray) -> np.ndarray:
        return np.array(
            [2.0 * fit(model, data, fixed={"mu": float(mu)}).nll for mu in [0.0, *grid]]
        )

    data = scan(model.data())
    asimov = scan(model.expected_data(fit(model, fixed={"mu": 0.0}).parameters))
    best = int(np.argmin(data))
    q = np.where(np.arange(data.size) >= best, data - data.min(), 0.0)[1:]
    q_a = (asimov - asimov[0])[1:]
    root, root_a = np.sqrt(q), np.sqrt(np.maximum(q_a, 1e-300))
    t = np.where(root <= root_a, root - root_a, (q - q_a) / (2.0 * root_a))
    return list(ndtr(-t - root_a) / ndtr(-t))


@pytest.mark.parametrize("events", [1e-8, 1e-3, 1e3, 1e8])
def test_any_unit_of_the_coupling(events: float) -> None:
    """μ → μ/k turns I into kI and P into k²P: the same limits in another unit."""
    reference = upper_limit(compiled(1.0, 1.0))
    limit = upper_limit(compiled(events, events**2))
    np.testing.assert_allclose(np.array(limit.crossings) * events, reference.crossings, rtol=1e-6)
    np.testing.assert_allclose(limit.expected * events, reference.expected, rtol=1e-6)


def test_narrow_window_far_away_is_found() -> None:
    """A square of the same shape cancels the interference at μ = 1000, in a window of ± 0.1."""
    spec = workspace(20.0, 0.02, 0.0, SHAPE)
    limit = upper_limit(compile_workspace(spec, poi_map={"mu_sq": "mu**2"}))
    assert len(limit.crossings) == 3
    assert limit.crossings[0] < 0.5
    assert 999.0 < limit.crossings[1] < 1000.0 < limit.crossings[2] < 1001.0


def test_positive_interference_has_one_crossing() -> None:
    limit = upper_limit(compiled(-1.0, 1.0))
    assert len(limit.crossings) == 1
    assert limit.record["poi_map"] == {"mu_sq": "mu**2"}
    assert limit.best_fit.values["mu_sq"] == pytest.approx(limit.best_fit.values["mu"] ** 2)


def test_sign_changes_finds_a_pair_between_two_points() -> None:
    def parabola(x: float) -> tuple[float, float]:
        return (x - 1.3) ** 2 - 1e-4, 2.0 * (x - 1.3)

    roots = sign_changes(parabola, [0.0, 1.0, 2.0, 3.0])
    np.testing.assert_allclose([root.value for root in roots], [1.29, 1.31], rtol=1e-8)


def test_plain_plug_in_refuses_nothing_but_is_another_model() -> None:
    """Through plain pyhf mu_sq is a constant: the engine compiles it only with the tie, so the
    plug-in falls back."""
    wrapped = pyhf.Workspace(workspace(1.0, 1.0))
    oracle = wrapped.model()
    pyhf.set_backend("numpy", NewtonOptimizer())
    try:
        with pytest.warns(UserWarning, match="mu_sq, but no poi_map"):
            pyhf.infer.mle.fit(wrapped.data(oracle), oracle)
    finally:
        pyhf.set_backend("numpy")


def test_toys_of_a_quadratic_signal_meet_the_asymptotic_value() -> None:
    model = compiled(-1.0, 0.5)
    mu = upper_limit(model).observed
    toys = toy_cls(model, mu, n_toys=1000, seed=5)
    assert toys.failed == 0
    assert abs(toys.value - 0.1) < 4.0 * toys.error + 0.01


def test_toys_where_the_likelihood_has_several_minima() -> None:
    """Each toy's q̃ is that of a scan in μ of its own profile."""
    model = compiled(1.0, 0.6)
    mu, profile = 2.0, data_profile(model, None)
    toys = toy_set(model, mu, "signal", 8, [0], profile, size=15)
    draws = sample_data(model, profile.at(mu).theta, 15, generator(8, mu, "signal", 0))
    grid = np.linspace(0.0, 7.0, 281)
    assert toys.failed == 0
    for q, data in zip(toys.q, draws, strict=True):
        heights = np.array([2.0 * fit(model, data, fixed={"mu": float(x)}).nll for x in grid])
        best = int(np.argmin(heights))
        expected = (
            max(2.0 * fit(model, data, fixed={"mu": mu}).nll - heights[best], 0.0)
            if grid[best] <= mu
            else 0.0
        )
        assert q == pytest.approx(expected, abs=0.03) or abs(grid[best] - mu) < 0.05
