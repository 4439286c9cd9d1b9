"""Coupling against mass of the dark photon, of one analysis or of several together."""

from typing import Annotated

from exonu.interactions.anomalous_moment import DEFAULT_SET, anomalous_moment
from exonu.report.figures.coupling_mass import draw_coupling_mass
from exonu.report.figures.limit_summary import read_limits
from exonu.report.figures.style import save
from exonu.search.limit_rows import published_curves, published_limits
from exonu.steps._step import Files, Pdf, Png, Settings, step


@step
def main(
    settings: Settings,
    limits: Annotated[Files, "limits.csv of each analysis"],
    counts: Annotated[Files, "counts.csv of each, for the headings"],
    png: Png,
    pdf: Pdf,
) -> None:
    plots, analyses = settings["plots"], read_limits(limits, counts)
    moment = anomalous_moment(plots.get("muon_anomalous_moment", DEFAULT_SET))
    figure = draw_coupling_mass(analyses, published_curves(), published_limits(), moment)
    save(figure, (png, pdf), plots)
