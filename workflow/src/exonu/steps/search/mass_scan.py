"""p0 of background alone against the mediator's mass, with the global p of its largest excess."""

from pathlib import Path
from typing import Annotated

from exonu.core.files import write_csv, write_json
from exonu.search.studies.mass_scans import scan_record, scan_table
from exonu.steps._step import Files, Settings, step


@step
def main(
    settings: Settings,
    workspaces: Annotated[Files, "of one interaction, one for each mass"],
    table: Annotated[Path, "CSV, a row for each mass"],
    record: Annotated[Path, "JSON of the scan and its global p"],
) -> None:
    toys = settings["statistics"]["mass_scan"]["toys"]
    found = scan_record(workspaces, toys, settings["seed"])
    write_csv(table, scan_table(found))
    write_json(record, found)
