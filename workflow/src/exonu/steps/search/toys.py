"""One job's share of the toys of an analysis: declared hypotheses, and those whose likelihood has
several crossings."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from exonu.core.files import read_json, write_json
from exonu.search.studies.toys_and_coverage import toy_chunk, values_to_test
from exonu.steps._step import Files, Settings, step


@step
def main(
    settings: Settings,
    limits: Annotated[Files, "<interaction>.json"],
    workspaces: Annotated[Files, "all workspaces of these interactions"],
    chunk: Annotated[tuple[int, int], "number of this job, from 0, and how many there are"],
    output: Annotated[Path, "JSON of this job's share"],
    declared: Annotated[Sequence[str], "hypotheses that get toys in any case"] = (),
) -> None:
    files = {file.stem: file for file in workspaces}
    statistics, seed = settings["statistics"], settings["seed"]
    number, level = statistics["toys"]["number"], statistics["confidence_level"]
    asymptotic = {
        record["name"]: record["methods"]["asymptotic"]
        for file in limits
        for record in read_json(file)
    }
    write_json(
        output,
        [
            toy_chunk(files[name], values_to_test(found), number, chunk, seed, level)
            for name, found in asymptotic.items()
            if name in declared or len(found["crossings"]) > 1
        ],
    )
