"""The 57Co source in data and simulation: energy scale, resolution, vertex."""

from pathlib import Path
from typing import Annotated

from exonu.events.diagnostics.calibration_check import calibration_check
from exonu.steps._step import Files, Settings, step


@step
def main(
    settings: Settings,
    reconstructed: Annotated[Files, "files of all sources"],
    record: Annotated[Path, "JSON of the results"],
    spectrum: Annotated[Path, "CSV of energies and vertices"],
) -> None:
    calibration_check(settings, reconstructed, record, spectrum)
