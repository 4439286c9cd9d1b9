"""The figure of p0 against mass from mass_scan.json."""

from pathlib import Path
from typing import Annotated

from exonu.core.files import read_json
from exonu.report.figures.scans.local_p_values import draw_local_p_values
from exonu.report.figures.style import save
from exonu.report.numbers.figure_records import read_heading
from exonu.steps._step import Counts, Pdf, Png, Settings, step


@step
def main(
    settings: Settings,
    record: Annotated[Path, "mass_scan.json"],
    counts: Counts,
    png: Png,
    pdf: Pdf,
) -> None:
    figure = draw_local_p_values(read_json(record), read_heading(counts))
    save(figure, (png, pdf), settings["plots"])
