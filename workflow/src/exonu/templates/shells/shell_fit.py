"""The fit of the systematics to the counts in shells outside the fiducial volume.

Each background is its simulated counts, times a factor for its activity, times what each systematic
does in each cell of radius and energy. All parameters are in standard deviations of what is known of
them before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaincc

from exonu.core.types import Array
from exonu.events.diagnostics.optics_fit import (
    IMPLAUSIBLE,
    MOSTLY_NOISE,
    PULLED,
    nearest_positive,
    share_of_noise,
)

ROUNDS, CONVERGED = 60, 1e-6
LONGEST_STEP = 1.0
STEP = 1e-4
SMALLEST_FACTOR = 0.01
NORM = "-norm"
"""What the name of an activity's parameter ends with: counts are proportional to it, however far."""


@dataclass(frozen=True)
class Response:
    """What one standard deviation of a systematic does to a background in each cell: ln of its counts is
    a parabola where there is simulation, and its tangent outside.

    Attributes:
        up, down: ratios to nominal, shape (m,).
        noise: standard deviation of the slope of ln, from the number of simulated events, shape (m,).
    """

    up: Array
    down: Array
    noise: Array

    def log(self, theta: float) -> Array:
        """ln of the ratio to nominal, shape (m,)."""
        up, down = np.log(self.up), np.log(self.down)
        inside = float(np.clip(theta, -1, 1))
        bent = inside**2 + 2 * inside * (theta - inside)
        return np.asarray((up - down) / 2 * theta + (up + down) / 2 * bent)


@dataclass(frozen=True)
class Background:
    """A background in the cells.

    Attributes:
        name: of its sample.
        counts, error: expected in the live time, and the statistical error of that, shape (m,).
        responses: to systematics, by their names.
        uncertainty: relative, of its activity, whose parameter is `<name>-norm`.
    """

    name: str
    counts: Array
    error: Array
    responses: Mapping[str, Response]
    uncertainty: float

    @property
    def norm(self) -> str:
        """Name of the parameter of its activity."""
        return self.name.replace("_", "-") + NORM


@dataclass(frozen=True)
class Prior:
    """What is known of the systematics before: a Gaussian in declared standard deviations.

    Attributes:
        names: of all systematics.
        central, covariance: shapes (k,), (k, k).
    """

    names: tuple[str, ...]
    central: Array
    covariance: Array


@dataclass(frozen=True)
class ShellFit:
    """Result of `fit_shells`.

    Attributes:
        names: of all parameters: the systematics, in the order of the prior, then the activities.
        central, covariance: in declared standard deviations, shapes (k,), (k, k).
        chi2, degrees: of counts and priors; degrees of freedom are the cells.
        scale: by which the errors of the counts are multiplied, since χ² is implausible; else 1.
        noise: share of the information on each parameter (or, of those whose priors are correlated, on what
            is left of it after those before) that is only the simulation's noise, and is taken off, shape (k,).
        before, before_error: expected counts by the priors and their error, shape (m,).
        after, after_error: the same by the fit.
    """

    names: tuple[str, ...]
    central: Array
    covariance: Array
    chi2: float
    degrees: int
    scale: float
    noise: Array
    before: Array
    before_error: Array
    after: Array
    after_error: Array

    @property
    def error(self) -> Array:
        """Standard deviations, shape (k,)."""
        return np.asarray(np.sqrt(np.diag(self.covariance)))

    @property
    def p_value(self) -> float:
        """Probability of a χ² as large."""
        return float(gammaincc(self.degrees / 2, self.chi2 / 2))

    def notes(self, calibrated: Sequence[str]) -> list[str]:
        """What speaks against taking the result as it stands, in words.

        Args:
            calibrated: the parameters whose values are taken from it.
        """
        found = []
        if self.p_value < IMPLAUSIBLE:
            found.append(
                f"shells outside the fiducial volume: χ² = {self.chi2:.0f} with {self.degrees} cells "
                f"(p = {self.p_value:.1g}); what is varied does not describe them, and the errors of their "
                f"counts are taken {self.scale:.2f} times as large"
            )
        for name, m, s, noise in zip(self.names, self.central, self.error, self.noise, strict=True):
            if abs(m) > PULLED:
                found.append(f"{name}: {m:.2f} ± {s:.2f} standard deviations from what is declared")
            if name in calibrated and abs(m) > 1 and not name.endswith(NORM):
                found.append(f"{name}: {m:.2f} lies outside what is simulated (−1 to 1)")
            if name in calibrated and noise > MOSTLY_NOISE:
                found.append(
                    f"{name}: {100 * noise:.0f} % of the information in the shells is noise of the simulation, "
                    "and is taken off; simulate more of its variations"
                )
        return found


@dataclass(frozen=True)
class _Model:
    """Expected counts against all parameters."""

    backgrounds: Sequence[Background]
    names: tuple[str, ...]

    def parts(self, x: Array) -> Array:
        """Counts of each background, shape (n_backgrounds, m)."""
        found = []
        for one in self.backgrounds:
            log = np.zeros_like(one.counts)
            for name, response in one.responses.items():
                log = log + response.log(x[self.names.index(name)])
            factor = 1 + one.uncertainty * x[self.names.index(one.norm)]
            found.append(max(factor, SMALLEST_FACTOR) * one.counts * np.exp(log))
        return np.array(found)

    def counts(self, x: Array) -> Array:
        """All counts, shape (m,)."""
        return np.asarray(self.parts(x).sum(axis=0))

    def slopes(self, x: Array) -> Array:
        """Their derivatives, shape (n_parameters, m)."""
        steps = STEP * np.eye(len(x))
        return np.array([(self.counts(x + h) - self.counts(x - h)) / (2 * STEP) for h in steps])

    def variance(self, x: Array) -> Array:
        """Of the counts themselves, of the nominal samples and of what the variations did, shape (m,)."""
        parts = self.parts(x)
        total = parts.sum(axis=0)
        for one, counts in zip(self.backgrounds, parts, strict=True):
            relative = np.divide(
                one.error, one.counts, out=np.zeros_like(counts), where=one.counts > 0
            )
            total = total + (counts * relative) ** 2
            for name, response in one.responses.items():
                total = total + (counts * response.noise * x[self.names.index(name)]) ** 2
        return np.asarray(total)

    def false_information(self, x: Array, variance: Array) -> Array:
        """Expectation of the slopes' noise in slopes × weight × slopes, shape (n_parameters,)."""
        false = np.zeros(len(x))
        for one, counts in zip(self.backgrounds, self.parts(x), strict=True):
            for name, response in one.responses.items():
                false[self.names.index(name)] += np.sum((counts * response.noise) ** 2 / variance)
        return false


def fit_shells(data: Array, backgrounds: Sequence[Background], prior: Prior) -> ShellFit:
    """Fit the systematics to the counts in the cells.

    Slopes come from a simulation of finite size. Its noise looks like information, and would pull the
    parameters to zero; its expectation is taken off (W. A. Fuller, Measurement Error Models, 1987,
    section 2.2), as in `events.diagnostics.optics_fit`.

    Args:
        data: counts, shape (m,).
        backgrounds: in the same cells; their responses are to systematics of the prior.
        prior: of the systematics.

    >>> import numpy as np
    >>> up = Response(np.array([1.5, 1.0]), np.array([1 / 1.5, 1.0]), np.zeros(2))
    >>> wall = Background("wall", np.array([1000.0, 4000.0]), np.zeros(2), {"gap": up}, 0.3)
    >>> found = fit_shells(np.array([1225.0, 4000.0]), [wall], Prior(("gap",), np.zeros(1), np.eye(1)))
    >>> f"{found.central[0]:.2f} ± {found.error[0]:.2f}"
    '0.50 ± 0.08'
    """
    names = (*prior.names, *(one.norm for one in backgrounds))
    model, k = _Model(backgrounds, names), len(prior.names)
    centre, spread = np.zeros(len(names)), np.eye(len(names))
    centre[:k], spread[:k, :k] = prior.central, prior.covariance
    found, scale = _solved(data, model, centre, spread, 1.0), 1.0
    chi2 = found[2]
    if gammaincc(len(data) / 2, chi2 / 2) < IMPLAUSIBLE:
        scale = float(np.sqrt(chi2 / len(data)))
        found = _solved(data, model, centre, spread, scale)
    x, covariance, _, noise = found
    return ShellFit(
        names, x, covariance, chi2, len(data), scale, noise,
        model.counts(centre), _propagated(model, centre, spread), model.counts(x), _propagated(model, x, covariance),
    )  # fmt: skip


def _propagated(model: _Model, x: Array, covariance: Array) -> Array:
    """Error of the expected counts by the parameters, shape (m,)."""
    slopes = model.slopes(x)
    return np.asarray(np.sqrt(np.einsum("im,ij,jm->m", slopes, covariance, slopes)))


def _solved(
    data: Array, model: _Model, centre: Array, spread: Array, scale: float
) -> tuple[Array, Array, float, Array]:
    """Parameters, covariance, χ² and shares of noise, by Gauss and Newton's method; `scale` multiplies
    the errors of the counts."""
    root = np.asarray(np.linalg.cholesky(spread))  # x = centre + root z, z of unit spread
    z, unit = np.zeros_like(centre), np.eye(len(centre))
    for _ in range(ROUNDS):
        x = centre + root @ z
        variance, slopes = scale**2 * model.variance(x), model.slopes(x)
        false = root.T @ np.diag(model.false_information(x, variance)) @ root
        slopes = root.T @ slopes
        raw = (slopes / variance) @ slopes.T
        information = nearest_positive(raw - false) + unit
        left = data - model.counts(x) + z @ slopes
        step = np.linalg.solve(information, (slopes / variance) @ left) - z
        z = z + np.clip(step, -LONGEST_STEP, LONGEST_STEP) / 2  # damped: counts are exponentials
        if np.max(np.abs(step)) < CONVERGED:
            break
    rest = data - model.counts(x)
    chi2 = float(np.sum(rest**2 / variance) + z @ z)
    covariance = np.asarray(np.linalg.inv(information), dtype=np.float64)
    noise = share_of_noise(covariance, raw)
    return centre + root @ z, root @ covariance @ root.T, chi2, noise
