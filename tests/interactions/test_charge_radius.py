"""The charge radius against its closed form, and as the next term after the millicharge."""

import numpy as np
import pytest
from scipy import constants

from exonu.interactions import Physics, RecoilSpectra, chiral_couplings
from exonu.solar import flavour_probabilities, oscillation, solar_sources

ENERGIES = np.array([1.0, 5.0, 40.0, 200.0])
M = constants.value("electron mass energy equivalent in MeV")
G = constants.value("Fermi coupling constant") * 1e-6
HBAR_C = constants.value("reduced Planck constant times c in MeV fm") * 1e-13
BE7 = Physics(
    sources=("be7",),
    beryllium_line="single",
    treatments=(("charge-radius", "free"), ("weak", "free")),
)


@pytest.mark.parametrize(("flavour", "which"), [("e", [0]), ("mu", [1]), ("all", [0, 1, 2])])
@pytest.mark.parametrize("radius", [3e-31, -2e-31])
def test_shifts_the_vector_coupling(flavour, which, radius):
    """One line needs no integral: the weak rate with g_V + √2πα⟨r²⟩/(3G_F), by hand."""
    source = solar_sources("SFII-GS98", "single")[1]
    e, t = 0.8618, ENERGIES * 1e-3
    p = flavour_probabilities(e, source.electron_density_mol_per_cm3, oscillation("NuFIT-6.0-NO"))
    shift_v = np.sqrt(2) * np.pi * constants.alpha * radius / (3 * G * HBAR_C**2)

    def per_electron(extra):
        total = 0.0
        for f in which:
            g_l, g_r = chiral_couplings("radiative")[:, f]
            g_v, g_a = g_l + g_r + extra, g_l - g_r
            total += p[f] * (
                (g_v + g_a) ** 2
                + (g_v - g_a) ** 2 * (1 - t / e) ** 2
                - (g_v**2 - g_a**2) * M * t / e**2
            )
        return G**2 * M / (2 * np.pi) * HBAR_C**2 * total

    per_tonne = constants.N_A * 1e6 / 131.293 * 54 * constants.Julian_year * 1e-3
    want = per_tonne * 5.0e9 * (per_electron(shift_v) - per_electron(0.0))
    name = "charge-radius" if radius > 0 else "charge-radius-negative"
    got = RecoilSpectra(ENERGIES, BE7).rate(name, flavour=flavour, strength=abs(radius))[0]
    assert got == pytest.approx(want, rel=1e-5)


def test_is_a_millicharge_that_grows_with_the_recoil():
    """F = q + q²⟨r²⟩/6: the interference of −2mT⟨r²⟩/6 e is that of the charge radius."""
    spectra = RecoilSpectra(ENERGIES, BE7)
    radius = 1e-31
    charge = -2 * M * ENERGIES * 1e-3 * radius / HBAR_C**2 / 6
    want = [
        RecoilSpectra([t], BE7).rate("millicharge", strength=q, part="interference")[0, 0]
        for t, q in zip(ENERGIES, charge, strict=True)
    ]
    got = spectra.rate("charge-radius", strength=radius, part="interference")[0]
    assert got == pytest.approx(np.array(want), rel=1e-9)
