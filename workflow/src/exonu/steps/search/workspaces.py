"""pyhf workspaces of one interaction: every flavour and mass, each with a page that says what its μ
means."""

from pathlib import Path
from typing import Annotated

from exonu.core.files import write_json
from exonu.search.build_workspaces import build_workspaces, write_meaning
from exonu.search.experiment.read_experiment import read_experiment
from exonu.steps._step import Settings, step


@step
def main(
    settings: Settings,
    experiment: Annotated[Path, "the experiment's YAML, or experiment.json"],
    interaction: Annotated[str, "its name"],
    output: Annotated[Path, "folder for <hypothesis>.json"],
) -> None:
    for workspace in build_workspaces(read_experiment(experiment), interaction, settings):
        write_meaning(output, workspace)
        write_json(output / f"{workspace.name}.json", workspace.spec)
