"""Every cross-section of the catalogue against its matrix element, traced with Dirac matrices.

Nothing of the library's formulas is used: |M|² = Σ_ab Tr[k̸' A_a k̸ Ā_b] ½Tr[(p̸' + m) B^a (p̸ + m) B̄^b]
of the operator Σ_a (ν̄ A_a ν)(ē B^a e), and dσ/dT = |M|²/(32π m E²) for an electron at rest."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import constants

from exonu.catalogue import INTERACTIONS, SEARCHED, Form, MassiveForm, Recoil, Shift
from exonu.interactions.cross_sections import (
    ALPHA,
    ELECTRON_MASS_MEV,
    FERMI_PER_MEV2,
    HBAR_C_MEV_CM,
    bilinear_form,
)

M = ELECTRON_MASS_MEV
PAULI = [np.array(p, complex) for p in ([[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]])]
METRIC = np.diag([1.0, -1, -1, -1])
GAMMA = [np.kron(np.diag([1, -1]), np.eye(2)).astype(complex)]
GAMMA += [np.kron(np.array([[0, 1], [-1, 0]]), p) for p in PAULI]
GAMMA5 = 1j * GAMMA[0] @ GAMMA[1] @ GAMMA[2] @ GAMMA[3]
ONE = np.eye(4, dtype=complex)
LEFT, RIGHT = (ONE - GAMMA5) / 2, (ONE + GAMMA5) / 2
LOWER = [METRIC[i, i] * GAMMA[i] for i in range(4)]


def sigma(a, b):
    return 0.5j * (a @ b - b @ a)


SIGMA = [sigma(GAMMA[i], GAMMA[j]) for i, j in product(range(4), repeat=2)]
SIGMA_LOWER = [sigma(LOWER[i], LOWER[j]) for i, j in product(range(4), repeat=2)]


def slash(p):
    return sum(METRIC[i, i] * p[i] * GAMMA[i] for i in range(4))


def bar(operator):
    return GAMMA[0] @ operator.conj().T @ GAMMA[0]


def kinematics(energy, recoil, heavy=0.0):
    momentum = np.sqrt(recoil * (recoil + 2 * M))
    cosine = (heavy**2 + 2 * M * recoil + 2 * energy * recoil) / (2 * energy * momentum)
    q = np.array([recoil, momentum * np.sqrt(max(1 - cosine**2, 0.0)), 0, momentum * cosine])
    k, p = np.array([energy, 0, 0, energy]), np.array([M, 0, 0, 0])
    return k, k - q, p, p + q


def cross_section(energy, recoil, neutrino, electron, heavy=0.0):
    """dσ/dT in cm²/MeV; `neutrino` and `electron` are lists of operators over the same index."""
    k, k_out, p, p_out = kinematics(energy, recoil, heavy)
    total = 0.0
    for (a, b), (a2, b2) in product(zip(neutrino, electron, strict=True), repeat=2):
        nu = np.trace((slash(k_out) + heavy * ONE) @ a @ slash(k) @ bar(a2))
        el = np.trace((slash(p_out) + M * ONE) @ b @ (slash(p) + M * ONE) @ bar(b2)) / 2
        total += nu * el
    return float(np.real(total)) / (32 * np.pi * M * energy**2) * HBAR_C_MEV_CM**2


def from_catalogue(name, energy, recoil, mass=0.0, flavour=0, g=None, x=1.0):
    """dσ/dT at x: the pure part, x² P, or with couplings g the interference with them, x I."""
    formula, t = INTERACTIONS[name].formula, np.array([recoil])
    at = Recoil(t, np.array([[mass]]), M, ALPHA, FERMI_PER_MEV2, HBAR_C_MEV_CM)
    if isinstance(formula, Shift):
        delta = np.array(formula.charges)[:, flavour] * np.ravel(formula.profile(at))[0]
        form = x**2 * bilinear_form(delta, delta, t)
        if g is not None:
            form = 2 * x * bilinear_form(g, delta, t)
    else:
        parts = np.broadcast_arrays(*formula.coefficients(at), np.atleast_2d(t))[:3]
        form = np.stack([np.ravel(part) for part in parts])
        if isinstance(formula, Form) and formula.profile is not None:
            form = form * np.ravel(formula.profile(at))
    return float(form[0, 0] + form[1, 0] / energy + form[2, 0] / energy**2)


energies = st.floats(0.1, 5.0)
fractions = st.floats(0.01, 0.99)
masses = st.floats(1e-3, 20.0)
VECTOR = [gamma @ LEFT for gamma in LOWER]


def highest(energy):
    return 2 * energy**2 / (M + 2 * energy)


def propagator(recoil, mass):
    return 1 / (mass**2 + 2 * M * recoil)


@settings(deadline=None, max_examples=30)
@given(energies, fractions, st.tuples(st.floats(-1, 1), st.floats(-1, 1)))
def test_weak(energy, fraction, g):
    t = fraction * highest(energy)
    electron = [
        2 * np.sqrt(2) * FERMI_PER_MEV2 * gamma @ (g[0] * LEFT + g[1] * RIGHT) for gamma in GAMMA
    ]
    form = bilinear_form(g, g, np.array([t]))[:, 0]
    got = form[0] + form[1] / energy + form[2] / energy**2
    assert got == pytest.approx(cross_section(energy, t, VECTOR, electron), rel=1e-8, abs=1e-55)


VECTORS = {
    "dark-photon": (1.0, 1.0, 1.0),
    "vector": (1.0, 1.0, 1.0),
    "b-3le": (9.0, 0.0, 0.0),
    "le-lmu": (1.0, -1.0, 0.0),
    "le-ltau": (1.0, 0.0, -1.0),
}


@settings(deadline=None, max_examples=25)
@given(st.sampled_from(sorted(VECTORS)), energies, fractions, masses, st.sampled_from([0, 1, 2]))
def test_vectors_interfere_with_the_sign_of_their_charges(name, energy, fraction, mass, flavour):
    """The product of charges times γ_μ ⊗ γ^μ/(M² + 2mT) is added to the weak amplitude, for g = 1."""
    t, charge = fraction * highest(energy), VECTORS[name][flavour]
    g, weak = (0.73, 0.23), 2 * np.sqrt(2) * FERMI_PER_MEV2
    x = 1e-3 * weak / propagator(t, mass)  # of the size of the weak interaction

    def amplitude(size):
        return [gamma @ (weak * (g[0] * LEFT + g[1] * RIGHT) + size * ONE) for gamma in GAMMA]

    want = cross_section(energy, t, VECTOR, amplitude(x * charge * propagator(t, mass)))
    want -= cross_section(energy, t, VECTOR, amplitude(0.0))
    pure = from_catalogue(name, energy, t, mass, flavour, x=x)
    interference = from_catalogue(name, energy, t, mass, flavour, g=g, x=x)
    assert interference + pure == pytest.approx(want, rel=1e-7, abs=1e-56)


@settings(deadline=None, max_examples=25)
@given(energies, fractions, masses)
def test_mediators(energy, fraction, mass):
    t = fraction * highest(energy)
    d = propagator(t, mass)
    axial = [d * gamma @ GAMMA5 for gamma in GAMMA]
    operators = {
        "axial-mediator": ([lower @ GAMMA5 @ LEFT for lower in LOWER], axial),
        "scalar-mediator": ([LEFT], [d * ONE]),
        "pseudoscalar-mediator": ([LEFT], [d * GAMMA5]),
        "tensor-mediator": ([s @ LEFT for s in SIGMA_LOWER], [d * s for s in SIGMA]),
    }
    for name, (neutrino, electron) in operators.items():
        want = cross_section(energy, t, neutrino, electron)
        assert from_catalogue(name, energy, t, mass) == pytest.approx(want, rel=1e-8, abs=1e-60), (
            name
        )


@settings(deadline=None, max_examples=25)
@given(energies, st.sampled_from(["nsi-left", "nsi-right"]), fractions, st.floats(0.05, 1.0))
def test_nsi(energy, name, fraction, epsilon):
    t, side = fraction * highest(energy), LEFT if name == "nsi-left" else RIGHT
    scale, g = 2 * np.sqrt(2) * FERMI_PER_MEV2, (-0.27, 0.23)
    old = g[0] * LEFT + g[1] * RIGHT
    rates = [
        cross_section(energy, t, VECTOR, [scale * gamma @ chiral for gamma in GAMMA])
        for chiral in (old + epsilon * side, old)
    ]
    got = from_catalogue(name, energy, t, x=epsilon)
    got += from_catalogue(name, energy, t, g=g, x=epsilon)
    assert got == pytest.approx(rates[0] - rates[1], rel=1e-6, abs=1e-53)


@settings(deadline=None, max_examples=25)
@given(st.floats(0.2, 5.0), st.floats(0.05, 0.95), st.floats(0.0, 0.6))
def test_magnetic_moment_and_dipole_portal(energy, fraction, share):
    """μ σ_μν q^ν on the neutrino, e γ^μ/q² on the electron; the threshold is where cos θ = 1."""
    at = Recoil(np.array([0.0]), np.array([[0.0]]), M, ALPHA, FERMI_PER_MEV2, HBAR_C_MEV_CM)
    heavy = share * energy * M / (M + energy)
    formula = SEARCHED["sterile-dipole"].formula
    assert isinstance(formula, MassiveForm)
    t = fraction * highest(energy)
    at = Recoil(np.array([t]), np.array([[heavy]]), M, ALPHA, FERMI_PER_MEV2, HBAR_C_MEV_CM)
    if float(np.ravel(formula.minimum_energy(at))[0]) > energy:
        return
    k, k_out, _, _ = kinematics(energy, t, heavy)
    q = k - k_out
    charge = np.sqrt(4 * np.pi * ALPHA)
    moment = charge / (2 * M)  # 1 μ_B
    neutrino = [moment * sigma(lower, slash(q)) @ LEFT for lower in LOWER]
    electron = [charge / (2 * M * t) * gamma for gamma in GAMMA]
    want = cross_section(energy, t, neutrino, electron, heavy)
    assert from_catalogue("sterile-dipole", energy, t, heavy) == pytest.approx(want, rel=1e-6)
    if heavy == 0:
        assert from_catalogue("magnetic-moment", energy, t) == pytest.approx(want, rel=1e-6)


def test_threshold_of_the_dipole_portal():
    """At the lowest energy the recoil goes straight on: (k − q)² = M² with cos θ = 1."""
    formula = SEARCHED["sterile-dipole"].formula
    for t, heavy in ((0.005, 0.05), (0.1, 0.2), (0.02, 0.0)):
        at = Recoil(np.array([t]), np.array([[heavy]]), M, ALPHA, FERMI_PER_MEV2, HBAR_C_MEV_CM)
        energy = float(np.ravel(formula.minimum_energy(at))[0])
        p = np.sqrt(t * (t + 2 * M))
        assert (energy - t) ** 2 - (energy - p) ** 2 == pytest.approx(heavy**2, abs=1e-12)


def test_kinetic_mixing_of_mu_minus_tau_is_g_over_70():
    """The mixing that the literature quotes, by the integral over the loops at q² = −(50 keV)²."""
    x, w = np.polynomial.legendre.leggauss(64)
    x, w = (x + 1) / 2, w / 2
    q2 = 0.05**2
    mu, tau = (constants.value(f"{name} mass energy equivalent in MeV") for name in ("muon", "tau"))
    loop = np.sum(
        w * x * (1 - x) * np.log((tau**2 + x * (1 - x) * q2) / (mu**2 + x * (1 - x) * q2))
    )
    charge = np.sqrt(4 * np.pi * ALPHA)
    mixing = charge / (2 * np.pi**2) * loop  # of g
    assert mixing == pytest.approx(1 / 70, rel=0.02)
    got = from_catalogue("lmu-ltau", 0.5, 0.05, 1.0, flavour=1, g=(0.3, 0.3))
    pure = from_catalogue("lmu-ltau", 0.5, 0.05, 1.0, flavour=1)
    same = from_catalogue("dark-photon", 0.5, 0.05, 1.0, flavour=1, g=(0.3, 0.3))
    pure_same = from_catalogue("dark-photon", 0.5, 0.05, 1.0, flavour=1)
    ratio = -charge * mixing  # the electron's charge is negative
    assert got / same == pytest.approx(ratio, rel=1e-4)
    assert pure / pure_same == pytest.approx(ratio**2, rel=2e-4)


def test_anapole_is_a_negative_charge_radius():
    choice = (0.5, 0.05)
    interference = from_catalogue("charge-radius", *choice, g=(0.7, 0.2))
    pure = from_catalogue("charge-radius", *choice)
    assert from_catalogue("anapole", *choice, g=(0.7, 0.2)) == pytest.approx(-6 * interference)
    assert from_catalogue("anapole", *choice) == pytest.approx(36 * pure)
