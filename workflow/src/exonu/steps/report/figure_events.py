"""The figures of an event-level analysis from its tables."""

from pathlib import Path

from exonu.report.figures.events.all_event_figures import write_event_figures
from exonu.steps._step import parser, run


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--diagnostics", type=Path, required=True, help="folder of the tables")
    arguments.add_argument("--cut-flow", type=Path, required=True, help="cut_flow.csv")
    arguments.add_argument("--efficiency", type=Path, required=True, help="cut_efficiency.csv")
    arguments.add_argument("--output", type=Path, required=True, help="folder of the figures")
    given = arguments.parse_args()
    dpi = given.settings["plots"]["dpi"]
    write_event_figures(given.diagnostics, given.cut_flow, given.efficiency, given.output, dpi)


if __name__ == "__main__":
    run(main)
