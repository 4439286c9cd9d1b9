"""Cut flow of all runs, samples and components, and the efficiency of each cut against the true
energy."""

from pathlib import Path
from typing import Annotated

from exonu.core.files import read_json, write_csv
from exonu.events.selection.cut_conditions import cut_condition_table
from exonu.events.selection.cut_flow import cut_efficiency_table, cut_flow_table
from exonu.steps._step import Files, Settings, step


@step
def main(
    settings: Settings,
    counts: Annotated[Files, "counts of every run and sample"],
    cut_flow: Annotated[Path, "CSV of events after each cut"],
    efficiency: Annotated[Path, "CSV of efficiencies against the true energy"],
    conditions: Annotated[Path, "CSV of each cut taken last"],
) -> None:
    records, live_days = [read_json(file) for file in counts], settings["live_days"]
    comments = (
        f"Simulation is scaled to {live_days:.9g} live days; intervals are 68.27 % (Clopper-Pearson).",
    )
    write_csv(cut_flow, cut_flow_table(records, live_days), comments)
    write_csv(conditions, cut_condition_table(records), comments)
    write_csv(efficiency, cut_efficiency_table(records))
