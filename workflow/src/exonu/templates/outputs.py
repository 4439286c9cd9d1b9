"""Tables and ROOT histograms of the step `templates`, and its check of the response."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from exonu.core.files import canonical_json, whole_or_absent
from exonu.events.raw.root_files import METADATA
from exonu.interactions import Physics, RecoilSpectra
from exonu.templates.filling import Templates
from exonu.templates.histograms import Histogram, th1d
from exonu.templates.packing import unpacked
from exonu.templates.simulated_samples import SIGNAL
from exonu.templates.unseen import PREFIX

if TYPE_CHECKING:
    import pandas as pd


LEAST_EVENTS = 20.0
"""Effective events in a bin of the check: below, the error of a weighted count means little."""


def systematics_table(
    templates: Templates, norms: Mapping[str, tuple[str, float]], report: Sequence[float]
) -> pd.DataFrame:
    """What each systematic does to each component: relative changes by range, and whether it is
    part of the model.

    Args:
        templates: filled.
        norms: by nuisance parameter, its status and size, of the efficiencies of cuts.
        report: ranges of the rows of cuts and of the simulation's statistics.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for effect in templates.effects:
        one, verdict = effect.systematic, effect.verdict
        columns = (effect.up, effect.up_error, effect.down, effect.down_error)
        for place, (low, high) in enumerate(pairwise(effect.ranges_keV)):
            up, up_error, down, down_error = (float(column[place]) for column in columns)
            values = (up, up_error, down, down_error, verdict, one.status)
            rows.append(_row(one.name, one.kind, effect.component, low, high, *values))
    content = templates.content
    everywhere = (float(report[0]), float(report[-1]))
    for name, touched in {SIGNAL: content["response"], **content["backgrounds"]}.items():
        for norm in touched["norms"]:
            status, size = norms[norm]
            rows.append(
                _row(
                    norm,
                    "cut",
                    name,
                    *everywhere,
                    size,
                    0.0,
                    1 / (1 + size) - 1,
                    0.0,
                    "kept",
                    status,
                )
            )
    for name in content["backgrounds"]:
        spectrum = templates.histograms[name]
        for low, high in pairwise(report):
            middle = (spectrum.edges_keV[:-1] + spectrum.edges_keV[1:]) / 2
            inside = (middle >= low) & (middle < high)
            total, variance = spectrum.values[inside].sum(), spectrum.variances[inside].sum()
            size = float(np.sqrt(variance) / total) if total > 0 else np.nan
            rows.append(
                _row(
                    "mc-statistics",
                    "statistics",
                    name,
                    low,
                    high,
                    size,
                    0.0,
                    -size,
                    0.0,
                    "kept",
                    "derived",
                )
            )
    return pd.DataFrame(rows)


def _row(systematic: str, kind: str, component: str, low: float, high: float, up: float, up_error: float,
         down: float, down_error: float, verdict: str, status: str) -> dict[str, Any]:  # fmt: skip
    return {
        "systematic": systematic, "kind": kind, "component": component, "energy_low_keVee": low,
        "energy_high_keVee": high, "up": up, "up_error": up_error, "down": down, "down_error": down_error,
        "verdict": verdict, "status": status,
    }  # fmt: skip


def solar_check(templates: Templates) -> dict[str, Any] | None:
    """Compare the selected events of the solar sample with the folded rate of the weak interaction.

    Both are simulated with the default physics. The error is that of the sample alone, so that χ²
    also counts what the response's own events scatter.

    Returns:
        χ², its number of bins and probability, expected and selected counts; None without a solar
        sample.
    """
    from scipy.special import gammaincc

    if templates.solar is None:
        return None
    content = templates.content
    response = content["response"]
    edges = np.asarray(content["edges_keV"])
    rate = (
        RecoilSpectra(np.asarray(response["true_energy_keV"]), Physics()).rate("weak").sum(axis=0)
    )
    expected = unpacked(response["matrix"], len(edges) - 1) @ rate
    merged = _merged(templates.solar, LEAST_EVENTS)
    if merged is None:
        return {"chi2": None, "bins": 0, "p_value": None, "expected": float(expected.sum()),
                "selected": float(templates.solar.values.sum() * content["live_days"])}  # fmt: skip
    place = np.searchsorted(edges, merged.edges_keV)
    sums = np.add.reduceat(np.append(expected, 0.0), place)[:-1]
    days = content["live_days"]
    chi2 = float((((days * merged.values - sums) / (days * merged.errors)) ** 2).sum())
    bins = len(sums)
    return {
        "chi2": chi2, "bins": bins, "p_value": float(gammaincc(bins / 2, chi2 / 2)),
        "expected": float(sums.sum()), "selected": float(days * merged.values.sum()),
    }  # fmt: skip


def _merged(spectrum: Histogram, least: float) -> Histogram | None:
    """Bins joined from below until each has enough effective events; None if all together have
    not."""
    kept = [0]
    for place in range(1, len(spectrum.edges_keV)):
        if spectrum.rebinned(spectrum.edges_keV[[kept[-1], place]]).effective_entries[0] >= least:
            kept.append(place)
    return spectrum.rebinned(spectrum.edges_keV[kept]) if len(kept) > 1 else None


def write_root(path: Path, templates: Templates) -> None:
    """Write the templates as TH1D: `<background>/nominal`, `<background>/<parameter>_up` and
    `_down`, `<background>/unseen_<range>` (`unseen`), and `data`.

    All are counts in the live time, of the samples' own activities.
    """
    import uproot

    content = templates.content
    edges, days = np.asarray(content["edges_keV"]), content["live_days"]
    keys = ("name", "reference", "is_simulated", "live_days")
    with (
        whole_or_absent(path) as beside,
        uproot.recreate(str(beside), compression=uproot.ZSTD(1)) as file,
    ):
        file[METADATA] = canonical_json(
            {key: content[key] for key in keys} | {"blind": content["observed"] is None}
        )
        for name, spectrum in templates.histograms.items():
            if name == "data":
                file["data"] = th1d(spectrum, "data", "data;energy [keVee];events")
                continue
            found = content["backgrounds"][name]
            title = f"{found['label']};energy [keVee];events"
            file[f"{name}/nominal"] = th1d(spectrum.scaled(days), "nominal", title)
            for energy_range, one in found["unseen"].items():
                rare, name_of = np.asarray(one["counts"]), f"{PREFIX}_{energy_range}"
                made = Histogram(edges, rare, np.square(one["shape_error"]), np.zeros_like(rare))
                file[f"{name}/{name_of}"] = th1d(made, name_of, title)
            for parameter, ways in found["variations"].items():
                for way, counts in ways.items():
                    values = np.asarray(counts)
                    varied = Histogram(edges, values, np.zeros_like(values), spectrum.entries)
                    file[f"{name}/{parameter}_{way}"] = th1d(varied, f"{parameter}_{way}", title)
