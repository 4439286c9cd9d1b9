"""The profile likelihood in the parameter of interest: cached, warm-started fits, and roots of what
follows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from exonu.statistics.engine.flat import BoolArray, FloatArray
from exonu.statistics.fitting import (
    Minimum,
    auxiliary_start,
    follow,
    global_minimum,
    minimise,
    minimise_beside,
    mirrored,
)
from exonu.statistics.workspaces.compiled_model import Model


@dataclass
class Tally:
    """What the minimiser did for one result.

    Impossible fits are those where the model gives no events, or less, in a bin that has some,
    whatever the nuisance
    parameters: that value of μ is excluded, and the minimiser has not failed.
    """

    fits: int = 0
    iterations: int = 0
    failed: int = 0
    impossible: int = 0
    multimodal: bool = False

    def since(self, before: Tally) -> Tally:
        """What came after an earlier state; several minima are a property of the likelihood."""
        return Tally(
            self.fits - before.fits,
            self.iterations - before.iterations,
            self.failed - before.failed,
            self.impossible - before.impossible,
            self.multimodal,
        )

    def count(self, minimum: Minimum) -> Minimum:
        self.fits += 1
        self.iterations += minimum.iterations
        impossible = not np.isfinite(minimum.value)
        self.impossible += impossible
        self.failed += not (minimum.converged or impossible)
        return minimum


@dataclass
class Profile:
    """ℓ(μ) = min over the nuisance parameters, for one data set.

    Attributes:
        best: the global minimum in μ, within the bounds.
        points: the conditional minima found so far, by μ.
        thorough: every fit is repeated from the other side of the nominal values.
        verified: values of μ that `verify` has found to hold.
    """

    model: Model
    data: FloatArray
    tally: Tally
    held: BoolArray
    best: Minimum
    points: dict[float, Minimum] = field(default_factory=dict)
    thorough: bool = False
    verified: set[float] = field(default_factory=set)
    _sigmas: list[tuple[Minimum, float]] = field(default_factory=list)

    @classmethod
    def of(cls, model: Model, data: FloatArray, tally: Tally) -> Profile:
        """The profile of a data set, with its free fit and its background-only fit."""
        held = model.fixed.copy()
        held[model.poi_index] = False
        start = np.where(held, model.init, auxiliary_start(model, data))
        best, multimodal = global_minimum(model, data, held, start)
        tally.multimodal |= multimodal
        profile = cls(model, data, tally, held, tally.count(best))
        profile.verify(0.0)
        return profile

    @classmethod
    def asimov(cls, observed: Profile) -> Profile:
        """Profile of the background-only Asimov data: μ = 0, nuisance parameters as fitted to the
        data (as pyhf)."""
        model, without = observed.model, observed.at(0.0)
        data = model.expected_data(without.theta)
        held = observed.held | (np.arange(observed.held.size) == model.poi_index)
        exact = observed.tally.count(minimise(model, data, without.theta, held))
        return cls(model, data, observed.tally, observed.held, exact, {0.0: exact})

    @cached_property
    def held_with_mu(self) -> BoolArray:
        """Parameters that are fixed in conditional fits, (P,)."""
        held = self.held.copy()
        held[self.model.poi_index] = True
        return held

    @property
    def mu_hat(self) -> float:
        return float(self.best.theta[self.model.poi_index])

    def at(self, mu: float) -> Minimum:
        """The conditional minimum at mu, started from the nearest point known, along its tangent."""
        if mu in self.points:
            return self.points[mu]
        nearest, distance = self.best, abs(self.mu_hat - mu)
        for at, point in self.points.items():
            if abs(at - mu) < distance and point.converged:
                nearest, distance = point, abs(at - mu)
        found = self._kept(mu, follow(self.model, self.data, nearest, self.held_with_mu, mu))
        return self.improve(mu, mirrored(self.model, found.theta)) if self.thorough else found

    def verify(self, mu: float) -> bool:
        """Whether the minimum at mu holds against a start from the other side of the nominal
        values.

        If it does not, all points are forgotten, and from now on every fit has two starts.
        """
        if self.thorough or mu in self.verified:
            return True
        self.verified.add(mu)
        before = self.at(mu).value
        if self.improve(mu, mirrored(self.model, self.at(mu).theta)).value >= before - 1e-9:
            return True
        self.thorough, self.tally.multimodal = True, True
        self.points.clear()
        return False

    def improve(self, mu: float, start: FloatArray) -> Minimum:
        """Fit at mu from the given nuisance parameters; keep the result if it is the best known
        there."""
        theta, known = start.copy(), self.points.get(mu)
        theta[self.model.poi_index] = mu
        if known is not None and known.converged:
            found = minimise_beside(self.model, self.data, theta, self.held_with_mu, known)
        else:
            found = minimise(self.model, self.data, theta, self.held_with_mu)
        return self._kept(mu, found)

    def _kept(self, mu: float, found: Minimum) -> Minimum:
        """A conditional minimum, fitted again if that failed; kept if it is the best known there."""
        i = self.model.poi_index
        self.tally.count(found)
        if not found.converged:  # a second chance from the auxiliary values
            theta = np.where(self.held, self.model.init, auxiliary_start(self.model, self.data))
            theta[i] = mu
            again = minimise(self.model, self.data, theta, self.held_with_mu)
            if again.converged:
                self.tally.failed -= int(np.isfinite(found.value))
                self.tally.impossible -= int(not np.isfinite(found.value))
                found = self.tally.count(again)
        known = self.points.get(mu)
        if known is None or found.value < known.value:
            self.points[mu] = found
        within = self.model.flat.lower[i] <= mu <= self.model.flat.upper[i]
        if within and found.converged and found.value < self.best.value - 1e-9:
            self.descend(found.theta)
        return self.points[mu]

    def descend(self, theta: FloatArray) -> None:
        """A free fit from the given point; if it ends elsewhere than the best one, there are
        several minima."""
        found = self.tally.count(minimise(self.model, self.data, theta, self.held))
        if not found.converged:
            return
        self.tally.multimodal |= self.best.converged and abs(found.value - self.best.value) > 1e-6
        i = self.model.poi_index
        # Of minima that are equal within rounding, the one with less signal.
        tie = abs(found.value - self.best.value) <= 1e-9 and found.theta[i] < self.best.theta[i]
        if tie or found.value < self.best.value - 1e-9 or not self.best.converged:
            self.best = found

    def twice_delta(self, mu: float) -> tuple[float, float]:
        """-2 Δ ln L between mu and the best fit, and its derivative 2 ∂ℓ/∂μ (envelope theorem)."""
        point = self.at(mu)
        if not np.isfinite(point.value):
            return np.inf, 0.0
        slope = 2.0 * float(point.gradient[self.model.flat.column[self.model.poi_index]])
        return max(2.0 * (point.value - self.best.value), 0.0), slope

    def sigma(self, point: Minimum) -> float:
        """Error of μ from the curvature of the profile at a point; infinite or NaN if it has
        none."""
        known = [error for one, error in self._sigmas if one is point]
        if not known:
            known = [self._curvature_error(point)]
            self._sigmas.append((point, known[0]))
        return known[0]

    def _curvature_error(self, point: Minimum) -> float:
        free = np.flatnonzero(~self.held[self.model.flat.dense])
        h = point.hessian[np.ix_(free, free)]
        h = np.tril(h) + np.tril(h, -1).T
        place = int(np.flatnonzero(self.model.flat.dense[free] == self.model.poi_index)[0])
        unit = np.zeros(free.size)
        unit[place] = 1.0
        scale = np.sqrt(np.abs(np.diag(h)))
        scale[scale == 0.0] = 1.0
        try:
            variance = (
                float(np.linalg.solve(h / np.outer(scale, scale), unit / scale)[place])
                / scale[place]
            )
        except np.linalg.LinAlgError:
            return np.inf
        return float(np.sqrt(variance)) if variance > 0.0 else np.inf


def signal_scale(model: Model, theta: FloatArray) -> float:
    """The μ that gives one event, or one standard deviation of the background if that is more."""
    trial, i = theta.copy(), model.poi_index
    trial[i] = 0.0
    background = model.expected(trial)
    trial[i] = 1.0
    signal = np.abs(model.expected(trial) - background)
    information = float(np.sum(signal**2 / np.maximum(background, 1.0)))
    return 1.0 / np.sqrt(information) if information > 0.0 else np.inf


@dataclass(frozen=True)
class Root:
    """A crossing, the bracket it was found in, whether it was found, the last point computed on
    the way, and whether there is none because the function levels off."""

    value: float
    bracket: tuple[float, float]
    found: bool
    nearest: float = np.nan
    level: bool = False


FLAT = 1e-3
"""Rise, from one step to one ten times as far, below which a function counts as level."""
ROUNDED = 1e-15
"""Distance of two numbers, relative to them, that double precision hardly tells apart."""
FARTHEST = 1e10
"""How many times the first step a level function is followed; signals that nuisance parameters
cancel to more digits than that are lost in rounding."""


def find_root(
    f: Callable[[float], tuple[float, float]], guess: float, low: float, high: float = np.inf
) -> Root:
    """The crossing of a function that is negative just above `low` and rises; Newton's method
    within a bracket.

    Args:
        f: value and derivative.
        guess: first point, > low; only its order of magnitude matters, and even that only for
            speed.
        low, high: the crossing is looked for in between.
    """
    below, above = low, np.inf
    x, before = min(guess, high), -np.inf
    first = x - low
    for _ in range(200):
        x = min(x, high)
        value, slope = f(x)
        if value != value:
            return Root(np.nan, (below, above), False)
        level = np.isinf(above) and value < 0.0 and value - before < FLAT
        before = value
        if level and x - low >= FARTHEST * first:
            return Root(np.inf, (below, high), False, x, True)
        if value == 0.0:
            return Root(x, (below, above), True, x)
        if value > 0.0:
            above = x
        elif x >= high:
            return Root(np.inf, (below, high), False, x)
        else:
            below = x
        new = x - value / slope if slope > 0.0 else np.nan
        close = max(2e-5 * abs(new - low), ROUNDED * abs(x))
        if below <= new <= above and abs(new - x) <= close:
            return Root(float(new), (below, above), True, x)
        if np.isinf(above):
            # A function that has levelled off is followed in ever larger steps.
            farthest = low + (1e3 if level else 10.0) * (x - low)
            if level:
                farthest = min(farthest, low + FARTHEST * max(first, 0.0) * 1.0001)
            x = farthest if level or not below < new <= farthest else new
        elif not below < new < above or (below > low and above - below < 1e-12 * abs(above)):
            if above - below <= max(1e-12 * abs(above - low), ROUNDED * abs(above), 1e-312):
                return Root(0.5 * (below + above), (below, above), True, x)
            # In scale rather than in distance while nothing is known below.
            x = low + 0.1 * (above - low) if below == low else _middle(low, below, above)
        else:
            x = new
    return Root(np.nan, (below, above), False)


def _middle(low: float, below: float, above: float) -> float:
    """Half way in scale, seen from `low`, if the ends are far apart; else half way."""
    if above - low > 100.0 * (below - low):
        return low + float(np.sqrt((below - low) * (above - low)))
    return 0.5 * (below + above)
