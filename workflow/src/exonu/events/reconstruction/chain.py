"""The whole reconstruction of events: R(PE), energy, and R(T) where it is wanted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exonu.core.errors import InputError
from exonu.core.settings import Settings
from exonu.detector.light_map import LightMap
from exonu.detector.model import Detector
from exonu.events.raw import Events
from exonu.events.reconstruction.charge import ChargeReconstruction
from exonu.events.reconstruction.energy import energy_keVee
from exonu.events.reconstruction.grid import WALL_SPACING_CM
from exonu.events.reconstruction.timing import TimeReconstruction

Array = NDArray[np.float64]
Floats = NDArray[np.float32]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]

COLUMNS = (
    "x_pe_cm",
    "y_pe_cm",
    "z_pe_cm",
    "r_pe_cm",
    "r_t_cm",
    "energy_keVee",
    "log_likelihood_pe",
    "log_likelihood_wall",
    "log_likelihood_t",
)
"""What reconstruction adds to each event; `log_likelihood_wall` and the last are NaN where they were not computed."""
_MASKS_KEPT = 64


@dataclass(frozen=True)
class ReconstructionSettings:
    """Choices of the reconstruction.

    Attributes:
        r_t_below_r_pe_cm: R(T) is computed for events with R(PE) below.
        wall_test: whether events found inside are tested against the wall.
        wall_spacing_cm: of the vertices that this test tries first, 0 for all, see `ChargeReconstruction.of`.
    """

    r_t_below_r_pe_cm: float = 20.0
    wall_test: bool = True
    wall_spacing_cm: float = WALL_SPACING_CM

    @classmethod
    def from_settings(cls, settings: Settings) -> ReconstructionSettings:
        """Read from the block `reconstruction` of an events file.

        Raises:
            InputError: an unknown key or a value outside its range.
        """
        known = cls.__dataclass_fields__.keys()
        if unknown := settings.keys() - known:
            raise InputError(
                "is not a setting", field=f"reconstruction.{min(unknown)}", remedy=f"known: {', '.join(known)}"
            )
        made = cls(**settings)
        for name in ("r_t_below_r_pe_cm", "wall_spacing_cm"):
            if not getattr(made, name) >= 0:
                raise InputError(f"must be ≥ 0 (got {getattr(made, name)})", field=f"reconstruction.{name}")
        return made


@dataclass
class EventReconstruction:
    """Reconstructs events of any sets of dead photomultipliers.

    Attributes:
        detector: geometry, scintillation, times.
        light_map: of that detector.
        charge: R(PE) with all photomultipliers alive.
        timing: R(T).
        settings: choices.
    """

    detector: Detector
    light_map: LightMap
    charge: ChargeReconstruction
    timing: TimeReconstruction
    settings: ReconstructionSettings
    _by_mask: dict[bytes, ChargeReconstruction] = field(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls, light_map: LightMap, detector: Detector, settings: ReconstructionSettings | None = None
    ) -> EventReconstruction:
        """From a light map, its detector, and the choices."""
        settings = settings or ReconstructionSettings()
        charge = ChargeReconstruction.of(
            light_map, detector.geometry, wall_test=settings.wall_test, wall_spacing_cm=settings.wall_spacing_cm
        )
        return cls(detector, light_map, charge, TimeReconstruction.of(detector), settings)

    def with_dead(self, dead: Booleans) -> ChargeReconstruction:
        """R(PE) with these photomultipliers dead, shape (n_channels,); the latest sets are kept."""
        key = np.asarray(dead).tobytes()
        if key not in self._by_mask:
            if len(self._by_mask) == _MASKS_KEPT:
                self._by_mask.clear()
            self._by_mask[key] = self.charge.with_dead(dead) if np.any(dead) else self.charge
        return self._by_mask[key]

    def columns(
        self,
        events: Events,
        dead: Booleans | None = None,
        mask: Integers | None = None,
        progress: Callable[[int], object] | None = None,
    ) -> dict[str, Floats]:
        """Reconstruct events.

        Args:
            events: any number of them, one too; `light_yield_scale` among their columns is corrected for.
            dead: sets of dead photomultipliers, shape (n_masks, n_channels); none dead if not given.
            mask: which set each event has, shape (n,); the first if not given.
            progress: called with the number of events after each block of them.

        Returns:
            COLUMNS, shape (n,) each.
        """
        n = len(events)
        sets = np.zeros((1, len(self.charge.dead)), dtype=bool) if dead is None else np.atleast_2d(dead)
        place = np.zeros(n, dtype=np.int64) if mask is None else np.asarray(mask)
        result = {name: np.full(n, np.nan, dtype=np.float32) for name in COLUMNS}
        unique, same = np.unique(sets, axis=0, return_inverse=True)  # runs with the same dead ones go together
        chosen = same.reshape(-1)[place]
        for k in np.unique(chosen):
            rows = np.flatnonzero(chosen == k)
            for name, values in self._of_one_mask(events[rows], unique[k], progress).items():
                result[name][rows] = values
        return result

    def _of_one_mask(
        self, events: Events, dead: Booleans, progress: Callable[[int], object] | None
    ) -> dict[str, NDArray[Any]]:
        vertices = self.with_dead(dead)(events, progress)
        radius, n = vertices.radius_cm, len(events)
        scale = events.columns.get("light_yield_scale", 1.0)
        inside = np.flatnonzero(radius < self.settings.r_t_below_r_pe_cm)
        r_t, log_likelihood_t = np.full(n, np.nan), np.full(n, np.nan)
        found, log_likelihood_t[inside] = self.timing(events, inside, dead)
        r_t[inside] = np.linalg.norm(found, axis=1)
        x, y, z = vertices.position_cm.T
        return {
            "x_pe_cm": x,
            "y_pe_cm": y,
            "z_pe_cm": z,
            "r_pe_cm": radius,
            "r_t_cm": r_t,
            "energy_keVee": energy_keVee(vertices, self.light_map, self.detector.scintillation, scale),
            "log_likelihood_pe": vertices.log_likelihood,
            "log_likelihood_wall": vertices.wall_log_likelihood,
            "log_likelihood_t": log_likelihood_t,
        }
