"""The counts of all experiments of a combined analysis, headed with what they are."""

from pathlib import Path
from typing import Annotated

from exonu.report.numbers.combined_counts import write_combined_counts
from exonu.search.combination.members import read_member
from exonu.steps._step import Files, Settings, step


@step
def main(
    settings: Settings,
    experiments: Annotated[Files, "of each experiment its YAML, or experiment.json"],
    output: Annotated[Path, "counts.csv"],
) -> None:
    members = [
        read_member(file, own) for file, own in zip(experiments, settings["members"], strict=True)
    ]
    write_combined_counts(output, members, settings["blind"])
