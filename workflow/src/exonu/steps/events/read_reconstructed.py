"""Events of one run or one sample that come reconstructed, from a table in any format, and a report of
what was read."""

from pathlib import Path
from typing import Annotated

from exonu.core.files import write_json
from exonu.events.tabular.read_reconstructed import read_reconstructed
from exonu.steps._step import Settings, step


@step
def main(
    settings: Settings,
    events: Annotated[Path, "the reconstructed events"],
    report: Annotated[Path, "JSON: events, first and last time, notes"],
) -> None:
    write_json(report, read_reconstructed(settings, events).as_json())
