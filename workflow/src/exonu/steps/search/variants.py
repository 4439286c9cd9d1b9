"""Limits with one assumption changed at a time, as variants.csv."""

from pathlib import Path

from exonu.core.files import write_csv
from exonu.search.studies.variants import variant_limits
from exonu.steps._step import parser, run


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--analysis", required=True)
    arguments.add_argument("--experiment", type=Path, required=True, help="the experiment's YAML")
    arguments.add_argument("--output", type=Path, required=True)
    given = arguments.parse_args()
    write_csv(given.output, variant_limits(given.analysis, given.experiment, given.settings))


if __name__ == "__main__":
    run(main)
