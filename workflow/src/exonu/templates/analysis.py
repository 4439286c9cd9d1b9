"""An analysis: its settings, and the workspaces that follow from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exonu.core.errors import InputError
from exonu.core.resources import schema_path
from exonu.core.settings import Settings, checked, merged, read_yaml

CONFIG_SCHEMA = schema_path("config.yaml")
ANALYSIS_SCHEMA = schema_path("analysis.yaml")


@dataclass(frozen=True)
class Analysis:
    """One analysis of `config/`.

    Attributes:
        name: its name, and that of its folder in `results/`.
        file: its YAML.
        settings: all settings, defaults included.
        experiment_file: the experiment's YAML.
    """

    name: str
    file: Path
    settings: Settings
    experiment_file: Path


def find_analysis(name: str, folder: Path) -> Path:
    """The file of an analysis: `<folder>/<name>.yaml` or `<folder>/<name>/analysis.yaml`."""
    candidates = [folder / f"{name}.yaml", folder / name / "analysis.yaml"]
    found = [candidate for candidate in candidates if candidate.is_file()]
    if len(found) != 1:
        problem = "has no file" if not found else "has two files"
        raise InputError(
            f"the analysis {name!r} {problem} ({' and '.join(map(str, found or candidates))})",
            file=folder / "config.yaml",
            field="analyses",
            remedy="write one of them (`exonu init` makes a template)" if not found else "keep one",
        )
    return found[0]


def read_analysis(name: str, file: Path, overrides: Mapping[str, Any] | None = None) -> Analysis:
    """Read and check the settings of an analysis.

    Args:
        name: its name.
        file: its YAML.
        overrides: settings that replace those of the file.

    Raises:
        InputError: one line per fault.
    """
    settings = checked(merged(read_yaml(file), overrides or {}), ANALYSIS_SCHEMA, file)
    grid = settings["interactions"].get("dark-photon", {}).get("masses_MeV")
    if grid and grid["minimum"] >= grid["maximum"]:
        raise InputError(
            f"must be < maximum (got {grid['minimum']:g} and {grid['maximum']:g})",
            file=file,
            field="interactions.dark-photon.masses_MeV.minimum",
        )
    return Analysis(name, file, settings, file.parent / settings["experiment"])


def read_config(config: Mapping[str, Any], file: Path) -> list[Analysis]:
    """All analyses of `config/config.yaml`.

    Args:
        config: its content, as Snakemake merged it with `--configfile` and `--config`.
        file: the file, whose folder holds the analyses.
    """
    settings = checked(dict(config), CONFIG_SCHEMA, file)
    if "comparison" in settings["analyses"]:
        raise InputError(
            "'comparison' is the folder of figures of all analyses", file=file, field="analyses", remedy="rename it"
        )
    strangers = sorted(set(settings["overrides"]) - set(settings["analyses"]))
    if strangers:
        raise InputError(
            "is not one of the analyses", file=file, field=f"overrides.{strangers[0]}", remedy="add it to `analyses`"
        )
    folder = file.parent
    return [
        read_analysis(name, find_analysis(name, folder), settings["overrides"].get(name))
        for name in settings["analyses"]
    ]


def default_settings() -> Settings:
    """The settings of an analysis that chooses nothing."""
    return checked({"config_version": 1, "experiment": "-"}, ANALYSIS_SCHEMA, "defaults")
