"""Make photoabsorption.csv, the photoabsorption cross-section of atomic xenon, from two public libraries.

Below 4.7 keV: Henke's f2 (`periodictable`), sigma = 2 r_e lambda f2, the only one with the 4d giant resonance.
Above: `xraylib`'s CSb_Photo. Both are dev-only dependencies; the library reads the table.

Run: python resources/xenon/make_photoabsorption.py [output.csv]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import periodictable
import xraylib
from numpy.typing import NDArray
from scipy import constants

Table = NDArray[np.float64]

ATOMIC_NUMBER = 54
FIRST_IONISATION_KEV = 0.01213
JOIN_KEV = 4.7  # just below the L3 edge, where the two differ by 2 %
HIGHEST_KEV = 700.0
LARGEST_ERROR = 1e-3  # of log-log interpolation between the points that are kept

HEADER = """\
# Photoabsorption cross-section of atomic xenon, by make_photoabsorption.py.
# From periodictable {periodictable} below 4.7 keV and xraylib {xraylib} above.
# status: derived. Interpolate log-log; an energy that is there twice is a step, its second value holds from there on.
energy_keV,cross_section_Mb
"""


def henke() -> Table:
    """Rows (energy in keV, cross-section in Mb) from the first ionisation energy to the join."""
    energy, _, f2 = (np.asarray(column) for column in periodictable.Xe.xray.sftable)
    hc_keV_cm = constants.h * constants.c / constants.e * 1e-3 * 1e2
    radius_cm = constants.value("classical electron radius") * 1e2
    with np.errstate(divide="ignore"):  # f2 is tiny below the first ionisation energy
        log_cross_section = np.log(2 * radius_cm * hc_keV_cm * f2 / energy * 1e18)
    inside = (energy > FIRST_IONISATION_KEV) & (energy < JOIN_KEV)
    grid = np.concatenate([[FIRST_IONISATION_KEV], energy[inside], [JOIN_KEV]])
    table = np.column_stack(
        [grid, np.exp(np.interp(np.log(grid), np.log(energy), log_cross_section))]
    )
    # Henke marks an edge by two points 0.2 eV apart: move both to their middle.
    jumps = (table[1:, 1] > 1.5 * table[:-1, 1]) & (table[1:, 0] > 0.2)
    for i in np.flatnonzero(jumps & (np.diff(table[:, 0]) < 2.5e-4)):
        table[i : i + 2, 0] = table[i : i + 2, 0].mean()
    return table


def edge_keV(shell: int) -> float:
    """Where CSb_Photo jumps: within 20 eV of xraylib's own edge energy, which is not the same."""
    low, high = (xraylib.EdgeEnergy(ATOMIC_NUMBER, shell) + shift for shift in (-0.02, 0.02))
    threshold = np.sqrt(
        xraylib.CSb_Photo(ATOMIC_NUMBER, low) * xraylib.CSb_Photo(ATOMIC_NUMBER, high)
    )
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (
            (middle, high)
            if xraylib.CSb_Photo(ATOMIC_NUMBER, middle) < threshold
            else (low, middle)
        )
    return (low + high) / 2


def photoelectric() -> Table:
    """Rows from the join to the highest energy, two at each edge."""
    shells = (xraylib.K_SHELL, xraylib.L1_SHELL, xraylib.L2_SHELL, xraylib.L3_SHELL)
    edges = sorted(edge_keV(shell) for shell in shells)
    rows = []
    for low, high in zip([JOIN_KEV, *edges], [*edges, HIGHEST_KEV], strict=True):
        grid = np.geomspace(low, high, max(3, int(200 * np.log10(high / low))))
        probe = np.clip(grid, low * (1 + 1e-9), high * (1 - 1e-9))  # strictly between the edges
        rows += [
            (e, xraylib.CSb_Photo(ATOMIC_NUMBER, p) * 1e-6)
            for e, p in zip(grid, probe, strict=True)
        ]
    return np.array(rows)


def thinned(table: Table) -> Table:
    """Few points that keep log-log interpolation within the error (Ramer-Douglas-Peucker), both sides of steps."""
    log = np.log(table)
    steps = np.flatnonzero(np.diff(table[:, 0]) == 0)
    keep = {0, len(table) - 1, *steps, *(steps + 1)}
    spans = list(zip(sorted(keep)[:-1], sorted(keep)[1:], strict=True))
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        inner = np.arange(first + 1, last)
        miss = np.abs(
            np.interp(log[inner, 0], log[[first, last], 0], log[[first, last], 1]) - log[inner, 1]
        )
        worst = int(inner[np.argmax(miss)])
        if miss.max() > LARGEST_ERROR:
            keep.add(worst)
            spans += [(first, worst), (worst, last)]
    return table[sorted(keep)]


def photoabsorption() -> Table:
    """The table, unrounded."""
    return thinned(np.vstack([henke(), photoelectric()]))


def main() -> None:
    """Write the table."""
    target = (
        Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("photoabsorption.csv")
    )
    header = HEADER.format(periodictable=periodictable.__version__, xraylib=xraylib.__version__)
    rows = "".join(
        f"{energy:.7g},{cross_section:.5g}\n" for energy, cross_section in photoabsorption()
    )
    target.write_text(header + rows, encoding="utf-8")


if __name__ == "__main__":
    main()
