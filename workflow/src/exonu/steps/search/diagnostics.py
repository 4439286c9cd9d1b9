"""Diagnostics of the fits of some hypotheses, and their yields before and after the fit."""

from pathlib import Path

from exonu.core.files import write_csv, write_json
from exonu.search.studies.toys_and_coverage import diagnostics, yields_table
from exonu.steps._step import parser, run


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("workspaces", type=Path, nargs="+")
    arguments.add_argument(
        "--output", type=Path, required=True, help="folder for <hypothesis>.json and yields.csv"
    )
    given = arguments.parse_args()
    statistics, seed = given.settings["statistics"], given.settings["seed"]
    records = [diagnostics(file, statistics, seed) for file in given.workspaces]
    for record in records:
        write_json(given.output / f"{record['name']}.json", record)
    write_csv(given.output / "yields.csv", yields_table(records))


if __name__ == "__main__":
    run(main)
