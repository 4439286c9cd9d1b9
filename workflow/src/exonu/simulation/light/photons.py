"""From deposited energy to light: how many photons, from where, with which time constant."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from exonu.core.errors import InputError
from exonu.core.seeds import derived_seed
from exonu.core.types import Array
from exonu.detector.light_yield import relative_light_yield
from exonu.detector.model import Detector

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class LightSources:
    """Points that emit light, many per event; one row each.

    Attributes:
        event: index into the list of events, ascending, shape (n,).
        position_cm: inside the detector or on its wall, shape (n, 3).
        energy_keV: energy of the electron, for the time constant; 0 for prompt light (Cherenkov),
            shape (n,).
        photoelectrons: mean number of photons emitted times quantum efficiency, shape (n,).
        axis: unit vectors, the middle of the emission cone, shape (n, 3).
        cos_min: cosine of the cone's half opening; −1 is isotropic, shape (n,).
        time_ns: time of emission within the event, shape (n,).
    """

    event: Integers
    position_cm: Array
    energy_keV: Array
    photoelectrons: Array
    axis: Array
    cos_min: Array
    time_ns: Array

    def __len__(self) -> int:
        return len(self.event)

    def of_events(self, chosen: NDArray[np.bool_]) -> LightSources:
        """The sources of some of the events, which are counted anew; `chosen` has the shape
        (n_events,)."""
        rows = np.flatnonzero(chosen[self.event])
        columns = {each.name: getattr(self, each.name)[rows] for each in fields(self)}
        return replace(self, **columns | {"event": (np.cumsum(chosen) - 1)[self.event[rows]]})


def recombination_spread(detector: Detector) -> float:
    """Relative σ of a deposit's light beyond photon counting, the same at all energies.

    It brings counting, √((1 + σ₁²) / N) with σ₁ the charge resolution of one photoelectron, to the
    resolution at the reference energy. Physically it is the fluctuation of electron-ion
    recombination.

    Raises:
        InputError: counting alone is worse than the resolution asked for.
    """
    light = detector.scintillation
    photoelectrons = light.photoelectrons_per_keV * light.reference_energy_keV
    counting2 = (1 + detector.electronics.single_pe_resolution**2) / photoelectrons
    if light.resolution**2 < counting2:
        raise InputError(
            f"is {light.resolution}, but counting photoelectrons alone gives {counting2**0.5:.4f}",
            field="scintillation.resolution",
            remedy="raise it, or the light yield",
        )
    return float(np.sqrt(light.resolution**2 - counting2))


def sources_from_deposits(
    event: Integers,
    position_cm: Array,
    energy_keV: Array,
    detector: Detector,
    *,
    seed: int,
    event_ids: Integers,
    axis: Array | None = None,
    cos_min: Array | None = None,
    escape: ArrayLike = 1.0,
    time_ns: Array | None = None,
) -> LightSources:
    """Light of energy deposits in xenon.

    Args:
        event: event of each deposit, index into `event_ids`, ascending, shape (n,).
        position_cm, energy_keV: of each deposit, shapes (n, 3) and (n,).
        detector: gives photons per keV, nonlinearity and recombination fluctuation. The *nominal*
            detector also where the light is then traced with other optics: xenon does not know of
            the walls.
        seed, event_ids: the fluctuation of a deposit depends on them and its place in the event, on
            nothing else.
        axis, cos_min: emission cones, isotropic if not given.
        escape: share of the photons that leave a pocket in the wall at all.
        time_ns: times of the deposits, 0 if not given.
    """
    energy = np.asarray(energy_keV, dtype=float)
    n = len(energy)
    if np.any(np.diff(event) < 0):
        raise InputError(
            "must be in ascending order", field="event", remedy="sort the deposits by event"
        )
    first = np.searchsorted(event, event)  # row of the event's first deposit
    noise = _normal(
        derived_seed(seed, "recombination"), np.asarray(event_ids)[event], np.arange(n) - first
    )
    fluctuation = np.maximum(1 + recombination_spread(detector) * noise, 0)
    emitted = (
        energy * relative_light_yield(energy, detector.scintillation) * detector.emitted_per_keV
    )
    return LightSources(
        event=np.asarray(event, dtype=np.int64),
        position_cm=np.asarray(position_cm, dtype=float),
        energy_keV=energy,
        photoelectrons=emitted * fluctuation * np.asarray(escape, dtype=float),
        axis=np.tile([0.0, 0.0, 1.0], (n, 1)) if axis is None else np.asarray(axis, dtype=float),
        cos_min=np.full(n, -1.0) if cos_min is None else np.asarray(cos_min, dtype=float),
        time_ns=np.zeros(n) if time_ns is None else np.asarray(time_ns, dtype=float),
    )


def _normal(seed: int, event_ids: Integers, place: Integers) -> Array:
    """Normal random numbers that depend on (seed, event, place) only: SplitMix64 hashes through the
    inverse Φ."""
    key = _hashed(_hashed(np.uint64(seed) + event_ids.astype(np.uint64)) + place.astype(np.uint64))
    return np.asarray(ndtri((((key >> np.uint64(11)).astype(float)) + 0.5) * 2.0**-53))


def _hashed(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    z = z * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x632BE59BD9B4E019)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
