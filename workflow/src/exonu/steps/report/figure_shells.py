"""The figure of the shells outside the fiducial volume."""

from pathlib import Path
from typing import Annotated

from exonu.core.files import read_json
from exonu.report.figures.events.shell_counts import draw_shells
from exonu.report.figures.style import save
from exonu.report.numbers.event_tables import read_table
from exonu.steps._step import Pdf, Png, Settings, step


@step
def main(
    settings: Settings,
    record: Annotated[Path, "shells.json"],
    counts: Annotated[Path, "shells.csv"],
    png: Png,
    pdf: Pdf,
) -> None:
    save(draw_shells(read_json(record), read_table(counts)), (png, pdf), settings["plots"])
