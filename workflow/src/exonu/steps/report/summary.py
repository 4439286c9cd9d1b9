"""The summary page of an analysis: one HTML file for readers."""

from pathlib import Path

import pandas as pd

from exonu.core.files import read_json, write_text
from exonu.core.settings import read_yaml
from exonu.report.numbers.figure_records import read_heading
from exonu.report.page.summary_page import Summary, summary_page
from exonu.steps._step import parser, run


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--analysis", required=True, help="its name")
    arguments.add_argument("--limits", type=Path, required=True, help="limits.csv")
    arguments.add_argument("--variants", type=Path, required=True, help="variants.csv")
    arguments.add_argument("--counts", type=Path, required=True, help="counts.csv, for the heading")
    arguments.add_argument(
        "--records", type=Path, nargs="+", required=True, help="the records of the limits"
    )
    arguments.add_argument(
        "--described", type=Path, nargs="+", required=True, help="YAMLs of the experiment"
    )
    arguments.add_argument("--figures", type=Path, nargs="+", required=True, help="PNG files")
    arguments.add_argument("--output", type=Path, required=True, help="summary.html")
    given = arguments.parse_args()
    records = [record for file in given.records for record in read_json(file)]
    page = summary_page(
        Summary(
            analysis=given.analysis,
            heading=read_heading(given.counts),
            limits=pd.read_csv(given.limits, comment="#"),
            variants=pd.read_csv(given.variants, comment="#"),
            described={file.name: read_yaml(file) for file in given.described},
            settings=given.settings,
            figures=given.figures,
            versions=records[0]["methods"]["asymptotic"]["record"]["versions"],
        )
    )
    write_text(given.output, page)


if __name__ == "__main__":
    run(main)
