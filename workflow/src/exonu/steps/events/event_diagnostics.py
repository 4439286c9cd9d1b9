"""The tables behind the figures of an event-level analysis: hits, cut variables, vertices,
resolution."""

from pathlib import Path
from typing import Annotated

from exonu.events.diagnostics.diagnostic_tables import event_diagnostics
from exonu.steps._step import Files, Settings, step


@step
def main(
    settings: Settings,
    reconstructed: Annotated[Files, "files of all sources"],
    output: Annotated[Path, "folder of the tables"],
    ingested: Annotated[Files, "likewise, with their hits"] = (),
    light_map: Annotated[Path | None, "folder of the light map, for the Cramér–Rao bound"] = None,
) -> None:
    event_diagnostics(settings, reconstructed, ingested, output, light_map=light_map)
