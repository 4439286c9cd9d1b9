"""Cross-sections on one electron against the closed forms of the literature."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import constants

from exonu.catalogue import SEARCHED, Recoil
from exonu.interactions import chiral_couplings, maximum_recoil_MeV, minimum_energy_MeV
from exonu.interactions.cross_sections import (
    ALPHA,
    ELECTRON_MASS_MEV,
    FERMI_PER_MEV2,
    HBAR_C_MEV_CM,
    bilinear_form,
)

M = constants.value("electron mass energy equivalent in MeV")
G = constants.value("Fermi coupling constant") * 1e-6
CM2 = 3.893794e-22  # (ħc)² in MeV² cm²

energies = st.floats(0.05, 2.0)
fractions = st.floats(1e-4, 0.999)
couplings = st.tuples(st.floats(-1, 1), st.floats(-1, 1))
masses = st.floats(1e-4, 100)


def at_recoil(recoil_MeV, mass_MeV=0.0):
    """What the catalogue's formulas are given."""
    return Recoil(
        np.asarray(recoil_MeV), mass_MeV, ELECTRON_MASS_MEV, ALPHA, FERMI_PER_MEV2, HBAR_C_MEV_CM
    )


def dark_photon_shift(mass_MeV, recoil_MeV):
    return SEARCHED["dark-photon"].formula.profile(at_recoil(recoil_MeV, mass_MeV))


def millicharge_shift(recoil_MeV):
    return SEARCHED["millicharge"].formula.profile(at_recoil(recoil_MeV))


def magnetic_moment_form(recoil_MeV):
    coefficients = SEARCHED["magnetic-moment"].formula.coefficients(at_recoil(recoil_MeV))
    return np.stack(np.broadcast_arrays(*coefficients, recoil_MeV)[:3])


def value(form, energy):
    return form[0, 0] + form[1, 0] / energy + form[2, 0] / energy**2


def weak(g_l, g_r, t, e):
    return (
        2 * G**2 * M / np.pi * (g_l**2 + g_r**2 * (1 - t / e) ** 2 - g_l * g_r * M * t / e**2) * CM2
    )


@settings(deadline=None)
@given(energies, fractions, couplings)
def test_weak(energy, fraction, g):
    t = fraction * float(maximum_recoil_MeV(energy))
    got = value(bilinear_form(g, g, np.array([t])), energy)
    assert got == pytest.approx(weak(*g, t, energy), rel=1e-6, abs=1e-54)
    assert got >= -1e-54


@settings(deadline=None)
@given(energies, fractions, couplings, masses, st.floats(1e-8, 1e-3))
def test_dark_photon_is_a_shift_of_the_couplings(energy, fraction, g, mass, strength):
    t = np.array([fraction * float(maximum_recoil_MeV(energy))])
    one = (1.0, 1.0)
    shift = strength**2 * dark_photon_shift(mass, t)[0]
    exact = weak(g[0] + shift, g[1] + shift, t[0], energy)
    parts = value(
        bilinear_form(g, g, t)
        + 2 * shift * bilinear_form(g, one, t)
        + shift**2 * bilinear_form(one, one, t),
        energy,
    )
    assert parts == pytest.approx(exact, rel=1e-6, abs=1e-54)


@settings(deadline=None)
@given(energies, fractions, couplings, masses)
def test_pure_and_interference_in_closed_form(energy, fraction, g, mass):
    t = fraction * float(maximum_recoil_MeV(energy))
    (g_l, g_r), e, q2 = g, energy, mass**2 + 2 * M * t
    shift, at = dark_photon_shift(mass, np.array([t]))[0], np.array([t])
    pure = M / (4 * np.pi * e**2 * q2**2) * (2 * e**2 + t**2 - 2 * t * e - M * t) * CM2
    interference = G * M / (np.sqrt(2) * np.pi * e**2 * q2)
    interference *= (2 * g_l * e**2 + 2 * g_r * (e - t) ** 2 - (g_l + g_r) * M * t) * CM2
    scale = G * M / q2 * CM2
    assert shift**2 * value(bilinear_form((1, 1), (1, 1), at), e) == pytest.approx(pure, rel=1e-6)
    assert 2 * shift * value(bilinear_form(g, (1, 1), at), e) == pytest.approx(
        interference, rel=1e-6, abs=1e-6 * scale
    )


@pytest.mark.parametrize(
    ("couplings_name", "s2"), [("tree-0.2312", 0.23122), ("tree-0.2386", 0.23857)]
)
@pytest.mark.parametrize(("flavour", "sign"), [(0, 1), (1, -1), (2, -1)])
@settings(deadline=None)
@given(energy=energies, fraction=fractions, mass=masses)
def test_interference_is_that_of_bilmis(couplings_name, s2, flavour, sign, energy, fraction, mass):
    """Bilmis et al., arXiv:1502.07763, with tree-level couplings."""
    t, e = fraction * float(maximum_recoil_MeV(energy)), energy
    beta = s2 * (8 * e**2 - 8 * e * t - 4 * M * t + 4 * t**2)
    scale = G * M / (2 * np.sqrt(2) * np.pi * e**2 * (mass**2 + 2 * M * t)) * CM2
    expected = scale * (sign * (2 * e**2 - M * t) + beta)
    g, at = chiral_couplings(couplings_name)[:, flavour], np.array([t])
    got = 2 * dark_photon_shift(mass, at)[0] * value(bilinear_form(g, (1, 1), at), e)
    assert got == pytest.approx(expected, rel=1e-6, abs=1e-6 * scale * e**2)


@settings(deadline=None)
@given(energies, fractions)
def test_magnetic_moment(energy, fraction):
    t = fraction * float(maximum_recoil_MeV(energy))
    expected = np.pi * ALPHA**2 / M**2 * (1 / t - 1 / energy) * CM2
    assert value(magnetic_moment_form(np.array([t])), energy) == pytest.approx(expected, rel=1e-6)


@settings(deadline=None)
@given(energies, fractions)
def test_millicharge(energy, fraction):
    t, e = fraction * float(maximum_recoil_MeV(energy)), energy
    shift = millicharge_shift(np.array([t]))[0]
    expected = (
        2
        * np.pi
        * ALPHA**2
        / (M * t**2)
        * (1 - t / e + t**2 / (2 * e**2) - M * t / (2 * e**2))
        * CM2
    )
    assert shift**2 * value(bilinear_form((1, 1), (1, 1), np.array([t])), e) == pytest.approx(
        expected, rel=1e-6
    )


@settings(deadline=None)
@given(st.floats(1e-6, 2), st.floats(-1e-9, 1e-9))
def test_sign_of_millicharge_follows_the_charge_form_factor(recoil, charge):
    """g_V shifts by (2√2πα/G_F) F(Q²)/Q², F(Q²) = q + Q²⟨r²⟩/6, Q² = −2mT: the sign of the charge
    radius term."""
    shift_of_g_v = 2 * charge * millicharge_shift(np.array([recoil]))[0]  # g_V = g_L + g_R
    assert shift_of_g_v == pytest.approx(
        2 * np.sqrt(2) * np.pi * ALPHA / G * charge / (-2 * M * recoil), rel=1e-9
    )


@settings(deadline=None)
@given(st.floats(1e-6, 5))
def test_kinematic_limits_are_inverse(recoil):
    assert maximum_recoil_MeV(minimum_energy_MeV(recoil)) == pytest.approx(recoil, rel=1e-9)
    energy = float(minimum_energy_MeV(recoil))
    assert 4 * energy * (energy - recoil) == pytest.approx(
        2 * M * recoil, rel=1e-9
    )  # Q² of a free electron
