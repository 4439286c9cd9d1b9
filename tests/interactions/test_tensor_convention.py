"""The tensor's factor, derived with explicit spinors: no trace, no formula of the library.

|M|² is a sum over the spins of ū(k')σ_μν P_L u(k) ū(p')σ^μν u(p) with L = g²/D (ν̄σ_μν P_L ν)(ēσ^μν e),
all sixteen pairs μν counted. The spinors are boosted from rest (Peskin and Schroeder, eq. 3.50), in
the chiral representation; the traces of test_matrix_elements.py are in Dirac's. Each normalisation of
the literature is then a number that a limit is multiplied by."""

from itertools import product

import numpy as np
import pytest

from exonu.catalogue import SEARCHED, Recoil
from exonu.interactions.cross_sections import (
    ALPHA,
    ELECTRON_MASS_MEV,
    FERMI_PER_MEV2,
    HBAR_C_MEV_CM,
)

M = ELECTRON_MASS_MEV
ZERO, ONE = np.zeros((2, 2)), np.eye(2)
PAULI = [np.array(p, complex) for p in ([[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]])]
GAMMA = [np.block([[ZERO, ONE], [ONE, ZERO]]).astype(complex)]
GAMMA += [np.block([[ZERO, p], [-p, ZERO]]) for p in PAULI]
LEFT, RIGHT = np.diag([1.0, 1, 0, 0]), np.diag([0.0, 0, 1, 1])
SIGN = [1.0, -1, -1, -1]
PAIRS = list(product(range(4), repeat=2))


def sigma(i, j):
    return 0.5j * (GAMMA[i] @ GAMMA[j] - GAMMA[j] @ GAMMA[i])


def spinors(p):
    """u(p) of both spins: (√(p·σ) ξ, √(p·σ̄) ξ)."""

    def root(sign):
        value, vector = np.linalg.eigh(
            p[0] * ONE - sign * sum(a * s for a, s in zip(p[1:], PAULI, strict=True))
        )
        return vector @ np.diag(np.sqrt(np.maximum(value, 0))) @ vector.conj().T

    return [np.concatenate([root(1) @ xi, root(-1) @ xi]) for xi in np.eye(2)]


def current(out, operator, ingoing):
    return out.conj() @ GAMMA[0] @ operator @ ingoing


def cross_section(energy, recoil, pairs, neutrino_side=LEFT, electron_side=LEFT + RIGHT):
    """dσ/dT D² in cm² MeV³ for g = 1: |M|²/(32π m E²), averaged over the electron's spins."""
    momentum = np.sqrt(recoil * (recoil + 2 * M))
    cosine = recoil * (M + energy) / (energy * momentum)
    sine = np.sqrt(1 - cosine**2)
    # the plane of scattering is turned out of the axes, so that all components of σ matter
    q = momentum * np.array([sine * 0.6, sine * 0.8, cosine])
    k = np.array([energy, 0, 0, energy])
    k_out, p_out = np.append(energy - recoil, k[1:] - q), np.append(M + recoil, q)
    total = 0.0
    spins = product(spinors(k_out), spinors(k), spinors(p_out), spinors(np.array([M, 0, 0, 0])))
    for nu_out, nu, e_out, e in spins:
        amplitude = sum(
            SIGN[i]
            * SIGN[j]
            * current(nu_out, sigma(i, j) @ neutrino_side, nu)
            * current(e_out, sigma(i, j) @ electron_side, e)
            for i, j in pairs
        )
        total += abs(amplitude) ** 2 / 2
    return total / (32 * np.pi * M * energy**2) * HBAR_C_MEV_CM**2


def declared(energy, recoil):
    at = Recoil(np.array([recoil]), np.array([[0.0]]), M, ALPHA, FERMI_PER_MEV2, HBAR_C_MEV_CM)
    parts = SEARCHED["tensor-mediator"].formula.coefficients(at)
    a, b, c = (float(np.ravel(part)[0]) for part in parts)
    return a + b / energy + c / energy**2


CASES = [(0.2, 0.005), (0.4, 0.1), (0.86, 0.6), (5.0, 0.03), (5.0, 4.5)]


@pytest.mark.parametrize(("energy", "recoil"), CASES)
def test_the_factor_is_that_of_a_sum_over_all_pairs(energy, recoil):
    want = cross_section(energy, recoil, PAIRS)
    assert declared(energy, recoil) == pytest.approx(want, rel=1e-9)
    y = recoil / energy
    closed = M / np.pi * (1 + 2 * (1 - y) + (1 - y) ** 2 - M * recoil / energy**2)
    assert want == pytest.approx(HBAR_C_MEV_CM**2 * closed, rel=1e-9)


@pytest.mark.parametrize(("energy", "recoil"), CASES)
def test_other_normalisations_by_their_factor(energy, recoil):
    """Each pair once is a quarter, a limit on g = √(g_ν g_e) 4^¼ = 1.41 times as large."""
    ours = declared(energy, recoil)
    once = [(i, j) for i, j in PAIRS if i < j]
    assert cross_section(energy, recoil, once) == pytest.approx(ours / 4, rel=1e-9)


def test_one_chirality_of_the_electron_is_all_of_the_tensor():
    """σ_μν P_L ⊗ σ^μν P_R vanishes: a tensor with a projector on the electron is the same one."""
    ours = declared(0.4, 0.1)
    assert cross_section(0.4, 0.1, PAIRS, LEFT, LEFT) == pytest.approx(ours, rel=1e-9)
    assert cross_section(0.4, 0.1, PAIRS, LEFT, RIGHT) < 1e-12 * ours
    assert cross_section(0.4, 0.1, PAIRS, RIGHT, LEFT + RIGHT) == pytest.approx(ours, rel=1e-9)
