"""Generate events: decays of a component and the energy that they leave in the liquid, before any
light.

Every event has its own random numbers from the seed, its source and its number: the same events
    whatever the chunks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exonu.core.errors import InputError
from exonu.core.seeds import derived_seed
from exonu.core.types import Array
from exonu.detector.geometry import Geometry
from exonu.simulation.components import Component, Source, component
from exonu.simulation.wall.wall_decays import walls_of

Integers = NDArray[np.int64]

CHUNK = 20_000
SITES_PER_EVENT = 8
ALL_ENERGIES = (1e-3, np.inf)
"""Window of the visible energy: all events that leave anything."""


@dataclass(frozen=True)
class Deposits:
    """Events and their sites of energy; events that leave nothing in the window are not there.

    Attributes:
        number: number of the event within its source, from 0; with `source` it is unique. Shape
            (n,).
        source: index into `sources`, shape (n,).
        true_energy_keV: energy in the liquid, shape (n,).
        position_cm: mean of the sites, weighted by energy, shape (n, 3).
        origin_cm: point of the decay, shape (n, 3).
        weight_per_day: events per day that this one stands for, shape (n,); for the signal per day
            and (1/keV).
        event: index of each site's event, ascending, shape (m,).
        site_position_cm, site_energy_keV: of each site, shapes (m, 3), (m,).
        axis, cos_min: emission cone of the site's light; cos_min = −1 is isotropic. Shapes (m, 3),
            (m,).
        escape: fraction of the light that leaves the site's place, shape (m,).
        sources: names of the sources.
    """

    number: Integers
    source: Integers
    true_energy_keV: Array
    position_cm: Array
    origin_cm: Array
    weight_per_day: Array
    event: Integers
    site_position_cm: Array
    site_energy_keV: Array
    axis: Array
    cos_min: Array
    escape: Array
    sources: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.number)

    @property
    def component(self) -> tuple[str, ...]:
        """Component of each source: the first part of its name."""
        return tuple(name.split("/")[0] for name in self.sources)

    @property
    def event_id(self) -> Integers:
        """A number of each event that no other event has: for the random numbers of its light,
        shape (n,)."""
        start = np.array(
            [derived_seed(0, name) >> 40 << 40 for name in self.sources], dtype=np.int64
        )
        return start[self.source] + self.number

    @property
    def visible_keV(self) -> Array:
        """Energy times escape fraction, summed over the sites, shape (n,)."""
        return _summed(self.event, self.site_energy_keV * self.escape, len(self))

    def take(self, order: NDArray[Any]) -> Deposits:
        """Some of the events, in the order given (indices) or kept (a mask)."""
        order = np.flatnonzero(order) if order.dtype == bool else order
        counts = np.bincount(self.event, minlength=len(self))
        first = np.cumsum(counts) - counts
        sizes = counts[order]
        start = np.repeat(first[order] - (np.cumsum(sizes) - sizes), sizes)
        sites = start + np.arange(sizes.sum())
        event = np.repeat(np.arange(len(order)), sizes)
        per_event = {name: getattr(self, name)[order] for name in _PER_EVENT}
        per_site = {name: getattr(self, name)[sites] for name in _PER_SITE}
        return Deposits(**per_event, event=event, **per_site, sources=self.sources)


_PER_EVENT = ("number", "source", "true_energy_keV", "position_cm", "origin_cm", "weight_per_day")
_PER_SITE = ("site_position_cm", "site_energy_keV", "axis", "cos_min", "escape")


def join(parts: Sequence[Deposits]) -> Deposits:
    """Several lists of events one after the other.

    Raises:
        InputError: no parts.
    """
    if not parts:
        raise InputError("needs at least one list of events", field="deposits")
    names = tuple(dict.fromkeys(name for part in parts for name in part.sources))
    source = [
        np.array([names.index(name) for name in part.sources], dtype=np.int64)[part.source]
        for part in parts
    ]
    shift = np.cumsum([0, *(len(part) for part in parts)])
    columns = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts])
        for field in fields(Deposits)
        if field.name not in ("source", "event", "sources")
    }
    event = np.concatenate([part.event + start for part, start in zip(parts, shift, strict=False)])
    return Deposits(source=np.concatenate(source), event=event, sources=names, **columns)


def generate(
    component_or_name: Component | str,
    n_events: int,
    geometry: Geometry,
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    *,
    window_keV: tuple[float, float] = ALL_ENERGIES,
    events: range | None = None,
) -> Deposits:
    """Generate a weighted sample of a component.

    The sources share the events in proportion to their rates (times an emphasis), at least one
    each. The sum of the weights of all decays (also of those that leave nothing) is the component's
    rate: a thinned sample has fewer events.

    Args:
        component_or_name: from `components.component`, or a name.
        n_events: decays to generate.
        geometry: the detector.
        settings: overrides of the activities, if a name is given.
        seed: of the analysis.
        window_keV: visible energies (energy times escape fraction) to keep.
        events: the part of `range(n_events)` to make now; all by default.

    Raises:
        InputError: fewer decays than sources, or events outside the range.

    >>> from exonu.detector.geometry import geodesic_geometry
    >>> sample = generate("lxe-neutron", 1000, geodesic_geometry())
    >>> f"{sample.weight_per_day.sum():.0f} decays/day"
    '138 decays/day'
    """
    what = (
        component(component_or_name, geometry, settings)
        if isinstance(component_or_name, str)
        else component_or_name
    )
    part = range(n_events) if events is None else events
    if n_events < len(what.sources):
        raise InputError(
            f"must be at least {len(what.sources)}, one per source (got {n_events})",
            field="n_events",
        )
    if part.start < 0 or part.stop > n_events or part.step != 1:
        raise InputError(f"must be within 0 and {n_events}", field="events")
    results, first = [], 0
    for source, count in zip(what.sources, shared(n_events, what.sources), strict=True):
        ids = np.arange(max(part.start - first, 0), min(part.stop - first, count))
        scale = source.rate_per_day / count
        results.append(generate_source(source, ids, geometry, seed, scale, window_keV))
        first += count
    return join(results)


def shared(n_events: int, sources: Sequence[Source]) -> list[int]:
    """How many events each source gets: at least one, else in proportion to rate times emphasis; in
    all n_events."""
    rates = np.array([source.rate_per_day * source.emphasis for source in sources])
    edges = np.round(
        np.concatenate([[0.0], np.cumsum(rates / rates.sum())]) * (n_events - len(sources))
    )
    return [int(count) + 1 for count in np.diff(edges)]


def generate_source(
    source: Source,
    ids: Integers,
    geometry: Geometry,
    seed: int,
    weight_per_day: float,
    window_keV: tuple[float, float] = ALL_ENERGIES,
) -> Deposits:
    """Events of one source with the given numbers, each of weight `weight_per_day` times its
    importance weight."""
    stream_seed = derived_seed(seed, f"generate/{source.name}")
    parts = [
        _assembled(source, chunk, rows, counts, sites, weight_per_day)
        for chunk, rows, counts, sites in _chunks(source, ids, geometry, stream_seed, window_keV)
    ]
    return join(parts)


def _chunks(
    source: Source,
    ids: Integers,
    geometry: Geometry,
    stream_seed: int,
    window_keV: tuple[float, float],
) -> Iterator[tuple[Integers, Array, Integers, Array]]:
    """Numbers, event rows, counts of sites and sites, chunk by chunk; at least one chunk, which may
    be empty."""
    from exonu.simulation.gammas.gamma_transport import attenuation
    from exonu.simulation.generation.event_kernels import (
        EVENT_COLUMNS,
        SITE_COLUMNS,
        generate_events,
    )

    table = attenuation(source.material, source.place.density)
    walls = walls_of(geometry)
    window = (
        float(window_keV[0]),
        float(window_keV[1]),
    )  # settings may be integers, for which all would compile again
    sites = np.empty((CHUNK * SITES_PER_EVENT, SITE_COLUMNS))
    done = 0
    while True:
        chunk = ids[done : done + CHUNK]
        rows, counts = np.empty((len(chunk), EVENT_COLUMNS)), np.zeros(len(chunk), dtype=np.int64)
        made, used = generate_events(
            chunk,
            stream_seed,
            source.scheme,
            source.place,
            table,
            walls,
            window,
            rows,
            counts,
            sites,
        )
        yield chunk[:made], rows[:made], counts[:made], sites[:used]
        done += made
        if done >= len(ids):
            return


def _assembled(
    source: Source,
    ids: Integers,
    rows: Array,
    counts: Integers,
    sites: Array,
    weight_per_day: float,
) -> Deposits:
    kept = counts > 0
    event = np.repeat(np.arange(kept.sum()), counts[kept])
    n, position, energy = int(kept.sum()), sites[:, :3].copy(), sites[:, 3].copy()
    total = _summed(event, energy, n)
    mean = np.column_stack(
        [_summed(event, energy * position[:, axis], n) / total for axis in range(3)]
    )
    weight = weight_per_day * rows[kept, 3]
    if source.log_flat_keV is not None:
        weight = weight * total * np.log(source.log_flat_keV[1] / source.log_flat_keV[0])
    return Deposits(
        number=ids[kept],
        source=np.zeros(n, dtype=np.int64),
        true_energy_keV=total,
        position_cm=mean,
        origin_cm=rows[kept, :3],
        weight_per_day=weight,
        event=event,
        site_position_cm=position,
        site_energy_keV=energy,
        axis=sites[:, 6:9].copy(),
        cos_min=sites[:, 5].copy(),
        escape=sites[:, 4].copy(),
        sources=(source.name,),
    )


def _summed(event: Integers, values: Array, n: int) -> Array:
    """Sum over the sites of each event."""
    return np.asarray(np.bincount(event, values, n), dtype=np.float64)
