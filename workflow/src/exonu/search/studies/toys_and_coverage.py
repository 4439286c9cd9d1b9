"""Studies of a search: diagnostics of its fits, limits from toys, coverage. Each reads workspaces
and gives records."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from exonu.core.errors import InputError
from exonu.core.files import finite, plain
from exonu.core.seeds import derived_seed
from exonu.core.types import Json
from exonu.search.limit_records import read_search
from exonu.search.strengths import strength
from exonu.search.studies.toy_intervals import join_intervals, share_of_intervals, toys_of
from exonu.statistics import (
    FitResult,
    Impacts,
    Model,
    convention_coverage,
    correlation_table,
    coverage,
    fit,
    goodness_of_fit,
    impacts,
    profile_pair,
    pulls,
    scan_1d,
    scan_2d,
    toy_cls,
    toy_coverage,
    upper_limit,
    yields,
)
from exonu.statistics.toys import CHUNK_SIZE, ToyCls, limit_from_points

AROUND_OBSERVED = (0.6, 0.75, 0.9, 1.05, 1.2, 1.4)
"""Values of μ tested with toys, from the best fit (0) to the asymptotic limit (1) and on; below the
fit CLs is 1."""
AROUND_EXPECTED = (0.9, 1.1)
"""Further values, in units of the expected limits of each band."""


def diagnostics(file: Path, statistics: Mapping[str, Any], seed: int) -> Json:
    """Everything that says whether to believe a fit.

    Args:
        file: the workspace.
        statistics: the block `statistics` of the analysis's settings.
        seed: the analysis's seed.

    Returns:
        A record with the fit, pulls, impacts, correlations, likelihood scans, goodness of fit and
        yields.
    """
    model, meaning = read_search(file)
    result = fit(model)
    # With the best fit at μ = 0 the likelihood still slopes there, and errors from its curvature
    # mean nothing unless μ is held where it is.
    at_bound = model.poi in result.at_bound
    settled = fit(model, fixed={model.poi: result.values[model.poi]}) if at_bound else result
    # Where even that curvature is not a minimum's, errors and correlations are those with μ held.
    reliable = result if np.isfinite(np.diag(result.covariance)).all() else settled
    names, correlation = correlation_table(reliable)
    toys = int(statistics["goodness_of_fit_toys"])
    quality = goodness_of_fit(
        model, n_toys=toys, seed=derived_seed(seed, f"goodness-of-fit/{file.stem}")
    )
    limit = upper_limit(model, confidence_level=statistics["confidence_level"])
    ranked, of_data = _ranked(model, settled, limit.observed)
    # Even in the strength, its square root, so that the figure is smooth at zero.
    grid = (
        1.5 * limit.observed * np.linspace(0.0, 1.0, 61) ** 2
        if np.isfinite(limit.observed)
        else None
    )
    return plain(
        {
            "name": file.stem,
            "meaning": dict(meaning),
            "fit": {
                "values": result.values,
                "errors": dict(
                    zip(result.names, np.sqrt(np.diag(reliable.covariance)), strict=True)
                ),
                "nll": result.nll,
                "edm": result.edm,
                "gradient_norm": result.gradient_norm,
                "converged": result.converged,
                "multimodal": result.multimodal,
                "at_bound": list(result.at_bound),
            },
            "limit_mu": limit.observed,
            "pulls": [dataclasses.asdict(pull) for pull in pulls(settled)],
            "impacts": {**dataclasses.asdict(ranked), "data": of_data},
            "correlation": {"names": names, "matrix": correlation},
            "scan_mu": _scan(scan_1d(model, model.poi, grid)),
            "scan_2d": _leading_scan(model, _leading(ranked, settled), settled, grid),
            "goodness_of_fit": {
                **{
                    key: getattr(quality, key)
                    for key in ("statistic", "degrees", "p_value", "p_value_toys")
                },
                **{
                    key: getattr(quality, key)
                    for key in ("p_value_toys_error", "toys", "failed", "multimodal")
                },
            },
            "yields": _yields(yields(settled)),
        }
    )


OBSERVED, AT_LIMIT = "observed", "expected with the signal at its limit"
"""Data of which the impacts are."""


def _ranked(model: Model, settled: FitResult, limit: float) -> tuple[Impacts, str]:
    """Impacts on the fit with the bound at zero released, and on which data.

    Where the data want less signal than the bins can give, that fit has no minimum; then they are
    those of the expected data with the signal at its limit."""
    ranked = impacts(model, allow_negative=not model.tied)
    changes = np.array([[one.post_up, one.post_down] for one in ranked.parameters])
    measured = ranked.converged and ranked.mu_error > 0 and np.isfinite(changes).any()
    if not changes.size or measured or not np.isfinite(limit):
        return ranked, OBSERVED
    # Tied parameters are values of the fit and follow from the signal's strength here.
    values = {name: settled.values[name] for name in model.parameters}
    return impacts(model, model.expected_data({**values, model.poi: limit})), AT_LIMIT


def _scan(scan: Any) -> Json:
    return {
        "names": scan.names,
        "values": scan.values,
        "twice_delta_nll": scan.twice_delta_nll,
        "failed": scan.failed,
    }


def _leading(ranked: Impacts, result: FitResult) -> str | None:
    """The nuisance parameter of largest impact among those with an error; at a bound there is
    none."""
    errors = dict(zip(result.names, np.sqrt(np.diag(result.covariance)), strict=True))
    names = (parameter.name for parameter in ranked.parameters)
    return next((name for name in names if np.isfinite(errors[name]) and errors[name] > 0), None)


def _leading_scan(model: Model, leading: str | None, settled: FitResult, grid: Any) -> Json | None:
    """μ against the nuisance parameter of largest impact, ±3 errors around its fit within its
    bounds."""
    if leading is None or grid is None:
        return None
    p = model.index(leading)
    value, reach = settled.parameters[p], 3 * np.sqrt(settled.covariance[p, p])
    low, high = max(value - reach, model.flat.lower[p]), min(value + reach, model.flat.upper[p])
    return _scan(scan_2d(model, model.poi, leading, (grid[::2], np.linspace(low, high, 25))))


def _yields(found: Any) -> Json:
    by_bin = ("before", "before_error", "after", "after_error", "observed")
    return {
        "rows": [dataclasses.asdict(row) for row in found.rows],
        **{key: getattr(found, key) for key in by_bin},
    }


def yields_table(records: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Yields of every diagnosed hypothesis, before and after its fit."""
    rows = [
        {
            "hypothesis": record["name"],
            **row,
            **{key: record["meaning"][key] for key in ("blinded", "is_simulated")},
        }
        for record in records
        for row in record["yields"]["rows"]
    ]
    return pd.DataFrame(rows)


def values_to_test(asymptotic: Mapping[str, Any]) -> list[float]:
    """Values of μ to test with toys, from the entry of an asymptotic limit in its record; none if
    it failed."""
    expected = [
        k * limit for limit in asymptotic["expected"] if limit is not None for k in AROUND_EXPECTED
    ]
    if asymptotic["observed"] is None:
        return []
    best_fit = max(asymptotic["record"]["best_fit"], 0.0)
    observed = [best_fit + k * (asymptotic["observed"] - best_fit) for k in AROUND_OBSERVED]
    return sorted({float(f"{mu:.6g}") for mu in [*observed, *expected]})


def toy_chunk(
    file: Path,
    tested: list[float],
    number: int,
    chunks: tuple[int, int],
    seed: int,
    confidence_level: float = 0.9,
) -> Json:
    """A job's share of the toys of one hypothesis: of its CLs limit, its Feldman-Cousins interval
    and its significance.

    Args:
        file: the workspace.
        tested: values of μ, from `values_to_test`.
        number: all toys per hypothesis and value, over all jobs.
        chunks: which job this is, and how many there are.
        seed: the analysis's seed.
        confidence_level: of the interval.
    """
    model, meaning = read_search(file)
    pair = profile_pair(model)
    job, jobs = chunks
    mine = range(job, number // CHUNK_SIZE, jobs)
    own_seed = derived_seed(seed, f"toys/{file.stem}")
    points = [toy_cls(model, mu, number, own_seed, pair, mine) for mu in tested]
    return plain(
        {
            "name": file.stem,
            "meaning": dict(meaning),
            "points": [dataclasses.asdict(point) for point in points],
            "intervals": share_of_intervals(pair, number, mine, own_seed, confidence_level),
        }
    )


def join_toys(shares: Iterable[Mapping[str, Any]], confidence_level: float) -> list[Json]:
    """Limits from the toys of all jobs: records as those of
    `exonu.search.limit_records.limit_record`, with the methods `toys` and `feldman-cousins`."""
    by_name: dict[str, list[Mapping[str, Any]]] = {}
    for share in shares:
        by_name.setdefault(share["name"], []).append(share)
    records = []
    for name, parts in by_name.items():
        points = [_toy_cls(point) for point in parts[0]["points"]]
        for part in parts[1:]:
            points = [
                sum_ + _toy_cls(point) for sum_, point in zip(points, part["points"], strict=True)
            ]
        limit = limit_from_points(_near_limit(points, 1 - confidence_level), 1 - confidence_level)
        method = {
            "observed": finite(limit.observed),
            "expected": expected_from_points(points, 1 - confidence_level),
            "interval": None,
            "crossings": [finite(limit.observed)],
            "confidence_level": confidence_level,
            "record": {
                "error": finite(limit.error),
                "mu": [point.mu for point in points],
                "cls": [finite(point.value) for point in points],
                "cls_error": [finite(point.error) for point in points],
                "toys": [point.signal.q.size + point.background.q.size for point in points],
                "failed": [point.failed for point in points],
                "multimodal_fraction": [finite(point.multimodal_fraction) for point in points],
            },
        }
        intervals = join_intervals([part["intervals"] for part in parts], confidence_level)
        methods = {"toys": method, "feldman-cousins": intervals}
        records.append({"name": name, "meaning": parts[0]["meaning"], "methods": methods})
    return records


def _near_limit(points: list[ToyCls], alpha: float) -> list[ToyCls]:
    """The points where CLs is within a factor of about six of α: there ln CLs is a parabola in
    μ."""
    return [point for point in points if point.value > 0 and abs(np.log(point.value / alpha)) < 1.8]


def expected_from_points(points: list[ToyCls], alpha: float) -> list[float | None]:
    """Expected limits, −2σ to +2σ: where the toys' expected CLs, linear in its logarithm between
    points, meets α."""
    mu = np.array([point.mu for point in points])
    bands = np.log(np.maximum([point.expected for point in points], 1e-12))
    found: list[float | None] = []
    for band in bands.T:
        falls = np.flatnonzero((band[:-1] >= np.log(alpha)) & (band[1:] < np.log(alpha)))
        if not falls.size:
            found.append(None)  # the limit lies outside the tested values
            continue
        i = int(falls[-1])
        found.append(float(np.interp(-np.log(alpha), -band[i : i + 2], mu[i : i + 2])))
    return found


def _toy_cls(point: Mapping[str, Any]) -> ToyCls:
    return ToyCls(
        point["mu"], point["q_observed"], toys_of(point["signal"]), toys_of(point["background"])
    )


def coverage_table(file: Path, statistics: Mapping[str, Any], seed: int) -> pd.DataFrame:
    """Coverage of CLs limits, asymptotic and from toys, and of the conventions, at several true
    values, one row each.

    True values are in units of the observed limit; `true_strength` gives them in the physical
    parameter."""
    model, meaning = read_search(file)
    level, study = statistics["confidence_level"], statistics["coverage"]
    limit = upper_limit(model, confidence_level=level).observed
    if not np.isfinite(limit):
        raise InputError(
            "has no limit, and no true values follow", file=file, remedy="see its record in limits/"
        )
    true = [float(value) * limit for value in study["true_values"]]
    own_seed = derived_seed(seed, f"coverage/{file.stem}")
    methods = [
        study_of(model, true, study["toys"], own_seed, None, level)
        for study_of in (coverage, toy_coverage, convention_coverage)
    ]
    rows = []
    for point in (point for found in methods for point in found):
        multiple = study["true_values"][true.index(point.true_value)]
        hypothesis = {
            key: meaning[key] for key in ("interaction", "flavour", "mass_MeV", "parameter", "unit")
        }
        record = dataclasses.asdict(point)
        rows.append(
            {
                **hypothesis,
                "true_over_limit": multiple,
                "true_strength": strength(point.true_value, meaning),
                **record,
                "is_simulated": meaning["is_simulated"],
            }
        )
    return pd.DataFrame(rows)
