"""All limits of an analysis as rows of limits.csv, beside published ones."""

from pathlib import Path
from typing import Annotated

from exonu.core.files import read_json, write_csv
from exonu.search.limit_rows import limit_rows
from exonu.steps._step import Files, Settings, step


@step
def main(
    settings: Settings,
    records: Annotated[Files, "limits of each interaction"],
    output: Annotated[Path, "limits.csv"],
) -> None:
    found = [record for file in records for record in read_json(file)]
    write_csv(output, limit_rows(settings["analysis"], settings["experiment"], found))
