"""The tables of a combination beside those of any analysis: contributions and shared parameters."""

from pathlib import Path
from typing import Annotated

import pandas as pd

from exonu.report.numbers.figure_records import read_heading
from exonu.report.printed_tables.combination_tables import (
    contributions_table,
    shared_parameters_table,
)
from exonu.report.printed_tables.writing import write_table
from exonu.steps._step import Counts, Settings, step


@step
def main(
    settings: Settings,
    counts: Counts,
    contributions: Annotated[Path, "combination.csv"],
    parameters: Annotated[Path, "parameters.csv"],
    output: Annotated[Path, "folder for <table>.csv, .tex and .md"],
) -> None:
    heading = read_heading(counts)
    for table in (
        contributions_table(pd.read_csv(contributions, comment="#"), heading),
        shared_parameters_table(pd.read_csv(parameters, comment="#"), heading),
    ):
        write_table(output, table, siunitx=settings["tables"]["siunitx"])
