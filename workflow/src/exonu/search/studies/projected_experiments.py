"""Projections of experiments given by files: tables of `exonu project` and of the workflow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from exonu.core.errors import ArgumentError
from exonu.core.settings import merged
from exonu.search.build_workspaces import build_workspaces
from exonu.search.experiment.read_experiment import read_experiment
from exonu.search.limit_inputs import is_json, named_file
from exonu.search.limit_records import analysis_settings, check_hypothesis, read_whole_workspace
from exonu.search.plausibility.registry import logged
from exonu.search.studies.projections import projection_rows
from exonu.statistics.intervals.normal import require_confidence_level


def projected_table(
    file: Path,
    exposures_tonne_year: Sequence[float],
    backgrounds: Sequence[float],
    *,
    interaction: str | None = None,
    flavour: str | None = None,
    mass_MeV: float | None = None,
    atomic: str | None = None,
    confidence_level: float = 0.9,
    significance: float = 3.0,
) -> pd.DataFrame:
    """Expected limits and discovery reach of one hypothesis; see `projections.projection_rows`.

    Args:
        file: an experiment's YAML, an analysis's, or a workspace of exonu with its page.
        exposures_tonne_year, backgrounds, confidence_level, significance: what is projected.
        interaction, flavour, mass_MeV, atomic: the hypothesis, for what is not a workspace yet.
    """
    require_confidence_level(confidence_level)
    if not significance > 0:
        raise ArgumentError(f"must be > 0 (got {significance:g})", field="significance")
    file = named_file(file)
    if is_json(file):
        spec, meaning = read_whole_workspace(file)
    else:
        interaction = check_hypothesis(interaction, flavour or "all", mass_MeV, file)
        settings, experiment_file = analysis_settings(file)
        if atomic is not None:
            settings = merged(settings, {"physics": {"atomic": {interaction: atomic}}})
        experiment = read_experiment(experiment_file)
        [made] = build_workspaces(experiment, interaction, settings, [(flavour or "all", mass_MeV)])
        spec, meaning = made.spec, made.meaning
    logged(meaning.get("notes", ()), str(file))
    rows = projection_rows(
        spec,
        meaning,
        exposures_tonne_year,
        backgrounds,
        confidence_level=confidence_level,
        significance=significance,
        file=file,
    )
    return pd.DataFrame(rows)


def projected_workspaces(
    files: Iterable[Path], asked: Iterable[Mapping[str, Any]], confidence_level: float
) -> pd.DataFrame:
    """The same of several workspaces, for the exposures and backgrounds of
    `statistics.projections`: `limits/projections.csv`.

    Args:
        files: workspaces.
        asked: entries of `statistics.projections`; those with an exposure count.
        confidence_level: confidence level.
    """
    asked = [one for one in asked if "exposure_tonne_year" in one]
    rows = []
    for file in files:
        spec, meaning = read_whole_workspace(file)
        for one in asked:
            rows += projection_rows(
                spec,
                meaning,
                [one["exposure_tonne_year"]],
                [one.get("background", 1.0)],
                confidence_level=confidence_level,
                file=file,
            )
    return pd.DataFrame(rows)
