"""Templates of data, backgrounds and response from events: templates.json, ROOT histograms,
tables."""

from pathlib import Path

import pandas as pd

from exonu.core.errors import InputError
from exonu.core.files import read_json, write_csv, write_json
from exonu.core.settings import Settings
from exonu.steps._step import parser, run
from exonu.templates.dead_pmt.correction import DeadPmtCorrection
from exonu.templates.filling import fill_templates
from exonu.templates.outputs import solar_check, systematics_table, write_root
from exonu.templates.simulated_samples import Sources


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument(
        "--selected", type=Path, nargs="*", default=[], help="of template_jobs.selected_sources"
    )
    arguments.add_argument(
        "--reconstructed", type=Path, nargs="+", help="of template_jobs.reconstructed_sources"
    )
    arguments.add_argument("--correction", type=Path, help="JSON of the dead-PMT correction")
    arguments.add_argument("--calibration", type=Path, help="JSON of the calibration's check")
    arguments.add_argument("--output", type=Path, required=True, help="folder")
    given = arguments.parse_args()
    settings = given.settings
    sources = _sources(
        settings, given.selected, given.reconstructed, given.correction, given.calibration
    )
    templates = fill_templates(settings, sources)
    norms = {
        one["name"].replace("-", "_"): (one["status"], one["size"])
        for one in settings["systematics"]
        if one["kind"] == "cut"
    }
    table = systematics_table(templates, norms, settings["templates"]["report_ranges_keV"])
    check = solar_check(templates)
    write_csv(
        given.output / "systematics.csv",
        table,
        ("Relative changes of templates for one standard deviation.",),
    )
    write_csv(given.output / "response.csv", pd.DataFrame(templates.response_table))
    write_root(given.output / "templates.root", templates)
    write_json(given.output / "templates.json", {**templates.content, "solar_check": check})


def _sources(
    settings: Settings,
    selected: list[Path],
    reconstructed: list[Path],
    correction: Path | None,
    calibration: Path | None,
) -> Sources:
    runs, varied, nominal = (len(settings[key]) for key in ("runs", "varied", "nominal"))
    if (len(selected), len(reconstructed)) != (runs + varied, nominal):
        raise InputError(
            f"are {len(selected)} selected and {len(reconstructed)} reconstructed files",
            field="--selected, --reconstructed",
            remedy=f"give {runs + varied} and {nominal}, in the order of the settings",
        )
    scale = read_json(calibration)["energy_scale"]["uncertainty"] if calibration else None
    return Sources(
        data=None if settings["blind"] else selected[:runs],
        nominal={
            row["sample"]: file
            for row, file in zip(settings["nominal"], reconstructed, strict=True)
        },
        varied={
            row["sample"]: file
            for row, file in zip(settings["varied"], selected[runs:], strict=True)
        },
        correction=DeadPmtCorrection.read(correction) if correction else None,
        calibrated_scale=scale,
    )


if __name__ == "__main__":
    run(main)
