"""Limits in the plane of two couplings that shift the electron's couplings, such as ε_L and ε_R.

Along a direction (cos φ, sin φ) of the plane the two are one interaction with charges cos φ c_1 +
sin φ c_2, and its strength has a limit like any other: their interference with each other and with
the weak interaction is in the square. The limits of many directions are a curve around the Standard
Model, each with the confidence level of one parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from exonu.catalogue import SEARCHED, Interaction, Shift
from exonu.core.errors import InputError
from exonu.core.types import Array
from exonu.interactions import Physics, RecoilSpectra
from exonu.search.experiment.binned_spectrum import Experiment
from exonu.search.signals import Signal, flux_uncertainties, fold_solar_neutrinos
from exonu.search.strengths import strength
from exonu.search.workspace import build_workspace
from exonu.statistics import compile_workspace, upper_limit


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
    one, other = SEARCHED[first], SEARCHED[second]
    a, b = one.formula, other.formula
    if not (isinstance(a, Shift) and isinstance(b, Shift)) or a.profile is not b.profile:
        raise InputError(
            f"{first} and {second} do not shift the couplings alike",
            field="interactions",
            remedy="a plane holds couplings of one profile, such as nsi-left and nsi-right",
        )
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
    physics = Physics.from_settings({**settings["physics"], "target": experiment.target})
    spectra = RecoilSpectra(experiment.response.true_energy_keV, physics)
    uncertainties = flux_uncertainties(physics)
    known = experiment.includes_solar_neutrinos
    solar = None if known else fold_solar_neutrinos(experiment, physics)
    points = []
    for angle in angles:
        found = spectra.polynomial(in_direction(first, second, angle))
        linear, quadratic = (
            experiment.response.fold(rate[0]) for rate in found.of(flavour) if rate is not None
        )
        signal = Signal(first, flavour, None, physics.source_names, linear, quadratic, power=1)
        made = build_workspace(
            experiment,
            signal,
            uncertainties,
            settings["systematics"],
            solar_neutrinos=solar,
            blind=bool(settings["blind"]),
        )
        model = compile_workspace(made.spec, poi_map=made.meaning["poi_map"])
        level = settings["statistics"]["confidence_level"]
        size = strength(upper_limit(model, confidence_level=level).observed, made.meaning)
        radius = np.nan if size is None else size
        points.append((radius * np.cos(angle), radius * np.sin(angle)))
    return np.array(points)
