"""The signal figure from curves.csv, folded.csv and efficiency.csv."""

from pathlib import Path

import pandas as pd

from exonu.report.figures.signal_spectra import draw_signals
from exonu.report.figures.style import save
from exonu.report.numbers.figure_records import read_heading
from exonu.steps._step import parser, run


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--counts", type=Path, required=True, help="counts.csv, for the heading")
    arguments.add_argument("--curves", type=Path, required=True)
    arguments.add_argument("--folded", type=Path, required=True)
    arguments.add_argument("--efficiency", type=Path, required=True)
    arguments.add_argument(
        "--output", type=Path, nargs="+", required=True, help="PNG and PDF files"
    )
    given = arguments.parse_args()
    curves, folded, efficiency = (
        pd.read_csv(file, comment="#") for file in (given.curves, given.folded, given.efficiency)
    )
    figure = draw_signals(curves, folded, efficiency, read_heading(given.counts))
    save(figure, given.output, given.settings["plots"]["dpi"])


if __name__ == "__main__":
    run(main)
