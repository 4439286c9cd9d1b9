"""Pseudo-data: unweighted events as a detector would take them, over runs in which photomultipliers
die."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from exonu.core import constants
from exonu.core.errors import InputError
from exonu.core.seeds import derived_seed
from exonu.core.types import Array
from exonu.detector.geometry import Geometry
from exonu.simulation.components import Component, Source
from exonu.simulation.generation.generate import ALL_ENERGIES, Deposits, generate_source, join
from exonu.simulation.wall.focus import NO_FOCUS

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class PseudoData:
    """Unweighted events in the order of time.

    Attributes:
        deposits: the events; each weight is prescale / live time.
        time_s: time since the start of data taking, ascending, shape (n,).
        live_days: live time.
        prescale: of how many events one was kept.
        decays: of each source of `deposits`, those that leave nothing included.
    """

    deposits: Deposits
    time_s: Array
    live_days: float
    prescale: float
    decays: tuple[int, ...]

    def take(self, kept: NDArray[np.bool_]) -> PseudoData:
        """Some of the events."""
        return replace(self, deposits=self.deposits.take(kept), time_s=self.time_s[kept])


@dataclass(frozen=True)
class DemonstrationRun:
    """A run: number, start and live time in s, channels that are dead."""

    run: int
    start_s: float
    live_time_s: float
    dead: tuple[int, ...]


def pseudo_data(
    components: Sequence[Component],
    live_days: float,
    geometry: Geometry,
    seed: int = 0,
    *,
    stream: str = "physics",
    factors: Mapping[str, float] | None = None,
    prescale: float = 1.0,
    window_keV: tuple[float, float] = ALL_ENERGIES,
) -> PseudoData:
    """Poisson draws of all decays in a live time.

    The physics stream has everything (prescale 1); a wall-control stream has the wall classes with
    a prescale, as further, independent events of the same detector.

    Args:
        components: what decays; importance sampling is switched off.
        live_days: live time.
        geometry: the detector.
        seed: of the analysis.
        stream: name of the stream; another name gives other events.
        factors: true over listed activity by component; 1 if not given.
        prescale: one in so many events is kept, ≥ 1.
        window_keV: visible energies to keep.

    Raises:
        InputError: a live time ≤ 0, a prescale < 1, a factor for a component that is not there or <
            0.

    >>> from exonu.detector.geometry import geodesic_geometry
    >>> from exonu.simulation.components import component
    >>> detector = geodesic_geometry()
    >>> data = pseudo_data([component("lxe-neutron", detector)], 10.0, detector, seed=1)
    >>> abs(len(data.deposits) - 1382) < 3 * 1382**0.5
    True
    """
    factors = factors or {}
    if not live_days > 0:
        raise InputError(f"must be > 0 (got {live_days})", field="live_days")
    if not prescale >= 1:
        raise InputError(f"must be ≥ 1 (got {prescale})", field="prescale")
    names = [component.name for component in components]
    for name, factor in factors.items():
        if name not in names or not factor >= 0:
            raise InputError(
                f"must be ≥ 0 and of a component (got {factor} for {name!r})",
                field="activity factors",
            )
    parts, times, decays = [], [], []
    for component in components:
        for source in component.sources:
            rate = source.rate_per_day * factors.get(component.name, 1.0) / prescale
            part, time_s, count = _stream(
                source, rate, live_days, geometry, seed, stream, prescale, window_keV
            )
            parts.append(part)
            times.append(time_s)
            decays.append(count)
    time_s = np.concatenate(times)
    order = np.argsort(time_s, kind="stable")
    deposits = join(parts).take(order)
    return PseudoData(deposits, time_s[order], live_days, prescale, tuple(decays))


def _stream(
    source: Source,
    rate_per_day: float,
    live_days: float,
    geometry: Geometry,
    seed: int,
    stream: str,
    prescale: float,
    window_keV: tuple[float, float],
) -> tuple[Deposits, Array, int]:
    random = np.random.default_rng(derived_seed(seed, f"data/{stream}/{source.name}"))
    count = int(random.poisson(rate_per_day * live_days))
    time_s = random.random(count) * live_days * constants.day
    analogue = replace(source, place=source.place._replace(bias=0.0, gap_bias=0.0, focus=NO_FOCUS))
    made = generate_source(
        analogue,
        np.arange(count),
        geometry,
        derived_seed(seed, f"data/{stream}"),
        prescale / live_days,
        window_keV,
    )
    return made, time_s[made.number], count


def demonstration_runs(
    geometry: Geometry,
    live_days: float,
    seed: int = 0,
    *,
    runs: int = 5,
    dead_first: int = 6,
    dead_last: int = 12,
) -> tuple[DemonstrationRun, ...]:
    """Runs of equal live time; some photomultipliers are dead from the start, more die from run to
    run.

    Args:
        geometry: the detector.
        live_days: of all runs together.
        seed: of the analysis; it says which channels die.
        runs: number of runs.
        dead_first, dead_last: number of dead channels in the first and the last run.

    Raises:
        InputError: no runs, or channels that come back to life, or more dead channels than there
            are.
    """
    if runs < 1 or not live_days > 0:
        raise InputError(
            f"must be at least one run and live time > 0 (got {runs}, {live_days} d)", field="runs"
        )
    if not 0 <= dead_first <= dead_last <= geometry.n_channels:
        raise InputError(
            f"must be 0 ≤ first ≤ last ≤ {geometry.n_channels} (got {dead_first}, {dead_last})",
            field="dead",
        )
    random = np.random.default_rng(derived_seed(seed, "runs/dead"))
    dying = random.permutation(geometry.n_channels)[:dead_last]
    counts = np.round(np.linspace(dead_first, dead_last, runs)).astype(int)
    length = live_days * constants.day / runs
    return tuple(
        DemonstrationRun(
            i + 1, i * length, length, tuple(sorted(int(channel) for channel in dying[:count]))
        )
        for i, count in enumerate(counts)
    )


def run_of(time_s: Array, runs: Sequence[DemonstrationRun]) -> Integers:
    """Index of the run that each time falls in, shape (n,)."""
    starts = np.array([run.start_s for run in runs])
    return np.asarray(np.searchsorted(starts, time_s, side="right") - 1, dtype=np.int64)
