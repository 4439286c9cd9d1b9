"""Optics and scale of the vertex from a 57Co source at several heights."""

from pathlib import Path
from typing import Annotated

from exonu.events.diagnostics.optics_calibration import optics_calibration
from exonu.steps._step import Files, Settings, step


@step
def main(
    settings: Settings,
    ingested: Annotated[Files, "files of all sources, with hits"],
    reconstructed: Annotated[Files, "the same, with vertices"],
    record: Annotated[Path, "JSON of the results"],
    light: Annotated[Path, "CSV of the light by height and ring"],
) -> None:
    optics_calibration(settings, ingested, reconstructed, record, light)
