"""One run or one sample of the demonstration: a raw ROOT file as an experiment would write it."""

import logging
from pathlib import Path

from exonu.simulation.simulate_raw import simulate
from exonu.steps._step import parser, run


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--output", type=Path, required=True, help="the raw file")
    arguments.add_argument(
        "--threads", type=int, default=1, help="number of threads; changes nothing else"
    )
    arguments.add_argument(
        "--light-tables",
        type=Path,
        help="folder of the tables, where the settings ask for light from them",
    )
    given = arguments.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    simulate(given.settings, given.output, light_tables=given.light_tables, threads=given.threads)


if __name__ == "__main__":
    run(main)
