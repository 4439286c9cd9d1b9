"""Energy: the light of the living photomultipliers over its yield at the vertex, then the
nonlinearity of xenon."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from exonu.core.types import Array
from exonu.detector.light_map.light_map import LightMap
from exonu.detector.light_yield import electron_equivalent_keV
from exonu.detector.optics import Scintillation
from exonu.events.reconstruction.charge import ChargeVertices


def light_at_centre(vertices: ChargeVertices, light_map: LightMap) -> Array:
    """Photoelectrons of the same light at the centre with all photomultipliers alive, shape (n,).

    The yield at the vertex is that of the living photomultipliers only, which corrects for the dead
    ones."""
    centre = float(np.exp(light_map.log_probability[0].astype(np.float64)).sum())
    return np.asarray(vertices.light_pe * centre / np.exp(vertices.log_total_probability))


def energy_keVee(
    vertices: ChargeVertices,
    light_map: LightMap,
    scintillation: Scintillation,
    light_yield_scale: ArrayLike = 1.0,
) -> Array:
    """Electron-equivalent energy of events, shape (n,); NaN without a vertex.

    Args:
        vertices: from the charges.
        light_map: of the detector.
        scintillation: light yield at the centre and nonlinearity.
        light_yield_scale: light yield of the run relative to nominal, shape (n,) or one number.
    """
    light = light_at_centre(vertices, light_map) / np.asarray(light_yield_scale, dtype=float)
    return electron_equivalent_keV(light, scintillation)
