"""Events in front of dead photomultipliers by component, before and after the correction, and in
simulated data."""

from pathlib import Path

from exonu.core.files import write_csv
from exonu.steps._step import parser, run
from exonu.templates.dead_pmt.correction import DeadPmtCorrection
from exonu.templates.dead_pmt.share_check import REGION_KEV, check_table
from exonu.templates.histograms import read_histograms


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument(
        "--histograms", type=Path, required=True, help="ROOT file of the step `histograms`"
    )
    arguments.add_argument(
        "--correction", type=Path, required=True, help="JSON of the step `dead_pmt_correction`"
    )
    arguments.add_argument("--output", type=Path, required=True, help="CSV")
    given = arguments.parse_args()
    low, high = given.settings.get("region_keV", REGION_KEV)
    spectra = read_histograms(given.histograms)
    table = check_table(
        spectra, DeadPmtCorrection.read(given.correction), (float(low), float(high))
    )
    comments: tuple[str, ...] = (
        "Events per day after all cuts; dead: in front of a dead photomultiplier, by the truth of simulation.",
    )
    if spectra.truth_of_data:
        comments += (
            "The data are simulated and know the truth; activities differ too, so this is no closure.",
        )
    write_csv(given.output, table, comments)


if __name__ == "__main__":
    run(main)
