"""Tables of the light near the wall of a detector, from which simulated events draw their hits."""

import logging
from pathlib import Path

from exonu.simulation.light_tables.table_making import make_light_tables
from exonu.steps._step import parser, run


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument(
        "--output", type=Path, required=True, help="folder of the tables; it is whole or absent"
    )
    arguments.add_argument(
        "--threads", type=int, default=1, help="number of threads; changes nothing else"
    )
    given = arguments.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    make_light_tables(given.settings, given.output, threads=given.threads)


if __name__ == "__main__":
    run(main)
