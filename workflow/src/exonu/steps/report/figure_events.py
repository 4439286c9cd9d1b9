"""The figures of an event-level analysis from its tables."""

from pathlib import Path
from typing import Annotated

from exonu.report.figures.events.all_event_figures import write_event_figures
from exonu.steps._step import Settings, step


@step
def main(
    settings: Settings,
    diagnostics: Annotated[Path, "folder of the tables"],
    cut_flow: Annotated[Path, "cut_flow.csv"],
    efficiency: Annotated[Path, "cut_efficiency.csv"],
    output: Annotated[Path, "folder of the figures"],
) -> None:
    write_event_figures(diagnostics, cut_flow, efficiency, output, settings["plots"]["dpi"])
