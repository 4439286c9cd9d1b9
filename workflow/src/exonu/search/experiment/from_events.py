"""The file between events and search: templates and response as JSON, read as an `Experiment`.

`templates.json` is what the selected events give. `experiment.json` is the same with the priors of
the activities, which enter here and not before, so that a changed prior fills no template again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from exonu.core.errors import InputError
from exonu.core.files import read_json
from exonu.core.settings import Settings, merged
from exonu.core.types import Array, Json
from exonu.detector import Efficiency, Response
from exonu.search.experiment.binned_spectrum import Background, Experiment, FitPart
from exonu.templates.fit_parts import REGION, SLICE
from exonu.templates.packing import (
    FORMAT,
    SIGNAL_STATISTICAL_NAME,
    STATISTICAL_NAME,
    unpacked,
)
from exonu.templates.unseen import parameter

STATISTICS_GROUP = 1.5
"""Bins closer than this factor in energy share the statistical error of the signal's sample."""


def with_priors(
    templates: Json, priors: Mapping[str, Mapping[str, Any]], file: Path | None = None
) -> Json:
    """The content of `experiment.json`.

    Args:
        templates: the content of `templates.json`.
        priors: of each background, `activity` (relative to that of its sample) and its relative
            `uncertainty`, None if it is free.
        file: for messages.

    Raises:
        InputError: backgrounds and priors that do not belong together.
    """
    _require_format(templates, file)
    strangers = sorted(priors.keys() ^ templates["backgrounds"].keys())
    if strangers:
        raise InputError(
            f"has no {'template' if strangers[0] in priors else 'prior'}",
            file=file,
            field=f"backgrounds.{strangers[0]}",
            remedy="make the templates again with snakemake",
        )
    parts = [_with_priors(part, priors) for part in templates.get("parts", ())]
    return {**_with_priors(templates, priors), **({"parts": parts} if parts else {})}


def _with_priors(templates: Json, priors: Mapping[str, Mapping[str, Any]]) -> Json:
    backgrounds = {
        name: {**content, "normalisation": dict(priors[name])}
        for name, content in templates["backgrounds"].items()
    }
    return {**templates, "backgrounds": backgrounds}


def read_event_experiment(file: Path, overrides: Settings | None = None) -> Experiment:
    """Read `experiment.json`.

    Args:
        file: the file.
        overrides: keys of it that are replaced, e.g. ``{"backgrounds": {"seal": {"normalisation":
            {"activity": 2}}}}``.

    Raises:
        InputError: no such file, or none of this form.
    """
    known = read_json(file)
    _require_format(known, file)
    _require_known(overrides or {}, known, file)
    content = merged(known, overrides or {})
    efficiency = content["efficiency"]
    shared: dict[str, Any] = {
        "reference": content["reference"],
        "is_simulated": content["is_simulated"],
        "includes_solar_neutrinos": False,
        "exposure_tonne_year": float(content["exposure_tonne_year"]),
        "efficiency": Efficiency(
            np.array(efficiency["energy_keV"]), np.array(efficiency["efficiency"]), True
        ),
        "efficiency_uncertainty": 0.0,
        "live_days": float(content["live_days"]),
        "solar_label": content["solar_label"],
    }
    parts = [
        replace(
            _experiment(_overridden(part, overrides or {}), part["name"], shared, file, region),
            part=FitPart(part["kind"], part.get("variable"), tuple(part.get("range", ()))),
            solar_flux=float(part.get("solar_flux", 1.0)),
        )
        for part in content.get("parts", ())
        for region in [part["name"] if part["kind"] == REGION else ""]
    ]
    return replace(
        _experiment(content, content["name"], shared, file),
        report_ranges_keV=tuple(content["report_ranges_keV"]),
        slices=tuple(part for part in parts if part.part and part.part.kind == SLICE),
        regions=tuple(part for part in parts if part.part and part.part.kind == REGION),
        notes=tuple(content.get("notes", ())),
    )


def _overridden(part: Json, overrides: Settings) -> Json:
    """A slice or region with what was overridden of its backgrounds' normalisations."""
    normalisations = {
        name: {"normalisation": one["normalisation"]}
        for name, one in overrides.get("backgrounds", {}).items()
        if "normalisation" in one
    }
    return merged(part, {"backgrounds": normalisations})


def _experiment(
    content: Json, name: str, shared: Mapping[str, Any], file: Path, region: str = ""
) -> Experiment:
    """The spectrum, one of its slices or a region; what is of a region's own simulated events has its
    name in its parameters."""
    edges = np.array(content["edges_keV"], dtype=np.float64)
    response, n_bins = content["response"], len(edges) - 1
    true = np.array(response["true_energy_keV"], dtype=np.float64)
    observed = content["observed"]
    return Experiment(
        name=name,
        low_keV=edges[:-1],
        high_keV=edges[1:],
        observed=None if observed is None else np.array(observed, dtype=np.float64),
        backgrounds=tuple(
            _background(one, content["backgrounds"][one], file, region) for one in content["order"]
        ),
        make_response=lambda: Response(
            edges[:-1], edges[1:], true, unpacked(response["matrix"], n_bins)
        ),
        response_variations={
            key: (unpacked(both["up"], n_bins), unpacked(both["down"], n_bins))
            for key, both in response["variations"].items()
        }
        | signal_statistics(
            unpacked(response["matrix"], n_bins),
            np.array(response["statistical_error"]),
            edges,
            region,
        ),
        norms=response["norms"],
        **shared,
    )


def _background(name: str, content: Mapping[str, Any], file: Path, region: str = "") -> Background:
    suffix = f"_{region}" if region else ""
    if "normalisation" not in content:
        raise InputError(
            "has no prior yet",
            file=file,
            field=f"backgrounds.{name}",
            remedy="read experiment.json beside it",
        )
    n_bins = len(content["counts"])
    activity, uncertainty = (content["normalisation"][key] for key in ("activity", "uncertainty"))
    measured = content.get("measured_activity")
    if measured is not None:  # among the variations, since optics go with it
        uncertainty = measured["error"] / measured["central"]
    unseen = {
        parameter(name, energy_range) + suffix: activity * np.array(one["counts"])
        for energy_range, one in content["unseen"].items()
    }
    of_shapes = [np.array(one["shape_error"]) for one in content["unseen"].values()]
    errors = [np.array(content["statistical_error"], dtype=np.float64), *of_shapes]
    rare = sum(unseen.values(), np.zeros(n_bins))
    return Background(
        name=name,
        label=content["label"],
        counts=activity * np.array(content["counts"], dtype=np.float64) + rare,
        statistical_error=activity * np.sqrt(np.sum(np.square(errors), axis=0)),
        uncertainty=None if uncertainty is None else float(uncertainty),
        is_log_normal=True,
        is_correlated=measured is not None,
        variations={
            key: (activity * np.array(both["up"]) + rare, activity * np.array(both["down"]) + rare)
            for key, both in content["variations"].items()
        },
        norms=content["norms"],
        statistical_name=STATISTICAL_NAME + suffix,
        unseen=unseen,
    )


def signal_statistics(
    matrix: Array, relative_error: Array, edges_keV: Array, region: str = ""
) -> dict[str, tuple[Array, Array]]:
    """The response one standard deviation of its own events up and down.

    A simulated recoil counts at true energies 10 % to both sides, so that the errors of
    neighbouring bins go together. Bins within a factor `STATISTICS_GROUP` in energy share a
    nuisance parameter, others have none in common.

    Args:
        matrix: shape (n_bins, n_true).
        relative_error: of each bin, shape (n_bins,).
        edges_keV: of the bins, shape (n_bins + 1,).
        region: whose events they are, if not of the spectrum.

    >>> matrix, error = np.ones((3, 1)), np.array([0.1, 0.2, 0.0])
    >>> made = signal_statistics(matrix, error, np.array([2.0, 2.4, 2.8, 200.0]))
    >>> {name: up.ravel().tolist() for name, (up, down) in made.items()}
    {'signal_statistics_2': [1.1, 1.2, 1.0]}
    """
    centres = (edges_keV[1:] + edges_keV[:-1]) / 2
    group = np.floor(np.log(centres / centres[0]) / np.log(STATISTICS_GROUP)).astype(np.int64)
    found = {}
    for one in np.unique(group):
        error = np.where(group == one, relative_error, 0.0)[:, None]
        if error.any():
            low = edges_keV[:-1][group == one][0]
            name = f"{SIGNAL_STATISTICAL_NAME}_{low:g}".replace(".", "p")
            name += f"_{region}" if region else ""
            found[name] = (matrix * (1 + error), matrix * (1 - error))
    return found


def _require_format(content: Any, file: Path | None) -> None:
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise InputError(
            "holds no templates of this program",
            file=file,
            remedy="make it with the step `experiment`",
        )


def _require_known(
    overrides: Mapping[str, Any], content: Mapping[str, Any], file: Path, field: str = ""
) -> None:
    """A misspelt key would change nothing, silently."""
    for key, value in overrides.items():
        place = f"{field}.{key}" if field else str(key)
        if key not in content:
            raise InputError(
                "is not a key of it",
                file=file,
                field=place,
                remedy=f"known keys: {', '.join(content)}",
            )
        if isinstance(value, Mapping) and isinstance(content[key], Mapping):
            _require_known(value, content[key], file, place)
