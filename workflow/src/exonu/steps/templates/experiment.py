"""The experiment that a search reads: the templates, with the priors of the activities."""

from pathlib import Path
from typing import Annotated

from exonu.core.files import read_json, write_json
from exonu.search.experiment.from_events import with_priors
from exonu.steps._step import Settings, step


@step
def main(
    settings: Settings,
    templates: Annotated[Path, "templates.json"],
    output: Annotated[Path, "experiment.json"],
) -> None:
    write_json(output, with_priors(read_json(templates), settings["priors"], templates))
