"""The signal figure from curves.csv, folded.csv and efficiency.csv."""

from pathlib import Path
from typing import Annotated

import pandas as pd

from exonu.report.figures.signal_spectra import draw_signals
from exonu.report.figures.style import save
from exonu.report.numbers.figure_records import read_counts
from exonu.steps._step import Counts, Pdf, Png, Settings, step


@step
def main(
    settings: Settings,
    curves: Annotated[Path, "curves.csv"],
    folded: Annotated[Path, "folded.csv"],
    efficiency: Annotated[Path, "efficiency.csv"],
    counts: Counts,
    png: Png,
    pdf: Pdf,
) -> None:
    before, behind, seen = (pd.read_csv(file, comment="#") for file in (curves, folded, efficiency))
    spectrum = read_counts(counts)
    figure = draw_signals(before, behind, seen, spectrum.heading, spectrum.axis)
    save(figure, (png, pdf), settings["plots"])
