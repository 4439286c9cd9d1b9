"""Whether enough is simulated: the error of the summed template against the Poisson error of the
counts.

A simulation of N times the live time has 1/√N of the data's own error. Below a third it widens a
bin's error by no more than 5 %, below a half by 12 %; that much is required up to 100 keVee and
above. With the live time t the ratio grows as √t, so that there is a live time up to which a
simulation suffices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from exonu.core.types import Array
from exonu.search.experiment.binned_spectrum import Experiment

if TYPE_CHECKING:
    import pandas as pd

REQUIRED, REQUIRED_ABOVE, ABOVE_KEV = 1 / 3, 1 / 2, 100.0
"""Largest ratio of the errors up to an energy, and above."""
LOOSER = 1.1
"""A limit is said to be loosened by the simulation if it is by more than this."""
SUM = "sum"


def squared_error(experiment: Experiment) -> Array:
    """Squared error of the summed template from the number of simulated events, shape (n_bins,):
    that of all bins' own, and of counts too rare for the simulation (`exonu.templates.unseen`)."""
    total = np.zeros(len(experiment.low_keV))
    for background in experiment.backgrounds:
        if background.statistical_error is not None:
            total += background.statistical_error**2
        total += sum((counts**2 for counts in background.unseen.values()), np.zeros_like(total))
    return total


def required(experiment: Experiment) -> Array:
    """Largest allowed ratio in each bin, shape (n_bins,)."""
    return np.where(experiment.high_keV <= ABOVE_KEV * (1 + 1e-9), REQUIRED, REQUIRED_ABOVE)


def error_ratio(experiment: Experiment, live_days: float) -> Array:
    """Error of the template over the Poisson error of the expected counts in a live time, shape
    (n_bins,); infinite where nothing is expected at all."""
    assert experiment.live_days is not None
    own = np.divide(
        squared_error(experiment), experiment.background,
        out=np.full(len(experiment.low_keV), np.inf), where=experiment.background > 0,
    )  # fmt: skip
    return np.asarray(np.sqrt(own * live_days / experiment.live_days))


def sufficient_days(experiment: Experiment) -> tuple[float, int]:
    """The live time up to which the simulation meets the requirement in every bin, and the bin that
    says so."""
    assert experiment.live_days is not None
    days = (
        experiment.live_days
        * (required(experiment) / error_ratio(experiment, experiment.live_days)) ** 2
    )
    worst = int(np.argmin(days))
    return float(days[worst]), worst


def simulation_meaning(experiment: Experiment) -> dict[str, Any]:
    """What the page of a workspace says of the size of the simulation; nothing of a published
    spectrum."""
    if not experiment.is_from_events:
        return {}
    days, worst = sufficient_days(experiment)
    low, high = experiment.low_keV[worst], experiment.high_keV[worst]
    return {
        "simulation_suffices_days": float(f"{days:.4g}"),
        "simulation_worst_bin_keVee": [float(low), float(high)],
    }


def simulation_notes(
    meaning: Mapping[str, Any], live_days: float, loosened: float | None = None
) -> list[str]:
    """Notes on a limit: that the simulation is too small for it, and what that costs.

    Args:
        meaning: the page of its workspace.
        live_days: live time of the limit.
        loosened: the limit over the same without the uncertainty of the simulation, where known.

    >>> for note in simulation_notes({}, 711.0, 1.66):
    ...     print(note)
    the number of simulated events alone loosens this limit by a factor 1.66
    """
    notes = []
    enough = meaning.get("simulation_suffices_days", np.inf)
    if live_days > enough:
        low, high = meaning["simulation_worst_bin_keVee"]
        notes.append(
            f"the simulation suffices for {enough:.3g} live days, not for {live_days:.4g} (in the bin of {low:g} to "
            f"{high:g} keVee its error is above a third of the Poisson error; above {ABOVE_KEV:g} keVee, a half)"
        )
    if loosened is not None and loosened > LOOSER:
        notes.append(
            f"the number of simulated events alone loosens this limit by a factor {loosened:.3g}"
        )
    return notes


def simulation_error_table(experiment: Experiment, live_days: Sequence[float]) -> pd.DataFrame:
    """Effective simulated events of each background and bin, and the error of their sum.

    Args:
        experiment: from events.
        live_days: live times.

    Returns:
        One row per live time, background (last `sum`) and bin: `counts` expected, `error` from the
        number of simulated events, `effective_events` (counts/error)², `unseen` the part of the
        counts that stands for events too rare for the simulation; of the sum also `ratio` to the
        Poisson error, what is `required`, and whether it is `met`. `label` is the class in figures,
        `is_simulated` says whether the data are simulated, too.
    """
    import pandas as pd

    assert experiment.live_days is not None
    parts = []
    none = np.zeros(len(experiment.low_keV))
    for days in live_days:
        factor = days / experiment.live_days
        for one in experiment.backgrounds:
            unseen = sum(one.unseen.values(), none)
            own = none if one.statistical_error is None else one.statistical_error
            error = np.sqrt(own**2 + sum((counts**2 for counts in one.unseen.values()), none))
            rows = _rows(experiment, days, one.name, factor, one.counts, error, unseen)
            parts.append(rows.assign(label=one.label))
        unseen = sum((sum(one.unseen.values(), none) for one in experiment.backgrounds), none)
        error = np.sqrt(squared_error(experiment))
        total = _rows(experiment, days, SUM, factor, experiment.background, error, unseen)
        ratio, most = error_ratio(experiment, days), required(experiment)
        met = ratio <= most * (1 + 1e-9)
        parts.append(total.assign(label=SUM, ratio=ratio, required=most, met=met))
    return pd.concat(parts, ignore_index=True).assign(is_simulated=experiment.is_simulated)


def _rows(
    experiment: Experiment, days: float, name: str, factor: float, counts: Array, error: Array,
    unseen: Array,
) -> pd.DataFrame:  # fmt: skip
    import pandas as pd

    effective = np.divide(counts**2, error**2, out=np.zeros_like(counts), where=error > 0)
    return pd.DataFrame(
        {
            "live_days": days, "background": name, "energy_low_keVee": experiment.low_keV,
            "energy_high_keVee": experiment.high_keV, "counts": factor * counts, "error": factor * error,
            "effective_events": effective, "unseen": factor * unseen,
        }
    )  # fmt: skip
