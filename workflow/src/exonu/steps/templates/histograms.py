"""Histograms of the selected events of all runs and samples."""

from pathlib import Path
from typing import Annotated

from exonu.steps._step import Files, Settings, step
from exonu.templates.histograms import collect, write_histograms


@step
def main(
    settings: Settings,
    selected: Annotated[Files, "selected events, in the order of `sources`"],
    output: Annotated[Path, "ROOT file of TH1D"],
) -> None:
    metadata = {name: settings[name] for name in ("components", "sources")}
    write_histograms(output, collect(selected, settings), metadata)
