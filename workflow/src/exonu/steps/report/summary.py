"""The summary page of an analysis: one HTML file for readers."""

from pathlib import Path
from typing import Annotated

import pandas as pd

from exonu.core.files import read_json, write_text
from exonu.core.settings import read_yaml
from exonu.report.numbers.figure_records import read_heading
from exonu.report.page.summary_page import Summary, summary_page
from exonu.steps._step import Counts, Files, Settings, step


def _table(file: Path | None) -> pd.DataFrame:
    return pd.DataFrame() if file is None else pd.read_csv(file, comment="#")


def _named(file: Path, files: Files) -> str:
    """Its name, with its folder's where another file has the same."""
    alone = [one.name for one in files].count(file.name) == 1
    return file.name if alone else f"{file.parent.name}/{file.name}"


@step
def main(
    settings: Settings,
    analysis: Annotated[str, "its name"],
    limits: Annotated[Path, "limits.csv"],
    counts: Counts,
    records: Annotated[Files, "the records of the limits"],
    described: Annotated[Files, "YAMLs of the experiment"],
    figures: Annotated[Files, "PNG files"],
    output: Annotated[Path, "summary.html"],
    simulation: Annotated[Path | None, "simulation_error.csv"] = None,
    variants: Annotated[Path | None, "variants.csv; a combination has none"] = None,
    contributions: Annotated[Path | None, "combination.csv of a combination"] = None,
    parameters: Annotated[Path | None, "its parameters.csv"] = None,
    ingested: Annotated[Files, "notes on what was ingested, of an analysis of events"] = (),
) -> None:
    first = read_json(records[0])[0]
    page = summary_page(
        Summary(
            analysis=analysis,
            heading=read_heading(counts),
            limits=pd.read_csv(limits, comment="#"),
            variants=_table(variants),
            described={_named(file, described): read_yaml(file) for file in described},
            settings=settings,
            figures=figures,
            ingest_notes=[note for file in ingested for note in read_json(file)["notes"]],
            versions=first["methods"]["asymptotic"]["record"]["versions"],
            simulation=pd.read_csv(simulation, comment="#") if simulation else None,
            contributions=_table(contributions),
            parameters=_table(parameters),
        )
    )
    write_text(output, page)
