"""p0 of a search against the mediator's mass, and the global p of its largest excess."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from exonu.core.errors import InputError
from exonu.core.files import plain
from exonu.core.seeds import derived_seed
from exonu.core.types import Json
from exonu.search.limit_records import read_search
from exonu.search.strengths import strength
from exonu.statistics import mass_scan


def scan_record(files: Sequence[Path], n_toys: int, seed: int) -> Json:
    """The scan over the workspaces of one interaction and its masses.

    Args:
        files: the workspaces.
        n_toys: toys of background alone.
        seed: the analysis's seed.

    Returns:
        `meaning` of the hypotheses, `masses` with p0, significance and best fit of each (μ, and in
        the physical parameter), and the `global` p by up-crossings and by toys.

    Raises:
        InputError: if there are fewer than two masses.
    """
    read = sorted((read_search(file) for file in files), key=lambda one: one[1]["mass_MeV"] or 0.0)
    by_mass = {meaning["mass_MeV"]: (model, meaning) for model, meaning in read}
    if len(by_mass) < 2 or None in by_mass:
        raise InputError(
            "a scan needs workspaces of two masses or more", file=files[0] if files else None
        )
    meaning = read[0][1]
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


def scan_table(record: Mapping[str, Any]) -> pd.DataFrame:
    """One row per mass, with the global p of the whole scan on each."""
    found = pd.DataFrame(record["masses"])
    for name in ("p", "significance", "p_toys", "p_toys_error"):
        found[f"global_{name}"] = record["global"][name]
    return found.assign(**{key: record["meaning"][key] for key in ("blinded", "is_simulated")})
