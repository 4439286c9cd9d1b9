"""Make gamma_cross_sections.csv, what γ-rays and X-rays do in xenon and in the walls, from `xraylib` (dev-only).

Run: python resources/xenon/make_gamma_cross_sections.py [output.csv]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import xraylib
from numpy.typing import NDArray
from scipy import constants

LOWEST_KEV, HIGHEST_KEV = 1.0, 3000.0
PER_DECADE = 40
BESIDE = 1e-6  # relative step beside an edge
HIGHEST_TABULATED_KEV = 800.0  # of xraylib, for all elements

HEADER = """\
# Mass attenuation by make_gamma_cross_sections.py from xraylib {version}, in cm2/g. status: derived
# xenon: photoelectric, incoherent (Compton). Walls: photoelectric + incoherent; quartz is SiO2.
# Interpolate log-log; the points come in pairs beside an edge. Coherent scattering and pairs are left out.
# Above 800 keV Klein-Nishina on free electrons, and the photoelectric part is a power law.
energy_keV,xenon_photoelectric,xenon_compton,copper,aluminium,quartz
"""
Function = Callable[[float], float]


def photoelectric(z: int, energy_keV: float) -> float:
    """Kissel's cross-section; above its last energies a power law through them."""
    if energy_keV <= HIGHEST_TABULATED_KEV:
        return float(xraylib.CS_Photo(z, energy_keV))
    low, high = HIGHEST_TABULATED_KEV / 1.5, HIGHEST_TABULATED_KEV
    top = xraylib.CS_Photo(z, high)
    slope = np.log(top / xraylib.CS_Photo(z, low)) / np.log(high / low)
    return float(top * (energy_keV / high) ** slope)


def compton(z: int, energy_keV: float) -> float:
    """Incoherent scattering with binding; above the table Klein-Nishina on Z free electrons (0.6 % more there)."""
    if energy_keV <= HIGHEST_TABULATED_KEV:
        return float(xraylib.CS_Compt(z, energy_keV))
    barn_per_atom = z * xraylib.CS_KN(energy_keV)
    return float(barn_per_atom * constants.N_A * 1e-24 / xraylib.AtomicWeight(z))


def of_element(z: int) -> Function:
    """Both of an element."""
    return lambda energy: photoelectric(z, energy) + compton(z, energy)


def columns() -> list[Function]:
    """The columns after the energy."""
    silicon, oxygen = of_element(14), of_element(8)
    share = xraylib.AtomicWeight(14) / (xraylib.AtomicWeight(14) + 2 * xraylib.AtomicWeight(8))
    return [
        lambda energy: photoelectric(54, energy),
        lambda energy: compton(54, energy),
        of_element(29),
        of_element(13),
        lambda energy: share * silicon(energy) + (1 - share) * oxygen(energy),
    ]


def edges_keV() -> list[float]:
    """Where a photoelectric cross-section jumps, found by bisection: xraylib's edge energies are a little off."""
    found = []
    for z in (54, 29, 13, 14):
        for shell in (
            xraylib.K_SHELL,
            xraylib.L1_SHELL,
            xraylib.L2_SHELL,
            xraylib.L3_SHELL,
            xraylib.M1_SHELL,
        ):
            edge = xraylib.EdgeEnergy(z, shell)
            low, high = edge * 0.99, edge * 1.01
            if not LOWEST_KEV < low < high < HIGHEST_KEV:
                continue
            below, above = xraylib.CS_Photo(z, low), xraylib.CS_Photo(z, high)
            if above < 1.03 * below:
                continue
            for _ in range(50):
                middle = (low + high) / 2
                low, high = (
                    (middle, high)
                    if xraylib.CS_Photo(z, middle) < np.sqrt(below * above)
                    else (low, middle)
                )
            found.append((low + high) / 2)
    return sorted(found)


def energies_keV() -> NDArray[np.float64]:
    """A logarithmic grid, with two points at each edge."""
    grid = np.geomspace(
        LOWEST_KEV, HIGHEST_KEV, 1 + round(PER_DECADE * np.log10(HIGHEST_KEV / LOWEST_KEV))
    )
    edges = np.array(edges_keV())
    return np.sort(np.concatenate([grid, edges * (1 - BESIDE), edges * (1 + BESIDE)]))


def main() -> None:
    """Write the table."""
    target = (
        Path(sys.argv[1])
        if len(sys.argv) > 1
        else Path(__file__).with_name("gamma_cross_sections.csv")
    )
    functions = columns()
    rows = (
        f"{energy:.8g}," + ",".join(f"{function(energy):.5g}" for function in functions) + "\n"
        for energy in energies_keV()
    )
    target.write_text(HEADER.format(version=xraylib.__version__) + "".join(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
