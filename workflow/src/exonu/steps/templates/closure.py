"""Closure of the dead-PMT correction: corrected and uncorrected simulation against the truth on
dead windows."""

import logging
from pathlib import Path

from exonu.core.files import write_csv, write_json
from exonu.steps._step import parser, run
from exonu.templates.dead_pmt.closure import closure_of


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument(
        "events", type=Path, nargs="+", help="files of the step `closure_events`, of both sets"
    )
    arguments.add_argument("--output", type=Path, required=True, help="JSON")
    arguments.add_argument("--table", type=Path, required=True, help="CSV")
    given = arguments.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    closure = closure_of(given.events, given.settings)
    summary = closure.summary()
    write_json(given.output, summary)
    comments = (
        "Simulated. Leaked events on windows of dead photomultipliers, in bins of reconstructed energy.",
    )
    write_csv(given.table, closure.table(), comments)
    low, high = summary["range_99_percent"]
    logging.info("99 %% range of chi2/n: %.2f to %.2f (n = %d)", low, high, summary["bins"])
    for name in ("corrected", "uncorrected"):
        logging.info("%s: chi2/n = %.2f", name, summary[f"chi2_per_bin_{name}"])
    if not summary["corrected_agrees"]:
        logging.warning("the corrected template does not agree with the truth")


if __name__ == "__main__":
    run(main)
