"""How a published experiment sees nuclear recoils: the block `nuclear_recoils` of its YAML.

Either `quenching` says which electron leaves as much as a recoil does, and the experiment's efficiency
and resolution then hold for that energy; or a `response` matrix of nuclear recoils stands by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from exonu.core.errors import InputError
from exonu.core.settings import Settings
from exonu.core.tables import check_rising, read_numbers
from exonu.core.types import Array
from exonu.detector import Efficiency, Response, build_response
from exonu.interactions.nuclear_recoils import isotopes
from exonu.interactions.quenching import Quenching, inverse, lindhard, tabulated
from exonu.search.experiment.binned_spectrum import NuclearChannel, Variations
from exonu.search.experiment.published_response import (
    BAND,
    PublishedResponse,
    matrix_response,
    read_efficiency,
    read_response_matrix,
)
from exonu.search.experiment.spectrum_table import Table

FIELD = "nuclear_recoils"
SCALE = "quenching"
"""The nuisance parameter of the quenching's uncertainty."""


def read_nuclear(
    settings: Settings, table: Table, electrons: PublishedResponse, target: str, file: Path
) -> NuclearChannel | None:
    """Read and check how nuclear recoils are seen.

    Args:
        settings: of the experiment.
        table: its spectrum.
        electrons: how electrons are seen.
        target: what recoils.
        file: the experiment's file.

    Raises:
        InputError: neither quenching nor a matrix, or both; tables that are none.
    """
    block = settings.get(FIELD)
    if block is None:
        return None
    isotopes(target)  # says if nothing is known of the nuclei
    if ("quenching" in block) == ("response" in block):
        raise InputError(
            "is given twice" if "quenching" in block else "is missing",
            file=file,
            field=f"{FIELD}.quenching",
            remedy="give `quenching`, or a matrix of nuclear recoils as `response`",
        )
    minimum = float(block["minimum_keV"]["value"])
    if "response" in block:
        return _matrix(block["response"], table, minimum, file)
    if electrons.resolution_keV is None:
        raise InputError(
            "is given for an experiment whose response is a matrix",
            file=file,
            field=f"{FIELD}.quenching",
            remedy="give the matrix of nuclear recoils as `response`",
        )
    return _quenched(block, table, electrons, target, minimum, file)


def _matrix(block: Settings, table: Table, minimum: float, file: Path) -> NuclearChannel:
    def read(name: str) -> Callable[[], Response]:
        below = (f"{FIELD}.minimum_keV", minimum)
        energy, seen = read_response_matrix(block, name, table, f"{FIELD}.response", below, file)
        return lambda: matrix_response(table, energy, seen, minimum, np.empty(0))

    nominal = read(block["file"])
    varied = {
        name: (read(both["up"]), read(both["down"])) for name, both in block["variations"].items()
    }
    return NuclearChannel(
        nominal,
        lambda: {name: (up().matrix, down().matrix) for name, (up, down) in varied.items()},
    )


@dataclass(frozen=True)
class _Quenched:
    """A response of electrons, at the energies that nuclear recoils leave.

    Attributes:
        table: the spectrum.
        resolution_keV: σ of an electron of so much energy.
        seen: efficiency of electrons.
        of_nuclei: efficiency of nuclear recoils in its place.
        minimum_keV: nuclear recoils of less leave nothing.
    """

    table: Table
    resolution_keV: Callable[[Array], Array]
    seen: Efficiency
    of_nuclei: Efficiency | None
    minimum_keV: float

    def response(self, quenching: Quenching) -> Response:
        """∫ dE R(T(E)) (dT/dE) · what an electron of E gives: a change of variables."""
        made = build_response(
            self.table.low,
            self.table.high,
            exposure_tonne_year=self.table.exposure_tonne_year,
            resolution_keV=self.resolution_keV,
            efficiency=self.seen if self.of_nuclei is None else Efficiency.perfect(),
            true_minimum_keV=float(quenching(self.minimum_keV)),
        )
        recoil, slope = inverse(quenching, made.true_energy_keV)
        factor = slope if self.of_nuclei is None else slope * self.of_nuclei(recoil)
        weights = None if made.weights_keV is None else made.weights_keV * slope
        return Response(made.low_keV, made.high_keV, recoil, made.matrix * factor, weights)


def _quenched(
    block: Settings,
    table: Table,
    electrons: PublishedResponse,
    target: str,
    minimum: float,
    file: Path,
) -> NuclearChannel:
    quenching, spread = _read_quenching(block["quenching"], target, file)
    own = None
    if "efficiency" in block:
        own, _ = read_efficiency(block["efficiency"], f"{FIELD}.efficiency", file)
    assert electrons.resolution_keV is not None
    seen = partial(_Quenched, table, electrons.resolution_keV)
    channel = seen(electrons.efficiency, own, minimum)

    def variations() -> Variations:
        """On one grid of recoils for all: that of the nominal quenching."""
        found: dict[str, tuple[Array, Array]] = {}
        nominal = channel.response(quenching)
        if spread is not None:
            up, down = (_moved(channel.response(one), nominal) for one in spread)
            found[SCALE] = (up, down)
        if electrons.band is not None and own is None:
            up, down = (
                seen(one, None, minimum).response(quenching).matrix for one in electrons.band
            )
            found[BAND] = (up, down)
        return found

    return NuclearChannel(lambda: channel.response(quenching), variations)


def _moved(varied: Response, nominal: Response) -> Array:
    """The matrix of a response for rates on another's grid: rates are taken between its points in
    the logarithm of the energy, and at its ends beyond them."""
    at, known = np.log(varied.true_energy_keV), np.log(nominal.true_energy_keV)
    place = np.clip(np.searchsorted(known, at) - 1, 0, len(known) - 2)
    share = np.clip((at - known[place]) / (known[place + 1] - known[place]), 0.0, 1.0)
    matrix = np.zeros_like(nominal.matrix)
    for column, low, part in zip(varied.matrix.T, place, share, strict=True):
        matrix[:, low] += (1 - part) * column
        matrix[:, low + 1] += part * column
    return matrix


def _read_quenching(
    block: Settings, target: str, file: Path
) -> tuple[Quenching, tuple[Quenching, Quenching] | None]:
    """The quenching, and the same one standard deviation up and down where it is uncertain."""
    spread = float(block["uncertainty"])
    if block["form"] == "lindhard":
        k = block.get("k")

        def by_lindhard(recoil: ArrayLike) -> Array:
            return lindhard(recoil, target, k)

        nominal: Quenching = by_lindhard
    else:
        nominal = _read_table(block, file)

    def times(factor: float) -> Quenching:
        return lambda recoil: factor * nominal(recoil)

    return nominal, (times(1 + spread), times(1 - spread)) if spread else None


def _read_table(block: Settings, file: Path) -> Quenching:
    for key in ("file", "recoil_keV", "share"):
        if key not in block:
            raise InputError(
                "is missing", file=file, field=f"{FIELD}.quenching.{key}",
                remedy="a table of quenching has a file and its two columns",
            )  # fmt: skip
    table_file, names = file.parent / block["file"], [block["recoil_keV"], block["share"]]
    read = read_numbers(table_file, names, ignored=block["ignored_columns"])
    recoil, share = read[names[0]], float(block["scale"]) * read[names[1]]
    check_rising(recoil, table_file, names[0])
    for row in np.flatnonzero((share <= 0) | (share > 1) | (recoil <= 0)):
        raise InputError(
            f"must have a recoil > 0 and a share in 0 < s ≤ 1 (got {recoil[row]:g}, {share[row]:g})",
            file=table_file,
            field=f"row {row + 1}",
            remedy="give the electron-equivalent energy over that of the recoil",
        )
    if np.any(np.diff(recoil * share) <= 0):
        row = int(np.argmax(np.diff(recoil * share) <= 0))
        raise InputError(
            "falls: a recoil of more energy would leave less",
            file=table_file,
            field=f"row {row + 2}, column {names[1]}",
            remedy="recoil times share must rise",
        )
    return tabulated(recoil, share)
