"""Injection: known signals recovered, from toys and through the whole chain of events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exonu.core.errors import InputError
from exonu.core.seeds import derived_seed
from exonu.core.types import Array, Json
from exonu.search.limit_records import read_search
from exonu.search.studies.injected_cases import injected_signal, median_limit, split_case
from exonu.search.workspace import ONE_SIDED
from exonu.statistics import inject, mean_and_width, recover
from exonu.statistics.recovery import Injection

Records = Sequence[Mapping[str, Any]]

INSIDE, EDGE, ABSENT = "inside", "edge", "absent"
"""Where the truth of a parameter of one side is; whether there is one."""
MEAN_OF_ONE_SIDE = float(np.sqrt(2.0 / np.pi))
"""Of |x| with x standard normal."""
PULL_EDGES = np.linspace(-5.0, 5.0, 41)
LARGEST_MEAN, WIDTHS = 0.2, (0.9, 1.1)
"""What a pull has to meet: |mean| and the range of the width."""
WITHIN = 2.0
"""A signal counts as recovered if its pull is no larger."""
NOTES = (
    "Simulated. Strengths are multiples of the median expected limit on mu, to which the rate is proportional.",
    "pull: signed root of -2 ln L(true)/L(best fit), bound at zero released; hessian_pull: (best fit - true)/sigma.",
    "one_sided: where the truth of parameters with an effect to one side is, inside (the mean of that side) or at the",
    "edge, where any best fit is biased; judged are toys with a signal and a truth that is not at an edge.",
)
CHAIN_NOTES = (
    "Simulated. The signal's events go through simulate, ingest, reconstruct and select in the live times of the runs,",
    "with the true detector and the runs' dead photomultipliers, and are added to the selected data of the analysis:",
    "the events of the background are the same in all cases, those without signal (0) included.",
)


def toy_rows(
    file: Path, records: Records, statistics: Mapping[str, Any], seed: int
) -> tuple[list[Json], list[Json]]:
    """Toys of one hypothesis at each injected strength.

    Args:
        file: the workspace.
        records: limits of its interaction.
        statistics: the block `statistics` of the analysis's settings.
        seed: of the analysis.

    Returns:
        Rows of `toys.csv`, and of `pulls.csv`: the pulls as histograms, of what is judged.
    """
    model, meaning = read_search(file)
    study, level = statistics["injection"], statistics["confidence_level"]
    [record] = [record for record in records if record["name"] == file.stem]
    rows, histograms = [], []
    for truth, nuisance in _truths(model.parameters).items():
        signals = [
            injected_signal(records, file.stem, multiple)
            for multiple in study["strengths"]
            if multiple > 0 or truth != EDGE  # without a signal its shape is nothing
        ]
        points = inject(
            model,
            [signal.mu for signal in signals],
            study["toys"],
            derived_seed(seed, f"injection/{file.stem}"),
            median_limit(record),
            confidence_level=level,
            true_nuisance=nuisance,
        )
        for signal, point in zip(signals, points, strict=True):
            key = {
                **{name: meaning[name] for name in ("interaction", "flavour", "parameter", "unit")},
                "multiple": signal.multiple,
            }
            rows.append(
                {
                    **key,
                    "true_strength": signal.strength,
                    "one_sided": truth,
                    "judged": truth != EDGE and signal.multiple > 0,
                    **_toy_row(point, level),
                    **_flags(meaning),
                }
            )
            if truth != EDGE:
                histograms += _histogram(key, point)
    return rows, histograms


def _truths(parameters: Sequence[str]) -> dict[str, dict[str, float]]:
    """Values of the parameters of one side in the toys' truth, by where they are; an empty entry
    where there are none."""
    one_sided = [name for name in parameters if name.startswith(ONE_SIDED)]
    if not one_sided:
        return {ABSENT: {}}
    return {INSIDE: dict.fromkeys(one_sided, MEAN_OF_ONE_SIDE), EDGE: dict.fromkeys(one_sided, 0.0)}


def _histogram(key: Json, point: Injection) -> list[Json]:
    counts = np.histogram(point.pull, PULL_EDGES)[0]
    return [
        {**key, "low": low, "high": high, "toys": int(n)}
        for low, high, n in zip(PULL_EDGES[:-1], PULL_EDGES[1:], counts, strict=True)
    ]


def _toy_row(point: Injection, level: float) -> Json:
    pull, hessian = mean_and_width(point.pull), mean_and_width(point.hessian_pull)
    meets = abs(pull["mean"]) <= LARGEST_MEAN and WIDTHS[0] <= pull["width"] <= WIDTHS[1]
    return {
        "true_mu": point.true_value,
        "n_toys": point.n_toys,
        "failed": point.failed,
        "multimodal": point.multimodal,
        "mean_mu": float(point.best_fit.mean()) if point.n_toys else float("nan"),
        **{f"pull_{name}": value for name, value in pull.items()},
        **{f"hessian_pull_{name}": value for name, value in hessian.items()},
        "without_sigma": int(np.count_nonzero(~np.isfinite(point.sigma))),
        "meets": meets,
        "fraction_at_limit": float(point.at_limit.mean()) if point.n_toys else float("nan"),
        "fraction_at_bound": point.fraction_at_bound,
        "confidence_level": level,
        "coverage": point.coverage,
        "above_expected": point.above_reference,
        "bounded_failed": point.bounded_failed,
    }


def _flags(meaning: Mapping[str, Any]) -> Json:
    return {"blinded": bool(meaning["blinded"]), "is_simulated": bool(meaning["is_simulated"])}


def chain_rows(
    file: Path, records: Records, added: Mapping[str, Array], edges_keV: Array
) -> list[Json]:
    """The full chain: signals of one hypothesis as fitted to the data with their events added.

    Args:
        file: the workspace.
        records: limits of its interaction.
        added: selected signal events by bin of each case, shape (n_bins,); bins of the whole
            analysis.
        edges_keV: edges of these bins, shape (n_bins + 1,).

    Returns:
        Rows of `injection.csv`, the first without signal.
    """
    model, meaning = read_search(file)
    [record] = [record for record in records if record["name"] == file.stem]
    inside = _inside(edges_keV, meaning.get("fit_range_keV"))
    mine = {
        case: counts[inside] for case, counts in added.items() if split_case(case)[0] == file.stem
    }
    cases = [(injected_signal(records, *split_case(case)), counts) for case, counts in mine.items()]
    nothing = injected_signal(records, file.stem, 0.0)
    rows = []
    for signal, counts in [(nothing, np.zeros(model.n_bins)), *cases]:
        if counts.shape != (model.n_bins,):
            raise InputError(
                f"has {model.n_bins} bins, and the injected events have {counts.size}", file=file,
                remedy="make the workspaces again with snakemake",
            )  # fmt: skip
        found = recover(model, model.observed + counts, signal.mu)
        one, none = model.theta({model.poi: signal.mu}), model.theta({model.poi: 0.0})
        rows.append(
            {
                **{name: meaning[name] for name in ("interaction", "flavour", "parameter", "unit")},
                "multiple": signal.multiple,
                "injected": signal.strength,
                "recovered": _signed(found.best_fit, meaning),
                "recovered_low": _signed(found.low, meaning),
                "recovered_high": _signed(found.high, meaning),
                "low_at_bound": found.low_at_bound,
                "median_limit_mu": median_limit(record),
                "injected_mu": signal.mu,
                "recovered_mu": found.best_fit,
                "sigma_mu": found.sigma,
                "low_mu": found.low,
                "high_mu": found.high,
                "pull": found.pull,
                "within_2_sigma": bool(found.converged and abs(found.pull) <= WITHIN),
                "converged": found.converged,
                "selected_events": int(counts.sum()),
                "expected_events": float((model.expected(one) - model.expected(none)).sum()),
                "data_events": round(float(model.observed.sum())),
                **_flags(meaning),
            }
        )
    return rows


def _inside(edges_keV: Array, fit_range: Sequence[float] | None) -> NDArray[np.bool_]:
    if fit_range is None:
        return np.ones(len(edges_keV) - 1, dtype=bool)
    low, high = fit_range
    return np.asarray((edges_keV[:-1] > low - 1e-6) & (edges_keV[1:] < high + 1e-6))


def _signed(mu: float, meaning: Mapping[str, Any]) -> float:
    """The physical parameter of a μ that may be negative, with its sign."""
    return float(np.sign(mu) * meaning["reference_strength"] * abs(mu) ** (1 / meaning["power"]))


def summary(toys: pd.DataFrame, chain: pd.DataFrame) -> Json:
    """What `injection.json` says: whether the toys' pulls are those of a Gaussian, and which
    signals were recovered."""
    judged = toys[toys["judged"]]
    injected = chain[chain["multiple"] > 0]
    return {
        "demands": {
            "largest_mean": LARGEST_MEAN,
            "widths": list(WIDTHS),
            "chain_within_sigma": WITHIN,
        },
        "toys_with_signal_meet": bool(judged["meets"].all()),
        "chain_recovered": int(injected["within_2_sigma"].sum()),
        "chain_cases": len(injected),
        "notes": [*NOTES, *CHAIN_NOTES],
        "toys": _records(toys),
        "chain": _records(chain),
    }


def _records(table: pd.DataFrame) -> list[Json]:
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def energies_by_bin(files: Iterable[Path], edges_keV: Array) -> Array:
    """Selected events of some runs by bin, shape (n_bins,)."""
    from exonu.events.raw.root_files import read_columns
    from exonu.templates.histograms import ENERGY, Histogram, fill

    total = Histogram.empty(edges_keV)
    for file in files:
        for columns in read_columns(file, names=[ENERGY]):
            total += fill(columns[ENERGY], 1.0, edges_keV)
    return np.asarray(total.values)
