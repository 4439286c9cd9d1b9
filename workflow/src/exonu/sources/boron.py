"""The ⁸B neutrinos of the Sun, which scatter coherently on nuclei."""

from __future__ import annotations

from functools import cache

from exonu.core.errors import InputError
from exonu.core.resources import resource_path
from exonu.core.tables import read_numbers, read_rows
from exonu.solar import Source
from exonu.sources.neutrino_source import PiecewiseSpectrum


@cache
def boron_source(model: str) -> Source:
    """The source of a solar model.

    Raises:
        InputError: if the model is unknown.

    >>> boron_source("B16-GS98").flux_per_cm2_s
    5460000.0
    """
    rows = {row["model"]: row for row in read_rows(resource_path("solar/b8_fluxes.csv"))}
    if model not in rows:
        raise InputError(
            f"is not a solar model (got {model!r})",
            field="solar_model",
            remedy=f"choose one of {', '.join(rows)}",
        )
    row = rows[model]
    table = read_numbers(resource_path("solar/b8_spectrum.csv"), ["energy_MeV", "density_per_MeV"])
    spectrum = PiecewiseSpectrum(*(tuple(column.tolist()) for column in table.values()))
    return Source(
        "b8",
        float(row["flux_per_cm2_s"]),
        float(row["relative_uncertainty"]),
        float(row["electron_density_mol_per_cm3"]),
        spectrum,
    )
