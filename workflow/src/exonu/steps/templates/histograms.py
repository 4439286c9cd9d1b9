"""Histograms of the selected events of all runs and samples."""

from pathlib import Path

from exonu.steps._step import parser, run
from exonu.templates.histograms import collect, write_histograms


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument(
        "selected", type=Path, nargs="+", help="selected events, in the order of `sources`"
    )
    arguments.add_argument("--output", type=Path, required=True, help="ROOT file of TH1D")
    given = arguments.parse_args()
    metadata = {"components": given.settings["components"], "sources": given.settings["sources"]}
    write_histograms(given.output, collect(given.selected, given.settings), metadata)


if __name__ == "__main__":
    run(main)
