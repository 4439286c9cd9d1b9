"""Systematics of the wall from shells outside the fiducial volume; the optics are what the source says."""

from pathlib import Path
from typing import Annotated

from exonu.core.files import read_json
from exonu.steps._step import Files, Settings, step
from exonu.templates.calibrated_effects import CalibratedOptics
from exonu.templates.dead_pmt.correction import DeadPmtCorrection
from exonu.templates.shells.shell_calibration import shell_calibration
from exonu.templates.simulated_samples import Sources


@step
def main(
    settings: Settings,
    reconstructed: Annotated[Files, "of shell_settings.shell_sources"],
    record: Annotated[Path, "JSON of the results"],
    counts: Annotated[Path, "CSV of the counts by shell and energy"],
    correction: Annotated[Path | None, "JSON of the dead-PMT correction"] = None,
    calibration: Annotated[Path | None, "JSON of the calibration's check"] = None,
    optics: Annotated[Path | None, "JSON of the calibration of the optics"] = None,
) -> None:
    nominal, runs = len(settings["nominal"]), len(settings["runs"])
    varied = zip(settings["varied"], reconstructed[nominal + runs :], strict=True)
    sources = Sources(
        data=reconstructed[nominal : nominal + runs],
        nominal={
            row["sample"]: file
            for row, file in zip(settings["nominal"], reconstructed[:nominal], strict=True)
        },
        varied={row["sample"]: file for row, file in varied},
        correction=DeadPmtCorrection.read(correction) if correction else None,
        calibrated_scale=(
            read_json(calibration)["energy_scale"]["uncertainty"] if calibration else None
        ),
        optics=CalibratedOptics.read(optics) if optics else None,
        is_selected=False,
    )
    shell_calibration(settings, sources, record, counts)
