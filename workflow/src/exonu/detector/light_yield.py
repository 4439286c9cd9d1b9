"""The scale keVee: how much light an electron gives, and the energy that follows from light."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from exonu.core.types import Array
from exonu.detector.optics import Scintillation


def relative_light_yield(energy_keV: ArrayLike, scintillation: Scintillation) -> Array:
    """Light per keV of an electron, relative to the reference energy; same shape.

    Linear in log E between the points, with its last slope kept on below them (never negative) and
    held above.

    >>> nominal = Scintillation.from_settings()
    >>> relative_light_yield([2, 122, 1000], nominal).round(3).tolist()
    [0.685, 1.0, 1.0]
    """
    log_point, value = (
        np.log(scintillation.relative_yield_energy_keV),
        np.asarray(scintillation.relative_yield),
    )
    log_energy = np.log(np.maximum(np.asarray(energy_keV, dtype=float), 1e-12))
    slope = (value[1] - value[0]) / (log_point[1] - log_point[0])
    below = np.maximum(value[0] + slope * (log_energy - log_point[0]), 0.0)
    return np.asarray(
        np.where(log_energy < log_point[0], below, np.interp(log_energy, log_point, value))
    )


def light_yield(energy_keV: ArrayLike, scintillation: Scintillation) -> Array:
    """Photoelectrons per keV of an electron at the detector's centre, same shape.

    >>> float(light_yield(122, Scintillation.from_settings()))
    14.7
    """
    return scintillation.photoelectrons_per_keV * relative_light_yield(energy_keV, scintillation)


def electron_equivalent_keV(photoelectrons: ArrayLike, scintillation: Scintillation) -> Array:
    """Energy of the electron that gives so many photoelectrons at the centre: the scale keVee; same
    shape.

    >>> nominal = Scintillation.from_settings()
    >>> float(electron_equivalent_keV(5 * light_yield(5, nominal), nominal).round(6))
    5.0
    """
    energy = np.concatenate([[0.0], np.geomspace(1e-3, 1e5, 16_001)])
    energy = np.unique(np.concatenate([energy, scintillation.relative_yield_energy_keV]))
    light = energy * light_yield(energy, scintillation)
    rising = np.concatenate([[True], np.diff(light) > 0])
    return np.asarray(
        np.interp(np.asarray(photoelectrons, dtype=float), light[rising], energy[rising])
    )
