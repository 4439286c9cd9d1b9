"""pyhf workspaces of several experiments together: every flavour and mass of one interaction, each
with a page that says what its μ means."""

from pathlib import Path
from typing import Annotated

from exonu.core.files import write_json
from exonu.search.build_workspaces import write_meaning
from exonu.search.combination.members import combined_workspaces, read_member
from exonu.steps._step import Files, Settings, step


@step
def main(
    settings: Settings,
    experiments: Annotated[Files, "of each experiment its YAML, or experiment.json"],
    interaction: Annotated[str, "its name"],
    output: Annotated[Path, "folder for <hypothesis>.json"],
) -> None:
    members = [
        read_member(file, own) for file, own in zip(experiments, settings["members"], strict=True)
    ]
    for workspace in combined_workspaces(members, interaction, settings):
        write_meaning(output, workspace)
        write_json(output / f"{workspace.name}.json", workspace.spec)
