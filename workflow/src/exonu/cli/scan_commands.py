"""Significance against a mass: `exonu scan`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from exonu.cli.answers import Rows
from exonu.cli.options import add_answer, add_searched
from exonu.core.errors import InputError

COLUMNS = ("mass_MeV", "p0", "significance", "best_fit_mu", "best_fit")


def add_scans(commands: Any) -> None:
    """The command of this module."""
    scan = commands.add_parser(
        "scan",
        help="p0 against the mass of a mediator or a line as CSV, with the global p of the largest excess",
    )
    scan.add_argument(
        "file", type=Path, help="EXPERIMENT.yaml, or an analysis: its name in config/ or its file"
    )
    add_searched(scan)
    scan.add_argument(
        "--toys", type=int, default=1000, help="of background alone, a multiple of 250"
    )
    scan.add_argument("--seed", type=int, help="of the toys (default: the analysis's)")
    add_answer(scan, "csv")
    scan.set_defaults(command=_scan)


def _scan(given: argparse.Namespace) -> Rows:
    from exonu.search.limit_inputs import named_file
    from exonu.search.studies.mass_scans import scan_of_experiment

    if given.interaction is None:
        raise InputError("is missing", field="--interaction", remedy="choose one that has a mass")
    found = scan_of_experiment(
        named_file(given.file),
        given.interaction,
        flavour=given.flavour,
        masses=given.mass_mev or (),
        atomic=given.atomic,
        n_toys=given.toys,
        seed=given.seed,
    )
    whole, meaning = found["global"], found["meaning"]
    flags = {
        "blinded": "blinded: the expected background stands in place of the observed counts",
        "is_simulated": "simulated: the observed counts are not measured",
    }
    comments = [
        *(words for key, words in flags.items() if meaning[key]),
        f"largest excess at {whole['mass_MeV']:.6g} MeV: {whole['local_significance']:.3g} σ local, "
        f"{whole['significance']:.3g} σ global (p = {whole['p']:.3g}; "
        f"{whole['p_toys']:.3g} ± {whole['p_toys_error']:.2g} of {whole['toys']} toys)",
        *found["notes"],
    ]
    rows = [tuple(_cell(one[name]) for name in COLUMNS) for one in found["masses"]]
    return Rows(COLUMNS, rows, comments)


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.9g}"
