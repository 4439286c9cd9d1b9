"""The archive of an analysis, made from its results."""

from pathlib import Path
from typing import Annotated

from exonu.archive.contents import archive_results
from exonu.steps._step import Files, Settings, step


@step
def main(
    settings: Settings,
    analysis: Annotated[Path, "the analysis's YAML"],
    experiment: Annotated[Files, "its YAML and tables"],
    lock: Annotated[Path, "lock file of the environment"],
    records: Annotated[Path, "Snakemake's records, .snakemake/metadata"],
    results: Annotated[Files, "files to archive"],
    output: Annotated[Path, "the zip"],
    dated: Annotated[Files, "results that tell when they were made"] = (),
    raw: Annotated[Files, "raw files, to be listed with checksums"] = (),
) -> None:
    digest = archive_results(
        output, results, analysis, experiment, settings, lock, records, dated, raw
    )
    print(f"payload.sha256 {digest}")
