"""Traced systematics whose central value and error a calibration has found: what is left of their
effects, and where templates move to.

A parameter θ is in units of the declared standard deviation, at which the variations were simulated.
Between them ln R is a parabola, through the simulated ratios at ±1; nominal templates get R(m) with
m the central values. What is uncertain are directions, the columns of the lower triangle L of the
covariance L Lᵀ: the first systematic moves by its error, and the others with it as far as they are
correlated; the second by what is left of its error, and so on. So all correlations are kept, and each
nuisance parameter has its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from exonu.core.errors import InputError
from exonu.core.files import read_json
from exonu.core.types import Array
from exonu.templates.systematics import Effect


@dataclass(frozen=True)
class CalibratedOptics:
    """What the step `optics_calibration` has found.

    Attributes:
        names: the systematics.
        central, covariance: in units of their declared standard deviations, shapes (k,), (k, k).
        vertex_scale: relative uncertainty of the scale of R(PE).
        notes: of the calibration.
    """

    names: tuple[str, ...]
    central: Array
    covariance: Array
    vertex_scale: float
    notes: tuple[str, ...] = ()

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
        )

    @property
    def directions(self) -> Array:
        """Lower triangle L of the covariance L Lᵀ: column j is what parameter j moves, shape (k, k)."""
        return np.asarray(np.linalg.cholesky(self.covariance))


def calibrated(effects: Sequence[Effect], optics: CalibratedOptics | None) -> list[Effect]:
    """Effects on one component with those of calibrated systematics as the calibration leaves them.

    Args:
        effects: as simulated, for one declared standard deviation.
        optics: the calibration; None changes nothing.

    Returns:
        The same list. A calibrated one has the central value's ratio `central_bins`, and ratios
        `up_bins`, `down_bins` to it for one standard deviation along its direction; its report
        stays that of the simulation.

    Raises:
        InputError: a systematic `from_calibration` that is not in the calibration.
    """
    asked = [one.systematic.name for one in effects if one.is_calibrated]
    if not asked:
        return list(effects)
    missing = sorted(set(asked) - set(optics.names if optics else ()))
    if missing or optics is None:
        raise InputError(
            f"has no {missing[0] if missing else asked[0]!r}, which is `from_calibration`",
            field="calibration of the optics", remedy="run the step optics_calibration again",
        )  # fmt: skip
    curves = {e.systematic.name: _LogRatio.of(e) for e in effects if e.is_calibrated and e.is_kept}
    directions = optics.directions
    found = []
    for effect in effects:
        name = effect.systematic.name
        if name not in curves:
            found.append(effect)
            continue
        place = optics.names.index(name)
        ways = [_moved(curves, optics, sign * directions[:, place]) for sign in (1, -1)]
        central = np.exp(curves[name].at(optics.central[place]))
        measured = float(optics.central[place]), float(np.sqrt(optics.covariance[place, place]))
        found.append(
            replace(
                effect, up_bins=ways[0], down_bins=ways[1], central_bins=central, found=measured
            )
        )
    return found


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
