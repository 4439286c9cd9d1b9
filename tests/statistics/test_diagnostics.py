"""Pulls, impacts, scans, goodness of fit, yields, coverage, alternative limits: against independent
calculations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyhf
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.stats import kstest

from exonu.core.errors import InputError
from exonu.statistics import (
    Model,
    bayes_limit,
    compile_workspace,
    correlation_table,
    coverage,
    delta_chi2_limit,
    fit,
    goodness_of_fit,
    impacts,
    nuisance_impacts,
    pulls,
    scan_1d,
    scan_2d,
    upper_limit,
    yields,
)
from exonu.statistics.examples import (
    modifier,
    recoil_workspace,
    sample,
    two_bins,
    two_bins_workspace,
    workspace_of,
)


@pytest.fixture(scope="module")
def model() -> Model:
    return compile_workspace(recoil_workspace(bins=12, backgrounds=3, nuisances=6))


def chi2(model: Model, mu: float) -> float:
    return 2.0 * fit(model, fixed={"mu": mu}).nll


def test_covariance_is_the_inverse_of_pyhfs_hessian() -> None:
    """Second differences of pyhf's likelihood at a minimum inside of the bounds."""
    data = [70.0, 60.0, *pyhf.Workspace(two_bins_workspace()).model().config.auxdata]
    oracle = pyhf.Workspace(two_bins_workspace()).model()
    result = fit(two_bins(), data)
    assert result.at_bound == ()
    steps, point = 1e-3 * np.sqrt(np.diag(result.covariance)), result.parameters
    hessian = np.empty((3, 3))
    for i in range(3):
        for j in range(3):
            total = 0.0
            for a, b, sign in ((1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)):
                shifted = point.copy()
                shifted[i] += a * steps[i]
                shifted[j] += b * steps[j]
                total -= sign * float(oracle.logpdf(shifted, data)[0])
            hessian[i, j] = total / (4.0 * steps[i] * steps[j])
    np.testing.assert_allclose(result.covariance, np.linalg.inv(hessian), rtol=1e-3, atol=1e-8)
    np.testing.assert_allclose(np.diag(result.correlation), 1.0)


def test_pulls_of_a_single_bin_by_hand() -> None:
    """One bin, b(1 + 0.1 α) with μ fixed at 0: the maximum by hand."""
    shift = {"lo_data": [90.0], "hi_data": [110.0]}
    samples = [
        sample("s", [1.0], modifier("mu", "normfactor")),
        sample("b", [100.0], modifier("a", "histosys", shift)),
    ]
    one = compile_workspace(workspace_of([{"name": "c", "samples": samples}], {"c": [110.0]}))
    result = fit(one, fixed={"mu": 0.0})
    alpha = brentq(lambda a: 10.0 * (1.0 - 110.0 / (100.0 + 10.0 * a)) + a, -3, 3)
    curvature = 110.0 * 100.0 / (100.0 + 10.0 * alpha) ** 2 + 1.0
    (pull,) = pulls(result)
    assert pull.pull == pytest.approx(alpha, abs=1e-9)
    assert pull.constraint == pytest.approx(curvature**-0.5, rel=1e-9)


def test_impacts_are_refits(model: Model) -> None:
    found = impacts(model, allow_negative=True)
    assert found.converged
    free = model.bounded(
        np.where(np.arange(model.init.size) == model.poi_index, -np.inf, model.flat.lower),
        model.flat.upper,
    )
    best = fit(free)
    assert found.mu_hat == pytest.approx(best.values["mu"], abs=1e-9)
    names = [name for name in model.parameters if "[" not in name and name != "mu"]
    assert sorted(impact.name for impact in found.parameters) == sorted(names)
    assert [impact.size for impact in found.parameters] == sorted(
        (i.size for i in found.parameters), reverse=True
    )
    impact = found.parameters[0]
    value, error = best.values[impact.name], best.errors[impact.name]
    for distance, got in (
        (-error, impact.post_down),
        (error, impact.post_up),
        (-1.0, impact.pre_down),
        (1.0, impact.pre_up),
    ):
        moved = fit(free, fixed={impact.name: value + distance}).values["mu"] - best.values["mu"]
        assert got == pytest.approx(moved, abs=1e-7)


def test_a_fit_without_a_minimum_has_no_impacts(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And none is looked for: each of its fits would take all iterations, too."""
    best = fit(model)
    lost = replace(best, minimum=replace(best.minimum, status=3))
    monkeypatch.setattr(nuisance_impacts, "fit", lambda *_: lost)
    monkeypatch.setattr(nuisance_impacts, "minimise", lambda *_: pytest.fail("another fit"))
    found = impacts(model)
    assert not found.converged
    assert len(found.parameters) > 1
    assert np.isnan(
        [(i.post_down, i.post_up, i.pre_down, i.pre_up) for i in found.parameters]
    ).all()


def test_group_impacts_add_up(model: Model) -> None:
    """The error without a group is that of a fit with the group held, near enough for a
    parabola."""
    found = impacts(model, allow_negative=True)
    assert set(found.groups) == {"mc", "systematics"}
    everything = impacts(
        model,
        groups={"all": [name for name in model.layout.groups if name != "mu"]},
        allow_negative=True,
    )
    statistical = np.sqrt(found.mu_error**2 - everything.groups["all"] ** 2)
    best = fit(
        everything_free := model.bounded(
            np.where(np.arange(model.init.size) == model.poi_index, -np.inf, model.flat.lower),
            model.flat.upper,
        )
    )
    held = fit(everything_free, fixed={name: v for name, v in best.values.items() if name != "mu"})
    assert statistical == pytest.approx(held.errors["mu"], rel=1e-6)


def test_groups_are_checked(model: Model) -> None:
    with pytest.raises(InputError, match="groups: no modifier 'other'"):
        impacts(model, groups={"x": ["other"]})
    with pytest.raises(InputError, match="a group contains the parameter of interest"):
        impacts(model, groups={"x": ["mu"]})


def test_scans(model: Model) -> None:
    scan = scan_1d(model, "mu", points=9)
    best = fit(model)
    for mu, height in zip(scan.values[0], scan.twice_delta_nll, strict=True):
        assert height == pytest.approx(chi2(model, mu) - 2.0 * best.nll, abs=1e-8)
    name = next(n for n in model.parameters if n.startswith("shape"))
    surface = scan_2d(model, "mu", name, points=5)
    assert surface.twice_delta_nll.shape == (5, 5)
    assert surface.failed == 0
    point = {"mu": float(surface.values[0][3]), name: float(surface.values[1][1])}
    assert surface.twice_delta_nll[3, 1] == pytest.approx(
        2.0 * (fit(model, fixed=point).nll - best.nll), abs=1e-8
    )
    given = scan_1d(model, name, values=[-1.0, 0.0, 1.0])
    assert given.twice_delta_nll.shape == (3,)


def test_scan_faults(model: Model) -> None:
    with pytest.raises(InputError, match="needs two different parameters"):
        scan_2d(model, "mu", "mu")
    with pytest.raises(InputError, match="no parameter 'nu'"):
        scan_1d(model, "nu")
    fixed = compile_workspace(
        recoil_workspace(bins=5, backgrounds=1, nuisances=2)
        | {
            "measurements": [
                {
                    "name": "m",
                    "config": {"poi": "mu", "parameters": [{"name": "mu", "fixed": True}]},
                }
            ]
        }
    )
    with pytest.raises(InputError, match="no error to scan 'mu' with"):
        scan_1d(fixed, "mu")


def test_correlation_table(model: Model) -> None:
    result = fit(model)
    names, matrix = correlation_table(result, threshold=0.3)
    assert 1 < len(names) < len(model.parameters)
    off = np.abs(matrix - np.eye(len(names))).max(axis=0)
    assert (off >= 0.3).all()
    i, j = (model.index(name) for name in names[:2])
    assert matrix[0, 1] == pytest.approx(
        result.covariance[i, j] / np.sqrt(result.covariance[i, i] * result.covariance[j, j])
    )


def test_saturated_goodness_of_fit(model: Model) -> None:
    gof = goodness_of_fit(model, n_toys=500, seed=3)
    workspace = pyhf.Workspace(recoil_workspace(bins=12, backgrounds=3, nuisances=6))
    oracle = workspace.model()
    data = np.array(workspace.data(oracle))
    best = fit(model)
    # Saturated: expected = observed in every bin, every parameter as measured.
    saturated = pyhf.tensorlib.poisson_logpdf(data[:12], data[:12]).sum()
    saturated += oracle.constraint_logpdf(data[12:], np.array(oracle.config.suggested_init()))
    assert gof.statistic == pytest.approx(2.0 * (best.nll + saturated), abs=1e-8)
    assert gof.degrees == 11
    assert gof.failed == 0
    assert gof.p_value_toys == pytest.approx(gof.p_value, abs=5.0 * gof.p_value_toys_error + 0.03)
    assert kstest(gof.toys, "chi2", args=(gof.degrees,)).statistic < 0.15
    assert goodness_of_fit(model).toys.size == 0
    with pytest.raises(InputError, match="n_toys: must be >= 0"):
        goodness_of_fit(model, n_toys=-1)


def test_yields_and_their_errors(model: Model) -> None:
    result = fit(model)
    table = yields(result)
    np.testing.assert_allclose(table.after, model.expected(result.parameters), rtol=1e-12)
    np.testing.assert_allclose(table.before, model.expected(), rtol=1e-12)
    total = table.rows[-1]
    assert total.sample == "total"
    assert total.observed == model.observed.sum()
    assert total.after == pytest.approx(sum(row.after for row in table.rows[:-1]))
    rng = np.random.default_rng(1)
    draws = rng.multivariate_normal(result.parameters, 1e-4 * result.covariance, size=4000)
    spread = 100.0 * np.array([model.expected(theta) for theta in draws]).std(axis=0)
    np.testing.assert_allclose(table.after_error, spread, rtol=0.08)
    sums = 100.0 * np.array([model.expected(theta).sum() for theta in draws]).std()
    assert total.after_error == pytest.approx(sums, rel=0.08)


def test_delta_chi2_limit_by_brent(model: Model) -> None:
    best = fit(model)
    expected = brentq(
        lambda mu: chi2(model, mu) - 2.0 * best.nll - 2.71, best.values["mu"], 5.0, xtol=1e-12
    )
    limit = delta_chi2_limit(model)
    assert limit.value == pytest.approx(expected, rel=1e-7)
    assert "2.71" in limit.construction
    with pytest.raises(InputError, match="delta: must be > 0"):
        delta_chi2_limit(model, delta=0.0)


@pytest.mark.parametrize("power", [1.0, 0.5])
def test_bayes_limit_by_quadrature(power: float) -> None:
    model = two_bins()
    best = chi2(model, 0.0)

    def density(u: float) -> float:
        return float(np.exp(-0.5 * (chi2(model, u ** (1.0 / power)) - best)))

    total = quad(density, 0.0, 6.0**power, epsabs=1e-10, limit=200)[0]
    limit = bayes_limit(model, power=power).value
    assert quad(density, 0.0, limit**power, epsabs=1e-10)[0] / total == pytest.approx(0.9, abs=2e-6)


def test_bayes_limit_of_an_empty_experiment() -> None:
    """No events, no background: exp(-χ²/2) = exp(-μs), the limit is ln 10 / s."""
    samples = [sample("s", [4.0], modifier("mu", "normfactor")), sample("b", [0.0])]
    empty = compile_workspace(workspace_of([{"name": "c", "samples": samples}], {"c": [0.0]}))
    assert bayes_limit(empty).value == pytest.approx(np.log(10.0) / 4.0, rel=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"), [({"credibility": 1.0}, "credibility"), ({"power": 0.0}, "power")]
)
def test_bayes_limit_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=f"{message}: must be"):
        bayes_limit(two_bins(), **arguments)


def test_coverage_counts_the_limits_of_the_toys() -> None:
    """Coverage is the fraction of toys whose own upper limit is above the truth: limits computed
    one by one."""
    from exonu.statistics.toys import data_profile, generator, sample_data

    model, truth = two_bins(), 0.6
    (point,) = coverage(model, [truth], n_toys=60, seed=9)
    draws = sample_data(
        model, data_profile(model, None).at(truth).theta, 60, generator(9, truth, "signal", 0)
    )
    limits = [upper_limit(model, toy).observed for toy in draws]
    assert point.covered == sum(limit >= truth for limit in limits)
    assert point.failed == 0
    assert point.excess == pytest.approx(point.fraction - 0.9)


def test_coverage_is_at_least_nominal(model: Model) -> None:
    limit = upper_limit(model).observed
    for point in coverage(model, [0.5 * limit, limit, 2.0 * limit], n_toys=500, seed=1):
        assert point.n_toys + point.failed == 500
        assert point.fraction > 0.9 - 3.0 * point.error
        assert point.mean_best_fit == pytest.approx(
            point.true_value, abs=0.3 * limit + 5.0 * point.mean_best_fit_error
        )
    with pytest.raises(InputError, match="true_values: must be > 0"):
        coverage(model, [0.0], n_toys=10, seed=1)
    with pytest.raises(InputError, match="n_toys: must be > 0"):
        coverage(model, [1.0], n_toys=0, seed=1)


def test_a_parameter_at_its_bound_leaves_the_others_their_errors():
    """Nothing observed where the simulation says little: the bin's γ ends at zero, where the
    likelihood slopes and its curvature is not a minimum's."""
    signal = {"name": "mu", "type": "normfactor", "data": None}
    statistics = {"name": "g", "type": "staterror", "data": [5.0, 8.0]}
    size = {"name": "n", "type": "normsys", "data": {"hi": 1.2, "lo": 0.8}}
    samples = [
        {"name": "s", "data": [1.0, 1.0], "modifiers": [signal]},
        {"name": "b", "data": [50.0, 5.0], "modifiers": [statistics, size]},
    ]
    model = compile_workspace(
        {
            "version": "1.0.0",
            "channels": [{"name": "c", "samples": samples}],
            "observations": [{"name": "c", "data": [50.0, 0.0]}],
            "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": []}}],
        }
    )
    found = fit(model, fixed={"mu": 0.0})
    assert found.at_bound == ("g[1]",)
    held = fit(model, fixed={"mu": 0.0, "g[1]": found.values["g[1]"]})
    assert found.errors == pytest.approx(held.errors, rel=1e-6)
    assert found.errors["n"] > 0.5
    ranked = impacts(model, allow_negative=True)
    assert np.isfinite([ranked.groups["g"], ranked.groups["systematics"]]).all()
