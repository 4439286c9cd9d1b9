"""What `exonu limit` was given: an experiment, an analysis, or a folder or name that stands for one; and whether it is
blind.

An analysis says `blind: true` until it is fixed. Whoever names the experiment's file instead of the analysis's would
see the observed counts all the same, so an experiment obeys every analysis that stands beside it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exonu.core.errors import InputError
from exonu.core.resources import schema_path
from exonu.core.settings import Settings, checked, merged, read_schema, read_yaml
from exonu.core.tables import read_header_and_rows
from exonu.core.text_files import kind_of, require_file
from exonu.core.yaml_files import parse_value
from exonu.search.analysis import (
    Analysis,
    complete,
    default_settings,
    find_analysis,
    read_analysis,
)

CONFIG = Path("config")
ANALYSIS_SCHEMA = schema_path("analysis.yaml")
EXPERIMENT_SCHEMA = schema_path("experiment.yaml")
_NAME = re.compile("[a-z0-9][a-z0-9-]*")


@dataclass(frozen=True)
class LimitInputs:
    """An experiment and the settings with which its limits are set.

    Attributes:
        file: what names them in messages.
        experiment_file: the experiment's YAML.
        settings: all settings of an analysis, `blind` included.
        blinded_by: the analysis whose `blind` holds, or None if nothing is blind.
    """

    file: Path
    experiment_file: Path
    settings: Settings
    blinded_by: Path | None


def named_file(given: Path) -> Path:
    """The file that a path, a folder or the name of an analysis stands for.

    Raises:
        InputError: a folder without an experiment, or neither file nor analysis.
    """
    try:
        is_folder, is_there = given.is_dir(), given.exists()
    except (OSError, ValueError):
        is_folder, is_there = False, True  # `require_file` says what is wrong with it
    if is_folder:
        for name in ("analysis.yaml", "experiment.yaml"):
            if (given / name).is_file():
                return given / name
        raise InputError(
            "is a folder with neither analysis.yaml nor experiment.yaml",
            file=given,
            remedy="name the file itself, or write a template with `exonu init`",
        )
    if not is_there and _NAME.fullmatch(str(given)) and CONFIG.is_dir():
        return find_analysis(str(given), CONFIG)
    return require_file(given)


def read_description(file: Path) -> Settings:
    """The YAML of an experiment or an analysis; a table that was given in its place is called so."""
    try:
        return read_yaml(file)
    except InputError:
        if (kind := kind_of(file)) is not None:
            raise InputError(
                f"is {kind}, not the YAML of an experiment",
                file=file,
                remedy="give an experiment, an analysis or a workspace",
            ) from None
        if not _is_table(file):
            raise
    raise InputError(
        "is a table, not an experiment: nothing says what its columns are",
        file=file,
        remedy=f"let them be guessed: exonu init --from {file} NEW_FOLDER",
    )


def combines(file: Path) -> bool:
    """Whether a file is an analysis that combines the experiments of others."""
    return not is_json(file) and "experiments" in read_description(file)


def _is_table(file: Path) -> bool:
    try:
        header, rows = read_header_and_rows(file)
    except InputError:
        return False
    return len(header) > 1 and bool(rows) and all(len(row) == len(header) for _, row in rows)


_JSON_BEGINS = re.compile(rb"(\xef\xbb\xbf)?\s*(\{\s*[\"}]|\[\s*[\[{\"\]])")


def is_json(file: Path) -> bool:
    """Whether a file holds JSON, by how it begins, whatever its name ends with; what cannot be read
    or is empty, by its name."""
    try:
        with file.open("rb") as opened:
            begin = opened.read(4096)
    except (OSError, ValueError):
        begin = b""
    ending = file.suffix.lower()
    if not begin.strip():
        return ending == ".json"
    if _JSON_BEGINS.match(begin):
        # JSON is YAML, too: an experiment, if no workspace.
        return ending not in (".yaml", ".yml") or b'"channels"' in file.read_bytes()
    # What is nothing else is said to be no JSON where the name promises some.
    return ending == ".json" and not (kind_of(file) or _is_yaml(begin) or _is_table(file))


def _is_yaml(begin: bytes) -> bool:
    """Whether text begins with comments or with `key:`."""
    lines = [line for line in begin.splitlines() if line.strip() and not line.startswith(b"#")]
    return bool(lines) and re.match(rb"[A-Za-z_][\w-]*:(\s|$)", lines[0]) is not None


_FOR_A_LIMIT = ("physics", "interactions", "systematics")
"""Blocks of an analysis that the limit of one hypothesis depends on."""
_NOT_SO = {
    "blind": "use --unblind",
    "is_simulated": "change it in the experiment's YAML: it says what the data are",
    "experiment": "give that experiment's file itself",
    "events": "set the limits of events with snakemake",
    "experiments": "give the experiments' files",
    "events_settings": "set the limits of events with snakemake",
    "config_version": "change it in the file",
    "statistics": "use --confidence-level; the rest is of the workflow",
}
"""Keys that no change may have, and what to do instead."""


def with_changes(
    settings: Settings, changes: Sequence[tuple[str, str]], file: Path
) -> tuple[Settings, Settings]:
    """Settings of an analysis, and keys of the experiment's YAML, with changes of single keys.

    Args:
        settings: all settings of an analysis.
        changes: keys with dots in them and their values as YAML, as of `exonu limit --set`.
        file: the YAML of the settings, whose folder is that of tables that changes name.

    Returns:
        The settings with what is theirs changed, checked, with their tables read; and what is the
        experiment's.

    Raises:
        InputError: a key of neither, one that a limit does not depend on or that cannot be changed,
            or a value that the settings refuse.
    """
    of_experiment = read_schema(EXPERIMENT_SCHEMA)["properties"]
    of_analysis = read_schema(ANALYSIS_SCHEMA)["properties"]
    own: Settings = {}
    theirs: Settings = {}
    for key, text in changes:
        first = key.partition(".")[0]
        if first in _NOT_SO:
            remedy = _NOT_SO[first]
            raise InputError("cannot be changed so", field=f"changes {key}", remedy=remedy)
        if first not in {**of_experiment, **of_analysis}:
            known = [*of_experiment, *of_analysis]
            near = difflib.get_close_matches(first, known, n=1)
            raise InputError(
                "is a key of neither the experiment nor the analysis",
                field=f"changes {key}",
                remedy=f"did you mean `{near[0]}`?" if near else "docs/configuration.md lists them",
            )
        if first not in {*of_experiment, *_FOR_A_LIMIT}:
            raise InputError(
                "changes nothing of a limit",
                field=f"changes {key}",
                remedy=f"leave it out; of an analysis {', '.join(_FOR_A_LIMIT)} can be changed",
            )
        change: Any = parse_value(text, f"changes {key}")
        for part in reversed(key.split(".")):
            change = {part: change}
        if first in of_experiment:
            theirs = merged(theirs, change)
        else:
            own = merged(own, change)
    if own:
        settings = checked(merged(settings, own), ANALYSIS_SCHEMA, "changes")
        complete(settings, file)
    return settings, theirs


def limit_inputs(given: Path, *, unblind: bool = False) -> LimitInputs:
    """Settings and experiment for the limits of a file, a folder or the name of an analysis.

    Args:
        given: an experiment's YAML, an analysis's, its folder, or its name in `config/`.
        unblind: show the observed limit though an analysis is blind.

    Raises:
        InputError: no such file; an analysis of events, whose spectra the workflow makes; whatever is wrong with the
            settings.
    """
    file = named_file(given)
    content = read_description(file)
    if content.keys() & {"events", "runs"}:
        what = "an analysis of events" if "events" in content else "the events file of an analysis"
        raise InputError(
            f"is {what}: its spectra are made by the workflow",
            file=file,
            remedy="set its limits with snakemake, or give one of its workspaces, results/<analysis>/workspaces/*.json",
        )
    if "experiment" in content:
        analysis = read_with_overrides(file)
        settings, experiment_file = analysis.settings, analysis.experiment_file
        blind = [file] if settings["blind"] else []
    else:
        settings, experiment_file = default_settings(), file
        blind = [one.file for one in analyses_beside(file) if one.settings["blind"]]
    settings = merged(settings, {"blind": bool(blind) and not unblind})
    return LimitInputs(file, experiment_file, settings, blind[0] if blind and not unblind else None)


def analyses_beside(experiment_file: Path) -> Iterator[Analysis]:
    """The analyses in the folder of an experiment, whichever experiment they name, and the one above that has the
    folder's name.

    Raises:
        InputError: if one of them is faulty: whether it is blind is then not known.
    """
    here = experiment_file.resolve().parent
    above = here.with_name(f"{here.name}.yaml")
    candidates = sorted(experiment_file.parent.glob("*.yaml"))
    for file in [*candidates, *([above] if above.is_file() else [])]:
        if not file.is_file() or file.samefile(experiment_file):
            continue
        try:
            content = read_yaml(file)
        except InputError:
            if file.name in ("analysis.yaml", above.name):
                raise
            continue  # a file of another kind
        # The sidecar file of a workspace names its experiment, too.
        if isinstance(content.get("experiment"), str) and "config_version" in content:
            yield read_with_overrides(file)


def read_with_overrides(file: Path) -> Analysis:
    """An analysis with what `overrides` of the config.yaml beside it changes."""
    in_folder = file.name == "analysis.yaml"
    name = file.resolve().parent.name if in_folder else file.stem
    config = (file.resolve().parent.parent if in_folder else file.parent) / "config.yaml"
    overrides: Any = read_yaml(config).get("overrides") if config.is_file() else None
    own = overrides.get(name) if isinstance(overrides, Mapping) else None
    return read_analysis(name, file, own if isinstance(own, Mapping) else None)
