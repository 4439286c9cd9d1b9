"""Events of one run or one sample that pass all cuts, and the counts for the cut flow."""

import logging
from pathlib import Path

from exonu.core.files import write_json
from exonu.events.selection.cuts import Selection, select
from exonu.steps._step import parser, run


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("events", type=Path, help="reconstructed events")
    arguments.add_argument("--output", type=Path, required=True, help="the selected events")
    arguments.add_argument(
        "--counts", type=Path, required=True, help="JSON: events and weights after each cut"
    )
    given = arguments.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    settings = given.settings
    selection = Selection.from_settings(settings["cuts"], settings["extra"], settings["file"])
    write_json(
        given.counts,
        select(
            selection,
            given.events,
            given.output,
            settings["source"],
            settings["edges_keV"],
            ranges_keVee=settings["ranges_keVee"],
        ),
    )


if __name__ == "__main__":
    run(main)
