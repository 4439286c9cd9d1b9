"""The tables of an analysis in CSV, LaTeX and Markdown: limits, yields, systematic
uncertainties."""

from pathlib import Path
from typing import Annotated

import pandas as pd

from exonu.core.files import read_json
from exonu.report.numbers.figure_records import read_heading
from exonu.report.printed_tables.result_tables import limits_table, systematics_table, yields_table
from exonu.report.printed_tables.writing import write_table
from exonu.steps._step import Counts, Files, Settings, step


@step
def main(
    settings: Settings,
    counts: Counts,
    limits: Annotated[Path, "limits.csv"],
    yields: Annotated[Path, "yields.csv"],
    workspaces: Annotated[Files, "those with diagnostics"],
    records: Annotated[Files, "their diagnostics, in this order"],
    output: Annotated[Path, "folder for <table>.csv, .tex and .md"],
) -> None:
    heading, pairs = read_heading(counts), zip(workspaces, records, strict=True)
    cases = [(file.stem, read_json(file), read_json(record)) for file, record in pairs]
    for table in (
        limits_table(pd.read_csv(limits, comment="#"), heading),
        yields_table(pd.read_csv(yields, comment="#"), heading),
        systematics_table(cases, heading),
    ):
        write_table(output, table, siunitx=settings["tables"]["siunitx"])
