"""Reactors and tables of fluxes."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad

from exonu.core.errors import InputError
from exonu.interactions import Physics, RecoilSpectra, minimum_energy_MeV
from exonu.solar import oscillation
from exonu.sources import FluxTable, PiecewiseSpectrum, Reactor, reactor_source
from exonu.sources.flux_table import read_flux_table
from exonu.sources.reactor import antineutrinos_per_fission

NEAR = Reactor(power_GW=3.0, distance_m=13.9)


def test_flux_is_that_of_the_literature():
    """About 7 antineutrinos per fission, and 2.7e13 per cm² and s at GEMMA's place (Beda et al., Adv.
    High Energy Phys. 2012, 350150)."""
    source = reactor_source(NEAR)
    assert source.spectrum.integral == pytest.approx(7.0, abs=0.3)
    assert source.flux_per_cm2_s == pytest.approx(2.7e13, rel=0.07)


def test_huber_and_mueller_at_four_mev():
    """exp of the polynomials, term by term."""
    e = 4.0
    for name, a in {
        "U235": (4.367, -4.577, 2.100, -0.5294, 0.06186, -0.002777),
        "U238": (0.4833, 0.1927, -0.1283, -0.006762, 0.002233, -0.0001536),
    }.items():
        want = np.exp(sum(coefficient * e**power for power, coefficient in enumerate(a)))
        assert antineutrinos_per_fission(name, np.array([e]))[0] == pytest.approx(want, rel=1e-12)


def test_flux_falls_with_distance_and_duty():
    far = reactor_source(Reactor(3.0, 27.8, duty=0.5))
    near = reactor_source(NEAR)
    assert near.flux_per_cm2_s / far.flux_per_cm2_s == pytest.approx(8.0, rel=1e-12)


def test_low_energies_are_a_choice():
    integrals = [
        reactor_source(Reactor(3.0, 13.9, low_energy=name)).spectrum.integral
        for name in ("vogel-engel", "vogel-engel-no-capture", "none")
    ]
    assert integrals[0] - integrals[1] == pytest.approx(1.2, rel=1e-6)  # two decays of 0.6 captures
    assert integrals[2] == pytest.approx(1.6, abs=0.1)


@pytest.mark.parametrize("recoil_keV", [3.0, 50.0, 900.0])
def test_rates_of_a_reactor_are_the_integral_over_its_spectrum(recoil_keV):
    """Antineutrinos: g_L and g_R change places, by hand."""
    from scipy import constants

    from exonu.interactions import chiral_couplings

    source = reactor_source(NEAR)
    spectrum: PiecewiseSpectrum = source.spectrum
    t, m = recoil_keV * 1e-3, constants.value("electron mass energy equivalent in MeV")
    g_l, g_r = chiral_couplings("radiative")[::-1, 0]

    def density(e):
        return np.interp(e, spectrum.energy_MeV, spectrum.density) / spectrum.integral

    def weak(e):
        return density(e) * (g_l**2 + g_r**2 * (1 - t / e) ** 2 - g_l * g_r * m * t / e**2)

    points = [e for e in spectrum.energy_MeV if e > float(minimum_energy_MeV(t))]
    nodes = np.unique([float(minimum_energy_MeV(t)), *points])
    total = sum(quad(weak, a, b, epsrel=1e-10)[0] for a, b in pairwise(nodes))
    fermi = constants.value("Fermi coupling constant") * 1e-6
    hbar_c = constants.value("reduced Planck constant times c in MeV fm") * 1e-13
    per_electron = 2 * fermi**2 * m / np.pi * hbar_c**2 * source.flux_per_cm2_s * total
    atoms = constants.N_A * 1e6 / 72.630
    want = per_electron * atoms * 32 * 365.25 * 86400 * 1e-3
    physics = Physics(target="germanium", reactor=NEAR)
    got = RecoilSpectra([recoil_keV], physics).rate("weak", atomic="free")[0, 0]
    assert got == pytest.approx(want, rel=1e-4)


def test_settings_and_back():
    physics = Physics(target="germanium", reactor=NEAR)
    assert Physics.from_settings(physics.to_settings()) == physics
    assert physics.source_names == ("reactor",)
    assert RecoilSpectra([5.0], physics).rate("magnetic-moment", flavour="mu").sum() == 0


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"power_GW": 0.0}, r"reactor.power_GW: must lie above 0"),
        ({"distance_m": -1.0}, r"reactor.distance_m: must lie above 0"),
        ({"duty": 1.5}, r"reactor.duty: must lie above 0 and be ≤ 1 \(got 1.5\)"),
        (
            {"fission_fractions": (0.5, 0.1, 0.1, 0.1)},
            r"fission_fractions: must be ≥ 0 and add up to 1",
        ),
    ],
)
def test_what_is_no_reactor(choice, message):
    with pytest.raises(InputError, match=message):
        Reactor(**{"power_GW": 3.0, "distance_m": 10.0, **choice})


def test_a_table_of_the_pp_flux_gives_the_rate_of_pp(tmp_path):
    """The Sun's own flux, written as a table: the same rate of electron neutrinos."""
    from exonu.solar import flavour_probabilities, solar_sources

    pp = solar_sources("SFII-GS98")[0]
    energy = np.linspace(1e-4, pp.spectrum.endpoint_MeV, 3000)
    shares = flavour_probabilities(
        energy, pp.electron_density_mol_per_cm3, oscillation("NuFIT-6.0-NO")
    )
    flux = pp.flux_per_cm2_s * pp.spectrum.density(energy)
    rows = np.column_stack([energy, flux, shares.T])
    file = tmp_path / "flux.csv"
    np.savetxt(
        file, rows, delimiter=",", comments="",
        header="energy_MeV,flux_per_cm2_s_MeV,share_e,share_mu,share_tau",
    )  # fmt: skip
    table = FluxTable(tuple(tuple(row) for row in read_flux_table(file)))
    t = [1.0, 20.0, 150.0]
    for name in ("weak", "magnetic-moment"):
        want = RecoilSpectra(t, Physics(sources=("pp",))).rate(name)
        got = RecoilSpectra(t, Physics(flux_table=table)).rate(name)
        assert got == pytest.approx(want, rel=2e-4)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("2,1,1,0,0\n1,1,1,0,0", "row 2, column energy_MeV: does not increase"),
        ("1,0,1,0,0\n2,0,1,0,0", "column flux_per_cm2_s_MeV: must be ≥ 0, and not 0 everywhere"),
        (
            "1,1,1,1,0\n2,1,1,0,0",
            "row 1, columns share_e, share_mu, share_tau: must be ≥ 0 and add",
        ),
    ],
)
def test_a_table_that_is_no_flux(tmp_path, rows, message):
    file = tmp_path / "flux.csv"
    file.write_text("energy_MeV,flux_per_cm2_s_MeV,share_e,share_mu,share_tau\n" + rows + "\n")
    with pytest.raises(InputError, match=message):
        read_flux_table(file)


def test_two_sources_at_once_are_refused():
    table = FluxTable(((1.0, 1.0, 1.0, 0.0, 0.0), (2.0, 1.0, 1.0, 0.0, 0.0)))
    with pytest.raises(InputError, match="reactor: is given with a flux table"):
        Physics(reactor=NEAR, flux_table=table)
