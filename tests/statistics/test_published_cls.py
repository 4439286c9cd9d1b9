"""CLs that pyhf publishes for its own models, reproduced by our engine.

Source: pyhf's validation tests and data (github.com/scikit-hep/pyhf, tests/test_validation.py,
    validation/data) and the
docstring of `pyhf.infer.calculators` (0.7.6). Those whose numbers depend on the interpolation code
of an older default are compared with pyhf itself below."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyhf
import pytest

from exonu.statistics import cls, compile_workspace, fit
from exonu.statistics.examples import modifier, sample, two_bins_workspace, workspace_of

MU = modifier("mu", "normfactor")


def channel(name: str, *samples: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "samples": list(samples)}


def one_bin_shapesys() -> dict[str, Any]:
    background = sample("background", [50.0], modifier("uncertainty", "shapesys", [7.0]))
    return workspace_of([channel("c", sample("signal", [10.0], MU), background)], {"c": [55.0]})


def one_bin_lumi() -> dict[str, Any]:
    samples = [sample("signal", [20.0], MU)]
    samples += [
        sample(name, [x], modifier("lumi", "lumi"))
        for name, x in (("first", 100.0), ("second", 0.0))
    ]
    lumi = {"auxdata": [1.0], "bounds": [[0.0, 10.0]], "inits": [1.0], "sigmas": [0.1]}
    return workspace_of([channel("c", *samples)], {"c": [55.0]}, lumi=lumi)


def two_channels() -> dict[str, Any]:
    signal = channel(
        "signal",
        sample("signal", [10.0, 35.0], MU),
        sample("background", [100.0, 150.0], modifier("s", "shapesys", [10.0, 10.0])),
    )
    control = channel(
        "control", sample("background", [200.0, 350.0], modifier("c", "shapesys", [5.0, 10.0]))
    )
    return workspace_of([signal, control], {"signal": [110.0, 155.0], "control": [205.0, 345.0]})


def shapefactor() -> dict[str, Any]:
    shared = modifier("shape", "shapefactor")
    signal = channel(
        "signal", sample("signal", [20.0, 20.0], MU), sample("background", [100.0, 70.0], shared)
    )
    control = channel("control", sample("background", [100.0, 100.0], shared))
    return workspace_of([signal, control], {"signal": [220.0, 230.0], "control": [200.0, 300.0]})


def frozen_shapesys() -> dict[str, Any]:
    background = sample("background", [100.0, 10.0], modifier("syst", "shapesys", [10.0, 0.0]))
    return workspace_of(
        [channel("c", sample("signal", [20.0, 10.0], MU), background)], {"c": [100.0, 10.0]}
    )


PUBLISHED = [
    (
        one_bin_shapesys,
        0.4541865416107029,
        [
            0.06371799398864626,
            0.15096503398048894,
            0.3279606950533305,
            0.6046087303039118,
            0.8662627605298466,
        ],
        1e-5,
    ),
    (one_bin_lumi, None, [0.01060338, 0.04022273, 0.13614217, 0.37078321, 0.71104119], 2e-5),
    (
        two_channels,
        0.056332621064982304,
        [
            0.00043491354821983556,
            0.0034223000502860606,
            0.02337423265831151,
            0.1218654225510158,
            0.40382074249477845,
        ],
        1e-5,
    ),
    (
        shapefactor,
        0.5421679124909312,
        [
            0.013753299929451691,
            0.048887400056355966,
            0.15555296253957684,
            0.4007561343326305,
            0.7357169630955912,
        ],
        1e-5,
    ),
    (
        two_bins_workspace,
        0.05251497,
        [0.00260626, 0.01382005, 0.06445321, 0.23525644, 0.57303621],
        1e-4,  # SLSQP's noise: with the engine's minima pyhf gives 0.0525155
    ),
    (
        frozen_shapesys,  # computed with ROOT
        0.004360634405484502,
        [
            2.702197937866914e-05,
            0.00037099917612576155,
            0.004360634386335687,
            0.03815031509701916,
            0.20203027564155074,
        ],
        1e-5,
    ),
]


@pytest.mark.parametrize(
    ("make", "observed", "expected", "tolerance"), PUBLISHED, ids=[c[0].__name__ for c in PUBLISHED]
)
def test_published_cls(
    make: Any, observed: float | None, expected: list[float], tolerance: float
) -> None:
    got, bands = cls(compile_workspace(make()), 1.0)
    if observed is not None:  # the lumi model's was computed with another test statistic, q_mu
        assert got == pytest.approx(observed, rel=tolerance)
    np.testing.assert_allclose(bands, expected, rtol=tolerance)


def normsys() -> dict[str, Any]:
    background = sample(
        "background", [100.0, 150.0], modifier("rate", "normsys", {"lo": 0.9, "hi": 1.1})
    )
    return workspace_of(
        [channel("c", sample("signal", [30.0, 95.0], MU), background)], {"c": [120.0, 180.0]}
    )


def histosys() -> dict[str, Any]:
    shift = {"lo_data": [98.0, 100.0], "hi_data": [102.0, 190.0]}
    background = sample("background", [100.0, 150.0], modifier("shape", "histosys", shift))
    return workspace_of(
        [channel("c", sample("signal", [30.0, 95.0], MU), background)], {"c": [120.0, 180.0]}
    )


def coupled_normsys() -> dict[str, Any]:
    narrow, wide = (modifier("rate", "normsys", {"lo": 1.0 - x, "hi": 1.0 + x}) for x in (0.1, 0.5))
    backgrounds = sample("first", [100.0, 100.0], narrow), sample("second", [50.0, 100.0], wide)
    signal = channel("signal", sample("signal", [10.0, 35.0], MU), *backgrounds)
    control = channel("control", sample("first", [100.0, 100.0], narrow))
    return workspace_of([signal, control], {"signal": [105.0, 220.0], "control": [110.0, 105.0]})


def coupled_histosys() -> dict[str, Any]:
    def shape(down: list[float], up: list[float]) -> dict[str, Any]:
        return modifier("shape", "histosys", {"lo_data": down, "hi_data": up})

    first = sample("first", [100.0, 100.0], shape([90.0, 90.0], [110.0, 110.0]))
    second = sample("second", [50.0, 120.0], shape([45.0, 45.0], [55.0, 55.0]))
    signal = channel("signal", sample("signal", [30.0, 35.0], MU), first, second)
    control = channel(
        "control", sample("first", [105.0, 100.0], shape([95.0, 90.0], [110.0, 115.0]))
    )
    return workspace_of([signal, control], {"signal": [170.0, 220.0], "control": [110.0, 105.0]})


@pytest.mark.parametrize("make", [normsys, histosys, coupled_normsys])
def test_validation_models_with_interpolation_agree_with_pyhf(make: Any) -> None:
    workspace = pyhf.Workspace(make())
    oracle = workspace.model()
    observed, expected = pyhf.infer.hypotest(
        1.0, workspace.data(oracle), oracle, return_expected_set=True
    )
    got, bands = cls(compile_workspace(make()), 1.0)
    assert got == pytest.approx(float(observed), rel=1e-4)
    np.testing.assert_allclose(bands, expected, rtol=1e-3, atol=1e-7)


def test_model_where_pyhf_stops_in_the_worse_of_two_minima() -> None:
    """The shape of `second` falls both ways, so the likelihood has a minimum on either side.

    pyhf's free fit stops at mu = 0.636, ours at mu = 0.427 (a scan of both parameters finds the
    same); started there, pyhf agrees with us on the likelihood and on CLs."""
    workspace = pyhf.Workspace(coupled_histosys())
    oracle = workspace.model()
    data = workspace.data(oracle)
    ours = fit(compile_workspace(coupled_histosys()))
    _, default = pyhf.infer.mle.fit(data, oracle, return_fitted_val=True)
    assert ours.multimodal
    assert ours.nll < 0.5 * float(default) - 0.5
    scan = [
        ours.model.nll({"mu": mu, "shape": shape})
        for mu in np.linspace(0.0, 2.0, 81)
        for shape in np.linspace(-3, 3, 241)
    ]
    assert ours.nll <= min(scan)
    assert min(scan) == pytest.approx(ours.nll, abs=5e-3)
    there = ours.parameters.tolist()
    _, twice = pyhf.infer.mle.fit(data, oracle, init_pars=there, return_fitted_val=True)
    assert 0.5 * float(twice) == pytest.approx(ours.nll, abs=1e-6)
