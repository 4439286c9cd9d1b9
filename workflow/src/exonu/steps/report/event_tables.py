"""The cut flow and the activities of an analysis of events in CSV, LaTeX and Markdown."""

from pathlib import Path
from typing import Annotated

import pandas as pd

from exonu.core.files import read_json
from exonu.report.numbers.figure_records import read_heading
from exonu.report.printed_tables.result_tables import activities_table, cut_flow_table
from exonu.report.printed_tables.writing import write_table
from exonu.steps._step import Counts, Settings, step


@step
def main(
    settings: Settings,
    counts: Counts,
    cut_flow: Annotated[Path, "cut_flow.csv"],
    experiment: Annotated[Path, "experiment.json"],
    record: Annotated[Path, "diagnostics of the fit"],
    output: Annotated[Path, "folder for <table>.csv, .tex and .md"],
) -> None:
    heading = read_heading(counts)
    for table in (
        cut_flow_table(pd.read_csv(cut_flow, comment="#"), heading),
        activities_table(read_json(experiment), read_json(record), heading),
    ):
        write_table(output, table, siunitx=settings["tables"]["siunitx"])
