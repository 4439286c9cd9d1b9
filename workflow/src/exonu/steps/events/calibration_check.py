"""The 57Co source in data and simulation: energy scale, resolution, vertex."""

import logging
from pathlib import Path

from exonu.events.diagnostics.calibration_check import calibration_check
from exonu.steps._step import parser, run


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument(
        "--reconstructed", type=Path, nargs="+", required=True, help="files of all sources"
    )
    arguments.add_argument("--output", type=Path, required=True, help="JSON of the results")
    arguments.add_argument(
        "--spectrum", type=Path, required=True, help="CSV of energies and vertices"
    )
    given = arguments.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    calibration_check(given.settings, given.reconstructed, given.output, given.spectrum)


if __name__ == "__main__":
    run(main)
