"""One run or one sample: raw ROOT files to calibrated events, and a report of what was read."""

from pathlib import Path
from typing import Annotated

from exonu.core.files import write_json
from exonu.events.ingest import ingest
from exonu.steps._step import Settings, step


@step
def main(
    settings: Settings,
    events: Annotated[Path, "the ingested events"],
    report: Annotated[Path, "JSON: events, hits, hits of dead PMTs"],
) -> None:
    write_json(report, ingest(settings, events).as_json())
