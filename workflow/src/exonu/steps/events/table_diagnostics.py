"""The tables behind the figures of events that come reconstructed: cut variables, vertices, times."""

from pathlib import Path
from typing import Annotated

from exonu.events.diagnostics.table_diagnostics import table_diagnostics
from exonu.steps._step import Files, Settings, step


@step
def main(
    settings: Settings,
    reconstructed: Annotated[Files, "files of all sources"],
    output: Annotated[Path, "folder of the tables"],
) -> None:
    table_diagnostics(settings, reconstructed, output)
