"""The figure of the slices and control regions of a fit, from parts.csv."""

from pathlib import Path
from typing import Annotated

from exonu.report.figures.parts_of_the_fit import draw_parts
from exonu.report.figures.style import save
from exonu.report.numbers.figure_records import read_parts
from exonu.steps._step import Pdf, Png, Settings, step


@step
def main(settings: Settings, table: Annotated[Path, "parts.csv"], png: Png, pdf: Pdf) -> None:
    save(draw_parts(read_parts(table)), (png, pdf), settings["plots"])
