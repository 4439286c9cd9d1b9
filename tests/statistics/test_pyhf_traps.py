"""Traps of pyhf 0.7.6 that exonu steps around: if one of these fails, pyhf has changed: code and
docs should follow."""

from __future__ import annotations

import inspect

import numpy as np
import pyhf
import pytest
from pyhf.optimize.mixins import OptimizerMixin

from exonu.statistics import compile_workspace, upper_limit
from exonu.statistics.examples import modifier, sample, two_bins_workspace, workspace_of


def test_level_of_upper_limit_without_scan_is_ignored() -> None:
    """`upper_limit(..., level=0.1)` gives the 95 % limit: we call nothing but `toms748_scan`, and
    compare with that."""
    workspace = pyhf.Workspace(two_bins_workspace())
    model = workspace.model()
    data = workspace.data(model)
    silent, _ = pyhf.infer.intervals.upper_limits.upper_limit(data, model, level=0.1)
    at_95 = upper_limit(compile_workspace(two_bins_workspace()), confidence_level=0.95).observed
    at_90 = upper_limit(compile_workspace(two_bins_workspace()), confidence_level=0.90).observed
    assert float(silent) == pytest.approx(at_95, rel=1e-3)
    assert abs(float(silent) - at_90) > 0.1


def test_same_normfactor_twice_is_accepted_and_counted_once() -> None:
    twice = sample("signal", [10.0], modifier("mu", "normfactor"), modifier("mu", "normfactor"))
    workspace = workspace_of(
        [{"name": "c", "samples": [twice, sample("b", [50.0])]}], {"c": [50.0]}
    )
    model = pyhf.Workspace(workspace).model()
    assert model.expected_data([3.0], include_auxdata=False)[0] == pytest.approx(
        80.0
    )  # not 50 + 9·10


def test_staterror_with_negative_sum_is_frozen() -> None:
    negative = sample("i", [-5.0, 5.0], modifier("mc", "staterror", [1.0, 1.0]))
    background = sample("b", [50.0, 50.0])
    signal = sample("s", [1.0, 1.0], modifier("mu", "normfactor"))
    workspace = workspace_of(
        [{"name": "c", "samples": [signal, negative, background]}], {"c": [50.0, 50.0]}
    )
    assert pyhf.Workspace(workspace).model().config.suggested_fixed() == [False, True, False]


def test_negative_rates_give_nan() -> None:
    signal = sample("s", [-1.0], modifier("mu", "normfactor"))
    workspace = workspace_of([{"name": "c", "samples": [signal, sample("b", [5.0])]}], {"c": [5.0]})
    wrapped = pyhf.Workspace(workspace)
    model = wrapped.model()
    with np.errstate(invalid="ignore"):
        assert np.isnan(model.logpdf([8.0], wrapped.data(model))[0])


def test_default_interpolation_codes() -> None:
    """The JSON does not record them; the engine and every record of ours rely on these."""
    settings = pyhf.Workspace(two_bins_workspace()).model().config.modifier_settings
    assert settings == {"normsys": {"interpcode": "code4"}, "histosys": {"interpcode": "code4p"}}


def test_toy_hypotest_runs_with_this_numpy() -> None:
    """pyhf's toys raise TypeError with numpy ≥ 2.4, which pyproject excludes."""
    assert tuple(int(x) for x in np.__version__.split(".")[:2]) < (2, 4)
    workspace = pyhf.Workspace(two_bins_workspace())
    model = workspace.model()
    np.random.seed(1)  # noqa: NPY002 - pyhf draws from the global generator
    value = pyhf.infer.hypotest(
        1.0, workspace.data(model), model, calctype="toybased", ntoys=20, track_progress=False
    )
    assert 0.0 <= float(value) <= 1.0


def test_optimizer_interface() -> None:
    """The arguments that the plug-in overrides."""
    names = list(inspect.signature(OptimizerMixin.minimize).parameters)
    assert names == [
        *(
            "self",
            "objective",
            "data",
            "pdf",
            "init_pars",
            "par_bounds",
            "fixed_vals",
            "return_fitted_val",
        ),
        *(
            "return_result_obj",
            "return_uncertainties",
            "return_correlations",
            "do_grad",
            "do_stitch",
            "kwargs",
        ),
    ]


def test_order_of_modifier_types() -> None:
    """Our parameters follow pyhf's order of registration."""
    from exonu.statistics.workspaces.workspace_reading import MODIFIER_TYPES

    assert tuple(pyhf.modifiers.histfactory_set) == MODIFIER_TYPES
