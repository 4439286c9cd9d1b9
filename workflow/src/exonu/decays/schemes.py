"""Decay schemes in the form that the compiled generator takes: branches, levels, transitions,
vacancies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from exonu.core.errors import InputError
from exonu.core.types import Array
from exonu.decays.beta_spectra import Tabulated, beta_spectrum, decay_rows, nuclides

Integers = NDArray[np.int64]

NOTHING, ELECTRON, CAPTURE = 0, 1, 2
"""What a branch starts with: only the daughter's level (α, isomer), an electron from a spectrum, a
capture."""


class Branches(NamedTuple):
    """How a decay starts, b branches."""

    cdf: Array  # (b,) cumulative intensity
    kind: Integers  # (b,)
    level: Integers  # (b,) index of a level
    atom: Integers  # (b,) index of an atom
    spectrum: Integers  # (b,) row of the spectra
    capture_cdf: Array  # (b, 3) cumulative over K, L, higher


class Spectra(NamedTuple):
    """Tabulated spectra of s electrons."""

    energies_keV: Array  # (s, n + 1)
    cdf: Array  # (s, n + 1)


class Levels(NamedTuple):
    """Levels of the daughters (l) and the transitions between them (t)."""

    first: Integers  # (l + 1,) transitions of level i are first[i]..first[i + 1] − 1
    transition_cdf: Array  # (t,) cumulative within the level
    final: Integers  # (t,)
    energy_keV: Array  # (t,)
    way_cdf: Array  # (t, 4) cumulative over photon, K, L, higher


class Atoms(NamedTuple):
    """What fills a vacancy in K, L and M of a atoms."""

    binding_keV: Array  # (a, 3)
    xray_yield: Array  # (a, 3)
    xray_keV: Array  # (a, 3)


class Scheme(NamedTuple):
    """A decay."""

    branches: Branches
    spectra: Spectra
    levels: Levels
    atoms: Atoms


def decay_scheme(nuclide: str) -> Scheme:
    """The scheme of a nuclide in `resources/decays`.

    Raises:
        InputError: a nuclide that is not in the tables.

    >>> decay_scheme("Pb210").levels.energy_keV
    array([46.539])
    """
    branches = [row for row in decay_rows("branches") if row["nuclide"] == nuclide]
    if not branches:
        raise InputError(
            f"is not a known nuclide (got {nuclide!r})",
            field="nuclide",
            remedy=f"known: {', '.join(nuclides())}",
        )
    lines = [row for row in decay_rows("transitions") if row["nuclide"] == nuclide]
    atoms = sorted({int(row["daughter_charge"]) for row in branches})
    levels = sorted(
        {(int(row["daughter_charge"]), float(row["level_keV"])) for row in branches}
        | {
            (int(row["daughter_charge"]), float(row[end]))
            for row in lines
            for end in ("level_keV", "final_keV")
        }
    )
    spectra = [
        beta_spectrum(nuclide, int(row["daughter_charge"]), float(row["level_keV"]))
        for row in branches
        if row["mode"] == "beta-"
    ]
    kinds = np.array(
        [{"beta-": ELECTRON, "ec": CAPTURE}.get(row["mode"], NOTHING) for row in branches]
    )
    captures = np.array([[float(row[f"capture_{shell}"]) for shell in "klm"] for row in branches])
    chosen = Branches(
        cdf=_cumulative([float(row["intensity"]) for row in branches]),
        kind=kinds,
        level=np.array(
            [levels.index((int(r["daughter_charge"]), float(r["level_keV"]))) for r in branches]
        ),
        atom=np.array([atoms.index(int(row["daughter_charge"])) for row in branches]),
        spectrum=np.maximum(np.cumsum(kinds == ELECTRON) - 1, 0),
        capture_cdf=np.cumsum(captures, axis=1),
    )
    return Scheme(chosen, _spectra(spectra), _levels(lines, levels), _atoms(atoms))


def spectrum_scheme(spectrum: Tabulated) -> Scheme:
    """A single electron from a spectrum: 2νββ, neutrino scattering, signal."""
    zero = np.zeros(1, dtype=np.int64)
    branch = Branches(np.ones(1), np.array([ELECTRON]), zero, zero, zero, np.zeros((1, 3)))
    return Scheme(branch, _spectra([spectrum]), _levels([], [(0, 0.0)]), _atoms([54]))


def _cumulative(shares: Sequence[float] | Array) -> Array:
    total = np.cumsum(np.asarray(shares, dtype=np.float64))
    return np.asarray(total / total[-1])


def _spectra(spectra: list[Tabulated]) -> Spectra:
    if not spectra:
        return Spectra(np.zeros((1, 2)), np.array([[0.0, 1.0]]))
    return Spectra(
        np.array([s.energies_keV for s in spectra]), np.array([s.cumulative for s in spectra])
    )


def _levels(lines: list[dict[str, str]], levels: list[tuple[int, float]]) -> Levels:
    first = [0]
    cdf, ways, final, energy = [np.zeros(0)], [np.ones((0, 4))], [], []
    for charge, level in levels:
        here = [
            r
            for r in lines
            if (int(r["daughter_charge"]), float(r["level_keV"])) == (charge, level)
        ]
        if here:
            photons = np.array([float(row["photons"]) for row in here])
            alpha = np.array([[float(row[f"alpha_{shell}"]) for shell in "klm"] for row in here])
            cdf.append(_cumulative(photons * (1 + alpha.sum(axis=1))))
            ways.append(np.cumsum(np.column_stack([np.ones(len(here)), alpha]), axis=1))
            final += [levels.index((charge, float(row["final_keV"]))) for row in here]
            energy += [level - float(row["final_keV"]) for row in here]
        first.append(len(final))
    way_cdf = np.concatenate(ways)
    return Levels(
        first=np.array(first),
        transition_cdf=np.concatenate(cdf),
        final=np.array(final, dtype=np.int64),
        energy_keV=np.array(energy, dtype=np.float64).round(6),
        way_cdf=way_cdf / way_cdf[:, -1:],
    )


def _atoms(charges: list[int]) -> Atoms:
    rows = {(int(row["charge"]), row["shell"]): row for row in decay_rows("relaxation")}

    def table(column: str) -> Array:
        return np.array(
            [[float(rows[charge, shell][column]) for shell in "KLM"] for charge in charges]
        )

    return Atoms(table("binding_keV"), table("xray_yield"), table("xray_keV"))
