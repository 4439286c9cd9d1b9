"""Limits with one assumption changed at a time, as variants.csv."""

from pathlib import Path
from typing import Annotated

from exonu.core.files import write_csv
from exonu.search.studies.variants import variant_limits
from exonu.steps._step import Settings, step


@step
def main(
    settings: Settings,
    analysis: Annotated[str, "its name"],
    experiment: Annotated[Path, "the experiment's YAML, or experiment.json"],
    output: Annotated[Path, "variants.csv"],
) -> None:
    write_csv(output, variant_limits(analysis, experiment, settings))
