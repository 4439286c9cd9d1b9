"""Limits of all workspaces of one interaction: one record for each."""

from pathlib import Path
from typing import Annotated

from exonu.core.files import write_json
from exonu.search.conventions import methods_of, power_constraint_of
from exonu.search.limit_records import limit_record
from exonu.steps._step import Files, Settings, step


@step
def main(
    settings: Settings,
    workspaces: Annotated[Files, "of one interaction"],
    output: Annotated[Path, "JSON of the limits"],
) -> None:
    asked = settings["statistics"]
    how = (
        methods_of(asked),
        asked["confidence_level"],
        asked["projections"],
        power_constraint_of(asked),
    )
    write_json(output, [limit_record(file, *how) for file in workspaces])
