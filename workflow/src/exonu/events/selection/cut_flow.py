"""Cut flow: events left after each cut, by run, sample and component, and efficiencies with their
errors.

Efficiencies carry the central 68.27 % interval of Clopper and Pearson (Biometrika 26, 404 (1934)).
For weighted events the number of trials is that of the binomial which has the variance of the
weighted efficiency; at 0 and 1, where that variance is 0, it is the effective number of events
(Σw)²/Σw²."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from exonu.core.errors import InputError
from exonu.core.settings import Settings
from exonu.core.types import Array
from exonu.events.runs.run_list import NOMINAL

if TYPE_CHECKING:
    import pandas as pd

ONE_SIGMA = 0.682689492137086
_SOURCE = ("kind", "stream", "run", "sample", "component", "variation")


def efficiency_interval(passed: Array, total: Array) -> tuple[Array, Array, Array]:
    """Efficiency with its central 68.27 % interval.

    Args:
        passed: number, Σw and Σw² of the events that pass, shape (3, ...).
        total: the same of all events, of which the passing ones are a part.

    Returns:
        Efficiency, lower and upper end, shape (...); NaN where there are no events.

    >>> efficiency, low, high = efficiency_interval(np.full((3, 1), 8.0), np.full((3, 1), 10.0))
    >>> efficiency.item(), round(low.item(), 3), round(high.item(), 3)
    (0.8, 0.595, 0.928)
    """
    from scipy.special import betaincinv

    passed, total = np.asarray(passed, dtype=np.float64), np.asarray(total, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        efficiency = np.clip(passed[1] / total[1], 0, 1)
        # variance of Σ_pass w / Σ w at fixed weights; e(1 − e)/n for unit weights
        variance = (
            passed[2] * (1 - efficiency) ** 2 + np.maximum(total[2] - passed[2], 0) * efficiency**2
        )
        trials = np.where(
            (efficiency > 0) & (efficiency < 1),
            efficiency * (1 - efficiency) * total[1] ** 2 / variance,
            total[1] ** 2 / total[2],
        )
        successes = efficiency * trials
        low = betaincinv(successes, trials - successes + 1, (1 - ONE_SIGMA) / 2)
        high = betaincinv(successes + 1, trials - successes, (1 + ONE_SIGMA) / 2)
    low = np.where(efficiency == 0, 0.0, np.where(np.isnan(efficiency), np.nan, low))
    high = np.where(efficiency == 1, 1.0, np.where(np.isnan(efficiency), np.nan, high))
    return efficiency, low, high


def cut_flow_table(records: Sequence[Settings], live_days: float) -> pd.DataFrame:
    """One row per source and cut.

    Args:
        records: of all runs and samples, from `cuts.select`.
        live_days: live time of the physics stream, to which simulation is scaled.

    Returns:
        A table with the source (`level` is run, stream, sample or component), the cut (first
        `all`), `events`, `weighted` (data: events; simulation: expected events in the live time)
        with its statistical error, the efficiency of all cuts so far and that of this cut on those
        before, each with the ends of its interval.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for source, sums in levels(records, "sums"):
        scale = 1.0 if source["kind"] == "data" else live_days
        so_far = efficiency_interval(sums, sums[:, :1] + 0 * sums)
        step = efficiency_interval(sums, np.concatenate([sums[:, :1], sums[:, :-1]], axis=1))
        for place, cut in enumerate(_cut_names(records)):
            row = {name: source.get(name, "") for name in ("level", *_SOURCE)}
            row |= {"cut": cut, "events": int(sums[0, place])}
            row |= {
                "weighted": scale * sums[1, place],
                "weighted_error": scale * np.sqrt(sums[2, place]),
            }
            row |= _named("efficiency", so_far, place) | _named("step_efficiency", step, place)
            rows.append(row)
    return pd.DataFrame(rows)


def cut_efficiency_table(records: Sequence[Settings]) -> pd.DataFrame:
    """Efficiency of each cut against the true energy, from simulation: one row per sample or
    component, cut and bin."""
    import pandas as pd

    columns = [
        "level",
        "sample",
        "component",
        "variation",
        "cut",
        "energy_low_keV",
        "energy_high_keV",
        "events",
    ]
    columns += [
        f"{name}{end}"
        for name in ("efficiency", "step_efficiency")
        for end in ("", "_low", "_high")
    ]
    rows: list[dict[str, Any]] = []
    for source, sums in levels(
        [record for record in records if record["binned"] is not None], "binned"
    ):
        edges = records[0]["edges_keV"]
        so_far = efficiency_interval(sums, sums[:, :1] + 0 * sums)
        step = efficiency_interval(sums, np.concatenate([sums[:, :1], sums[:, :-1]], axis=1))
        for place, cut in enumerate(_cut_names(records)):
            for bin_number in range(len(edges) - 1):
                row = {name: source.get(name, "") for name in columns[:4]}
                row |= {
                    "cut": cut,
                    "energy_low_keV": edges[bin_number],
                    "energy_high_keV": edges[bin_number + 1],
                }
                row |= {"events": int(sums[0, place, bin_number])}
                where = (place, bin_number)
                rows.append(
                    row
                    | _named("efficiency", so_far, where)
                    | _named("step_efficiency", step, where)
                )
    return pd.DataFrame(rows, columns=columns)


def _named(name: str, interval: tuple[Array, Array, Array], place: Any) -> dict[str, float]:
    value, low, high = (float(part[place]) for part in interval)
    return {name: value, f"{name}_low": low, f"{name}_high": high}


def _cut_names(records: Sequence[Settings]) -> list[str]:
    return ["all", *(cut["name"] for cut in records[0]["cuts"])]


def levels(records: Sequence[Settings], key: str) -> Iterable[tuple[Settings, Array]]:
    """Each run and sample, then the sums: of a stream's runs, and of a component's nominal
    samples."""
    _check_alike(records)
    for record in records:
        level = "run" if record["source"]["kind"] == "data" else "sample"
        yield {"level": level, **record["source"]}, np.asarray(record[key])
    yield from _summed(records, key, "stream", lambda source: source["kind"] == "data")
    yield from _summed(records, key, "component", lambda source: source.get("variation") == NOMINAL)


def _summed(
    records: Sequence[Settings], key: str, level: str, belongs: Callable[[Settings], bool]
) -> Iterable[tuple[Settings, Array]]:
    groups: dict[str, list[Settings]] = {}
    for record in records:
        if belongs(record["source"]):
            groups.setdefault(record["source"][level], []).append(record)
    for name, members in groups.items():
        source = {"level": level, "kind": members[0]["source"]["kind"], level: name}
        if level == "component":
            source["variation"] = NOMINAL
        yield source, np.sum([member[key] for member in members], axis=0)


def _check_alike(records: Sequence[Settings]) -> None:
    for record in records:
        for key in ("cuts", "edges_keV"):
            if record[key] != records[0][key]:
                raise InputError(
                    f"{_shown(record['source'])} was selected with other {key} than {_shown(records[0]['source'])}",
                    remedy="select all runs and samples again",
                )


def _shown(source: Settings) -> str:
    return f"run {source['run']}" if source["kind"] == "data" else f"sample {source['sample']}"
