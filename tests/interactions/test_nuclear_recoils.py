"""Coherent scattering on nuclei against closed forms and published numbers."""

import numpy as np
import pytest
from scipy import constants
from scipy.integrate import quad

from exonu.core.errors import InputError
from exonu.interactions import Physics
from exonu.interactions.nuclear_recoils import (
    SIN2_THETA_W,
    helm_form_factor,
    isotopes,
    nuclear_rate,
)
from exonu.interactions.quenching import lindhard
from exonu.sources import FluxTable, Reactor
from exonu.targets import TARGETS, target_property

G = constants.value("Fermi coupling constant") * 1e-6
HBAR_C = constants.value("reduced Planck constant times c in MeV fm") * 1e-13
U = constants.value("atomic mass constant energy equivalent in MeV")


@pytest.mark.parametrize("target", TARGETS)
def test_isotopes_have_the_atomic_mass(target):
    mean = sum(number * share for number, share in isotopes(target))
    assert sum(share for _, share in isotopes(target)) == pytest.approx(1, abs=1e-3)
    assert mean == pytest.approx(target_property(target, "atomic_mass"), rel=2e-3)


def test_the_whole_cross_section_of_a_slow_neutrino(tmp_path):
    """∫dσ = G_F²Q_w²E²/(4π) · [1 + O(E/M)] without form factor: neutrinos of 1 MeV on argon."""
    line = FluxTable(((0.999, 0.0, 1, 0, 0), (1.0, 1000.0, 1, 0, 0), (1.001, 0.0, 1, 0, 0)))
    physics = Physics(target="argon", flux_table=line)
    top = 2 * 1.001**2 / (36 * U) * 1e3
    edges = np.linspace(1e-9, top, 4001)
    middle = (edges[1:] + edges[:-1]) / 2
    rate = np.sum(nuclear_rate("weak", middle, physics) * np.diff(edges))
    want = 0.0
    for number, share in isotopes("argon"):
        charge = (number - 18) - (1 - 4 * SIN2_THETA_W) * 18
        want += share * G**2 * charge**2 / (4 * np.pi) * HBAR_C**2
    want *= constants.N_A * 1e6 / target_property("argon", "atomic_mass") * 365.25 * 86400
    assert rate == pytest.approx(want, rel=2e-3)


def test_the_form_factor_is_that_of_a_smeared_sphere():
    """By its integral over Helm's density: a sphere convolved with a Gaussian."""
    number, s = 131, 0.9
    c = 1.23 * number ** (1 / 3) - 0.60
    radius = np.sqrt(c**2 + 7 / 3 * np.pi**2 * 0.52**2 - 5 * s**2)
    for q_MeV in (5.0, 40.0, 90.0):
        q = q_MeV / (HBAR_C * 1e13)
        sphere, _ = quad(lambda r, q=q: r * np.sin(q * r) / q, 0, radius)
        want = 3 / radius**3 * sphere * np.exp(-((q * s) ** 2) / 2)
        assert helm_form_factor(q_MeV, number) == pytest.approx(want, rel=1e-8)


def test_boron_in_xenon_is_the_published_number():
    """About 90 ⁸B recoils above 1 keV in a tonne year of xenon (Billard et al., arXiv:1307.5458, and
    since): the table of 5.58e6 per cm² and s."""
    edges = np.linspace(1.0, 5.0, 801)
    middle = (edges[1:] + edges[:-1]) / 2
    total = np.sum(nuclear_rate("weak", middle) * np.diff(edges))
    assert 75 < total < 110


def test_lindhard_in_germanium_is_about_a_fifth():
    """0.2 at 1 to 10 keV with k = 0.157 (Lindhard et al. 1963; e.g. CONUS, arXiv:2202.03754)."""
    z, a = 32, target_property("germanium", "atomic_mass")
    assert 0.133 * z ** (2 / 3) / np.sqrt(a) == pytest.approx(0.157, abs=5e-4)
    share = lindhard([1.0, 5.0, 10.0], "germanium") / np.array([1.0, 5.0, 10.0])
    assert np.all((share > 0.15) & (share < 0.30))
    assert np.all(np.diff(lindhard(np.linspace(0.1, 100, 300), "xenon")) > 0)
    assert lindhard(5.0, "germanium", k=0.2) > lindhard(5.0, "germanium")


def test_what_is_new_scales_and_interferes():
    reactor = Physics(target="germanium", reactor=Reactor(3.9, 17.1))
    t = np.array([0.2, 0.5, 1.0])
    one, two = (nuclear_rate("magnetic-moment", t, reactor, strength=s) for s in (1e-11, 2e-11))
    assert two == pytest.approx(4 * one, rel=1e-12)
    plus, minus = (nuclear_rate("millicharge", t, reactor, strength=s) for s in (1e-9, -1e-9))
    weak = nuclear_rate("weak", t, reactor)
    assert np.all(plus < 0) or np.all(plus < minus)  # q > 0 against g_V < 0
    assert np.all(weak + plus > 0)
    linear = (plus - minus) / 2
    assert nuclear_rate("millicharge", t, reactor, strength=2e-9) == pytest.approx(
        2 * linear + 4 * (plus - linear), rel=1e-9
    )
    # B − L: the neutrino's charge is −1, the nucleus's +A: it adds to a negative g_V
    assert np.all(nuclear_rate("dark-photon", t, reactor, strength=1e-6, mass_MeV=1.0) > 0)


def test_kinds_that_nuclei_do_not_know():
    with pytest.raises(InputError, match="kind: must be one of weak, magnetic-moment"):
        nuclear_rate("nsi-left", [1.0])
