"""The limit summary of one analysis, or of several together."""

from typing import Annotated

from exonu.report.figures.limit_summary import draw_limits, read_limits
from exonu.report.figures.style import save
from exonu.search.limit_rows import published_limits
from exonu.steps._step import Files, Pdf, Png, Settings, step


@step
def main(
    settings: Settings,
    limits: Annotated[Files, "limits.csv of each analysis"],
    counts: Annotated[Files, "counts.csv of each, for the headings"],
    png: Png,
    pdf: Pdf,
) -> None:
    figure = draw_limits(read_limits(limits, counts), published_limits())
    save(figure, (png, pdf), settings["plots"])
