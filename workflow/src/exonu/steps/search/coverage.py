"""Coverage of the CLs limits: how often toys drawn at a true value are not excluded."""

from pathlib import Path
from typing import Annotated

import pandas as pd

from exonu.core.files import write_csv
from exonu.search.studies.toys_and_coverage import coverage_table
from exonu.steps._step import Files, Settings, step


@step
def main(
    settings: Settings,
    workspaces: Annotated[Files, "of the hypotheses to study"],
    output: Annotated[Path, "coverage.csv"],
) -> None:
    statistics, seed = settings["statistics"], settings["seed"]
    tables = [coverage_table(file, statistics, seed) for file in workspaces]
    write_csv(output, pd.concat(tables, ignore_index=True))
