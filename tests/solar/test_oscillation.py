"""Flavour of solar neutrinos against published numbers, limits and a full diagonalisation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import constants

from exonu.core.errors import InputError
from exonu.solar import Oscillation, flavour_probabilities, oscillation, solar_sources

NO = oscillation("NuFIT-6.0-NO")
FERMI_PER_EV2 = constants.value("Fermi coupling constant") * 1e-18
HBAR_C_EV_CM = constants.value("reduced Planck constant times c in MeV fm") * 1e-7


def diagonalised(energy_MeV: float, density: float, p: Oscillation) -> np.ndarray:
    """Adiabatic probabilities from the 3 x 3 Hamiltonian in matter, Δm²31 included."""
    s12, s13, s23 = np.sin([p.theta12, p.theta13, p.theta23])
    c12, c13, c23 = np.cos([p.theta12, p.theta13, p.theta23])
    rotation_23 = np.array([[1, 0, 0], [0, c23, s23], [0, -s23, c23]])
    phase = np.exp(-1j * p.delta_cp)
    rotation_13 = np.array([[c13, 0, s13 * phase], [0, 1, 0], [-s13 * np.conj(phase), 0, c13]])
    rotation_12 = np.array([[c12, s12, 0], [-s12, c12, 0], [0, 0, 1]])
    mixing = rotation_23 @ rotation_13 @ rotation_12
    potential_eV = np.sqrt(2) * FERMI_PER_EV2 * density * constants.N_A * HBAR_C_EV_CM**3
    hamiltonian = mixing @ np.diag([0, p.dm2_21, p.dm2_31]) @ mixing.conj().T
    hamiltonian[0, 0] += 2 * energy_MeV * 1e6 * potential_eV
    _, in_matter = np.linalg.eigh(hamiltonian)
    return np.abs(mixing) ** 2 @ np.abs(in_matter[0]) ** 2


def test_pp_at_100_keV():
    assert flavour_probabilities(0.1, 60.6, NO) == pytest.approx([0.5475, 0.2163, 0.2361], abs=5e-5)


@pytest.mark.parametrize("source", solar_sources("SFII-GS98"), ids=lambda source: source.name)
@pytest.mark.parametrize("energy_MeV", [0.05, 0.3843, 0.8618, 1.732])
def test_agrees_with_full_diagonalisation(source, energy_MeV):
    density = source.electron_density_mol_per_cm3
    exact = diagonalised(energy_MeV, density, NO)
    assert flavour_probabilities(energy_MeV, density, NO) == pytest.approx(exact, abs=2e-4)


@settings(deadline=None)
@given(
    energy=st.floats(1e-4, 20),
    density=st.floats(0, 200),
    angles=st.tuples(*[st.floats(0.01, 1.5)] * 3),
    phase=st.floats(0, 6.3),
)
def test_probabilities_are_probabilities(energy, density, angles, phase):
    parameters = Oscillation(*angles, phase, 7.5e-5, 2.5e-3)
    probability = flavour_probabilities(energy, density, parameters)
    assert probability.sum() == pytest.approx(1, abs=1e-12)
    assert np.all(probability >= -1e-15)


def test_limits_of_vacuum_and_matter():
    c13, s13, s12 = np.cos(NO.theta13), np.sin(NO.theta13), np.sin(NO.theta12)
    vacuum = c13**4 * (1 - np.sin(2 * NO.theta12) ** 2 / 2) + s13**4
    assert flavour_probabilities(1.0, 0.0, NO)[0] == pytest.approx(vacuum, abs=1e-12)
    assert flavour_probabilities(1e6, 90.0, NO)[0] == pytest.approx(
        c13**4 * s12**2 + s13**4, abs=1e-5
    )


def test_unknown_set_is_refused():
    with pytest.raises(
        InputError,
        match=r"oscillation: is not a set of oscillation parameters \(got 'best'\); choose",
    ):
        oscillation("best")
