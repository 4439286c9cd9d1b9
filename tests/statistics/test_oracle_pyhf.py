"""The engine against pyhf on generated models: same rates, same likelihood, and never a worse
minimum."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyhf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_workspaces import random_parameters, workspaces

from exonu.core.errors import InputError
from exonu.statistics import compile_workspace, fit
from exonu.statistics.engine.likelihood import evaluate
from exonu.statistics.examples import two_bins_workspace

RELAXED = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large],
}


def pyhf_model(workspace: dict[str, Any]) -> tuple[Any, list[float]]:
    wrapped = pyhf.Workspace(workspace)
    model = wrapped.model()
    return model, wrapped.data(model)


def derivatives(
    model: Any, flat: Any, theta: np.ndarray, data: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    size = flat.dense.size
    gradient, hessian = np.empty(size), np.empty((size, size))
    value = evaluate(flat, data, theta.copy(), model.fixed, gradient, hessian, False)
    return value, gradient, np.tril(hessian) + np.tril(hessian, -1).T


@settings(max_examples=40, **RELAXED)
@given(workspaces(), st.integers(0, 2**32 - 1))
def test_rates_and_likelihood_are_those_of_pyhf(workspace: dict[str, Any], seed: int) -> None:
    model = compile_workspace(workspace)
    oracle, data = pyhf_model(workspace)
    assert list(model.parameters) == oracle.config.par_names
    theta = random_parameters(model, np.random.default_rng(seed))
    expected = oracle.expected_data(theta, include_auxdata=False)
    np.testing.assert_allclose(model.expected(theta), expected, rtol=1e-12)
    np.testing.assert_allclose(model.expected_data(theta), oracle.expected_data(theta), rtol=1e-12)
    assert model.nll(theta) == pytest.approx(-float(oracle.logpdf(theta, data)[0]), abs=1e-9)
    np.testing.assert_allclose(
        model.data(), data, rtol=1e-15
    )  # γ's data are a square, rounded twice


CODES = [(norm, histo) for norm in ("code1", "code4") for histo in ("code0", "code2", "code4p")]


@settings(max_examples=25, **RELAXED)
@given(
    workspaces(kinds=("normsys", "histosys", "both", "staterror")),
    st.sampled_from(CODES[:-1]),
    st.integers(0, 2**32 - 1),
)
def test_other_interpolation_codes_are_those_of_pyhf(
    workspace: dict[str, Any], codes: tuple[str, str], seed: int
) -> None:
    """Rates everywhere; slopes and curvatures away from the places where pieces meet."""
    kinds = dict(zip(("normsys", "histosys"), codes, strict=True))
    model = compile_workspace(workspace, interpolation=kinds)
    wrapped = pyhf.Workspace(workspace)
    chosen = {kind: {"interpcode": code} for kind, code in kinds.items()}
    oracle = wrapped.model(modifier_settings=chosen)
    rng = np.random.default_rng(seed)
    data = model.data()
    for spread in (0.4, 2.0):
        theta = random_parameters(model, rng, spread=spread)
        expected = oracle.expected_data(theta, include_auxdata=False)
        np.testing.assert_allclose(model.expected(theta), expected, rtol=1e-12)
    theta = random_parameters(model, rng, spread=0.2)
    _, gradient, hessian = derivatives(model, model.flat, theta, data)
    for i, p in enumerate(model.flat.dense):
        if np.min(np.abs(theta[p] - np.array([-1.0, 0.0, 1.0]))) < 1e-4:
            continue
        up, down = theta.copy(), theta.copy()
        up[p], down[p] = theta[p] + 1e-5, theta[p] - 1e-5
        above, below = (derivatives(model, model.flat, x, data) for x in (up, down))
        scale = max(np.abs(hessian).max(), 1.0, abs(above[0]))
        assert gradient[i] == pytest.approx((above[0] - below[0]) / 2e-5, abs=1e-7 * scale)
        np.testing.assert_allclose((above[1] - below[1]) / 2e-5, hessian[i], atol=2e-6 * scale)


@settings(max_examples=25, **RELAXED)
@given(
    workspaces(kinds=("normsys", "histosys", "both")),
    st.sampled_from([c for c in CODES[:-1] if "code2" not in c]),
)
def test_a_minimum_where_pieces_meet_is_one(
    workspace: dict[str, Any], codes: tuple[str, str]
) -> None:
    """No step of any length in any parameter alone goes down, across the kink or away from it."""
    model = compile_workspace(
        workspace, interpolation=dict(zip(("normsys", "histosys"), codes, strict=True))
    )
    result = fit(model)
    assert result.converged, result.message
    theta, flat = result.parameters, model.flat
    for p in flat.dense:
        for step in (1e-6, -1e-6, 1e-3, -1e-3):
            moved = theta.copy()
            moved[p] = np.clip(theta[p] + step, flat.lower[p], flat.upper[p])
            assert model.nll(moved) >= result.nll - 1e-9


def test_an_unknown_interpolation_code_is_refused() -> None:
    with pytest.raises(InputError, match=r"of normsys: 'code0' is not known; one of code1, code4"):
        compile_workspace({**two_bins_workspace()}, interpolation={"normsys": "code0"})


@settings(max_examples=40, **RELAXED)
@given(workspaces(), st.integers(0, 2**32 - 1))
def test_gradient_and_hessian_of_the_profile(workspace: dict[str, Any], seed: int) -> None:
    model = compile_workspace(workspace)
    theta = random_parameters(model, np.random.default_rng(seed), spread=0.2)
    data = model.data()
    _, gradient, hessian = derivatives(model, model.flat, theta, data)
    step = 1e-5
    for i, p in enumerate(model.flat.dense):
        up, down = theta.copy(), theta.copy()
        up[p], down[p] = theta[p] + step, theta[p] - step
        above, below = (derivatives(model, model.flat, x, data) for x in (up, down))
        scale = max(np.abs(hessian).max(), 1.0)
        assert gradient[i] == pytest.approx(
            (above[0] - below[0]) / (2 * step), abs=1e-7 * max(scale, abs(above[0]))
        )
        np.testing.assert_allclose(
            (above[1] - below[1]) / (2 * step), hessian[i], atol=2e-6 * scale
        )


@settings(max_examples=30, **RELAXED)
@given(
    workspaces(kinds=("normsys", "staterror", "shapesys", "histosys")), st.integers(0, 2**32 - 1)
)
def test_profile_hessian_is_the_schur_complement(workspace: dict[str, Any], seed: int) -> None:
    model = compile_workspace(workspace)
    theta = random_parameters(model, np.random.default_rng(seed), spread=0.2)
    evaluate_at = theta.copy()
    size = model.flat.dense.size
    profile = np.empty((size, size))
    evaluate(model.flat, model.data(), evaluate_at, model.fixed, np.empty(size), profile, False)
    profile = np.tril(profile) + np.tril(profile, -1).T
    _, _, full = derivatives(model, model.full, evaluate_at, model.data())
    gammas = np.setdiff1d(model.flat.gamma, -1)
    inside = (model.flat.lower[gammas] < evaluate_at[gammas]) & (
        evaluate_at[gammas] < model.flat.upper[gammas]
    )
    gammas = gammas[inside & ~model.fixed[gammas]]
    dense = model.flat.dense
    cross = full[np.ix_(dense, gammas)]
    schur = full[np.ix_(dense, dense)] - cross @ np.linalg.solve(
        full[np.ix_(gammas, gammas)], cross.T
    )
    np.testing.assert_allclose(profile, schur, atol=1e-8 * max(np.abs(schur).max(), 1.0))


def assert_no_worse_than_pyhf(workspace: dict[str, Any], fixed: dict[str, float]) -> None:
    model = compile_workspace(workspace)
    oracle, data = pyhf_model(workspace)
    ours = fit(model, fixed=fixed)
    assert ours.converged, ours.message
    if ours.values["mu"] >= 10.0:  # pyhf's own default bound
        return
    init, held = oracle.config.suggested_init(), oracle.config.suggested_fixed()
    for name, value in fixed.items():
        init[model.index(name)], held[model.index(name)] = value, True
    # The likelihood at our point is what we say it is.
    assert ours.nll == pytest.approx(-float(oracle.logpdf(ours.parameters, data)[0]), abs=1e-9)
    try:
        _, twice = pyhf.infer.mle.fit(
            data, oracle, init_pars=init, fixed_params=held, return_fitted_val=True
        )
    except pyhf.exceptions.FailedMinimization:
        return
    assert ours.nll <= 0.5 * float(twice) + 1e-9
    # pyhf started from our minimum finds nothing better.
    there = ours.parameters.tolist()
    try:
        _, twice = pyhf.infer.mle.fit(
            data, oracle, init_pars=there, fixed_params=held, return_fitted_val=True
        )
    except pyhf.exceptions.FailedMinimization:
        return
    assert 0.5 * float(twice) == pytest.approx(ours.nll, abs=1e-6)
    assert ours.nll <= 0.5 * float(twice) + 1e-9


@settings(max_examples=12, **RELAXED)
@given(workspaces(max_bins=3), st.sampled_from([None, 0.0, 1.0]))
def test_minimum_is_never_worse_than_pyhfs(workspace: dict[str, Any], mu: float | None) -> None:
    assert_no_worse_than_pyhf(workspace, {} if mu is None else {"mu": mu})


@pytest.mark.slow
@settings(max_examples=300, **RELAXED)
@given(workspaces(max_bins=4), st.sampled_from([None, 0.0, 1.0, 2.5]))
def test_minimum_is_never_worse_than_pyhfs_on_many_models(
    workspace: dict[str, Any], mu: float | None
) -> None:
    assert_no_worse_than_pyhf(workspace, {} if mu is None else {"mu": mu})
