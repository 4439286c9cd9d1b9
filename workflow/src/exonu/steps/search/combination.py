"""What each experiment contributes to the combined limits, whether the experiments agree, and which
parameters they share."""

from pathlib import Path
from typing import Annotated

from exonu.core.files import write_csv
from exonu.search.combination.combined_tables import combination_table, parameter_table
from exonu.steps._step import Files, Settings, step


@step
def main(
    settings: Settings,
    workspaces: Annotated[Files, "joined workspaces of all hypotheses"],
    declared: Annotated[Files, "those whose compatibility is tested with toys"],
    contributions: Annotated[Path, "combination.csv"],
    parameters: Annotated[Path, "parameters.csv"],
) -> None:
    write_csv(contributions, combination_table(workspaces, declared, settings))
    write_csv(parameters, parameter_table(declared))
