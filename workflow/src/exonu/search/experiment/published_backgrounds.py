"""The background components of a published spectrum: columns, rates and curves, with their errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from exonu.core.errors import InputError
from exonu.core.settings import Settings
from exonu.core.tables import check_rising, read_matrix, read_numbers
from exonu.core.types import Array
from exonu.detector import Response
from exonu.search.experiment.binned_spectrum import Background
from exonu.search.experiment.exposure_units import events_per_tonne_year_keV, refused_rate
from exonu.search.experiment.spectrum_table import Table, check_units

SMALLEST_EIGENVALUE = 1e-6
"""Of the trace of a covariance: eigenvectors below it have a thousandth of its errors."""
_EVERYWHERE = np.array([0.0, 1e9])
"""Ends of a curve that is the same at all energies, in keV."""
_SOURCES = ("column", "rate", "curve")


def component_columns(component: Settings) -> list[str]:
    """The columns of the spectrum's table that a component reads."""
    found = [component[key] for key in ("column", "statistical_error_column") if key in component]
    for variation in component["variations"].values():
        found += [variation["up"], variation["down"]]
    return found


@dataclass(frozen=True)
class BackgroundReader:
    """Reads the components of one experiment.

    Attributes:
        file: the experiment's file.
        table: its spectrum.
        make_response: gives the response, for rates of true energy.
    """

    file: Path
    table: Table
    make_response: Callable[[], Response]

    def background(self, name: str, component: Settings) -> Background:
        """One component.

        Raises:
            InputError: several sources of its counts or none, units, files, errors.
        """
        field = f"backgrounds.{name}"
        counts = self._counts(component, field)
        normalisation = component["normalisation"]
        constraint = normalisation["constraint"]
        up = {"gaussian": "uncertainty", "asymmetric": "up"}.get(constraint)
        down = normalisation.get("down") if constraint == "asymmetric" else None
        variations = {
            nuisance: self._varied(counts, component, nuisance, field)
            for nuisance in component["variations"]
        }
        covariance = component.get("covariance")
        shifts = [] if covariance is None else self._eigenvectors(covariance, counts, field)
        return Background(
            name=name,
            label=component.get("label", name),
            counts=counts,
            statistical_error=self._statistical_error(component, field),
            uncertainty=None if up is None else float(normalisation[up]),
            uncertainty_down=None if down is None else float(down),
            norms={key: float(value) for key, value in component["norms"].items()},
            variations=variations,
            shifts={f"{name}_covariance_{k}": shift for k, shift in enumerate(shifts)},
        )

    def _counts(self, component: Settings, field: str) -> Array:
        given = [key for key in _SOURCES if key in component]
        if len(given) != 1:
            raise InputError(
                "is missing" if not given else f"is given as {' and '.join(given)}",
                file=self.file,
                field=field,
                remedy="give one of `column`, `rate` and `curve`",
            )
        if given == ["column"]:
            unit = f"{field}.unit"
            return self.table.counts(component["column"], component["unit"], unit, self.file)
        if component["unit"] != "counts":
            raise InputError(
                "is the unit of a column",
                file=self.file,
                field=f"{field}.unit",
                remedy=f"write it into `{given[0]}`",
            )
        block, place = component[given[0]], f"{field}.{given[0]}"
        factor = events_per_tonne_year_keV(block["unit"])
        if factor is None:
            raise refused_rate(block["unit"], f"{place}.unit", self.file)
        included = block["efficiency"] == "included"
        if included:
            self.table.require_energies(f"{place}.efficiency", self.file)
        if "value" in block:
            energy, rate = _EVERYWHERE, np.full(2, float(block["value"]))
        else:
            energy, rate = self._curve(block, place)
        return np.asarray(factor * self._folded(energy, rate, included))

    def _curve(self, block: Settings, field: str) -> tuple[Array, Array]:
        check_units(block, ("energy_keV",), field, self.file)
        file = self.file.parent / block["file"]
        columns = [block["energy_keV"], block["rate"]]
        table = read_numbers(file, columns, ignored=block["ignored_columns"])
        energy, rate = (table[name] for name in columns)
        check_rising(energy, file, columns[0])
        for row in np.flatnonzero(rate < 0):
            raise InputError(
                f"is negative ({rate[row]:g})",
                file=file,
                field=f"row {row + 1}, column {columns[1]}",
                remedy="rates are ≥ 0",
            )
        return energy, rate

    def _folded(self, energy: Array, rate: Array, included: bool) -> Array:
        """Events in the bins of a curve in events/(tonne year keV), shape (n_bins,)."""
        if not included:
            response = self.make_response()
            return response.fold(
                np.interp(response.true_energy_keV, energy, rate, left=0.0, right=0.0)
            )
        low, high = self.table.low, self.table.high
        content = [_integral(energy, rate, *ends) for ends in zip(low, high, strict=True)]
        return self.table.exposure_tonne_year * np.array(content)

    def _statistical_error(self, component: Settings, field: str) -> Array | None:
        column = component.get("statistical_error_column")
        if column is None:
            return None
        return self.table.counts(column, component["unit"], f"{field}.unit", self.file)

    def _varied(
        self, counts: Array, component: Settings, nuisance: str, field: str
    ) -> tuple[Array, Array]:
        """Counts one standard deviation up and down."""
        block, unit = component["variations"][nuisance], component["unit"]
        up, down = (
            self.table.counts(block[side], unit, f"{field}.unit", self.file)
            for side in ("up", "down")
        )
        if block["kind"] == "counts":
            return up, down
        for row in np.flatnonzero(down > counts):
            raise InputError(
                f"takes the counts of row {row + 1} below zero ({counts[row]:g} − {down[row]:g})",
                file=self.file,
                field=f"{field}.variations.{nuisance}.down",
                remedy="`kind: errors` are distances from the counts; write `kind: counts` for counts",
            )
        return counts + up, counts - down

    def _eigenvectors(self, block: Settings, counts: Array, field: str) -> list[Array]:
        """Shifts by one standard deviation along each eigenvector of the covariance, the largest
        first; the sum of their squares is the covariance."""
        file = self.file.parent / block["file"]
        matrix = read_matrix(file, len(counts))
        if not np.allclose(matrix, matrix.T, rtol=1e-6, atol=1e-9 * np.abs(matrix).max()):
            raise InputError(
                "is not symmetric", file=file, field=field, remedy="give the whole matrix"
            )
        if block["kind"] == "relative":
            matrix = matrix * counts[:, None] * counts
        values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
        if values.min() < -SMALLEST_EIGENVALUE * max(float(values.sum()), 0.0) or values.max() <= 0:
            raise InputError(
                f"has the eigenvalue {values.min():.3g}, and is not a covariance",
                file=file,
                field=field,
                remedy="a covariance has squares of errors on its diagonal, not errors",
            )
        kept = np.flatnonzero(values > SMALLEST_EIGENVALUE * values.sum())[::-1]
        return [_positive(np.sqrt(values[k]) * vectors[:, k]) for k in kept]


def _positive(shift: Array) -> Array:
    """The eigenvector whose sum is positive: its sign is anyone's, and must be the same for ever."""
    return shift if shift.sum() >= 0 else -shift


def _integral(energy: Array, rate: Array, low: float, high: float) -> float:
    """∫ of a curve that is linear between its points and zero outside."""
    inside = energy[(energy > low) & (energy < high)]
    start, stop = max(low, float(energy[0])), min(high, float(energy[-1]))
    if stop <= start:
        return 0.0
    points = np.unique(np.concatenate([[start], inside, [stop]]))
    at = np.interp(points, energy, rate)
    return float(np.sum(np.diff(points) * (at[1:] + at[:-1]) / 2))


def shared_parameter_faults(backgrounds: Mapping[str, Settings], file: Path) -> list[InputError]:
    """A nuisance parameter of the user's must not have the name of another."""
    own = {f"{name}_norm" for name in backgrounds} | {
        "mu",
        "mu_sq",
        "efficiency",
        "efficiency_band",
    }
    return [
        InputError(
            "is the name of another parameter",
            file=file,
            field=f"backgrounds.{name}.{kind}.{nuisance}",
            remedy="choose another name",
        )
        for name, component in backgrounds.items()
        for kind in ("norms", "variations")
        for nuisance in component[kind]
        if nuisance in own
        or nuisance.startswith(("flux_", "atomic_", "survival_", "staterror_", "correlated_"))
    ]
