"""The numbers behind the signal figure: recoil spectra, the same in the detector, and its
efficiency, as CSV."""

from pathlib import Path

from exonu.core.files import write_csv
from exonu.interactions import Physics
from exonu.report.numbers.folded import efficiency_curve, folded_curves, recoil_curves
from exonu.search.experiment.read_experiment import read_experiment
from exonu.steps._step import parser, run


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--experiment", type=Path, required=True, help="the experiment's YAML")
    arguments.add_argument(
        "--output", type=Path, required=True, help="folder for curves, folded and efficiency.csv"
    )
    given = arguments.parse_args()
    physics = Physics.from_settings(given.settings["physics"])
    interactions = given.settings["interactions"]
    experiment = read_experiment(given.experiment)
    before = "recoil rates of natural xenon, before any detector"
    write_csv(given.output / "curves.csv", recoil_curves(physics, interactions), comments=(before,))
    after = f"the rates of curves.csv in {experiment.name}: resolution and efficiency applied"
    write_csv(
        given.output / "folded.csv",
        folded_curves(experiment, physics, interactions),
        comments=(after,),
    )
    write_csv(given.output / "efficiency.csv", efficiency_curve(experiment))


if __name__ == "__main__":
    run(main)
