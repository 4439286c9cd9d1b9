"""One run or one sample of the demonstration: a raw ROOT file as an experiment would write it."""

from pathlib import Path
from typing import Annotated

from exonu.simulation.simulate_raw import simulate
from exonu.steps._step import Settings, step


@step
def main(
    settings: Settings,
    output: Annotated[Path, "the raw file"],
    light_tables: Annotated[
        Path | None, "folder of the tables, where the settings ask for light from them"
    ] = None,
    threads: Annotated[int, "number of threads; changes nothing else"] = 1,
) -> None:
    simulate(settings, output, light_tables=light_tables, threads=threads)
