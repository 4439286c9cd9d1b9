"""The profile of the data and that of its background-only Asimov data: fitted once for all that is
asked of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from exonu.core.errors import InputError
from exonu.statistics.engine.flat import FloatArray
from exonu.statistics.profiling import Profile, Tally, signal_scale
from exonu.statistics.quadratic import survey
from exonu.statistics.workspaces.compiled_model import Model, require_model


@dataclass(frozen=True)
class ProfilePair:
    """What limits, intervals and p-values are read from; fits are kept, so that each is made once.

    Attributes:
        observed: profile of the data in μ ≥ 0, where every test statistic but the plain interval
            lives.
        asimov: profile of the background-only Asimov data, its nuisance parameters fitted to the
            data.
        unbounded: profile of the data within the measurement's own bounds; `observed` itself
            unless these allow μ < 0.
        grid: values of μ on which a quadratic signal was surveyed; empty for a linear one.
    """

    observed: Profile
    asimov: Profile
    unbounded: Profile
    grid: tuple[float, ...]

    @property
    def model(self) -> Model:
        return self.observed.model

    @property
    def tally(self) -> Tally:
        return self.observed.tally

    @property
    def sigma(self) -> float:
        """The scale of μ: its error from the curvature at μ = 0 of the Asimov data, or what gives
        one standard deviation of the background; infinite without a signal."""
        sigma = self.asimov.sigma(self.asimov.at(0.0))
        return sigma if np.isfinite(sigma) else signal_scale(self.model, self.asimov.at(0.0).theta)


def profile_pair(
    model: Model, data: Sequence[float] | FloatArray | ProfilePair | None = None
) -> ProfilePair:
    """The profiles of data; those that are given already are given back.

    Raises:
        InputError: if it is not a model, or its parameter of interest is fixed, or cannot be zero.
    """
    if isinstance(data, ProfilePair):
        return data
    _check_parameter(require_model(model))
    vector, tally = model.data(data), Tally()
    unbounded = Profile.of(model, vector, tally)
    observed = unbounded
    lower = model.flat.lower
    if lower[model.poi_index] < 0.0:
        raised = lower.copy()
        raised[model.poi_index] = 0.0
        observed = Profile.of(model.bounded(raised, model.flat.upper), vector, tally)
    asimov = Profile.asimov(observed)
    grid = tuple(survey(observed, asimov)) if model.tied else ()
    return ProfilePair(observed, asimov, unbounded, grid)


def _check_parameter(model: Model) -> None:
    i, field = model.poi_index, f"measurements, parameter {model.poi}"
    if model.fixed[i]:
        raise InputError(
            f"the parameter of interest {model.poi} is fixed",
            field=field,
            remedy="remove `fixed`: there is nothing to set a limit on",
        )
    if not model.flat.lower[i] <= 0.0 < model.flat.upper[i]:
        raise InputError(
            f"the bounds of {model.poi} do not include 0 ({model.flat.lower[i]:g}, {model.flat.upper[i]:g})",
            field=field,
            remedy="a CLs limit needs the background-only hypothesis",
        )
