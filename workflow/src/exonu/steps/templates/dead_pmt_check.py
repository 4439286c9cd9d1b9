"""Events in front of dead photomultipliers by component, before and after the correction, and in
simulated data."""

from pathlib import Path
from typing import Annotated

from exonu.core.files import write_csv
from exonu.steps._step import Settings, step
from exonu.templates.dead_pmt.correction import DeadPmtCorrection
from exonu.templates.dead_pmt.share_check import REGION_KEV, check_table
from exonu.templates.histograms import read_histograms


@step
def main(
    settings: Settings,
    histograms: Annotated[Path, "ROOT file of the step `histograms`"],
    correction: Annotated[Path, "JSON of the step `dead_pmt_correction`"],
    output: Annotated[Path, "CSV"],
) -> None:
    low, high = settings.get("region_keV", REGION_KEV)
    spectra, read = read_histograms(histograms), DeadPmtCorrection.read(correction)
    comments: tuple[str, ...] = (
        "Events per day after all cuts; dead: in front of a dead photomultiplier, by the truth of simulation.",
    )
    if spectra.truth_of_data:
        comments += (
            "The data are simulated and know the truth; activities differ too, so this is not a closure.",
        )
    write_csv(output, check_table(spectra, read, (float(low), float(high))), comments)
