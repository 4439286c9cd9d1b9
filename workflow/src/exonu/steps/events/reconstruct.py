"""Vertex and energy of the events of one run or one sample."""

from pathlib import Path
from typing import Annotated

from exonu.events.reconstruction.reconstructed_files import reconstruct
from exonu.steps._step import Settings, step


@step
def main(
    settings: Settings,
    ingested: Annotated[Path, "the ingested events"],
    light_map: Annotated[Path, "folder of the detector's light map"],
    output: Annotated[Path, "the reconstructed events, without their hits"],
) -> None:
    reconstruct(settings, light_map, ingested, output)
