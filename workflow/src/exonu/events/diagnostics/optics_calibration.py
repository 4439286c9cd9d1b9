"""The optics from the light of a ⁵⁷Co source at several heights on the axis, as XMASS calibrates them
(arXiv:1301.2815: the source moves along z, and absorption, scattering and reflectances follow from
the pattern of its light), and the scale of R(PE), by the height at which the source is found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from exonu.core.errors import InputError
from exonu.core.files import plain, write_csv, write_json
from exonu.core.settings import Settings
from exonu.core.types import Array
from exonu.detector.geometry_table import own_geometry
from exonu.detector.model import Detector
from exonu.events.diagnostics.diagnosed_sources import FEWEST_HEIGHTS
from exonu.events.diagnostics.optics_fit import Known, OpticsFit, Varied, fit_optics
from exonu.events.diagnostics.source_scan import Rings, Scan, joined

if TYPE_CHECKING:
    import pandas as pd

DATA, SIMULATION = "data", "simulation"
LEAST = 40
"""Events that each height needs in data and simulation, and no fewer than there are rings: their covariance
is taken from these events."""
MOSTLY_COARSE = 0.5
"""At a height that counts for the scale of R(PE) at most this share of the vertices is coarse."""


def vertex_scale(
    heights_cm: Array, data: Sequence[Array], simulation: Sequence[Array], position_cm: float
) -> dict[str, Any]:
    """Scale of the reconstructed height in data relative to simulation.

    The difference of the medians is a line in the height; where its points scatter by more than
    their errors, these and the height's, its error grows with them.

    Args:
        heights_cm: of the source, shape (p,).
        data, simulation: reconstructed heights of single events, at each height.
        position_cm: how well each height is known.

    Returns:
        `difference` of the scales, its `error`, `uncertainty` (both in quadrature), `chi2`,
        `degrees`, and by height `found_cm` of data and simulation and the `found_error_cm` of
        their difference.
    """
    middle = np.array([[np.median(one) for one in s] for s in (data, simulation)])
    spread = [np.pi / 2 * np.var(one, ddof=1) / len(one) for s in (data, simulation) for one in s]
    error = np.sqrt(np.sum(np.reshape(spread, (2, -1)), axis=0) + position_cm**2)
    design = np.stack([np.ones_like(heights_cm), heights_cm], axis=1) / error[:, None]
    found = (middle[0] - middle[1]) / error
    covariance = np.linalg.inv(design.T @ design)
    line = covariance @ design.T @ found
    chi2, degrees = float(np.sum((found - design @ line) ** 2)), len(heights_cm) - 2
    wider = np.sqrt(max(1.0, chi2 / degrees))
    size = float(wider * np.sqrt(covariance[1, 1]))
    return {
        "difference": float(line[1]), "error": size, "uncertainty": float(np.hypot(line[1], size)),
        "chi2": chi2, "degrees": degrees, "found_cm": middle, "found_error_cm": error,
    }  # fmt: skip


def optics_calibration(
    settings: Settings,
    ingested: Sequence[str | Path],
    reconstructed: Sequence[str | Path],
    output: str | Path,
    table: str | Path,
) -> None:
    """Run the job of the step `optics_calibration`.

    Args:
        settings: of `diagnosed_sources.scan_settings`.
        ingested, reconstructed: the files of its sources, in their order.
        output: JSON of the results.
        table: CSV of the light by height and ring, before and after the fit.

    Raises:
        InputError: too few events at a height, rings without photomultipliers.
    """
    geometry = Detector.from_settings(
        settings["detector"], own_geometry(settings.get("geometry"))
    ).geometry
    rings = Rings.of(geometry, settings["rings"], settings["dead"])
    heights = np.array(settings["heights_cm"], dtype=np.float64)
    read = [
        Scan.read(hits, vertices, rings, row.get("component"))
        for row, hits, vertices in zip(settings["sources"], ingested, reconstructed, strict=True)
    ]
    kinds = [row["kind"] for row in settings["sources"]]
    runs = [scan for scan, kind in zip(read, kinds, strict=True) if kind == DATA]
    varied = {
        row["variation"]: scan
        for scan, row in zip(read, settings["sources"], strict=True)
        if row["kind"] == SIMULATION
    }
    least = max(LEAST, rings.number)
    data = joined(runs).at_heights(heights, "the runs with `source_z_cm`", least)
    baseline = varied[settings["baseline"]].at_heights(heights, settings["baseline"], least)
    known = Known(
        settings["position_error_cm"], settings["ring_error"], settings["light_yield_error"]
    )

    def seen(variation: str) -> list[Array] | None:
        return [varied[variation].like(one) for one in baseline] if variation in varied else None

    ways = [
        Varied(name, seen(f"{name}-up"), seen(f"{name}-down")) for name in settings["systematics"]
    ]
    fit = fit_optics(
        heights,
        rings.cosine,
        [one.light for one in data],
        [one.light for one in baseline],
        ways,
        known,
    )
    scale = _scale_of_fine_vertices(settings, heights, data, baseline)
    write_csv(table, _table(heights, rings, data, baseline, fit))
    write_json(output, plain(_record(settings, heights, data, baseline, fit, scale)))


def _scale_of_fine_vertices(
    settings: Settings, heights: Array, data: Sequence[Scan], baseline: Sequence[Scan]
) -> dict[str, Any] | None:
    """Scale of R(PE) from the heights at which vertices are not coarse; None if there are fewer than
    three and no systematic needs it."""
    fine = [
        place
        for place, pair in enumerate(zip(data, baseline, strict=True))
        if all(one.is_coarse.mean() < MOSTLY_COARSE for one in pair)
    ]
    if len(fine) < FEWEST_HEIGHTS:
        if not settings["vertex"]:
            return None
        raise InputError(
            f"has {len(fine)} heights at which the vertex is searched to the end, and the scale of R(PE) "
            f"needs {FEWEST_HEIGHTS}", field="source_z_cm",
            remedy="take the source to heights below `reconstruction.stop_beyond_cm`",
        )  # fmt: skip
    measured, simulated = (
        [kind[place].z_cm[~kind[place].is_coarse] for place in fine] for kind in (data, baseline)
    )
    found = vertex_scale(heights[fine], measured, simulated, settings["position_error_cm"])
    return {"heights_cm": heights[fine]} | found


def _record(
    settings: Settings, heights: Array, data: Sequence[Scan], baseline: Sequence[Scan],
    fit: OpticsFit, scale: Mapping[str, Any] | None,
) -> dict[str, Any]:  # fmt: skip
    parameters = {
        name: {
            "central": m,
            "error": s,
            "noise": noise,
            "description": settings["descriptions"][name],
        }
        for name, m, s, noise in zip(fit.names, fit.central, fit.error, fit.noise, strict=True)
    }
    return {
        "name": settings["name"],
        "is_simulated": settings["is_simulated"],
        "heights_cm": heights,
        "events": {
            "data": [len(one.z_cm) for one in data],
            "simulation": [len(one.z_cm) for one in baseline],
        },
        "order": list(fit.names),
        "parameters": parameters,
        "covariance": fit.covariance,
        "correlation": fit.covariance / np.outer(fit.error, fit.error),
        "chi2": fit.chi2,
        "degrees": fit.degrees,
        "p_value": fit.p_value,
        "scale_of_errors": fit.scale,
        "vertex_scale": scale,
        "notes": fit.notes(),
    }


def _table(
    heights: Array, rings: Rings, data: Sequence[Scan], baseline: Sequence[Scan], fit: OpticsFit
) -> pd.DataFrame:
    import pandas as pd

    p, r = fit.ratio.shape
    return pd.DataFrame({
        "z_cm": np.repeat(heights, r),
        "ring": np.tile(np.arange(r), p),
        "cosine": np.tile(rings.cosine, p),
        "data_pe": np.concatenate([one.light.mean(axis=0) for one in data]),
        "simulation_pe": np.concatenate([one.light.mean(axis=0) for one in baseline]),
        "ratio": np.exp(fit.ratio).ravel(),
        "ratio_error": (np.exp(fit.ratio) * fit.ratio_error).ravel(),
        "fitted": np.exp(fit.fitted).ravel(),
    })  # fmt: skip
