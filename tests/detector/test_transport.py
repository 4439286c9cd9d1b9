"""Photon transport against closed forms: solid angles, extinction, Rayleigh, Fresnel, conservation,
symmetry."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from exonu.core.errors import InputError
from exonu.detector import random_numbers, transport
from exonu.detector.geometry import ROUND
from exonu.detector.geometry_table import read_geometry
from exonu.detector.model import Detector
from exonu.detector.optics import Electronics, LightMapSettings, Optics, Scintillation, xmass_like

NOTHING = 1e15
BLACK = {
    "rayleigh_cm": NOTHING,
    "absorption_cm": NOTHING,
    "n_quartz": 1.69,
    "photocathode_reflectance": 0.0,
    "copper_albedo": 0.0,
}


@pytest.fixture(scope="module")
def nominal():
    return Detector.from_settings()


def with_optics(detector, **changes):
    return replace(detector, optics=replace(detector.optics, **changes))


@pytest.fixture(scope="module")
def black(nominal):
    return with_optics(nominal, **BLACK)


def stream_of(event):
    stream = np.empty(2, dtype=np.uint64)
    random_numbers.start_stream(stream, 1, event)
    return stream


def draws(function, n, *arguments):
    stream = stream_of(7)
    return np.array([function(*arguments, stream) for _ in range(n)])


def hexagon_corners(geometry, channel):
    axis, cross = (
        geometry.axes[channel],
        np.cross(geometry.normals[channel], geometry.axes[channel]),
    )
    angle = np.radians(30 + 60 * np.arange(6))[:, None]
    radius = 2 / np.sqrt(3) * geometry.half_size_cm[channel]
    return geometry.positions_cm[channel] + radius * (np.cos(angle) * axis + np.sin(angle) * cross)


def solid_angle(corners, point):
    """Of a polygon, by triangles (van Oosterom and Strackee, IEEE Trans. Biomed. Eng. 30, 125
    (1983))."""
    rays = corners - point
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    total = 0.0
    o = rays[0]
    for a, b in pairwise(rays[1:]):
        total += 2 * np.arctan2(o @ np.cross(a, b), 1 + o @ a + a @ b + b @ o)
    return abs(total)


@pytest.mark.parametrize("point", [(0, 0, 0), (5, -11, 23), (0, 30, -18)])
def test_without_any_optics_a_window_sees_its_solid_angle(black, point):
    geometry, photons = black.geometry, 400_000
    counts = black.count_fates(np.array([point], dtype=float), photons, seed=3)[0]
    flat = np.flatnonzero((geometry.window != ROUND) & (geometry.bend > 1 - 1e-9))
    share = np.array([solid_angle(hexagon_corners(geometry, c), np.array(point)) for c in flat]) / (
        4 * np.pi
    )
    pull = (counts[flat] - photons * share) / np.sqrt(photons * share)
    assert np.abs(pull).max() < 5
    assert np.sum(pull**2) == pytest.approx(len(flat), abs=5 * np.sqrt(2 * len(flat)))


def test_absorption_on_the_straight_way(nominal):
    """A wall at distance d is reached by exp(−d/L) of the photons."""
    photons, length = 400_000, 30.0
    grey = with_optics(nominal, **{**BLACK, "absorption_cm": length})
    counts = grey.count_fates(np.zeros((1, 3)), photons, seed=5)[0]
    directions = np.random.default_rng(6).normal(size=(200_000, 3))
    distance = np.linalg.norm(grey.geometry.on_wall(directions), axis=1)
    expected = photons * np.mean(np.exp(-distance / length))
    assert counts[:643].sum() == pytest.approx(expected, abs=4 * np.sqrt(expected))
    assert counts[:642].sum() > 0.5 * expected


@pytest.mark.parametrize("rayleigh_cm", [NOTHING, 20.0])
def test_in_a_closed_mirror_paths_are_exponential(nominal, rayleigh_cm):
    mirror = with_optics(
        nominal,
        rayleigh_cm=rayleigh_cm,
        absorption_cm=150.0,
        photocathode_reflectance=1.0,
        copper_albedo=1.0,
    )
    stream, paths = stream_of(5), []
    for _ in range(4000):
        fate, path = transport.follow(
            3.0, 4.0, -20.0, 0.0, 0.6, 0.8, mirror.medium, mirror.walls, stream
        )
        assert fate == transport.IN_XENON
        paths.append(path)
    assert stats.kstest(paths, "expon", args=(0, 150.0)).pvalue > 1e-3


def test_mean_free_path_of_scattering(nominal):
    """Black walls: a photon that arrives after the straight distance was not scattered."""
    length = 35.0
    foggy = with_optics(nominal, **{**BLACK, "rayleigh_cm": length})
    towards, distance = foggy.geometry.face_normals[17], foggy.geometry.inradius_cm
    stream = stream_of(6)
    paths = [
        transport.follow(0.0, 0.0, 0.0, *towards, foggy.medium, foggy.walls, stream)[1]
        for _ in range(8000)
    ]
    unscattered = np.mean(np.abs(np.array(paths) - distance) < 1e-9)
    expected = np.exp(-distance / length)
    assert unscattered == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / 8000))


def test_rayleigh_angle():
    cosine = draws(transport.rayleigh_cosine, 20_000)
    assert stats.kstest(cosine, lambda c: 0.5 + 3 / 8 * (c + c**3 / 3)).pvalue > 1e-3


def test_turned_keeps_the_angle_and_is_uniform_in_azimuth():
    rng, stream = np.random.default_rng(1), stream_of(8)
    for direction in [*rng.normal(size=(20, 3)), (0, 0, -1), (1e-9, 0, -1), (0, 0, 1)]:
        direction = np.asarray(direction) / np.linalg.norm(direction)
        new = np.array(transport.rotate(*direction, 0.3, stream))
        assert np.linalg.norm(new) == pytest.approx(1, abs=1e-12)
        assert new @ direction == pytest.approx(0.3, abs=1e-9)
    around = np.array([transport.rotate(0.0, 0.0, -1.0, 0.5, stream) for _ in range(5000)])
    phase = np.arctan2(around[:, 1], around[:, 0])
    assert stats.kstest(phase, "uniform", args=(-np.pi, 2 * np.pi)).pvalue > 1e-3


def test_fresnel_and_total_reflection():
    n = 1.69 / 1.60
    assert transport.fresnel(1.0, n) == pytest.approx(((1.69 - 1.60) / (1.69 + 1.60)) ** 2)
    critical = np.sqrt(1 - 1 / n**2)
    assert transport.fresnel(critical - 1e-9, n) == 1
    assert transport.fresnel(critical + 1e-3, n) < 1
    assert transport.fresnel(0.4, 1.0) == 0
    brewster = np.cos(
        np.arctan(1 / n)
    )  # light in the plane of incidence is not reflected: half of Rs is left
    theta_i = np.arccos(brewster)
    theta_t = np.arcsin(n * np.sin(theta_i))
    assert transport.fresnel(brewster, n) == pytest.approx(0.5 * np.sin(theta_i - theta_t) ** 2)


@pytest.mark.parametrize("cosine", [0.05, 0.33, 0.5, 0.9, 1.0])
def test_a_window_is_the_sum_of_its_reflections(cosine):
    """Followed back and forth between boundary and cathode."""
    n, cathode = 1.69 / 1.60, 0.18
    boundary = transport.fresnel(cosine, n)
    absorbed, inside = 0.0, 1 - boundary
    for _ in range(60):
        absorbed, inside = absorbed + inside * (1 - cathode), inside * cathode * boundary
    assert transport.window_absorbs(cosine, n, cathode) == pytest.approx(absorbed, abs=1e-12)


def test_every_photon_ends_somewhere(nominal):
    points = np.array([(0, 0, 0), (0, 0, 39), (20, -20, 10)], dtype=float)
    counts = nominal.count_fates(points, 30_000, seed=9)
    np.testing.assert_array_equal(counts.sum(axis=1), 30_000)
    assert np.all(counts[:, 642:] > 0)


def test_the_walk_over_faces_finds_the_first_wall(nominal):
    geometry, rng = nominal.geometry, np.random.default_rng(4)
    directions = rng.normal(size=(3000, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    points = geometry.on_wall(rng.normal(size=(3000, 3))) * rng.random((3000, 1)) ** 0.2
    points[:300] = geometry.on_wall(points[:300])  # on the wall itself
    towards = directions @ geometry.face_normals.T
    gaps = np.maximum(geometry.face_offsets_cm - points @ geometry.face_normals.T, 0)
    expected = np.min(
        np.where(towards > 0, gaps / np.where(towards > 0, towards, 1), np.inf), axis=1
    )
    found = [
        transport.distance_to_wall(*p, *d, nominal.walls)[0]
        for p, d in zip(points, directions, strict=True)
    ]
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_the_table_of_windows_agrees_with_their_definition(nominal):
    geometry, rng = nominal.geometry, np.random.default_rng(5)
    points = geometry.on_wall(rng.normal(size=(3000, 3)))
    faces = np.argmin(np.abs(geometry.face_offsets_cm - points @ geometry.face_normals.T), axis=1)
    cross = np.cross(geometry.normals, geometry.axes)
    for point, face in zip(points, faces, strict=True):
        offset = point - geometry.positions_cm
        near = np.sum(offset**2, axis=1) < 25
        u, v = np.sum(offset * geometry.axes, axis=1), np.sum(offset * cross, axis=1)
        width = np.max(
            [np.abs(np.cos(a) * u + np.sin(a) * v) for a in np.radians([0, 60, 120])], axis=0
        )
        width = np.where(geometry.window == ROUND, np.hypot(u, v), width)
        inside = np.flatnonzero(near & (width <= geometry.half_size_cm))
        assert transport.window_at(*point, face, nominal.walls) == (
            inside[0] if len(inside) else transport.IN_COPPER
        )


@pytest.mark.parametrize("element", [1, 37, 61, 119])
def test_hit_patterns_follow_the_symmetry(nominal, element):
    """Photons from the image of a point go to the images of the channels."""
    point = np.array([[4.0, -9.0, 31.0]])
    image = point @ nominal.geometry.symmetry[element].T
    here = nominal.count_fates(point, 300_000, seed=11)[0, :642]
    there = nominal.count_fates(image, 300_000, seed=12)[0, nominal.geometry.permutations[element]]
    chi2 = np.sum((here - there) ** 2 / (here + there))
    assert chi2 == pytest.approx(642, abs=5 * np.sqrt(2 * 642))


def test_a_users_cube(tmp_path):
    rows = [(*(10 * n), *(-n), 1, 4) for n in np.vstack([np.eye(3), -np.eye(3)])]
    table = "channel,x_cm,y_cm,z_cm,normal_x,normal_y,normal_z,round,half_size_cm\n"
    table += "".join(f"{c}," + ",".join(f"{x:g}" for x in row) + "\n" for c, row in enumerate(rows))
    (tmp_path / "cube.csv").write_text(table)
    cube = with_optics(
        Detector.from_settings(geometry=read_geometry(tmp_path / "cube.csv")), **BLACK
    )
    counts = cube.count_fates(np.zeros((1, 3)), 300_000, seed=2)[0]
    share = (1 - 10 / np.hypot(10, 4)) / 2  # solid angle of a disc on its axis
    np.testing.assert_allclose(counts[:6] / 300_000, share, atol=5 * np.sqrt(share / 300_000))


def test_random_numbers():
    assert stats.kstest(draws(random_numbers.uniform, 20_000), "uniform").pvalue > 1e-3
    assert stats.kstest(draws(random_numbers.exponential, 20_000), "expon").pvalue > 1e-3
    assert stats.kstest(draws(random_numbers.normal, 20_000), "norm").pvalue > 1e-3
    for shape in (0.4, 1.0, 6.25, 80.0):
        assert (
            stats.kstest(draws(random_numbers.gamma, 20_000, shape), "gamma", args=(shape,)).pvalue
            > 1e-3
        )


@pytest.mark.parametrize("mean", [0.0, 0.3, 12.0, 31.0, 400.0, 5e5])
def test_poisson_numbers(mean):
    counts = draws(random_numbers.poisson, 20_000, mean)
    if mean == 0:
        assert not counts.any()
        return
    edges = np.unique(stats.poisson(mean).ppf(np.linspace(0.02, 0.98, 25)))
    expected = np.diff(np.concatenate([[0], stats.poisson(mean).cdf(edges), [1]]))
    observed = np.bincount(np.searchsorted(edges, counts), minlength=len(expected))
    assert stats.chisquare(observed, 20_000 * expected).pvalue > 1e-3


def test_streams_differ():
    first = [random_numbers.uniform(stream_of(event)) for event in range(2000)]
    assert stats.kstest(first, "uniform").pvalue > 1e-3
    assert len(set(first)) == 2000


def test_settings_and_their_messages():
    assert Optics.from_settings({"absorption_cm": 500}).absorption_cm == 500
    with pytest.raises(InputError, match=r"optics\.absorbtion_cm: is not a known detector setting"):
        Optics.from_settings({"absorbtion_cm": 500})
    with pytest.raises(InputError, match="optik: is not a known detector setting"):
        xmass_like({"optik": {}})
    for section, key, value, rule in [
        (Optics, "rayleigh_cm", 0, "> 0 and finite"),
        (Optics, "absorption_cm", np.inf, "> 0 and finite"),
        (Optics, "n_xenon", 0.9, "≥ 1"),
        (Optics, "copper_albedo", 1.1, "between 0 and 1"),
        (Scintillation, "photoelectrons_per_keV", -1, "> 0"),
        (Scintillation, "fast_fraction", 2, "between 0 and 1"),
        (Scintillation, "relative_yield", [1.0], "as long as relative_yield_energy_keV"),
        (Scintillation, "slow_time_energy_keV", [122, 5.9], "increasing and > 0"),
        (Scintillation, "slow_time_ns", [0, 30], "> 0"),
        (Electronics, "transit_spread_ns", -1, "≥ 0"),
        (Electronics, "coincidence_hits", 0, "> 0"),
        (LightMapSettings, "shells", 0, "> 0"),
        (LightMapSettings, "outer_radius", 1, "between 0 and 1"),
    ]:
        with pytest.raises(InputError, match=rf"{key}: must be {rule}"):
            section.from_settings({key: value})
