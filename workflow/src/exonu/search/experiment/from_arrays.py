"""An experiment from arrays in memory, checked as its files would be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from exonu.core.errors import ArgumentError, InputError, raise_all
from exonu.core.types import Array
from exonu.detector.response import Efficiency, build_response
from exonu.interactions import Physics, breakpoints_keV
from exonu.search.experiment.binned_spectrum import Background, Experiment
from exonu.search.experiment.published_response import check_resolution
from exonu.search.experiment.spectrum_table import Table, bins, observed_counts

_ARRAYS = Path("make_experiment")
"""What stands in place of a file in messages about rows."""
_EDGES = {"energy_low_keV": "low_keV", "energy_high_keV": "high_keV"}

BackgroundCounts = Mapping[str, ArrayLike | tuple[ArrayLike, float | None]]


def make_experiment(
    low_keV: ArrayLike,
    high_keV: ArrayLike,
    observed: ArrayLike,
    backgrounds: BackgroundCounts,
    *,
    exposure_tonne_year: float,
    resolution_keV: Callable[[Any], Any],
    is_simulated: bool,
    includes_solar_neutrinos: bool,
    efficiency: Efficiency | None = None,
    efficiency_uncertainty: float = 0.0,
    true_minimum_keV: float = 0.5,
    name: str = "my experiment",
    reference: str = "unpublished",
    target: str = "xenon",
) -> Experiment:
    """An experiment from arrays, without files.

    Args:
        low_keV, high_keV: edges of the bins in reconstructed energy, shape (n,) each.
        observed: counts, whole numbers, shape (n,).
        backgrounds: by name the expected counts, shape (n,), efficiency included; or a pair of them
            and the relative uncertainty of their normalisation, None for a free one. Without a pair
            the normalisation is known.
        exposure_tonne_year: exposure of the signals.
        resolution_keV: σ of true energies, e.g. ``exonu.detector.SqrtLinearResolution(0.31, 0.0037)``.
        is_simulated: whether the counts are simulated.
        includes_solar_neutrinos: whether the backgrounds hold those of the Standard Model; else
            they are added.
        efficiency: for signals; everything is seen if left out.
        efficiency_uncertainty: relative, common to all energies.
        true_minimum_keV: recoils of less energy leave no signal.
        name, reference, target: what it is.

    Raises:
        InputError: what the file of an experiment would be refused for, with argument or row:
            arrays of different lengths, numbers that are not finite, bins that overlap or have no
            width, counts that are negative or not whole, σ ≤ 0, an exposure ≤ 0, an uncertainty
            that is negative or not below 1.

    >>> from exonu.detector import SqrtLinearResolution
    >>> tiny = make_experiment([1, 2], [2, 3], [5, 4], {"flat": ([4.5, 4.5], 0.1)},
    ...     exposure_tonne_year=0.5, resolution_keV=SqrtLinearResolution(0.3, 0.0),
    ...     is_simulated=True, includes_solar_neutrinos=True)
    >>> tiny.background
    array([4.5, 4.5])
    """
    pairs = {
        one: given if isinstance(given, tuple) and len(given) == 2 else (given, 0.0)
        for one, given in backgrounds.items()
    }
    seen = Efficiency.perfect() if efficiency is None else efficiency
    raise_all([
        *_number_faults(exposure_tonne_year, true_minimum_keV, efficiency_uncertainty),
        *_uncertainty_faults({one: pair[1] for one, pair in pairs.items()}),
        *_efficiency_faults(seen),
    ])  # fmt: skip
    given = {"low_keV": low_keV, "high_keV": high_keV, "observed": observed}
    columns = _columns(given | {f"backgrounds {one}": pair[0] for one, pair in pairs.items()})
    low, high = bins(_EDGES, columns, _ARRAYS)
    table = Table(_ARRAYS, low, high, columns, float(exposure_tonne_year))
    counts, _ = observed_counts(table, "observed", _ARRAYS)
    _require_resolution(resolution_keV, true_minimum_keV, high)
    steps = breakpoints_keV(Physics.from_settings({"target": target}))
    return Experiment(
        name=name,
        reference=reference,
        is_simulated=is_simulated,
        low_keV=low,
        high_keV=high,
        observed=counts,
        backgrounds=_backgrounds(table, {one: pair[1] for one, pair in pairs.items()}),
        includes_solar_neutrinos=includes_solar_neutrinos,
        exposure_tonne_year=table.exposure_tonne_year,
        efficiency=seen,
        efficiency_uncertainty=efficiency_uncertainty,
        make_response=lambda: build_response(
            low,
            high,
            exposure_tonne_year=table.exposure_tonne_year,
            resolution_keV=resolution_keV,
            efficiency=seen,
            true_minimum_keV=true_minimum_keV,
            breakpoints_keV=steps,
        ),
        resolution_keV=resolution_keV,
        target=target,
    )


def _columns(given: Mapping[str, ArrayLike]) -> dict[str, Array]:
    """Arrays of one finite number for each bin, as a table of a file has them.

    Raises:
        InputError: by the argument's name.
    """
    columns: dict[str, Array] = {}
    for name, values in given.items():
        try:
            column = np.array(values, dtype=float)
        except (TypeError, ValueError):
            raise ArgumentError("is not an array of numbers", field=name) from None
        first = columns.get("low_keV", column)
        if column.shape != first.shape or column.ndim != 1 or not column.size:
            raise ArgumentError(
                f"has the shape {column.shape}, where low_keV has {first.shape}",
                field=name,
                remedy="give one number for each bin",
            )
        if not np.all(np.isfinite(column)):
            raise ArgumentError("must be finite numbers", field=name)
        columns[name] = column
    return columns


def _backgrounds(table: Table, uncertainties: Mapping[str, float | None]) -> tuple[Background, ...]:
    counts = {
        name: table.counts(f"backgrounds {name}", "counts", "backgrounds", _ARRAYS)
        for name in uncertainties
    }
    return tuple(Background(name, name, counts[name], None, u) for name, u in uncertainties.items())


def _require_resolution(resolution_keV: Callable[[Any], Any], minimum: float, high: Array) -> None:
    if np.shape(resolution_keV(high)) != high.shape:
        raise ArgumentError("must give σ in the shape of its energies", field="resolution_keV")
    check_resolution(resolution_keV, minimum, float(high.max()), _ARRAYS)


def _number_faults(exposure: float, minimum: float, uncertainty: float) -> Iterator[InputError]:
    for name, value in (("exposure_tonne_year", exposure), ("true_minimum_keV", minimum)):
        if not 0 < value < np.inf:
            yield ArgumentError(f"must be a finite number > 0 (got {value!r})", field=name)
    if not 0 <= uncertainty < 1:
        yield _no_fraction("efficiency_uncertainty", uncertainty)


def _uncertainty_faults(uncertainties: Mapping[str, float | None]) -> Iterator[InputError]:
    if not uncertainties:
        yield ArgumentError("is empty", field="backgrounds", remedy="give at least one component")
    for name, value in uncertainties.items():
        if value is not None and not 0 <= value < 1:
            yield _no_fraction(f"backgrounds {name}", value)


def _no_fraction(field: str, value: float) -> InputError:
    return ArgumentError(
        f"has the relative uncertainty {value!r}",
        field=field,
        remedy="give 0 ≤ u < 1" + ("; None leaves it free" if " " in field else ""),
    )


def _efficiency_faults(seen: Efficiency) -> Iterator[InputError]:
    energy, values = np.asarray(seen.energy_keV), np.asarray(seen.efficiency)
    if energy.shape != values.shape or energy.ndim != 1 or not np.all(np.diff(energy) > 0):
        yield ArgumentError(
            "must have energies that increase, and as many values", field="efficiency"
        )
    elif not np.all((values >= 0) & (values <= 1)):
        yield ArgumentError(
            "must lie between 0 and 1", field="efficiency", remedy="give fractions, not per cent"
        )
