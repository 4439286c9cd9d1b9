"""The pyhf optimizer plug-in: pyhf's interface, its own uncertainties, and a loud fallback."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyhf
import pytest
from scipy.optimize import OptimizeWarning

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


CODES = [
    {"normsys": {"interpcode": norm}, "histosys": {"interpcode": histo}}
    for norm in ("code1", "code4")
    for histo in ("code0", "code2", "code4p")
]
NAMES = [f"{one['normsys']['interpcode']}-{one['histosys']['interpcode']}" for one in CODES]


@pytest.mark.parametrize(
    "codes", [*CODES, {"normsys": {"interpcode": "code1"}}], ids=[*NAMES, "code1-none"]
)
def test_all_interpolation_codes_are_fitted_here(
    optimizer: NewtonOptimizer, codes: dict[str, Any]
) -> None:
    """Never a worse minimum than SLSQP's, at the value that pyhf gives for it, without a fallback;
    `histosys: None` is pyhf's code0."""
    wrapped = pyhf.Workspace(recoil_workspace(bins=6, backgrounds=2, nuisances=4, staterror=False))
    model = wrapped.model(modifier_settings=codes)
    data = np.array(wrapped.data(model))
    rng = np.random.default_rng(5)
    for _ in range(6):
        data[: model.config.nmaindata] = rng.poisson(
            model.expected_data(model.config.suggested_init(), include_auxdata=False)
        )
        pars, ours = pyhf.infer.mle.fit(data, model, return_fitted_val=True)
        assert float(ours) == pytest.approx(-2.0 * float(model.logpdf(pars, data)[0]), abs=1e-7)
        pyhf.set_backend("numpy")
        try:
            _, theirs = pyhf.infer.mle.fit(data, model, return_fitted_val=True)
        except pyhf.exceptions.FailedMinimization:
            continue
        finally:
            pyhf.set_backend("numpy", optimizer)
        assert float(ours) <= float(theirs) + 1e-6
    assert optimizer.fits == 6


def test_options_are_those_of_pyhf(optimizer: NewtonOptimizer, workspace: pyhf.Workspace) -> None:
    model = workspace.model()
    data = workspace.data(model)
    with pytest.raises(pyhf.exceptions.Unsupported, match=r"options.*\['speed'\]"):
        pyhf.infer.mle.fit(data, model, speed=11)
    with pytest.raises(pyhf.exceptions.Unsupported, match=r"kwargs.*\['speed'\]"):
        NewtonOptimizer(speed=11)
    with pytest.warns(OptimizeWarning, match="Unknown solver options: arbitrary_option"):
        pyhf.infer.mle.fit(data, model, solver_options={"arbitrary_option": "foobar"})
    pars = pyhf.infer.mle.fit(data, model, maxiter=7, tolerance=1e-9, method="newton")
    assert optimizer.fits == 2
    with pytest.warns(NotSupported, match="the method 'SLSQP' is asked for"):
        theirs = pyhf.infer.mle.fit(data, model, method="SLSQP")
    assert optimizer.fits == 2
    np.testing.assert_allclose(pars, theirs, atol=5e-3)
