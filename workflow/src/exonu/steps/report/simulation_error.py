"""Whether enough is simulated: the simulation's error by bin and class."""

from pathlib import Path
from typing import Annotated

from exonu.core.files import write_csv
from exonu.search.experiment.from_events import read_event_experiment
from exonu.search.studies.simulation_error import simulation_error_table
from exonu.steps._step import Settings, step


@step
def main(
    settings: Settings,
    experiment: Annotated[Path, "experiment.json"],
    output: Annotated[Path, "CSV by live time, background and bin"],
) -> None:
    found = read_event_experiment(experiment)
    asked = [float(one["days"]) for one in settings["statistics"]["projections"]]
    live_days = sorted({float(found.live_days or 0.0), *asked})
    rows = simulation_error_table(found, live_days)
    write_csv(output, rows, ("Error of the templates from the number of simulated events.",))
