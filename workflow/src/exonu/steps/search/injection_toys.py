"""Injection into toys: pulls of the fitted strength with the bound at zero released, coverage with
it kept."""

from pathlib import Path

import pandas as pd

from exonu.core.files import read_json, write_csv
from exonu.search.studies.injection import NOTES, toy_rows
from exonu.steps._step import parser, run


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("workspaces", type=Path, nargs="+")
    arguments.add_argument(
        "--limits", type=Path, nargs="+", required=True, help="limits of their interactions"
    )
    arguments.add_argument("--output", type=Path, required=True, help="toys.csv")
    arguments.add_argument("--pulls", type=Path, required=True, help="the pulls as histograms, CSV")
    given = arguments.parse_args()
    settings = given.settings
    records = [record for file in given.limits for record in read_json(file)]
    done = [
        toy_rows(file, records, settings["statistics"], settings["seed"])
        for file in given.workspaces
    ]
    write_csv(given.output, pd.DataFrame([row for rows, _ in done for row in rows]), NOTES)
    write_csv(given.pulls, pd.DataFrame([row for _, pulls in done for row in pulls]), NOTES)


if __name__ == "__main__":
    run(main)
