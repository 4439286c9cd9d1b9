"""The numbers behind the spectrum figure: data, backgrounds, and signals at their limits; yields by
range."""

from pathlib import Path
from typing import Annotated

import pandas as pd

from exonu.core.files import read_json, write_csv
from exonu.report.numbers.counts import spectrum_counts, write_counts
from exonu.report.numbers.yields_by_range import yields_by_range
from exonu.search.build_workspaces import needed_meaning
from exonu.search.experiment.read_experiment import read_experiment
from exonu.steps._step import Files, step


@step
def main(
    experiment: Annotated[Path, "the experiment's YAML, or experiment.json"],
    limits: Annotated[Path, "limits.csv"],
    workspaces: Annotated[Files, "workspaces whose signals are drawn"],
    counts: Annotated[Path, "counts.csv"],
    yields: Annotated[Path | None, "yields_by_range.csv"] = None,
) -> None:
    pairs = [(read_json(file), needed_meaning(file)) for file in workspaces]
    measured, found = read_experiment(experiment), pd.read_csv(limits)
    write_counts(counts, spectrum_counts(measured, pairs, found))
    if yields:
        write_csv(yields, yields_by_range(measured, pairs, found))
