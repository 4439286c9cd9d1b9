"""Limits of several experiments alone and together."""

from pathlib import Path
from typing import Annotated

import pandas as pd

from exonu.report.figures.combined_experiments import draw_combination
from exonu.report.figures.style import save
from exonu.report.numbers.figure_records import read_heading
from exonu.search.combination.combined_tables import of_hypotheses
from exonu.steps._step import Counts, Files, Pdf, Png, Settings, step


@step
def main(
    settings: Settings,
    contributions: Annotated[Path, "combination.csv"],
    declared: Annotated[Files, "the workspaces of the hypotheses that are drawn"],
    counts: Counts,
    png: Png,
    pdf: Pdf,
) -> None:
    table = of_hypotheses(pd.read_csv(contributions), [file.stem for file in declared])
    save(draw_combination(table, read_heading(counts)), (png, pdf), settings["plots"])
