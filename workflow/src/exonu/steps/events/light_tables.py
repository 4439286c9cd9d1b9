"""Tables of the light near the wall of a detector, from which simulated events draw their hits."""

from pathlib import Path
from typing import Annotated

from exonu.simulation.light_tables.table_making import make_light_tables
from exonu.steps._step import Settings, step


@step
def main(
    settings: Settings,
    output: Annotated[Path, "folder of the tables; it is whole or absent"],
    threads: Annotated[int, "number of threads; changes nothing else"] = 1,
) -> None:
    make_light_tables(settings, output, threads=threads)
