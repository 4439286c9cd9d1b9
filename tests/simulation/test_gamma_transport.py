"""Photons in liquid xenon against attenuation, Klein and Nishina, and conservation of energy."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import constants
from scipy.integrate import quad

from exonu.core.errors import InputError
from exonu.detector.geometry import geodesic_geometry
from exonu.detector.random_numbers import start_stream
from exonu.simulation.gammas.gamma_kernels import (
    ELECTRON_MASS_KEV,
    compton,
    follow_photon,
    klein_nishina,
    per_cm,
)
from exonu.simulation.gammas.gamma_transport import (
    MATERIALS,
    XENON_COLUMNS,
    attenuation,
    mass_attenuation,
)
from exonu.simulation.wall.wall_decays import walls_of
from exonu.xenon import xenon_property

TABLE = attenuation("copper", 8.96)
N = 20_000


@pytest.fixture(scope="module")
def walls():
    return walls_of(geodesic_geometry())


@pytest.fixture(scope="module")
def endless(walls):
    return walls._replace(safe_radius2=1e12)


def photons(energy_keV, walls, n=N):
    """Sites of n photons from the centre along z: list of arrays (sites, 4)."""
    found, sites, stream = [], np.zeros((64, 4)), np.empty(2, dtype=np.uint64)
    for i in range(n):
        start_stream(stream, 3, i)
        count = follow_photon(
            energy_keV, (0.0, 0.0, 0.0), (0.0, 0.0, 1.0), -1.0, TABLE, walls, sites, 0, stream
        )
        found.append(sites[:count].copy())
    return found


def sampled(kernel_call, n=N):
    stream = np.empty(2, dtype=np.uint64)
    start_stream(stream, 11, 0)
    return np.array([kernel_call(stream) for _ in range(n)])


def kn(cosine, energy_keV):
    """dσ/dcosθ of Klein and Nishina, not normalised."""
    share = 1 / (1 + energy_keV / ELECTRON_MASS_KEV * (1 - cosine))
    return share**2 * (share + 1 / share - 1 + cosine**2)


@pytest.mark.parametrize("energy", [30.0, 122.0, 662.0])
def test_first_interactions_follow_the_attenuation(energy, endless):
    """Depth of the first site: exp(−μx), by its mean and by a Kolmogorov-Smirnov distance."""
    depth = np.sort([sites[0, 2] for sites in photons(energy, endless)])
    per = [mass_attenuation(energy, process) for process in XENON_COLUMNS]
    mu = sum(per) * xenon_property("liquid_density")
    assert depth.mean() * mu == pytest.approx(1, abs=4 / np.sqrt(N))
    distance = np.abs(1 - np.exp(-mu * depth) - (np.arange(N) + 0.5) / N).max()
    assert distance < 1.9 / np.sqrt(N)  # 1.6e-3 of the cases


def test_mean_free_path_of_klein_nishina():
    """Compton scattering at 662 keV: 54 free electrons within 1.5 %, the rest is binding."""
    integral, _ = quad(kn, -1, 1, args=(662.0,))
    radius = constants.value("classical electron radius") * 1e2
    per_electron = np.pi * radius**2 * integral
    electrons = (
        constants.N_A * xenon_property("liquid_density") / xenon_property("atomic_mass") * 54
    )
    assert per_cm(TABLE.compton, 662.0, TABLE) == pytest.approx(per_electron * electrons, rel=0.015)


@pytest.mark.parametrize("energy", [60.0, 662.0, 2614.0])
def test_angles_of_klein_nishina(energy):
    """Histogram in cos θ by χ², and the mean energy transferred."""
    draws = sampled(lambda stream: klein_nishina(energy, stream), 4 * N)
    share, cosine = draws.T
    np.testing.assert_allclose(
        share, 1 / (1 + energy / ELECTRON_MASS_KEV * (1 - cosine)), rtol=1e-9
    )
    edges = np.linspace(-1, 1, 21)
    expected = np.array([quad(kn, a, b, args=(energy,))[0] for a, b in pairwise(edges)])
    expected *= len(draws) / expected.sum()
    chi2 = np.sum((np.histogram(cosine, edges)[0] - expected) ** 2 / expected)
    assert chi2 < 46  # 19 degrees of freedom: 5e-4
    norm, _ = quad(kn, -1, 1, args=(energy,))
    mean, _ = quad(
        lambda c: kn(c, energy) * energy * (1 - 1 / (1 + energy / ELECTRON_MASS_KEV * (1 - c))),
        -1,
        1,
    )
    assert np.mean(energy * (1 - share)) == pytest.approx(mean / norm, rel=0.02)


def test_bound_electrons_do_not_take_small_transfers():
    """At 122 keV, 34.56 keV cannot be reached but the L shell opens at 5.45 keV: its step is in the
    spectrum."""
    energy = 122.0
    free = sampled(lambda stream: klein_nishina(energy, stream)[0], 6 * N)
    bound = sampled(lambda stream: compton(energy, TABLE, stream)[0], 6 * N)
    below, above = ((3.0, 4.5), (6.0, 12.0))

    def ratio(low_high):
        (low, high) = low_high
        inside = [
            np.sum((energy * (1 - s) > low) & (energy * (1 - s) < high)) for s in (bound, free)
        ]
        return inside[0] / inside[1]

    assert ratio(below) / ratio(above) == pytest.approx(44 / 52, abs=0.02)


@pytest.mark.parametrize("energy", [15.0, 163.93, 1460.8])
def test_energy_is_conserved(energy, endless, walls):
    """All of it in an endless liquid, never more in a finite one; and none outside."""
    totals = np.array([sites[:, 3].sum() for sites in photons(energy, endless, 2000)])
    np.testing.assert_allclose(totals, energy, rtol=1e-12)
    finite = photons(energy, walls, 2000)
    assert max(sites[:, 3].sum() for sites in finite) <= energy * (1 + 1e-12)
    places = np.concatenate([sites[:, :3] for sites in finite])
    assert geodesic_geometry().depth_cm(places).min() >= 0


def test_sites_without_room_are_merged(endless):
    sites, stream = np.zeros((1, 4)), np.empty(2, dtype=np.uint64)
    for i in range(200):
        start_stream(stream, 1, i)
        assert (
            follow_photon(
                2614.0, (0.0, 0.0, 0.0), (0.0, 0.0, 1.0), -1.0, TABLE, endless, sites, 0, stream
            )
            == 1
        )
        assert sites[0, 3] == pytest.approx(2614.0)


def test_table_is_xraylib():
    xraylib = pytest.importorskip("xraylib")
    for energy in (5.0, 46.5, 122.0, 700.0):
        assert mass_attenuation(energy, "xenon_photoelectric") == pytest.approx(
            xraylib.CS_Photo(54, energy), rel=0.01
        )
        assert mass_attenuation(energy, "xenon_compton") == pytest.approx(
            xraylib.CS_Compt(54, energy), rel=0.005
        )
        both = xraylib.CS_Photo(29, energy) + xraylib.CS_Compt(29, energy)
        assert mass_attenuation(energy, "copper") == pytest.approx(both, rel=0.01)


def test_table_is_what_its_script_makes(tmp_path):
    pytest.importorskip("xraylib")
    import subprocess
    import sys
    from pathlib import Path

    folder = Path(__file__).resolve().parents[2] / "resources" / "xenon"
    subprocess.run(
        [sys.executable, folder / "make_gamma_cross_sections.py", tmp_path / "made.csv"], check=True
    )
    made, kept = (
        np.loadtxt(path, delimiter=",", skiprows=5)
        for path in (tmp_path / "made.csv", folder / "gamma_cross_sections.csv")
    )
    np.testing.assert_allclose(made, kept, rtol=1e-4)


def test_unknown_material():
    with pytest.raises(
        InputError, match=r"material: is not a known process or material \(got 'cheese'\)"
    ):
        mass_attenuation(100.0, "cheese")
    assert set(MATERIALS) == {"copper", "aluminium", "quartz"}
