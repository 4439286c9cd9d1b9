"""Decays in the wall: places, ranges, bremsstrahlung, importance sampling."""

import numpy as np
import pytest

from exonu.core.errors import InputError
from exonu.detector.geometry import geodesic_geometry
from exonu.detector.random_numbers import start_stream
from exonu.simulation.components import component
from exonu.simulation.gammas.gamma_transport import attenuation, mass_attenuation
from exonu.simulation.generation.generate import generate, shared
from exonu.simulation.wall.wall_decays import (
    KRAMERS_PER_KEV,
    PLACES,
    Pocket,
    bremsstrahlung_photons,
    energy_of_range_keV,
    place_of,
    practical_range_g_per_cm2,
    seal_length_cm,
    wall_areas_cm2,
    walls_of,
)
from exonu.simulation.wall.wall_kernels import (
    BREMSSTRAHLUNG_ABOVE_KEV,
    SEAL_GAP,
    aimed,
    bremsstrahlung_keV,
    chord,
    energy_left,
    force,
    on_window,
    point_of_decay,
    survives,
    wall_in_direction,
)

GEOMETRY = geodesic_geometry()
WALLS = walls_of(GEOMETRY)


def stream_of(seed):
    stream = np.empty(2, dtype=np.uint64)
    start_stream(stream, seed, 0)
    return stream


def points(place, n):
    what = place_of({"place": place}, GEOMETRY, 2.89)
    stream = stream_of(PLACES.index(place))
    rows = np.array([point_of_decay(what, WALLS, stream) for _ in range(n)])
    return rows[:, :3], rows[:, 3].astype(int)


def distance_in_windows(place):
    """Hexagonal (or round) distance from the centre of the nearest window over its half size."""
    nearest = np.argmin(np.linalg.norm(place[:, None] - GEOMETRY.positions_cm, axis=2), axis=1)
    offset = place - GEOMETRY.positions_cm[nearest]
    u = np.sum(offset * WALLS.axes[nearest], axis=1)
    v = np.sum(offset * WALLS.cross_axes[nearest], axis=1)
    slant = np.sqrt(3) / 2 * v
    hexagonal = np.max(np.abs([u, u / 2 + slant, u / 2 - slant]), axis=0)
    return (
        np.where(GEOMETRY.window[nearest] == 1, np.hypot(u, v), hexagonal)
        / GEOMETRY.half_size_cm[nearest]
    )


def test_the_windows_near_a_wall_are_enough():
    """Points of all walls, edges and corners included, are on a window if they are on any of all."""
    everywhere = WALLS._replace(
        near=np.tile(np.arange(GEOMETRY.n_channels), (len(WALLS.offsets), 1))
    )
    random = np.random.default_rng(1)
    edges = np.cross(GEOMETRY.face_normals, np.roll(GEOMETRY.face_normals, 1, axis=0))
    corners = edges[np.linalg.norm(edges, axis=1) > 0.1]
    found = []
    for x, y, z in np.concatenate([random.normal(size=(3000, 3)), corners]):
        face, factor = wall_in_direction(x, y, z, WALLS)
        point = (x * factor, y * factor, z * factor, face)
        found.append(on_window(*point, WALLS))
        assert found[-1] == on_window(*point, everywhere)
    assert 0.3 < np.mean(found) < 0.9
    assert WALLS.near.shape[1] < 50


def test_ranges_and_their_inverse():
    energy = np.geomspace(5, 2400, 50)
    np.testing.assert_allclose(
        energy_of_range_keV(practical_range_g_per_cm2(energy)), energy, rtol=1e-9
    )
    # 1 MeV: 0.412 g/cm² (Katz and Penfold); 0.5 MeV: 0.160 and 2 MeV 0.951, their figure 1
    np.testing.assert_allclose(
        practical_range_g_per_cm2([500, 1000, 2000]), [0.164, 0.412, 0.946], rtol=0.02
    )
    assert energy_of_range_keV(-1.0) == 0


def test_energy_left_in_a_wall():
    for energy in (30.0, 300.0, 1100.0):
        reach = practical_range_g_per_cm2(energy)
        assert energy_left(energy, 0.0) == pytest.approx(energy)
        expected = energy_of_range_keV(0.4 * reach)
        assert energy_left(energy, 0.6 * reach) == pytest.approx(float(expected))
        assert energy_left(energy, 1.001 * reach) == 0


def test_liquid_is_filled_evenly():
    place, face = points("liquid", 4000)
    assert np.all(face == -1)
    assert GEOMETRY.depth_cm(place).min() > 0
    inner = 4 / 3 * np.pi * 30**3 / GEOMETRY.volume_and_area[0]
    share = np.mean(np.linalg.norm(place, axis=1) < 30)
    assert share == pytest.approx(inner, abs=4 * np.sqrt(inner / 4000))


@pytest.mark.parametrize("place", ["window", "copper", "seal"])
def test_points_of_the_wall(place):
    """On the wall named, evenly over the walls, on the right side of the windows' edges."""
    where, face = points(place, 6000)
    distance = GEOMETRY.face_offsets_cm[face] - np.sum(where * GEOMETRY.face_normals[face], axis=1)
    np.testing.assert_allclose(distance, 0, atol=1e-9)
    counts = np.bincount(face, minlength=60)
    if place == "copper":  # windows that lie on an edge share theirs out unevenly by construction
        assert np.sum((counts - 100) ** 2 / 100) < 110  # 59 degrees of freedom: 6e-5
    distances = distance_in_windows(where)
    if place == "window":
        assert distances.max() < 1.03  # 1 but for the windows that bend over an edge
        assert np.mean(distances**2) == pytest.approx(0.5, abs=0.02)
    elif place == "copper":
        assert distances.min() > 1
    else:
        assert np.median(distances) == pytest.approx(SEAL_GAP, abs=0.01)


def test_areas():
    areas = wall_areas_cm2(GEOMETRY)
    assert areas["window"] / sum(areas.values()) == pytest.approx(0.624)
    hexagon = 4 * np.sqrt(3) * GEOMETRY.half_size_cm[0]
    assert seal_length_cm(GEOMETRY) == pytest.approx(
        630 * hexagon + 12 * 2 * np.pi * GEOMETRY.half_size_cm[0]
    )


def test_bremsstrahlung_of_kramers():
    """Number and mean energy of the photons against the integrals of (T − k)/k."""
    energy, charge, low = 800.0, 29.0, BREMSSTRAHLUNG_ABOVE_KEV
    stream = stream_of(4)
    drawn = np.array([bremsstrahlung_keV(energy, charge, stream) for _ in range(100_000)])
    photons = drawn[drawn > 0]
    number = float(bremsstrahlung_photons(energy, charge, low))
    assert len(photons) / len(drawn) == pytest.approx(number, rel=0.06)
    content = KRAMERS_PER_KEV * charge * (energy * (energy - low) - (energy**2 - low**2) / 2)
    assert photons.mean() == pytest.approx(content / number, rel=0.03)
    assert bremsstrahlung_photons(low / 2, charge, low) == 0


def test_importance_weights_are_unbiased():
    """Mean weight 1; the share of first interactions in the target is that of analogue sampling,
    with less error."""
    source = {"place": "window", "importance": {"target_cm": 25.0, "bias": 0.5}}
    place, start, mu, n = place_of(source, GEOMETRY, 2.89), (40.0, 3.0, 0.0), 0.17, 40_000

    def estimate(favoured, stream):
        weights, ends = np.empty(n), np.empty((n, 3))
        for i in range(n):
            *direction, ratio = aimed(*start, place, favoured, stream)
            ray = chord(*start, *direction, place.target_cm)
            flight, more = force(*ray, mu, place.bias, favoured, stream)
            weights[i] = 1 / (ratio * more) if favoured else 1.0
            ends[i] = np.array(start) + flight * np.array(direction)
        assert weights.max() <= 1 / (1 - place.bias) ** 2 + 1e-9
        hit = weights * (np.linalg.norm(ends, axis=1) < place.target_cm)
        return weights.mean(), weights.std() / n**0.5, hit.mean(), hit.std() / n**0.5

    mean, mean_error, value, error = estimate(True, stream_of(1))
    assert mean == pytest.approx(1, abs=4 * mean_error)
    *_, analogue, analogue_error = estimate(False, stream_of(2))
    assert value == pytest.approx(analogue, abs=4 * np.hypot(error, analogue_error))
    assert error < 0.6 * analogue_error


def test_photons_survive_with_the_attenuation_of_the_material():
    table, stream = attenuation("copper", 8.96), stream_of(8)
    kept = np.mean([survives(100.0, 0.2, table, stream) for _ in range(20_000)])
    assert kept == pytest.approx(np.exp(-0.2 * 8.96 * mass_attenuation(100.0, "copper")), abs=0.014)
    assert survives(100.0, 0.0, table, stream)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"place": "roof"}, r"place: is not a known place \(got 'roof'\); known: liquid"),
        (
            {"place": "seal", "depth_cm": [0.2, 0.1]},
            r"depth_cm: must be two numbers, 0 ≤ from ≤ to \(got 0.2, 0.1\)",
        ),
        (
            {"place": "seal", "importance": {"bias": 1.0}},
            r"importance.bias: must be from 0 to below 1 \(got 1.0\)",
        ),
    ],
)
def test_bad_places(source, message):
    with pytest.raises(InputError, match=message):
        place_of(source, GEOMETRY, 2.89)


@pytest.mark.parametrize(
    ("pocket", "message"),
    [
        ({"escape_fraction": 1.5}, r"pocket.escape_fraction: must be from 0 to 1 \(got 1.5\)"),
        ({"cos_min": 1.0}, r"pocket.cos_min: must be from -1 to below 1 \(got 1.0\)"),
        ({"depth_cm": -0.1}, r"pocket.depth_cm: must be ≥ 0 \(got -0.1\)"),
    ],
)
def test_bad_pockets(pocket, message):
    with pytest.raises(InputError, match=message):
        Pocket(**pocket)


def test_light_from_a_gap_has_the_cone_of_its_mouth():
    """cos_min = z/√(z² + w²) of uniform depths and widths, and what leaves is (1 − cos_min) of the
    escape fraction: the mean over both is that of a sum over a grid."""
    geometry = geodesic_geometry()
    gap = {
        "gap_width_cm": [0.05, 0.2],
        "gap_depth_cm": [0.0, 0.3],
        "escape_fraction": 0.4,
        "depth_cm": 0.1,
    }
    sources = {name: {"importance": {"gap_bias": 0}} for name in ("thin", "middle", "deep")}
    settings = {"components": {"copper": {"pocket": gap, "sources": sources}}}
    made = generate(component("copper", geometry, settings), 60_000, geometry, seed=2)
    inside = made.escape < 1
    assert inside.sum() > 300
    np.testing.assert_allclose(made.escape[inside], 0.4 * (1 - made.cos_min[inside]))
    w, z = np.meshgrid(np.linspace(0.05, 0.2, 501), np.linspace(0, 0.3, 501))
    expected = z / np.hypot(z, w)
    assert made.cos_min[inside].min() >= 0
    assert made.cos_min[inside].max() <= 0.3 / np.hypot(0.3, 0.05)
    n = inside.sum()
    assert made.cos_min[inside].mean() == pytest.approx(
        expected.mean(), abs=4 * expected.std() / np.sqrt(n)
    )
    np.testing.assert_array_equal(made.cos_min[~inside], -1)


def test_favoured_depths_of_a_gap_change_no_mean():
    """Twice the same decays, once with more of them deep in the gap: weighted, what leaves the gap
    has the same cones; deep ones weigh less, and only light from the gap has such weights."""
    geometry = geodesic_geometry()
    gap = {"gap_width_cm": [0.2, 0.4], "gap_depth_cm": [0.0, 0.1], "depth_cm": 0.1}
    means = []
    for bias in (0.0, 0.8):
        aimed = {name: {"importance": {"gap_bias": bias}} for name in ("thin", "middle", "deep")}
        settings = {"components": {"copper": {"pocket": gap, "sources": aimed}}}
        what = component("copper", geometry, settings)
        made = generate(what, 100_000, geometry, seed=5)
        of_source = [s.rate_per_day for s in what.sources] / np.array(shared(100_000, what.sources))
        cosine = np.full(len(made), -1.0)
        np.maximum.at(cosine, made.event, made.cos_min)
        here, nature = cosine >= 0, made.weight_per_day / of_source[made.source]
        np.testing.assert_allclose(nature[~here], 1.0)
        weight = made.weight_per_day[here]
        mean = np.average(cosine[here], weights=weight)
        spread = np.sqrt(np.sum(weight**2 * (cosine[here] - mean) ** 2)) / weight.sum()
        means.append((weight.sum(), np.sqrt(np.sum(weight**2)), mean, spread))
    (rate, rate_error, mean, error), (other, other_error, favoured, favoured_error) = means
    assert nature[here].min() == pytest.approx(1 / 1.8, rel=0.02)
    assert 2 < nature[here].max() <= 5
    assert other == pytest.approx(rate, abs=4 * np.hypot(rate_error, other_error))
    assert favoured == pytest.approx(mean, abs=4 * np.hypot(error, favoured_error))


@pytest.mark.parametrize(
    ("gap", "message"),
    [
        ({"gap_width_cm": [0.2, 0.1]}, r"pocket\.gap_width_cm: must be two numbers, 0 ≤ from ≤ to"),
        (
            {"gap_width_cm": [0, 0], "gap_depth_cm": [0, 0.1]},
            r"pocket\.gap_width_cm: must be > 0 where the gap has a depth",
        ),
    ],
)
def test_a_gap_that_is_none(gap, message):
    with pytest.raises(InputError, match=message):
        component("copper", geodesic_geometry(), {"components": {"copper": {"pocket": gap}}})
