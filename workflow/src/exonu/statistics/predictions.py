"""How well the model describes the data: yields before and after the fit, and goodness of fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from exonu.core.errors import InputError
from exonu.statistics.engine.flat import FREE, BoolArray, FloatArray
from exonu.statistics.fitting import FitResult, fit
from exonu.statistics.nuisance_impacts import constraint_centres, constraint_widths
from exonu.statistics.workspaces.compiled_model import Model


@dataclass(frozen=True)
class YieldRow:
    """Events of one sample (or of their ``total``) in one channel, before and after the fit, with
    errors."""

    channel: str
    sample: str
    before: float
    before_error: float
    after: float
    after_error: float
    observed: float


@dataclass(frozen=True)
class Yields:
    """Expected events before and after the fit.

    ``rows`` are sums over the bins of each channel; the arrays are per bin: total (B,) and its error, and by sample
    (C, B) in the order of `Model.samples`.
    """

    rows: tuple[YieldRow, ...]
    before: FloatArray
    before_error: FloatArray
    after: FloatArray
    after_error: FloatArray
    before_by_sample: FloatArray
    after_by_sample: FloatArray
    observed: FloatArray


def _derivatives(model: Model, theta: FloatArray, steps: FloatArray) -> FloatArray:
    """∂ν/∂θ by central differences, (P, C, B); zero where the step is."""
    out = np.zeros((theta.size, len(model.samples), model.n_bins))
    for p in np.flatnonzero(steps > 0.0):
        up, down = theta.copy(), theta.copy()
        up[p] += steps[p]
        down[p] -= steps[p]
        out[p] = (model.expected_by_sample(up) - model.expected_by_sample(down)) / (2.0 * steps[p])
    return out


def yields(result: FitResult) -> Yields:
    """Yields before the fit (parameters at their measured values, constraint errors) and after it
    (with correlations).

    Before the fit, parameters without constraint are at their initial values and contribute no
    error.

    >>> from exonu.statistics import fit
    >>> from exonu.statistics.examples import two_bins
    >>> total = yields(fit(two_bins())).rows[-1]
    >>> print(f"{total.before:.1f} ± {total.before_error:.1f}, after {total.after:.1f} ± {total.after_error:.1f}")
    125.0 ± 7.6, after 100.2 ± 10.1
    """
    model = result.model
    prior = np.diag(constraint_widths(model) ** 2)
    before = _predict(model, constraint_centres(model, result.data), prior)
    after = _predict(model, result.parameters, result.covariance)
    observed = result.data[: model.n_bins]
    labels = [
        (c, s)
        for c in model.channels
        for s in [*(name for ch, name in model.samples if ch == c), "total"]
    ]
    rows = tuple(
        YieldRow(channel, sample, *first, *second, float(observed[model.channels[channel]].sum()))
        for (channel, sample), first, second in zip(labels, before.sums, after.sums, strict=True)
    )
    return Yields(
        rows,
        before.total,
        before.error,
        after.total,
        after.error,
        before.by_sample,
        after.by_sample,
        observed,
    )


def grouped_yields(result: FitResult, groups: Sequence[BoolArray]) -> tuple[FloatArray, FloatArray]:
    """Sums over any samples and bins, with their errors.

    Args:
        result: of a fit.
        groups: of each group, which bins of which samples count, shape (C, B) each, in the order of
            `Model.samples`.

    Returns:
        Before the fit and after it, each (value, error) by group, shape (G, 2).
    """
    model = result.model
    prior = np.diag(constraint_widths(model) ** 2)
    return (
        _sums(model, constraint_centres(model, result.data), prior, groups),
        _sums(model, result.parameters, result.covariance, groups),
    )


def _sums(
    model: Model, theta: FloatArray, covariance: FloatArray, groups: Sequence[BoolArray]
) -> FloatArray:
    table, jacobian = model.expected_by_sample(theta), _jacobian(model, theta, covariance)
    values = [float(table[group].sum()) for group in groups]
    slopes = [jacobian[:, group].sum(axis=1) for group in groups]
    return np.array(
        [[v, np.sqrt(slope @ covariance @ slope)] for v, slope in zip(values, slopes, strict=True)]
    )


def _jacobian(model: Model, theta: FloatArray, covariance: FloatArray) -> FloatArray:
    sigma = np.sqrt(np.diag(covariance))
    return _derivatives(model, theta, 1e-4 * np.where(np.isfinite(sigma), sigma, 0.0))


@dataclass(frozen=True)
class _Prediction:
    total: FloatArray
    error: FloatArray
    by_sample: FloatArray
    sums: list[tuple[float, float]]


def _predict(model: Model, theta: FloatArray, covariance: FloatArray) -> _Prediction:
    """Events per bin, per sample and bin, and summed over the bins of each sample and channel, with
    linear errors."""
    jacobian = _jacobian(model, theta, covariance)
    table, total = model.expected_by_sample(theta), jacobian.sum(axis=1)
    error = np.sqrt((total * (covariance @ total)).sum(axis=0))
    sums = [
        (value, float(np.sqrt(slope @ covariance @ slope)))
        for value, slope in _groups(model, table, jacobian)
    ]
    return _Prediction(table.sum(axis=0), error, table, sums)


def _groups(
    model: Model, table: FloatArray, jacobian: FloatArray
) -> list[tuple[float, FloatArray]]:
    """Sum and its gradient (P,) of each sample of each channel, then of the channel."""
    out = []
    for channel in model.channels:
        members = [c for c, (name, _) in enumerate(model.samples) if name == channel]
        for chosen in [*([c] for c in members), members]:
            out.append((float(table[chosen].sum()), jacobian[:, chosen].sum(axis=(1, 2))))
    return out


@dataclass(frozen=True)
class GoodnessOfFit:
    """Saturated goodness of fit: -2 ln L/L_saturated, auxiliary measurements included.

    Attributes:
        statistic: twice the fit's deviance.
        degrees: bins less free parameters without constraint.
        p_value: from χ² with that many degrees of freedom.
        p_value_toys, p_value_toys_error: from toys drawn at the best fit; NaN without toys.
        failed, multimodal: number of toys whose fit failed (left out), and with several minima.
    """

    statistic: float
    degrees: int
    p_value: float
    p_value_toys: float
    p_value_toys_error: float
    toys: FloatArray
    failed: int
    multimodal: int


def goodness_of_fit(
    model: Model,
    data: Sequence[float] | FloatArray | None = None,
    n_toys: int = 0,
    seed: int = 0,
) -> GoodnessOfFit:
    """Saturated goodness of fit of the unconditional fit, with toys if n_toys > 0.

    >>> from exonu.statistics.examples import two_bins
    >>> gof = goodness_of_fit(two_bins())
    >>> print(f"{gof.statistic:.3f} for {gof.degrees}: p = {gof.p_value:.2f}")
    0.182 for 1: p = 0.67
    """
    from scipy.special import gammaincc  # takes longer to import than a limit to set

    from exonu.statistics.engine.batch import FAILED, MULTIMODAL, VALUE
    from exonu.statistics.profiling import signal_scale
    from exonu.statistics.toys import fit_toys, generator, sample_data

    if n_toys < 0:
        raise InputError(f"must be >= 0 (got {n_toys})", field="n_toys")
    result = fit(model, data)
    statistic = 2.0 * result.minimum.value
    free = (model.flat.constraint == FREE) & ~result.held
    degrees = model.n_bins - int(np.count_nonzero(free))
    p_value = float(gammaincc(0.5 * degrees, 0.5 * statistic)) if degrees > 0 else float("nan")
    if n_toys == 0:
        return GoodnessOfFit(
            statistic, degrees, p_value, float("nan"), float("nan"), np.empty(0), 0, 0
        )
    best = result.minimum
    mu = max(float(best.theta[model.poi_index]), signal_scale(model, best.theta))
    toys = sample_data(model, best.theta, n_toys, generator(seed, mu, "signal", 0))
    rows = fit_toys(model, toys, mu, best, best, asimov=False)
    good = rows[rows[:, FAILED] == 0.0]
    values = 2.0 * good[:, VALUE]
    p = np.count_nonzero(values >= statistic) / max(values.size, 1)
    error = float(np.sqrt(max(p * (1.0 - p), 1.0 / max(values.size, 1) ** 2) / max(values.size, 1)))
    several = int(good[:, MULTIMODAL].sum())
    return GoodnessOfFit(
        statistic, degrees, p_value, float(p), error, values, len(rows) - len(good), several
    )
