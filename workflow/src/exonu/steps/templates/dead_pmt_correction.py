"""The dead-PMT correction c(E) from the probes of all runs and wall samples."""

from pathlib import Path

from exonu.core.files import write_csv, write_json
from exonu.steps._step import parser, run
from exonu.templates.dead_pmt.correction import correction_of


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument(
        "probes", type=Path, nargs="+", help="probes of every run and wall sample"
    )
    arguments.add_argument("--output", type=Path, required=True, help="JSON")
    arguments.add_argument("--table", type=Path, required=True, help="CSV")
    given = arguments.parse_args()
    correction = correction_of(given.probes, given.settings)
    write_json(given.output, correction.as_json())
    comments: tuple[str, ...] = (
        "Fractions of probes that leak with one more photomultiplier masked; factor = data / simulation.",
        "Intervals are 68.27 %; simulation is weighted, in events per day.",
    )
    if correction.is_simulated:
        comments += ("The data are simulated.",)
    write_csv(given.table, correction.table(), comments)


if __name__ == "__main__":
    run(main)
