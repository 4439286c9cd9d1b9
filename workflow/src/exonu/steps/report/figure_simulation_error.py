"""The figure of the simulation's error, from simulation_error.csv."""

from pathlib import Path
from typing import Annotated

import pandas as pd

from exonu.report.figures.size_of_simulation import draw_simulation_error
from exonu.report.figures.style import save
from exonu.steps._step import Pdf, Png, Settings, step


@step
def main(
    settings: Settings, table: Annotated[Path, "simulation_error.csv"], png: Png, pdf: Pdf
) -> None:
    figure = draw_simulation_error(pd.read_csv(table, comment="#"), settings["name"])
    save(figure, (png, pdf), settings["plots"])
