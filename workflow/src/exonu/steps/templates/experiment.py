"""The experiment that a search reads: the templates, with the priors of the activities."""

from pathlib import Path

from exonu.core.files import read_json, write_json
from exonu.search.experiment.from_events import with_priors
from exonu.steps._step import parser, run


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--templates", type=Path, required=True, help="templates.json")
    arguments.add_argument("--output", type=Path, required=True, help="experiment.json")
    given = arguments.parse_args()
    write_json(
        given.output,
        with_priors(read_json(given.templates), given.settings["priors"], given.templates),
    )


if __name__ == "__main__":
    run(main)
