"""Expected limits and the reach of a discovery against exposure."""

from pathlib import Path
from typing import Annotated

import pandas as pd

from exonu.report.figures.projected_reach import draw_projections
from exonu.report.figures.style import save
from exonu.steps._step import Pdf, Png, Settings, step


@step
def main(
    settings: Settings, projections: Annotated[Path, "projections.csv"], png: Png, pdf: Pdf
) -> None:
    save(draw_projections(pd.read_csv(projections)), (png, pdf), settings["plots"])
