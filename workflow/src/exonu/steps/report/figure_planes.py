"""Contours in planes of two couplings."""

from pathlib import Path
from typing import Annotated

import pandas as pd

from exonu.report.figures.scans.coupling_planes import draw_planes
from exonu.report.figures.style import save
from exonu.report.numbers.figure_records import read_heading
from exonu.steps._step import Counts, Pdf, Png, Settings, step


@step
def main(
    settings: Settings,
    contours: Annotated[Path, "plane_contours.csv"],
    counts: Counts,
    png: Png,
    pdf: Pdf,
) -> None:
    figure = draw_planes(pd.read_csv(contours), read_heading(counts))
    save(figure, (png, pdf), settings["plots"])
