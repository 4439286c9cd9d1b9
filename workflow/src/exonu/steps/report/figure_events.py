"""The figures of an event-level analysis from its tables."""

from pathlib import Path
from typing import Annotated

from exonu.report.figures.events.all_event_figures import write_event_figures
from exonu.steps._step import Files, Settings, step


@step
def main(
    settings: Settings,
    tables: Annotated[Files, "of the step `event_diagnostics`"],
    cut_flow: Annotated[Path, "cut_flow.csv"],
    efficiency: Annotated[Path, "cut_efficiency.csv"],
    output: Annotated[Path, "folder of the figures"],
) -> None:
    folder = tables[0].parent
    write_event_figures(folder, cut_flow, efficiency, output, settings["plots"])
