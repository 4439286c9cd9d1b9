"""Coupling against mass of the dark photon, of one analysis or of several together."""

from pathlib import Path

from exonu.interactions.anomalous_moment import DEFAULT_SET, anomalous_moment
from exonu.report.figures.coupling_mass import draw_coupling_mass
from exonu.report.figures.limit_summary import read_limits
from exonu.report.figures.style import save
from exonu.search.limit_rows import published_curves, published_limits
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
    plots = given.settings["plots"]
    moment = anomalous_moment(plots.get("muon_anomalous_moment", DEFAULT_SET))
    analyses = read_limits(given.limits, given.counts)
    save(
        draw_coupling_mass(analyses, published_curves(), published_limits(), moment),
        given.output,
        plots["dpi"],
    )


if __name__ == "__main__":
    run(main)
