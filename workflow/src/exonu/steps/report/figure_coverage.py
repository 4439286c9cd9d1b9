"""The coverage figure from coverage.csv."""

from pathlib import Path

import pandas as pd

from exonu.report.figures.coverage_of_limits import draw_coverage
from exonu.report.figures.style import save
from exonu.report.numbers.figure_records import read_heading
from exonu.steps._step import parser, run


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--coverage", type=Path, required=True, help="coverage.csv")
    arguments.add_argument("--counts", type=Path, required=True, help="counts.csv, for the heading")
    arguments.add_argument(
        "--output", type=Path, nargs="+", required=True, help="PNG and PDF files"
    )
    given = arguments.parse_args()
    figure = draw_coverage(pd.read_csv(given.coverage), read_heading(given.counts))
    save(figure, given.output, given.settings["plots"]["dpi"])


if __name__ == "__main__":
    run(main)
