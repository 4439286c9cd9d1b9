"""Diagnostics of the fits of some hypotheses, and their yields before and after the fit."""

from pathlib import Path
from typing import Annotated

from exonu.core.files import write_csv, write_json
from exonu.search.studies.toys_and_coverage import diagnostics, yields_table
from exonu.steps._step import Files, Settings, step


@step
def main(
    settings: Settings,
    workspaces: Annotated[Files, "of the hypotheses to study"],
    output: Annotated[Path, "folder for <hypothesis>.json and yields.csv"],
) -> None:
    statistics, seed = settings["statistics"], settings["seed"]
    records = [diagnostics(file, statistics, seed) for file in workspaces]
    for record in records:
        write_json(output / f"{record['name']}.json", record)
    write_csv(output / "yields.csv", yields_table(records))
