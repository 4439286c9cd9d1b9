"""The figure of the 57Co source."""

from pathlib import Path

from exonu.core.files import read_json
from exonu.report.figures.events.calibration_source import draw_calibration
from exonu.report.figures.style import save
from exonu.report.numbers.event_tables import read_table
from exonu.steps._step import parser, run


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--check", type=Path, required=True, help="calibration.json")
    arguments.add_argument("--spectrum", type=Path, required=True, help="spectrum.csv")
    arguments.add_argument(
        "--output", type=Path, nargs="+", required=True, help="PNG and PDF files"
    )
    given = arguments.parse_args()
    figure = draw_calibration(read_json(given.check), read_table(given.spectrum))
    save(figure, given.output, given.settings["plots"]["dpi"])


if __name__ == "__main__":
    run(main)
