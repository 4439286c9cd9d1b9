"""Events on windows of living and of dead photomultipliers: one job's share of a set of the
closure."""

import logging
from pathlib import Path

from exonu.steps._step import parser, run
from exonu.templates.dead_pmt.closure_windows import SETS, make_windows


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument(
        "--light-map", type=Path, required=True, help="folder of the nominal light map"
    )
    arguments.add_argument(
        "--set", choices=SETS, required=True, help="with the other optics, or the nominal ones"
    )
    arguments.add_argument(
        "--chunk", type=int, nargs=2, required=True, metavar=("JOB", "JOBS"), help="JOB from 0"
    )
    arguments.add_argument("--output", type=Path, required=True, help="ROOT file")
    given = arguments.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    number = make_windows(
        given.settings, given.light_map, given.set, tuple(given.chunk), given.output
    )
    logging.info("%d probes and events on dead windows", number)


if __name__ == "__main__":
    run(main)
