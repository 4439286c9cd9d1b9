"""All limits of an analysis as rows of limits.csv, beside published ones."""

from pathlib import Path

from exonu.core.files import read_json, write_csv
from exonu.search.limit_rows import limit_rows
from exonu.steps._step import parser, run


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("records", type=Path, nargs="+")
    arguments.add_argument("--output", type=Path, required=True)
    given = arguments.parse_args()
    records = [record for file in given.records for record in read_json(file)]
    write_csv(
        given.output, limit_rows(given.settings["analysis"], given.settings["experiment"], records)
    )


if __name__ == "__main__":
    run(main)
