"""Injection: pulls of a known model, the released bound against pyhf, and bins that must not go
negative."""

import numpy as np
import pyhf
import pytest

from exonu.core.errors import InputError
from exonu.statistics import compile_workspace, inject, mean_and_width, recover, released
from exonu.statistics.engine import batch_pulls
from exonu.statistics.examples import modifier, sample, two_bins, two_bins_workspace, workspace_of


def gaussian_model():
    """So many events that Poisson is Gaussian: σ(μ̂) = √1e6 / 1e3 = 1 at μ = 0."""
    signal = sample("signal", [1e3], modifier("mu", "normfactor"))
    return compile_workspace(
        workspace_of(
            [{"name": "recoils", "samples": [signal, sample("background", [1e6])]}],
            {"recoils": [1e6]},
        )
    )


def sparse_model():
    """A bin with many events and little signal, and one with few events and much."""
    signal = sample("signal", [1.0, 2.0], modifier("mu", "normfactor"))
    background = sample(
        "background", [20.0, 0.5], modifier("rate", "normsys", {"hi": 1.3, "lo": 0.75})
    )
    return compile_workspace(
        workspace_of(
            [{"name": "recoils", "samples": [signal, background]}], {"recoils": [20.0, 0.0]}
        )
    )


def test_pulls_of_a_gaussian_are_standard_normal():
    """μ̂ = (N - b)/s exactly, so the pull is that of N: mean 0, width 1, within four of its
    errors."""
    without, signal = inject(gaussian_model(), [0.0, 3.0], 4000, 1, 1.0)
    for point in (without, signal):
        for pull in (point.pull, point.hessian_pull):
            found = mean_and_width(pull)
            assert abs(found["mean"]) < 4 / np.sqrt(4000)
            assert abs(found["width"] - 1) < 4 / np.sqrt(2 * 4000)
        assert (point.failed, point.at_limit.sum()) == (0, 0)
    assert abs(without.fraction_at_bound - 0.5) < 4 * 0.5 / np.sqrt(4000)
    assert without.coverage == 1.0
    assert np.allclose(without.sigma, 1.0, rtol=0.01)


def test_a_shift_of_the_model_shows_in_the_pull():
    """Toys of one model fitted with another: the pull moves by the shift in units of σ."""
    model, shifted = gaussian_model(), 1e6 + 500.0
    found = recover(model, [shifted], 0.0)
    assert found.best_fit == pytest.approx(0.5, abs=1e-6)
    assert found.pull == pytest.approx(0.5, rel=1e-3)
    assert (found.low, found.high) == pytest.approx((-0.5, 1.5), abs=2e-3)


@pytest.mark.parametrize("data", [[40.0, 45.0], [51.0, 48.0], [70.0, 80.0]])
def test_released_bound_equals_pyhf_with_other_bounds(data):
    """pyhf's own minimiser with μ from -10 to 10."""
    pyhf.set_backend("numpy", pyhf.optimize.minuit_optimizer(tolerance=1e-4))
    workspace = pyhf.Workspace(two_bins_workspace())
    model = workspace.model(poi_name="mu")
    bounds = model.config.suggested_bounds()
    bounds[model.config.poi_index] = (-3.0, 10.0)
    best, twice = pyhf.infer.mle.fit(
        data + model.config.auxdata, model, par_bounds=bounds, return_fitted_val=True
    )
    at_one = pyhf.infer.mle.fixed_poi_fit(
        1.0, data + model.config.auxdata, model, par_bounds=bounds, return_fitted_val=True
    )[1]
    pyhf.set_backend("numpy")
    ours = recover(two_bins(), data, 1.0)
    mu = best[model.config.poi_index]
    assert ours.best_fit == pytest.approx(mu, abs=1e-3)
    assert ours.pull == pytest.approx(np.sign(mu - 1.0) * np.sqrt(at_one - twice), abs=1e-3)


def test_the_kernel_gives_what_a_single_fit_gives():
    model = two_bins()
    wide = released(model, model.init)
    held, truth = model.fixed.copy(), model.theta({"mu": 1.0})
    data = np.array([model.data([40.0, 45.0]), model.data([70.0, 80.0])])
    rows = batch_pulls.pulls(wide.flat, data, truth[None].copy(), model.poi_index, held)
    for row, one in zip(rows, data, strict=True):
        single = recover(model, one, 1.0)
        assert row[batch_pulls.MU_HAT] == pytest.approx(single.best_fit, abs=1e-6)
        assert row[batch_pulls.SIGMA] == pytest.approx(single.sigma, rel=1e-5)
        assert np.sqrt(row[batch_pulls.TWICE_DELTA]) == pytest.approx(abs(single.pull), abs=1e-6)


def test_no_bin_is_left_with_less_than_no_events():
    """The second bin empties at μ = -0.25; without the rule the first bin's deficit would take μ
    far below."""
    model = sparse_model()
    wide = released(model, model.init)
    assert wide.flat.lower[model.poi_index] == pytest.approx(-0.25)
    held, truth = model.fixed.copy(), model.theta({"mu": 0.0})
    low = np.array([model.data([8.0, 0.0])])
    row = batch_pulls.pulls(wide.flat, low, truth[None].copy(), model.poi_index, held)[0]
    assert (row[batch_pulls.AT_LIMIT], row[batch_pulls.FAILED]) == (1.0, 0.0)
    single = recover(model, low[0], 0.0)
    assert single.converged
    assert single.low_at_bound
    assert model.expected(model.theta({"mu": single.best_fit})).min() > 0.0
    # Its bound is that of the background fitted to these data, not of the nominal one.
    assert row[batch_pulls.MU_HAT] == pytest.approx(single.best_fit, abs=2e-3)
    # The fit also lowers the background, so that the bin is empty nearer to zero.
    assert -0.25 < row[batch_pulls.MU_HAT] < 0.0
    (point,) = inject(model, [0.0], 300, 2, 1.0)
    assert point.best_fit.min() >= -0.25
    assert 0.0 < point.at_limit.mean() < 1.0
    assert point.failed == 0


def test_same_seed_same_toys():
    first, again, other = (inject(two_bins(), [1.0], 50, seed, 1.0)[0].pull for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_negative_strengths_and_no_toys_are_refused():
    with pytest.raises(InputError, match="true_values: must be >= 0"):
        inject(two_bins(), [-1.0], 10, 1, 1.0)
    with pytest.raises(InputError, match="n_toys: must be > 0"):
        inject(two_bins(), [1.0], 0, 1, 1.0)


def test_a_quadratic_signal_is_refused():
    signal = sample("interference", [10.0], modifier("mu", "normfactor"))
    pure = sample("pure", [10.0], modifier("mu_sq", "normfactor"))
    spec = workspace_of(
        [{"name": "recoils", "samples": [signal, pure, sample("background", [50.0])]}],
        {"recoils": [50.0]},
    )
    model = compile_workspace(spec, poi_map={"mu_sq": "mu**2"})
    with pytest.raises(InputError, match="signal: is quadratic in its parameter"):
        released(model, model.init)
