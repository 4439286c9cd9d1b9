"""The summary page of an analysis: one HTML file for readers."""

from pathlib import Path
from typing import Annotated

import pandas as pd

from exonu.core.files import read_json, write_text
from exonu.core.settings import read_yaml
from exonu.report.numbers.figure_records import read_heading
from exonu.report.page.summary_page import Summary, summary_page
from exonu.steps._step import Counts, Files, Settings, step


@step
def main(
    settings: Settings,
    analysis: Annotated[str, "its name"],
    limits: Annotated[Path, "limits.csv"],
    variants: Annotated[Path, "variants.csv"],
    counts: Counts,
    records: Annotated[Files, "the records of the limits"],
    described: Annotated[Files, "YAMLs of the experiment"],
    figures: Annotated[Files, "PNG files"],
    output: Annotated[Path, "summary.html"],
    ingested: Annotated[Files, "notes on what was ingested, of an analysis of events"] = (),
) -> None:
    first = read_json(records[0])[0]
    page = summary_page(
        Summary(
            analysis=analysis,
            heading=read_heading(counts),
            limits=pd.read_csv(limits, comment="#"),
            variants=pd.read_csv(variants, comment="#"),
            described={file.name: read_yaml(file) for file in described},
            settings=settings,
            figures=figures,
            ingest_notes=[note for file in ingested for note in read_json(file)["notes"]],
            versions=first["methods"]["asymptotic"]["record"]["versions"],
        )
    )
    write_text(output, page)
