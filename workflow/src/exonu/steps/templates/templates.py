"""Templates of data, backgrounds and response from events: templates.json, ROOT histograms,
tables."""

from pathlib import Path
from typing import Annotated

import pandas as pd

from exonu.core.errors import InputError
from exonu.core.files import read_json, write_csv, write_json
from exonu.steps._step import Files, Settings, step
from exonu.templates.calibrated_effects import CalibratedOptics
from exonu.templates.dead_pmt.correction import DeadPmtCorrection
from exonu.templates.filling import fill_templates
from exonu.templates.outputs import solar_check, systematics_table, write_root
from exonu.templates.simulated_samples import Sources


def _sources(
    settings: Settings,
    selected: Files,
    reconstructed: Files,
    correction: Path | None,
    calibration: Path | None,
    optics: Path | None,
) -> Sources:
    runs, varied, nominal = (len(settings[key]) for key in ("runs", "varied", "nominal"))
    before_cuts = runs + varied if settings["parts"] else 0
    if (len(selected), len(reconstructed)) != (runs + varied, nominal + before_cuts):
        raise InputError(
            f"are {len(selected)} selected and {len(reconstructed)} reconstructed files",
            field="--selected, --reconstructed",
            remedy=f"give {runs + varied} and {nominal + before_cuts}, in the order of the settings",
        )
    scale = read_json(calibration)["energy_scale"]["uncertainty"] if calibration else None
    return Sources(
        data=None if settings["blind"] else selected[:runs],
        nominal={
            row["sample"]: file
            for row, file in zip(settings["nominal"], reconstructed[:nominal], strict=True)
        },
        varied={
            row["sample"]: file
            for row, file in zip(settings["varied"], selected[runs:], strict=True)
        },
        correction=DeadPmtCorrection.read(correction) if correction else None,
        calibrated_scale=scale,
        optics=CalibratedOptics.read(optics) if optics else None,
        before_cuts=reconstructed[nominal:],
    )


@step
def main(
    settings: Settings,
    reconstructed: Annotated[Files, "of template_jobs.reconstructed_sources"],
    record: Annotated[Path, "JSON of the templates"],
    histograms: Annotated[Path, "ROOT file of the same"],
    systematics: Annotated[Path, "CSV of relative changes"],
    response: Annotated[Path, "CSV of the response to signals"],
    selected: Annotated[Files, "of template_jobs.selected_sources"] = (),
    correction: Annotated[Path | None, "JSON of the dead-PMT correction"] = None,
    calibration: Annotated[Path | None, "JSON of the calibration's check"] = None,
    optics: Annotated[Path | None, "JSON of the calibration of the optics"] = None,
) -> None:
    sources = _sources(settings, selected, reconstructed, correction, calibration, optics)
    templates = fill_templates(settings, sources)
    norms = {
        one["name"].replace("-", "_"): (one["status"], one["size"])
        for one in settings["systematics"]
        if one["kind"] in ("cut", "efficiency") and "size" in one
    }
    table = systematics_table(templates, norms, settings["templates"]["report_ranges_keV"])
    comments = ("Relative changes of templates for one standard deviation.",)
    write_csv(systematics, table, comments)
    write_csv(response, pd.DataFrame(templates.response_table))
    write_root(histograms, templates)
    write_json(record, {**templates.content, "solar_check": solar_check(templates)})
