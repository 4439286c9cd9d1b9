"""Events of one run or one sample that pass all cuts, and the counts for the cut flow."""

from pathlib import Path
from typing import Annotated

from exonu.core.files import write_json
from exonu.events.selection.cuts import Selection, select
from exonu.steps._step import Settings, step


@step
def main(
    settings: Settings,
    reconstructed: Annotated[Path, "the reconstructed events"],
    events: Annotated[Path, "the selected events"],
    counts: Annotated[Path, "JSON: events and weights after each cut"],
) -> None:
    selection = Selection.from_settings(settings["cuts"], settings["extra"], settings["file"])
    source, edges_keV = settings["source"], settings["edges_keV"]
    ranges_keVee = settings["ranges_keVee"]
    counted = select(selection, reconstructed, events, source, edges_keV, ranges_keVee=ranges_keVee)
    write_json(counts, counted)
