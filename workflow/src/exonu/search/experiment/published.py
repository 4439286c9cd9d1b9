"""An experiment's published spectrum: one YAML and its CSVs, read and checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from exonu.core.errors import InputError, raise_all
from exonu.core.resources import schema_path
from exonu.core.settings import Settings, checked, merged, read_yaml
from exonu.core.tables import read_numbers
from exonu.core.types import Array
from exonu.detector import (
    Efficiency,
    PolynomialResolution,
    SqrtLinearResolution,
    TableResolution,
    build_response,
)
from exonu.interactions import Physics, breakpoints_keV
from exonu.search.experiment.binned_spectrum import Background, Experiment
from exonu.targets import TARGETS

LARGEST_COUNT = 2.0**53
"""Beyond it not every whole number is a float, and no spectrum has as many events."""


def read_published_experiment(file: Path, overrides: Settings | None = None) -> Experiment:
    """Read and check a published spectrum, see `experiment.read_experiment`."""
    settings = checked(
        merged(read_yaml(file), overrides or {}), schema_path("experiment.yaml"), file
    )
    low, high, observed, backgrounds = _read_spectrum(settings, file)
    efficiency = _read_efficiency(settings["efficiency"], file)
    resolution = _read_resolution(settings["resolution"], file)
    minimum = float(settings["true_energy_minimum_keV"]["value"])
    exposure = float(settings["exposure_tonne_year"]["value"])
    _check_resolution(resolution, minimum, float(high.max()), file)
    target = str(settings["target"])
    if target not in TARGETS:
        target = str(file.parent / target)
    steps = breakpoints_keV(Physics(target=target))
    return Experiment(
        name=settings["name"],
        reference=settings["reference"],
        is_simulated=settings["is_simulated"],
        low_keV=low,
        high_keV=high,
        observed=observed,
        backgrounds=backgrounds,
        includes_solar_neutrinos=settings["backgrounds_include_solar_neutrinos"],
        exposure_tonne_year=exposure,
        efficiency=efficiency,
        efficiency_uncertainty=float(settings["efficiency"]["uncertainty"]),
        make_response=lambda: build_response(
            low,
            high,
            exposure_tonne_year=exposure,
            resolution_keV=resolution,
            efficiency=efficiency,
            true_minimum_keV=minimum,
            breakpoints_keV=steps,
        ),
        resolution_keV=resolution,
        target=target,
    )


def _read_spectrum(
    settings: Settings, file: Path
) -> tuple[Array, Array, Array, tuple[Background, ...]]:
    spectrum, components = settings["spectrum"], settings["backgrounds"]
    names = [spectrum[key] for key in ("energy_low_keV", "energy_high_keV", "observed")]
    _check_units(spectrum, ("energy_low_keV", "energy_high_keV"), "spectrum", file)
    data_columns = [component["column"] for component in components.values()]
    error_columns = [
        c["statistical_error_column"]
        for c in components.values()
        if "statistical_error_column" in c
    ]
    table_file = file.parent / spectrum["file"]
    columns = read_numbers(
        table_file, [*names, *data_columns, *error_columns], ignored=spectrum["ignored_columns"]
    )
    low, high, observed = (columns[name] for name in names)
    raise_all(_bin_faults(low, high, table_file, names))
    raise_all(
        _count_faults(
            columns, [names[2], *data_columns, *error_columns], table_file, whole=names[2]
        )
    )
    included = {name: component for name, component in components.items() if component["include"]}
    if not included:
        raise InputError(
            "no component is included", file=file, field="backgrounds", remedy="set `include: true`"
        )
    backgrounds = tuple(
        _background(name, component, columns) for name, component in included.items()
    )
    return low, high, observed, backgrounds


def _background(name: str, component: Settings, columns: dict[str, Array]) -> Background:
    error = component.get("statistical_error_column")
    normalisation = component["normalisation"]
    return Background(
        name=name,
        label=component.get("label", name),
        counts=columns[component["column"]],
        statistical_error=None if error is None else columns[error],
        uncertainty=float(normalisation["uncertainty"])
        if normalisation["constraint"] == "gaussian"
        else None,
    )


def _check_units(block: Settings, keys: tuple[str, ...], field: str, file: Path) -> None:
    """A column whose name says another unit than keV is a slip that no number would show."""
    for key in keys:
        unit = str(block[key]).rpartition("_")[2]
        if unit in ("eV", "MeV", "GeV", "J"):
            raise InputError(
                f"names the column {block[key]!r}, which is in {unit}",
                file=file,
                field=f"{field}.{key}",
                remedy="convert the column to keV and name it so",
            )


def _bin_faults(low: Array, high: Array, file: Path, names: list[str]) -> Iterator[InputError]:
    for row in np.flatnonzero(high <= low):
        yield InputError(
            f"the bin {low[row]:g}–{high[row]:g} keV has no width",
            file=file,
            field=f"row {row + 1}, {names[0]} and {names[1]}",
            remedy="its upper edge must lie above its lower edge",
        )
    for row in np.flatnonzero(low < 0):
        yield InputError(
            f"is below 0 keV ({low[row]:g})",
            file=file,
            field=f"row {row + 1}, {names[0]}",
            remedy="bins hold recoil energies, which are ≥ 0",
        )
    for row in np.flatnonzero(low[1:] < high[:-1] * (1 - 1e-12)) + 1:
        yield InputError(
            f"the bin {low[row]:g}–{high[row]:g} keV overlaps the one before ({low[row - 1]:g}–{high[row - 1]:g} keV)",
            file=file,
            field=f"row {row + 1}",
            remedy="sort the bins by energy and let each begin where the one before ends, or later",
        )


def _count_faults(
    columns: dict[str, Array], names: list[str], file: Path, whole: str
) -> Iterator[InputError]:
    for name in names:
        for row in np.flatnonzero(columns[name] < 0):
            yield InputError(
                f"is negative ({columns[name][row]:g})",
                file=file,
                field=f"row {row + 1}, column {name}",
                remedy="counts and their errors are ≥ 0",
            )
        for row in np.flatnonzero(columns[name] > LARGEST_COUNT):
            yield InputError(
                f"is not a number of events ({columns[name][row]:g})",
                file=file,
                field=f"row {row + 1}, column {name}",
                remedy=f"give counts up to {LARGEST_COUNT:g}",
            )
    for row in np.flatnonzero(columns[whole] % 1 != 0):
        yield InputError(
            f"is not a whole number ({columns[whole][row]:g})",
            file=file,
            field=f"row {row + 1}, column {whole}",
            remedy="observed counts are whole; undo any background subtraction or scaling",
        )


def _increasing(energy: Array, file: Path, column: str) -> None:
    wrong = np.flatnonzero(np.diff(energy) <= 0)
    if wrong.size:
        raise InputError(
            f"does not increase ({energy[wrong[0] + 1]:g} after {energy[wrong[0]]:g})",
            file=file,
            field=f"row {wrong[0] + 2}, column {column}",
            remedy="sort the rows by energy, each energy once",
        )


def _read_efficiency(block: Settings, file: Path) -> Efficiency:
    _check_units(block, ("energy_keV",), "efficiency", file)
    table_file = file.parent / block["file"]
    table = read_numbers(
        table_file, [block["energy_keV"], block["efficiency"]], ignored=block["ignored_columns"]
    )
    energy, efficiency = table[block["energy_keV"]], table[block["efficiency"]]
    _increasing(energy, table_file, block["energy_keV"])
    for row in np.flatnonzero((efficiency < 0) | (efficiency > 1)):
        raise InputError(
            f"must lie between 0 and 1 (got {efficiency[row]:g})",
            file=table_file,
            field=f"row {row + 1}, column {block['efficiency']}",
            remedy="give a fraction, not per cent",
        )
    return Efficiency(
        energy_keV=energy,
        efficiency=efficiency,
        of_true_energy=block["argument"] == "true-energy",
        hold_below=block["below"] == "hold",
        hold_above=block["above"] == "hold",
    )


def _read_resolution(block: Settings, file: Path) -> Callable[[Any], Array]:
    if block["form"] == "sqrt-linear":
        return SqrtLinearResolution(float(block["a"]), float(block["b"]))
    if block["form"] == "polynomial":
        return PolynomialResolution(tuple(float(value) for value in block["coefficients"]))
    _check_units(block, ("energy_keV", "sigma_keV"), "resolution", file)
    table_file = file.parent / block["file"]
    table = read_numbers(table_file, [block["energy_keV"], block["sigma_keV"]])
    _increasing(table[block["energy_keV"]], table_file, block["energy_keV"])
    return TableResolution(table[block["energy_keV"]], table[block["sigma_keV"]])


def _check_resolution(
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
