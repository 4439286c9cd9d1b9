"""Limits from files: what the command line and the workflow share.

A pyhf workspace gives limits on its own parameter of interest. A workspace of exonu has a page
beside it that says what that parameter means (`exonu.search.build_workspaces`), and the limits are
given in the physical parameter too."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import NormalDist
from typing import Any

from exonu.core.errors import InputError
from exonu.core.files import finite, plain, read_json
from exonu.core.settings import merged
from exonu.core.types import Json
from exonu.search.build_workspaces import build_workspaces, read_meaning, require_whole
from exonu.search.experiment.read_experiment import read_experiment
from exonu.search.limit_inputs import limit_inputs
from exonu.search.plausibility.limit_checks import LIMITS, FoundLimit
from exonu.search.plausibility.registry import logged
from exonu.search.signals import PARAMETERS
from exonu.search.strengths import strength
from exonu.search.studies.projections import projection
from exonu.statistics import (
    AlternativeLimit,
    Model,
    bayes_limit,
    compile_workspace,
    delta_chi2_limit,
    upper_limit,
)

log = logging.getLogger(__name__)


def read_model(file: Path) -> tuple[Model, Mapping[str, Any] | None]:
    """Compile a workspace file, and read the page beside it if there is one.

    Raises:
        InputError: if the file is no workspace, has what the engine does not support, or has a
            parameter `mu_sq` and no page that ties it to `mu`.
    """
    meaning = read_meaning(file)
    spec = read_json(file)
    refuse_other_json(spec, file)
    try:
        return compile_workspace(spec, poi_map=(meaning or {}).get("poi_map"), file=file), meaning
    except (AttributeError, IndexError, KeyError, TypeError):
        refuse_other_form(spec, file)
        raise


def refuse_other_json(spec: Any, file: Path) -> None:
    """Say what a JSON file is that has neither channels nor measurements, and which file was meant.

    Raises:
        InputError: if it is no workspace, not even a faulty one.
    """
    if isinstance(spec, dict) and spec.keys() & {"channels", "observations", "measurements"}:
        return
    remedy = "a workspace is a JSON object with channels"
    known = set(spec) if isinstance(spec, dict) else set()
    if isinstance(spec, list) and spec and isinstance(spec[0], dict):
        known = set(spec[0])
    for keys, what, meant in _OTHER_JSON:
        if keys <= known:
            raise InputError(f"is not a pyhf workspace, but {what}", file=file, remedy=meant)
    raise InputError("is not a pyhf workspace", file=file, remedy=remedy)


_MADE_FROM_IT = (
    "give one of the workspaces made from it, results/<analysis>/workspaces/<hypothesis>.json"
)
_OTHER_JSON = (
    ({"edges_keV", "response", "backgrounds"}, "templates of an analysis of events", _MADE_FROM_IT),
    (
        {"spectrum", "exposure_tonne_year"},
        "a published experiment",
        "name the file .yaml, and choose --interaction",
    ),
    (
        {"meaning", "methods"},
        "limits that were set already",
        "read it, or limits.csv; or give the workspace itself",
    ),
    (
        {"pulls", "yields"},
        "the diagnostics of a fit",
        "give the workspace itself, of the same name in workspaces/",
    ),
    (
        {"patches", "metadata"},
        "a pyhf patchset",
        "make a workspace of it with `pyhf patchset apply`",
    ),
)
"""Other JSON by its keys: what it is, and what to give instead."""


def read_search(file: Path) -> tuple[Model, Mapping[str, Any]]:
    """A workspace of exonu, compiled, and its meaning; see `read_model`."""
    model, meaning = read_model(file)
    if meaning is None:
        raise InputError(
            "has no page beside it that says what its μ means", file=file, remedy="make it anew"
        )
    require_whole(dict(meaning), file)
    return model, meaning


def refuse_other_form(spec: Json, file: Path) -> None:
    """Say what pyhf's own schema finds wrong; `read_model` asks only when it failed: importing pyhf
    takes a second.

    Raises:
        InputError: if the workspace is not of that form.
    """
    from pyhf import schema
    from pyhf.exceptions import InvalidSpecification

    try:
        schema.validate(spec, "workspace.json")
    except InvalidSpecification as error:
        problem, place = (line.strip() for line in str(error).splitlines()[:2])
        raise InputError(
            f"is not of pyhf's form ({problem.rstrip('. ')})",
            file=file,
            field=place.removeprefix("Path: "),
            remedy="see pyhf's schema of workspaces",
        ) from None


def limit_methods(model: Model, methods: Sequence[str], confidence_level: float) -> dict[str, Json]:
    """Limits on a model's parameter of interest by each method.

    Returns:
        By method: `observed`, `expected` (five values, −2σ to +2σ, or None), `interval`,
            `crossings`,
        `confidence_level` and the engine's `record`; a value that was not found is None.
    """
    return {method: _METHODS[method](model, confidence_level) for method in methods}


def _asymptotic(model: Model, confidence_level: float) -> Json:
    limit = upper_limit(model, confidence_level=confidence_level)
    log.info("best fit %s = %.4g; %s", model.poi, limit.record["best_fit"], limit.record)
    return {
        "observed": finite(limit.observed),
        "expected": [finite(value) for value in limit.expected],
        "interval": [finite(value) for value in limit.interval],
        "crossings": [finite(value) for value in limit.crossings],
        "confidence_level": confidence_level,
        "background_twice_delta_nll": finite(limit.background_twice_delta_nll),
        "record": plain(limit.record),
    }


def _delta_chi2(model: Model, confidence_level: float) -> Json:
    """χ² has risen above its minimum by the χ²₁ quantile of the level: 2.71 for 90 %."""
    return _alternative(
        delta_chi2_limit(model, delta=NormalDist().inv_cdf((1 + confidence_level) / 2) ** 2),
        confidence_level,
    )


def _bayes_integral(model: Model, confidence_level: float) -> Json:
    """The integral runs over the signal's size μ ≥ 0."""
    return _alternative(bayes_limit(model, credibility=confidence_level), confidence_level)


def _alternative(limit: AlternativeLimit, confidence_level: float) -> Json:
    return {
        "observed": finite(limit.value),
        "expected": None,
        "interval": None,
        "crossings": [finite(value) for value in limit.crossings],
        "confidence_level": confidence_level,
        "record": plain({"construction": limit.construction, **limit.record}),
    }


_METHODS = {"asymptotic": _asymptotic, "delta-chi2": _delta_chi2, "bayes-integral": _bayes_integral}


def limit_record(
    file: Path,
    methods: Sequence[str],
    confidence_level: float,
    projections: Sequence[Mapping[str, float]] = (),
) -> Json:
    """The limits of a workspace of exonu, with what its μ means: an entry of
    `limits/<interaction>.json`.

    Args:
        file: the workspace.
        methods: which limits of its data.
        confidence_level: confidence level.
        projections: live times in `days` for which the limit of an Asimov data set is given too.
    """
    model, meaning = read_search(file)
    found = limit_methods(model, methods, confidence_level)
    notes = [*meaning.get("notes", ()), *_limit_notes(read_json(file), model, meaning, found)]
    logged(notes, file.stem)
    for asked in projections:
        found |= projected_limits(read_json(file), meaning, asked["days"], confidence_level, file)
    return {"name": file.stem, "meaning": meaning, "methods": found, "notes": notes}


def _limit_notes(
    spec: Json, model: Model, meaning: Mapping[str, Any] | None, found: Mapping[str, Json]
) -> list[str]:
    """Notes on the asymptotic limit; none where it was not asked for."""
    if "asymptotic" not in found:
        return []
    page = meaning or {}
    tied = page.get("poi_map") or {}
    return LIMITS.notes(FoundLimit(spec, model, tied, found["asymptotic"], page))


def projected_limits(
    spec: Json,
    meaning: Mapping[str, Any],
    days: float,
    confidence_level: float,
    file: Path | None = None,
) -> dict[str, Json]:
    """Limits of an Asimov data set of another live time; nothing was observed, so there are
    expected ones only.

    Args:
        spec, meaning: a workspace and the page beside it.
        days: live time of the projection.
        confidence_level: confidence level.
        file: the workspace's file, for messages.

    Returns:
        `asymptotic-<days>d` with the same templates and systematics, `asymptotic-<days>d-stat` with
        all nuisance parameters at their nominal values.

    Raises:
        InputError: if the workspace's own live time is not known.
    """
    if "live_days" not in meaning:
        raise InputError(
            "has no live time to project from",
            file=file,
            field="statistics.projections",
            remedy="leave it out: only analyses of events have one",
        )
    name, found = f"asymptotic-{days:g}d", {}
    for method, statistics_only in ((name, False), (f"{name}-stat", True)):
        projected = projection(
            spec, days / float(meaning["live_days"]), statistics_only=statistics_only
        )
        model = compile_workspace(projected, poi_map=meaning["poi_map"], file=file)
        limit = _asymptotic(model, confidence_level)
        found[method] = {**limit, "observed": None, "interval": None, "crossings": []}
    return found


def limit_of_workspace(file: Path, confidence_level: float) -> Json:
    """Asymptotic CLs limits of any pyhf workspace, in units of its parameter of interest; for
    `exonu limit`.

    With a page beside the workspace, `physical` gives the same in the physical parameter.
    """
    model, meaning = read_model(file)
    log.info("%s: %d bins, %d parameters", file, model.n_bins, len(model.parameters))
    methods = limit_methods(model, ["asymptotic"], confidence_level)
    found = methods["asymptotic"]
    notes = [
        *(meaning or {}).get("notes", ()),
        *_limit_notes(read_json(file), model, meaning, methods),
    ]
    found["record"]["notes"] += logged(notes, str(file))
    answer = {"parameter": model.poi, "unit": "1", **_answer(found)}
    if meaning is not None and "reference_strength" in meaning:
        answer["physical"] = _in_physical_units(found, meaning)
    return answer


def limit_of_experiment(
    file: Path,
    interaction: str,
    *,
    flavour: str = "all",
    mass_MeV: float | None = None,
    atomic: str | None = None,
    confidence_level: float = 0.9,
    unblind: bool = False,
) -> Json:
    """Asymptotic CLs limits from a published spectrum, in the physical parameter; for `exonu
    limit`.

    Args:
        file: an experiment's YAML, or an analysis's, its folder or its name in `config/`; an
            analysis's physics and systematics then hold, and its `blind` in any case.
        interaction: `magnetic-moment`, `millicharge` or `dark-photon`.
        flavour: which flavour interacts.
        mass_MeV: mediator mass, for the dark photon alone.
        atomic: atomic model, if not the default.
        confidence_level: confidence level.
        unblind: use the observed counts though an analysis is blind; the answer records it.
    """
    if (mass_MeV is None) == (interaction == "dark-photon"):
        problem = (
            "is missing" if mass_MeV is None else f"is given for {interaction}, which has no mass"
        )
        raise InputError(
            problem,
            field="--mass-mev",
            remedy="a dark photon needs its mass, and nothing else has one",
        )
    if mass_MeV is not None and mass_MeV <= 0:
        raise InputError(f"must be > 0 (got {mass_MeV:g})", field="--mass-mev")
    if interaction == "dark-photon" and flavour != "all":
        raise InputError(
            "must be all for a dark photon, which couples to all flavours alike", field="--flavour"
        )
    inputs = limit_inputs(file, unblind=unblind)
    settings = inputs.settings
    if atomic is not None:
        settings = merged(settings, {"physics": {"atomic": {interaction: atomic}}})
    experiment = read_experiment(inputs.experiment_file)
    [workspace] = build_workspaces(experiment, interaction, settings, [(flavour, mass_MeV)])
    model = compile_workspace(workspace.spec, poi_map=workspace.meaning["poi_map"], file=file)
    log.info("%s: %d bins, %d parameters", workspace.name, model.n_bins, len(model.parameters))
    methods = limit_methods(model, ["asymptotic"], confidence_level)
    found = methods["asymptotic"]
    notes = _limit_notes(workspace.spec, model, workspace.meaning, methods)
    found["record"]["notes"] += logged([*workspace.meaning["notes"], *notes], workspace.name)
    case = {
        "experiment": experiment.name,
        "interaction": interaction,
        "flavour": flavour,
        "mass_MeV": mass_MeV,
    }
    flags = {
        "blinded": workspace.meaning["blinded"],
        "blinded_by": None if inputs.blinded_by is None else str(inputs.blinded_by),
        "unblind": unblind,
        "is_simulated": experiment.is_simulated,
    }
    return {**case, **_in_physical_units(found, workspace.meaning), **flags}


def _in_physical_units(found: Json, meaning: Mapping[str, Any]) -> Json:
    parameter = PARAMETERS[meaning["interaction"]]

    def physical(value: float | Sequence[float | None] | None) -> Any:
        if isinstance(value, list):
            return [strength(entry, meaning) for entry in value]
        return strength(value, meaning)  # type: ignore[arg-type]

    keys = ("observed", "expected", "interval", "crossings")
    converted = {key: physical(found[key]) for key in keys}
    return {"parameter": parameter.name, "unit": parameter.unit, **_answer({**found, **converted})}


def _answer(found: Json) -> Json:
    keys = ("observed", "expected", "interval", "crossings", "confidence_level")
    return {**{key: found[key] for key in keys}, "notes": found["record"]["notes"]}
