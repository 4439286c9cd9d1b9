"""Absorbed dark matter, solar axions and spectra from files, against published numbers and closed
forms."""

import numpy as np
import pytest
from scipy import constants

from exonu.catalogue import SEARCHED
from exonu.core.errors import InputError
from exonu.core.resources import resource_path
from exonu.core.tables import read_rows
from exonu.detector import Efficiency, SqrtLinearResolution, build_response
from exonu.interactions import Physics, RecoilSpectra
from exonu.interactions.absorption import absorbed_flux_rate, curve_rate, line_rate, read_curve
from exonu.xenon import photoabsorption_cm2, xenon_property

MASSES = np.array([2e-3, 5e-3, 0.01, 0.03, 0.1])


def test_rates_are_those_that_xenon1t_rounds():
    """arXiv:2006.09721: 1.5e19/A g_ae² (m/keV)(σ/b) and 4.7e23/A κ² (keV/m)(σ/b) per kg and day,
    numbers of two digits."""
    barn = photoabsorption_cm2(MASSES * 1e3) * 1e24
    days = 1e3 * 365.25 / xenon_property("atomic_mass")
    axion = line_rate("alp", MASSES) / (MASSES * 1e3 * barn * days)
    photon = line_rate("hidden-photon", MASSES) / (barn / (MASSES * 1e3) * days)
    assert axion == pytest.approx(np.full(5, 1.5e19), rel=0.03)
    assert photon == pytest.approx(np.full(5, 4.7e23), rel=0.006)


def test_released_limits_are_equal_rates():
    """XENONnT's release gives g_ae and κ at each mass of one limit on the rate, by those rounded
    prefactors: the two rates are equal within 2 %."""
    found = {"alp": {}, "hidden-photon": {}}
    for row in read_rows(resource_path("limits/limits.csv")):
        if row["experiment"] == "XENONnT SR0" and row["quantity"] in found:
            found[row["quantity"]][float(row["mass_MeV"])] = float(row["value"])
    masses = np.array(list(found["alp"]))
    assert list(found["hidden-photon"]) == masses.tolist()
    axion, photon = (
        line_rate(name, masses) * np.array(list(values.values())) ** 2
        for name, values in found.items()
    )
    assert photon / axion == pytest.approx(np.ones(len(masses)), rel=0.02)


def test_closed_forms_in_si():
    """The same in metres, kilograms and joules: number density × cross-section × speed of light."""
    e, c = constants.e, constants.c
    mass_J = MASSES * 1e6 * e
    number = 0.3e9 * e * 1e6 / mass_J  # per m³
    atoms = 1e3 / (xenon_property("atomic_mass") * constants.atomic_mass)
    sigma = photoabsorption_cm2(MASSES * 1e3) * 1e-4
    rate = number * c * sigma * atoms * 365.25 * 86400
    assert line_rate("hidden-photon", MASSES) == pytest.approx(rate, rel=1e-5)
    axio = 3 * (mass_J / (constants.m_e * c**2)) ** 2 / (16 * np.pi * constants.alpha)
    assert line_rate("alp", MASSES) == pytest.approx(rate * axio, rel=1e-5)


def test_rates_follow_the_local_density():
    twice = Physics(dark_matter_density_GeV_per_cm3=0.6)
    assert line_rate("alp", MASSES, twice) == pytest.approx(2 * line_rate("alp", MASSES), rel=1e-12)


def test_a_solar_axion_is_absorbed_less_than_one_at_rest():
    """β → 1 turns the axio-electric factor 3E²/(16πα m²) into two thirds of it."""
    energy = np.array([1.05, 2.05, 5.05])
    flux = absorbed_flux_rate("solar-axion", energy)
    at_rest = line_rate("alp", energy * 1e-3) / (0.3e3 / (energy * 1e-3) * constants.c * 100)
    assert flux / at_rest == pytest.approx(2 / 3 * axion_flux(energy), rel=1e-6)


def axion_flux(energy):
    table = np.loadtxt(resource_path("solar/axions.csv"), delimiter=",", comments=["#", "energy"])
    return np.interp(energy, *table.T) / 1e-26


def test_the_number_of_solar_axions_is_that_of_the_paper():
    """2.6e9 per cm² and s at g_ae = 1e-13, with a maximum near 1 keV (arXiv:2101.08789, figure 5)."""
    energy = np.arange(0.05, 20, 0.1)
    flux = axion_flux(energy) * 1e-26
    assert flux.sum() * 0.1 == pytest.approx(2.6e9, rel=0.03)
    assert 0.5 < energy[np.argmax(flux)] < 2.0


RESPONSE = build_response(
    np.arange(1.0, 30.0),
    np.arange(2.0, 31.0),
    exposure_tonne_year=1.3,
    resolution_keV=SqrtLinearResolution(0.31, 0.0037),
    efficiency=Efficiency(np.array([0.0, 5.0, 40.0]), np.array([0.0, 0.8, 0.9]), True),
    true_minimum_keV=0.5,
)


@pytest.mark.parametrize("energy", [3.0, 8.8, 20.05])
def test_a_line_is_the_limit_of_a_narrow_peak(energy):
    """A Gaussian so wide that the nodes resolve it, less the width that it adds (in quadrature)."""
    counts = RESPONSE.fold_lines([energy])[0]
    sigma = 0.31 * np.sqrt(energy) + 0.0037 * energy
    from scipy.stats import norm

    seen = norm.cdf((RESPONSE.high_keV - energy) / sigma) - norm.cdf(
        (RESPONSE.low_keV - energy) / sigma
    )
    want = 1.3 * np.interp(energy, [0.0, 5.0, 40.0], [0.0, 0.8, 0.9]) * seen
    assert counts == pytest.approx(want, abs=3e-4)


def test_a_line_outside_the_response_is_not_seen():
    assert RESPONSE.fold_lines([0.1, 90.0]).tolist() == np.zeros((2, 29)).tolist()


def test_an_event_response_folds_no_line():
    from dataclasses import replace

    with pytest.raises(InputError, match="response: cannot fold a line"):
        replace(RESPONSE, weights_keV=None).fold_lines([5.0])


def test_a_curve_from_a_file_is_the_interaction_that_made_it(tmp_path):
    energy = np.linspace(0.4, 40, 4000)
    rate = RecoilSpectra(energy).rate("magnetic-moment", strength=1e-11, atomic="free").sum(axis=0)
    file = tmp_path / "spectrum.csv"
    lines = [f"{e:.9g},{r:.9g}" for e, r in zip(energy, rate, strict=True)]
    file.write_text("energy_keV,rate_per_tonne_year_keV\n" + "\n".join(lines) + "\n")
    at = RESPONSE.true_energy_keV
    want = RecoilSpectra(at).rate("magnetic-moment", strength=1e-11, atomic="free").sum(axis=0)
    inside = at < 40
    got = curve_rate(read_curve(file), at)
    assert got[inside] == pytest.approx(want[inside], rel=2e-4)
    assert np.all(got[~inside] == 0)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("2,1\n1,1", r"row 2, column energy_keV: does not increase \(1 after 2\); sort"),
        ("1,-1\n2,1", r"column rate_per_tonne_year_keV: must be ≥ 0, and not 0 everywhere"),
        ("1,0\n2,0", r"must be ≥ 0, and not 0 everywhere"),
    ],
)
def test_a_curve_that_is_none(tmp_path, rows, message):
    file = tmp_path / "spectrum.csv"
    file.write_text("energy_keV,rate_per_tonne_year_keV\n" + rows + "\n")
    with pytest.raises(InputError, match=message):
        read_curve(file)


@pytest.mark.parametrize("name", ["alp", "hidden-photon", "solar-axion", "spectrum"])
def test_what_is_no_scattering_has_no_recoil_spectrum(name):
    mass = 0.01 if SEARCHED[name].has_mass else None
    with pytest.raises(InputError, match=f"interaction: {name} is not a scattering of neutrinos"):
        RecoilSpectra([5.0]).rate(name, mass_MeV=mass)
