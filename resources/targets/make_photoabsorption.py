"""Make photoabsorption.csv of each target, the photoabsorption cross-section of its atoms, from two
public libraries.

Below the join: Henke's f2 (`periodictable`), sigma = 2 r_e lambda f2, the only one with the 4d
giant resonance of xenon. Above: `xraylib`'s CSb_Photo. Both are dev-only dependencies; the library
reads the tables.

Run: python resources/targets/make_photoabsorption.py [target [output.csv]]
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import periodictable
import xraylib
from numpy.typing import NDArray
from scipy import constants

Table = NDArray[np.float64]


class Element(NamedTuple):
    """An element, where its table begins, where the two libraries join, and edges above that."""

    number: int
    symbol: str
    lowest_keV: float
    join_keV: float
    shells_above: tuple[int, ...]


_K_AND_L = (xraylib.K_SHELL, xraylib.L1_SHELL, xraylib.L2_SHELL, xraylib.L3_SHELL)
ELEMENTS = {
    # just below the L3 edge, where the two differ by 2 %
    "xenon": Element(54, "Xe", 0.01213, 4.7, _K_AND_L),
    # Henke begins at 10 eV, above the first ionisation energy of germanium and silicon; each joins
    # where no edge is near
    "argon": Element(18, "Ar", 0.01576, 1.5, _K_AND_L[:1]),
    "germanium": Element(32, "Ge", 0.0101, 5.0, _K_AND_L[:1]),
    "silicon": Element(14, "Si", 0.0101, 5.0, ()),
}
HIGHEST_KEV = 700.0
LARGEST_ERROR = 1e-3  # of log-log interpolation between the points that are kept

HEADER = """\
# Photoabsorption cross-section of atomic {name}, by make_photoabsorption.py.
# From periodictable {periodictable} below {join} keV and xraylib {xraylib} above.
# status: derived. Interpolate log-log; an energy that is there twice is a step, its second value holds from there on.
energy_keV,cross_section_Mb
"""


def henke(of: Element) -> Table:
    """Rows (energy in keV, cross-section in Mb) from the first ionisation energy to the join."""
    energy, _, f2 = (
        np.asarray(column) for column in getattr(periodictable, of.symbol).xray.sftable
    )
    hc_keV_cm = constants.h * constants.c / constants.e * 1e-3 * 1e2
    radius_cm = constants.value("classical electron radius") * 1e2
    with np.errstate(divide="ignore"):  # f2 is tiny below the first ionisation energy
        log_cross_section = np.log(2 * radius_cm * hc_keV_cm * f2 / energy * 1e18)
    inside = (energy > of.lowest_keV) & (energy < of.join_keV)
    grid = np.concatenate([[of.lowest_keV], energy[inside], [of.join_keV]])
    table = np.column_stack(
        [grid, np.exp(np.interp(np.log(grid), np.log(energy), log_cross_section))]
    )
    # Henke marks an edge by two points 0.2 eV apart: move both to their middle.
    jumps = (table[1:, 1] > 1.5 * table[:-1, 1]) & (table[1:, 0] > 0.2)
    for i in np.flatnonzero(jumps & (np.diff(table[:, 0]) < 2.5e-4)):
        table[i : i + 2, 0] = table[i : i + 2, 0].mean()
    return table


def edge_keV(of: Element, shell: int) -> float:
    """Where CSb_Photo jumps: within 20 eV of xraylib's own edge energy, which is not the same."""
    low, high = (xraylib.EdgeEnergy(of.number, shell) + shift for shift in (-0.02, 0.02))
    threshold = np.sqrt(xraylib.CSb_Photo(of.number, low) * xraylib.CSb_Photo(of.number, high))
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if xraylib.CSb_Photo(of.number, middle) < threshold else (low, middle)
        )
    return (low + high) / 2


def photoelectric(of: Element) -> Table:
    """Rows from the join to the highest energy, two at each edge."""
    edges = sorted(edge_keV(of, shell) for shell in of.shells_above)
    rows = []
    for low, high in zip([of.join_keV, *edges], [*edges, HIGHEST_KEV], strict=True):
        grid = np.geomspace(low, high, max(3, int(200 * np.log10(high / low))))
        probe = np.clip(grid, low * (1 + 1e-9), high * (1 - 1e-9))  # strictly between the edges
        rows += [
            (e, xraylib.CSb_Photo(of.number, p) * 1e-6) for e, p in zip(grid, probe, strict=True)
        ]
    return np.array(rows)


def thinned(table: Table) -> Table:
    """Few points that keep log-log interpolation within the error (Ramer-Douglas-Peucker), both
    sides of steps."""
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


def photoabsorption(of: Element) -> Table:
    """The table, unrounded."""
    return thinned(np.vstack([henke(of), photoelectric(of)]))


def main() -> None:
    """Write the table of one target, or of all."""
    names = sys.argv[1:2] or list(ELEMENTS)
    for name in names:
        of = ELEMENTS[name]
        target = (
            Path(sys.argv[2])
            if len(sys.argv) > 2
            else Path(__file__).parent / name / "photoabsorption.csv"
        )
        header = HEADER.format(
            name=name,
            join=of.join_keV,
            periodictable=periodictable.__version__,
            xraylib=xraylib.__version__,
        )
        rows = "".join(
            f"{energy:.7g},{cross_section:.5g}\n" for energy, cross_section in photoabsorption(of)
        )
        target.write_text(header + rows, encoding="utf-8")


if __name__ == "__main__":
    main()
