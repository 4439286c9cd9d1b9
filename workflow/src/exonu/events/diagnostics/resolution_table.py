"""Resolution and bias of vertex and energy against the light, from simulated signal events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from exonu.core.types import Array
from exonu.events.diagnostics.panels import Columns

if TYPE_CHECKING:
    import pandas as pd

    from exonu.detector.light_map.light_map import LightMap


LIGHT_EDGES_PE = np.array(
    [5, 10, 20, 40, 70, 100, 150, 200, 300, 450, 700, 1000, 1500, 2200, 3200, 5000], dtype=float
)
RADII_CM = (0.0, 10.0, 20.0, 30.0)
"""True radii are taken together between these."""
ONE_SIGMA = 0.682689492137086
_DISTANCES = np.linspace(0, 60, 3001)  # bins of the absolute deviation of a coordinate in cm
_RATIOS = np.linspace(0, 3, 3001)  # bins of the ratio of found to true energy
_SIGMA_ERROR = np.sqrt(ONE_SIGMA * (1 - ONE_SIGMA)) / 0.48394144903828673
"""Of half the central 68.27 % of a normal distribution, times √n: 0.48… = 2φ(1) is the density of
|x| there."""


class ResolutionCounts:
    """Sums over simulated events by their light and their true radius; every event counts once.

    Args:
        bound_cm: Cramér–Rao bound of one photoelectron per axis at radii, both of shape (n,); None
            for none.
    """

    def __init__(self, bound_cm: tuple[Array, Array] | None = None) -> None:
        self._bound = bound_cm
        shape = (len(RADII_CM) - 1, len(LIGHT_EDGES_PE) - 1)
        self._sums = np.zeros(
            (6, *shape)
        )  # n, Σ PE, Σ outward shift, its square, Σ bound², Σ deviation²
        self._distance = np.zeros((*shape, len(_DISTANCES) - 1))
        self._ratio = np.zeros((*shape, len(_RATIOS) - 1))

    def add(self, columns: Columns) -> None:
        """Add reconstructed events with their truth."""
        true = np.stack([columns[f"true_{axis}_cm"] for axis in "xyz"], axis=1).astype(np.float64)
        found = np.stack([columns[f"{axis}_pe_cm"] for axis in "xyz"], axis=1).astype(np.float64)
        light, radius = (
            np.asarray(columns["total_pe"], dtype=np.float64),
            np.linalg.norm(true, axis=1),
        )
        shell, bin_ = (
            np.searchsorted(RADII_CM, radius, "right") - 1,
            np.searchsorted(LIGHT_EDGES_PE, light, "right") - 1,
        )
        fits = (
            (shell >= 0)
            & (shell < self._sums.shape[1])
            & (bin_ >= 0)
            & (bin_ < self._sums.shape[2])
        )
        rows = np.flatnonzero(fits & np.isfinite(found).all(axis=1))
        shell, bin_, light, radius, true = (
            shell[rows],
            bin_[rows],
            light[rows],
            radius[rows],
            true[rows],
        )
        shift = found[rows] - true
        outward = np.sum(shift * true, axis=1) / np.maximum(radius, 1e-9)
        bound = (
            np.zeros(len(rows))
            if self._bound is None
            else np.interp(radius, *self._bound) ** 2 / light
        )
        terms = (np.ones(len(rows)), light, outward, outward**2, bound, np.sum(shift**2, axis=1))
        for place, term in enumerate(terms):
            np.add.at(self._sums[place], (shell, bin_), term)
        for axis in range(3):
            cell = np.clip(
                np.searchsorted(_DISTANCES, np.abs(shift[:, axis]), "right") - 1,
                0,
                len(_DISTANCES) - 2,
            )
            np.add.at(self._distance, (shell, bin_, cell), 1)
        ratio = columns["energy_keVee"][rows] / columns["true_energy_keV"][rows]
        there = np.isfinite(ratio)
        cell = np.clip(np.searchsorted(_RATIOS, ratio[there], "right") - 1, 0, len(_RATIOS) - 2)
        np.add.at(self._ratio, (shell[there], bin_[there], cell), 1)

    def table(self) -> pd.DataFrame:
        """One row per shell of true radius and bin of light with at least 20 events.

        Returns:
            Number of events, mean light, per axis half the central 68.27 % and the rms of the
            vertex with the Cramér–Rao bound, its mean shift outwards; median of found over true
            energy and half its central 68.27 %; statistical errors.
        """
        import pandas as pd

        rows = []
        for shell, bin_ in np.argwhere(self._sums[0] >= 20):
            n, light, outward, squares, bound, deviation = self._sums[:, shell, bin_]
            mean = outward / n
            sigma = _quantile(_DISTANCES, self._distance[shell, bin_], ONE_SIGMA)
            tails = ((1 - ONE_SIGMA) / 2, 0.5, (1 + ONE_SIGMA) / 2)
            low, middle, high = (
                _quantile(_RATIOS, self._ratio[shell, bin_], tail) for tail in tails
            )
            width, n_energy = (high - low) / 2, self._ratio[shell, bin_].sum()
            row = {
                "true_radius_low_cm": RADII_CM[shell],
                "true_radius_high_cm": RADII_CM[shell + 1],
                "light_low_pe": LIGHT_EDGES_PE[bin_],
                "light_high_pe": LIGHT_EDGES_PE[bin_ + 1],
                "light_mean_pe": light / n,
                "events": int(n),
                "sigma_cm": sigma,
                "sigma_error_cm": sigma * _SIGMA_ERROR / np.sqrt(3 * n),
                "rms_cm": np.sqrt(deviation / (3 * n)),
                "bound_cm": np.nan if self._bound is None else np.sqrt(bound / n),
                "outward_cm": mean,
                "outward_error_cm": np.sqrt(max(squares / n - mean**2, 0) / n),
                "energy_ratio": middle,
                "energy_ratio_error": 1.2533141373155003
                * width
                / np.sqrt(n_energy),  # √(π/2): error of a median
                "energy_sigma": width / middle,
                "energy_sigma_error": width / middle * _SIGMA_ERROR / np.sqrt(n_energy),
            }
            rows.append(row)
        return pd.DataFrame(rows, columns=list(_NAMES))


_NAMES = (
    "true_radius_low_cm", "true_radius_high_cm", "light_low_pe", "light_high_pe", "light_mean_pe", "events",
    "sigma_cm", "sigma_error_cm", "rms_cm", "bound_cm", "outward_cm", "outward_error_cm",
    "energy_ratio", "energy_ratio_error", "energy_sigma", "energy_sigma_error",
)  # fmt: skip


def _quantile(edges: Array, counts: Array, share: float) -> float:
    """Quantile of binned values, linear within its bin; NaN without values."""
    total = np.concatenate([[0.0], np.cumsum(counts)])
    return float(np.interp(share * total[-1], total, edges)) if total[-1] else float("nan")


def bound_of_one_photoelectron(light_map: LightMap) -> tuple[Array, Array]:
    """Radii [cm] and the Cramér–Rao bound per axis of one photoelectron there [cm], averaged over
    some directions."""
    from exonu.events.reconstruction.bound import cramer_rao_cm

    reach = np.linalg.norm(light_map.positions_cm[light_map.shell(-1)], axis=1).min()
    radii = np.linspace(RADII_CM[0], min(RADII_CM[-1], reach), 7)
    directions = np.array([[0, 0.6, 0.8], [0.8, 0, -0.6], [-0.48, 0.8, 0.36], [-0.64, -0.48, 0.6]])
    variance = [
        [float(cramer_rao_cm(light_map, r * axis, 1.0)) ** 2 for axis in directions] for r in radii
    ]
    return radii, np.sqrt(np.mean(variance, axis=1))
