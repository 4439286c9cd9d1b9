"""The reports of all runs and samples together: a table, and notes that no single report can have."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

import pandas as pd

from exonu.core.settings import Settings
from exonu.events.plausibility import OF_TABLES, QUANTITIES

_log = logging.getLogger(__name__)
ORDER_OF_MAGNITUDE = 10
"""Medians of data that are so many times above all samples, or below, are of another unit."""
COLUMNS = ("name", "n_events", "n_hits", "live_time_s", "first_time_s", "last_time_s")


def ingest_table(reports: Sequence[Settings]) -> pd.DataFrame:
    """A row for each run and sample.

    Args:
        reports: of `ingest`, as JSON has them.

    Returns:
        `COLUMNS`, and `median_<quantity>` for each of `plausibility.QUANTITIES`: charge of a hit and
        of an event [PE], RMS of its hit times [ns], number of its hits; NaN where there is none.
    """
    reconstructed = any(name in report["medians"] for report in reports for name in OF_TABLES)
    quantities = [*QUANTITIES, *(OF_TABLES if reconstructed else ())]
    rows = [
        {name: report[name] for name in COLUMNS}
        | {f"median_{name}": report["medians"].get(name) for name in quantities}
        for report in reports
    ]
    numbers = [*COLUMNS[1:], *(f"median_{name}" for name in quantities)]
    return pd.DataFrame(rows).astype(dict.fromkeys(numbers, float))


def ingest_notes(reports: Sequence[Settings]) -> list[str]:
    """All notes: those of each report with its name, runs of equal words together, and those on data
    that are nothing like the simulation."""
    names: dict[str, list[str]] = {}
    for report in reports:
        for note in report["notes"]:
            names.setdefault(note, []).append(report["name"])
    found = [f"{_listed(of)}: {note}" for note, of in names.items()]
    compared = list(_compared(reports))
    for note in compared:
        _log.warning("%s", note)
    return found + compared


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _compared(reports: Sequence[Settings]) -> Iterator[str]:
    """Medians of data that no sample comes near: most often a unit."""
    samples = [report for report in reports if report["live_time_s"] is None]
    runs = [report for report in reports if report["live_time_s"] is not None]
    for name, meaning in (QUANTITIES | OF_TABLES).items():
        simulated = [value for report in samples if (value := report["medians"].get(name))]
        apart: dict[str, list[Settings]] = {"above": [], "below": []}
        for report in runs if simulated else ():
            value = report["medians"].get(name)
            if value and value > ORDER_OF_MAGNITUDE * max(simulated):
                apart["above"].append(report)
            elif value and value < min(simulated) / ORDER_OF_MAGNITUDE:
                apart["below"].append(report)
        for side, found in apart.items():
            if found:
                of, value = _listed([report["name"] for report in found]), found[0]["medians"][name]
                yield (
                    f"{of}: the median {meaning} is {value:.3g}, and that of the simulation "
                    f"{min(simulated):.3g} to {max(simulated):.3g}: an order of magnitude {side}; are the units right?"
                )
