"""The numbers behind the spectrum figure: data, backgrounds, and signals at their limits; yields by
range."""

import argparse
from pathlib import Path

import pandas as pd

from exonu.core.files import read_json, write_csv
from exonu.report.numbers.counts import spectrum_counts, write_counts
from exonu.report.numbers.yields_by_range import yields_by_range
from exonu.search.build_workspaces import needed_meaning
from exonu.search.experiment.read_experiment import read_experiment
from exonu.steps._step import run


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument(
        "--experiment", type=Path, required=True, help="the experiment's YAML, or experiment.json"
    )
    arguments.add_argument("--limits", type=Path, required=True, help="limits.csv")
    arguments.add_argument("--output", type=Path, required=True, help="counts.csv")
    arguments.add_argument(
        "workspaces", type=Path, nargs="+", help="workspaces whose signals are drawn"
    )
    arguments.add_argument("--yields", type=Path, help="yields_by_range.csv")
    given = arguments.parse_args()
    pairs = [(read_json(file), needed_meaning(file)) for file in given.workspaces]
    experiment, limits = read_experiment(given.experiment), pd.read_csv(given.limits)
    write_counts(given.output, spectrum_counts(experiment, pairs, limits))
    if given.yields:
        write_csv(given.yields, yields_by_range(experiment, pairs, limits))


if __name__ == "__main__":
    run(main)
