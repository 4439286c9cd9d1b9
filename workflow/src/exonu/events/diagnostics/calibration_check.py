"""⁵⁷Co at the centre, data against simulation: scale and resolution of the energy, bias and spread
of the vertex.

The γ-rays of 122.06 and 136.47 keV are fitted as two normal distributions whose means and widths go
with the energy and its square root, by the likelihood of Poisson counts. What data and simulation
disagree about is the uncertainty of the energy scale."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import least_squares
from scipy.special import ndtr

from exonu.core.errors import InputError
from exonu.core.files import plain, write_csv, write_json
from exonu.core.settings import Settings
from exonu.core.types import Array
from exonu.decays.beta_spectra import decay_rows
from exonu.events.raw.root_files import open_tree, read_columns
from exonu.events.selection.cuts import TREE

if TYPE_CHECKING:
    import pandas as pd


FEWEST = 100
"""Events that a fit needs."""
AROUND = (0.85, 1.3)
"""The fit's range over the median energy."""
BINS = 60
COORDINATES = ("x", "y", "z")
_COLUMNS = ("energy_keVee", "x_pe_cm", "y_pe_cm", "z_pe_cm", "weight")
_HALF_ONE_SIGMA = 0.3413447460685429


@dataclass(frozen=True)
class Peak:
    """The fitted line of 122 keV.

    Attributes:
        events: in the fit.
        mean_keVee, sigma_keVee: with their errors.
        second_share: of the line of 136 keV in both.
        chi2, degrees: deviance of the fit, and degrees of freedom.
    """

    events: float
    mean_keVee: float
    mean_error_keVee: float
    sigma_keVee: float
    sigma_error_keVee: float
    second_share: float
    second_share_error: float
    chi2: float
    degrees: int

    @property
    def resolution(self) -> float:
        """Relative width."""
        return self.sigma_keVee / self.mean_keVee


@dataclass(frozen=True)
class Calibrated:
    """Reconstructed events of the source.

    Attributes:
        energy_keVee, weight: shape (n,).
        vertex_cm: shape (n, 3).
        true_cm: mean of the true places; None for data.
    """

    energy_keVee: Array
    vertex_cm: Array
    weight: Array
    true_cm: Array | None = None


@cache
def lines_keV() -> tuple[float, float]:
    """Energies of the two γ-rays, from `resources/decays`.

    >>> [round(line, 2) for line in lines_keV()]
    [122.06, 136.47]
    """
    rows = [row for row in decay_rows("transitions") if row["nuclide"] == "Co57"]
    upper = min(float(row["level_keV"]) for row in rows if float(row["level_keV"]) > 100)
    energies = sorted(
        upper - float(row["final_keV"]) for row in rows if float(row["level_keV"]) == upper
    )
    return energies[0], energies[1]


def expected_counts(edges_keVee: Array, parameters: Array) -> Array:
    """Counts in bins of two lines.

    Args:
        edges_keVee: shape (n + 1,).
        parameters: events, mean and σ of the first line [keVee], share of the second in both.

    Returns:
        Shape (n,).
    """
    events, mean, sigma, second = parameters
    ratio = lines_keV()[1] / lines_keV()[0]
    first = np.diff(ndtr((edges_keVee - mean) / sigma))
    other = np.diff(ndtr((edges_keVee - ratio * mean) / (np.sqrt(ratio) * sigma)))
    return np.asarray(events * ((1 - second) * first + second * other))


def fit_peak(counts: Array, edges_keVee: Array, weight: float = 1.0) -> Peak:
    """Fit the two lines.

    Args:
        counts: sum of weights by bin, shape (n,).
        edges_keVee: shape (n + 1,).
        weight: Σw²/Σw, 1 for unweighted events: counts over it have Poisson errors.

    Returns:
        The peak; errors from the Fisher information of the fitted model.
    """
    n = np.asarray(counts, dtype=np.float64) / weight
    middle = (edges_keVee[1:] + edges_keVee[:-1]) / 2
    top = float(middle[np.argmax(n)])

    def residuals(parameters: Array) -> Array:
        mu = np.maximum(expected_counts(edges_keVee, parameters), 1e-9)
        deviance = 2 * (mu - n + np.where(n > 0, n * np.log(np.maximum(n, 1e-9) / mu), 0.0))
        return np.asarray(np.sign(n - mu) * np.sqrt(np.maximum(deviance, 0)))

    start = np.array([n.sum(), top, 0.04 * top, 0.1])
    low, high = [0.0, edges_keVee[0], 0.002 * top, 0.0], [np.inf, edges_keVee[-1], 0.5 * top, 0.6]
    found = least_squares(
        residuals, start, bounds=(low, high), x_scale=[max(n.sum(), 1.0), top, 0.04 * top, 0.1]
    )
    error = np.sqrt(np.diag(_covariance(lambda x: expected_counts(edges_keVee, x), found.x)))
    return Peak(
        events=float(found.x[0]),
        mean_keVee=float(found.x[1]),
        mean_error_keVee=float(error[1]),
        sigma_keVee=float(found.x[2]),
        sigma_error_keVee=float(error[2]),
        second_share=float(found.x[3]),
        second_share_error=float(error[3]),
        chi2=float(2 * found.cost),
        degrees=len(n) - 4,
    )


def _covariance(model: Callable[[Array], Array], parameters: Array) -> Array:
    """Inverse Fisher information of Poisson counts, by central differences."""
    slopes = []
    for place, value in enumerate(parameters):
        step = np.zeros_like(parameters)
        step[place] = 1e-4 * max(abs(value), 1e-3)
        slopes.append((model(parameters + step) - model(parameters - step)) / (2 * step[place]))
    slope, mu = np.array(slopes), np.maximum(model(parameters), 1e-12)
    return np.asarray(np.linalg.pinv((slope / mu) @ slope.T))


def peak_of(events: Calibrated, what: str) -> tuple[Peak, Array, Array]:
    """Fit events around the median of their energies.

    Returns:
        The peak, the counts (weighted) and the edges of the bins [keVee].

    Raises:
        InputError: fewer than `FEWEST` events; `what` names them.
    """
    energy = events.energy_keVee[np.isfinite(events.energy_keVee)]
    if len(energy) < FEWEST:
        raise InputError(
            f"has {len(energy)} reconstructed events, and the fit of the 122 keV line needs {FEWEST}",
            field=what,
            remedy="take or simulate more events of the source",
        )
    edges = np.median(energy) * np.linspace(*AROUND, BINS + 1)
    counts = np.histogram(events.energy_keVee, edges, weights=events.weight)[0]
    return (
        fit_peak(counts, edges, float(np.sum(events.weight**2) / np.sum(events.weight))),
        counts,
        edges,
    )


def vertex_of(events: Calibrated, peak: Peak, source_cm: Array) -> dict[str, list[float]]:
    """Bias (median) and spread (half the central 68.27 %) of the vertices of events in the peak,
    with errors [cm]."""
    near = np.abs(events.energy_keVee - peak.mean_keVee) < 2 * peak.sigma_keVee
    shift = events.vertex_cm[near & np.isfinite(events.vertex_cm).all(axis=1)] - source_cm
    low, middle, high = np.quantile(
        shift, [0.5 - _HALF_ONE_SIGMA, 0.5, 0.5 + _HALF_ONE_SIGMA], axis=0
    )
    spread, root = (high - low) / 2, np.sqrt(len(shift))
    errors = {
        "bias_error_cm": np.sqrt(np.pi / 2) * spread / root,
        "spread_error_cm": 0.96 * spread / root,
    }
    return {
        name: list(values)
        for name, values in {"bias_cm": middle, "spread_cm": spread, **errors}.items()
    }


def energy_scale(runs: Sequence[Peak], data: Peak, simulation: Peak) -> dict[str, float]:
    """What is not known of the energy scale, relative.

    Args:
        runs: each calibration run.
        data: all of them.
        simulation: the same source.

    Returns:
        `difference` of data from simulation and its statistical `error`; `run_spread`, the spread
        of the runs beyond their errors; `uncertainty`, the three in quadrature.
    """
    ratio = data.mean_keVee / simulation.mean_keVee
    error = ratio * np.hypot(
        data.mean_error_keVee / data.mean_keVee, simulation.mean_error_keVee / simulation.mean_keVee
    )
    means = np.array([run.mean_keVee for run in runs])
    errors = np.array([run.mean_error_keVee for run in runs])
    beyond = float(np.var(means, ddof=1) - np.mean(errors**2)) if len(means) > 1 else 0.0
    spread = np.sqrt(max(beyond, 0.0)) / data.mean_keVee
    total = np.sqrt((ratio - 1) ** 2 + error**2 + spread**2)
    return {
        "difference": float(ratio - 1), "error": float(error), "run_spread": float(spread), "uncertainty": float(total),
    }  # fmt: skip


def calibration_check(
    settings: Settings,
    reconstructed: Sequence[str | Path],
    output: str | Path,
    spectrum: str | Path,
) -> None:
    """Run the job of the step `calibration_check`.

    Args:
        settings: of `diagnostics_jobs.calibration_settings`.
        reconstructed: the files of its sources, in their order.
        output: JSON of the results.
        spectrum: CSV of energies and vertices, with the fitted lines.
    """
    read = [_read(Path(file)) for file in reconstructed]
    rows = settings["sources"]
    if len(read) != len(rows):
        raise InputError(
            f"are {len(read)} for {len(rows)} runs and samples",
            field="files",
            remedy="give one of each",
        )
    parts = {
        kind: [one for one, row in zip(read, rows, strict=True) if row["kind"] == kind]
        for kind in _KINDS
    }
    joined = {kind: _joined(part) for kind, part in parts.items()}
    true = joined["simulation"].true_cm
    source = np.zeros(3) if true is None else true
    runs = [row["run"] for row in rows if row["kind"] == "data"]
    by_run = [peak_of(one, f"run {run}")[0] for run, one in zip(runs, parts["data"], strict=True)]
    fits = {kind: peak_of(one, kind) for kind, one in joined.items()}
    results = {
        kind: _as_json(fits[kind][0]) | vertex_of(joined[kind], fits[kind][0], source)
        for kind in _KINDS
    }
    record = {
        "name": settings["name"],
        "is_simulated": settings["is_simulated"],
        "lines_keV": lines_keV(),
        "source_cm": source,
        **results,
        "runs": {str(run): _as_json(peak) for run, peak in zip(runs, by_run, strict=True)},
        "energy_scale": energy_scale(by_run, fits["data"][0], fits["simulation"][0]),
    }
    write_csv(spectrum, _spectrum(joined, fits, source))
    write_json(output, plain(record))


_KINDS = ("data", "simulation")


def _as_json(peak: Peak) -> dict[str, Any]:
    error = peak.resolution * np.hypot(
        peak.sigma_error_keVee / peak.sigma_keVee, peak.mean_error_keVee / peak.mean_keVee
    )
    return {**asdict(peak), "resolution": peak.resolution, "resolution_error": float(error)}


def _read(path: Path) -> Calibrated:
    truth = tuple(f"true_{axis}_cm" for axis in COORDINATES)
    with open_tree(path, TREE, allow_empty=True) as tree:
        has_truth = set(truth) <= set(tree.branches)
    wanted = (*_COLUMNS, *(truth if has_truth else ()))
    chunks = list(read_columns(path, TREE, wanted))
    columns = {
        name: np.concatenate([np.empty(0), *(chunk[name] for chunk in chunks)]) for name in wanted
    }
    vertex = np.stack([columns[f"{axis}_pe_cm"] for axis in COORDINATES], axis=1)
    true = np.array([columns[name].mean() for name in truth]) if has_truth and len(vertex) else None
    return Calibrated(columns["energy_keVee"], vertex, columns["weight"], true)


def _joined(parts: Sequence[Calibrated]) -> Calibrated:
    true = next((part.true_cm for part in parts if part.true_cm is not None), None)
    energy, vertex, weight = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("energy_keVee", "vertex_cm", "weight")
    )
    return Calibrated(energy, vertex, weight, true)


def _spectrum(
    joined: Mapping[str, Calibrated],
    fits: Mapping[str, tuple[Peak, Array, Array]],
    source_cm: Array,
) -> pd.DataFrame:
    """Energies and coordinates of data and simulation, which is scaled to as many events, with the
    fitted lines."""
    import pandas as pd

    data, simulation = joined["data"], joined["simulation"]
    edges = fits["data"][2]
    total = np.histogram(data.energy_keVee, edges)[0].sum()
    parts = [
        _beside(
            "energy_keVee",
            edges,
            data.energy_keVee,
            simulation.energy_keVee,
            simulation.weight,
            total,
        )
    ]
    for kind in _KINDS:
        peak = fits[kind][0]
        shape = expected_counts(
            edges, np.array([1.0, peak.mean_keVee, peak.sigma_keVee, peak.second_share])
        )
        parts[0][f"fit_{kind}"] = shape / shape.sum() * total
    reach = 5 * max(float(np.std(np.clip(data.vertex_cm, -10, 10))), 0.1)
    for place, axis in enumerate(COORDINATES):
        ends = np.linspace(-reach, reach, 41)
        found, expected = (
            events.vertex_cm[:, place] - source_cm[place] for events in (data, simulation)
        )
        parts.append(_beside(f"{axis}_cm", ends, found, expected, simulation.weight, len(found)))
    return pd.concat(parts, ignore_index=True)


def _beside(
    quantity: str, edges: Array, data: Array, simulation: Array, weight: Array, total: float
) -> pd.DataFrame:
    import pandas as pd

    sums = [np.histogram(simulation, edges, weights=power)[0] for power in (weight, weight**2)]
    scale = total / sums[0].sum() if sums[0].sum() else 0.0
    columns = {"low": edges[:-1], "high": edges[1:], "data": np.histogram(data, edges)[0]}
    columns |= {"simulation": scale * sums[0], "simulation_error": scale * np.sqrt(sums[1])}
    return pd.DataFrame({"quantity": quantity, **columns})
