"""The cut flow and the activities of an analysis of events in CSV, LaTeX and Markdown."""

import argparse
from pathlib import Path

import pandas as pd

from exonu.core.files import read_json
from exonu.report.numbers.figure_records import read_heading
from exonu.report.printed_tables.result_tables import activities_table, cut_flow_table
from exonu.report.printed_tables.writing import write_table
from exonu.steps._step import run


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument(
        "--counts", type=Path, required=True, help="counts.csv, whose heading says what this is"
    )
    arguments.add_argument("--cut-flow", type=Path, required=True, help="cut_flow.csv")
    arguments.add_argument("--experiment", type=Path, required=True, help="experiment.json")
    arguments.add_argument("--record", type=Path, required=True, help="diagnostics of the fit")
    arguments.add_argument(
        "--output", type=Path, required=True, help="folder for <table>.csv, .tex and .md"
    )
    given = arguments.parse_args()
    heading = read_heading(given.counts)
    write_table(given.output, cut_flow_table(pd.read_csv(given.cut_flow, comment="#"), heading))
    experiment, record = read_json(given.experiment), read_json(given.record)
    write_table(given.output, activities_table(experiment, record, heading))


if __name__ == "__main__":
    run(main)
