"""One job's share of the toys of an analysis: declared hypotheses, and those whose likelihood has
several crossings."""

from pathlib import Path

from exonu.core.files import read_json, write_json
from exonu.search.studies.toys_and_coverage import toy_chunk, values_to_test
from exonu.steps._step import parser, run


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument(
        "--limits", type=Path, nargs="+", required=True, help="<interaction>.json"
    )
    arguments.add_argument(
        "--workspaces", type=Path, required=True, help="folder of the workspaces"
    )
    arguments.add_argument(
        "--declared", nargs="*", default=[], help="hypotheses that get toys in any case"
    )
    arguments.add_argument("--chunk", type=int, nargs=2, required=True, metavar=("JOB", "JOBS"))
    arguments.add_argument("--output", type=Path, required=True)
    given = arguments.parse_args()
    shares = []
    for record in (record for file in given.limits for record in read_json(file)):
        asymptotic = record["methods"]["asymptotic"]
        if record["name"] in given.declared or len(asymptotic["crossings"]) > 1:
            file = given.workspaces / f"{record['name']}.json"
            number = given.settings["statistics"]["toys"]["number"]
            shares.append(
                toy_chunk(
                    file, values_to_test(asymptotic), number, given.chunk, given.settings["seed"]
                )
            )
    write_json(given.output, shares)


if __name__ == "__main__":
    run(main)
