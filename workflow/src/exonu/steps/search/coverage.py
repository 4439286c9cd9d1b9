"""Coverage of the CLs limits: how often toys drawn at a true value are not excluded."""

from pathlib import Path

import pandas as pd

from exonu.core.files import write_csv
from exonu.search.studies.toys_and_coverage import coverage_table
from exonu.steps._step import parser, run


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("workspaces", type=Path, nargs="+")
    arguments.add_argument("--output", type=Path, required=True)
    given = arguments.parse_args()
    statistics, seed = given.settings["statistics"], given.settings["seed"]
    tables = [coverage_table(file, statistics, seed) for file in given.workspaces]
    write_csv(given.output, pd.concat(tables, ignore_index=True))


if __name__ == "__main__":
    run(main)
