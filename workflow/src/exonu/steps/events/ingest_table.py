"""What was ingested, a row for each run and sample, and the notes on it."""

from pathlib import Path
from typing import Annotated

from exonu.core.files import read_json, write_csv, write_json
from exonu.events.ingest_table import ingest_notes, ingest_table
from exonu.steps._step import Files, step


@step
def main(
    reports: Annotated[Files, "reports of all runs and samples"],
    table: Annotated[Path, "CSV: events, hits, times, medians"],
    notes: Annotated[Path, "JSON: what is hardly meant, in words"],
) -> None:
    read = [read_json(file) for file in reports]
    write_csv(table, ingest_table(read))
    write_json(notes, {"notes": ingest_notes(read)})
