"""The spectrum figure from counts.csv."""

from exonu.report.figures.stacked_spectrum import draw_spectrum
from exonu.report.figures.style import save
from exonu.report.numbers.figure_records import read_counts
from exonu.steps._step import Counts, Pdf, Png, Settings, step


@step
def main(settings: Settings, counts: Counts, png: Png, pdf: Pdf) -> None:
    save(draw_spectrum(read_counts(counts)), (png, pdf), settings["plots"])
