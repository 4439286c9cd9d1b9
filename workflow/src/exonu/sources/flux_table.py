"""A source from a table of its flux."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from exonu.catalogue import FLAVOURS
from exonu.core.errors import InputError
from exonu.core.tables import check_rising, check_something, read_numbers
from exonu.core.types import Array
from exonu.solar import Oscillation
from exonu.sources.neutrino_source import PiecewiseSpectrum

COLUMNS = ("energy_MeV", "flux_per_cm2_s_MeV")
SHARES = tuple(f"share_{flavour}" for flavour in FLAVOURS)


@dataclass(frozen=True)
class FluxTable:
    """A source whose flux at the detector is a table.

    Attributes:
        rows: energy in MeV, flux per cm², s and MeV, and the shares of ν_e, ν_μ, ν_τ; straight
            between the rows.
        is_antineutrino: whether these are antineutrinos.
        relative_uncertainty: of the flux.
        name: of the source.
    """

    rows: tuple[tuple[float, ...], ...]
    is_antineutrino: bool = False
    relative_uncertainty: float = 0.0
    name: str = "table"

    @classmethod
    def from_settings(cls, block: Mapping[str, Any]) -> FluxTable:
        """From the block `physics.flux_table` of an analysis, whose file has been read."""
        rows = tuple(tuple(float(value) for value in row) for row in block["rows"])
        return cls(rows, bool(block["antineutrino"]), float(block["uncertainty"]))

    def to_settings(self) -> dict[str, Any]:
        """The inverse of `from_settings`."""
        return {
            "rows": [list(row) for row in self.rows],
            "antineutrino": self.is_antineutrino,
            "uncertainty": self.relative_uncertainty,
        }

    @cached_property
    def spectrum(self) -> PiecewiseSpectrum:
        """Normalised energy spectrum."""
        columns = np.array(self.rows).T
        return PiecewiseSpectrum(tuple(columns[0].tolist()), tuple(columns[1].tolist()))

    @property
    def flux_per_cm2_s(self) -> float:
        """Flux of all flavours."""
        return self.spectrum.integral

    def flavours(self, energy_MeV: Array, parameters: Oscillation) -> Array:
        """Shares of the table, straight between its rows."""
        columns = np.array(self.rows).T
        return np.stack([np.interp(energy_MeV, columns[0], share) for share in columns[2:5]])

    def masses(self, energy_MeV: Array, parameters: Oscillation) -> Array:
        """Shares of the mass states in an incoherent mixture of the flavours."""
        shares = self.flavours(energy_MeV, parameters)
        return np.asarray(np.tensordot(parameters.mixing_squared().T, shares, axes=1))


def read_flux_table(file: Path) -> list[list[float]]:
    """Rows of a CSV with the columns energy_MeV, flux_per_cm2_s_MeV, share_e, share_mu, share_tau.

    Raises:
        InputError: a table that is not a flux.
    """
    table = read_numbers(file, [*COLUMNS, *SHARES])
    energy, flux = (table[name] for name in COLUMNS)
    shares = np.stack([table[name] for name in SHARES])
    check_rising(energy, file, COLUMNS[0], strictly=False)
    check_something(flux, file, COLUMNS[1], "give the flux per cm², second and MeV")
    if np.any(shares < 0) or np.any(np.abs(shares.sum(axis=0) - 1) > 1e-3):
        row = int(np.argmax(np.abs(shares.sum(axis=0) - 1))) + 1
        raise InputError(
            "must be ≥ 0 and add up to 1",
            file=file,
            field=f"row {row}, columns {', '.join(SHARES)}",
            remedy="give the shares of the three flavours at the detector",
        )
    rows: list[list[float]] = np.column_stack([energy, flux, shares.T]).tolist()
    return rows
