"""The figure of the calibration of the optics."""

from pathlib import Path
from typing import Annotated

from exonu.core.files import read_json
from exonu.report.figures.events.optics_from_source import draw_optics
from exonu.report.figures.style import save
from exonu.report.numbers.event_tables import read_table
from exonu.steps._step import Pdf, Png, Settings, step


@step
def main(
    settings: Settings,
    record: Annotated[Path, "optics.json"],
    light: Annotated[Path, "optics.csv"],
    png: Png,
    pdf: Pdf,
) -> None:
    save(draw_optics(read_json(record), read_table(light)), (png, pdf), settings["plots"])
