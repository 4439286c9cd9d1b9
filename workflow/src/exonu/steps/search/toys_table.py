"""Limits from the toys of all jobs, as rows like those of limits.csv."""

from pathlib import Path
from typing import Annotated

from exonu.core.files import read_json, write_csv, write_json
from exonu.search.limit_rows import limit_rows
from exonu.search.studies.toys_and_coverage import join_toys
from exonu.steps._step import Files, Settings, step


@step
def main(
    settings: Settings,
    shares: Annotated[Files, "toys of all jobs"],
    table: Annotated[Path, "CSV of the limits"],
    records: Annotated[Path, "JSON of the same"],
) -> None:
    toys = [share for file in shares for share in read_json(file)]
    found = join_toys(toys, settings["confidence_level"])
    write_json(records, found)
    write_csv(table, limit_rows(settings["analysis"], settings["experiment"], found))
