"""Maximum-likelihood fits: the best parameters, their errors, and how the minimiser got there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from exonu.statistics.display import html_rows, in_short
from exonu.statistics.engine.flat import FREE, POISSON, BoolArray, FloatArray
from exonu.statistics.workspaces.compiled_model import Model, require_model

STATUS = ("converged", "data impossible for these parameters", "no descent", "too many iterations")


@dataclass(frozen=True)
class Minimum:
    """Where the minimiser stopped: parameters (P,), ℓ (without constants), gradient and profile
    Hessian (dense)."""

    theta: FloatArray
    value: float
    edm: float
    iterations: int
    status: int
    gradient: FloatArray
    hessian: FloatArray

    @property
    def converged(self) -> bool:
        return self.status == 0


def minimise(model: Model, data: FloatArray, start: FloatArray, held: BoolArray) -> Minimum:
    """Minimise ℓ over the parameters that are not held; data (B + A,), start and held (P,)."""
    from exonu.statistics.engine.minimiser import newton

    size = model.flat.dense.size
    theta, gradient, hessian = start.copy(), np.empty(size), np.empty((size, size))
    value, edm, iterations, status = newton(model.flat, data, theta, held, gradient, hessian)
    return Minimum(theta, value, edm, iterations, status, gradient, hessian)


def auxiliary_start(model: Model, data: FloatArray) -> FloatArray:
    """Constrained parameters at their auxiliary measurements, the others at their initial values,
    (P,)."""
    m, theta = model.flat, model.init.copy()
    where = (m.constraint != FREE) & ~model.fixed
    measured = data[m.measured[where]]
    theta[where] = np.where(m.constraint[where] == POISSON, measured / m.width[where], measured)
    return np.clip(theta, m.lower, m.upper)


def signal_start(model: Model, data: FloatArray, theta: FloatArray) -> float:
    """First estimate of the parameter of interest, on any scale: least squares in the excess over μ
    = 0."""
    trial, i = theta.copy(), model.poi_index
    trial[i] = 0.0
    background = model.expected(trial)
    trial[i] = 1.0
    signal = model.expected(trial) - background
    counts = data[: model.n_bins]
    weight = signal / np.maximum(np.maximum(counts, background), 1.0)
    information = float(weight @ signal)
    if not information > 0.0:
        return float(model.init[i])
    best = float(weight @ (counts - background)) / information
    lower = max(float(model.flat.lower[i]), -np.inf)
    # A trace of signal keeps bins without background possible.
    return float(np.clip(max(best, 0.01 / np.sqrt(information)), lower, model.flat.upper[i]))


@dataclass(frozen=True, repr=False)
class FitResult:
    """A fit. Errors are from the inverse Hessian of all parameters at the minimum (zero for fixed
    ones).

    Attributes:
        parameters: best-fit values (P,), named by ``names``.
        nll: -ln L with all constants.
        edm: ½ gᵀH⁻¹g, the expected distance of ℓ to its minimum.
        gradient_norm: largest slope among the parameters that can move, in units of their
            errors with all others fixed.
        converged: False if the minimiser gave up; ``message`` says how.
        multimodal: different starts ended in different minima; this is the best of them.
        at_bound: names of parameters at one of their bounds.
    """

    model: Model
    data: FloatArray
    minimum: Minimum
    held: BoolArray
    multimodal: bool

    def __repr__(self) -> str:
        poi = self.model.poi
        state = "converged" if self.converged else f"failed: {self.message}"
        return (
            f"<fit of {len(self.names)} parameters, {state}: {poi} = {in_short(self.values[poi])} "
            f"± {in_short(self.errors[poi])}, -ln L = {self.nll:.6g}>"
        )

    def _repr_html_(self) -> str:
        errors = self.errors
        rows = [
            (
                name,
                f"{in_short(value)} ± {in_short(errors[name])}"
                if name in errors
                else in_short(value),
            )
            for name, value in self.values.items()
        ]
        state = "" if self.converged else f"; failed: {self.message}"
        return html_rows(f"best fit, -ln L = {self.nll:.6g}{state}", rows)

    @property
    def names(self) -> tuple[str, ...]:
        return self.model.parameters

    @property
    def parameters(self) -> FloatArray:
        return self.minimum.theta

    @property
    def values(self) -> dict[str, float]:
        tied = {
            name: float(self.parameters[self.model.index(source)]) ** 2
            for name, source in self.model.tied.items()
        }
        return dict(zip(self.names, self.parameters.tolist(), strict=True)) | tied

    @cached_property
    def nll(self) -> float:
        return self.minimum.value + self.model.constant(self.data)

    @property
    def edm(self) -> float:
        return self.minimum.edm

    @property
    def iterations(self) -> int:
        return self.minimum.iterations

    @property
    def message(self) -> str:
        if self.converged or not self.minimum.converged:
            return STATUS[self.minimum.status]
        return "expected events are negative in a bin"

    @cached_property
    def converged(self) -> bool:
        return self.minimum.converged and bool(self.model.expected(self.parameters).min() >= 0.0)

    @cached_property
    def gradient_norm(self) -> float:
        m, theta = self.model.flat, self.parameters[self.model.flat.dense]
        inside = (theta > m.lower[m.dense]) & (theta < m.upper[m.dense]) & ~self.held[m.dense]
        curvature = np.abs(np.diag(self.minimum.hessian))
        slopes = np.abs(self.minimum.gradient) / np.sqrt(np.where(curvature > 0.0, curvature, 1.0))
        return float(slopes[inside].max(initial=0.0))

    @cached_property
    def at_bound(self) -> tuple[str, ...]:
        m, theta = self.model.flat, self.parameters
        touching = ((theta <= m.lower) | (theta >= m.upper)) & ~self.held
        return tuple(name for name, touches in zip(self.names, touching, strict=True) if touches)

    @cached_property
    def covariance(self) -> FloatArray:
        """(P, P), zero for held parameters. Where the Hessian is not positive definite, parameters
        at a bound are held too: the likelihood slopes there, and its curvature says nothing. NaN if
        it is not without them either (some are undetermined)."""
        from exonu.statistics.engine.likelihood import evaluate

        size = self.parameters.size
        gradient, hessian = np.empty(size), np.empty((size, size))
        evaluate(
            self.model.full, self.data, self.parameters.copy(), self.held, gradient, hessian, False
        )
        held_too = np.isin(self.names, self.at_bound)
        for free in (~self.held, ~self.held & ~held_too):
            chosen = np.ix_(np.flatnonzero(free), np.flatnonzero(free))
            out = np.zeros((size, size))
            out[chosen] = _inverse(hessian[chosen])
            if not np.isnan(out).any():
                break
        return out

    @property
    def errors(self) -> dict[str, float]:
        return dict(zip(self.names, np.sqrt(np.diag(self.covariance)).tolist(), strict=True))

    @property
    def correlation(self) -> FloatArray:
        """(P, P); zero in rows and columns of held parameters."""
        sigma = np.sqrt(np.diag(self.covariance))
        outer = np.outer(sigma, sigma)
        return np.divide(self.covariance, outer, out=np.zeros_like(outer), where=outer != 0.0)


def _inverse(hessian: FloatArray) -> FloatArray:
    """The inverse of a matrix given by its lower triangle; NaN if it is not positive definite."""
    block = np.tril(hessian)
    scale = np.sqrt(np.abs(np.diag(block)))
    scale[scale == 0.0] = 1.0
    scaled = (block + np.tril(block, -1).T) / np.outer(scale, scale)
    try:
        root = np.linalg.inv(np.linalg.cholesky(scaled))
    except np.linalg.LinAlgError:
        return np.full_like(block, np.nan)
    return np.asarray(root.T @ root / np.outer(scale, scale))


def fit(
    model: Model,
    data: Sequence[float] | FloatArray | None = None,
    fixed: Mapping[str, float] | None = None,
) -> FitResult:
    """Maximum-likelihood fit.

    Args:
        model: a compiled model.
        data: events (B,) or events and auxiliary data (B + A,); None for the observed ones.
        fixed: parameters to hold, with their values, beside those that the measurement fixes.

    Returns:
        The best of the minima found from several starts; a fit that failed says so in ``converged``
        and ``message``.

    >>> from exonu.statistics.examples import two_bins
    >>> result = fit(two_bins())
    >>> result.converged, round(result.values["mu"], 6), round(result.nll, 6)
    (True, 0.0, 12.491968)
    """
    vector = require_model(model).data(data)
    held, first = model.fixed.copy(), model.init.copy()
    for name, value in (fixed or {}).items():
        i = model.index(name)
        held[i], first[i] = True, value
    best, multimodal = global_minimum(model, vector, held, first)
    return FitResult(model, vector, best, held, multimodal)


def mirrored(model: Model, theta: FloatArray) -> FloatArray:
    """Constrained parameters on the other side of their nominal values, where interpolation bends;
    others kept."""
    free = (model.flat.constraint == FREE) | model.fixed
    return np.where(
        free, theta, np.clip(2.0 * model.init - theta, model.flat.lower, model.flat.upper)
    )


def global_minimum(
    model: Model, data: FloatArray, held: BoolArray, first: FloatArray
) -> tuple[Minimum, bool]:
    """The deeper of two minima, and whether they differ.

    The fits start from the auxiliary values and from the mirror image of the first minimum; the
    parameter of interest, where free, from a signal estimate."""
    i, auxiliary = model.poi_index, auxiliary_start(model, data)
    start = np.where(held, first, auxiliary)
    if not held[i]:
        start[i] = signal_start(model, data, start)
    found = [minimise(model, data, start, held)]
    inside = np.where(held, first, mirrored(model, found[0].theta))
    inside[i] = start[i]
    found.append(minimise(model, data, inside, held))
    reached = [minimum for minimum in found if minimum.converged]
    best = min(reached or found, key=lambda minimum: minimum.value)
    return best, any(minimum.value > best.value + 1e-6 for minimum in reached)
