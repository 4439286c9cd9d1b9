"""The figure of the 57Co source."""

from pathlib import Path
from typing import Annotated

from exonu.core.files import read_json
from exonu.report.figures.events.calibration_source import draw_calibration
from exonu.report.figures.style import save
from exonu.report.numbers.event_tables import read_table
from exonu.steps._step import Pdf, Png, Settings, step


@step
def main(
    settings: Settings,
    check: Annotated[Path, "calibration.json"],
    spectrum: Annotated[Path, "spectrum.csv"],
    png: Png,
    pdf: Pdf,
) -> None:
    figure = draw_calibration(read_json(check), read_table(spectrum))
    save(figure, (png, pdf), settings["plots"])
