"""The spectrum figure from counts.csv."""

from pathlib import Path

from exonu.report.figures.stacked_spectrum import draw_spectrum
from exonu.report.figures.style import save
from exonu.report.numbers.figure_records import read_counts
from exonu.steps._step import parser, run


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--counts", type=Path, required=True, help="counts.csv")
    arguments.add_argument(
        "--output", type=Path, nargs="+", required=True, help="PNG and PDF files"
    )
    given = arguments.parse_args()
    save(draw_spectrum(read_counts(given.counts)), given.output, given.settings["plots"]["dpi"])


if __name__ == "__main__":
    run(main)
