"""The injection figure from injection.csv, toys.csv and pulls.csv."""

from pathlib import Path

import pandas as pd

from exonu.report.figures.injected_signals import draw_injection
from exonu.report.figures.style import save
from exonu.report.numbers.figure_records import read_heading
from exonu.steps._step import parser, run


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--chain", type=Path, required=True, help="injection.csv")
    arguments.add_argument("--toys", type=Path, required=True, help="toys.csv")
    arguments.add_argument("--pulls", type=Path, required=True, help="pulls.csv")
    arguments.add_argument("--counts", type=Path, required=True, help="counts.csv, for the heading")
    arguments.add_argument(
        "--output", type=Path, nargs="+", required=True, help="PNG and PDF files"
    )
    given = arguments.parse_args()
    chain, toys, pulls = (
        pd.read_csv(file, comment="#") for file in (given.chain, given.toys, given.pulls)
    )
    figure = draw_injection(chain, toys, pulls, read_heading(given.counts))
    save(figure, given.output, given.settings["plots"]["dpi"])


if __name__ == "__main__":
    run(main)
