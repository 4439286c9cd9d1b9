"""One run or one sample of the dual-phase demonstration: a table of events drawn from a published
response."""

from pathlib import Path
from typing import Annotated

from exonu.simulation.dual_phase.drawn_events import draw_table
from exonu.steps._step import Settings, step


@step
def main(settings: Settings, output: Annotated[Path, "the table"]) -> None:
    draw_table(settings, output)
