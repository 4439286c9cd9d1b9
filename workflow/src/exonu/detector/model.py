"""A whole detector: where its photomultipliers are, its optics, its scintillation and its
electronics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from exonu.core.types import Array
from exonu.detector.geometry import Geometry, geodesic_geometry
from exonu.detector.optics import Electronics, Optics, Scintillation, xmass_like
from exonu.detector.transport_tables import medium_of, walls_of

if TYPE_CHECKING:
    from exonu.detector.transport import Medium, Walls


CALIBRATION_PHOTONS = 1_000_000
"""Photons that find the collection at the centre: 0.07 % (half a second)."""
CALIBRATION_SEED = 20110101


@dataclass(frozen=True)
class Detector:
    """Everything between a deposit of energy and a hit.

    >>> Detector.from_settings({"optics": {"absorption_cm": 500}}).optics.absorption_cm
    500
    """

    geometry: Geometry
    optics: Optics
    scintillation: Scintillation
    electronics: Electronics

    @classmethod
    def from_settings(
        cls, overrides: Mapping[str, Any] | None = None, geometry: Geometry | None = None
    ) -> Detector:
        """The XMASS-like detector with some settings replaced, see `optics.xmass_like`; or another
        geometry."""
        settings = xmass_like(overrides)
        return cls(
            geometry=geometry or geodesic_geometry(settings["geometry"]),
            optics=Optics.from_settings(settings["optics"]),
            scintillation=Scintillation.from_settings(settings["scintillation"]),
            electronics=Electronics.from_settings(settings["electronics"]),
        )

    @cached_property
    def walls(self) -> Walls:
        """The geometry for the compiled kernels."""
        return walls_of(self.geometry)

    @cached_property
    def medium(self) -> Medium:
        """The optics for the compiled kernels."""
        return medium_of(self.optics)

    def count_fates(
        self, points_cm: Array, photons: int, seed: int, first: int = 0
    ) -> NDArray[np.int64]:
        """Where isotropic photons from these points end: see `transport.count_fates`; shape (n,
        n_channels + 2)."""
        from exonu.detector.transport import count_fates

        points = np.ascontiguousarray(points_cm, dtype=float)
        return np.asarray(count_fates(points, photons, seed, first, self.medium, self.walls))

    @cached_property
    def collection_at_centre(self) -> float:
        """Probability that a photon from the centre reaches a photocathode and is absorbed there
        (traced)."""
        fates = self.count_fates(np.zeros((1, 3)), CALIBRATION_PHOTONS, CALIBRATION_SEED)
        return float(fates[0, : self.geometry.n_channels].sum() / CALIBRATION_PHOTONS)

    @cached_property
    def emitted_per_keV(self) -> float:
        """Photons, times quantum efficiency, per keV at the reference energy: gives the light yield
        at the centre."""
        return self.scintillation.photoelectrons_per_keV / self.collection_at_centre
