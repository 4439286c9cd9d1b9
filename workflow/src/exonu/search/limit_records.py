"""Limits from files: what the command line and the workflow share.

A pyhf workspace gives limits on its own parameter of interest. A workspace of exonu has a page
beside it that says what that parameter means (`exonu.search.build_workspaces`), and the limits are
given in the physical parameter too."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from exonu.catalogue import SEARCHED
from exonu.core.errors import ArgumentError, InputError
from exonu.core.files import finite, plain, read_json
from exonu.search.plausibility.limit_checks import LIMITS, FoundLimit
from exonu.search.plausibility.registry import logged
from exonu.search.strengths import meaning_file, require_whole, strength
from exonu.statistics import (
    AlternativeLimit,
    Model,
    ProfilePair,
    bayes_limit,
    compile_workspace,
    delta_chi2_limit,
    discovery,
    power_constrained,
    profile_pair,
    two_sided_interval,
    upper_limit,
)
from exonu.statistics.workspaces.pyhf_form import VERSION, form_fault

if TYPE_CHECKING:
    from exonu.core.types import Json
    from exonu.search.experiment.binned_spectrum import Experiment

log = logging.getLogger(__name__)


def read_model(
    file: Path, measurement: str | None = None
) -> tuple[Model, Mapping[str, Any] | None]:
    """Compile a workspace file, and read its sidecar file if there is one.

    Args:
        file: the workspace.
        measurement: name of its measurement; not needed if there is one only.

    Raises:
        InputError: if the file is not a workspace, has what the engine does not support, or has a
            parameter `mu_sq` and no page that ties it to `mu`.
    """
    return _model_and_spec(file, measurement)[:2]


def _model_and_spec(
    file: Path, measurement: str | None = None
) -> tuple[Model, Mapping[str, Any] | None, Json]:
    meaning = None
    if meaning_file(file).is_file():
        from exonu.search.build_workspaces import read_meaning

        meaning = read_meaning(file)
    spec = read_json(file)
    refuse_other_json(spec, file)
    refuse_other_version(spec, file)
    poi_map = (meaning or {}).get("poi_map")
    try:
        return compile_workspace(spec, measurement, poi_map=poi_map, file=file), meaning, spec
    except (AttributeError, IndexError, KeyError, TypeError):
        refuse_other_form(spec, file)
        raise


def refuse_other_json(spec: Any, file: Path) -> None:
    """Say what a JSON file is that has neither channels nor measurements, and which file was meant.

    Raises:
        InputError: if it is not a workspace, not even a faulty one.
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


def refuse_other_version(spec: Json, file: Path) -> None:
    """A workspace of a version that is not known may mean something else by the same words.

    Raises:
        InputError: if it has another version, or none.
    """
    if spec.get("version") != VERSION:
        raise InputError(
            f"is not of version {VERSION} of pyhf's form (got {spec.get('version')!r})",
            file=file,
            field="version",
            remedy="convert it with the pyhf that wrote it",
        )


_MADE_FROM_IT = (
    "give one of the workspaces made from it, results/<analysis>/workspaces/<hypothesis>.json"
)
_OTHER_JSON = (
    ({"distributions", "likelihoods"}, "an HS3 document", "convert it with `exonu hs3`"),
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
    return _search_and_spec(file)[:2]


def _search_and_spec(file: Path) -> tuple[Model, Mapping[str, Any], Json]:
    model, meaning, spec = _model_and_spec(file)
    if meaning is None:
        raise InputError(
            "has no sidecar file that says what its μ means", file=file, remedy="make it anew"
        )
    require_whole(meaning, file)
    return model, meaning, spec


def read_whole_workspace(file: Path) -> tuple[Json, Mapping[str, Any]]:
    """A workspace of exonu as JSON, of pyhf's form and one that compiles, and its meaning; see
    `read_search`, which gives the compiled model."""
    _, meaning, spec = _search_and_spec(file)
    refuse_other_form(spec, file)
    return spec, meaning


def refuse_other_form(spec: Json, file: Path) -> None:
    """Say what pyhf's own schema finds wrong; `read_model` asks only when it failed.

    Raises:
        InputError: if the workspace is not of that form.
    """
    fault = form_fault(spec)
    if fault is not None:
        problem, place = fault
        raise InputError(
            f"is not of pyhf's form ({problem})",
            file=file,
            field=place,
            remedy="see pyhf's schema of workspaces",
        )


def limit_methods(
    model: Model | ProfilePair,
    methods: Sequence[str],
    confidence_level: float,
    power_constraint: int | None = None,
) -> dict[str, Json]:
    """Limits on a model's parameter of interest by each method.

    Args:
        model: the model, or the profiles of its data; they are fitted once for all methods.
        methods: which limits.
        confidence_level: confidence level.
        power_constraint: σ of the expected limit below which no observed one is stated; None for
            no such constraint.

    Returns:
        By method: `observed`, `unconstrained` (the same before the power constraint), `expected`
        (five values, −2σ to +2σ, or None), `interval`, `crossings`, `confidence_level` and the
        engine's `record`; a value that was not found is None.
    """
    pair = model if isinstance(model, ProfilePair) else profile_pair(model)
    found = {method: _METHODS[method](pair, confidence_level) for method in methods}
    return {method: _constrained(limit, power_constraint) for method, limit in found.items()}


def _constrained(limit: Json, sigma: int | None) -> Json:
    observed, expected = limit["observed"], limit["expected"]
    if sigma is None or expected is None:
        return {**limit, "unconstrained": observed}
    constrained = power_constrained(observed, expected, sigma)
    record = limit["record"]
    if constrained != observed:
        note = (
            f"the observed limit lies below the expected one at {sigma:+d} σ, which is stated in "
            "its place (power constraint)"
        )
        record = {**record, "notes": [*record.get("notes", []), note]}
    return {**limit, "observed": constrained, "unconstrained": observed, "record": record}


def discovery_record(pair: ProfilePair) -> Json:
    """p0, significance and best fit with its interval of one standard deviation, in units of the
    parameter of interest; values that were not found are None."""
    found = discovery(pair.model, pair)
    return {
        "q0": finite(found.q0),
        "p0": finite(found.p0),
        "significance": finite(found.significance),
        "best_fit": finite(found.best_fit),
        "best_fit_interval": [finite(end) for end in found.interval],
    }


def _asymptotic(pair: ProfilePair, confidence_level: float) -> Json:
    model = pair.model
    limit = upper_limit(model, pair, confidence_level)
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


def _two_sided(pair: ProfilePair, confidence_level: float) -> Json:
    """The unified interval; its upper end is the limit."""
    interval = two_sided_interval(pair.model, pair, confidence_level)
    return {
        "observed": finite(interval.high),
        "expected": [finite(value) for value in interval.expected],
        "interval": [finite(interval.low), finite(interval.high)],
        "crossings": [finite(value) for value in interval.crossings],
        "confidence_level": confidence_level,
        "record": plain(interval.record),
    }


def _delta_chi2(pair: ProfilePair, confidence_level: float) -> Json:
    """χ² has risen above its minimum by the χ²₁ quantile of the level: 2.71 for 90 %."""
    delta = NormalDist().inv_cdf((1 + confidence_level) / 2) ** 2
    return _alternative(delta_chi2_limit(pair.model, pair, delta), confidence_level)


def _bayes_integral(pair: ProfilePair, confidence_level: float) -> Json:
    """The integral runs over the signal's size μ ≥ 0."""
    return _alternative(bayes_limit(pair.model, pair, confidence_level), confidence_level)


def _alternative(limit: AlternativeLimit, confidence_level: float) -> Json:
    return {
        "observed": finite(limit.value),
        "expected": None,
        "interval": None,
        "crossings": [finite(value) for value in limit.crossings],
        "confidence_level": confidence_level,
        "record": plain({"construction": limit.construction, **limit.record}),
    }


_METHODS = {
    "asymptotic": _asymptotic,
    "two-sided": _two_sided,
    "delta-chi2": _delta_chi2,
    "bayes-integral": _bayes_integral,
}


def limit_record(
    file: Path,
    methods: Sequence[str],
    confidence_level: float,
    projections: Sequence[Mapping[str, Any]] = (),
    power_constraint: int | None = None,
) -> Json:
    """The limits of a workspace of exonu, with what its μ means: an entry of
    `limits/<interaction>.json`.

    Args:
        file: the workspace.
        methods: which limits of its data.
        confidence_level: confidence level.
        projections: live times in `days` for which the limit of an Asimov data set is given too.
        power_constraint: see `limit_methods`.
    """
    model, meaning, spec = _search_and_spec(file)
    pair = profile_pair(model)
    found = limit_methods(pair, methods, confidence_level, power_constraint)
    if "live_days" in meaning and "asymptotic" in found:
        from exonu.search.studies.simulation_error import simulation_notes

        notes = simulation_notes(meaning, float(meaning["live_days"]))
        found["asymptotic"]["record"]["notes"] += notes
    evidence = discovery_record(pair)
    notes = [*meaning.get("notes", ()), *_limit_notes(spec, model, meaning, found)]
    logged(notes, file.stem)
    for asked in (one for one in projections if "days" in one):
        found |= projected_limits(spec, meaning, asked["days"], confidence_level, file)
    return {
        "name": file.stem, "meaning": meaning, "discovery": evidence, "methods": found, "notes": notes,
    }  # fmt: skip


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
        spec, meaning: a workspace and its sidecar file.
        days: live time of the projection.
        confidence_level: confidence level.
        file: the workspace's file, for messages.

    Returns:
        `asymptotic-<days>d` with the same templates and systematics, `asymptotic-<days>d-no-mc`
        without the uncertainty from the number of simulated events, `asymptotic-<days>d-stat` with
        all nuisance parameters at their nominal values.

    Raises:
        InputError: if the workspace's own live time is not known.
    """
    from exonu.search.studies.projections import KINDS, projection
    from exonu.search.studies.simulation_error import simulation_notes

    if "live_days" not in meaning:
        raise InputError(
            "has no live time to project from",
            file=file,
            field="statistics.projections",
            remedy="leave it out: only analyses of events have one",
        )
    name, found = f"asymptotic-{days:g}d", {}
    for uncertainties, ending in KINDS.items():
        method = f"{name}{ending}"
        projected = projection(
            spec, days / float(meaning["live_days"]), uncertainties=uncertainties
        )
        model = compile_workspace(projected, poi_map=meaning["poi_map"], file=file)
        limit = _asymptotic(profile_pair(model), confidence_level)
        found[method] = {**limit, "observed": None, "interval": None, "crossings": []}
    with_mc, without = (
        strength(found[f"{name}{KINDS[kind]}"]["expected"][2], meaning) for kind in ("all", "no-mc")
    )
    loosened = with_mc / without if with_mc and without else None
    found[name]["record"]["notes"] += simulation_notes(meaning, days, loosened)
    return found


def limit_of_model(model: Model, confidence_level: float) -> Json:
    """Asymptotic CLs limits of a compiled model, in units of its parameter of interest."""
    found = _asymptotic_with_discovery(model, confidence_level)
    return {"parameter": model.poi, "unit": "1", **_answer(found)}


def limit_of_workspace(file: Path, confidence_level: float, measurement: str | None = None) -> Json:
    """Asymptotic CLs limits of any pyhf workspace, in units of its parameter of interest; for
    `exonu limit`.

    With a sidecar file of the workspace, `physical` gives the same in the physical parameter.
    """
    model, meaning, spec = _model_and_spec(Path(file), measurement)
    log.info("%s: %d bins, %d parameters", file, model.n_bins, len(model.parameters))
    found = _asymptotic_with_discovery(model, confidence_level)
    notes = [
        *(meaning or {}).get("notes", ()),
        *_limit_notes(spec, model, meaning, {"asymptotic": found}),
    ]
    found["record"]["notes"] += logged(notes, str(file))
    answer = {"parameter": model.poi, "unit": "1", **_answer(found)}
    if meaning is not None and "reference_strength" in meaning:
        answer["physical"] = in_physical_units(found, meaning)
    flags = ("blinded", "is_simulated")
    return answer | {name: meaning[name] for name in flags if meaning and name in meaning}


def _asymptotic_with_discovery(model: Model, confidence_level: float) -> Json:
    pair = profile_pair(model)
    found = limit_methods(pair, ["asymptotic"], confidence_level)["asymptotic"]
    return {**found, **discovery_record(pair)}


def limit_of_experiment(
    file: Path,
    interaction: str | None,
    *,
    flavour: str = "all",
    mass_MeV: float | None = None,
    atomic: str | None = None,
    confidence_level: float = 0.9,
    unblind: bool = False,
    fit_range_keV: tuple[float, float] | None = None,
    changes: Sequence[tuple[str, str]] = (),
) -> Json:
    """Asymptotic CLs limits from a published spectrum, in the physical parameter; for `exonu
    limit`.

    Args:
        file: an experiment's YAML, or an analysis's, its folder or its name in `config/`; an
            analysis's physics and systematics then hold, and its `blind` in any case.
        interaction: one that is searched for.
        flavour: which flavour interacts.
        mass_MeV: mass, of an interaction that has one.
        atomic: atomic model, if not the default.
        confidence_level: confidence level.
        unblind: use the observed counts though an analysis is blind; the answer records it.
        fit_range_keV: edges of bins between which the spectrum is fitted; the analysis's own if
            None.
        changes: single keys of the experiment or the analysis with other values, see
            `limit_inputs.with_changes`; the answer records them.
    """
    from exonu.core.settings import merged
    from exonu.search.experiment.read_experiment import read_experiment
    from exonu.search.limit_inputs import limit_inputs, with_changes

    interaction = check_hypothesis(interaction, flavour, mass_MeV, file)
    inputs = limit_inputs(file, unblind=unblind)
    settings, overrides = with_changes(inputs.settings, changes, inputs.file)
    if fit_range_keV is not None:
        ends = {"fit_range_keV": list(fit_range_keV)}
        settings = merged(settings, {"interactions": {interaction: ends}})
    answer = limit_of_spectrum(
        read_experiment(inputs.experiment_file, overrides),
        interaction,
        settings,
        flavour=flavour,
        mass_MeV=mass_MeV,
        atomic=atomic,
        confidence_level=confidence_level,
        file=file,
    )
    blinded_by = None if inputs.blinded_by is None else str(inputs.blinded_by)
    changed: Json = {} if fit_range_keV is None else {"fit_range_keV": list(fit_range_keV)}
    if changes:
        changed["set"] = dict(changes)
    return {**answer, **changed, "blinded_by": blinded_by, "unblind": unblind}


def limit_of_spectrum(
    experiment: Experiment,
    interaction: str | None,
    settings: Mapping[str, Any],
    *,
    flavour: str = "all",
    mass_MeV: float | None = None,
    atomic: str | None = None,
    confidence_level: float = 0.9,
    file: Path | None = None,
) -> Json:
    """Asymptotic CLs limits of an experiment in memory, in the physical parameter.

    Args:
        experiment: bins, data, backgrounds, response.
        interaction, flavour, mass_MeV, atomic, confidence_level: see `limit_of_experiment`.
        settings: settings of an analysis.
        file: where the experiment came from, for messages.
    """
    from exonu.core.settings import merged
    from exonu.search.build_workspaces import build_workspaces

    interaction = check_hypothesis(interaction, flavour, mass_MeV)
    if atomic is not None:
        settings = merged(dict(settings), {"physics": {"atomic": {interaction: atomic}}})
    [workspace] = build_workspaces(experiment, interaction, settings, [(flavour, mass_MeV)])
    model = compile_workspace(workspace.spec, poi_map=workspace.meaning["poi_map"], file=file)
    log.info("%s: %d bins, %d parameters", workspace.name, model.n_bins, len(model.parameters))
    found = _asymptotic_with_discovery(model, confidence_level)
    notes = _limit_notes(workspace.spec, model, workspace.meaning, {"asymptotic": found})
    found["record"]["notes"] += logged([*workspace.meaning["notes"], *notes], workspace.name)
    case = {
        "experiment": experiment.name,
        "interaction": interaction,
        "flavour": flavour,
        "mass_MeV": mass_MeV,
    }
    flags = {
        "blinded": workspace.meaning["blinded"],
        "is_simulated": experiment.is_simulated,
    }
    return {**case, **in_physical_units(found, workspace.meaning), **flags}


def check_hypothesis(
    interaction: str | None, flavour: str, mass_MeV: float | None, file: Path | None = None
) -> str:
    """The interaction, if flavour and mass belong to it.

    Args:
        interaction, flavour, mass_MeV: the hypothesis.
        file: what needs an interaction, for the message if there is none.

    Raises:
        InputError: naming the argument.
    """
    if interaction is None:
        raise ArgumentError(
            "is missing",
            file=file,
            field="interaction",
            remedy=f"choose one that `exonu interactions` lists: {', '.join(SEARCHED)}",
        )
    if interaction not in SEARCHED:
        near = difflib.get_close_matches(interaction.replace("_", "-"), SEARCHED, n=1)
        raise ArgumentError(
            f"is not one that is known ({interaction!r})",
            field="interaction",
            remedy=f"did you mean `{near[0]}`?" if near else f"choose one of {', '.join(SEARCHED)}",
        )
    one = SEARCHED[interaction]
    if (mass_MeV is None) == one.has_mass:
        problem = (
            "is missing" if mass_MeV is None else f"is given for {interaction}, which has no mass"
        )
        raise ArgumentError(
            problem,
            field="mass_MeV",
            remedy=f"a {one.title} needs its mass" if one.has_mass else "leave it out",
        )
    if mass_MeV is not None and not mass_MeV > 0:
        raise ArgumentError(f"must be > 0 (got {mass_MeV:g})", field="mass_MeV")
    if flavour not in one.states:
        states = f"one of {', '.join(one.states)}" if len(one.states) > 1 else "all"
        raise ArgumentError(
            f"must be {states} for a {one.title} (got {flavour!r})", field="flavour"
        )
    return interaction


def analysis_settings(file: Path) -> tuple[Json, Path]:
    """Settings and the experiment's file, from an analysis or for an experiment, which is as blind
    as the analyses beside it; see `limit_inputs`."""
    from exonu.search.limit_inputs import limit_inputs

    inputs = limit_inputs(file)
    return inputs.settings, inputs.experiment_file


def in_physical_units(found: Json, meaning: Mapping[str, Any]) -> Json:
    """An entry of `limit_methods` as the command line gives it, in the physical parameter."""
    parameter = SEARCHED[meaning["interaction"]].parameter

    def physical(value: float | Sequence[float | None] | None) -> Any:
        if isinstance(value, list):
            return [strength(entry, meaning) for entry in value]
        return strength(value, meaning)  # type: ignore[arg-type]

    keys = ("observed", "expected", "interval", "crossings", "best_fit", "best_fit_interval")
    converted = {key: physical(found[key]) for key in keys}
    return {
        "parameter": parameter.name,
        "unit": parameter.unit_name,
        **_answer({**found, **converted}),
    }


def _answer(found: Json) -> Json:
    limits = ("observed", "expected", "interval", "crossings", "confidence_level")
    keys = (*limits, "p0", "significance", "best_fit", "best_fit_interval")
    return {**{key: found[key] for key in keys}, "notes": found["record"]["notes"]}
