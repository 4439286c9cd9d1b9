"""Diagnostics of each fit on a page."""

from pathlib import Path
from typing import Annotated

from exonu.core.files import read_json
from exonu.report.figures.fit_diagnostics import draw_diagnostics
from exonu.report.figures.style import save
from exonu.report.numbers.figure_records import read_heading
from exonu.steps._step import Counts, Files, Settings, step


@step
def main(
    settings: Settings,
    records: Annotated[Files, "diagnostics of the fits"],
    counts: Counts,
    output: Annotated[Path, "folder for diagnostics_<hypothesis>.png and .pdf"],
) -> None:
    heading, plots = read_heading(counts), settings["plots"]
    for file in records:
        files = [output / f"diagnostics_{file.stem}.{suffix}" for suffix in ("png", "pdf")]
        figure = draw_diagnostics(read_json(file), heading, plots.get("labels"))
        save(figure, files, plots)
