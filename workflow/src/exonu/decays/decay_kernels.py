"""One decay: branch, electron or capture, cascade of photons and conversion electrons, X-rays and
Auger electrons."""

from __future__ import annotations

from typing import Any

from exonu.core.compiled import exact_kernel
from exonu.detector.random_numbers import uniform

ELECTRON, PHOTON = 0, 1
"""Kinds of particles."""
MOST_PARTICLES = 64
_FROM_SPECTRUM, _CAPTURE = 1, 2  # kinds of branches, see `schemes`


@exact_kernel
def place_in(cdf: Any, first: int, last: int, u: float) -> Any:
    """Index of the first of cdf[first:last] above u (bisection), at most last − 1."""
    low, high = first, last - 1
    while low < high:
        middle = (low + high) // 2
        if cdf[middle] > u:
            high = middle
        else:
            low = middle + 1
    return low


@exact_kernel
def from_spectrum(energies: Any, cdf: Any, stream: Any) -> Any:
    """An energy in keV from a tabulated spectrum, uniform within a cell."""
    u = uniform(stream)
    cell = place_in(cdf, 1, cdf.size, u) - 1
    width = cdf[cell + 1] - cdf[cell]
    share = (u - cdf[cell]) / width if width > 0 else 0.5
    return energies[cell] + share * (energies[cell + 1] - energies[cell])


@exact_kernel
def add(
    kinds: Any, energies: Any, groups: Any, n: int, kind: int, energy_keV: float, group: int
) -> Any:
    """Append a particle, if it has energy and there is room; the new number of particles."""
    if energy_keV <= 0 or n == kinds.size:
        return n
    kinds[n], energies[n], groups[n] = kind, energy_keV, group
    return n + 1


@exact_kernel
def fill_vacancy(
    atoms: Any,
    atom: int,
    shell: int,
    kinds: Any,
    energies: Any,
    groups: Any,
    n: int,
    group: int,
    stream: Any,
) -> Any:
    """Particles of a vacancy: an electron, and in a share of cases one X-ray that takes its energy
    from it."""
    left = atoms.binding_keV[atom, shell]
    xray = atoms.xray_keV[atom, shell]
    fluoresces = uniform(stream) < atoms.xray_yield[atom, shell]
    if fluoresces:
        left -= xray
    n = add(kinds, energies, groups, n, ELECTRON, left, group)
    if fluoresces:
        n = add(kinds, energies, groups, n, PHOTON, xray, group)
    return n


@exact_kernel
def decay(scheme: Any, kinds: Any, energies: Any, groups: Any, stream: Any) -> Any:
    """Particles of one decay; electrons of one transition or capture share a group and follow each
    other.

    Args:
        scheme: see `schemes.Scheme`.
        kinds, energies, groups: filled with the particles' kind, energy in keV and group, shape
            (MOST_PARTICLES,).
        stream: random numbers.

    Returns:
        Number of particles.
    """
    branches, levels, atoms = scheme.branches, scheme.levels, scheme.atoms
    n, group = 0, 0
    branch = place_in(branches.cdf, 0, branches.cdf.size, uniform(stream))
    atom = branches.atom[branch]
    if branches.kind[branch] == _FROM_SPECTRUM:
        row = branches.spectrum[branch]
        energy = from_spectrum(scheme.spectra.energies_keV[row], scheme.spectra.cdf[row], stream)
        n = add(kinds, energies, groups, n, ELECTRON, energy, group)
    elif branches.kind[branch] == _CAPTURE:
        shell = place_in(branches.capture_cdf[branch], 0, 3, uniform(stream))
        n = fill_vacancy(atoms, atom, shell, kinds, energies, groups, n, group, stream)
    level = branches.level[branch]
    while levels.first[level + 1] > levels.first[level]:
        group += 1
        t = place_in(
            levels.transition_cdf, levels.first[level], levels.first[level + 1], uniform(stream)
        )
        energy = levels.energy_keV[t]
        way = place_in(levels.way_cdf[t], 0, 4, uniform(stream))
        if way == 0:
            n = add(kinds, energies, groups, n, PHOTON, energy, group)
        else:
            binding = min(energy, atoms.binding_keV[atom, way - 1])
            n = add(kinds, energies, groups, n, ELECTRON, energy - binding, group)
            if binding < energy:
                n = fill_vacancy(atoms, atom, way - 1, kinds, energies, groups, n, group, stream)
            else:
                n = add(kinds, energies, groups, n, ELECTRON, energy, group)
        level = levels.final[t]
    return n
