"""Shells of xenon and the breakpoints."""

import numpy as np
import pytest

from exonu.xenon import (
    binding_energies_keV,
    edges_keV,
    free_electrons,
    photoabsorption_table,
    xenon_property,
)


def test_54_electrons_in_17_subshells():
    assert len(binding_energies_keV()) == 17
    assert free_electrons(1e3) == xenon_property("atomic_number") == 54
    assert free_electrons(0.012) == 0


@pytest.mark.parametrize(
    ("energy_keV", "electrons"),
    [(0.0121, 4), (0.0695, 18), (0.3, 26), (0.689, 36), (1.2, 44), (4.8, 48), (30, 52)],
)
def test_number_of_free_electrons(energy_keV, electrons):
    assert free_electrons(energy_keV) == electrons


def test_an_electron_is_free_from_its_binding_energy_on():
    edges = binding_energies_keV()
    below, at = free_electrons(np.nextafter(edges, 0)), free_electrons(edges)
    assert np.all(at - below >= 2)
    assert (at - below).sum() == 54


def test_edges_hold_every_step():
    edges = edges_keV()
    assert np.all(np.diff(edges) > 0)
    energy, _ = photoabsorption_table()
    assert set(binding_energies_keV()) | set(energy[1:][np.diff(energy) == 0]) == set(edges)
