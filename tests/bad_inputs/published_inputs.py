"""Valid inputs with the keys of a spectrum as it comes, and of events that come reconstructed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import yaml

from exonu.core.resources import resource_path
from exonu.events.runs.event_inputs import EventInputs
from exonu.events.runs.read_inputs import read_event_inputs
from exonu.events.tabular.read_reconstructed import read_reconstructed

COUNTS = (14.1, 16.9, 13.0, 18.2, 15.0, 16.1, 15.8, 17.0)
LEVEL = 15.5


def _template(folder: Path, changed: dict, left_out: tuple[str, ...] = ()) -> None:
    """The template of `exonu init`, not blind, with blocks of its experiment replaced."""
    shutil.copytree(resource_path("template"), folder, dirs_exist_ok=True)
    file = folder / "analysis.yaml"
    file.write_text(file.read_text().replace("blind: true", "blind: false"))
    file = folder / "experiment.yaml"
    content = yaml.safe_load(file.read_text()) | changed
    kept = {key: value for key, value in content.items() if key not in left_out}
    file.write_text(yaml.safe_dump(kept, sort_keys=False))


def _table(file: Path, header: str, rows: np.ndarray, sign: str = " ") -> None:
    lines = [sign.join(f"{value:.6g}" for value in row) for row in rows]
    file.write_text("\n".join([header, *lines]) + "\n")


def write_as_it_comes(folder: Path) -> None:
    """Centres in a table of blanks, kg·days, digitised counts, a flat rate, a curve, asymmetric
    and common uncertainties, a covariance, and an efficiency with a band."""
    centres, n = np.arange(len(COUNTS)) + 1.5, len(COUNTS)
    level = np.full(n, LEVEL)
    columns = [centres, COUNTS, level, 0.1 * level, 0.05 * level]
    _table(folder / "spectrum.csv", "# E counts flat plus minus", np.transpose(columns))
    shift = 0.1 * level * np.linspace(1, 0.3, n)
    np.savetxt(folder / "covariance.txt", np.outer(shift, shift), fmt="%.6g")
    _table(folder / "curve.txt", "# E r", np.array([[0.5, 1.2], [5.0, 1.0], [12.0, 0.7]]))
    band = np.array([[0.5, 0.2, 0.1, 0.3], [2, 0.8, 0.7, 0.85], [12, 0.9, 0.85, 0.95]])
    errors = {"shape": {"up": "plus", "down": "minus", "kind": "errors"}}
    rate = {"unit": "events/(t y keV)", "efficiency": "included"}
    flat = {
        "column": "flat",
        "normalisation": {"constraint": "asymmetric", "up": 0.2, "down": 0.05},
        "variations": errors,
        "norms": {"activity": 0.1},
        "covariance": {"file": "covariance.txt", "kind": "absolute"},
    }
    constraint = {"constraint": "gaussian", "uncertainty": 0.3}
    curve = {"file": "curve.txt", "energy_keV": "E", "rate": "r", **rate}
    spectrum = {
        "file": "spectrum.csv",
        "energy_centre_keV": "E",
        "width_keV": 1.0,
        "observed": {"column": "counts", "rounding": "nearest", "status": "digitised"},
    }
    changed = {
        "exposure": {"value": 26500, "unit": "kg day", "status": "published"},
        "spectrum": spectrum,
        "backgrounds": {
            "flat": flat,
            "radon": {"curve": curve, "normalisation": constraint},
            "krypton": {
                "rate": {"value": 0.9, **rate},
                "normalisation": constraint,
                "norms": {"activity": 0.1},
            },
        },
        "efficiency": {
            "file": "efficiency.csv",
            "energy_keV": "energy_keV",
            "efficiency": "efficiency",
            "lower": "lower",
            "upper": "upper",
            "argument": "true-energy",
            "argument_status": "assumed",
        },
    }
    _template(folder, changed, ("exposure_tonne_year",))
    _table(folder / "efficiency.csv", "energy_keV,efficiency,lower,upper", band, ",")
    _table(folder / "spectrum.csv", "# E counts flat plus minus", np.transpose(columns))


def write_response(folder: Path) -> None:
    """A spectrum in photoelectrons with a response matrix."""
    energy, n = np.linspace(0.25, 12, 48), len(COUNTS)
    low = 150.0 * (1 + np.arange(n))
    within = np.exp(-0.5 * ((150 * energy[:, None] - low - 75) / 90) ** 2)
    seen = 0.8 * within / np.maximum(within.sum(axis=1, keepdims=True), 1.0)
    level = np.full(n, LEVEL)
    changed = {
        "spectrum": {
            "file": "spectrum.csv",
            "low": "s2_low",
            "high": "s2_high",
            "observable": {"name": "S2", "unit": "PE"},
            "observed": {"column": "counts", "rounding": "nearest", "status": "digitised"},
        },
        "backgrounds": {"flat": {"column": "flat", "normalisation": {"constraint": "free"}}},
        "response": {"file": "response.txt", "true_energy_keV": "E", "uncertainty": 0.03},
    }
    _template(folder, changed, ("efficiency", "resolution"))
    (folder / "efficiency.csv").unlink()
    columns = np.transpose([low, low + 150, COUNTS, level])
    _table(folder / "spectrum.csv", "s2_low\ts2_high\tcounts\tflat", columns, "\t")
    header = " ".join(["# E", *(f"bin{k}" for k in range(n))])
    _table(folder / "response.txt", header, np.column_stack([energy, seen]))


def write_reconstructed(folder: Path) -> None:
    """The template of events that come reconstructed, a tenth of its events."""
    shutil.copytree(resource_path("template_reconstructed"), folder, dirs_exist_ok=True)
    for name in ("run_1.csv", "signal.csv", "background.csv"):
        lines = (folder / name).read_text().splitlines()
        kept = [*lines[:2], *lines[2::10]]
        (folder / name).write_text("\n".join(kept) + "\n")


def read_tables(folder: Path) -> tuple[str, list[str]]:
    """What is read of the run and of both samples, and how many events the cuts keep."""
    inputs = read_event_inputs(folder / "events.yaml", 0)
    jobs = [{"run": run.run} for run in inputs.runs.runs]
    jobs += [{"sample": row.sample} for row in inputs.samples]
    read = [_job(inputs, job, folder / "made.root") for job in jobs]
    notes = [note for one in read for note in one.get("notes", [])]
    return json.dumps([read, inputs.settings["cuts"]], sort_keys=True, default=str), notes


def _job(inputs: EventInputs, job: dict, made: Path) -> dict:
    report: dict = read_reconstructed(inputs.table_settings(**job), made).as_json()
    return report
