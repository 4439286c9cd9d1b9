"""How much of a spectrum is in front of dead photomultipliers, before and after their correction;
and the truth of it.

Simulated data know which of their events are in front of dead photomultipliers: the demonstration's
    own check. It holds
few events and activities that differ too; the closure (`closure`) tests the correction alone, with
enough of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from exonu.events.runs.run_list import NOMINAL, PHYSICS
from exonu.templates.dead_pmt.correction import DeadPmtCorrection, Varied
from exonu.templates.histograms import Histogram, Spectra, Split

REGION_KEV = (2.0, 15.0)


def check_table(
    spectra: Spectra, correction: DeadPmtCorrection, region_keV: tuple[float, float] = REGION_KEV
) -> pd.DataFrame:
    """One row for each component, for all of them, and for the data if their truth is known.

    Args:
        spectra: of selected events.
        correction: c(E).
        region_keV: from edge to edge of the histograms' bins.

    Returns:
        Columns in events per day within the region: `all` (corrected), `dead_uncorrected`,
            `dead_corrected` with the
        ends of its interval; statistical errors; `share` of the corrected dead part; for the data
        their true `dead`, and how far each template of simulation is from it in standard
        deviations.
    """
    samples = {
        name: split for (name, variation), split in spectra.samples.items() if variation == NOMINAL
    }
    rows = [_row(name, split, correction, region_keV) for name, split in samples.items()]
    if samples:
        first, *others = samples.values()
        rows.append(_row("all components", sum(others, first), correction, region_keV))
    if spectra.truth_of_data and PHYSICS in spectra.data:
        rows.append(_data_row(spectra, rows[-1] if samples else {}, region_keV))
    return pd.DataFrame(rows)


def _row(
    name: str, split: Split, correction: DeadPmtCorrection, region: tuple[float, float]
) -> dict[str, Any]:
    before, _ = _sum(split.correctable, region)
    dead = correction.applied(Split(split.correctable, Histogram.empty(split.rest.edges_keV)))
    whole: Varied = correction.applied(split)
    total, total_error = _sum(whole.nominal, region)
    row: dict[str, Any] = {
        "component": name,
        "energy_low_keVee": region[0],
        "energy_high_keVee": region[1],
    }
    row |= {"all": total, "all_error": total_error}
    row |= {
        "dead_uncorrected": before,
        "dead_uncorrected_error": _sum(split.correctable, region)[1],
    }
    for end, histogram in (("", dead.nominal), ("_up", dead.up), ("_down", dead.down)):
        row[f"dead_corrected{end}"] = _sum(histogram, region)[0]
    row["dead_corrected_error"] = _sum(dead.nominal, region)[1]
    row["share"] = row["dead_corrected"] / total if total else np.nan
    return row


def _data_row(
    spectra: Spectra, simulation: dict[str, Any], region: tuple[float, float]
) -> dict[str, Any]:
    """The truth in the data, with the distances of the templates from it."""
    split, days = spectra.data[PHYSICS], spectra.live_days
    (dead, _), (total, _) = _sum(split.correctable, region), _sum(split.total, region)
    row = {
        "component": "data (truth)",
        "energy_low_keVee": region[0],
        "energy_high_keVee": region[1],
    }
    row |= {"all": total / days, "all_error": np.sqrt(total) / days}
    row |= {
        "dead": dead / days,
        "dead_error": np.sqrt(dead) / days,
        "share": dead / total if total else np.nan,
    }
    for name in ("uncorrected", "corrected") if simulation else ():
        expected, error = simulation[f"dead_{name}"], simulation[f"dead_{name}_error"]
        more = 0.0
        if name == "corrected":
            more = simulation["dead_corrected_up"] - expected
            if dead / days < expected:
                more = expected - simulation["dead_corrected_down"]
        sigma = np.sqrt(expected / days + error**2 + more**2)
        row[f"sigma_from_{name}"] = (dead / days - expected) / sigma if sigma else np.nan
    return row


def _sum(histogram: Histogram, region: tuple[float, float]) -> tuple[float, float]:
    """Sum and statistical error within a region."""
    one = histogram.rebinned(region)
    return float(one.values[0]), float(one.errors[0])
