"""The light map of a detector: the probability of each photomultiplier to see a photon, from points
all over it."""

import logging
from pathlib import Path

from exonu.detector.light_map.build import make_light_map
from exonu.steps._step import parser, run


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument(
        "--output", type=Path, required=True, help="folder of the map; it is whole or absent"
    )
    arguments.add_argument(
        "--threads", type=int, default=1, help="number of threads; changes nothing else"
    )
    given = arguments.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    make_light_map(given.settings, given.output, threads=given.threads)


if __name__ == "__main__":
    run(main)
