"""Limits of all workspaces of one interaction: one record for each."""

from pathlib import Path

from exonu.core.files import write_json
from exonu.search.conventions import methods_of, power_constraint_of
from exonu.search.limit_records import limit_record
from exonu.steps._step import parser, run


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("workspaces", type=Path, nargs="+")
    arguments.add_argument("--output", type=Path, required=True)
    given = arguments.parse_args()
    statistics = given.settings["statistics"]
    records = [
        limit_record(
            file,
            methods_of(statistics),
            statistics["confidence_level"],
            statistics["projections"],
            power_constraint_of(statistics),
        )
        for file in given.workspaces
    ]
    write_json(given.output, records)


if __name__ == "__main__":
    run(main)
