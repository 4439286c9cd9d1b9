"""How long the recoil spectra take, and how large the error of their quadrature is.

All interactions of the catalogue, all states, and 40 masses of those that have one, at 200 energies, from
nothing but the imports.

Run: python tests/benchmarks/bench_signals.py
"""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
from benchmarking import Record, main, times
from scipy import constants
from scipy.integrate import quad

from exonu.catalogue import SEARCHED
from exonu.interactions import Physics, RecoilSpectra
from exonu.interactions.couplings import chiral_couplings
from exonu.interactions.cross_sections import bilinear_form, minimum_energy_MeV
from exonu.interactions.moments import ORDER
from exonu.solar import flavour_probabilities, oscillation, solar_sources
from exonu.xenon import xenon_property

ENERGIES = np.geomspace(0.5, 200, 200)
MASSES = np.geomspace(1e-4, 10, 40)


def everything(order: int = ORDER) -> list[np.ndarray]:
    """Every recoil spectrum that an analysis can ask for."""
    spectra = RecoilSpectra(ENERGIES, Physics(), order=order)
    found = [spectra.rate("weak")]
    for name, one in SEARCHED.items():
        if one.by_neutrinos:
            polynomial = spectra.polynomial(name, MASSES if one.has_mass else None)
            parts = [part for state in one.states for part in polynomial.of(state)]
            found += [part for part in parts if part is not None]
    return found


def pp_rate() -> np.ndarray:
    """Weak recoils of pp neutrinos on free electrons."""
    return RecoilSpectra(ENERGIES, Physics(sources=("pp",))).rate("weak", atomic="free")[0]


def pp_rate_by_quad() -> np.ndarray:
    """The same integral over neutrino energies by adaptive quadrature, one recoil energy after the
    other."""
    physics = Physics(sources=("pp",))
    (pp,) = (
        one
        for one in solar_sources(physics.solar_model, physics.beryllium_line)
        if one.name == "pp"
    )
    mixing, couplings = oscillation(physics.oscillation), chiral_couplings(physics.couplings)
    electrons = (
        constants.N_A * 1e6 / xenon_property("atomic_mass") * xenon_property("atomic_number")
    )
    forms = bilinear_form(
        couplings, couplings, ENERGIES * 1e-3
    )  # (flavours, powers of 1/E, energies)

    def integrand(energy: float, form: np.ndarray) -> float:
        probability = flavour_probabilities(energy, pp.electron_density_mol_per_cm3, mixing)
        return float(
            pp.spectrum.density(energy)
            * (probability.reshape(3) @ form @ energy ** -np.arange(3.0))
        )

    lowest = minimum_energy_MeV(ENERGIES * 1e-3)
    sums = [
        quad(
            integrand, low, pp.spectrum.endpoint_MeV, args=(forms[:, :, k],), epsabs=0, epsrel=1e-6
        )[0]
        for k, low in enumerate(lowest)
    ]
    return pp.flux_per_cm2_s * electrons * constants.Julian_year * 1e-3 * np.array(sums)


def quadrature_error() -> float:
    """Largest relative difference to four times the nodes, over all signals and sources."""
    errors = []
    for coarse, fine in zip(everything(), everything(4 * ORDER), strict=True):
        scale = np.where(fine == 0, np.inf, np.abs(fine))
        errors.append(np.max(np.abs(coarse - fine) / scale))
    return float(max(errors))


WHOLE = """
import numpy as np
from exonu.catalogue import SEARCHED
from exonu.interactions import RecoilSpectra
spectra = RecoilSpectra(np.geomspace(0.5, 200, 200))
for name, one in SEARCHED.items():
    if one.by_neutrinos:
        found = spectra.polynomial(name, np.geomspace(1e-4, 10, 40) if one.has_mass else None)
        for state in one.states:
            found.of(state)
"""


def process_ms(code: str) -> float:
    """CPU time of a fresh interpreter that runs some code, less that of one that does nothing."""

    def run(code: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return 1e3 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)

    return run(code) - run("pass")


def records() -> Iterator[Record]:
    """Whole sets of signals, and single ones."""
    imports = [process_ms("import exonu.interactions") for _ in range(6)][1:]
    yield Record("signals", "import exonu.interactions, fresh process", "ms", imports, floor=300)
    whole = [process_ms(WHOLE) for _ in range(4)][1:]
    case = "all interactions and states, 40 masses, 200 energies"
    yield Record("signals", case, "ms", times("ms", everything, calls=10), floor=50)
    yield Record("signals", f"{case}, fresh process", "ms", whole, floor=500)
    np.testing.assert_allclose(pp_rate(), pp_rate_by_quad(), rtol=1e-6)
    peer = times("ms", pp_rate_by_quad, 3, warm_up=False)
    spent = times("ms", pp_rate, calls=20)
    yield Record(
        "signals",
        "weak recoils of pp neutrinos, 200 energies",
        "ms",
        spent,
        peer,
        "scipy.integrate.quad",
    )
    spectra = RecoilSpectra(ENERGIES)
    spectra.rate("weak")
    spent = times("ms", lambda: spectra.polynomial("dark-photon", MASSES), calls=20)
    yield Record("signals", "40 masses more, moments at hand", "ms", spent)
    spent = times(
        "ms", lambda: RecoilSpectra(ENERGIES).rate("millicharge", atomic="pai-liquid"), calls=10
    )
    yield Record("signals", "millicharge in the liquid, 200 energies", "ms", spent)


if __name__ == "__main__":
    main(records)
    print(f"\nlargest quadrature error ({ORDER} nodes per panel): {quadrature_error():.1e}")
