"""The likelihood over planes of two couplings, as planes.csv, and its contours."""

from pathlib import Path
from typing import Annotated

from exonu.core.files import write_csv
from exonu.search.experiment.read_experiment import read_experiment
from exonu.search.studies.coupling_plane import plane_tables
from exonu.steps._step import Settings, step


@step
def main(
    settings: Settings,
    experiment: Annotated[Path, "the experiment's YAML"],
    grid: Annotated[Path, "planes.csv"],
    contours: Annotated[Path, "plane_contours.csv"],
) -> None:
    planes = settings["statistics"]["planes"]
    scans, curves = plane_tables(read_experiment(experiment), settings, planes)
    write_csv(grid, scans)
    write_csv(contours, curves)
