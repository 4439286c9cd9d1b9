r"""Asymptotic CLs upper limits, observed and expected, with the test statistic q̃_μ.

Conventions are pyhf's (arXiv:1007.1727; `pyhf.infer.calculators.AsymptoticCalculator`, base
distribution "normal"):

    q̃_μ = -2 ln L(μ)/L(μ̂) if μ̂ ≤ μ, else 0, with μ̂ ≥ 0;  q_A the same for background-only Asimov data
    t   = √q - √q_A  if √q ≤ √q_A,  else (q - q_A) / 2√q_A
    CLs = Φ(-t - √q_A) / Φ(-t) = α = 1 - confidence level at the limit

μ̂ ≥ 0 holds also where the measurement's bounds allow less (a parameter of interest that is a
systematic's): q̃_μ is then -2 ln L(μ)/L(0) for a best fit below zero, as in arXiv:1007.1727, eq. 16.
The two-sided interval and the best fit are those of the measurement's bounds.

The expected limits need no scan of CLs: under background-only t = v is standard normal, so the band
    of v standard
deviations is where

    √q_A(μ) = -v - Φ⁻¹(α Φ(-v)),   v = 2, 1, 0, -1, -2   for the -2, -1, 0, +1, +2 σ limits.

Every root is found by Newton's method in μ with dq/dμ = 2 ∂ℓ/∂μ, from the curvature of the
likelihood; no range is ever asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from exonu.statistics.display import in_short, limit_html, range_in_short
from exonu.statistics.engine.backend import versions
from exonu.statistics.engine.flat import FloatArray
from exonu.statistics.fitting import FitResult
from exonu.statistics.intervals.normal import cdf, log_cdf, quantile, require_confidence_level
from exonu.statistics.profiles import ProfilePair, profile_pair
from exonu.statistics.profiling import Profile, Root, Tally, find_root, signal_scale
from exonu.statistics.quadratic import sign_changes
from exonu.statistics.workspaces.compiled_model import Model

BANDS = (2.0, 1.0, 0.0, -1.0, -2.0)


@dataclass(frozen=True, repr=False)
class Limit:
    """An upper limit on the parameter of interest, in its own unit.

    Attributes:
        observed: the CLs limit; the largest crossing if there are several. Infinite if it lies
            above the parameter's bound in the measurement; NaN if it was not found
            (``record["notes"]`` says why).
        expected: -2, -1, 0, +1, +2 σ, background only, (5,).
        crossings: every μ with CLs = α found.
        interval: two-sided -2Δ ln L interval at the confidence level; ends at the bound where
            ``interval_at_bound``.
        best_fit: the unconditional fit.
        background_twice_delta_nll: -2 ln L(μ = 0)/L(μ̂).
        record: how it was found, for the archive: fits, failed fits, multimodality, brackets,
            codes, versions.
    """

    confidence_level: float
    observed: float
    expected: FloatArray
    crossings: tuple[float, ...]
    interval: tuple[float, float]
    interval_at_bound: tuple[bool, bool]
    best_fit: FitResult
    background_twice_delta_nll: float
    record: dict[str, Any]

    def __repr__(self) -> str:
        return (
            f"<{self.record['poi']} < {in_short(self.observed)} at {self.confidence_level:.0%} CLs, "
            f"expected {range_in_short(self.expected.tolist())}>"
        )

    def _repr_html_(self) -> str:
        title = f"{self.record['poi']}, {self.confidence_level:.0%} CLs upper limit"
        return limit_html(title, self.observed, self.expected.tolist(), self.record["notes"])


def log_cls_value(q: float, q_asimov: float) -> float:
    """ln CLs from q̃_μ of the data and of the Asimov data."""
    root, root_asimov = np.sqrt(q), np.sqrt(q_asimov)
    t = root - root_asimov if root <= root_asimov else (q - q_asimov) / (2.0 * root_asimov)
    return log_cdf(-t - root_asimov) - log_cdf(-t)


def log_cls(observed: Profile, asimov: Profile, mu: float) -> tuple[float, float]:
    """ln CLs(μ) and its derivative."""
    q_a, slope_a = asimov.twice_delta(mu)
    q, slope = observed.twice_delta(mu)
    if np.isinf(q_a) or np.isinf(q):
        return (0.0 if observed.mu_hat > mu else -np.inf), 0.0
    if observed.mu_hat > mu:
        q, slope = 0.0, 0.0
    if q_a <= 0.0:
        return 0.0, 0.0
    root, root_a = np.sqrt(q), np.sqrt(q_a)
    d_root_a = slope_a / (2.0 * root_a)
    d_root = slope / (2.0 * root) if root > 0.0 else 0.0
    if root <= root_a:
        t, dt = root - root_a, d_root - d_root_a
    else:
        t = (q - q_a) / (2.0 * root_a)
        dt = (slope - slope_a) / (2.0 * root_a) - t * d_root_a / root_a
    signal, background = log_cdf(-t - root_a), log_cdf(-t)
    # d ln Φ(x)/dx = φ(x)/Φ(x)
    ratio_signal = np.exp(-0.5 * (t + root_a) ** 2 - 0.5 * np.log(2 * np.pi) - signal)
    ratio_background = np.exp(-0.5 * t * t - 0.5 * np.log(2 * np.pi) - background)
    return signal - background, float(-ratio_signal * (dt + d_root_a) + ratio_background * dt)


def cls(
    model: Model, mu: float, data: Sequence[float] | FloatArray | ProfilePair | None = None
) -> tuple[float, FloatArray]:
    """Asymptotic CLs at one μ, observed and expected (-2 .. +2 σ, (5,)), as pyhf's `hypotest`.

    >>> from exonu.statistics.examples import two_bins
    >>> observed, expected = cls(two_bins(), 1.0)
    >>> print(f"{observed:.4f} {expected[2]:.4f}")
    0.0525 0.0645
    """
    pair = profile_pair(model, data)
    profile, asimov = pair.observed, pair.asimov
    profile.verify(mu)
    asimov.verify(mu)
    root = np.sqrt(asimov.twice_delta(mu)[0])
    expected = np.array([np.exp(log_cdf(-v - root) - log_cdf(-v)) for v in BANDS])
    return float(np.exp(log_cls(profile, asimov, mu)[0])), expected


def upper_limit(
    model: Model,
    data: Sequence[float] | FloatArray | ProfilePair | None = None,
    confidence_level: float = 0.90,
) -> Limit:
    """Asymptotic CLs upper limit with its expected bands.

    Args:
        model: a compiled model. With a ``poi_map`` (quadratic signal) the likelihood is scanned in
            μ for all crossings.
        data: events (B,) or events and auxiliary data (B + A,); None for the observed ones; or
            their `profile_pair`, which other constructions then share.
        confidence_level: between 0.5 and 1.

    >>> from exonu.statistics.examples import two_bins
    >>> limit = upper_limit(two_bins(), confidence_level=0.95)
    >>> print(f"{limit.observed:.4f}", limit.expected.round(4))
    1.0116 [0.5599 0.757  1.0624 1.5012 2.0508]
    """
    require_confidence_level(confidence_level)
    pair = profile_pair(model, data)
    before = replace(pair.tally)
    alpha = 1.0 - confidence_level
    targets = [-v - quantile(alpha * cdf(-v)) for v in BANDS]
    if model.tied:
        expected = [asimov_crossings(pair, target) for target in targets]
        observed = _scanned(pair, alpha)
    else:
        expected, observed = _linear(pair, targets, alpha)
    ends = likelihood_interval(pair, confidence_level)
    tally, profile = pair.tally.since(before), pair.unbounded
    best = FitResult(model, profile.data, profile.best, profile.held, tally.multimodal)
    last = observed[-1] if observed else Root(np.nan, (0.0, np.inf), False)
    record = {
        "poi": model.poi,
        "poi_map": {name: f"{source}**2" for name, source in model.tied.items()},
        "confidence_level": confidence_level,
        "test_statistic": "qtilde, asymptotic",
        "interpolation": dict(model.interpolation),
        "best_fit": best.values[model.poi],
        "edm": best.edm,
        "gradient_norm": best.gradient_norm,
        "converged": best.converged,
        "fits": tally.fits,
        "iterations": tally.iterations,
        "failed_fits": tally.failed,
        "impossible_fits": tally.impossible,
        "multimodal": tally.multimodal,
        "bracket": [float(x) for x in last.bracket],
        "crossings": [root.value for root in observed if root.found],
        "expected_crossings": [[root.value for root in band if root.found] for band in expected],
        "versions": versions(),
    }
    record["notes"] = _notes(pair, best, last, expected, tally)
    return Limit(
        confidence_level=confidence_level,
        observed=last.value,
        expected=np.array([band[-1].value if band else np.nan for band in expected]),
        crossings=tuple(root.value for root in observed if root.found),
        interval=(ends[0][0], ends[1][0]),
        interval_at_bound=(ends[0][1], ends[1][1]),
        best_fit=best,
        background_twice_delta_nll=profile.twice_delta(0.0)[0],
        record=record,
    )


def _notes(
    pair: ProfilePair, best: FitResult, last: Root, expected: list[list[Root]], tally: Tally
) -> list[str]:
    model, upper = pair.model, pair.model.flat.upper[pair.model.poi_index]
    empty = not np.isfinite(signal_scale(model, pair.asimov.at(0.0).theta))
    level = last.level or any(root.level for band in expected for root in band)
    found = [
        (empty, "the signal is zero in every bin: no limit exists"),
        (
            level and not empty,
            f"the likelihood levels off towards large {model.poi}, which parameters of the model can "
            "hide at no further cost: limits there do not exist",
        ),
        (
            np.isinf(last.value) and not last.level,
            f"the limit is above the bound of {model.poi} ({upper:g}) in the measurement",
        ),
        (np.isnan(last.value) and not empty, "no crossing of CLs was found"),
        (not best.converged, f"the free fit did not converge: {best.message}"),
        (tally.failed > 0, f"{tally.failed} of {tally.fits} fits failed"),
        (tally.multimodal, "the likelihood has several minima; the deepest one found is used"),
    ]
    return [message for happened, message in found if happened]


def _cls_distance(
    profile: Profile, asimov: Profile, alpha: float
) -> Callable[[float], tuple[float, float]]:
    """ln α - ln CLs(μ): negative where μ is allowed."""

    def distance(mu: float) -> tuple[float, float]:
        value, slope = log_cls(profile, asimov, mu)
        return float(np.log(alpha)) - value, -slope

    return distance


def distance_from_minimum(
    profile: Profile, target: float
) -> Callable[[float], tuple[float, float]]:
    """√(-2Δ ln L(μ)) - target."""

    def distance(mu: float) -> tuple[float, float]:
        q, slope = profile.twice_delta(mu)
        root = float(np.sqrt(q))
        return root - target, slope / (2.0 * root) if root > 0.0 else 0.0

    return distance


def asimov_crossings(pair: ProfilePair, target: float) -> list[Root]:
    """Where √q_A of the background-only Asimov data meets a target, on the grid of a quadratic
    signal."""
    return sign_changes(distance_from_minimum(pair.asimov, target), pair.grid)


def asymptotic_bands(pair: ProfilePair, targets: Sequence[float]) -> FloatArray:
    """μ where √q_A meets each of the rising targets, the largest of several; (len(targets),)."""
    if pair.model.tied:
        roots = [asimov_crossings(pair, target) for target in targets]
        return np.array([found[-1].value if found else np.nan for found in roots])
    return np.array([root.value for root in asimov_roots(pair, targets)])


def _scanned(pair: ProfilePair, alpha: float) -> list[Root]:
    """All observed crossings of a quadratic signal, from its grid and beyond."""
    profile, top = pair.observed, pair.grid[-1]
    distance = _cls_distance(profile, pair.asimov, alpha)
    observed = sign_changes(
        distance, [*pair.grid, profile.mu_hat] if profile.mu_hat > top else pair.grid
    )
    top = max(top, profile.mu_hat)
    if distance(top)[0] < 0.0:
        bound = float(profile.model.flat.upper[profile.model.poi_index])
        observed.append(find_root(distance, 1.3 * top, top, bound))
    return observed


def _linear(
    pair: ProfilePair, targets: list[float], alpha: float
) -> tuple[list[list[Root]], list[Root]]:
    """Expected and observed roots; found again if a fit at one of them turns out to have missed a
    deeper minimum."""
    profile, asimov = pair.observed, pair.asimov
    for _ in range(2):
        roots = asimov_roots(pair, targets)
        root = _observed(pair, alpha)
        holds = [asimov.verify(mu) for mu in (r.nearest for r in (*roots, root)) if np.isfinite(mu)]
        if np.isfinite(root.nearest):
            holds.append(profile.verify(root.nearest))
        if all(holds):
            break
    return [[one] for one in roots], [root]


def asimov_roots(pair: ProfilePair, targets: Sequence[float]) -> list[Root]:
    """Where √q_A of the background-only Asimov data meets rising targets, for a linear signal."""
    asimov = pair.asimov
    scale, upper = pair.sigma, float(pair.model.flat.upper[pair.model.poi_index])
    if not np.isfinite(scale):
        return [Root(np.nan, (0.0, upper), False)] * len(targets)
    roots: list[Root] = []
    for target in targets:
        if roots and roots[-1].level:  # a larger target is not met either
            roots.append(roots[-1])
            continue
        # The previous band gives the scale better than the curvature at zero does.
        known = roots[-1].value / targets[len(roots) - 1] if roots and roots[-1].found else scale
        roots.append(find_root(distance_from_minimum(asimov, target), target * known, 0.0, upper))
    return roots


def _observed(pair: ProfilePair, alpha: float) -> Root:
    profile, scale = pair.observed, pair.sigma
    upper = float(profile.model.flat.upper[profile.model.poi_index])
    if not np.isfinite(scale):
        return Root(np.nan, (0.0, upper), False)
    mu_hat = profile.mu_hat
    # Wald's approximation: μ̂ + σ Φ⁻¹(1 - α Φ(μ̂/σ)).
    guess = mu_hat - scale * quantile(alpha * cdf(mu_hat / scale))
    return find_root(_cls_distance(profile, pair.asimov, alpha), guess, mu_hat, upper)


def likelihood_interval(pair: ProfilePair, confidence_level: float) -> list[tuple[float, bool]]:
    """The ends of the two-sided interval -2Δ ln L ≤ χ²₁ quantile, and whether an end is a bound.

    An end is infinite where the likelihood levels off before it, and NaN without a signal.
    """
    target = quantile(0.5 * (1.0 + confidence_level))
    if not pair.model.tied:
        return _interval(pair.unbounded, target)
    allowed = distance_from_minimum(pair.observed, target)
    grid = pair.grid
    edges = [root.value for root in sign_changes(allowed, grid)]
    low_bound, high_bound = allowed(grid[0])[0] < 0.0, allowed(grid[-1])[0] < 0.0
    low = (grid[0], True) if low_bound or not edges else (edges[0], False)
    high = (grid[-1], True) if high_bound or not edges else (edges[-1], False)
    return [low, high]


def _interval(profile: Profile, target: float) -> list[tuple[float, bool]]:
    i, mu_hat = profile.model.poi_index, profile.mu_hat
    sigma = profile.sigma(profile.best)
    scale = sigma if np.isfinite(sigma) else signal_scale(profile.model, profile.best.theta)
    ends: list[tuple[float, bool]] = []
    for sign, bound in (
        (-1.0, float(profile.model.flat.lower[i])),
        (1.0, float(profile.model.flat.upper[i])),
    ):
        room = sign * (bound - mu_hat)
        if not np.isfinite(scale) or room <= 0.0:
            ends.append((bound if room <= 0.0 else np.nan, room <= 0.0))
            continue

        def distance(length: float, sign: float = sign) -> tuple[float, float]:
            q, slope = profile.twice_delta(mu_hat + sign * length)
            root = float(np.sqrt(q))
            return root - target, sign * slope / (2.0 * root) if root > 0.0 else 0.0

        root = find_root(distance, min(target * scale, room), 0.0, room)
        ends.append((mu_hat + sign * root.value, False) if root.found else (bound, True))
    return ends
