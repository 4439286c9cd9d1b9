"""Whether enough is simulated: table and figure of the simulation's error by bin and class."""

from pathlib import Path
from typing import Annotated

from exonu.core.files import write_csv
from exonu.report.figures.size_of_simulation import draw_simulation_error
from exonu.report.figures.style import save
from exonu.search.experiment.from_events import read_event_experiment
from exonu.search.studies.simulation_error import simulation_error_table
from exonu.steps._step import Pdf, Png, Settings, step


@step
def main(
    settings: Settings,
    experiment: Annotated[Path, "experiment.json"],
    table: Annotated[Path, "CSV by live time, background and bin"],
    png: Png,
    pdf: Pdf,
) -> None:
    found = read_event_experiment(experiment)
    asked = [float(one["days"]) for one in settings["statistics"]["projections"]]
    live_days = sorted({float(found.live_days or 0.0), *asked})
    rows = simulation_error_table(found, live_days)
    write_csv(table, rows, ("Error of the templates from the number of simulated events.",))
    figure = draw_simulation_error(rows, settings["name"], is_simulated=found.is_simulated)
    save(figure, (png, pdf), settings["plots"])
