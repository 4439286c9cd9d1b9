"""Cut flow of all runs, samples and components, and the efficiency of each cut against the true
energy."""

from pathlib import Path

from exonu.core.files import read_json, write_csv
from exonu.events.selection.cut_conditions import cut_condition_table
from exonu.events.selection.cut_flow import cut_efficiency_table, cut_flow_table
from exonu.steps._step import parser, run


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("counts", type=Path, nargs="+", help="counts of every run and sample")
    arguments.add_argument(
        "--cut-flow", type=Path, required=True, help="CSV of events after each cut"
    )
    arguments.add_argument(
        "--efficiency", type=Path, required=True, help="CSV of efficiencies against the true energy"
    )
    arguments.add_argument(
        "--conditions", type=Path, required=True, help="CSV of each cut taken last"
    )
    given = arguments.parse_args()
    records = [read_json(file) for file in given.counts]
    live_days = given.settings["live_days"]
    comments = (
        f"Simulation is scaled to {live_days:.9g} live days; intervals are 68.27 % (Clopper-Pearson).",
    )
    write_csv(given.cut_flow, cut_flow_table(records, live_days), comments)
    write_csv(given.conditions, cut_condition_table(records), comments)
    write_csv(given.efficiency, cut_efficiency_table(records), comments[:0])


if __name__ == "__main__":
    run(main)
