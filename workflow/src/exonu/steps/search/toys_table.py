"""Limits from the toys of all jobs, as rows like those of limits.csv."""

from pathlib import Path

from exonu.core.files import read_json, write_csv, write_json
from exonu.search.limit_rows import limit_rows
from exonu.search.studies.toys_and_coverage import join_toys
from exonu.steps._step import parser, run


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("shares", type=Path, nargs="+")
    arguments.add_argument("--table", type=Path, required=True)
    arguments.add_argument("--records", type=Path, required=True)
    given = arguments.parse_args()
    shares = [share for file in given.shares for share in read_json(file)]
    records = join_toys(shares, given.settings["confidence_level"])
    write_json(given.records, records)
    write_csv(
        given.table, limit_rows(given.settings["analysis"], given.settings["experiment"], records)
    )


if __name__ == "__main__":
    run(main)
