"""The coverage figure from coverage.csv."""

from pathlib import Path
from typing import Annotated

import pandas as pd

from exonu.report.figures.coverage_of_limits import draw_coverage
from exonu.report.figures.style import save
from exonu.report.numbers.figure_records import read_heading
from exonu.steps._step import Counts, Pdf, Png, Settings, step


@step
def main(
    settings: Settings,
    coverage: Annotated[Path, "coverage.csv"],
    counts: Counts,
    png: Png,
    pdf: Pdf,
) -> None:
    figure = draw_coverage(pd.read_csv(coverage), read_heading(counts))
    save(figure, (png, pdf), settings["plots"])
