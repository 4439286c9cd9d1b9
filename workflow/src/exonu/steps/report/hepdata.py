"""A submission to HEPData, from limits, spectrum, diagnostics and workspaces."""

from pathlib import Path
from typing import Annotated

import pandas as pd

from exonu.core.files import read_json
from exonu.report.hepdata.submission import write_submission
from exonu.report.numbers.figure_records import read_counts, read_heading
from exonu.search.build_workspaces import needed_meaning
from exonu.steps._step import Counts, Files, step


@step
def main(
    counts: Counts,
    limits: Annotated[Path, "limits.csv"],
    records: Annotated[Files, "diagnostics"],
    workspaces: Annotated[Files, "all workspaces"],
    folder: Annotated[Path, "folder of the submission"],
    tarball: Annotated[Path, "the same packed"],
    cut_flow: Annotated[Path | None, "cut_flow.csv of an analysis of events"] = None,
    contributions: Annotated[Path | None, "combination.csv of a combination"] = None,
) -> None:
    write_submission(
        folder,
        tarball,
        pd.read_csv(limits, comment="#"),
        read_heading(counts) if contributions else read_counts(counts),
        [read_json(file) for file in records],
        [(file.stem, read_json(file), needed_meaning(file)) for file in workspaces],
        pd.read_csv(cut_flow, comment="#") if cut_flow else None,
        pd.read_csv(contributions, comment="#") if contributions else None,
    )
