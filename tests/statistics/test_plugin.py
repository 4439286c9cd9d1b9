"""The pyhf optimizer plug-in: pyhf's interface, its own uncertainties, and a loud fallback."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyhf
import pytest

from exonu.statistics import NewtonOptimizer, cls, compile_workspace
from exonu.statistics.examples import modifier, recoil_workspace, sample, workspace_of
from exonu.statistics.plugin import NotSupported


@pytest.fixture
def optimizer() -> Iterator[NewtonOptimizer]:
    newton = NewtonOptimizer()
    pyhf.set_backend("numpy", newton)
    yield newton
    pyhf.set_backend("numpy")


@pytest.fixture(scope="module")
def workspace() -> pyhf.Workspace:
    return pyhf.Workspace(recoil_workspace(bins=10, backgrounds=2, nuisances=4))


def test_returns_what_pyhf_returns(optimizer: NewtonOptimizer, workspace: pyhf.Workspace) -> None:
    model = workspace.model()
    data = workspace.data(model)
    pars, twice, result = pyhf.infer.mle.fit(
        data, model, return_fitted_val=True, return_result_obj=True
    )
    assert pars.shape == (model.config.npars,)
    assert float(twice) == pytest.approx(-2.0 * float(model.logpdf(pars, data)[0]), abs=1e-8)
    assert result.success
    assert optimizer.fits == 1
    both, correlation, value = pyhf.infer.mle.fit(
        data, model, return_uncertainties=True, return_correlations=True, return_fitted_val=True
    )
    assert both.shape == (model.config.npars, 2)
    assert correlation.shape == (model.config.npars,) * 2
    assert float(value) == pytest.approx(float(twice), abs=1e-12)


def test_uncertainties_are_minuits(workspace: pyhf.Workspace) -> None:
    pytest.importorskip("iminuit")
    model = workspace.model()
    data = model.expected_data(
        np.array(model.config.suggested_init())
    )  # μ = 1, away from its bounds
    found = []
    for optimizer in (NewtonOptimizer(), pyhf.optimize.minuit_optimizer(tolerance=1e-3)):
        pyhf.set_backend("numpy", optimizer)
        try:
            found.append(pyhf.infer.mle.fit(data, model, return_uncertainties=True))
        finally:
            pyhf.set_backend("numpy")
    np.testing.assert_allclose(found[0][:, 0], found[1][:, 0], atol=5e-3)
    np.testing.assert_allclose(found[0][:, 1], found[1][:, 1], rtol=0.02)


def test_hypotest_is_our_cls(optimizer: NewtonOptimizer, workspace: pyhf.Workspace) -> None:
    model = workspace.model()
    observed, expected = pyhf.infer.hypotest(
        0.7, workspace.data(model), model, return_expected_set=True
    )
    ours, bands = cls(compile_workspace(dict(workspace)), 0.7)
    assert float(observed) == pytest.approx(ours, rel=1e-7)
    np.testing.assert_allclose(np.array(expected, dtype=float), bands, rtol=1e-7)


def test_given_bounds_and_fixed_parameters_hold(
    optimizer: NewtonOptimizer, workspace: pyhf.Workspace
) -> None:
    model = workspace.model()
    data = np.array(workspace.data(model))
    data[: model.config.nmaindata] *= 2.0
    bounds, fixed = model.config.suggested_bounds(), model.config.suggested_fixed()
    bounds[model.config.poi_index] = (0.0, 0.25)
    init = model.config.suggested_init()
    init[model.config.poi_index] = 0.1
    held = model.config.par_names.index("rate_1")
    init[held], fixed[held] = 0.5, True
    pars = pyhf.infer.mle.fit(data, model, init_pars=init, par_bounds=bounds, fixed_params=fixed)
    assert pars[model.config.poi_index] == 0.25
    assert pars[held] == 0.5


def unsupported_code() -> tuple[Any, list[float]]:
    settings = {"normsys": {"interpcode": "code1"}, "histosys": {"interpcode": "code0"}}
    wrapped = pyhf.Workspace(recoil_workspace(bins=3, backgrounds=1, nuisances=2, staterror=False))
    model = wrapped.model(modifier_settings=settings)
    return model, wrapped.data(model)


def clipped() -> tuple[Any, list[float]]:
    wrapped = pyhf.Workspace(recoil_workspace(bins=3, backgrounds=1, nuisances=2, staterror=False))
    model = wrapped.model(clip_bin_data=1e-6)
    return model, wrapped.data(model)


def twice_on_a_sample() -> tuple[Any, list[float]]:
    signal = sample("signal", [5.0], modifier("mu", "normfactor"), modifier("mu", "normfactor"))
    wrapped = pyhf.Workspace(
        workspace_of([{"name": "c", "samples": [signal, sample("b", [9.0])]}], {"c": [9.0]})
    )
    model = wrapped.model()
    return model, wrapped.data(model)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (unsupported_code, "interpolation codes .*code1"),
        (clipped, "the model clips its expected data"),
        (twice_on_a_sample, "the same normfactor occurs twice"),
    ],
)
def test_falls_back_and_says_why(optimizer: NewtonOptimizer, make: Any, reason: str) -> None:
    model, data = make()
    with pytest.warns(NotSupported, match=f"{reason}.*scipy optimizer instead"):
        pars = pyhf.infer.mle.fit(data, model)
    assert optimizer.fits == 0
    pyhf.set_backend("numpy")
    np.testing.assert_allclose(pars, pyhf.infer.mle.fit(data, model), rtol=1e-9)


def test_other_objectives_fall_back(optimizer: NewtonOptimizer, workspace: pyhf.Workspace) -> None:
    model = workspace.model()

    def objective(pars: Any, data: Any, pdf: Any) -> Any:
        return pyhf.infer.mle.twice_nll(pars, data, pdf)

    init, bounds = model.config.suggested_init(), model.config.suggested_bounds()
    with pytest.warns(NotSupported, match="the objective is not pyhf's twice_nll"):
        optimizer.minimize(
            objective,
            workspace.data(model),
            model,
            init,
            bounds,
            [(i, x) for i, x in enumerate(init) if i],
        )


def test_model_without_parameter_of_interest_falls_back(optimizer: NewtonOptimizer) -> None:
    wrapped = pyhf.Workspace(recoil_workspace(bins=2, backgrounds=1, nuisances=2, staterror=False))
    model = wrapped.model(poi_name=None)
    with pytest.warns(NotSupported, match="no parameter of interest"):
        pyhf.infer.mle.fit(wrapped.data(model), model)
