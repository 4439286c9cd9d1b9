"""The figure of the dead-PMT correction."""

from pathlib import Path

from exonu.report.figures.events.dead_pmt_ratio import draw_dead_pmt
from exonu.report.figures.style import save
from exonu.steps._step import parser, run
from exonu.templates.dead_pmt.correction import DeadPmtCorrection


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument(
        "--correction", type=Path, required=True, help="JSON of the step `dead_pmt_correction`"
    )
    arguments.add_argument(
        "--output", type=Path, nargs="+", required=True, help="PNG and PDF files"
    )
    given = arguments.parse_args()
    figure = draw_dead_pmt(DeadPmtCorrection.read(given.correction), given.settings["name"])
    save(figure, given.output, given.settings["plots"]["dpi"])


if __name__ == "__main__":
    run(main)
