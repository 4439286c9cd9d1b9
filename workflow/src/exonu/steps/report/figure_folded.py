"""The numbers behind the signal figure: recoil spectra, the same in the detector, and its
efficiency, as CSV."""

from pathlib import Path
from typing import Annotated

from exonu.core.files import write_csv
from exonu.interactions import Physics
from exonu.report.numbers.folded import efficiency_curve, folded_curves, recoil_curves
from exonu.search.experiment.read_experiment import read_experiment
from exonu.steps._step import Settings, step


@step
def main(
    settings: Settings,
    experiment: Annotated[Path, "the experiment's YAML, or experiment.json"],
    curves: Annotated[Path, "CSV of recoil spectra"],
    folded: Annotated[Path, "CSV of the same in the detector"],
    efficiency: Annotated[Path, "CSV of its efficiency"],
) -> None:
    physics, interactions = Physics.from_settings(settings["physics"]), settings["interactions"]
    detector = read_experiment(experiment)
    before = "recoil rates of natural xenon, before any detector"
    write_csv(curves, recoil_curves(physics, interactions), comments=(before,))
    after = f"the rates of curves.csv in {detector.name}: resolution and efficiency applied"
    write_csv(folded, folded_curves(detector, physics, interactions), comments=(after,))
    write_csv(efficiency, efficiency_curve(detector))
