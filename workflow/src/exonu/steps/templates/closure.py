"""Closure of the dead-PMT correction: corrected and uncorrected simulation against the truth on
dead windows."""

from pathlib import Path
from typing import Annotated

from exonu.core.files import write_csv, write_json
from exonu.steps._step import LOG, Files, Settings, step
from exonu.templates.dead_pmt.closure import closure_of


@step
def main(
    settings: Settings,
    events: Annotated[Files, "files of the step `closure_events`, of both sets"],
    record: Annotated[Path, "JSON"],
    table: Annotated[Path, "CSV"],
) -> None:
    closure = closure_of(events, settings)
    summary = closure.summary()
    write_json(record, summary)
    comments = (
        "Simulated. Leaked events on windows of dead photomultipliers, in bins of reconstructed energy.",
    )
    write_csv(table, closure.table(), comments)
    low, high = summary["range_99_percent"]
    LOG.info("99 %% range of chi2/n: %.2f to %.2f (n = %d)", low, high, summary["bins"])
    for name in ("corrected", "uncorrected"):
        LOG.info("%s: chi2/n = %.2f", name, summary[f"chi2_per_bin_{name}"])
    if not summary["corrected_agrees"]:
        LOG.warning("the corrected template does not agree with the truth")
