"""The figure of the dead-PMT correction."""

from pathlib import Path
from typing import Annotated

from exonu.report.figures.events.dead_pmt_ratio import draw_dead_pmt
from exonu.report.figures.style import save
from exonu.steps._step import Pdf, Png, Settings, step
from exonu.templates.dead_pmt.correction import DeadPmtCorrection


@step
def main(
    settings: Settings,
    correction: Annotated[Path, "JSON of the step `dead_pmt_correction`"],
    png: Png,
    pdf: Pdf,
) -> None:
    figure = draw_dead_pmt(DeadPmtCorrection.read(correction), settings["name"])
    save(figure, (png, pdf), settings["plots"])
