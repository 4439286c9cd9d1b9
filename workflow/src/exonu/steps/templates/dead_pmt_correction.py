"""The dead-PMT correction c(E) from the probes of all runs and wall samples."""

from pathlib import Path
from typing import Annotated

from exonu.core.files import write_csv, write_json
from exonu.steps._step import Files, Settings, step
from exonu.templates.dead_pmt.correction import correction_of


@step
def main(
    settings: Settings,
    probes: Annotated[Files, "probes of every run and wall sample"],
    record: Annotated[Path, "JSON"],
    table: Annotated[Path, "CSV"],
) -> None:
    correction = correction_of(probes, settings)
    write_json(record, correction.as_json())
    comments: tuple[str, ...] = (
        "Fractions of probes that leak with one more photomultiplier masked; factor = data / simulation.",
        "Intervals are 68.27 %; simulation is weighted, in events per day.",
    )
    if correction.is_simulated:
        comments += ("The data are simulated.",)
    write_csv(table, correction.table(), comments)
