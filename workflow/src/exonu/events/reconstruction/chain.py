"""The whole reconstruction of events: R(PE), energy, and R(T) where it is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from exonu.core.errors import InputError
from exonu.core.settings import Settings
from exonu.core.types import Array
from exonu.detector.light_map.light_map import LightMap
from exonu.detector.model import Detector
from exonu.events.raw.raw_events import Events
from exonu.events.reconstruction.charge import (
    NEVER,
    NO_CHANNEL,
    WALL_TEST_RADIUS_CM,
    ChargeReconstruction,
    EarlyStop,
)
from exonu.events.reconstruction.energy import energy_keVee
from exonu.events.reconstruction.grid import WALL_SPACING_CM
from exonu.events.reconstruction.timing import TimeReconstruction

Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]

_FLOATS = (
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
COLUMNS: dict[str, type[np.generic]] = {
    **dict.fromkeys(_FLOATS, np.float32),
    "max_pe_channel": np.int32,
    "r_pe_is_coarse": np.bool_,
}
"""What reconstruction adds to each event, and its type. `log_likelihood_wall` and
`log_likelihood_t` are NaN where they were not computed; `max_pe_channel` is the living
photomultiplier with the largest charge, −1 if there is none; `r_pe_is_coarse` says that the vertex
is a vertex of the light map, far outside, and not the peak between them (see `charge.EarlyStop`).
"""
TRUTH_COLUMNS: dict[str, type[np.generic]] = {"true_pmt": np.int32, "true_pmt_is_dead": np.bool_}
"""What it adds to events with a true position: the nearest photomultiplier, and whether that is
dead."""
_MASKS_KEPT = 64


@dataclass(frozen=True)
class ReconstructionSettings:
    """Choices of the reconstruction.

    Attributes:
        r_t_below_r_pe_cm: R(T) is computed for events with R(PE) below.
        wall_test: whether events found inside are tested against the wall.
        wall_spacing_cm: of the vertices that this test tries first, 0 for all, see
            `ChargeReconstruction.of`.
        count_photoelectrons: whether R(PE) takes into account how charges of single photoelectrons
            spread; otherwise charges are taken as numbers of photoelectrons.
        stop_early: whether the search for R(PE) stops early for events far outside.
        stop_beyond_cm, stop_margin: which these are, see `charge.EarlyStop`.
    """

    r_t_below_r_pe_cm: float = 20.0
    wall_test: bool = True
    wall_spacing_cm: float = WALL_SPACING_CM
    count_photoelectrons: bool = True
    stop_early: bool = True
    stop_beyond_cm: float = 30.0
    stop_margin: float = 10.0

    @property
    def stop(self) -> EarlyStop:
        """When a search ends early."""
        return EarlyStop(self.stop_beyond_cm, self.stop_margin) if self.stop_early else NEVER

    @classmethod
    def from_settings(cls, settings: Settings) -> ReconstructionSettings:
        """Read from the block `reconstruction` of an events file.

        Raises:
            InputError: an unknown key or a value outside its range.
        """
        known = cls.__dataclass_fields__.keys()
        if unknown := settings.keys() - known:
            raise InputError(
                "is not a setting",
                field=f"reconstruction.{min(unknown)}",
                remedy=f"known: {', '.join(known)}",
            )
        made = cls(**settings)
        for name in ("r_t_below_r_pe_cm", "wall_spacing_cm", "stop_margin"):
            if not getattr(made, name) >= 0:
                raise InputError(
                    f"must be ≥ 0 (got {getattr(made, name)})", field=f"reconstruction.{name}"
                )
        least = max(made.r_t_below_r_pe_cm, WALL_TEST_RADIUS_CM)
        if made.stop_early and not made.stop_beyond_cm > least:
            raise InputError(
                f"must be above {least:g} (got {made.stop_beyond_cm:g}): nearer events are searched further",
                field="reconstruction.stop_beyond_cm",
                remedy="raise it, or write stop_early: false",
            )
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
            light_map,
            detector.geometry,
            wall_test=settings.wall_test,
            wall_spacing_cm=settings.wall_spacing_cm,
            single_pe_resolution=detector.electronics.single_pe_resolution
            if settings.count_photoelectrons
            else 0.0,
            stop=settings.stop,
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
    ) -> dict[str, NDArray[Any]]:
        """Reconstruct events.

        Args:
            events: any number of them, one too; `light_yield_scale` among their columns is
                corrected for.
            dead: sets of dead photomultipliers, shape (n_masks, n_channels); none dead if not
                given.
            mask: which set each event has, shape (n,); the first if not given.
            progress: called with the number of events after each block of them.

        Returns:
            COLUMNS, and TRUTH_COLUMNS if the events have a true position, shape (n,) each.
        """
        result = _empty(len(events))
        brightest = np.full(len(events), NO_CHANNEL, dtype=np.int32)
        for rows, charge in self._by_dead(len(events), dead, mask):
            some = events[rows]
            _fill(result, rows, self._found(charge, some, progress))
            brightest[rows] = brightest_channel(some, charge.dead)
        truth = {} if events.true_xyz_cm is None else self._truth(events.true_xyz_cm, dead, mask)
        return {**result, "max_pe_channel": brightest, **truth}

    def masked_again(
        self,
        events: Events,
        dead: Booleans | None = None,
        mask: Integers | None = None,
        *,
        channel: Integers | None = None,
        progress: Callable[[int], object] | None = None,
    ) -> dict[str, NDArray[Any]]:
        """Reconstruct events as if one more photomultiplier were dead: the probes of the dead-PMT
        correction.

        Args:
            events, dead, mask, progress: as for `columns`.
            channel: the one more of each event, shape (n,); its brightest living one if not given.

        Returns:
            As `columns`, with the masked channel as `max_pe_channel`. Events without light are NaN,
            as in `columns`.
        """
        result = _empty(len(events))
        masked = np.full(len(events), NO_CHANNEL, dtype=np.int64)
        for rows, charge in self._by_dead(len(events), dead, mask):
            masked[rows] = (
                brightest_channel(events[rows], charge.dead) if channel is None else channel[rows]
            )
            rows = rows[np.argsort(masked[rows], kind="stable")]
            _fill(result, rows, self._found(charge, events[rows], progress, masked[rows]))
        return {**result, "max_pe_channel": masked.astype(np.int32)}

    def _by_dead(
        self, n: int, dead: Booleans | None, mask: Integers | None
    ) -> Iterator[tuple[Integers, ChargeReconstruction]]:
        """Events that share a set of dead photomultipliers, and R(PE) with it; runs with the same
        set go together."""
        sets, place = _sets(n, len(self.charge.dead), dead, mask)
        unique, same = np.unique(sets, axis=0, return_inverse=True)
        chosen = same.reshape(-1)[place]
        for k in np.unique(chosen):
            yield np.flatnonzero(chosen == k), self.with_dead(unique[k])

    def _truth(
        self, true_xyz_cm: Array, dead: Booleans | None, mask: Integers | None
    ) -> dict[str, NDArray[Any]]:
        nearest = KDTree(self.detector.geometry.positions_cm).query(true_xyz_cm)[1]
        sets, place = _sets(len(nearest), len(self.charge.dead), dead, mask)
        return {"true_pmt": nearest.astype(np.int32), "true_pmt_is_dead": sets[place, nearest]}

    def _found(
        self,
        charge: ChargeReconstruction,
        events: Events,
        progress: Callable[[int], object] | None,
        one_more: Integers | None = None,
    ) -> dict[str, NDArray[Any]]:
        """What `_FLOATS` names and `r_pe_is_coarse`, for events with the same dead
        photomultipliers, and with one more each."""
        vertices = charge(events, progress, one_more=one_more)
        if one_more is not None:
            events = events.with_hits(events.channel != one_more[events.event_of_hit])
        radius, n = vertices.radius_cm, len(events)
        scale = events.columns.get("light_yield_scale", 1.0)
        inside = np.flatnonzero(radius < self.settings.r_t_below_r_pe_cm)
        r_t, log_likelihood_t = np.full(n, np.nan), np.full(n, np.nan)
        found, log_likelihood_t[inside] = self.timing(events, inside, charge.dead)
        r_t[inside] = np.linalg.norm(found, axis=1)
        x, y, z = vertices.position_cm.T
        return {
            "x_pe_cm": x,
            "y_pe_cm": y,
            "z_pe_cm": z,
            "r_pe_cm": radius,
            "r_t_cm": r_t,
            "energy_keVee": energy_keVee(
                vertices, self.light_map, self.detector.scintillation, scale
            ),
            "log_likelihood_pe": vertices.log_likelihood,
            "log_likelihood_wall": vertices.wall_log_likelihood,
            "log_likelihood_t": log_likelihood_t,
            "r_pe_is_coarse": vertices.is_coarse,
        }


def brightest_channel(events: Events, dead: Booleans) -> NDArray[np.int32]:
    """The living channel with the largest charge of each event, NO_CHANNEL if it has none, shape
    (n,).

    >>> events = Events.of([[3, 4, 5], []], [[1.0, 7.0, 2.0], []], [[0.0] * 3, []])
    >>> brightest_channel(events, np.arange(642) == 4).tolist()
    [5, -1]
    """
    from exonu.events.reconstruction.charge_kernels import brightest

    result = np.full(len(events), NO_CHANNEL, dtype=np.int32)
    brightest(events.offsets, events.channel, events.charge, ~dead, result)
    return result


def _sets(
    n: int, n_channels: int, dead: Booleans | None, mask: Integers | None
) -> tuple[Booleans, Integers]:
    """Sets of dead photomultipliers and which each of n events has; none dead, or the first, if not
    given."""
    sets = np.zeros((1, n_channels), dtype=bool) if dead is None else np.atleast_2d(dead)
    return sets, np.zeros(n, dtype=np.int64) if mask is None else np.asarray(mask)


def _empty(n: int) -> dict[str, NDArray[Any]]:
    empty: dict[str, NDArray[Any]] = {
        name: np.full(n, np.nan, dtype=COLUMNS[name]) for name in _FLOATS
    }
    return empty | {"r_pe_is_coarse": np.zeros(n, dtype=bool)}


def _fill(result: dict[str, NDArray[Any]], rows: Integers, found: dict[str, NDArray[Any]]) -> None:
    for name, values in found.items():
        result[name][rows] = values
