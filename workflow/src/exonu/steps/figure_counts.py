"""The numbers behind the spectrum figure: data, backgrounds, and each signal at its limit, as counts.csv."""

import argparse
from pathlib import Path

import pandas as pd

from exonu.core.files import read_json
from exonu.publication.figure_counts import spectrum_counts, write_counts
from exonu.steps._step import run
from exonu.templates.experiment import read_experiment
from exonu.templates.searches import needed_meaning


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--experiment", type=Path, required=True, help="the experiment's YAML")
    arguments.add_argument("--limits", type=Path, required=True, help="limits.csv")
    arguments.add_argument("--output", type=Path, required=True, help="counts.csv")
    arguments.add_argument("workspaces", type=Path, nargs="+", help="workspaces whose signals are drawn")
    given = arguments.parse_args()
    pairs = [(read_json(file), needed_meaning(file)) for file in given.workspaces]
    counts = spectrum_counts(read_experiment(given.experiment), pairs, pd.read_csv(given.limits))
    write_counts(given.output, counts)


if __name__ == "__main__":
    run(main)
