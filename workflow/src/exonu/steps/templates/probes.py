"""Wall events of one run or sample, reconstructed with the photomultiplier in front of them masked
on purpose."""

import logging
from pathlib import Path

from exonu.steps._step import parser, run
from exonu.templates.dead_pmt.probes import make_probes


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument(
        "--ingested", type=Path, required=True, help="ingested events, with their hits"
    )
    arguments.add_argument(
        "--reconstructed", type=Path, required=True, help="the same events with their vertices"
    )
    arguments.add_argument(
        "--light-map", type=Path, required=True, help="folder of the detector's light map"
    )
    arguments.add_argument("--output", type=Path, required=True, help="ROOT file of probes")
    given = arguments.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    number = make_probes(
        given.settings, given.light_map, given.ingested, given.reconstructed, given.output
    )
    logging.info("%d probes", number)


if __name__ == "__main__":
    run(main)
