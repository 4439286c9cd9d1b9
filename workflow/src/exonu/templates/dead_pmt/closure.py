"""Closure of the dead-PMT correction: does it bring simulation to the truth where the optics are
others?

"Data" are traced with declared other optics, simulation with the nominal ones; both are
reconstructed with the nominal light map. In each, events on windows of living photomultipliers give
probes, and so c(E); events on windows of dead ones give the truth and what is to be corrected. Over
the whole wall the dead ones are a per cent of the area and the effect would drown: here they have a
declared number of events in each bin of visible energy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from exonu.core.errors import InputError
from exonu.core.settings import Settings
from exonu.core.types import Array
from exonu.events.raw.root_files import read_columns, read_metadata
from exonu.templates.dead_pmt.closure_windows import SETS
from exonu.templates.dead_pmt.correction import CorrectionSettings, DeadPmtCorrection, measure
from exonu.templates.dead_pmt.probes import TREE, Probes
from exonu.templates.histograms import Histogram, fill

if TYPE_CHECKING:
    import pandas as pd

Booleans = NDArray[np.bool_]

LEVEL = 0.99


@dataclass(frozen=True)
class Comparison:
    """A template against the truth.

    Attributes:
        expected: template, in events.
        error: of truth and template together, shape (n_bins,).
        chi2: Σ ((truth − expected)/error)² over the compared bins.
    """

    expected: Array
    error: Array
    chi2: float


@dataclass(frozen=True)
class Closure:
    """Result of the closure.

    Attributes:
        correction: from the probes.
        truth: leaked events of the data on dead windows.
        corrected, uncorrected: the templates of simulation against it.
        compared: bins with a measured c, shape (n_bins,).
    """

    correction: DeadPmtCorrection
    truth: Histogram
    corrected: Comparison
    uncorrected: Comparison
    compared: Booleans

    @property
    def interval(self) -> tuple[float, float]:
        """Central 99 % range of χ²/n."""
        from scipy.stats import chi2

        n = max(int(self.compared.sum()), 1)
        low, high = chi2.ppf([(1 - LEVEL) / 2, (1 + LEVEL) / 2], n) / n
        return float(low), float(high)

    def summary(self) -> Settings:
        """The result in numbers; `closes` is whether correction is both enough and needed."""
        n = int(self.compared.sum())
        low, high = self.interval
        found = {
            name: getattr(self, name).chi2 / max(n, 1) for name in ("corrected", "uncorrected")
        }
        record: Settings = {f"chi2_per_bin_{name}": value for name, value in found.items()}
        return record | {
            "bins": n,
            "range_99_percent": [low, high],
            "corrected_agrees": bool(n > 0 and low <= found["corrected"] <= high),
            "uncorrected_agrees": bool(n > 0 and low <= found["uncorrected"] <= high),
            "leaked_on_dead_windows": {
                "data": float(self.truth.values.sum()),
                "simulation": float(self.uncorrected.expected.sum()),
            },
            "correction": self.correction.as_json(),
            "is_simulated": True,
        }

    def table(self) -> pd.DataFrame:
        """One row per bin."""
        import pandas as pd

        edges, c = self.truth.edges_keV, self.correction
        columns: dict[str, Any] = {"energy_low_keVee": edges[:-1], "energy_high_keVee": edges[1:]}
        columns |= {"truth": self.truth.values}
        for name in ("uncorrected", "corrected"):
            comparison: Comparison = getattr(self, name)
            columns |= {name: comparison.expected, f"{name}_error": comparison.error}
        columns |= {"factor": c.factor, "factor_down": c.factor_down, "factor_up": c.factor_up}
        return pd.DataFrame(columns | {"compared": self.compared})


def compare(
    probes: Mapping[str, Probes],
    windows: Mapping[str, Probes],
    settings: CorrectionSettings | None = None,
) -> Closure:
    """Correct simulation and compare it with the truth.

    Args:
        probes: on living windows, by set.
        windows: events on dead windows, by set, equally many of both.
        settings: of the correction.
    """
    correction = measure(probes["data"], probes["simulation"], settings, is_simulated=True)
    edges = correction.edges_keV
    leaked = {name: part.energy_keVee[part.leaked] for name, part in windows.items()}
    truth, template = (fill(leaked[name], 1.0, edges) for name in SETS)
    compared = correction.measured & (truth.values + template.values > 0)
    one = np.ones(len(compared))
    ends = (correction.factor, correction.factor_up, correction.factor_down)
    corrected, uncorrected = (
        _compared(truth, template, factors, compared) for factors in (ends, (one, one, one))
    )
    return Closure(correction, truth, corrected, uncorrected, compared)


def _compared(
    truth: Histogram, template: Histogram, factors: tuple[Array, Array, Array], where: Booleans
) -> Comparison:
    """χ² of a template times c against the truth.

    If c is right, the truth is Poisson with mean cλ and the template with mean λ, of which (truth +
    template)/(1 + c) is the best estimate; the variance of their difference is then cλ(1 + c), also
    where the counts are few."""
    c, up, down = factors
    mean = (truth.values + template.values) / (1 + c)
    deviation = np.where(truth.values > c * template.values, up - c, c - down)
    error = np.sqrt(c * mean * (1 + c) + (deviation * mean) ** 2)
    pull = (truth.values - c * template.values)[where] / error[where]
    return Comparison(c * template.values, error, float(pull @ pull))


def closure_of(files: Sequence[str | Path], settings: Settings) -> Closure:
    """The closure from the files of the step `closure_events`.

    Raises:
        InputError: a set that has no file.
    """
    probes: dict[str, list[Probes]] = {name: [] for name in SETS}
    windows: dict[str, list[Probes]] = {name: [] for name in SETS}
    for file in files:
        which = read_metadata(file).get("set")
        if which not in SETS:
            raise InputError(
                "holds no events of the closure", file=file, remedy="give files of `closure_events`"
            )
        for columns in read_columns(file, TREE):
            on_dead = columns.pop("on_dead")
            for parts, rows in ((probes, ~on_dead), (windows, on_dead)):
                parts[which].append(
                    Probes(**{name: column[rows] for name, column in columns.items()})
                )
    if missing := [name for name in SETS if not probes[name] or not windows[name]]:
        raise InputError(
            f"has no events of the {missing[0]}",
            field="closure",
            remedy="give the files of both sets",
        )
    choices = CorrectionSettings.from_settings(settings["dead_pmt"])
    together = [
        {name: Probes.join(parts) for name, parts in kind.items()} for kind in (probes, windows)
    ]
    return compare(together[0], together[1], choices)
