"""Combinations from files given on the command line: `exonu limit` with several, `exonu combine`."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from exonu.core.errors import ArgumentError, InputError, raise_all
from exonu.core.files import read_json, write_json
from exonu.core.settings import merged
from exonu.core.types import Json
from exonu.search.analysis import default_settings, find_analysis, read_analysis
from exonu.search.build_workspaces import write_meaning
from exonu.search.combination.agreement import combination_record
from exonu.search.combination.joining import SHARED, Part, join, parameter_rows
from exonu.search.combination.members import member_settings, parts_of, read_member
from exonu.search.limit_inputs import combines, is_json, named_file
from exonu.search.limit_records import (
    analysis_settings,
    check_hypothesis,
    discovery_record,
    in_physical_units,
    limit_methods,
    read_whole_workspace,
    refuse_other_json,
)
from exonu.search.plausibility.registry import logged
from exonu.search.strengths import strength
from exonu.search.workspace import Workspace
from exonu.statistics import compile_workspace, profile_pair

log = logging.getLogger(__name__)


def join_files(
    files: Sequence[Path],
    interaction: str | None = None,
    *,
    flavour: str | None = None,
    mass_MeV: float | None = None,
    atomic: str | None = None,
) -> Workspace:
    """The joined workspace of experiments given by files.

    Args:
        files: of each experiment its YAML, its analysis, `experiment.json`, or a workspace of
            exonu with its sidecar file; or one analysis that combines others.
        interaction, flavour, mass_MeV, atomic: the hypothesis, for all that are not workspaces yet.

    Raises:
        InputError: files that do not belong together, or without a hypothesis.
    """
    files, shared, common = _expanded([named_file(file) for file in files])
    workspaces = [file for file in files if _is_workspace(file)]
    if len(workspaces) < len(files):
        asking = next(file for file in files if file not in workspaces)
        check_hypothesis(interaction, flavour or "all", mass_MeV, asking)
    else:
        arguments = {"interaction": interaction, "flavour": flavour, "mass_MeV": mass_MeV}
        raise_all(_argument_faults({**arguments, "atomic": atomic}, files[0]))
    given: list[Part] = []
    physics: list[tuple[Path, Json]] = []
    for file in files:
        if file in workspaces:
            spec, meaning = read_whole_workspace(file)
            name = meaning.get("experiment")
            if name is None:
                raise InputError(
                    "does not say of which experiment the workspace is",
                    file=file,
                    field="experiment",
                    remedy="make the workspaces again, or write its name in its sidecar file",
                )
            given.append(Part(str(name), spec, meaning, file))
            continue
        settings, member = _member_of(file, common)
        if atomic is not None:
            settings = merged(settings, {"physics": {"atomic": {interaction: atomic}}})
        physics.append((file, settings["physics"]))
        given += parts_of(member, str(interaction), settings, [(flavour or "all", mass_MeV)])
    raise_all(_physics_faults(physics))
    return join(given, shared)


def _argument_faults(arguments: Mapping[str, Any], file: Path) -> Iterator[ArgumentError]:
    """What would choose another hypothesis must not be ignored in silence."""
    for name, value in arguments.items():
        if value is not None:
            yield ArgumentError(
                "is given with workspaces, which have their own parameter of interest",
                file=file,
                field=name,
                remedy="leave it out",
            )


def _expanded(files: Sequence[Path]) -> tuple[list[Path], Sequence[str], Json | None]:
    """The files of the experiments; of an analysis that combines others, theirs, with what it
    shares and its settings."""
    if len(files) != 1 or not combines(files[0]):
        return list(files), SHARED, None
    [file] = files
    analysis = read_analysis(file.stem, file)
    folder = file.parent.parent if file.name == "analysis.yaml" else file.parent
    found = [find_analysis(name, folder) for name in analysis.experiments]
    return found, analysis.settings["combination"]["shared"], analysis.settings


def _is_workspace(file: Path) -> bool:
    """Whether a file is a workspace; the other JSON of an experiment is `experiment.json`."""
    if not is_json(file):
        return False
    content = read_json(file)
    if isinstance(content, dict) and {"edges_keV", "backgrounds"} <= content.keys():
        return False
    refuse_other_json(content, file)
    return True


def _member_of(file: Path, common: Json | None) -> tuple[Json, Any]:
    """An experiment with the settings that its workspaces are made by."""
    if is_json(file):
        return common or default_settings(), read_member(file)
    settings, experiment_file = analysis_settings(file)
    if experiment_file == file:
        return common or settings, read_member(file, {"blind": settings["blind"]})
    own = member_settings(read_analysis(file.stem, file))
    return common or settings, read_member(experiment_file, own)


def _physics_faults(physics: Sequence[tuple[Path, Json]]) -> Iterator[InputError]:
    """Shared parameters mean the same only where the physics is the same; what a detector is made
    of is its own."""
    for file, one in physics[1:]:
        first_file, first = physics[0]
        for key in sorted((one.keys() | first.keys()) - {"target"}):
            if one.get(key) != first.get(key):
                yield InputError(
                    f"is {one.get(key)!r}, and {first.get(key)!r} in {first_file}",
                    file=file,
                    field=f"physics.{key}",
                    remedy="combine experiments with the same physics",
                )


def limit_of_files(files: Sequence[Path], confidence_level: float, **hypothesis: Any) -> Json:
    """Asymptotic CLs limits of several experiments together, in the physical parameter, with what
    each contributes and whether they agree; for `exonu limit`.

    Args:
        files, hypothesis: as `join_files`.
        confidence_level: confidence level.
    """
    joined = join_files(files, **hypothesis)
    meaning = joined.meaning
    model = compile_workspace(joined.spec, poi_map=meaning["poi_map"] or None)
    log.info("%s: %d bins, %d parameters", joined.name, model.n_bins, len(model.parameters))
    pair = profile_pair(model)
    found = limit_methods(pair, ["asymptotic"], confidence_level)["asymptotic"] | discovery_record(
        pair
    )
    record = combination_record(joined.spec, meaning, pair, confidence_level)
    case = {key: meaning[key] for key in ("interaction", "flavour", "mass_MeV")}
    names = [one["name"] for one in meaning["experiments"].values()]
    return {
        "experiments": names,
        **case,
        **in_physical_units(found, meaning),
        "combination": in_physical_strengths(record, meaning),
        "shared": meaning["shared"],
        "blinded": meaning["blinded"],
        "is_simulated": meaning["is_simulated"],
    }


def in_physical_strengths(record: Json, meaning: Mapping[str, Any]) -> Json:
    """A record of `combination_record` with strengths in place of μ."""
    test = record["compatibility"]
    return {
        "contributions": [
            {
                **one,
                "experiment": meaning["experiments"][one["experiment"]]["name"],
                "observed": strength(one["observed"], meaning),
                "expected": [strength(mu, meaning) for mu in one["expected"]],
                "best_fit": strength(one["best_fit"], meaning),
            }
            for one in record["contributions"]
        ],
        "compatibility": {
            **test,
            "common": strength(test["common"], meaning),
            "separate": {
                meaning["experiments"][name]["name"]: strength(mu, meaning)
                for name, mu in test["separate"].items()
            },
        },
    }


def combine_files(files: Sequence[Path], output: Path, **hypothesis: Any) -> Json:
    """Write the joined workspace, and the page that says what its μ means beside it; for `exonu
    combine`.

    Returns:
        What was written, and which parameters are shared.
    """
    if output.suffix.lower() != ".json":
        raise ArgumentError("must end with .json", file=output, field="output")
    joined = join_files(files, **hypothesis)
    named = Workspace(output.stem, joined.spec, joined.meaning)
    write_meaning(output.parent, named)
    write_json(output, joined.spec)
    return {
        "workspace": str(output),
        "hypothesis": joined.name,
        "reference_strength": joined.meaning["reference_strength"],
        "unit": joined.meaning["unit"],
        "channels": [channel["name"] for channel in joined.spec["channels"]],
        "parameters": parameter_rows(joined.spec, joined.meaning),
        "notes": logged(joined.meaning["notes"], str(output)),
    }
