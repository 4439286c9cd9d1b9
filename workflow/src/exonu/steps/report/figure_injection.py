"""The injection figure from injection.csv, toys.csv and pulls.csv."""

from pathlib import Path
from typing import Annotated

import pandas as pd

from exonu.report.figures.injected_signals import draw_injection
from exonu.report.figures.style import save
from exonu.report.numbers.figure_records import read_heading
from exonu.steps._step import Counts, Pdf, Png, Settings, step


@step
def main(
    settings: Settings,
    chain: Annotated[Path, "injection.csv"],
    toys: Annotated[Path, "toys.csv"],
    pulls: Annotated[Path, "pulls.csv"],
    counts: Counts,
    png: Png,
    pdf: Pdf,
) -> None:
    chained, drawn, pulled = (pd.read_csv(file, comment="#") for file in (chain, toys, pulls))
    figure = draw_injection(chained, drawn, pulled, read_heading(counts))
    save(figure, (png, pdf), settings["plots"])
