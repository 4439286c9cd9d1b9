"""A cross-section on an atom from a table of one's own, instead of a formula and its treatment of bound electrons.

The road for what is computed elsewhere, by the relativistic random phase approximation, say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from exonu.core.errors import InputError
from exonu.core.tables import check_something, read_numbers
from exonu.core.types import Array
from exonu.interactions.moments import kinematic_moments
from exonu.solar import Oscillation
from exonu.sources import NeutrinoSource

COLUMNS = ("neutrino_energy_keV", "recoil_keV", "cross_section_cm2_per_keV")


@dataclass(frozen=True)
class CrossSectionTable:
    """dσ/dT of an interaction on one atom for unit strength.

    Attributes:
        rows: neutrino energy [keV], deposited energy T [keV] and dσ/dT [cm²/keV], every energy with
            every T, both ascending. Between neutrino energies the cross-section is linear in 1/E,
            between deposits in ln T; outside it is 0, above the last neutrino energy that of the
            last one.
    """

    rows: tuple[tuple[float, float, float], ...]

    @classmethod
    def from_settings(cls, rows: Sequence[Sequence[float]]) -> CrossSectionTable:
        """From the rows of a setting, whose file has been read."""
        return cls(tuple((float(e), float(t), float(value)) for e, t, value in rows))

    def to_settings(self) -> dict[str, Any]:
        """The inverse of `from_settings`, as the block of one interaction."""
        return {"rows": [list(row) for row in self.rows]}

    @cached_property
    def grid(self) -> tuple[Array, Array, Array]:
        """Neutrino energies [MeV] (m,), deposits [keV] (k,), cross-sections [cm²/keV] (m, k)."""
        columns = np.array(self.rows, dtype=np.float64).T
        energies, deposits = np.unique(columns[0]), np.unique(columns[1])
        return energies * 1e-3, deposits, columns[2].reshape(len(energies), len(deposits))

    def rate(
        self,
        sources: Iterable[NeutrinoSource],
        parameters: Oscillation,
        energies_keV: Array,
        *,
        of_masses: bool = False,
    ) -> Array:
        """∫ φ(E) P(E) dσ/dT dE of an atom.

        With the moments M_k above each node E_i, the flux between two nodes gives a M_0 + b M_1 of
        σ = a + b/E, exactly.

        Args:
            sources: of the neutrinos.
            parameters: of their oscillation.
            energies_keV: deposited energies, shape (n,).
            of_masses: P of the mass states instead of the flavours.

        Returns:
            Per s and keV, shape (3 flavours, sources, n).
        """
        energies, deposits, values = self.grid
        at = np.log(energies_keV)
        sigma = np.stack([np.interp(at, np.log(deposits), row, 0.0, 0.0) for row in values])
        above = kinematic_moments(
            sources, parameters, energies, lower_MeV=energies, of_masses=of_masses
        )  # (sources, flavours, k, m)
        between = above[..., :-1] - above[..., 1:]
        inverse = 1 / energies
        slope = np.diff(sigma, axis=0) / np.diff(inverse)[:, None]
        constant = sigma[:-1] - slope * inverse[:-1, None]
        rate = np.einsum("sfm,mn->fsn", between[:, :, 0], constant)
        rate += np.einsum("sfm,mn->fsn", between[:, :, 1], slope)
        return np.asarray(rate + above[:, :, 0, -1].T[:, :, None] * sigma[-1])


def cross_sections_of(
    block: Mapping[str, Any] | None,
) -> tuple[tuple[str, CrossSectionTable], ...]:
    """The setting `physics.cross_sections`, whose files have been read, by interaction."""
    blocks = sorted((block or {}).items())
    return tuple((name, CrossSectionTable.from_settings(one["rows"])) for name, one in blocks)


def read_cross_section_table(file: Path) -> list[list[float]]:
    """Rows of a CSV with the columns neutrino_energy_keV, recoil_keV, cross_section_cm2_per_keV.

    Raises:
        InputError: a table that is not a cross-section on a grid.
    """
    table = read_numbers(file, list(COLUMNS))
    rows = np.column_stack([table[name] for name in COLUMNS])
    rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
    energies, deposits = np.unique(rows[:, 0]), np.unique(rows[:, 1])
    grid = np.stack(np.meshgrid(energies, deposits, indexing="ij"), axis=-1).reshape(-1, 2)
    if len(energies) < 2 or len(deposits) < 2 or not np.array_equal(grid, rows[:, :2]):
        raise InputError(
            f"has {len(rows)} rows of {len(energies)} neutrino energies and {len(deposits)} deposits: not a grid",
            file=file, field=f"columns {COLUMNS[0]}, {COLUMNS[1]}",
            remedy="give each neutrino energy with every deposit, once, at least two of each",
        )  # fmt: skip
    if grid.min() <= 0:
        raise InputError(
            f"must be > 0 (got {grid.min():g})",
            file=file,
            field=f"columns {COLUMNS[0]}, {COLUMNS[1]}",
            remedy="give energies in keV",
        )
    check_something(rows[:, 2], file, COLUMNS[2], "give dσ/dT on an atom for unit strength")
    found: list[list[float]] = rows.tolist()
    return found
