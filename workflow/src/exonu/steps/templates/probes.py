"""Wall events of one run or sample, reconstructed with the photomultiplier in front of them masked
on purpose."""

from pathlib import Path
from typing import Annotated

from exonu.steps._step import LOG, Settings, step
from exonu.templates.dead_pmt.probes import make_probes


@step
def main(
    settings: Settings,
    ingested: Annotated[Path, "ingested events, with their hits"],
    reconstructed: Annotated[Path, "the same events with their vertices"],
    light_map: Annotated[Path, "folder of the detector's light map"],
    output: Annotated[Path, "ROOT file of probes"],
) -> None:
    number = make_probes(settings, light_map, ingested, reconstructed, output)
    LOG.info("%d probes", number)
