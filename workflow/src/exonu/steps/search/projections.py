"""Expected limits and the reach of a discovery against exposure and background."""

from pathlib import Path
from typing import Annotated

from exonu.core.files import write_csv
from exonu.search.studies.projected_experiments import projected_workspaces
from exonu.steps._step import Files, Settings, step


@step
def main(
    settings: Settings,
    workspaces: Annotated[Files, "of the hypotheses that are projected"],
    output: Annotated[Path, "projections.csv"],
) -> None:
    asked = settings["statistics"]
    table = projected_workspaces(workspaces, asked["projections"], asked["confidence_level"])
    write_csv(output, table)
