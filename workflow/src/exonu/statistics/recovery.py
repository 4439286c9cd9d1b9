r"""Injection: toys with a known signal, fitted with the bound at zero released.

At μ ≥ 0 the best fit piles up at the bound, and its mean says nothing of a bias. So the bound is
released, as far as every bin keeps an expectation that is not negative:

  - the lower bound of μ goes down to where, with the background as fitted to the data, the first
    bin that the signal touches has no expected events left (`released`);
  - in bins with events the likelihood itself forbids an expectation ≤ 0, whatever the nuisance
    parameters do;
  - in bins without events it does not, so a fit that ends with a negative one is repeated with μ
    held where no bin is (`batch_pulls`). How many toys end at such a limit is reported.

Two pulls of each toy, decided before any was looked at:

    Hessian:  (μ̂ - μ_inj) / σ,  σ from the curvature at μ̂. Where counts are few σ falls with μ̂,
        so the pull is skewed.
    profile:  sign(μ̂ - μ_inj) √(-2 ln L(μ_inj)/L(μ̂)),  the same with the σ of the profile
              likelihood between the two; its values ±1 are the ends of the profile interval. It is
              the one that is judged.

Toys are drawn with the nuisance parameters as fitted to the data without signal, plus the signal;
their auxiliary data fluctuate too. A parameter that the data without signal say nothing of, such as
one of the signal's shape, can be given its true value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from exonu.core.errors import InputError
from exonu.statistics.asymptotic import log_cls_value
from exonu.statistics.engine.flat import FloatArray
from exonu.statistics.fitting import Minimum
from exonu.statistics.profiling import Profile, Tally, find_root
from exonu.statistics.toys import data_profile, fit_toys, generator, one_sided, sample_data
from exonu.statistics.workspaces.compiled_model import Model


def released(model: Model, theta: FloatArray) -> Model:
    """The model with the lower bound of its parameter of interest where the first bin has no events
    left.

    Args:
        model: a model whose rate is linear in the parameter of interest.
        theta: all parameters, e.g. as fitted without signal, shape (P,).

    Raises:
        InputError: a quadratic signal, which is the same for either sign.

    >>> from exonu.statistics.examples import two_bins
    >>> model = two_bins()
    >>> # 50 events and 12 of signal
    >>> released(model, model.init).flat.lower[model.poi_index].round(4)
    np.float64(-4.1667)
    """
    if model.tied:
        raise InputError(
            "is quadratic in its parameter, whose bound at zero is not a bound of the rate", field="signal",
            remedy="choose a millicharge or a magnetic moment",
        )  # fmt: skip
    i = model.poi_index
    without, one = theta.copy(), theta.copy()
    without[i], one[i] = 0.0, 1.0
    background = model.expected(without)
    signal = model.expected(one) - background
    touched = signal > 0.0
    lower = model.flat.lower.copy()
    lower[i] = min(lower[i], -float(np.min(background[touched] / signal[touched], initial=np.inf)))
    return model.bounded(lower, model.flat.upper)


@dataclass(frozen=True)
class Injection:
    """Toys with one injected strength, shapes (n_toys,).

    Attributes:
        true_value: injected μ.
        n_toys: toys that were fitted; ``failed`` ones are left out.
        best_fit, sigma: μ̂ with the bound released, and its error from the Hessian (NaN where there
            is none).
        pull: by the profile likelihood; `hessian_pull` by σ.
        at_limit: whether μ̂ stopped where a bin is left without events.
        multimodal: toys with more than one minimum.
        fraction_at_bound: of the toys with the bound kept, those with μ̂ at it.
        coverage: fraction whose CLs limit (bound kept) is not below the truth; 1 without signal, as
            CLs(0) = 1.
        above_reference: fraction whose limit is above the reference value of μ.
        bounded_failed: toys whose fits with the bound kept failed.
    """

    true_value: float
    n_toys: int
    failed: int
    multimodal: int
    best_fit: FloatArray
    sigma: FloatArray
    pull: FloatArray
    at_limit: FloatArray
    fraction_at_bound: float
    coverage: float
    above_reference: float
    bounded_failed: int

    @property
    def hessian_pull(self) -> FloatArray:
        return (self.best_fit - self.true_value) / self.sigma


def mean_and_width(pull: FloatArray) -> dict[str, float]:
    """Mean and standard deviation with their errors; values that are not finite are left out.

    The error of the width does not assume a Gaussian: Var(s²) = (m₄ - s⁴)/n.

    >>> mean_and_width(np.array([-1.0, 1.0, -1.0, 1.0]))
    {'mean': 0.0, 'mean_error': 0.5, 'width': 1.0, 'width_error': 0.0}
    """
    values = pull[np.isfinite(pull)]
    if values.size < 2:
        return dict.fromkeys(("mean", "mean_error", "width", "width_error"), float("nan"))
    mean, width = float(values.mean()), float(values.std())
    fourth = float(np.mean((values - mean) ** 4))
    error = (
        float(np.sqrt(max(fourth - width**4, 0.0) / values.size)) / (2.0 * width)
        if width > 0.0
        else 0.0
    )
    return {
        "mean": mean,
        "mean_error": width / values.size**0.5,
        "width": width,
        "width_error": error,
    }


def inject(
    model: Model,
    true_values: Sequence[float],
    n_toys: int,
    seed: int,
    reference: float,
    data: Sequence[float] | FloatArray | None = None,
    confidence_level: float = 0.90,
    true_nuisance: Mapping[str, float] | None = None,
) -> list[Injection]:
    """Toys with each injected strength.

    Args:
        model: a model whose rate is linear in the parameter of interest.
        true_values: μ ≥ 0 to inject.
        n_toys: toys per value.
        seed: one number per analysis and hypothesis.
        reference: μ > 0 that limits are compared with, e.g. the median expected limit.
        data, confidence_level: as for `upper_limit`.
        true_nuisance: values of nuisance parameters in the toys' truth, instead of the fitted ones.

    >>> from exonu.statistics.examples import two_bins
    >>> point, = inject(two_bins(), [1.0], n_toys=400, seed=3, reference=1.0)
    >>> found = mean_and_width(point.pull)
    >>> abs(found["mean"]) < 0.2, 0.9 < found["width"] < 1.1, point.failed
    (True, True, 0)
    """
    if n_toys <= 0:
        raise InputError(f"must be > 0 (got {n_toys})", field="n_toys")
    background = data_profile(model, data).at(0.0)
    theta = background.theta.copy()
    for name, value in (true_nuisance or {}).items():
        theta[model.index(name)] = value
    background = replace(background, theta=theta)
    wide = released(model, background.theta)
    return [
        _point(
            model,
            wide,
            background,
            float(mu),
            n_toys,
            seed,
            reference,
            np.log(1.0 - confidence_level),
        )
        for mu in true_values
    ]


def _point(
    model: Model,
    wide: Model,
    background: Minimum,
    mu: float,
    n_toys: int,
    seed: int,
    reference: float,
    log_alpha: float,
) -> Injection:
    from exonu.statistics.engine import batch_pulls as columns

    if not mu >= 0.0:
        raise InputError(f"must be >= 0 (got {mu!r})", field="true_values")
    i, held = model.poi_index, model.fixed.copy()
    held[i] = False
    truth = background.theta.copy()
    truth[i] = mu
    toys = sample_data(model, truth, n_toys, generator(seed, mu, "signal", 0))
    rows = columns.pulls(wide.flat, toys, truth[None].copy(), i, held)
    good = rows[rows[:, columns.FAILED] == 0.0]
    best = good[:, columns.MU_HAT]
    at_bound, coverage, above, failed = _bounded(model, toys, background, mu, reference, log_alpha)
    return Injection(
        true_value=mu,
        n_toys=len(good),
        failed=len(rows) - len(good),
        multimodal=int(good[:, columns.MULTIMODAL].sum()),
        best_fit=best,
        sigma=good[:, columns.SIGMA],
        pull=np.sign(best - mu) * np.sqrt(good[:, columns.TWICE_DELTA]),
        at_limit=good[:, columns.AT_LIMIT],
        fraction_at_bound=at_bound,
        coverage=coverage,
        above_reference=above,
        bounded_failed=failed,
    )


def _bounded(
    model: Model,
    toys: FloatArray,
    background: Minimum,
    mu: float,
    reference: float,
    log_alpha: float,
) -> tuple[float, float, float, int]:
    """With the bound kept: fraction at it, coverage, fraction with a limit above the reference,
    failures."""
    from exonu.statistics.engine.batch import FAILED, MU_HAT, Q_ASIMOV, T

    def tested(value: float) -> tuple[FloatArray, float]:
        start = Minimum(**{**vars(background), "theta": background.theta.copy()})
        start.theta[model.poi_index] = value
        rows = fit_toys(model, toys, value, start, start, asimov=True)
        good = rows[rows[:, FAILED] == 0.0]
        q = one_sided(good[:, T], good[:, MU_HAT], value)
        not_excluded = [
            log_cls_value(*pair) >= log_alpha for pair in zip(q, good[:, Q_ASIMOV], strict=True)
        ]
        return good, float(np.mean(not_excluded)) if not_excluded else float("nan")

    good, above = tested(reference)
    coverage = tested(mu)[1] if mu > 0.0 else 1.0
    at_bound = good[:, MU_HAT] <= model.flat.lower[model.poi_index] + 1e-9 * reference
    return (
        float(at_bound.mean()) if len(good) else float("nan"),
        coverage,
        above,
        len(toys) - len(good),
    )


@dataclass(frozen=True)
class Recovered:
    """A signal as fitted with the bound released.

    Attributes:
        best_fit: μ̂.
        sigma: from the Hessian.
        low, high: ends of the profile interval of one standard deviation; ``low`` is the released
            bound if
            ``low_at_bound``.
        pull: by the profile likelihood, against the true value.
        converged: False if the fit failed, or left less than no events in a bin.
    """

    best_fit: float
    sigma: float
    low: float
    high: float
    low_at_bound: bool
    pull: float
    converged: bool


def recover(model: Model, data: Sequence[float] | FloatArray, true_value: float) -> Recovered:
    """Fit one data set with the bound at zero released.

    Args:
        model: a model whose rate is linear in the parameter of interest.
        data: events (B,) or events and auxiliary data (B + A,).
        true_value: injected μ.

    >>> from exonu.statistics.examples import two_bins
    >>> found = recover(two_bins(), [40.0, 45.0], 0.0)
    >>> round(found.best_fit, 3), found.low < found.best_fit < found.high, found.converged
    (-0.773, True, True)
    """
    profile = _released_profile(model, model.data(data))
    wide = profile.model
    best, sigma = profile.mu_hat, profile.sigma(profile.best)
    bound = float(wide.flat.lower[wide.poi_index])
    ends = []
    for sign, room in ((-1.0, best - bound), (1.0, np.inf)):

        def distance(length: float, sign: float = sign) -> tuple[float, float]:
            q, slope = profile.twice_delta(best + sign * length)
            return float(np.sqrt(q)) - 1.0, sign * slope / (
                2.0 * float(np.sqrt(q))
            ) if q > 0.0 else 0.0

        guess = min(sigma if np.isfinite(sigma) else abs(best) + 1.0, room)
        root = find_root(distance, guess, 0.0, room) if room > 0.0 else None
        ends.append(
            (best + sign * root.value, False) if root and root.found else (best + sign * room, True)
        )
    q = profile.twice_delta(true_value)[0]
    whole = bool(wide.expected(profile.best.theta).min() >= -1e-9)
    return Recovered(
        best_fit=best,
        sigma=sigma,
        low=ends[0][0],
        high=ends[1][0],
        low_at_bound=ends[0][1],
        pull=float(np.sign(best - true_value) * np.sqrt(q)),
        converged=profile.best.converged and whole,
    )


def _released_profile(model: Model, data: FloatArray) -> Profile:
    """The profile with the bound released, and raised again to where no bin has less than no
    events."""
    from exonu.statistics.engine.batch_pulls import ATTEMPTS, least_strength

    wide, i = released(model, data_profile(model, data).at(0.0).theta), model.poi_index
    profile = Profile.of(wide, data, Tally())
    for _ in range(ATTEMPTS):
        least = least_strength(wide.flat, profile.best.theta, i)
        if not least > profile.mu_hat:
            break
        lower = wide.flat.lower.copy()
        lower[i] = least
        wide = wide.bounded(lower, wide.flat.upper)
        profile = Profile.of(wide, data, Tally())
    return profile
