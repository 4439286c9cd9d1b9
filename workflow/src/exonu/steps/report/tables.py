"""The tables of an analysis in CSV, LaTeX and Markdown: limits, yields, systematic
uncertainties."""

import argparse
from pathlib import Path

import pandas as pd

from exonu.core.files import read_json
from exonu.report.numbers.figure_records import read_heading
from exonu.report.printed_tables.result_tables import limits_table, systematics_table, yields_table
from exonu.report.printed_tables.writing import write_table
from exonu.steps._step import run


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument(
        "--counts", type=Path, required=True, help="counts.csv, whose heading says what this is"
    )
    arguments.add_argument("--limits", type=Path, required=True, help="limits.csv")
    arguments.add_argument("--yields", type=Path, required=True, help="yields.csv")
    arguments.add_argument(
        "--workspaces", type=Path, nargs="+", required=True, help="those with diagnostics"
    )
    arguments.add_argument(
        "--records", type=Path, nargs="+", required=True, help="their diagnostics, in this order"
    )
    arguments.add_argument(
        "--output", type=Path, required=True, help="folder for <table>.csv, .tex and .md"
    )
    given = arguments.parse_args()
    heading = read_heading(given.counts)
    pairs = zip(given.workspaces, given.records, strict=True)
    cases = [(file.stem, read_json(file), read_json(record)) for file, record in pairs]
    for table in (
        limits_table(pd.read_csv(given.limits, comment="#"), heading),
        yields_table(pd.read_csv(given.yields, comment="#"), heading),
        systematics_table(cases, heading),
    ):
        write_table(given.output, table)


if __name__ == "__main__":
    run(main)
