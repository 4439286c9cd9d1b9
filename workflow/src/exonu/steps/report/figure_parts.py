"""Slices and control regions of a fit: a table and a figure of all, and what the regions bring."""

from pathlib import Path
from typing import Annotated

import pandas as pd

from exonu.core.files import write_csv
from exonu.report.figures.parts_of_the_fit import draw_parts
from exonu.report.figures.style import save
from exonu.report.numbers.counts_of_parts import (
    counts_of_parts,
    table_of_parts,
    workspaces_with_regions,
)
from exonu.search.experiment.read_experiment import read_experiment
from exonu.search.studies.fit_parts_study import with_and_without_regions
from exonu.steps._step import Pdf, Png, Settings, step


@step
def main(
    settings: Settings,
    experiment: Annotated[Path, "experiment.json"],
    limits: Annotated[Path, "limits.csv"],
    table: Annotated[Path, "CSV of the counts of all parts"],
    regions: Annotated[Path, "CSV: errors and limits with control regions and without"],
    png: Png,
    pdf: Pdf,
) -> None:
    pairs = workspaces_with_regions(read_experiment(experiment), settings)
    parts = counts_of_parts(read_experiment(experiment), pairs[0], pd.read_csv(limits))
    write_csv(table, table_of_parts(parts))
    level = settings["statistics"]["confidence_level"]
    write_csv(regions, with_and_without_regions(pairs, level))
    save(draw_parts(parts), [png, pdf], settings["plots"]["dpi"])
