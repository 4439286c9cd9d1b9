"""The light map: symmetry, truth of its numbers, gain of the smoothing, same bytes, files."""

import numpy as np
import pytest

from exonu.core.errors import InputError
from exonu.detector.geometry import geodesic_geometry
from exonu.detector.geometry_table import read_geometry
from exonu.detector.light_map import light_map
from exonu.detector.light_map.light_map import LightMap, build_light_map
from exonu.detector.light_map.vertices import shell_vertices, stabiliser
from exonu.detector.model import Detector
from exonu.detector.optics import LightMapSettings

SMALL = LightMapSettings(
    shells=8,
    outer_frequency=14,
    outer_radius=0.995,
    photons_per_vertex=20_000,
    smoothing_vertices=40,
)


@pytest.fixture(scope="module")
def detector():
    return Detector.from_settings()


@pytest.fixture(scope="module")
def small(detector):
    return build_light_map(detector, SMALL, seed=1)


def test_vertices_are_orbits_on_scaled_walls():
    geometry = geodesic_geometry()
    vertices = shell_vertices(geometry, 3, 9, 0.9)
    np.testing.assert_array_equal(np.diff(vertices.shell_offsets), [1, 92, 362, 812])
    images = np.einsum(
        "vxy,vy->vx",
        geometry.symmetry[vertices.element],
        vertices.representatives_cm[vertices.representative],
    )
    np.testing.assert_allclose(images, vertices.positions_cm, atol=1e-9)
    assert len(np.unique(vertices.positions_cm.round(6), axis=0)) == len(vertices.positions_cm)
    assert len(vertices.representatives_cm) < len(vertices.positions_cm) / 40
    outer = vertices.positions_cm[vertices.shell_offsets[-2] :]
    np.testing.assert_allclose(geometry.depth_cm(outer), 0.1 * geometry.inradius_cm)
    for point, count in zip(
        vertices.representatives_cm, np.bincount(vertices.representative), strict=True
    ):
        assert count * len(stabiliser(point, geometry.symmetry)) == 120


def test_every_image_of_a_vertex_has_the_same_pattern(detector, small):
    """For all elements of the group: the row at g x is the row at x with the channels permuted."""
    geometry = detector.geometry
    rng = np.random.default_rng(2)
    for row in rng.integers(len(small.positions_cm), size=30):
        g = int(rng.integers(120))
        image = np.argmin(
            np.sum(
                (small.positions_cm - geometry.symmetry[g] @ small.positions_cm[row]) ** 2, axis=1
            )
        )
        np.testing.assert_allclose(
            small.log_probability[image, geometry.permutations[g]],
            small.log_probability[row],
            atol=1e-5,
        )
        assert small.light_yield[image] == small.light_yield[row]


@pytest.mark.parametrize("row", [0, 400, 3000, -1])
def test_the_map_is_what_photons_do(detector, small, row):
    photons = 400_000
    counts = detector.count_fates(small.positions_cm[[row]], photons, seed=77)[0, :642]
    pattern = np.exp(small.log_probability[row])
    total = small.light_yield[row] * small.collection_at_centre
    assert counts.sum() / photons == pytest.approx(
        total, abs=5 * np.sqrt(total * (1 - total) / SMALL.photons_per_vertex)
    )
    difference = np.log(counts / counts.sum()) - np.log(pattern / pattern.sum())
    information = np.sum(counts * difference**2) / counts.sum()
    assert information < 0.6 * 642 / (total * SMALL.photons_per_vertex)  # raw counts have 1.0 of it


def test_smoothing_gains_everywhere(detector):
    """Error of log p, weighted with p, against a long trace: less than without, in the bulk and at
    the wall."""
    geometry = detector.geometry
    vertices = shell_vertices(geometry, SMALL.shells, SMALL.outer_frequency, SMALL.outer_radius)
    counts = light_map._traced(detector, vertices, 20_000, 3, 1, None)
    raw = np.log((counts + 0.5) / 20_000)
    smooth = light_map._smoothed(raw, counts, vertices, geometry, 40)
    radius = np.linalg.norm(vertices.representatives_cm, axis=1)
    for row in (
        np.argmin(np.abs(radius - 15)),
        np.argmin(np.abs(radius - 36)),
        len(radius) - 1,
        len(radius) - 9,
    ):
        truth = detector.count_fates(vertices.representatives_cm[[row]], 600_000, seed=4)[0, :642]
        share = truth / truth.sum()

        def error(log_p, share=share):
            difference = log_p - np.log(share)
            return share @ (difference - share @ difference) ** 2

        assert error(smooth[row]) < 0.75 * error(raw[row])


def test_quadratic_hat_is_exact_for_quadratics():
    offsets = np.random.default_rng(1).normal(size=(27, 3))
    hat = light_map._quadratic_hat(offsets)
    x, y, z = offsets.T
    values = 1 + 2 * x - y + 0.3 * z * x - y * y + 0.5 * z * z
    np.testing.assert_allclose(hat @ values, values, atol=1e-9)
    assert np.trace(hat) == pytest.approx(10)


def test_same_bytes_for_any_number_of_threads(detector):
    tiny = LightMapSettings(
        shells=3,
        outer_frequency=4,
        outer_radius=0.9,
        photons_per_vertex=2000,
        smoothing_vertices=20,
    )
    one, two = (build_light_map(detector, tiny, seed=5, threads=threads) for threads in (1, 2))
    assert one.log_probability.tobytes() == two.log_probability.tobytes()
    other = build_light_map(detector, tiny, seed=6)
    assert one.log_probability.tobytes() != other.log_probability.tobytes()


def test_progress_counts_the_traced_vertices(detector):
    tiny = LightMapSettings(
        shells=2, outer_frequency=2, outer_radius=0.9, photons_per_vertex=100, smoothing_vertices=1
    )
    steps = []
    build_light_map(detector, tiny, seed=5, progress=steps.append)
    vertices = shell_vertices(detector.geometry, 2, 2, 0.9)
    assert sum(steps) == len(vertices.representatives_cm)


def test_neighbours_are_the_nearest_vertices(small):
    """By distances to all: the vertex itself is none of them, and nearer ones stand first."""
    positions = small.positions_cm
    assert small.neighbours.shape == (len(positions), light_map.NEIGHBOURS)
    for row in (0, 5, len(positions) - 1):
        distance = np.linalg.norm(positions - positions[row], axis=1)
        assert row not in small.neighbours[row]
        np.testing.assert_allclose(
            distance[small.neighbours[row]], np.sort(distance)[1 : light_map.NEIGHBOURS + 1]
        )


def test_files(small, tmp_path):
    small.save(tmp_path / "map", {"seed": 1})
    again = LightMap.load(tmp_path / "map")
    assert isinstance(again.log_probability, np.memmap)
    assert not again.log_probability.flags.writeable
    assert again.collection_at_centre == small.collection_at_centre
    for name in light_map._ARRAYS:
        np.testing.assert_array_equal(getattr(again, name), getattr(small, name))
    assert again.shell(0) == slice(0, 1)
    assert again.shell(-1).stop == len(again.positions_cm)
    (tmp_path / "map" / "light_yield.npy").unlink()
    with pytest.raises(InputError, match="is not a complete light map"):
        LightMap.load(tmp_path / "map")
    with pytest.raises(InputError, match=r"light_map\.json: cannot be read"):
        LightMap.load(tmp_path / "nothing")


def test_centre(small):
    assert small.light_yield[0] == 1
    centre = np.exp(small.log_probability[0])
    assert (
        centre.max() / centre.min() < 1.45
    )  # windows differ by their distance and their tilt only


def test_a_detector_without_symmetry(tmp_path):
    rows = [(*(10 * n), *(-n), 1, 4) for n in np.vstack([np.eye(3), -np.eye(3)])]
    table = "channel,x_cm,y_cm,z_cm,normal_x,normal_y,normal_z,round,half_size_cm\n"
    table += "".join(f"{c}," + ",".join(f"{x:g}" for x in row) + "\n" for c, row in enumerate(rows))
    (tmp_path / "cube.csv").write_text(table)
    cube = Detector.from_settings(geometry=read_geometry(tmp_path / "cube.csv"))
    settings = LightMapSettings(
        shells=4,
        outer_frequency=4,
        outer_radius=0.95,
        photons_per_vertex=3000,
        smoothing_vertices=27,
    )
    traced = build_light_map(cube, settings, seed=1)
    assert traced.log_probability.shape == (1 + 12 + 42 + 92 + 162, 6)
    for channel, window in enumerate(cube.geometry.positions_cm):
        in_front = np.argmin(np.sum((traced.positions_cm - window) ** 2, axis=1))
        assert np.argmax(traced.log_probability[in_front]) == channel
