"""Trees, branches and first entries of all raw files: every fault at once, before the long work."""

from pathlib import Path
from typing import Annotated

from exonu.core.errors import raise_all
from exonu.core.files import write_json
from exonu.events.runs.check_raw import faults_of
from exonu.steps._step import Settings, step


@step
def main(
    settings: Settings,
    output: Annotated[Path, "JSON: the files that were looked into"],
) -> None:
    raise_all(faults_of(settings))
    write_json(output, {group["name"]: group["files"] for group in settings["groups"]})
