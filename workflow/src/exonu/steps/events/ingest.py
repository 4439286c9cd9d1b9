"""One run or one sample: raw ROOT files to calibrated events, and a report of what was read."""

import logging
from pathlib import Path

from exonu.core.files import write_json
from exonu.events.ingest import ingest
from exonu.steps._step import parser, run


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--output", type=Path, required=True, help="the ingested events")
    arguments.add_argument(
        "--report", type=Path, required=True, help="JSON: events, hits, hits of dead PMTs"
    )
    given = arguments.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    report = ingest(given.settings, given.output)
    write_json(given.report, report.as_json())


if __name__ == "__main__":
    run(main)
