"""The bins and the counts of a published spectrum, in whatever form its table has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from exonu.core.errors import InputError, raise_all
from exonu.core.settings import Settings
from exonu.core.types import Array
from exonu.search.experiment.exposure_units import events_per_tonne_year_keV, refused_rate

LARGEST_COUNT = 2.0**53
"""Beyond it not every whole number is a float, and no spectrum has as many events."""
ROUNDED = 1e-6
"""A count that a rate gives is whole but for the digits of the rate."""
ENERGY_UNIT = "keV"
"""Unit of the edges of bins of energy."""
_EDGES = ("energy_low_keV", "energy_high_keV")
_CENTRES = ("energy_centre_keV", "width_keV")
_OTHERS = ("low", "high")


@dataclass(frozen=True)
class Table:
    """A spectrum's table: bins, and its columns as counts.

    Attributes:
        file: its file, for messages.
        low, high: edges of the bins in keV, or in the unit of the observable, shape (n_bins,) each.
        columns: every column that is used, shape (n_bins,).
        exposure_tonne_year: exposure.
        unit: of the edges, keV or that of the observable.
    """

    file: Path
    low: Array
    high: Array
    columns: Mapping[str, Array]
    exposure_tonne_year: float
    unit: str = ENERGY_UNIT

    def per_unit(self, unit: str, field: str, file: Path) -> Array:
        """Counts in each bin for one of a unit, shape (n_bins,).

        Raises:
            InputError: a unit that is neither counts nor a rate, or a rate where bins are not of energy.
        """
        if unit == "counts":
            return np.ones(len(self.low))
        rate = events_per_tonne_year_keV(unit)
        if rate is None:
            raise refused_rate(unit, field, file)
        self.require_energies(field, file)
        return rate * self.exposure_tonne_year * (self.high - self.low)

    def require_energies(self, field: str, file: Path) -> None:
        """Refuse a rate per keV that would be multiplied by a width in another unit.

        Raises:
            InputError: if the bins are not of energy in keV.
        """
        if self.unit != ENERGY_UNIT:
            raise InputError(
                f"is a rate per keV, and the bins are not of energy but in {self.unit}",
                file=file,
                field=field,
                remedy="give counts; of a background also a rate of true energy, `efficiency: apply`",
            )

    def counts(self, column: str, unit: str, field: str, file: Path) -> Array:
        """A column as counts; negative ones and those beyond reason are refused."""
        counts = self.columns[column] * self.per_unit(unit, field, file)
        raise_all(_count_faults(counts, column, self.file))
        return counts


def bin_columns(spectrum: Settings, file: Path) -> list[str]:
    """The columns that hold the bins.

    Raises:
        InputError: several ways to say them, or half of one.
    """
    ways = [way for way in (_EDGES, _CENTRES, _OTHERS) if any(key in spectrum for key in way)]
    if len(ways) != 1:
        problem = "is missing" if not ways else "says the bins twice"
        raise InputError(
            problem,
            file=file,
            field="spectrum",
            remedy="name either energy_low_keV and energy_high_keV, or energy_centre_keV and "
            "width_keV, or low and high of an observable",
        )
    for key in ways[0]:
        if key not in spectrum:
            other = next(k for k in ways[0] if k in spectrum)
            raise InputError(
                f"is missing beside {other}",
                file=file,
                field=f"spectrum.{key}",
                remedy="name the column" + (", or give a number" if key == "width_keV" else ""),
            )
    if ("observable" in spectrum) != (ways[0] == _OTHERS):
        raise InputError(
            "belongs to the columns `low` and `high`, and they to it",
            file=file,
            field="spectrum.observable",
            remedy="for a spectrum of recoil energy name energy_low_keV and energy_high_keV",
        )
    check_units(spectrum, ways[0], "spectrum", file)
    return [spectrum[key] for key in ways[0] if isinstance(spectrum[key], str)]


def check_units(block: Settings, keys: tuple[str, ...], field: str, file: Path) -> None:
    """A column whose name says another unit than keV is a slip that no number would show."""
    for key in keys:
        unit = str(block[key]).rpartition("_")[2]
        if key.endswith("_keV") and unit in ("eV", "MeV", "GeV", "J"):
            raise InputError(
                f"names the column {block[key]!r}, which is in {unit}",
                file=file,
                field=f"{field}.{key}",
                remedy="convert the column to keV and name it so",
            )


def bins(spectrum: Settings, columns: Mapping[str, Array], file: Path) -> tuple[Array, Array]:
    """Lower and upper edges of the bins, shape (n_bins,) each.

    Raises:
        InputError: bins without a width, below zero, or that overlap.
    """
    if "energy_centre_keV" in spectrum:
        centre, given = columns[spectrum["energy_centre_keV"]], spectrum["width_keV"]
        width = columns[given] if isinstance(given, str) else np.full(len(centre), float(given))
        low, high = centre - width / 2, centre + width / 2
        # Where the centres were rounded, bins that touch would overlap or leave gaps.
        touch = np.isclose(high[:-1], low[1:], rtol=0, atol=1e-3 * width[1:])
        high[:-1] = np.where(touch, (high[:-1] + low[1:]) / 2, high[:-1])
        low[1:] = np.where(touch, high[:-1], low[1:])
        low[0] = max(low[0], 0.0) if abs(low[0]) < 1e-9 * width[0] else low[0]
        names = [spectrum["energy_centre_keV"], "width_keV"]
    else:
        names = [spectrum[key] for key in (_EDGES if _EDGES[0] in spectrum else _OTHERS)]
        low, high = columns[names[0]], columns[names[1]]
    raise_all(_bin_faults(low, high, file, names, edge_unit(spectrum)))
    return low, high


def edge_unit(spectrum: Settings) -> str:
    """Unit of the edges of the bins."""
    return str(spectrum["observable"]["unit"]) if "observable" in spectrum else ENERGY_UNIT


def _bin_faults(
    low: Array, high: Array, file: Path, names: list[str], unit: str
) -> Iterator[InputError]:
    for row in np.flatnonzero(high <= low):
        yield InputError(
            f"the bin {low[row]:g}–{high[row]:g} {unit} has no width",
            file=file,
            field=f"row {row + 1}, {names[0]} and {names[1]}",
            remedy="its upper edge must lie above its lower edge",
        )
    if unit == ENERGY_UNIT:  # a logarithm of a ratio may be negative
        for row in np.flatnonzero(low < 0):
            yield InputError(
                f"is below 0 keV ({low[row]:g})",
                file=file,
                field=f"row {row + 1}, {names[0]}",
                remedy="bins hold reconstructed energies, which are ≥ 0",
            )
    for row in np.flatnonzero(low[1:] < high[:-1] - 1e-12 * np.abs(high[:-1])) + 1:
        before = f"{low[row - 1]:g}–{high[row - 1]:g} {unit}"
        yield InputError(
            f"the bin {low[row]:g}–{high[row]:g} {unit} overlaps the one before ({before})",
            file=file,
            field=f"row {row + 1}",
            remedy="sort the bins and let each begin where the one before ends, or later",
        )


def _count_faults(counts: Array, name: str, file: Path) -> Iterator[InputError]:
    for row in np.flatnonzero(counts < 0):
        yield InputError(
            f"is negative ({counts[row]:g})",
            file=file,
            field=f"row {row + 1}, column {name}",
            remedy="counts and their errors are ≥ 0",
        )
    for row in np.flatnonzero(counts > LARGEST_COUNT):
        yield InputError(
            f"is not a number of events ({counts[row]:g})",
            file=file,
            field=f"row {row + 1}, column {name}",
            remedy=f"give counts up to {LARGEST_COUNT:g}",
        )


def observed_counts(table: Table, given: Any, file: Path) -> tuple[Array, tuple[str, ...]]:
    """The observed counts, whole, shape (n_bins,), and what is to be said of their rounding.

    Args:
        table: the spectrum's table.
        given: `spectrum.observed` of the settings.
        file: the experiment's file, for messages.

    Raises:
        InputError: counts that are not whole, all of them in one message.
    """
    block = given if isinstance(given, Mapping) else {"column": given}
    column, unit = str(block["column"]), str(block.get("unit", "counts"))
    counts = table.counts(column, unit, "spectrum.observed.unit", file)
    whole = np.rint(counts)
    off = np.abs(counts - whole)
    if unit != "counts":  # the digits of a rate
        off = np.where(off < ROUNDED * np.maximum(counts, 1), 0.0, off)
    rows = np.flatnonzero(off > 0)
    if rows.size == 0:
        return whole, ()
    if block.get("rounding", "exact") == "exact":
        shown = ", ".join(str(row + 1) for row in rows[:5]) + (", …" if rows.size > 5 else "")
        one = "is not a whole number" if rows.size == 1 else f"are not whole numbers in {rows.size}"
        first = f"{counts[rows[0]]:g}"
        raise InputError(
            f"{one} ({first})"
            if rows.size == 1
            else f"{one} of {len(counts)} rows ({first} first)",
            file=table.file,
            field=f"row {shown}, column {column}",
            remedy="observed counts are whole; undo any background subtraction or scaling, or say "
            "`observed: {column: …, rounding: nearest, status: digitised}` of digitised points",
        )
    note = (
        f"{rows.size} of {len(counts)} observed counts were rounded, by up to {off.max():.2g}: "
        "digitised points are as sure as the figure"
    )
    return whole, (note,)
