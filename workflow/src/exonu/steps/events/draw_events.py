"""All runs and samples of the dual-phase demonstration: tables of events drawn from a published
response."""

from typing import Annotated

from exonu.simulation.dual_phase.drawn_events import draw_tables
from exonu.steps._step import Files, Settings, step


@step
def main(settings: Settings, tables: Annotated[Files, "in the order of the settings"]) -> None:
    draw_tables(settings, tables)
