"""Dead-PMT correction: how often wall events leak inwards past a masked photomultiplier, in data
and in simulation.

Light that a dead photomultiplier misses lets an event in front of it look like one in the middle.
How often depends on
the optics of the wall, which simulation knows badly, so data say it: with p the fraction of
    `probes` that leak,
c(E) = p_data / p_simulation scales the simulated events in front of dead photomultipliers. Its
interval combines the 68.27 % intervals of both fractions in ln c; for many events it is σ_c/c =
√(1/N_data + 1/N_simulation). Where either has too few leaked probes, c = 1 with a declared
systematic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exonu.core.errors import InputError, raise_all
from exonu.core.files import plain, read_json
from exonu.core.settings import Settings
from exonu.core.types import Array
from exonu.events.raw.root_files import read_metadata
from exonu.events.selection.cut_flow import efficiency_interval
from exonu.templates.histograms import Histogram, Split, fill

if TYPE_CHECKING:
    import pandas as pd

    from exonu.templates.dead_pmt.probes import Probes


EDGES_KEV = (2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0, 18.0, 20.0, 22.0, 24.0, 26.0, 28.0, 30.0)


@dataclass(frozen=True)
class CorrectionSettings:
    """Choices of the correction, of the block `dead_pmt`.

    Attributes:
        edges_keV: bins of c(E).
        merge_above_keV: bins from here on are merged until there are enough leaked probes.
        least_events: how many are enough, in data and effectively in simulation.
        unmeasured_up, unmeasured_down: relative systematic of c = 1 where there are not.
    """

    edges_keV: tuple[float, ...] = EDGES_KEV
    merge_above_keV: float = 12.0
    least_events: float = 10.0
    unmeasured_up: float = 1.0
    unmeasured_down: float = 0.5

    def __post_init__(self) -> None:
        faults = []
        if len(self.edges_keV) < 2 or not np.all(np.diff(self.edges_keV) > 0):
            faults.append(
                InputError(f"must ascend (got {list(self.edges_keV)})", field="dead_pmt.edges_keV")
            )
        if not self.least_events >= 1:
            faults.append(
                InputError(f"must be ≥ 1 (got {self.least_events})", field="dead_pmt.least_events")
            )
        if not self.unmeasured_up >= 0:
            faults.append(
                InputError(
                    f"must be ≥ 0 (got {self.unmeasured_up})", field="dead_pmt.unmeasured_up"
                )
            )
        if not 0 <= self.unmeasured_down < 1:
            field = "dead_pmt.unmeasured_down"
            faults.append(
                InputError(f"must be from 0 to below 1 (got {self.unmeasured_down})", field=field)
            )
        raise_all(faults)

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> CorrectionSettings:
        """From the block `dead_pmt`, of which this reads a part."""
        known = {field.name for field in fields(cls)}
        given = {
            key: float(value) for key, value in settings.items() if key in known - {"edges_keV"}
        }
        edges = tuple(map(float, settings.get("edges_keV", EDGES_KEV)))
        return cls(edges_keV=edges, **given)


@dataclass(frozen=True)
class Leakage:
    """Probes and those that leaked, by energy.

    Attributes:
        probed, leaked: the counts; weighted in simulation.
    """

    probed: Histogram
    leaked: Histogram

    @classmethod
    def of(cls, probes: Probes, edges_keV: ArrayLike) -> Leakage:
        """Count probes in bins."""
        leaked = probes.leaked
        return cls(
            probed=fill(probes.energy_keVee, probes.weight, edges_keV),
            leaked=fill(probes.energy_keVee[leaked], probes.weight[leaked], edges_keV),
        )

    def rebinned(self, edges_keV: ArrayLike) -> Leakage:
        """In wider bins."""
        return Leakage(self.probed.rebinned(edges_keV), self.leaked.rebinned(edges_keV))

    @property
    def fraction(self) -> tuple[Array, Array, Array]:
        """Leaked fraction and the ends of its 68.27 % interval, shape (n_bins,) each; NaN without
        probes."""
        sums = [
            np.stack([part.entries, part.values, part.variances])
            for part in (self.leaked, self.probed)
        ]
        return efficiency_interval(*sums)


@dataclass(frozen=True)
class Varied:
    """A spectrum and what it is one standard deviation of the correction up and down: templates of
    `dead_pmt`."""

    nominal: Histogram
    up: Histogram
    down: Histogram


@dataclass(frozen=True)
class DeadPmtCorrection:
    """The correction c(E), with what it was made from.

    Attributes:
        edges_keV: merged bins, shape (n_bins + 1,).
        factor, factor_up, factor_down: c and the ends of its interval, shape (n_bins,).
        measured: whether both had enough leaked probes; else c = 1, shape (n_bins,).
        data, simulation: the counts in these bins.
        unmeasured: the ends of the interval where c was not measured, also outside the bins.
        is_simulated: whether the data are.
    """

    edges_keV: Array
    factor: Array
    factor_up: Array
    factor_down: Array
    measured: NDArray[np.bool_]
    data: Leakage
    simulation: Leakage
    unmeasured: tuple[float, float]
    is_simulated: bool = False

    def factor_at(self, energy_keVee: ArrayLike) -> Array:
        """c, its upper and its lower end at these energies, shape (3, n): weights of events."""
        energy = np.asarray(energy_keVee, dtype=np.float64)
        place = np.searchsorted(self.edges_keV, energy, side="right") - 1
        inside = (place >= 0) & (place < len(self.factor))
        table = np.stack([self.factor, self.factor_up, self.factor_down])
        outside = np.array([1.0, *self.unmeasured])[:, None]
        return np.where(inside, table[:, np.clip(place, 0, len(self.factor) - 1)], outside)

    def applied(self, spectrum: Split) -> Varied:
        """Scale the part of a spectrum that is in front of dead photomultipliers.

        Raises:
            InputError: an edge of c(E) within a bin of the spectrum.
        """
        edges = spectrum.correctable.edges_keV
        within = self.edges_keV[(self.edges_keV > edges[0]) & (self.edges_keV < edges[-1])]
        for edge in within:
            if np.min(np.abs(edges - edge)) > 1e-9 * edge:
                raise InputError(
                    f"{edge:g} keV is within a bin of the histograms",
                    field="dead_pmt.edges_keV",
                    remedy="choose edges of the histograms' bins",
                )
        factors = self.factor_at((edges[1:] + edges[:-1]) / 2)
        return Varied(*(spectrum.rest + spectrum.correctable.scaled(c) for c in factors))

    def as_json(self) -> Settings:
        """All of it; `from_json` reverses it."""
        return plain(asdict(self))

    @classmethod
    def from_json(cls, record: Settings) -> DeadPmtCorrection:
        """The reverse of `as_json`."""

        def leakage(part: Settings) -> Leakage:
            return Leakage(
                *(
                    Histogram(
                        **{
                            name: np.asarray(column, dtype=np.float64)
                            for name, column in part[kind].items()
                        }
                    )
                    for kind in ("probed", "leaked")
                )
            )

        arrays = {name: np.asarray(record[name], dtype=np.float64) for name in _COLUMNS}
        return cls(
            **arrays,
            measured=np.asarray(record["measured"], dtype=bool),
            data=leakage(record["data"]),
            simulation=leakage(record["simulation"]),
            unmeasured=(record["unmeasured"][0], record["unmeasured"][1]),
            is_simulated=record["is_simulated"],
        )

    @classmethod
    def read(cls, path: str | Path) -> DeadPmtCorrection:
        """From the JSON of the step `dead_pmt_correction`.

        Raises:
            InputError: no such file, or another JSON.
        """
        record = read_json(path)
        try:
            return cls.from_json(record)
        except (KeyError, TypeError, IndexError):
            raise InputError(
                "holds no dead-PMT correction",
                file=path,
                remedy="make it with the step `dead_pmt_correction`",
            ) from None

    def table(self) -> pd.DataFrame:
        """One row per bin: counts, fractions and c with the ends of their intervals."""
        import pandas as pd

        columns: dict[str, Any] = {
            "energy_low_keVee": self.edges_keV[:-1],
            "energy_high_keVee": self.edges_keV[1:],
        }
        for name in ("data", "simulation"):
            leakage: Leakage = getattr(self, name)
            columns[f"{name}_probed"] = leakage.probed.values
            columns[f"{name}_leaked"] = leakage.leaked.values
            columns[f"{name}_leaked_effective"] = leakage.leaked.effective_entries
            for end, value in zip(("", "_low", "_high"), leakage.fraction, strict=True):
                columns[f"{name}_fraction{end}"] = value
        columns |= {
            name: getattr(self, name) for name in ("factor", "factor_down", "factor_up", "measured")
        }
        return pd.DataFrame(columns)


_COLUMNS = ("edges_keV", "factor", "factor_up", "factor_down")


def merged_edges(
    edges_keV: ArrayLike, leaked: Sequence[Histogram], above_keV: float, least: float
) -> Array:
    """Merge bins upwards from an energy on, until each has enough events in all histograms; the
    last may not.

    Args:
        edges_keV: of the fine bins.
        leaked: counts in these bins, of data and of simulation.
        above_keV: bins that begin below stay as they are.
        least: effective number of events.
    """
    edges = np.asarray(edges_keV, dtype=np.float64)
    kept = [edges[0]]
    for low, high in pairwise(edges):
        whole = [kept[-1], high]
        enough = all(
            histogram.rebinned(whole).effective_entries[0] >= least for histogram in leaked
        )
        if low < above_keV or enough or high == edges[-1]:
            kept.append(high)
    return np.array(kept)


def measure(
    data: Probes,
    simulation: Probes,
    settings: CorrectionSettings | None = None,
    *,
    is_simulated: bool = False,
) -> DeadPmtCorrection:
    """The correction from probes.

    Args:
        data, simulation: their probes; simulation of all wall components together, weighted.
        settings: choices.
        is_simulated: whether the data are.
    """
    settings = settings or CorrectionSettings()
    fine = [Leakage.of(probes, settings.edges_keV) for probes in (data, simulation)]
    edges = merged_edges(
        settings.edges_keV,
        [part.leaked for part in fine],
        settings.merge_above_keV,
        settings.least_events,
    )
    both = [part.rebinned(edges) for part in fine]
    measured = np.all(
        [part.leaked.effective_entries >= settings.least_events for part in both], axis=0
    )
    unmeasured = (1 + settings.unmeasured_up, 1 - settings.unmeasured_down)
    factor, up, down = (np.full(len(edges) - 1, value) for value in (1.0, *unmeasured))
    factor[measured], up[measured], down[measured] = (
        column[measured] for column in ratio_interval(*both)
    )
    return DeadPmtCorrection(
        edges, factor, up, down, measured, both[0], both[1], unmeasured, is_simulated
    )


def ratio_interval(data: Leakage, simulation: Leakage) -> tuple[Array, Array, Array]:
    """p_data / p_simulation with its upper and lower end: deviations of ln p added in quadrature,
    side by side."""
    with np.errstate(divide="ignore", invalid="ignore"):
        (p, p_low, p_high), (q, q_low, q_high) = (part.fraction for part in (data, simulation))
        ratio = p / q
        up = ratio * np.exp(np.hypot(np.log(p_high / p), np.log(q / q_low)))
        down = ratio * np.exp(-np.hypot(np.log(p / p_low), np.log(q_high / q)))
    return ratio, up, down


def correction_of(files: Sequence[str | Path], settings: Settings) -> DeadPmtCorrection:
    """The correction from the files of the step `probes`.

    Args:
        files: of all runs and wall samples.
        settings: with the block `dead_pmt`.

    Raises:
        InputError: no data or no simulation among them.
    """
    # With the reconstruction behind them, which whoever reads a correction needs not load.
    from exonu.templates.dead_pmt.probes import Probes, read_probes

    kinds: dict[bool, list[Probes]] = {True: [], False: []}
    is_simulated = False
    for file in files:
        source, probes = read_probes(file)
        is_data = source["kind"] == "data"
        kinds[is_data].append(probes)
        is_simulated |= is_data and bool(read_metadata(file)["is_simulated"])
    for is_data, name in ((True, "a run"), (False, "a wall sample")):
        if not kinds[is_data]:
            raise InputError(
                f"has none of {name}",
                field="probes",
                remedy="give the files of all runs and wall samples",
            )
    data, simulation = Probes.join(kinds[True]), Probes.join(kinds[False])
    return measure(
        data,
        simulation,
        CorrectionSettings.from_settings(settings["dead_pmt"]),
        is_simulated=is_simulated,
    )
