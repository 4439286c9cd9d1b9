"""Vertex and energy of the events of one run or one sample."""

import logging
from pathlib import Path

from exonu.events.reconstruction.reconstructed_files import reconstruct
from exonu.steps._step import parser, run


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("events", type=Path, help="ingested events")
    arguments.add_argument(
        "--light-map", type=Path, required=True, help="folder of the detector's light map"
    )
    arguments.add_argument(
        "--output", type=Path, required=True, help="the reconstructed events, without their hits"
    )
    given = arguments.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    reconstruct(given.settings, given.light_map, given.events, given.output)


if __name__ == "__main__":
    run(main)
