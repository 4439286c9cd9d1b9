"""Which simulated events of a sample are followed, and how often: weights make up for all of it.

Most decays of the wall are never found inside, and most light is that of events whose templates are
well known. So events are thinned by what is known of them before light (`Thinning`), and rare ones with
little light are repeated (`Repetition`). Both are unbiased for whatever is counted afterwards;
pseudo-data have neither."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from exonu.core.types import Array
from exonu.detector.geometry import Geometry
from exonu.simulation.generation.generate import Deposits


@dataclass(frozen=True)
class Thinning:
    """Of some events one in so many is kept, and weighs as much more.

    Attributes:
        above_keV, below_keV: their visible energy is between these,
        one_in: of so many decays in a row.
        beyond_cm: and no site of energy closer to the centre: what has one may be found in the
            fiducial volume, and its weight decides what is known of it.
        origin_beyond_cm: and they decay no closer to the centre: of the light of gaps, that from
            the middle of a wall looks most like that of an inner event,
        cosine_below: and all their light leaves through wider cones, with a cosine of the half
            opening below this; that from deep in a gap looks most like an inner event.
    """

    above_keV: float
    one_in: int
    beyond_cm: float = 0.0
    below_keV: float = np.inf
    origin_beyond_cm: float = 0.0
    cosine_below: float = 1.0

    def applies(self, deposits: Deposits) -> NDArray[np.bool_]:
        """Which events it is about, shape (n,)."""
        visible = deposits.visible_keV
        rare = (visible > self.above_keV) & (visible < self.below_keV)
        if self.beyond_cm > 0:
            rare &= innermost_cm(deposits) >= self.beyond_cm
        if self.origin_beyond_cm > 0:
            rare &= np.linalg.norm(deposits.origin_cm, axis=1) >= self.origin_beyond_cm
        if self.cosine_below < 1:
            rare &= narrowest_cosine(deposits) < self.cosine_below
        return np.asarray(rare)


@dataclass(frozen=True)
class Repetition:
    """Events with little light are followed several times, each time with light of its own and as
    much less weight: where a decay that leaves something is rarer than its light is dear.

    All but the first are turned or reflected as the detector allows, so that each stands before
    other tubes, dead ones too. They share the number of their decay, and count as one event in the
    errors of templates (`exonu.templates.histograms.fill`).

    Attributes:
        below_keV: events with less visible energy,
        times: so often,
        beyond_cm: unless they have a site of energy closer to the centre: these are found anyhow.
    """

    below_keV: float
    times: int
    beyond_cm: float = 0.0

    def applies(self, deposits: Deposits) -> NDArray[np.bool_]:
        """Which events it is about, shape (n,)."""
        rare = deposits.visible_keV < self.below_keV
        return np.asarray(rare & (innermost_cm(deposits) >= self.beyond_cm))


NUMBERS_OF_A_COPY = 2**33
"""Between the numbers of a decay and of its repetition: random numbers of light follow from them."""


@dataclass(frozen=True)
class Weighting:
    """How a sample is thinned and which of its events are repeated.

    Attributes:
        thin: several rules are independent of each other: what two of them are about is kept as
            often as their product says.
        repeat: of what is left; of several rules the first that is about an event counts.
        largest_per_day: what is thinned does not weigh more events per day, whatever the rules say:
            the largest weight says how much there may be that was not seen.
    """

    thin: tuple[Thinning, ...] = ()
    repeat: tuple[Repetition, ...] = ()
    largest_per_day: float = np.inf

    def thinned(self, deposits: Deposits, decays: int) -> Deposits:
        """The events that are kept of a source; which ones, follows from their numbers.

        Args:
            deposits: some events of one source.
            decays: how many decays of the source are drawn in all.
        """
        one_in = np.ones(len(deposits), dtype=np.int64)
        for rule in self.thin:
            one_in[rule.applies(deposits)] *= rule.one_in
        allowed = np.minimum(self.largest_per_day / deposits.weight_per_day, one_in)
        one_in = np.maximum(allowed, 1).astype(np.int64)
        # numbers count from 0: exact for any number of decays
        weight = deposits.weight_per_day * (decays / np.ceil(decays / one_in))
        return replace(deposits, weight_per_day=weight).take(deposits.number % one_in == 0)

    def repeated(
        self, deposits: Deposits, geometry: Geometry
    ) -> tuple[Deposits, NDArray[np.int64]]:
        """The events with their repetitions beside them; which event each is, shape (m,).

        Args:
            deposits: of one source or several.
            geometry: gives the turns.
        """
        times = np.ones(len(deposits), dtype=np.int64)
        for rule in reversed(self.repeat):
            times[rule.applies(deposits)] = rule.times
        which = np.repeat(np.arange(len(deposits)), times)
        copy = np.arange(len(which)) - np.repeat(np.cumsum(times) - times, times)
        made = deposits.take(which)
        turns = geometry.symmetry[copy * len(geometry.symmetry) // times[which]]
        of_site = turns[made.event]
        return replace(
            made,
            number=made.number + copy * NUMBERS_OF_A_COPY,
            weight_per_day=made.weight_per_day / times[which],
            position_cm=_turned(turns, made.position_cm),
            origin_cm=_turned(turns, made.origin_cm),
            site_position_cm=_turned(of_site, made.site_position_cm),
            axis=_turned(of_site, made.axis),
        ), which


AS_DRAWN = Weighting()
"""No event is thinned or repeated."""


def innermost_cm(deposits: Deposits) -> Array:
    """Distance of each event's innermost site from the centre, infinite without one, shape (n,)."""
    innermost = np.full(len(deposits), np.inf)
    np.minimum.at(innermost, deposits.event, np.linalg.norm(deposits.site_position_cm, axis=1))
    return innermost


def narrowest_cosine(deposits: Deposits) -> Array:
    """Cosine of the half opening of the narrowest cone that light of an event leaves through, −1 if
    all is isotropic, shape (n,)."""
    narrowest = np.full(len(deposits), -1.0)
    np.maximum.at(narrowest, deposits.event, deposits.cos_min)
    return narrowest


def _turned(turns: Array, vectors: Array) -> Array:
    return np.asarray(np.einsum("nij,nj->ni", turns, vectors))
