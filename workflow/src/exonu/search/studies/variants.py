"""What each assumption costs: the search with one of them changed at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from exonu.catalogue import SEARCHED
from exonu.core.settings import checked, merged
from exonu.core.types import Json
from exonu.search.analysis import ANALYSIS_SCHEMA
from exonu.search.build_workspaces import build_workspaces
from exonu.search.experiment.read_experiment import read_experiment
from exonu.search.limit_records import discovery_record, limit_methods
from exonu.search.limit_rows import limit_rows
from exonu.statistics import compile_workspace, profile_pair

NOMINAL: Json = {"description": "as configured", "experiment": {}, "settings": {}}


def variant_limits(analysis: str, experiment_file: Path, settings: Json) -> pd.DataFrame:
    """Asymptotic limits with one assumption changed at a time.

    Each variant is run for all flavours together, and where there are masses at the settings'
    `more_masses_MeV`.

    Args:
        analysis: the analysis's name.
        experiment_file: the experiment's YAML.
        settings: the analysis's settings, with the block `variants`.

    Returns:
        The rows of `limits.csv`, with `variant`, `description` and `ratio`, the observed limit over
        the nominal one.
    """
    tables = []
    for name, variant in {"nominal": NOMINAL, **settings["variants"]}.items():
        changed = checked(merged(settings, variant["settings"]), ANALYSIS_SCHEMA, f"variant {name}")
        experiment = read_experiment(experiment_file, variant["experiment"])
        chosen = variant.get("interactions", settings["interactions"])
        rows = limit_rows(analysis, experiment.name, _records(experiment, changed, chosen))
        tables.append(rows.assign(variant=name, description=variant["description"]))
    key = ["interaction", "mass_MeV"]
    reference = tables[0][[*key, "observed"]].rename(columns={"observed": "nominal"})
    joined = (
        pd.concat(tables, ignore_index=True)
        .astype({"mass_MeV": float})
        .merge(reference.astype({"mass_MeV": float}), on=key, how="left")
    )
    return joined.assign(ratio=joined["observed"] / joined["nominal"]).drop(columns="nominal")


def _records(experiment: Any, settings: Json, interactions: Mapping[str, Any]) -> Iterator[Json]:
    for interaction in (name for name in settings["interactions"] if name in interactions):
        block = settings["interactions"][interaction]
        masses = sorted(block["more_masses_MeV"]) if SEARCHED[interaction].has_mass else [None]
        for workspace in build_workspaces(
            experiment, interaction, settings, [("all", mass) for mass in masses]
        ):
            model = compile_workspace(workspace.spec, poi_map=workspace.meaning["poi_map"])
            pair = profile_pair(model)
            methods = limit_methods(
                pair, ["asymptotic"], settings["statistics"]["confidence_level"]
            )
            yield {
                "name": workspace.name,
                "meaning": workspace.meaning,
                "discovery": discovery_record(pair),
                "methods": methods,
            }
