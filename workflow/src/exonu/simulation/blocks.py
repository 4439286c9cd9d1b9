"""The events of a run or a sample before light, in pieces of bounded size.

The pieces are fixed by what is simulated, not by the machine: a run is cut into equal stretches of
    time (Poisson
processes in separate stretches are independent), a sample into equal parts of each source.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exonu.core import constants
from exonu.core.seeds import derived_seed
from exonu.core.types import Array
from exonu.detector.geometry import Geometry
from exonu.simulation.components import Component
from exonu.simulation.generation.generate import (
    ALL_ENERGIES,
    Deposits,
    generate_source,
    join,
    shared,
)
from exonu.simulation.generation.pseudo_data import pseudo_data
from exonu.simulation.wall.wall_decays import POINT
from exonu.simulation.weighting import AS_DRAWN, Thinning, Weighting

DECAYS_PER_BLOCK = 200_000
"""About how many decays a piece has: 100 MB if all leave energy in the liquid."""


@dataclass(frozen=True)
class Block:
    """A piece of a run or a sample.

    Attributes:
        deposits: its events.
        component: index of each event's component, shape (n,), uint16.
        time_s: since the start of the run, ascending; 0 in a sample, shape (n,).
        number: of each event's decay, ascending, in a sample one number for each decay, shape (n,),
            uint64; of a run, it is not used.
        decays: how many were drawn for it, those that leave nothing included.
        seed: of its light.
    """

    deposits: Deposits
    component: NDArray[np.uint16]
    time_s: Array
    number: NDArray[np.uint64]
    decays: int
    seed: int


@dataclass(frozen=True)
class OuterPrescale:
    """Of some components' events with much light and all energy far outside one in so many is kept in data,
    and likewise in the samples that they are compared with: none weighs more.

    Attributes:
        components: of which.
        rule: which of their events, and one in how many.
    """

    components: tuple[str, ...]
    rule: Thinning

    @classmethod
    def of(cls, settings: Mapping[str, Any] | None) -> OuterPrescale | None:
        """From the setting of a stream; None without one."""
        if settings is None:
            return None
        numbers = {key: value for key, value in settings.items() if key != "components"}
        return cls(tuple(settings["components"]), Thinning(**numbers))

    def keeps(self, deposits: Deposits, before: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which events of a piece of a run stay, shape (n,).

        Args:
            deposits: the events.
            before: decays of each source in the pieces before, shape (n_sources,).
        """
        of = np.isin(deposits.component, self.components)[deposits.source]
        is_first = (deposits.number + before[deposits.source]) % self.rule.one_in == 0
        return np.asarray(is_first | ~of | ~self.rule.applies(deposits))

    def thinned(self, deposits: Deposits, decays: int, weighting: Weighting) -> Deposits:
        """Events of one source of a sample, with the rates of prescaled data.

        Args:
            deposits, decays: see `Weighting.thinned`.
            weighting: how the sample is thinned; as the data are, where it does not say.
        """
        if deposits.component[0] not in self.components:
            return weighting.thinned(deposits, decays)
        rules = weighting if weighting.thin else Weighting((self.rule,))
        share = np.where(self.rule.applies(deposits), 1 / self.rule.one_in, 1.0)
        prescaled = replace(deposits, weight_per_day=deposits.weight_per_day * share)
        return rules.thinned(prescaled, decays)


def run_blocks(
    components: Sequence[Component],
    live_time_s: float,
    geometry: Geometry,
    seed: int,
    *,
    factors: Mapping[str, float],
    prescale: float = 1.0,
    window_keV: tuple[float, float],
    live_fraction: float = 1.0,
    outer_prescale: OuterPrescale | None = None,
) -> Iterator[Block]:
    """Poisson draws of everything that decays in a run; see `generate_data.pseudo_data`.

    Args:
        components: what decays; an event's component is its index here.
        live_time_s: live time.
        geometry: the detector.
        seed: of the run.
        factors, prescale, window_keV: see `pseudo_data`.
        live_fraction: live time over the time that the run takes.
        outer_prescale: leaves out most events far outside.
    """
    elapsed_s = live_time_s / live_fraction
    decays = expected_decays(components, elapsed_s, factors, prescale)
    stretches = max(1, ceil(decays / DECAYS_PER_BLOCK))
    length_s = elapsed_s / stretches
    before = np.zeros(sum(len(what.sources) for what in components), dtype=np.int64)
    for k in range(stretches):
        mine = derived_seed(seed, f"stretch={k}")
        drawn = pseudo_data(
            components, length_s / constants.day, geometry, mine,
            factors=factors, prescale=prescale, window_keV=window_keV,
        )  # fmt: skip
        counts = np.array(drawn.decays)
        if outer_prescale is not None:
            drawn = drawn.take(outer_prescale.keeps(drawn.deposits, before))
        before += counts
        number = np.zeros(len(drawn.deposits), dtype=np.uint64)
        component = _component(drawn.deposits, components)
        share = round(decays * (k + 1) / stretches) - round(decays * k / stretches)
        yield Block(drawn.deposits, component, k * length_s + drawn.time_s, number, share, mine)


def expected_decays(
    components: Sequence[Component], elapsed_s: float, factors: Mapping[str, float], prescale: float
) -> float:
    """Mean number of decays in a time."""
    per_day = sum(what.rate_per_day * factors.get(what.name, 1.0) for what in components)
    return float(per_day / prescale * elapsed_s / constants.day)


def sample_blocks(
    components: Sequence[Component],
    decays: Sequence[int],
    geometry: Geometry,
    seed: int,
    window_keV: tuple[float, float],
    weighting: Weighting = AS_DRAWN,
    outer_prescale: OuterPrescale | None = None,
) -> Iterator[Block]:
    """A weighted sample of each component; every source has its share in every piece. Sources at a
    point come behind all others, which are the same with and without them.

    Samples with the same components and numbers of decays have the same events in the same order,
    whatever the detector that sees them. The numbers of events count the decays; repetitions of one
    share its number.

    Args:
        components: what decays.
        decays: how many of each are drawn, at least one per source.
        geometry: the detector.
        seed: of all samples; each source has its own random numbers from it.
        window_keV: visible energies to keep; of a source at a point all are.
        weighting: which events are thinned and repeated.
        outer_prescale: of the data.
    """
    counts = [shared(n, what.sources) for what, n in zip(components, decays, strict=True)]
    sources = [
        (source, count)
        for what, mine in zip(components, counts, strict=True)
        for source, count in zip(what.sources, mine, strict=True)
    ]
    before = 0
    for at_point in (False, True):
        alike = [(s, n) for s, n in sources if (s.place.kind == POINT) == at_point]
        window = ALL_ENERGIES if at_point else window_keV
        pieces = ceil(sum(count for _, count in alike) / DECAYS_PER_BLOCK)
        for k in range(pieces):
            parts, numbers, start = [], [], before
            for source, count in alike:
                ids = np.arange(count * k // pieces, count * (k + 1) // pieces)
                per_decay = source.rate_per_day / count
                part = generate_source(source, ids, geometry, seed, per_decay, window)
                if outer_prescale is None:
                    part = weighting.thinned(part, count)
                else:
                    part = outer_prescale.thinned(part, count, weighting)
                number = before + part.number - count * k // pieces
                if weighting.repeat:
                    part, which = weighting.repeated(part, geometry)
                    number = number[which]
                parts.append(part)
                numbers.append(number)
                before += len(ids)
            deposits = join(parts)
            yield Block(
                deposits, _component(deposits, components), np.zeros(len(deposits)),
                np.concatenate(numbers).astype(np.uint64), before - start, seed,
            )  # fmt: skip


def _component(deposits: Deposits, components: Sequence[Component]) -> NDArray[np.uint16]:
    names = [what.name for what in components]
    index = np.array([names.index(name) for name in deposits.component], dtype=np.uint16)
    return index[deposits.source]
