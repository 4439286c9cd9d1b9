"""Workspaces that went wrong without a word: each a kind, as public bug reports and tries with
foreign files showed them."""

from __future__ import annotations

import copy
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyhf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exonu.core.errors import InputError
from exonu.core.files import read_json
from exonu.search.limit_records import read_model
from exonu.statistics import (
    bayes_limit,
    compile_workspace,
    delta_chi2_limit,
    fit,
    two_sided_interval,
    upper_limit,
)
from exonu.statistics.examples import modifier, sample, two_bins_workspace, workspace_of

Json = dict[str, Any]


def one_channel(
    signal: list[float],
    background: list[float],
    observed: list[float],
    *,
    on_signal: tuple[Json, ...] = (),
    on_background: tuple[Json, ...] = (),
    **parameters: Any,
) -> Json:
    samples = [
        sample("signal", signal, modifier("mu", "normfactor"), *on_signal),
        sample("background", background, *on_background),
    ]
    return workspace_of([{"name": "c", "samples": samples}], {"c": observed}, **parameters)


def two_factors() -> Json:
    """pyhf's issue 2558: two normalisations of one sample, of which one can undo the other."""
    free = modifier("mu2", "normfactor")
    return one_channel([5.0, 10.0], [45.0, 50.0], [50.0, 60.0], on_signal=(free,))


def vanishing() -> Json:
    """A shape systematic that takes the whole signal away at one standard deviation."""
    shape = modifier("s", "histosys", {"lo_data": [0.0, 0.0], "hi_data": [10.0, 12.0]})
    rate = modifier("n", "normsys", {"lo": 0.9, "hi": 1.1})
    return one_channel(
        [5.0, 6.0], [50.0, 60.0], [52.0, 57.0], on_signal=(shape,), on_background=(rate,)
    )


@pytest.mark.parametrize("make", [two_factors, vanishing])
def test_a_likelihood_that_levels_off_has_no_end_and_says_so_at_once(make: Any) -> None:
    model = compile_workspace(make())
    upper_limit(model)  # compiled
    before = time.process_time()
    limit = upper_limit(model)
    assert time.process_time() - before < 1.0  # 6 to 10 s before
    assert limit.observed == np.inf
    assert limit.interval[1] == np.inf
    assert np.isinf(limit.expected[1:]).all()
    assert limit.crossings == ()
    assert limit.record["failed_fits"] == 0
    assert any("levels off towards large mu" in note for note in limit.record["notes"])
    assert not any("bound of mu" in note for note in limit.record["notes"])
    assert delta_chi2_limit(model).value == np.inf
    assert bayes_limit(model).value == np.inf
    assert two_sided_interval(model).high == np.inf


def test_a_band_below_the_level_stays_finite() -> None:
    """-2 ln L of the Asimov data rises to 1 at most: the -2σ band needs √q_A = 0.64, the others
    more."""
    limit = upper_limit(compile_workspace(vanishing()))
    assert limit.expected[0] == pytest.approx(2.1414, rel=1e-4)


@settings(max_examples=15, deadline=None)
@given(st.floats(1e-6, 1e6), st.floats(0.02, 0.4))
def test_a_signal_that_nothing_hides_has_a_limit_on_any_scale(events: float, size: float) -> None:
    uncertainty = modifier("s", "normsys", {"lo": 1.0 - size, "hi": 1.0 + size})
    spec = one_channel([events, 2.0 * events], [50.0, 60.0], [52.0, 57.0], on_signal=(uncertainty,))
    limit = upper_limit(compile_workspace(spec))
    assert np.isfinite([limit.observed, *limit.expected, limit.interval[1]]).all()


def systematic_as_parameter_of_interest() -> Json:
    """Its bounds, -5 to 5, allow a best fit below zero."""
    scale = modifier("q", "normsys", {"lo": 0.5, "hi": 1.5})
    samples = [sample("s", [5.0, 1.0], scale), sample("bkg", [5.0, 3.0])]
    spec = workspace_of([{"name": "a", "samples": samples}], {"a": [7.0, 3.0]})
    spec["measurements"][0]["config"]["poi"] = "q"
    return spec


def test_q_tilde_keeps_the_best_fit_at_zero_where_bounds_allow_less() -> None:
    """arXiv:1007.1727, eq. 16: q̃ compares with L(0) where μ̂ < 0. pyhf's own q̃ with the lower bound
    at zero is the oracle."""
    spec = systematic_as_parameter_of_interest()
    model = compile_workspace(spec)
    limit = upper_limit(model)
    assert limit.observed == pytest.approx(1.0344, abs=1e-4)
    assert limit.expected[2] == pytest.approx(1.28347, abs=1e-5)
    workspace = pyhf.Workspace(spec)
    oracle = workspace.model()
    bounds = oracle.config.suggested_bounds()
    bounds[oracle.config.poi_index] = (0.0, 5.0)
    observed, expected = pyhf.infer.hypotest(
        limit.observed,
        workspace.data(oracle),
        oracle,
        par_bounds=bounds,
        return_expected_set=True,
    )
    assert float(observed) == pytest.approx(0.1, abs=2e-4)
    _, at_median = pyhf.infer.hypotest(
        limit.expected[2], workspace.data(oracle), oracle, par_bounds=bounds, return_expected=True
    )
    assert float(at_median) == pytest.approx(0.1, abs=2e-4)
    assert len(expected) == 5


def test_best_fit_and_plain_interval_keep_the_measurements_bounds() -> None:
    model = compile_workspace(systematic_as_parameter_of_interest())
    limit = upper_limit(model)
    free = fit(model)
    assert limit.best_fit.values["q"] == pytest.approx(free.values["q"], abs=1e-9)
    assert free.values["q"] < 0.0
    assert limit.interval[0] < free.values["q"]


def test_a_fixed_parameter_of_interest_is_refused() -> None:
    spec = one_channel([5.0, 6.0], [50.0, 60.0], [52.0, 57.0], mu={"fixed": True})
    with pytest.raises(InputError, match="parameter of interest mu is fixed"):
        upper_limit(compile_workspace(spec))


@pytest.mark.parametrize("counts", [1e6, 1e9, 1e11])
def test_rounding_at_large_counts_makes_no_second_minimum(counts: float) -> None:
    """pyhf's issue 2232: with 1e9 events the plain form of the likelihood rounds at 1e-7."""
    rate = modifier("n", "normsys", {"lo": 0.99, "hi": 1.01})
    spec = one_channel(
        [1e-3 * counts, 2e-3 * counts],
        [counts, 2.0 * counts],
        [counts * (1.0 + 1e-5), 2.0 * counts * (1.0 + 1e-5)],
        on_background=(rate,),
    )
    limit = upper_limit(compile_workspace(spec))
    assert limit.record["notes"] == []
    assert limit.observed == pytest.approx(16.4, abs=0.05)


def test_a_signal_without_events_is_said() -> None:
    limit = upper_limit(compile_workspace(one_channel([0.0, 0.0], [50.0, 60.0], [52.0, 61.0])))
    assert np.isnan(limit.observed)
    assert limit.record["notes"] == ["the signal is zero in every bin: no limit exists"]


def test_of_several_measurements_one_is_named() -> None:
    spec = two_bins_workspace()
    other = copy.deepcopy(spec["measurements"][0])
    other["name"] = "other"
    other["config"]["parameters"] = [{"name": "mu", "bounds": [[0.0, 0.5]], "inits": [0.1]}]
    spec["measurements"].append(other)
    with pytest.raises(InputError, match=r"several measurements \(search, other\).*--measurement"):
        compile_workspace(spec)
    assert upper_limit(compile_workspace(spec, "other")).observed == np.inf


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    file = folder / "workspace.json"
    file.write_text(text, encoding=encoding)
    return file


def test_another_version_of_the_form_is_refused(tmp_path: Path) -> None:
    for version in ("2.0.0", None):
        spec = two_bins_workspace() | {"version": version}
        with pytest.raises(InputError, match=r"version: is not of version 1\.0\.0"):
            read_model(written(tmp_path, json.dumps(spec)))


def test_a_key_twice_is_refused(tmp_path: Path) -> None:
    text = json.dumps(two_bins_workspace())
    twice = text.replace('"data": [50.0, 52.0]', '"data": [50.0, 52.0], "data": [20.0, 20.0]')
    with pytest.raises(InputError, match="the key 'data' occurs twice in one object"):
        read_model(written(tmp_path, twice))


def test_a_byte_order_mark_is_read_over(tmp_path: Path) -> None:
    file = written(tmp_path, json.dumps(two_bins_workspace()), "utf-8-sig")
    assert read_json(file) == two_bins_workspace()
    assert read_model(file)[0].poi == "mu"
