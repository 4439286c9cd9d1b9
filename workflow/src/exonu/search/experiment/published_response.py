"""The response of a published experiment: efficiency and resolution, or a matrix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from exonu.core.errors import InputError
from exonu.core.settings import Settings
from exonu.core.tables import check_rising, read_header_and_rows, read_numbers
from exonu.core.types import Array
from exonu.detector import (
    Efficiency,
    PolynomialResolution,
    Response,
    SqrtLinearResolution,
    TableResolution,
    build_response,
)
from exonu.search.experiment.binned_spectrum import Variations
from exonu.search.experiment.spectrum_table import Table, check_units

BAND = "efficiency_band"
"""The nuisance parameter of an efficiency that is given as a band."""
NODES = 4
"""Gauss–Legendre nodes between two true energies of a matrix."""
PANEL = 0.05
"""Largest width of a panel relative to its energy: a rate may fall as 1/T²."""


@dataclass(frozen=True)
class PublishedResponse:
    """How an experiment sees recoils.

    Attributes:
        efficiency: as a function of energy, for figures and notes; that of all bins together for a
            matrix.
        uncertainty: relative uncertainty common to all energies.
        make: makes the response when it is asked for.
        make_variations: makes matrices one standard deviation up and down; None without such.
        resolution_keV: σ of a true energy; None for a matrix.
        band: the efficiency one standard deviation up and down, where it has a band.
    """

    efficiency: Efficiency
    uncertainty: float
    make: Callable[[], Response]
    make_variations: Callable[[], Variations] | None = None
    resolution_keV: Callable[[Array], Array] | None = None
    band: tuple[Efficiency, Efficiency] | None = None


def read_response(
    settings: Settings, table: Table, steps_keV: Array, file: Path
) -> PublishedResponse:
    """Read and check efficiency and resolution, or the matrix that stands in their place.

    Args:
        settings: of the experiment.
        table: its spectrum.
        steps_keV: energies at which the recoil rate has a step.
        file: the experiment's file.
    """
    if "response" in settings:
        for key in ("efficiency", "resolution"):
            if key in settings:
                raise InputError(
                    "is in the response matrix already",
                    file=file,
                    field=key,
                    remedy="leave it out, or the block `response`",
                )
        return _matrix(settings, table, steps_keV, file)
    if "observable" in settings["spectrum"]:
        raise InputError(
            "is missing: the spectrum is not one of energy",
            file=file,
            field="response",
            remedy="give the matrix from true energy to the bins",
        )
    for key in ("efficiency", "resolution"):
        if key not in settings:
            raise InputError(
                "is missing", file=file, field=key, remedy="add it, or a matrix as `response`"
            )
    return _efficiency_and_resolution(settings, table, steps_keV, file)


def _efficiency_and_resolution(
    settings: Settings, table: Table, steps_keV: Array, file: Path
) -> PublishedResponse:
    block = settings["efficiency"]
    efficiency, band = read_efficiency(block, "efficiency", file)
    resolution = _read_resolution(settings["resolution"], file)
    minimum = float(settings["true_energy_minimum_keV"]["value"])
    check_resolution(resolution, minimum, float(table.high.max()), file)

    def make(seen: Efficiency = efficiency) -> Response:
        return build_response(
            table.low,
            table.high,
            exposure_tonne_year=table.exposure_tonne_year,
            resolution_keV=resolution,
            efficiency=seen,
            true_minimum_keV=minimum,
            breakpoints_keV=steps_keV,
        )

    ends = None
    if band is not None:
        ends = (replace(efficiency, efficiency=band[0]), replace(efficiency, efficiency=band[1]))

    def variations() -> Variations:
        up, down = (make(one).matrix for one in ends or ())
        return {BAND: (up, down)}

    return PublishedResponse(
        efficiency=efficiency,
        uncertainty=float(block["uncertainty"]),
        make=make,
        make_variations=variations if band else None,
        resolution_keV=resolution,
        band=ends,
    )


def read_efficiency(
    block: Settings, field: str, file: Path
) -> tuple[Efficiency, tuple[Array, Array] | None]:
    """The efficiency, and its band as (upper, lower) where it has one."""
    check_units(block, ("energy_keV",), field, file)
    sides = [key for key in ("upper", "lower") if key in block]
    if len(sides) == 1:
        missing = "lower" if sides == ["upper"] else "upper"
        raise InputError(
            f"is missing beside {sides[0]}",
            file=file,
            field=f"{field}.{missing}",
            remedy="a band has both columns",
        )
    names = [block[key] for key in ("efficiency", *sides)]
    table_file = file.parent / block["file"]
    table = read_numbers(
        table_file, [block["energy_keV"], *names], ignored=block["ignored_columns"]
    )
    energy = table[block["energy_keV"]]
    check_rising(energy, table_file, block["energy_keV"])
    for name in names:
        _require_fractions(table[name], name, table_file)
    efficiency = Efficiency(
        energy_keV=energy,
        efficiency=table[names[0]],
        of_true_energy=block["argument"] == "true-energy",
        hold_below=block["below"] == "hold",
        hold_above=block["above"] == "hold",
    )
    if not sides:
        return efficiency, None
    upper, lower = table[names[1]], table[names[2]]
    middle = table[names[0]]
    for row in np.flatnonzero((lower > middle) | (upper < middle)):
        raise InputError(
            f"does not hold the efficiency ({middle[row]:g} in {lower[row]:g} to {upper[row]:g})",
            file=table_file,
            field=f"row {row + 1}, columns {names[2]} and {names[1]}",
            remedy="lower and upper are efficiencies, not errors: lower ≤ efficiency ≤ upper",
        )
    return efficiency, (upper, lower)


def _require_fractions(values: Array, column: str, file: Path) -> None:
    for row in np.flatnonzero((values < 0) | (values > 1)):
        raise InputError(
            f"must lie between 0 and 1 (got {values[row]:g})",
            file=file,
            field=f"row {row + 1}, column {column}",
            remedy="give a fraction, not per cent",
        )


def _read_resolution(block: Settings, file: Path) -> Callable[[Any], Array]:
    if block["form"] == "sqrt-linear":
        return SqrtLinearResolution(float(block["a"]), float(block["b"]))
    if block["form"] == "polynomial":
        return PolynomialResolution(tuple(float(value) for value in block["coefficients"]))
    check_units(block, ("energy_keV", "sigma_keV"), "resolution", file)
    table_file = file.parent / block["file"]
    table = read_numbers(table_file, [block["energy_keV"], block["sigma_keV"]])
    check_rising(table[block["energy_keV"]], table_file, block["energy_keV"])
    return TableResolution(table[block["energy_keV"]], table[block["sigma_keV"]])


def check_resolution(
    resolution: Callable[[Any], Array], low_keV: float, high_keV: float, file: Path
) -> None:
    energy = np.linspace(low_keV, 1.2 * high_keV, 2000)
    sigma = resolution(energy)
    wrong = np.flatnonzero(~(sigma > 0))
    if wrong.size:
        at = energy[wrong[0]]
        raise InputError(
            f"is {sigma[wrong[0]]:.3g} keV at {at:.3g} keV",
            file=file,
            field="resolution",
            remedy=f"σ must be > 0 from {low_keV:g} to {1.2 * high_keV:g} keV",
        )


def _matrix(settings: Settings, table: Table, steps_keV: Array, file: Path) -> PublishedResponse:
    block = settings["response"]
    minimum = float(settings["true_energy_minimum_keV"]["value"])
    below = ("true_energy_minimum_keV", minimum)
    energy, seen = read_response_matrix(block, block["file"], table, "response", below, file)

    def make() -> Response:
        return matrix_response(table, energy, seen, minimum, steps_keV)

    return PublishedResponse(
        efficiency=Efficiency(energy, np.minimum(seen.sum(axis=0), 1.0), True, hold_above=False),
        uncertainty=float(block["uncertainty"]),
        make=make,
    )


def read_response_matrix(
    block: Settings,
    name_of_file: str,
    table: Table,
    field: str,
    below: tuple[str, float],
    file: Path,
) -> tuple[Array, Array]:
    """True energies, shape (n,), and the probability that each bin sees them, shape (n_bins, n).

    Args:
        block: the names of its columns.
        name_of_file: the matrix, relative to the experiment's file.
        table: the spectrum.
        field: where the block stands.
        below: the setting below whose energy nothing is seen, and that energy in keV.
        file: the experiment's file.

    Raises:
        InputError: columns, energies or probabilities that do not fit.
    """
    check_units(block, ("true_energy_keV",), field, file)
    matrix_file = file.parent / name_of_file
    name, ignored = block["true_energy_keV"], block["ignored_columns"]
    header, _ = read_header_and_rows(matrix_file)
    columns = block.get("bins", [one for one in header if one not in (name, *ignored)])
    if len(columns) != len(table.low):
        raise InputError(
            f"has {len(columns)} columns of bins, and the spectrum {len(table.low)} bins",
            file=matrix_file,
            field=f"{field}.bins",
            remedy="name the columns of the bins in their order, and others in ignored_columns",
        )
    read = read_numbers(matrix_file, [name, *columns], ignored=ignored)
    energy, seen = read[name], np.array([read[column] for column in columns])
    check_rising(energy, matrix_file, name)
    if len(energy) < 2:
        raise InputError(
            "needs two true energies or more",
            file=matrix_file,
            field=name,
            remedy="give a row for each true energy",
        )
    if energy[-1] <= below[1]:
        raise InputError(
            f"is {below[1]:g} keV, and the response ends at {energy[-1]:g} keV",
            file=file,
            field=below[0],
            remedy="lower it, or give the response of higher energies",
        )
    for column, values in zip(columns, seen, strict=True):
        _require_fractions(values, column, matrix_file)
    for row in np.flatnonzero(seen.sum(axis=0) > 1 + 1e-6):
        raise InputError(
            f"sees a recoil of {energy[row]:g} keV with probability {seen[:, row].sum():.4g}",
            file=matrix_file,
            field=f"row {row + 1}",
            remedy="give probabilities per bin, not per unit of the observable",
        )
    return energy, seen


def matrix_response(
    table: Table, energy_keV: Array, seen: Array, minimum_keV: float, steps_keV: Array
) -> Response:
    """The response of a matrix that is linear between its true energies, and zero outside.

    Args:
        table: the spectrum.
        energy_keV: true energies, shape (n,).
        seen: the probability that a recoil is seen in each bin, shape (n_bins, n).
        minimum_keV: recoils of less leave no signal.
        steps_keV: energies at which the recoil rate has a step.
    """
    first, last = max(minimum_keV, float(energy_keV[0])), float(energy_keV[-1])
    inside = [points[(points > first) & (points < last)] for points in (energy_keV, steps_keV)]
    fixed = np.unique(np.concatenate([[first], *inside, [last]]))
    edges = [fixed[:1]]
    for start, stop in pairwise(fixed.tolist()):
        parts = max(1, int(np.ceil(np.log(stop / max(start, 1e-3)) / PANEL)))
        edges.append(np.linspace(start, stop, parts + 1)[1:])
    panels = np.concatenate(edges)
    x, w = np.polynomial.legendre.leggauss(NODES)
    half = np.diff(panels)[:, None] / 2
    nodes, weights = (panels[:-1, None] + half * (1 + x)).ravel(), (half * w).ravel()
    matrix = np.array([np.interp(nodes, energy_keV, row) for row in seen])
    return Response(
        table.low, table.high, nodes, table.exposure_tonne_year * weights * matrix, weights
    )
