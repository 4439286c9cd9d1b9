"""The limit summary of one analysis, or of several together."""

from pathlib import Path

from exonu.report.figures.limit_summary import draw_limits, read_limits
from exonu.report.figures.style import save
from exonu.search.limit_rows import published_limits
from exonu.steps._step import parser, run


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument(
        "--limits", type=Path, nargs="+", required=True, help="limits.csv of each analysis"
    )
    arguments.add_argument(
        "--counts", type=Path, nargs="+", required=True, help="counts.csv of each, for the headings"
    )
    arguments.add_argument(
        "--output", type=Path, nargs="+", required=True, help="PNG and PDF files"
    )
    given = arguments.parse_args()
    analyses = read_limits(given.limits, given.counts)
    save(draw_limits(analyses, published_limits()), given.output, given.settings["plots"]["dpi"])


if __name__ == "__main__":
    run(main)
