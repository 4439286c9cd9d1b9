"""The compiled part of `gamma_transport`."""

from __future__ import annotations

import math
from typing import Any

from exonu.core import constants
from exonu.core.compiled import exact_kernel
from exonu.detector.random_numbers import exponential, uniform
from exonu.detector.transport import rotate

ELECTRON_MASS_KEV: float = constants.value("electron mass energy equivalent in MeV") * 1e3
STOPS_BELOW_KEV = 10.0  # photoelectric by 99.9 %; the energies that free an electron would run out


@exact_kernel
def per_cm(table: Any, energy_keV: float, attenuation: Any) -> Any:
    """Linear attenuation coefficient at an energy."""
    place = (math.log(energy_keV) - attenuation.log_lowest) * attenuation.cells_per_log
    place = min(max(place, 0.0), table.size - 1.000001)
    cell = int(place)
    share = place - cell
    return table[cell] * (1 - share) + table[cell + 1] * share


@exact_kernel
def klein_nishina(energy_keV: float, stream: Any) -> Any:
    """Energy left to the photon over its energy before, from the Klein-Nishina distribution; and
    the cosine.

    By composition and rejection on 1/ε and ε, as in EGS4 (W. R. Nelson et al., SLAC-265, 1985,
    section 2.7.5)."""
    k = energy_keV / ELECTRON_MASS_KEV
    smallest = 1 / (1 + 2 * k)
    first = -math.log(smallest)
    second = 0.5 * (1 - smallest * smallest)
    while True:
        if uniform(stream) * (first + second) < first:
            share = smallest ** uniform(stream)
        else:
            share = math.sqrt(smallest * smallest + (1 - smallest * smallest) * uniform(stream))
        t = (1 - share) / (k * share)  # 1 − cos θ
        if uniform(stream) <= 1 - share * t * (2 - t) / (1 + share * share):
            return share, 1 - t


@exact_kernel
def compton(energy_keV: float, attenuation: Any, stream: Any) -> Any:
    """Klein-Nishina on the electrons that the energy transferred can free; share and cosine."""
    while True:
        share, cosine = klein_nishina(energy_keV, stream)
        transferred = energy_keV * (1 - share)
        shells = 0
        while (
            shells < attenuation.binding_keV.size and attenuation.binding_keV[shells] <= transferred
        ):
            shells += 1
        if (
            shells == attenuation.binding_keV.size
            or uniform(stream) < attenuation.bound_below[shells]
        ):
            return share, cosine


@exact_kernel
def inside(x: float, y: float, z: float, walls: Any) -> Any:
    """Whether a point is in the liquid."""
    if x * x + y * y + z * z < walls.safe_radius2:
        return True
    for face in range(walls.offsets.size):
        if (
            x * walls.normals[face, 0] + y * walls.normals[face, 1] + z * walls.normals[face, 2]
            > walls.offsets[face]
        ):
            return False
    return True


@exact_kernel
def follow_photon(
    energy_keV: float,
    point: Any,
    direction: Any,
    flight_cm: float,
    attenuation: Any,
    walls: Any,
    sites: Any,
    n: int,
    stream: Any,
) -> Any:
    """Follow a photon until it is absorbed or leaves.

    Args:
        energy_keV: of the photon.
        point, direction: tuples of three.
        flight_cm: length of the first flight if it is given (≥ 0), otherwise drawn.
        attenuation, walls: tables and geometry.
        sites: rows (x, y, z, energy in keV) are added from row n on; further ones than there is
            room are merged.
        n: number of sites before.
        stream: random numbers.

    Returns:
        Number of sites after.
    """
    x, y, z = point
    dx, dy, dz = direction
    while True:
        photo = per_cm(attenuation.photoelectric, energy_keV, attenuation)
        scatter = per_cm(attenuation.compton, energy_keV, attenuation)
        if flight_cm < 0:
            flight_cm = exponential(stream) / (photo + scatter)
        x, y, z = x + flight_cm * dx, y + flight_cm * dy, z + flight_cm * dz
        flight_cm = -1.0
        if not inside(x, y, z, walls):
            return n
        share = 0.0
        if energy_keV > STOPS_BELOW_KEV and uniform(stream) * (photo + scatter) >= photo:
            share, cosine = compton(energy_keV, attenuation, stream)
            dx, dy, dz = rotate(dx, dy, dz, cosine, stream)
        row = min(n, len(sites) - 1)
        if row < n:  # no room: all that follows goes to the last site
            sites[row, 3] += energy_keV * (1 - share)
        else:
            sites[row, 0], sites[row, 1], sites[row, 2], sites[row, 3] = (
                x,
                y,
                z,
                energy_keV * (1 - share),
            )
            n += 1
        energy_keV *= share
        if energy_keV <= 0:
            return n
