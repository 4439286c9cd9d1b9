"""Events on windows of living and of dead photomultipliers: one job's share of a set of the
closure."""

from pathlib import Path
from typing import Annotated

from exonu.steps._step import LOG, Settings, step
from exonu.templates.dead_pmt.closure_windows import make_windows


@step
def main(
    settings: Settings,
    light_map: Annotated[Path, "folder of the nominal light map"],
    set: Annotated[str, "data, with the other optics, or simulation, with the nominal ones"],
    chunk: Annotated[tuple[int, int], "number of this job, from 0, and how many there are"],
    output: Annotated[Path, "ROOT file"],
) -> None:
    number = make_windows(settings, light_map, set, chunk, output)
    LOG.info("%d probes and events on dead windows", number)
