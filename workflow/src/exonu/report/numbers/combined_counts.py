"""The counts of several experiments in one `counts.csv`: what a combined analysis is headed with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import yaml

from exonu.core.files import write_csv
from exonu.search.combination.members import Member


def write_combined_counts(path: str | Path, members: Sequence[Member], blind: bool) -> None:
    """The bins of all experiments below each other, each with its observed counts and expected
    background; backgrounds and signals by component stand in the experiments' own `counts.csv`.

    Args:
        path: `counts.csv`.
        members: the experiments.
        blind: whether the combination is blind; then no observed counts are given.
    """
    members = sorted(members, key=lambda member: member.experiment.name)
    experiments = [member.experiment for member in members]
    head = {
        "experiment": {
            "name": " + ".join(one.name for one in experiments),
            "reference": "; ".join(one.reference for one in experiments),
            "exposure_tonne_year": float(sum(one.exposure_tonne_year for one in experiments)),
            "is_simulated": any(one.is_simulated for one in experiments),
            "blinded": blind or any(member.blind for member in members),
        },
        "backgrounds": {},
        "signals": {},
    }
    tables = [
        pd.DataFrame(
            {
                "experiment": one.name,
                "energy_low_keV": one.low_keV,
                "energy_high_keV": one.high_keV,
                "observed": one.background
                if blind or member.blind or one.observed is None
                else one.observed,
                "expected_background": one.background,
            }
        )
        for member, one in zip(members, experiments, strict=True)
    ]
    lines = yaml.safe_dump(head, sort_keys=False, allow_unicode=True).splitlines()
    write_csv(path, pd.concat(tables, ignore_index=True), comments=tuple(lines))
