"""How long the recoil spectra take, and how large the error of their quadrature is.

All four interactions, each flavour, and 40 dark-photon masses at 200 energies, from nothing but the imports.

Run: python tests/benchmarks/bench_signals.py
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

from exonu.interactions import Physics, RecoilSpectra
from exonu.interactions.moments import ORDER

ENERGIES = np.geomspace(0.5, 200, 200)
MASSES = np.geomspace(1e-4, 10, 40)


def everything(order: int = ORDER) -> list[np.ndarray]:
    """Every signal that an analysis can ask for."""
    spectra = RecoilSpectra(ENERGIES, Physics(), order=order)
    flavours = ("all", "e", "mu", "tau")
    single = [
        spectra.rate(interaction, flavour=flavour)
        for interaction in ("weak", "magnetic-moment", "millicharge")
        for flavour in flavours
    ]
    return [*single, *spectra.dark_photon(MASSES)]


def best_ms(work: Callable[[], object], repeats: int = 10) -> float:
    """Shortest time of several runs."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return 1e3 * min(times)


def import_ms() -> float:
    """A fresh interpreter that imports the package, less one that does nothing."""

    def run(code: str) -> float:
        return best_ms(lambda: subprocess.run([sys.executable, "-c", code], check=True), 5)

    return run("import exonu.interactions") - run("pass")


def quadrature_error() -> float:
    """Largest relative difference to four times the nodes, over all signals and sources."""
    errors = []
    for coarse, fine in zip(everything(), everything(4 * ORDER), strict=True):
        scale = np.where(fine == 0, np.inf, np.abs(fine))
        errors.append(np.max(np.abs(coarse - fine) / scale))
    return float(max(errors))


def main() -> None:
    """Print the table."""
    start = time.perf_counter()
    everything()
    first = 1e3 * (time.perf_counter() - start)
    spectra = RecoilSpectra(ENERGIES)
    spectra.rate("weak")
    rows = [
        ("import exonu.interactions (fresh process)", f"{import_ms():.0f} ms"),
        ("everything, first time (reads the tables)", f"{first:.1f} ms"),
        ("everything: 3 interactions x 4 flavours + 40 masses, 200 energies", f"{best_ms(everything):.1f} ms"),
        ("40 masses more, moments at hand", f"{best_ms(lambda: spectra.dark_photon(MASSES)):.2f} ms"),
        ("one recoil rate at 5 keV", f"{best_ms(lambda: RecoilSpectra(5.0).rate('weak')):.2f} ms"),
        (
            "millicharge in the liquid",
            f"{best_ms(lambda: RecoilSpectra(ENERGIES).rate('millicharge', atomic='pai-liquid')):.1f} ms",
        ),
        (f"largest quadrature error ({ORDER} nodes per panel)", f"{quadrature_error():.1e}"),
    ]
    for name, result in rows:
        print(f"{name:68s} {result:>10s}")


if __name__ == "__main__":
    main()
