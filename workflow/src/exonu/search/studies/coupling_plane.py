"""The plane of two couplings that shift the electron's couplings, such as ε_L and ε_R.

`plane_scan` gives the likelihood over the plane, whose contours are regions of two parameters.

Along a direction (cos φ, sin φ) of the plane the two are one interaction with charges cos φ c_1 +
sin φ c_2, and its strength has a limit like any other: their interference with each other and with
the weak interaction is in the square. The limits of many directions are a curve around the Standard
Model, each with the confidence level of one parameter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from exonu.catalogue import SEARCHED, Interaction, Shift, shifts_of_plane
from exonu.core.types import Array
from exonu.interactions import Physics, RecoilSpectra
from exonu.search.experiment.binned_spectrum import Experiment
from exonu.search.signals import Signal, flux_uncertainties, fold_solar_neutrinos
from exonu.search.strengths import strength
from exonu.search.workspace import Workspace, build_workspace
from exonu.statistics import compile_workspace, upper_limit
from exonu.statistics.profiling import Profile, Tally

ANGLES, RADII = 72, 41
CONTOUR_COLUMNS = (
    *("experiment", "first", "second", "flavour", "blinded", "is_simulated"),
    *("best_x", "best_y", "confidence_level", "curve", "x", "y"),
)


def in_direction(first: str, second: str, angle: float) -> Interaction:
    """Two couplings of the catalogue as one.

    Args:
        first, second: interactions without a mass that shift the couplings by the same profile.
        angle: φ, in radians.

    Raises:
        InputError: for interactions that are not of that kind.

    >>> in_direction("nsi-left", "nsi-right", 0.0).formula.charges
    ((1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    """
    one = SEARCHED[first]
    a, b = shifts_of_plane(one, SEARCHED[second])
    mixed = np.cos(angle) * np.array(a.charges) + np.sin(angle) * np.array(b.charges)
    left, right = (tuple(float(charge) for charge in side) for side in mixed)
    return replace(one, formula=Shift((left, right), a.profile))  # type: ignore[arg-type]


def plane_limits(
    experiment: Experiment,
    settings: Mapping[str, Any],
    first: str,
    second: str,
    *,
    flavour: str = "all",
    angles: Sequence[float],
) -> Array:
    """Observed CLs limits along directions of a plane.

    Args:
        experiment: bins, data, backgrounds, response.
        settings: of an analysis.
        first, second: see `in_direction`.
        flavour: which neutrino interacts.
        angles: directions, shape (n,), in radians.

    Returns:
        The two couplings at the limit, shape (n, 2); NaN where none was found.
    """
    points = []
    for angle, made in _directions(experiment, settings, first, second, flavour, angles):
        model = compile_workspace(made.spec, poi_map=made.meaning["poi_map"])
        level = settings["statistics"]["confidence_level"]
        size = strength(upper_limit(model, confidence_level=level).observed, made.meaning)
        radius = np.nan if size is None else size
        points.append((radius * np.cos(angle), radius * np.sin(angle)))
    return np.array(points)


def _directions(
    experiment: Experiment,
    settings: Mapping[str, Any],
    first: str,
    second: str,
    flavour: str,
    angles: Sequence[float],
    *,
    unit: float | None = None,
) -> Iterator[tuple[float, Workspace]]:
    """The workspace of each direction, its μ in units of `unit` or as searches have it."""
    physics = Physics.from_settings({**settings["physics"], "target": experiment.target})
    spectra = RecoilSpectra(experiment.response.true_energy_keV, physics)
    uncertainties = flux_uncertainties(physics)
    known = experiment.includes_solar_neutrinos
    solar = None if known else fold_solar_neutrinos(experiment, physics)
    for angle in angles:
        found = spectra.polynomial(in_direction(first, second, angle))
        linear, quadratic = (
            experiment.response.fold(rate[0]) for rate in found.of(flavour) if rate is not None
        )
        signal = Signal(first, flavour, None, physics.source_names, linear, quadratic, power=1)
        yield (
            angle,
            build_workspace(
                experiment,
                signal,
                uncertainties,
                settings["systematics"],
                solar_neutrinos=solar,
                blind=bool(settings["blind"]),
                strength=unit,
            ),
        )


@dataclass(frozen=True)
class PlaneScan:
    """The likelihood over a plane, on circles around the Standard Model.

    Attributes:
        first, second: the couplings, shape (angles, radii).
        twice_delta: −2 Δ ln L to the deepest point of the plane, shape (angles, radii).
        best: the couplings there.
    """

    first: Array
    second: Array
    twice_delta: Array
    best: tuple[float, float]


def plane_scan(
    experiment: Experiment,
    settings: Mapping[str, Any],
    first: str,
    second: str,
    *,
    flavour: str = "all",
    reach: float,
    angles: int | Sequence[float] = ANGLES,
    radii: int = RADII,
) -> PlaneScan:
    """The profile likelihood of two couplings.

    Args:
        experiment: bins, data, backgrounds, response.
        settings: of an analysis.
        first, second: see `in_direction`.
        flavour: which neutrino interacts.
        reach: largest distance from the Standard Model.
        angles, radii: numbers of points of the grid; or the directions themselves, in radians.
    """
    # One nuisance parameter more or less would move the likelihood between directions.
    settings = {**settings, "systematics": {**settings["systematics"], "prune_below": 0}}
    even = np.linspace(0, 2 * np.pi, angles, endpoint=False) if isinstance(angles, int) else angles
    phi = np.asarray(even, dtype=np.float64)
    r = np.linspace(0, reach, radii)
    rows, lowest, best = [], np.inf, (0.0, 0.0)
    made = _directions(experiment, settings, first, second, flavour, phi.tolist(), unit=1.0)
    for angle, workspace in made:
        model = compile_workspace(workspace.spec, poi_map=workspace.meaning["poi_map"])
        profile = Profile.of(model, model.data(None), Tally())
        rows.append([2 * profile.at(float(radius)).value for radius in r])
        if 2 * profile.best.value < lowest:
            lowest = 2 * profile.best.value
            best = (profile.mu_hat * np.cos(angle), profile.mu_hat * np.sin(angle))
    return PlaneScan(
        np.outer(np.cos(phi), r), np.outer(np.sin(phi), r), np.array(rows) - lowest, best
    )


def contours(scan: PlaneScan, confidence_level: float) -> list[Array]:
    """Curves around the region of two parameters at a confidence level, −2 Δ ln L = −2 ln(1 − CL).

    Args:
        scan: of `plane_scan`.
        confidence_level: for 0.9 the curves are those of 4.61.

    Returns:
        Each curve as points, shape (n, 2).
    """
    from contourpy import contour_generator

    x, y, z = (
        np.concatenate([one, one[:1]]) for one in (scan.first, scan.second, scan.twice_delta)
    )
    level = -2 * np.log(1 - confidence_level)
    return [np.asarray(curve) for curve in contour_generator(x, y, z).lines(level)]


def plane_tables(
    experiment: Experiment, settings: Mapping[str, Any], planes: Sequence[Mapping[str, Any]]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The scans that an analysis asks for, and their contours, as rows.

    Args:
        experiment: bins, data, backgrounds, response.
        settings: of an analysis.
        planes: the setting `statistics.planes`.
    """
    grids, curves = [], []
    level = float(settings["statistics"]["confidence_level"])
    for plane in planes:
        first, second = plane["interactions"]
        names = {"first": SEARCHED[first].parameter.name, "second": SEARCHED[second].parameter.name}
        for flavour in plane["flavours"]:
            scan = plane_scan(
                experiment, settings, first, second, flavour=flavour, reach=plane["reach"]
            )
            heading = {
                "experiment": experiment.name, **names, "flavour": flavour,
                "blinded": bool(settings["blind"]), "is_simulated": experiment.is_simulated,
            }  # fmt: skip
            grid = {"x": scan.first, "y": scan.second, "twice_delta_nll": scan.twice_delta}
            columns = {name: values.ravel() for name, values in grid.items()}
            grids.append(pd.DataFrame({**heading, **columns}))
            best = {"best_x": scan.best[0], "best_y": scan.best[1], "confidence_level": level}
            for number, curve in enumerate(contours(scan, level)):
                points = {"curve": number, "x": curve[:, 0], "y": curve[:, 1]}
                curves.append(pd.DataFrame({**heading, **best, **points}))
    found = (
        pd.concat(curves, ignore_index=True) if curves else pd.DataFrame(columns=CONTOUR_COLUMNS)
    )
    return pd.concat(grids, ignore_index=True), found
