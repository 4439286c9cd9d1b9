"""The fit of the optics to the light of a source at several heights.

What is fitted is the logarithm of the light in rings of the polar angle at each height, data over
simulation. Each traced systematic is a parameter in units of its declared standard deviation, which
stays as its prior: the light of its variations, which have the decays and random numbers of the
baseline, says what it does. Free is the light yield; priors have the relative efficiency of each
ring and the height of the source at each place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import block_diag
from scipy.special import gammaincc

from exonu.core.types import Array

DEGREE = 6
"""What a variation does to the light is smooth: a polynomial of this degree in height and cosine."""
ROUNDS = 20
IMPLAUSIBLE, PULLED, MOSTLY_NOISE = 0.01, 2.0, 0.5


@dataclass(frozen=True)
class Varied:
    """Light of the baseline's events under one systematic, shape (n_i, n_rings) at each height.

    Attributes:
        name: of the systematic.
        up, down: one standard deviation each way; one of them may be None, and is then the inverse.
    """

    name: str
    up: Sequence[Array] | None
    down: Sequence[Array] | None


@dataclass(frozen=True)
class Known:
    """What else is known of the source and the photomultipliers, one standard deviation [assumed].

    Attributes:
        position_cm: of each height.
        ring: relative efficiency of each ring.
        light: relative light yield at each height, which may be days apart.
    """

    position_cm: float = 0.1
    ring: float = 0.01
    light: float = 0.005


@dataclass(frozen=True)
class OpticsFit:
    """Result of `fit_optics`.

    Attributes:
        names: the systematics.
        central, covariance: in units of their declared standard deviations, shapes (k,), (k, k).
        chi2, degrees: of light and priors.
        noise: share of the information on each parameter that is only the simulation's noise, and
            is taken off, shape (k,).
        scale: by which errors of the light are multiplied, since χ² is implausible; else 1.
        ratio, ratio_error: ln data/simulation, shape (p, r).
        fitted: the same as fitted, shape (p, r).
    """

    names: tuple[str, ...]
    central: Array
    covariance: Array
    chi2: float
    degrees: int
    noise: Array
    scale: float
    ratio: Array
    ratio_error: Array
    fitted: Array

    @property
    def error(self) -> Array:
        """Standard deviations, shape (k,)."""
        return np.asarray(np.sqrt(np.diag(self.covariance)))

    @property
    def p_value(self) -> float:
        """Probability of a χ² as large."""
        return float(gammaincc(self.degrees / 2, self.chi2 / 2))

    def notes(self) -> list[str]:
        """What speaks against taking the result as it stands, in words."""
        found = []
        if self.p_value < IMPLAUSIBLE:
            found.append(
                f"light of the source: χ² = {self.chi2:.0f} with {self.degrees} degrees of freedom "
                f"(p = {self.p_value:.1g}); what is varied does not describe it, and the errors of the "
                f"light are taken {self.scale:.2f} times as large"
            )
        for name, m, s, noise in zip(self.names, self.central, self.error, self.noise, strict=True):
            if abs(m) > PULLED:
                found.append(f"{name}: {m:.2f} ± {s:.2f} standard deviations from what is declared")
            if abs(m) > 1:
                found.append(f"{name}: {m:.2f} lies outside what is simulated (−1 to 1)")
            if noise > MOSTLY_NOISE:
                found.append(
                    f"{name}: {100 * noise:.0f} % of the information is noise of the simulation, and is "
                    "taken off; simulate more decays of the source"
                )
        return found


@dataclass(frozen=True)
class _Light:
    """Means and errors that the fit is made of; p heights, r rings, matrices of p r rows."""

    heights_cm: Array
    cosine: Array
    data: Sequence[Array]
    baseline: Sequence[Array]

    @cached_property
    def means(self) -> tuple[Array, Array]:
        """Of data and simulation, shape (p, r)."""
        data, baseline = (
            np.array([one.mean(axis=0) for one in s]) for s in (self.data, self.baseline)
        )
        return data, baseline

    def covariance(self) -> Array:
        """Of ln data/simulation by their numbers of events: the scatter of single events is the
        same in both."""
        blocks = []
        for data, baseline, mean in zip(self.data, self.baseline, self.means[1], strict=True):
            both = len(data), len(baseline)
            scatter = sum(
                (len(one) - 1) * np.cov(one / one.mean(axis=0), rowvar=False)
                for one in (data, baseline)
            ) / (sum(both) - 2)
            wider = (sum(both) - 1) / (sum(both) - len(mean) - 3)  # of its inverse: Hartlap 2007
            blocks.append(wider * scatter * sum(1 / n for n in both))
        return np.asarray(block_diag(*blocks))

    def known(self, known: Known) -> Array:
        """Covariance of the light yield (free, and of each height), of the rings' efficiencies and
        the heights."""
        p, r = self.means[1].shape
        slope = np.gradient(np.log(self.means[1]), self.heights_cm, axis=0, edge_order=2)
        heights = block_diag(*(np.outer(one, one) for one in slope)) * known.position_cm**2
        rings = np.kron(np.ones((p, p)), np.eye(r)) * known.ring**2
        yields = np.kron(1.0 + np.eye(p) * known.light**2, np.ones((r, r)))
        return np.asarray(heights + rings + yields)

    @cached_property
    def smoother(self) -> Array:
        """Projects numbers of heights and rings on polynomials, weighted by the light."""
        p, r = self.means[1].shape
        z = self.heights_cm / np.max(np.abs(self.heights_cm))
        terms = [
            np.outer(z**i, self.cosine**j).ravel()
            for i in range(min(p, DEGREE + 1))
            for j in range(min(r, DEGREE + 1 - i))
        ]
        basis, weight = np.stack(terms, axis=1), self.means[1].ravel()
        return np.asarray(basis @ np.linalg.solve(basis.T * weight @ basis, basis.T * weight))


@dataclass(frozen=True)
class _Responses:
    """What parameters do to ln light.

    Attributes:
        slope: for one standard deviation, shape (k, p r).
        bend: the same pattern is multiplied by θ + bend θ², shape (k,).
        noise: covariance of the slopes, shape (k, k, p r, p r).
    """

    slope: Array
    bend: Array
    noise: Array

    @classmethod
    def of(cls, light: _Light, varied: Sequence[Varied]) -> _Responses:
        """From the variations of the same events."""
        p, r = light.means[1].shape
        slope, events = np.zeros((len(varied), p * r)), []
        bend = np.zeros(len(varied))
        for k, one in enumerate(varied):
            log, halves = _one_sigma(one, light)
            slope[k] = light.smoother @ log
            events.append(halves)
            bend[k] = _bend(one, light, slope[k])
        noise = np.zeros((len(varied), len(varied), p * r, p * r))
        for a, x in enumerate(events):
            for b, y in enumerate(events):
                blocks = [_cross(of_x, of_y) / len(of_x) for of_x, of_y in zip(x, y, strict=True)]
                noise[a, b] = light.smoother @ block_diag(*blocks) @ light.smoother.T
        return cls(slope, bend, noise)

    def bent(self, theta: Array) -> Array:
        """θ + bend θ² in what is simulated, and its tangent outside, shape (k,)."""
        inside = np.clip(theta, -1, 1)
        return np.asarray(inside + self.bend * inside**2 + (theta - inside) * self.steepness(theta))

    def steepness(self, theta: Array) -> Array:
        """Its derivative."""
        return np.asarray(1 + 2 * self.bend * np.clip(theta, -1, 1))

    def shift(self, theta: Array) -> Array:
        """ln light over the baseline's, shape (p r,)."""
        return np.asarray(self.bent(theta) @ self.slope)

    def slopes(self, theta: Array) -> Array:
        """Its derivatives, shape (k, p r)."""
        return np.asarray(self.steepness(theta)[:, None] * self.slope)

    def error_of_shift(self, theta: Array) -> Array:
        """Covariance of `shift` from the number of simulated events."""
        bent = self.bent(theta)
        return np.asarray(np.tensordot(np.outer(bent, bent), self.noise, 2))

    def false_information(self, theta: Array, weight: Array) -> Array:
        """Expectation of slopes' noise in slopes × weight × slopes, shape (k, k)."""
        steep = self.steepness(theta)
        return np.asarray(np.outer(steep, steep) * np.tensordot(self.noise, weight, 2))


def _bend(one: Varied, light: _Light, slope: Array) -> float:
    """How much of the slope's pattern goes with the square of the parameter: of ln light, up and down
    together, the part along it. 0 where there is one direction only."""
    if one.up is None or one.down is None:
        return 0.0
    mean = light.means[1]
    logs = [np.log(np.array([e.mean(axis=0) for e in way]) / mean) for way in (one.up, one.down)]
    weighted = slope * mean.ravel()
    return float(weighted @ (logs[0] + logs[1]).ravel() / 2 / (weighted @ slope))


def _one_sigma(one: Varied, light: _Light) -> tuple[Array, list[Array]]:
    """Logarithm of the light, half of up over down, shape (p r,), and the same of single events
    relative to the mean; with one direction only that over the baseline."""
    mean = light.means[1]
    if one.up is None and one.down is None:
        raise ValueError(f"no variation of {one.name}")
    up, down = one.up or light.baseline, one.down or light.baseline
    size = 0.5 if one.up is not None and one.down is not None else 1.0
    of_up, of_down = (np.array([e.mean(axis=0) for e in way]) for way in (up, down))
    events = [size * (u - d) / m for u, d, m in zip(up, down, mean, strict=True)]
    return size * np.log(of_up / of_down).ravel(), events


def _cross(x: Array, y: Array) -> Array:
    """Covariance between two sets of columns of the same events."""
    return np.asarray((x - x.mean(axis=0)).T @ (y - y.mean(axis=0)) / (len(x) - 1))


def fit_optics(
    heights_cm: Array,
    cosine: Array,
    data: Sequence[Array],
    baseline: Sequence[Array],
    varied: Sequence[Varied],
    known: Known,
) -> OpticsFit:
    """Fit the traced systematics to the light of the source.

    The slopes come from a simulation of finite size. Its noise looks like information on the
    parameters, and would pull them to zero; its expectation is taken off (regression with known
    errors of the regressors: W. A. Fuller, Measurement Error Models, 1987, section 2.2).

    Args:
        heights_cm: of the source, ascending, shape (p,).
        cosine: of the rings, shape (r,).
        data, baseline: light of single events by ring, shape (n_i, r) at each height.
        varied: of the same events as `baseline`.
        known: priors.
    """
    light = _Light(heights_cm, cosine, data, baseline)
    of_data, of_base = light.means
    y = np.log(of_data / of_base).ravel()
    errors = light.covariance(), light.known(known)
    responses, degrees = _Responses.of(light, varied), len(y) - 1
    found = _Solution.of(y, responses, *errors)
    chi2, scale = found.chi2, 1.0
    if gammaincc(degrees / 2, chi2 / 2) < IMPLAUSIBLE:
        scale = float(np.sqrt(chi2 / degrees))
        found = _Solution.of(y, responses, *errors, scale)
    shape = of_base.shape
    return OpticsFit(
        tuple(one.name for one in varied), found.theta, found.covariance, chi2, degrees,
        found.noise, scale, y.reshape(shape),
        np.sqrt(np.diag(errors[0])).reshape(shape), found.fitted.reshape(shape),
    )  # fmt: skip


@dataclass(frozen=True)
class _Solution:
    """Where χ² of light and priors is least."""

    theta: Array
    covariance: Array
    chi2: float
    noise: Array
    fitted: Array

    @classmethod
    def of(
        cls,
        y: Array,
        responses: _Responses,
        statistics: Array,
        nuisances: Array,
        scale: float = 1.0,
    ) -> _Solution:
        """By Gauss and Newton's method; `scale` multiplies the errors of the light."""
        k = len(responses.slope)
        theta = np.zeros(k)
        for _ in range(ROUNDS):
            error = scale**2 * (statistics + responses.error_of_shift(theta))
            weight = np.asarray(np.linalg.inv(error + nuisances), dtype=np.float64)
            slopes = responses.slopes(theta)
            raw, false = slopes @ weight @ slopes.T, responses.false_information(theta, weight)
            information = nearest_positive(raw - false) + np.eye(k)
            left = y - responses.shift(theta) + theta @ slopes
            theta = (theta + np.linalg.solve(information, slopes @ weight @ left)) / 2  # damped
        rest = y - responses.shift(theta)
        chi2 = float(rest @ weight @ rest + theta @ theta)
        fitted = responses.shift(theta) + nuisances @ weight @ rest
        covariance = np.asarray(np.linalg.inv(information), dtype=np.float64)
        return cls(theta, covariance, chi2, share_of_noise(covariance, raw), fitted)


def share_of_noise(covariance: Array, raw: Array) -> Array:
    """Share of what data seem to say about each parameter, beside its prior of unit spread, that is noise
    of the simulation, shape (k,).

    Args:
        covariance: of the parameters, the noise taken off, shape (k, k).
        raw: information of the data, its noise included, the same shape.
    """
    seeming = 1 / np.diag(np.linalg.inv(raw + np.eye(len(raw)))) - 1
    gained = 1 / np.diag(covariance) - 1
    share = np.divide(gained, seeming, out=np.ones_like(gained), where=seeming > 0)
    return np.asarray(np.clip(1 - share, 0, 1))


def nearest_positive(matrix: Array) -> Array:
    """The nearest matrix without negative eigenvalues."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray(vectors * np.maximum(values, 0) @ vectors.T)
