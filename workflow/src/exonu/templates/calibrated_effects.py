"""Traced systematics whose central value and error a calibration has found: what is left of their
effects, and where templates move to.

A parameter θ is in units of the declared standard deviation, at which the variations were simulated.
Between them ln R is a parabola, through the simulated ratios at ±1; nominal templates get R(m) with
m the central values. What is uncertain are directions, the columns of the lower triangle L of the
covariance L Lᵀ: the first systematic moves by its error, and the others with it as far as they are
correlated; the second by what is left of its error, and so on. So all correlations are kept, and each
nuisance parameter has its name.

Activities that shells outside the fiducial volume measure are parameters like the others. They come
first, so that the nuisance parameter of an activity is all that moves it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from exonu.core.errors import InputError
from exonu.core.files import read_json
from exonu.core.types import Array
from exonu.templates.systematics import Effect, Systematic


@dataclass(frozen=True)
class CalibratedOptics:
    """What the step `optics_calibration` has found, or `shell_calibration` after it.

    Attributes:
        names: the systematics.
        central, covariance: in units of their declared standard deviations, shapes (k,), (k, k).
        vertex_scale: relative uncertainty of the scale of R(PE).
        notes: of the calibration.
        activities: by the names of their parameters, the component and the declared relative uncertainty.
    """

    names: tuple[str, ...]
    central: Array
    covariance: Array
    vertex_scale: float
    notes: tuple[str, ...] = ()
    activities: Mapping[str, tuple[str, float]] = field(default_factory=dict)

    @classmethod
    def read(cls, file: str | Path) -> CalibratedOptics:
        """From its JSON."""
        record: Mapping[str, Any] = read_json(file)
        found = record["parameters"]
        covariance = np.reshape(record["covariance"], (len(found), len(found)))
        return cls(
            tuple(record["order"]),
            np.array([found[name]["central"] for name in record["order"]], dtype=np.float64),
            covariance.astype(np.float64),
            float((record["vertex_scale"] or {"uncertainty": 0.0})["uncertainty"]),
            tuple(record["notes"]),
            {
                name: (one["component"], one["size"])
                for name, one in found.items()
                if "component" in one
            },
        )

    @property
    def directions(self) -> Array:
        """Lower triangle L of the covariance L Lᵀ: column j is what parameter j moves, shape (k, k)."""
        return np.asarray(np.linalg.cholesky(self.covariance))

    def activity(self, component: str) -> dict[str, float] | None:
        """Central value and error of a component's activity relative to its prior; None if it is not
        measured."""
        for name, (of, size) in self.activities.items():
            if of == component:
                place = self.names.index(name)
                error = float(np.sqrt(self.covariance[place, place]))
                return {"central": 1 + size * float(self.central[place]), "error": size * error}
        return None


def calibrated(
    effects: Sequence[Effect],
    optics: CalibratedOptics | None,
    component: str = "",
    ranges_keV: Sequence[float] = (),
) -> list[Effect]:
    """Effects on one component with those of calibrated systematics as the calibration leaves them.

    Args:
        effects: as simulated, for one declared standard deviation.
        optics: the calibration; None changes nothing.
        component: which, for its activity.
        ranges_keV: of the report.

    Returns:
        The same list, and what else the calibration moves of this component: its activity, or an
        activity that is correlated with a systematic of it. A calibrated one has the central value's
        ratio `central_bins`, and ratios `up_bins`, `down_bins` to it for one standard deviation along
        its direction; its report stays that of the simulation.

    Raises:
        InputError: a systematic `from_calibration` or `from_shells` that is not in the calibration.
    """
    asked = [one.systematic.name for one in effects if one.is_calibrated]
    missing = sorted(set(asked) - set(optics.names if optics else ()))
    if missing:
        raise InputError(
            f"has no {missing[0]!r}, which is `from_calibration` or `from_shells`",
            field="calibration", remedy="run the step optics_calibration or shell_calibration again",
        )  # fmt: skip
    if optics is None or not effects:
        return list(effects)
    effects = [*effects, *_activities(effects[0], optics, component, ranges_keV)]
    curves = {e.systematic.name: _LogRatio.of(e) for e in effects if e.is_calibrated and e.is_kept}
    directions = optics.directions
    found = []
    for effect in effects:
        name = effect.systematic.name
        if name not in curves and name not in optics.activities:
            found.append(effect)
            continue
        place = optics.names.index(name)
        ways = [_moved(curves, optics, sign * directions[:, place]) for sign in (1, -1)]
        if name not in curves and np.allclose(ways[0], 1, rtol=1e-9):
            continue  # another component's activity, with which nothing of this one is correlated
        central = np.exp(curves[name].at(optics.central[place])) if name in curves else None
        measured = float(optics.central[place]), float(np.sqrt(optics.covariance[place, place]))
        moved = max(effect.moved, float(np.max(np.abs(ways[0] - 1))))
        found.append(
            replace(
                effect, up_bins=ways[0], down_bins=ways[1], central_bins=central, found=measured,
                moved=moved if name in optics.activities else effect.moved,
            )
        )  # fmt: skip
    return found


def _activities(
    like: Effect, optics: CalibratedOptics, component: str, ranges_keV: Sequence[float]
) -> list[Effect]:
    """Activities as effects: of the component itself the declared uncertainty, of others none yet."""
    made = []
    for name, (of, size) in optics.activities.items():
        own = size if of == component else 0.0
        n, bins = len(ranges_keV) - 1, np.ones_like(like.up_bins)
        made.append(
            Effect(
                Systematic(name, "traced", "derived", f"activity of {of}", from_shells=True),
                component, tuple(ranges_keV), np.full(n, own), np.zeros(n), np.full(n, -own), np.zeros(n),
                (1 + own) * bins, (1 - own) * bins, chance=0.0, moved=own,
            )
        )  # fmt: skip
    return made


@dataclass(frozen=True)
class _LogRatio:
    """ln R(θ) by bin: a parabola where there is simulation, |θ| ≤ 1, and its tangent outside."""

    slope: Array
    curve: Array

    @classmethod
    def of(cls, effect: Effect) -> _LogRatio:
        up, down = np.log(effect.up_bins), np.log(effect.down_bins)
        return cls((up - down) / 2, (up + down) / 2)

    def at(self, theta: float) -> Array:
        inside = float(np.clip(theta, -1, 1))
        return np.asarray(
            self.slope * theta + self.curve * (inside**2 + 2 * inside * (theta - inside))
        )


def _moved(curves: Mapping[str, _LogRatio], optics: CalibratedOptics, step: Array) -> Array:
    """Ratio of counts after a step from the central values to those before."""
    changes = [
        curve.at(optics.central[place] + step[place]) - curve.at(optics.central[place])
        for place, name in enumerate(optics.names)
        if (curve := curves.get(name)) is not None
    ]
    return np.asarray(np.exp(np.sum(changes, axis=0)))


def central_bins(effects: Sequence[Effect]) -> Array | None:
    """Product of what the calibrated central values do to a component's counts, by bin; None if
    nothing is calibrated."""
    moved = [one.central_bins for one in effects if one.is_kept and one.central_bins is not None]
    return np.asarray(np.prod(moved, axis=0)) if moved else None
