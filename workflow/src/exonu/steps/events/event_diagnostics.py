"""The tables behind the figures of an event-level analysis: hits, cut variables, vertices,
resolution."""

import logging
from pathlib import Path

from exonu.events.diagnostics.diagnostic_tables import event_diagnostics
from exonu.steps._step import parser, run


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument(
        "--reconstructed", type=Path, nargs="+", required=True, help="files of all sources"
    )
    arguments.add_argument(
        "--ingested", type=Path, nargs="*", default=[], help="likewise, with their hits"
    )
    arguments.add_argument(
        "--light-map", type=Path, help="folder of the light map, for the Cramér–Rao bound"
    )
    arguments.add_argument("--output", type=Path, required=True, help="folder of the tables")
    given = arguments.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    event_diagnostics(
        given.settings, given.reconstructed, given.ingested, given.output, light_map=given.light_map
    )  # fmt: skip


if __name__ == "__main__":
    run(main)
