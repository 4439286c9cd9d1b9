"""Slices and control regions of a fit: a table of all, and what the regions bring."""

from pathlib import Path
from typing import Annotated

import pandas as pd

from exonu.core.files import write_csv
from exonu.report.numbers.counts_of_parts import (
    counts_of_parts,
    workspaces_with_regions,
    write_parts,
)
from exonu.search.experiment.read_experiment import read_experiment
from exonu.search.studies.fit_parts_study import with_and_without_regions
from exonu.steps._step import Settings, step


@step
def main(
    settings: Settings,
    experiment: Annotated[Path, "experiment.json"],
    limits: Annotated[Path, "limits.csv"],
    table: Annotated[Path, "CSV of the counts of all parts"],
    regions: Annotated[Path, "CSV: errors and limits with control regions and without"],
) -> None:
    measured = read_experiment(experiment)
    pairs = workspaces_with_regions(measured, settings)
    write_parts(table, counts_of_parts(measured, pairs[0], pd.read_csv(limits)))
    level = settings["statistics"]["confidence_level"]
    write_csv(regions, with_and_without_regions(pairs, level))
