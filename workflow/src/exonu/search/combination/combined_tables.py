"""Tables of a combined analysis: `limits/combination.csv` and `limits/parameters.csv`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from exonu.core.files import read_json
from exonu.core.seeds import derived_seed
from exonu.core.types import Json
from exonu.search.combination.agreement import combination_record
from exonu.search.combination.joining import parameter_rows
from exonu.search.limit_records import limit_methods, read_search
from exonu.search.limit_rows import EXPECTED
from exonu.search.signals import hypothesis_name
from exonu.search.strengths import strength
from exonu.statistics import profile_pair

TOGETHER = "combined"
"""What the row of all experiments together has for its experiment."""


def combination_table(
    workspaces: Iterable[Path], declared: Sequence[Path], settings: Mapping[str, Any]
) -> pd.DataFrame:
    """Limits of each experiment alone and of all together, with each one's share of the expected
    information and the test whether they agree: one row per hypothesis and experiment.

    Args:
        workspaces: joined workspaces.
        declared: those for which the test is made with toys too, where the signal is linear in μ.
        settings: the blocks statistics.confidence_level, combination and seed.
    """
    names = {file.name for file in declared}
    toys = settings["combination"]["compatibility_toys"]
    rows: list[Json] = []
    for file in workspaces:
        model, meaning = read_search(file)
        level = settings["statistics"]["confidence_level"]
        pair = profile_pair(model)
        found = limit_methods(pair, ["asymptotic"], level)["asymptotic"]
        record = combination_record(
            read_json(file),
            meaning,
            pair,
            level,
            # A quadratic signal is scanned in every fit: a hundred times the work.
            toys=toys if file.name in names and not meaning["poi_map"] else 0,
            seed=derived_seed(settings["seed"], f"compatibility/{file.stem}"),
        )
        rows += _rows(meaning, found, record)
    return pd.DataFrame(rows)


def _rows(meaning: Mapping[str, Any], found: Json, record: Json) -> list[Json]:
    test = record["compatibility"]
    agreement = {
        "compatibility_q": test["q"],
        "compatibility_degrees": test["degrees"],
        "compatibility_p": test["p_value"],
        "compatibility_p_toys": test["p_value_toys"],
        "compatibility_p_toys_error": test["p_value_toys_error"],
        "compatibility_toys": test["toys"],
    }
    together = {
        **found,
        "experiment": TOGETHER,
        "best_fit": found["record"]["best_fit"],
        "share": 1.0,
    }
    keys = ("interaction", "flavour", "mass_MeV", "parameter", "unit")
    return [
        {
            **{key: meaning[key] for key in keys},
            "experiment": _name(one["experiment"], meaning),
            "confidence_level": found["confidence_level"],
            "observed": strength(one["observed"], meaning),
            **{
                name: strength(mu, meaning)
                for name, mu in zip(EXPECTED, one["expected"], strict=True)
            },
            "best_fit": strength(one["best_fit"], meaning),
            "share_of_information": one["share"],
            **(agreement if one["experiment"] == TOGETHER else dict.fromkeys(agreement)),
            "blinded": meaning["blinded"],
            "is_simulated": _is_simulated(one["experiment"], meaning),
        }
        for one in [*record["contributions"], together]
    ]


def _name(experiment: str, meaning: Mapping[str, Any]) -> str:
    return experiment if experiment == TOGETHER else str(meaning["experiments"][experiment]["name"])


def _is_simulated(experiment: str, meaning: Mapping[str, Any]) -> bool:
    whole = meaning if experiment == TOGETHER else meaning["experiments"][experiment]
    return bool(whole["is_simulated"])


def parameter_table(workspaces: Iterable[Path]) -> pd.DataFrame:
    """Which parameters the experiments share, of each hypothesis."""
    rows = []
    for file in workspaces:
        _, meaning = read_search(file)
        rows += [
            {"hypothesis": file.stem, **row} for row in parameter_rows(read_json(file), meaning)
        ]
    return pd.DataFrame(rows)


def of_hypotheses(table: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """The rows of some hypotheses, by name, in that order."""
    masses = [None if pd.isna(mass) else float(mass) for mass in table["mass_MeV"]]
    own = pd.Series(
        [
            hypothesis_name(*case)
            for case in zip(table["interaction"], table["flavour"], masses, strict=True)
        ],
        index=table.index,
    )
    return pd.concat([table[own == name] for name in names])
