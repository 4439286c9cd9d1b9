"""What the catalogue's interactions do to nuclei, against closed forms for neutrinos of one energy."""

import numpy as np
import pytest
from scipy import constants

from exonu.catalogue import SEARCHED, STATES
from exonu.catalogue.declaration import MASS_STATES, PAIRS
from exonu.interactions import Physics
from exonu.interactions.nuclear_recoils import (
    NUCLEAR,
    SIN2_THETA_W,
    NuclearSpectra,
    helm_form_factor,
    isotopes,
    nuclear_rate,
)
from exonu.sources import FluxTable
from exonu.targets import target_property

G = constants.value("Fermi coupling constant") * 1e-6
HBAR_C = constants.value("reduced Planck constant times c in MeV fm") * 1e-13
U = constants.value("atomic mass constant energy equivalent in MeV")
ELECTRON = constants.value("electron mass energy equivalent in MeV")
ALPHA = constants.alpha
ENERGY, FLUX = 6.0, 1e12
T = np.array([1e-4, 0.05, 0.3])  # keV; germanium of 6 MeV neutrinos recoils up to 1.06 keV
Z, PER_TONNE = 32, constants.N_A * 1e6 / target_property("germanium", "atomic_mass")
WIDTH = 1e-5


def line(flavour="e"):
    """Germanium in neutrinos of 6 MeV of one flavour."""
    share = [float(flavour == name) for name in ("e", "mu", "tau")]
    rows = [(ENERGY - WIDTH, 0.0, *share), (ENERGY, FLUX / WIDTH, *share)]
    rows.append((ENERGY + WIDTH, 0.0, *share))
    return Physics(target="germanium", flux_table=FluxTable(tuple(rows)))


def expected(cross_section):
    """Rate of a cross-section on one nucleus in MeV⁻³, from its mass number and mass."""
    total = 0.0
    for number, share in isotopes("germanium"):
        mass = number * U
        form = helm_form_factor(np.sqrt(2 * mass * T * 1e-3), number) ** 2
        total = total + share * form * cross_section(number, mass)
    return FLUX * PER_TONNE * constants.Julian_year * 1e-3 * HBAR_C**2 * total


def coherent(number, mass, shift=0.0):
    t = T * 1e-3
    coupling = Z * (0.5 - 2 * SIN2_THETA_W) - (number - Z) / 2 + shift
    return G**2 * mass / np.pi * coupling**2 * (1 - t / ENERGY - mass * t / (2 * ENERGY**2))


def test_weak():
    assert nuclear_rate("weak", T, line()) == pytest.approx(expected(coherent), rel=2e-5)


def test_the_slowest_recoils_have_the_whole_weak_charge():
    """dσ/dT → G_F²M Q_w²/4π for T → 0, Q_w = N − (1 − 4s²)Z."""

    def limit(number, mass):
        charge = (number - Z) - (1 - 4 * SIN2_THETA_W) * Z
        return G**2 * mass * charge**2 / (4 * np.pi) + 0 * T

    assert nuclear_rate("weak", T, line())[0] == pytest.approx(expected(limit)[0], rel=2e-4)


def test_boron_s_cross_section_is_that_of_xenonnt():
    """Mean over the ⁸B flux, 1.2e-39 cm² in the Standard Model and (1.1 +0.8 −0.5)e-39 measured
    (arXiv:2408.02877)."""
    physics = Physics(solar_model="B16-GS98")
    edges = np.geomspace(1e-3, 6.0, 401)
    middle = np.sqrt(edges[1:] * edges[:-1])
    rate = np.sum(nuclear_rate("weak", middle, physics) * np.diff(edges))
    atoms = constants.N_A * 1e6 / target_property("xenon", "atomic_mass")
    assert rate / (atoms * constants.Julian_year * 5.46e6) == pytest.approx(1.2e-39, rel=0.03)


def boson(charge, mass_MeV):
    """g² Q_ν Q_A/[√2 G_F (M'² + 2MT)], where `charge` gives Q_ν Q_A of a mass number."""
    return lambda number, mass: (
        charge(number) / (np.sqrt(2) * G * (mass_MeV**2 + 2 * mass * T * 1e-3))
    )


MIXING = 2 * ALPHA / (3 * np.pi) * np.log(16.8170)
SHIFTS = {
    # name: flavour, x, mass, shift of g_V for x = 1 by mass number and mass
    "dark-photon": ("mu", 1e-9, 3.0, boson(lambda a: -a, 3.0)),
    "vector": ("e", 1e-9, 3.0, boson(lambda a: 3 * a, 3.0)),
    "b-3le": ("e", 1e-9, 3.0, boson(lambda a: -3 * a, 3.0)),
    "lmu-ltau": ("mu", 1e-7, 3.0, boson(lambda a: MIXING * Z, 3.0)),
    "millicharge": ("e", 1e-9, None, boson(lambda a: 4 * np.pi * ALPHA * Z, 0.0)),
    # s² → s² (1 + m_W² ⟨r²⟩/3), with s² m_W² = πα/(√2 G_F)
    "charge-radius": ("e", 1e-31, None,
                      lambda a, m: -2 / 3 * Z * np.pi * ALPHA / (np.sqrt(2) * G) / HBAR_C**2),
    "anapole": ("e", 1e-32, None,
                lambda a, m: 4 * Z * np.pi * ALPHA / (np.sqrt(2) * G) / HBAR_C**2),
}  # fmt: skip


@pytest.mark.parametrize("name", SHIFTS)
def test_shifts_of_the_vector_coupling(name):
    flavour, x, mass, shift = SHIFTS[name]
    found = nuclear_rate(
        name, T, line(flavour), flavour=flavour, strength=x ** (1 / SEARCHED[name].power), mass_MeV=mass
    )  # fmt: skip
    want = expected(lambda a, m: coherent(a, m, x * shift(a, m)) - coherent(a, m))
    assert found == pytest.approx(want, rel=1e-4)
    other = "tau" if flavour != "tau" else "e"
    if "e" in SEARCHED[name].states:
        assert np.all(nuclear_rate(name, T, line(flavour), flavour=other, strength=x) == 0)


def test_magnetic_moment():
    def want(number, mass):
        return np.pi * (ALPHA * Z * 1e-11 / ELECTRON) ** 2 * (1 / (T * 1e-3) - 1 / ENERGY)

    found = nuclear_rate("magnetic-moment", T, line(), strength=1e-11)
    assert found == pytest.approx(expected(want), rel=2e-5)


def test_scalar_mediator():
    """g⁴ Q² M²T(1 + T/2M)/[4πE²(m² + 2MT)²], Q = 14 N + 15.1 Z (arXiv:1604.01025)."""

    def want(number, mass):
        t, charge = T * 1e-3, 14 * (number - Z) + 15.1 * Z
        numerator = charge**2 * mass**2 * t * (1 + t / (2 * mass))
        return numerator / (4 * np.pi * ENERGY**2 * (4.0 + 2 * mass * t) ** 2)

    found = nuclear_rate("scalar-mediator", T, line(), strength=1.0, mass_MeV=2.0)
    assert found == pytest.approx(expected(want), rel=2e-5)


@pytest.mark.parametrize("name", NUCLEAR)
def test_states_add_up_to_all(name):
    one = SEARCHED[name]
    found = NuclearSpectra(T, line()).polynomial(name, [1.0] if one.has_mass else None)
    linear, quadratic = found.of("all")
    assert linear.shape == (1, 1, 3)
    assert found.power == (2 if name == "millicharge" else one.power)
    assert (quadratic is None) == (not one.interferes or name == "millicharge")
    if one.states not in (MASS_STATES, PAIRS):
        each = [found.of(state)[0] for state in STATES if state in found.states]
        assert linear == pytest.approx(sum(each))


def test_mass_states_share_the_moment():
    total = nuclear_rate("magnetic-moment", T, line(), strength=1e-11)
    assert nuclear_rate("mass-state-moment", T, line(), strength=1e-11) == pytest.approx(total)
    assert nuclear_rate("transition-moment", T, line(), strength=1e-11) == pytest.approx(2 * total)
