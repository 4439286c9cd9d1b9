"""Light of a ⁵⁷Co source at several heights on the axis: what the calibration of the optics is made
from.

Photomultipliers are joined to rings of the polar angle as seen from the centre; those that are dead
in some run are left out of all. A simulated event belongs to the height at which it is true, a
measured one to the height at which it is found; they lie far apart compared with the resolution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from exonu.core.errors import InputError
from exonu.core.types import Array
from exonu.detector.geometry import Geometry
from exonu.events.raw.raw_events import Events, read_events
from exonu.events.raw.root_files import read_columns
from exonu.events.selection.cuts import TREE

AROUND = (0.7, 1.3)
"""Events of the source have so much light, relative to the median at their height."""


@dataclass(frozen=True)
class Rings:
    """Photomultipliers by the polar angle at which they are seen from the centre.

    Attributes:
        of_channel: ring of each channel, −1 of one that is left out; shape (n_channels,).
        cosine: mean cosine of the polar angle, shape (n_rings,).
    """

    of_channel: NDArray[np.int64]
    cosine: Array

    @classmethod
    def of(cls, geometry: Geometry, rings: int, dead: Sequence[int]) -> Rings:
        """Rings of equal solid angle without some channels.

        Raises:
            InputError: a ring without a photomultiplier.
        """
        cosine = geometry.positions_cm[:, 2] / np.linalg.norm(geometry.positions_cm, axis=1)
        of_channel = np.clip(((cosine + 1) / 2 * rings).astype(np.int64), 0, rings - 1)
        of_channel[list(dead)] = -1
        alive = of_channel >= 0
        counts = np.bincount(of_channel[alive], minlength=rings)
        if not counts.all():
            raise InputError(
                f"has {rings} rings, of which number {int(np.argmin(counts))} has no living photomultiplier",
                field="source_scan.rings", remedy="take fewer rings",
            )  # fmt: skip
        return cls(of_channel, np.bincount(of_channel[alive], cosine[alive], rings) / counts)

    @property
    def number(self) -> int:
        """How many there are."""
        return len(self.cosine)

    def light(self, events: Events) -> Array:
        """Charge of each event in each ring, shape (n_events, n_rings)."""
        event = events.event_of_hit
        ring = self.of_channel[events.channel]
        there, n = ring >= 0, self.number
        sums = np.bincount(event[there] * n + ring[there], events.charge[there], len(events) * n)
        return np.asarray(sums, dtype=np.float64).reshape(len(events), n)


@dataclass(frozen=True)
class Scan:
    """Events of the source in one file, or several.

    Attributes:
        number: of each event in its file, shape (n,).
        light: by ring, over the run's relative light yield, shape (n, n_rings).
        z_cm: height of the vertex R(PE), shape (n,).
        is_coarse: whether the search for it stopped early, far outside; shape (n,).
        true_z_cm: true height, shape (n,); None of data.
    """

    number: NDArray[np.uint64]
    light: Array
    z_cm: Array
    is_coarse: NDArray[np.bool_]
    true_z_cm: Array | None = None

    @classmethod
    def read(
        cls, ingested: str | Path, reconstructed: str | Path, rings: Rings, component: int | None
    ) -> Scan:
        """From the files of a run, or of a sample of which the events of one component are taken.

        Args:
            ingested, reconstructed: the same events with hits, and with vertices.
            rings: of the photomultipliers.
            component: number of the component in the sample; None of a run.

        Raises:
            InputError: files of different events.
        """
        z, coarse = _vertices(reconstructed)
        parts, first = [], 0
        for events in read_events(ingested):
            mine = np.arange(len(events))
            if component is not None and events.component is not None:
                mine = np.flatnonzero(events.component == component)
            chosen, of_file = events[mine], first + mine
            first += len(events)
            if first > len(z):
                break
            place = None if component is None else chosen.true_xyz_cm
            true = None if place is None else place[:, 2]
            of_run = chosen.columns["light_yield_scale"][:, None]
            light = rings.light(chosen) / of_run
            parts.append(cls(chosen.event, light, z[of_file], coarse[of_file], true))
        if first != len(z):
            raise InputError(
                f"has not the events of {ingested}", file=reconstructed, field="events",
                remedy="reconstruct the ingested file again",
            )  # fmt: skip
        empty = cls(np.empty(0, np.uint64), np.empty((0, rings.number)), z[:0], coarse[:0])
        found = joined(parts) if parts else empty
        return found.take(np.argsort(found.number, kind="stable"))

    def take(self, rows: NDArray[np.int64]) -> Scan:
        """Some of the events."""
        true = None if self.true_z_cm is None else self.true_z_cm[rows]
        return Scan(
            self.number[rows], self.light[rows], self.z_cm[rows], self.is_coarse[rows], true
        )

    def at_heights(self, heights_cm: Array, what: str, least: int) -> list[Scan]:
        """The events at each height, without those whose light is not the source's.

        Args:
            heights_cm: ascending, shape (p,).
            what: for messages.
            least: events that are needed at each.

        Raises:
            InputError: fewer at one of them.
        """
        z = self.z_cm if self.true_z_cm is None else self.true_z_cm
        half = float(np.min(np.diff(heights_cm))) / 2
        found = []
        for height in heights_cm:
            near = np.flatnonzero(np.abs(z - height) < half)
            total = self.light[near].sum(axis=1)
            middle = np.median(total) if len(near) else 0.0
            rows = near[(total > AROUND[0] * middle) & (total < AROUND[1] * middle)]
            if len(rows) < least:
                raise InputError(
                    f"has {len(rows)} events of the source at {height:g} cm, and {least} are needed",
                    field=what, remedy="take or simulate more events there, or correct `source_z_cm` of the run list",
                )  # fmt: skip
            found.append(self.take(rows))
        return found

    def like(self, other: Scan) -> Array:
        """Light of the same events as another's, 0 of those that are not there, shape (n, n_rings)."""
        place = np.searchsorted(self.number, other.number)
        there = (
            self.number[np.minimum(place, len(self.number) - 1)] == other.number
            if len(self.number)
            else np.zeros(len(other.number), dtype=bool)
        )
        light = np.zeros_like(other.light)
        light[there] = self.light[place[there]]
        return light


def _vertices(reconstructed: str | Path) -> tuple[Array, NDArray[np.bool_]]:
    """Heights of all events of a file, and whether they are coarse."""
    names = ("z_pe_cm", "r_pe_is_coarse")
    chunks = list(read_columns(reconstructed, TREE, names))
    z, coarse = (
        np.concatenate([np.empty(0), *(chunk[name] for chunk in chunks)]) for name in names
    )
    return z, coarse.astype(bool)


def joined(scans: Sequence[Scan]) -> Scan:
    """Events of several files, or chunks of one."""
    true = [one.true_z_cm for one in scans if one.true_z_cm is not None]
    return Scan(
        np.concatenate([one.number for one in scans]),
        np.concatenate([one.light for one in scans]),
        np.concatenate([one.z_cm for one in scans]),
        np.concatenate([one.is_coarse for one in scans]),
        np.concatenate(true) if len(true) == len(scans) else None,
    )
