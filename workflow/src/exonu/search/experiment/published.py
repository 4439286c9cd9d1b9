"""An experiment's published spectrum: one YAML and its tables, read and checked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from exonu.core.errors import InputError, raise_all
from exonu.core.resources import schema_path
from exonu.core.settings import Settings, checked, merged, read_yaml
from exonu.core.tables import read_numbers
from exonu.interactions import Physics, breakpoints_keV
from exonu.search.experiment.binned_spectrum import Background, Experiment
from exonu.search.experiment.correlated_backgrounds import correlated, correlation_faults
from exonu.search.experiment.exposure_units import refused_exposure, tonne_years
from exonu.search.experiment.guessed_mapping import marked_lines
from exonu.search.experiment.published_backgrounds import (
    BackgroundReader,
    component_columns,
    shared_parameter_faults,
)
from exonu.search.experiment.published_nuclear import read_nuclear
from exonu.search.experiment.published_response import read_response
from exonu.search.experiment.spectrum_table import (
    Table,
    bin_columns,
    bins,
    edge_unit,
    observed_counts,
)
from exonu.targets import TARGETS


def read_published_experiment(file: Path, overrides: Settings | None = None) -> Experiment:
    """Read and check a published spectrum, see `experiment.read_experiment`."""
    settings = checked(
        merged(read_yaml(file), overrides or {}), schema_path("experiment.yaml"), file
    )
    table = _read_table(settings, file)
    target = str(settings["target"])
    if target not in TARGETS:
        target = str(file.parent / target)
    observed, notes = observed_counts(table, settings["spectrum"]["observed"], file)
    steps = np.asarray(breakpoints_keV(Physics(target=target)), dtype=float)
    response = read_response(settings, table, steps, file)
    observable = settings["spectrum"].get("observable")
    return Experiment(
        name=settings["name"],
        reference=settings["reference"],
        is_simulated=settings["is_simulated"],
        low_keV=table.low,
        high_keV=table.high,
        observed=observed,
        backgrounds=_backgrounds(settings, BackgroundReader(file, table, response.make)),
        includes_solar_neutrinos=settings["backgrounds_include_solar_neutrinos"],
        exposure_tonne_year=table.exposure_tonne_year,
        efficiency=response.efficiency,
        efficiency_uncertainty=response.uncertainty,
        make_response=response.make,
        make_variations=response.make_variations,
        resolution_keV=response.resolution_keV,
        target=target,
        observable=None if observable is None else (observable["name"], observable["unit"]),
        notes=(*notes, *_guess_notes(file)),
        nuclear=read_nuclear(settings, table, response, target, file),
    )


def _guess_notes(file: Path) -> Iterator[str]:
    marked = marked_lines(file)
    if marked:
        lines = "1 line is" if len(marked) == 1 else f"{len(marked)} lines are"
        yield (
            f"{lines} still marked as guessed in {file.name}: {', '.join(marked)}; write what is right, and "
            "take the marks away"
        )


def exposure_tonne_year(settings: Settings, file: Path) -> float:
    """The exposure, in whichever unit it is given.

    Raises:
        InputError: none, two, or a unit that is none of exposures.
    """
    given = [key for key in ("exposure_tonne_year", "exposure") if key in settings]
    if len(given) != 1:
        raise InputError(
            "is missing" if not given else "is given twice",
            file=file,
            field="exposure_tonne_year",
            remedy="give it or `exposure: {value: …, unit: kg day, status: …}`",
        )
    block = settings[given[0]]
    if given == ["exposure_tonne_year"]:
        return float(block["value"])
    unit = tonne_years(block["unit"])
    if unit is None:
        raise refused_exposure(block["unit"], "exposure.unit", file)
    return float(block["value"]) * unit


def _read_table(settings: Settings, file: Path) -> Table:
    spectrum, components = settings["spectrum"], settings["backgrounds"]
    exposure = exposure_tonne_year(settings, file)
    observed = spectrum["observed"]
    names = [
        *bin_columns(spectrum, file),
        observed if isinstance(observed, str) else observed["column"],
    ]
    names += [column for one in components.values() for column in component_columns(one)]
    table_file = file.parent / spectrum["file"]
    columns = read_numbers(
        table_file, list(dict.fromkeys(names)), ignored=spectrum["ignored_columns"]
    )
    low, high = bins(spectrum, columns, table_file)
    return Table(table_file, low, high, columns, exposure, edge_unit(spectrum))


def _backgrounds(settings: Settings, reader: BackgroundReader) -> tuple[Background, ...]:
    included = {
        name: component
        for name, component in settings["backgrounds"].items()
        if component["include"]
    }
    if not included:
        raise InputError(
            "no component is included",
            file=reader.file,
            field="backgrounds",
            remedy="set `include: true`",
        )
    raise_all(shared_parameter_faults(included, reader.file))
    found = [reader.background(name, one) for name, one in included.items()]
    if "background_correlations" in settings:
        block = settings["background_correlations"]
        raise_all(correlation_faults(block, included, reader.file))
        return correlated(found, block["components"], np.array(block["matrix"]))
    return tuple(found)
