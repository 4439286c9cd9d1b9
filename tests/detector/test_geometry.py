"""The XMASS-like geometry against its published figures, its symmetry, and a user's geometry from
CSV."""

import numpy as np
import pytest

from exonu.core.errors import InputError
from exonu.detector.geometry import ROUND, Geometry, geodesic_geometry
from exonu.detector.geometry_table import read_geometry, write_geometry
from exonu.detector.icosahedron import geodesic_directions, icosahedral_group, icosahedron


@pytest.fixture(scope="module")
def geometry():
    return geodesic_geometry()


def points_on_walls(geometry, n, rng):
    """Points of the walls, uniform in area: directions weighted by the area that they see, (r² /
    cos)."""
    directions = rng.normal(size=(40 * n, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    points = geometry.on_wall(directions)
    r2 = np.sum(points**2, axis=1)
    cosine = geometry.inradius_cm / np.sqrt(r2)
    weight = r2 / cosine
    return points[rng.random(len(points)) < weight / weight.max()][:n]


def windows_around(geometry, points):
    """Which windows contain each point, by the definition: inside three pairs of flats, or a
    circle."""
    distance = np.linalg.norm(points[:, None, :] - geometry.positions_cm, axis=2)
    found = distance < 2 * geometry.half_size_cm
    point, window = np.nonzero(found)
    offset = points[point] - geometry.positions_cm[window]
    axes = geometry.axes[window]
    u = np.einsum("nx,nx->n", offset, axes)
    v = np.einsum("nx,nx->n", offset, np.cross(geometry.normals[window], axes))
    along = [np.abs(np.cos(a) * u + np.sin(a) * v) for a in np.radians([0, 60, 120])]
    reach = np.where(geometry.window[window] == ROUND, np.hypot(u, v), np.max(along, axis=0))
    found[point, window] = reach <= geometry.half_size_cm[window]
    return found


def test_figures_of_the_detector(geometry):
    assert geometry.n_channels == 642
    assert np.count_nonzero(geometry.window == ROUND) == 12
    volume, area = geometry.volume_and_area
    assert volume * 2.89 / 1000 == pytest.approx(832, rel=1e-9)
    assert geometry.inradius_cm == pytest.approx(40.1, abs=0.05)
    assert volume == pytest.approx(
        geometry.inradius_cm * area / 3, rel=1e-9
    )  # all faces touch one sphere
    assert geometry.coverage == pytest.approx(0.624, rel=1e-9)
    assert 2 * geometry.half_size_cm[0] == pytest.approx(4.92, rel=0.01)
    assert len(geometry.face_normals) == 60


def test_five_fold_and_six_fold_sites(geometry):
    around = np.count_nonzero(geometry.neighbours >= 0, axis=1)
    np.testing.assert_array_equal(around == 5, geometry.window == ROUND)
    assert set(around) == {5, 6}
    for channel in (0, 100, 641):
        for neighbour in geometry.neighbours[channel][geometry.neighbours[channel] >= 0]:
            assert channel in geometry.neighbours[neighbour]


def test_windows_lie_on_walls_and_look_inwards(geometry):
    np.testing.assert_allclose(geometry.depth_cm(geometry.positions_cm), 0, atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(geometry.normals, axis=1), 1)
    assert np.all(np.einsum("cx,cx->c", geometry.normals, geometry.positions_cm) < 0)


def test_coverage_measured_with_points_on_the_walls(geometry):
    points = points_on_walls(geometry, 15_000, np.random.default_rng(2))
    containing = np.concatenate(
        [windows_around(geometry, part).sum(axis=1) for part in np.split(points, 15)]
    )
    assert containing.max() == 1
    assert containing.mean() == pytest.approx(0.624, abs=4 * np.sqrt(0.624 * 0.376 / len(points)))


def test_symmetry_is_a_group_of_120(geometry):
    group = icosahedral_group()
    assert group.shape == (120, 3, 3)
    np.testing.assert_allclose(group[0], np.eye(3), atol=1e-12)
    np.testing.assert_allclose(
        np.einsum("gxy,gzy->gxz", group, group), np.tile(np.eye(3), (120, 1, 1)), atol=1e-12
    )
    assert np.count_nonzero(np.linalg.det(group) > 0) == 60
    products = np.einsum("axy,byz->abxz", group, group).reshape(-1, 9)
    assert len(np.unique(products.round(6) + 0.0, axis=0)) == 120


def test_permutations_represent_the_group(geometry):
    permutations, group = geometry.permutations, geometry.symmetry
    np.testing.assert_array_equal(np.sort(permutations, axis=1), np.tile(np.arange(642), (120, 1)))
    for a, b in np.random.default_rng(3).integers(120, size=(20, 2)):
        c = np.argmin(np.abs(group - group[a] @ group[b]).max(axis=(1, 2)))
        np.testing.assert_array_equal(permutations[c], permutations[a][permutations[b]])


def test_symmetry_maps_windows_with_their_orientation(geometry):
    """The image of a hexagon's side is a side: angles agree modulo 60°."""
    cross = np.cross(geometry.normals, geometry.axes)
    hexagons = np.flatnonzero(geometry.window != ROUND)
    for g in range(0, 120, 7):
        image = geometry.permutations[g, hexagons]
        np.testing.assert_allclose(
            geometry.normals[image], geometry.normals[hexagons] @ geometry.symmetry[g].T, atol=1e-9
        )
        turned = geometry.axes[hexagons] @ geometry.symmetry[g].T
        u, v = np.sum(turned * geometry.axes[image], axis=1), np.sum(turned * cross[image], axis=1)
        np.testing.assert_allclose(np.cos(6 * np.arctan2(v, u)), 1, atol=1e-9)


@pytest.mark.parametrize("frequency", [1, 2, 5, 8])
def test_geodesic_directions(frequency):
    directions = geodesic_directions(frequency)
    assert len(directions) == 10 * frequency**2 + 2
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1)
    assert np.all(np.diff(directions[:, 2]) < 1e-8)


def test_icosahedron():
    vertices, faces = icosahedron()
    assert vertices.shape == (12, 3)
    assert faces.shape == (20, 3)


def test_geometry_survives_its_tables(geometry, tmp_path):
    write_geometry(geometry, tmp_path / "channels.csv", tmp_path / "walls.csv")
    again = read_geometry(tmp_path / "channels.csv", tmp_path / "walls.csv")
    np.testing.assert_allclose(again.positions_cm, geometry.positions_cm, rtol=1e-8, atol=1e-8)
    sixth = np.einsum("cx,cx->c", again.axes, geometry.axes)[
        geometry.window != ROUND
    ]  # the same side of the hexagon, or another
    np.testing.assert_allclose(np.cos(6 * np.arccos(np.clip(sixth, -1, 1))), 1, atol=1e-6)
    assert again.coverage == pytest.approx(geometry.coverage, rel=1e-6)
    assert again.symmetry.shape == (1, 3, 3)


CUBE = """channel,x_cm,y_cm,z_cm,normal_x,normal_y,normal_z,round,half_size_cm
0,10,0,0,-1,0,0,1,4
1,-10,0,0,1,0,0,1,4
2,0,10,0,0,-1,0,1,4
3,0,-10,0,0,1,0,1,4
5,0,0,-10,0,0,2,0,4
4,0,0,10,0,0,-1,0,4
"""


def test_a_cube_from_its_windows_alone(tmp_path):
    (tmp_path / "cube.csv").write_text(CUBE)
    cube = read_geometry(tmp_path / "cube.csv")
    assert cube.volume_and_area == pytest.approx((8000, 2400))
    assert cube.positions_cm[5].tolist() == [0, 0, -10]
    np.testing.assert_allclose(np.linalg.norm(cube.normals, axis=1), 1)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("5,0,0,-10", "7,0,0,-10", "channel: must be the numbers 0, 1, 2"),
        ("0,0,2,0,4", "0,0,0,0,4", "normal of row 5: is a vector of length 0"),
        ("0,0,2,0,4", "0,0,2,3,4", r"round: must be 1 \(round\) or 0"),
        ("0,0,2,0,4", "0,0,2,0,-4", "half_size_cm: must be > 0"),
        ("0,0,2,0,4", "0,0,-2,0,4", "walls: do not enclose the origin"),
        ("5,0,0,-10", "5,30,0,-10", r"channel \d: is .* cm inside the wall"),
        ("5,0,0,-10,0,0,2,0,4", "5,0,10,5,0,-1,0,1,4", "walls: leave the detector open"),
    ],
)
def test_messages_of_bad_tables(tmp_path, old, new, message):
    assert old in CUBE
    (tmp_path / "cube.csv").write_text(CUBE.replace(old, new))
    with pytest.raises(InputError, match=message):
        read_geometry(tmp_path / "cube.csv")


def test_a_window_that_looks_outwards(tmp_path):
    (tmp_path / "cube.csv").write_text(CUBE.replace("0,0,2,0,4", "0,0,-2,0,4"))
    walls = "normal_x,normal_y,normal_z,offset_cm\n" + "".join(
        f"{x},{y},{z},10\n" for x, y, z in np.vstack([np.eye(3), -np.eye(3)]).astype(int)
    )
    (tmp_path / "walls.csv").write_text(walls)
    with pytest.raises(InputError, match="channel 5: looks outwards"):
        read_geometry(tmp_path / "cube.csv", tmp_path / "walls.csv")


def test_wrong_symmetry_is_noticed(geometry):
    tilted = np.array([np.eye(3), [[0, -1, 0], [1, 0, 0], [0, 0, 1]]])
    broken = Geometry(
        **{**{f: getattr(geometry, f) for f in Geometry.__dataclass_fields__}, "symmetry": tilted}
    )
    with pytest.raises(ValueError, match="does not map"):
        _ = broken.permutations
