"""Compiled kernels give what their Python gives; nothing heavy is imported; bounds are respected."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from exonu.statistics import compile_workspace, fit, goodness_of_fit, upper_limit
from exonu.statistics.engine import likelihood, minimiser
from exonu.statistics.engine.backend import effort, one_limit
from exonu.statistics.engine.flat import SQUARE
from exonu.statistics.examples import modifier, recoil_workspace, sample, two_bins, workspace_of

SCRIPT = """
import json, sys
sys.path.insert(0, {tests!r})
import numpy as np
from exonu.statistics import compile_workspace, fit, toy_cls, upper_limit
import numba
from exonu.statistics.examples import recoil_workspace
from test_published_cls import shapefactor, two_channels
from test_quadratic import STRONG, compiled
models = [compile_workspace(recoil_workspace(bins=3, backgrounds=2, nuisances=2, staterror=s)) for s in (True, False)]
models += [compile_workspace(two_channels()), compile_workspace(shapefactor()), compiled(*STRONG)]
out = {{"compiled": not numba.config.DISABLE_JIT, "numbers": []}}
for model in models:
    limit, result = upper_limit(model), fit(model, fixed={{"mu": 0.3}})
    out["numbers"] += [limit.observed, *limit.expected, *limit.interval, *limit.crossings, limit.best_fit.nll]
    out["numbers"] += [result.nll, *result.parameters, *np.diag(result.covariance)]
toys = toy_cls(models[2], 0.8, n_toys=5, seed=3, chunk_size=5)
out["numbers"] += [*toys.signal.q, *toys.background.q]
print(json.dumps(out))
"""


def run(code: str, **environment: str) -> str:
    variables = os.environ | {"OPENBLAS_NUM_THREADS": "1"} | environment
    done = subprocess.run(
        [sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_kernels_give_the_same_results_uncompiled() -> None:
    tests = os.path.dirname(__file__)  # noqa: PTH120
    compiled, plain = (
        json.loads(run(SCRIPT.format(tests=tests), NUMBA_DISABLE_JIT=switch)) for switch in "01"
    )
    assert compiled["compiled"]
    assert not plain["compiled"]
    np.testing.assert_allclose(plain["numbers"], compiled["numbers"], rtol=1e-7, atol=1e-9)


def test_import_is_light() -> None:
    code = """
import sys, exonu.statistics
heavy = {"numba", "pyhf", "pandas", "matplotlib", "scipy"} & set(sys.modules)
assert not heavy, heavy
from exonu.statistics import compile_workspace, upper_limit
heavy = {"numba", "pyhf", "pandas", "matplotlib"} & set(sys.modules)
assert not heavy, heavy
"""
    run(code)


def test_unknown_name() -> None:
    import exonu.statistics

    with pytest.raises(AttributeError, match="has no attribute 'limit_of_everything'"):
        exonu.statistics.limit_of_everything  # noqa: B018


def test_parameters_stop_at_their_bounds() -> None:
    """α at -5 and a factor at 0: the constrained minimum, with the gradient pushing outwards."""
    shift = {"lo_data": [99.0], "hi_data": [101.0]}
    weak = sample(
        "b", [100.0], modifier("weak", "histosys", shift), modifier("scale", "normfactor")
    )
    control = sample(
        "b", [1000.0], modifier("weak", "histosys", {"lo_data": [950.0], "hi_data": [1050.0]})
    )
    signal = sample("signal", [10.0], modifier("mu", "normfactor"))
    channels = [{"name": "a", "samples": [signal, weak]}, {"name": "z", "samples": [control]}]
    model = compile_workspace(workspace_of(channels, {"a": [0.0], "z": [300.0]}))
    result = fit(model)
    assert result.converged
    assert result.values["weak"] == -5.0
    assert result.values["scale"] == 0.0
    assert set(result.at_bound) == {"weak", "scale", "mu"}
    gradient = dict(
        zip((model.parameters[p] for p in model.flat.dense), result.minimum.gradient, strict=True)
    )
    assert all(gradient[name] > 0.0 for name in ("weak", "scale", "mu"))


def test_bin_wise_factor_stops_at_its_bound() -> None:
    """A staterror γ bounded above in the measurement."""
    samples = [
        sample("signal", [1.0], modifier("mu", "normfactor")),
        sample("b", [100.0], modifier("mc", "staterror", [50.0])),
    ]
    bounded = {"mc": {"bounds": [[0.5, 1.2]]}, "mu": {"bounds": [[0.0, 1.0]]}}
    model = compile_workspace(
        workspace_of([{"name": "c", "samples": samples}], {"c": [180.0]}, **bounded)
    )
    result = fit(model)
    assert result.values["mc[0]"] == 1.2
    assert result.values["mu"] == 1.0
    assert result.converged


def test_settings_of_the_measurement_are_respected() -> None:
    settings = {
        "rate_1": {"fixed": True, "inits": [0.7]},
        "rate_3": {"auxdata": [0.4], "bounds": [[-0.5, 0.5]]},
        "mu": {"bounds": [[0.0, 3.0]], "inits": [0.5]},
    }
    base = recoil_workspace(bins=6, backgrounds=2, nuisances=4, staterror=False)
    base["measurements"][0]["config"]["parameters"] = [
        {"name": name, **values} for name, values in settings.items()
    ]
    model = compile_workspace(base)
    result = fit(model)
    assert result.values["rate_1"] == 0.7
    assert result.errors["rate_1"] == 0.0
    assert -0.5 <= result.values["rate_3"] <= 0.5
    assert model.flat.upper[model.poi_index] == 3.0
    assert model.auxiliary[model.constrained.index("rate_3")] == 0.4


def test_failed_fit_is_a_reported_fact() -> None:
    """μ held where the model gives no events at all in a bin that has some."""
    samples = [sample("signal", [5.0], modifier("mu", "normfactor")), sample("b", [0.0])]
    model = compile_workspace(workspace_of([{"name": "c", "samples": samples}], {"c": [3.0]}))
    result = fit(model, fixed={"mu": 0.0})
    assert not result.converged
    assert result.message == "data impossible for these parameters"
    assert result.nll == np.inf


def test_undetermined_parameters_have_no_error() -> None:
    scale = modifier("scale", "normfactor")
    signal = sample("signal", [5.0], modifier("mu", "normfactor"))
    samples = [
        signal,
        sample("b", [20.0], scale),
        sample("c", [10.0], modifier("other", "normfactor")),
    ]
    model = compile_workspace(workspace_of([{"name": "c", "samples": samples}], {"c": [33.0]}))
    result = fit(model)
    assert result.converged
    assert model.expected(result.parameters)[0] == pytest.approx(33.0, rel=1e-6)
    assert goodness_of_fit(model).statistic == pytest.approx(0.0, abs=1e-9)
    assert all(np.isnan(error) or error > 1.0 for error in result.errors.values())


LOADED = """
import sys, numpy as np
from exonu.statistics import compile_workspace, upper_limit
from exonu.statistics.engine.backend import one_limit
from exonu.statistics.examples import recoil_workspace
big = len(sys.argv) > 1
model = compile_workspace(recoil_workspace(bins=40, backgrounds=6, nuisances=40 if big else 4))
with one_limit():
    upper_limit(model) if not big else model.expected()
print(*sys.modules)
"""


def loaded(*arguments: str) -> set[str]:
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", LOADED, *arguments],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (0, "")
    return set(ended.stdout.split())


def test_one_limit_of_a_small_model_compiles_nothing() -> None:
    """Neither numba nor scipy is imported; a large model is worth it."""
    assert not loaded() & {"numba", "llvmlite", "scipy"}
    assert "numba" in loaded("big")


@pytest.mark.parametrize("staterror", [False, True])
def test_one_limit_in_python_is_the_compiled_one(staterror: bool, monkeypatch) -> None:
    base = recoil_workspace(bins=12, backgrounds=2, nuisances=3, staterror=staterror)
    model = compile_workspace(base)
    compiled = upper_limit(model)
    for kernel in (minimiser.newton, likelihood.evaluate, likelihood.expected_events):
        monkeypatch.setattr(kernel, "compiled", None)
    with one_limit():
        plain = upper_limit(model)
    for name in ("observed", "expected", "interval"):
        np.testing.assert_allclose(getattr(plain, name), getattr(compiled, name), rtol=1e-9)
    assert plain.best_fit.nll == pytest.approx(compiled.best_fit.nll, rel=1e-12)
    with pytest.raises(TypeError, match="NoneType"):  # the block has ended
        model.expected()


def test_interference_is_more_work() -> None:
    plain = two_bins().flat
    squared = plain._replace(factor_kind=np.full_like(plain.factor_kind, SQUARE))
    assert effort(squared) == 8 * effort(plain)
