"""Diagnostics of each fit on a page."""

from pathlib import Path

from exonu.core.files import read_json
from exonu.report.figures.fit_diagnostics import draw_diagnostics
from exonu.report.figures.style import save
from exonu.report.numbers.figure_records import read_heading
from exonu.steps._step import parser, run


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("records", type=Path, nargs="+")
    arguments.add_argument("--counts", type=Path, required=True, help="counts.csv, for the heading")
    arguments.add_argument(
        "--output",
        type=Path,
        required=True,
        help="folder for diagnostics_<hypothesis>.png and .pdf",
    )
    given = arguments.parse_args()
    heading = read_heading(given.counts)
    for file in given.records:
        files = [given.output / f"diagnostics_{file.stem}.{suffix}" for suffix in ("png", "pdf")]
        save(draw_diagnostics(read_json(file), heading), files, given.settings["plots"]["dpi"])


if __name__ == "__main__":
    run(main)
