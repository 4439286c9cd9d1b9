"""p0 of a search against a mass, of a mediator or of a line, and the global p of its largest
excess."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from exonu.catalogue import SEARCHED, Line
from exonu.core.errors import InputError
from exonu.core.files import plain, read_json
from exonu.core.seeds import derived_seed
from exonu.core.settings import merged
from exonu.core.types import Array, Json
from exonu.search.build_workspaces import build_workspaces
from exonu.search.experiment.read_experiment import read_experiment
from exonu.search.limit_inputs import limit_inputs
from exonu.search.limit_records import read_search
from exonu.search.plausibility.registry import logged, threshold
from exonu.search.signals import masses_MeV
from exonu.search.strengths import strength
from exonu.search.workspace import Workspace
from exonu.statistics import Model, compile_workspace, mass_scan

Scanned = tuple[Model, Mapping[str, Any], Json]
"""A compiled workspace, its page and its JSON."""


def scan_record(files: Sequence[Path], n_toys: int, seed: int) -> Json:
    """The scan over the workspaces of one interaction and its masses.

    Args:
        files: the workspaces.
        n_toys: toys of background alone.
        seed: the analysis's seed.

    Returns:
        `meaning` of the hypotheses, `notes`, `masses` with p0, significance and best fit of each (μ, and in
        the physical parameter), and the `global` p by up-crossings and by toys.

    Raises:
        InputError: if there are fewer than two masses.
    """
    found = [(*read_search(file), read_json(file)) for file in files]
    return _scan(found, n_toys, seed, files[0] if files else None)


def scan_of_experiment(
    file: Path,
    interaction: str,
    *,
    flavour: str | None = None,
    masses: Sequence[float] = (),
    atomic: str | None = None,
    n_toys: int,
    seed: int | None = None,
) -> Json:
    """The same of an experiment or an analysis, whose workspaces are made in memory; for `exonu
    scan`.

    Args:
        file: an experiment's YAML, an analysis's, its folder or its name in `config/`.
        interaction: one that is searched for and has a mass.
        flavour: which neutrino interacts; `all` if left out.
        masses: in MeV; those of the analysis, or the interaction's own, if left out.
        atomic: atomic model, if not the default.
        n_toys: toys of background alone.
        seed: the analysis's own if left out.
    """
    if not SEARCHED[interaction].has_mass:
        raise InputError(
            f"has no mass to scan ({interaction})",
            field="interaction",
            remedy=f"choose one of {', '.join(n for n, one in SEARCHED.items() if one.has_mass)}",
        )
    inputs = limit_inputs(file)
    settings = inputs.settings
    if atomic is not None:
        settings = merged(settings, {"physics": {"atomic": {interaction: atomic}}})
    block = settings["interactions"].get(interaction)
    if not masses:
        masses = masses_MeV(block) if block else _masses_of(interaction)
    cases: list[tuple[str, float | None]] = [(flavour or "all", float(m)) for m in masses]
    made = build_workspaces(read_experiment(inputs.experiment_file), interaction, settings, cases)
    seed = int(settings["seed"]) if seed is None else seed
    return _scan([_compiled(one) for one in made], n_toys, seed, file)


def _masses_of(interaction: str) -> tuple[float, ...]:
    """The masses that the catalogue gives an interaction."""
    grid = SEARCHED[interaction].masses
    assert grid is not None
    ends = {"minimum": grid.minimum, "maximum": grid.maximum, "number": grid.number}
    return masses_MeV({"masses_MeV": ends, "more_masses_MeV": grid.more})


def _compiled(made: Workspace) -> Scanned:
    return compile_workspace(made.spec, poi_map=made.meaning["poi_map"]), made.meaning, made.spec


def _scan(read: Sequence[Scanned], n_toys: int, seed: int, file: Path | None) -> Json:
    read = sorted(read, key=lambda one: one[1]["mass_MeV"] or 0.0)
    by_mass = {meaning["mass_MeV"]: (model, meaning) for model, meaning, _ in read}
    if len(by_mass) < 2 or None in by_mass:
        raise InputError("a scan needs workspaces of two masses or more", file=file)
    meaning = read[0][1]
    notes = logged(_notes(read), f"{meaning['interaction']}, scan of masses")
    found = mass_scan(
        {mass: model for mass, (model, _) in by_mass.items()},
        n_toys,
        derived_seed(seed, f"mass-scan/{meaning['interaction']}"),
    )
    rows = [
        {
            "mass_MeV": mass,
            "p0": point.p0,
            "significance": point.significance,
            "best_fit_mu": point.best_fit,
            "best_fit": strength(point.best_fit, by_mass[mass][1]),
        }
        for mass, point in zip(found.masses, found.points, strict=True)
    ]
    keys = ("interaction", "flavour", "parameter", "unit", "blinded", "is_simulated")
    return plain(
        {
            "meaning": {key: meaning[key] for key in keys},
            "notes": notes,
            "masses": rows,
            "global": {
                "mass_MeV": found.masses[found.largest],
                "local_p0": found.points[found.largest].p0,
                "local_significance": found.points[found.largest].significance,
                "p": found.global_p,
                "significance": found.global_significance,
                "p_toys": found.global_p_toys,
                "p_toys_error": found.global_p_toys_error,
                "upcrossings": found.upcrossings,
                "upcrossings_error": found.upcrossings_error,
                "toys": found.toys,
                "failed": found.failed,
            },
        }
    )


def _notes(read: Sequence[Scanned]) -> list[str]:
    """Doubts of the workspaces, and of a grid of lines with gaps in which an excess is not seen."""
    notes = [note for _, meaning, _ in read for note in meaning.get("notes", ())]
    if isinstance(SEARCHED[read[0][1]["interaction"]].formula, Line):
        shapes = [_shape(spec) for _, _, spec in read]
        masses = [meaning["mass_MeV"] for _, meaning, _ in read]
        gaps = [
            pair
            for pair, (one, other) in zip(pairwise(masses), pairwise(shapes), strict=True)
            if float(one @ other) < threshold("line_overlap")
        ]
        if gaps:
            low, high = (1e3 * end for end in gaps[0])
            notes.append(
                f"{len(gaps)} of {len(masses) - 1} steps between masses are wider than a line, "
                f"{low:g} to {high:g} keV first: an excess between them is not seen, and the global p "
                "is that of these masses; give more masses"
            )
    return list(dict.fromkeys(notes))


def _shape(spec: Json) -> Array:
    """A signal in units of the background's fluctuation, as a unit vector over the bins."""
    samples = spec["channels"][0]["samples"]
    counts = {one["name"]: np.asarray(one["data"], dtype=np.float64) for one in samples}
    signal = counts.pop("signal")
    size = signal / np.sqrt(np.maximum(sum(counts.values()), 1e-9))
    return np.asarray(size / np.linalg.norm(size))


def scan_table(record: Mapping[str, Any]) -> pd.DataFrame:
    """One row per mass, with the global p of the whole scan and its notes on each."""
    found = pd.DataFrame(record["masses"])
    for name in ("p", "significance", "p_toys", "p_toys_error"):
        found[f"global_{name}"] = record["global"][name]
    said = {key: record["meaning"][key] for key in ("blinded", "is_simulated")}
    return found.assign(**said, notes="; ".join(record["notes"]))
