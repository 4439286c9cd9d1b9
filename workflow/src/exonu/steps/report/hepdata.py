"""A submission to HEPData, from limits, spectrum, diagnostics and workspaces."""

import argparse
from pathlib import Path

import pandas as pd

from exonu.core.files import read_json
from exonu.report.hepdata.submission import write_submission
from exonu.report.numbers.figure_records import read_counts
from exonu.search.build_workspaces import needed_meaning
from exonu.steps._step import run


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--counts", type=Path, required=True, help="counts.csv")
    arguments.add_argument("--limits", type=Path, required=True, help="limits.csv")
    arguments.add_argument("--records", type=Path, nargs="+", required=True, help="diagnostics")
    arguments.add_argument("--workspaces", type=Path, nargs="+", required=True)
    arguments.add_argument(
        "--cut-flow", type=Path, nargs="*", help="cut_flow.csv of an analysis of events, or nothing"
    )
    arguments.add_argument("--output", type=Path, required=True, help="folder")
    arguments.add_argument("--tarball", type=Path, required=True, help="the same packed")
    given = arguments.parse_args()
    write_submission(
        given.output,
        given.tarball,
        pd.read_csv(given.limits, comment="#"),
        read_counts(given.counts),
        [read_json(file) for file in given.records],
        [(file.stem, read_json(file), needed_meaning(file)) for file in given.workspaces],
        pd.read_csv(given.cut_flow[0], comment="#") if given.cut_flow else None,
    )


if __name__ == "__main__":
    run(main)
