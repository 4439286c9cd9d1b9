"""Injection into toys: pulls of the fitted strength with the bound at zero released, coverage with
it kept."""

from pathlib import Path
from typing import Annotated

import pandas as pd

from exonu.core.files import read_json, write_csv
from exonu.search.studies.injection import NOTES, toy_rows
from exonu.steps._step import Files, Settings, step


@step
def main(
    settings: Settings,
    workspaces: Annotated[Files, "of the injected hypotheses"],
    limits: Annotated[Files, "limits of their interactions"],
    toys: Annotated[Path, "toys.csv"],
    pulls: Annotated[Path, "the pulls as histograms, CSV"],
) -> None:
    records = [record for file in limits for record in read_json(file)]
    statistics, seed = settings["statistics"], settings["seed"]
    done = [toy_rows(file, records, statistics, seed) for file in workspaces]
    write_csv(toys, pd.DataFrame([row for rows, _ in done for row in rows]), NOTES)
    write_csv(pulls, pd.DataFrame([row for _, rows in done for row in rows]), NOTES)
