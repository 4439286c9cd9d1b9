"""Limits that follow from published ones of another interaction on the same data: `python
docs/derived_limits.py` prints resources/limits/derived.csv with the values computed.

A published limit stands for the counts that it excludes. The coupling of another interaction that is
excluded as well is the one whose counts s weigh as much against the published background b, by Σ s²/b
over the bins: for the same shape that is the same number of events, for another one the same
significance with a known background. Only rates enter, none of our limits. All 54 electrons are free,
as in the papers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
from scipy.optimize import brentq

from exonu.catalogue import SEARCHED
from exonu.core.resources import resource_path
from exonu.core.tables import read_rows
from exonu.interactions import Physics
from exonu.search.experiment.binned_spectrum import Experiment
from exonu.search.experiment.read_experiment import read_experiment
from exonu.search.signals import Signal, fold_signals

TABLE = resource_path("limits/derived.csv")


@cache
def experiment() -> Experiment:
    """XENONnT SR0."""
    return read_experiment(resource_path("published/xenonnt-sr0/experiment.yaml"))


@cache
def signal(name: str, flavour: str, mass_MeV: float | None) -> Signal:
    """Counts of an interaction in the bins of the spectrum."""
    physics = Physics(treatments=((SEARCHED[name].settings_name, "free"),))
    return fold_signals(experiment(), physics, name, [(flavour, mass_MeV)])[0]


def weight(one: Signal, strength: float) -> float:
    """Σ s²/b of a strength."""
    return float(np.sum(one.counts(strength) ** 2 / experiment().background))


def derived(row: Mapping[str, str]) -> float:
    """The strength of a row's interaction above which all weigh more than the row's published limit.

    Args:
        row: of `TABLE`.
    """
    mass = float(row["mass_MeV"]) if row["mass_MeV"] else None
    asked = signal(row["quantity"], row["flavour"], mass)
    known = signal(row["from_quantity"], row["from_flavour"], None)
    target = weight(known, float(row["from_value"]))
    tried = SEARCHED[row["quantity"]].reference_strength * np.geomspace(1e-4, 1e6, 2001)
    below = max(i for i, strength in enumerate(tried) if weight(asked, strength) < target)
    return float(brentq(lambda g: weight(asked, g) - target, tried[below], tried[below + 1]))


if __name__ == "__main__":
    for row in read_rows(TABLE):
        print(",".join([*list(row.values())[:3], f"{derived(row):.3g}", *list(row.values())[4:]]))
