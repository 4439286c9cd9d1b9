"""The light map of a detector: the probability of each photomultiplier to see a photon, from points
all over it."""

from pathlib import Path
from typing import Annotated

from exonu.detector.light_map.build import make_light_map
from exonu.steps._step import Settings, step


@step
def main(
    settings: Settings,
    output: Annotated[Path, "folder of the map; it is whole or absent"],
    threads: Annotated[int, "number of threads; changes nothing else"] = 1,
) -> None:
    make_light_map(settings, output, threads=threads)
