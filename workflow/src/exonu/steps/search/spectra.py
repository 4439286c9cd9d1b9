"""Recoil spectra of the Standard Model and of each interaction, as CSV."""

from pathlib import Path

from exonu.core.files import write_csv
from exonu.interactions import Physics
from exonu.report.numbers.recoil_tables import recoil_tables
from exonu.steps._step import parser, run


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument(
        "--output", type=Path, required=True, help="folder for <interaction>.csv"
    )
    given = arguments.parse_args()
    physics = Physics.from_settings(given.settings["physics"])
    for name, table in recoil_tables(physics, given.settings["interactions"]).items():
        write_csv(
            given.output / f"{name}.csv",
            table,
            comments=("recoil rates of natural xenon, before any detector",),
        )


if __name__ == "__main__":
    run(main)
