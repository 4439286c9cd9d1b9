"""Light from tables: what is near, what is tabulated, and events that are drawn, beside traced ones."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import light_closure as lab
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ks_2samp
from simulated_analysis import inputs_of, job

from exonu.core.errors import InputError
from exonu.detector.model import Detector
from exonu.events.raw.raw_events import read_raw
from exonu.events.runs.simulation_settings import (
    light_tables_settings,
    light_tables_used,
    raw_is_temporary,
)
from exonu.simulation.light.photons import LightSources
from exonu.simulation.light.tracer import trace
from exonu.simulation.light_tables.arrival_times import (
    DELAYS,
    FIRST_DELAY_NS,
    LARGEST_LOGIT,
    QUANTILES,
    STEP_NS,
    quantiles_ns,
)
from exonu.simulation.light_tables.draw_kernels import corner_weights, layer_of
from exonu.simulation.light_tables.drawing import Drawing
from exonu.simulation.light_tables.near_light import near_light, near_share, nearest_face
from exonu.simulation.light_tables.nodes import domain_keys, layer_points, nodes_of
from exonu.simulation.light_tables.table_making import (
    TableSize,
    build_light_tables,
    make_light_tables,
)
from exonu.simulation.light_tables.table_set import LightTables
from exonu.simulation.simulate_raw import Simulation, simulate
from exonu.steps._step import call
from exonu.steps.events import light_tables as light_tables_step

DETECTOR = Detector.from_settings()
GEOMETRY = DETECTOR.geometry
SMALL = TableSize(frequency=16, depths_cm=(0.001, 0.5, 1.5, 3.0, 5.0), photons=8000)


@cache
def drawing() -> Drawing:
    """Coarse tables, a second of tracing."""
    return Drawing(DETECTOR, build_light_tables(DETECTOR, SMALL, seed=9))


def at(points: np.ndarray, energy_keV: float, seed: int = 1) -> LightSources:
    return lab.sources(drawing(), points, energy_keV, seed)


# -- nodes


def test_every_direction_is_in_a_triangle_of_the_nodes() -> None:
    nodes, tables = nodes_of(GEOMETRY, 16), drawing()._kernel_tables
    random = np.random.default_rng(3)
    directions = random.normal(size=(3000, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    turn = np.argmax(directions @ domain_keys(GEOMETRY).T, axis=1)
    folded = np.einsum("nxy,ny->nx", GEOMETRY.symmetry[turn], directions)
    weights = np.empty((len(folded), 3))
    triangles = [
        corner_weights(*direction, tables, w) for direction, w in zip(folded, weights, strict=True)
    ]
    middles = np.einsum("nc,ncx->nx", weights, nodes.directions[nodes.triangles[triangles]])
    assert weights.min() >= 0
    middles /= np.linalg.norm(middles, axis=1, keepdims=True)
    np.testing.assert_allclose(middles, folded, atol=1e-9)


def test_nodes_are_images_of_those_that_are_traced() -> None:
    nodes = nodes_of(GEOMETRY, 16)
    images = np.einsum(
        "nxy,ny->nx",
        GEOMETRY.symmetry[nodes.element],
        nodes.directions[nodes.domain][nodes.representative],
    )
    np.testing.assert_allclose(images, nodes.directions, atol=1e-9)


@given(st.floats(0.0, 6.0))
def test_layers_are_as_deep_as_they_say(depth: float) -> None:
    directions = lab.points_at(GEOMETRY, lab.WALL, 0.0, 50, 3)
    directions = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    points = layer_points(GEOMETRY, directions, depth)
    np.testing.assert_allclose(GEOMETRY.depth_cm(points), depth, atol=1e-9)
    depths = np.array(SMALL.depths_cm)
    layer, below = layer_of(depth, depths)
    expected = np.clip(depth, depths[0], depths[-1])
    assert (1 - below) * depths[layer] + below * depths[layer + 1] == pytest.approx(expected)


# -- near light


@given(st.floats(0, 20), st.floats(0, 20))
def test_less_of_the_light_is_near_from_farther_away(one: float, other: float) -> None:
    near = np.array([5.0, 12.0])
    low, high = near_share(max(one, other), near), near_share(min(one, other), near)
    assert 0 <= low <= high <= 1


def test_near_light_is_what_photons_do_that_meet_the_wall_first() -> None:
    """Against a plain loop over photons: the first wall, its window, what that takes."""
    from exonu.detector.random_numbers import start_stream
    from exonu.detector.transport import distance_to_wall, window_absorbs, window_at

    tables, medium, walls = drawing()._kernel_tables, DETECTOR.medium, DETECTOR.walls
    stream, rays = np.empty(2, np.uint64), np.empty((512, 3))
    start_stream(stream, 4, 1)
    lost = 1 / medium.absorption_cm + 1 / medium.rayleigh_cm
    random = np.random.default_rng(8)
    for kind, depth in ((lab.EDGE, 0.4), (lab.FIVE_FOLD, 1.0), (lab.COPPER, 2.0)):
        (point,) = lab.points_at(GEOMETRY, kind, depth, 1, 5)
        ways = random.normal(size=(5000, 3))
        ways /= np.linalg.norm(ways, axis=1, keepdims=True)
        expected, copper, windows, totally = np.zeros(642), 0.0, 0.0, 0.0
        for way in ways:
            to_wall, face = distance_to_wall(*point, *way, walls)
            share = near_share(to_wall, tables.near) * np.exp(-to_wall * lost)
            channel = window_at(*(point + to_wall * way), face, walls)
            if channel < 0:
                copper += share * medium.copper_albedo
                continue
            takes = window_absorbs(
                way @ walls.planes[face, :3], medium.n_ratio, medium.photocathode_reflectance
            )
            expected[channel] += share * takes
            windows += share * (1 - takes) * (takes > 0)
            totally += share * (takes == 0)
        found, reflected, by = np.zeros(642), np.zeros(3), np.empty(3)
        for _ in range(100):
            n = near_light(
                *point,
                nearest_face(*point, walls),
                tables.points,
                400,
                tables.near,
                tables.absorbs,
                medium,
                walls,
                stream,
                rays,
                by,
            )
            found += np.bincount(rays[:n, 0].astype(int), weights=rays[:n, 1], minlength=642) / 100
            reflected += by / 100
        error = 4 * np.sqrt(expected + 1) / len(ways)
        assert np.all(np.abs(found - expected / len(ways)) < error)
        assert reflected == pytest.approx(
            np.array([copper, windows, totally]) / len(ways), abs=0.02
        )


# -- times


def test_quantiles_are_those_of_draws() -> None:
    from exonu.detector.random_numbers import start_stream
    from exonu.simulation.light.tracer import pulse_of
    from exonu.simulation.light.tracer_kernel import delay

    counts = np.zeros(DELAYS)
    counts[[round((lag - FIRST_DELAY_NS) / STEP_NS) for lag in (0, 8)]] = 3, 1
    times = quantiles_ns(counts, DETECTOR)
    stream, pulse = np.empty(2, np.uint64), pulse_of(DETECTOR)
    start_stream(stream, 1, 2)
    slowest = float(max(DETECTOR.scintillation.slow_time_ns))
    lag = np.random.default_rng(1).choice([0, 8], 40_000, p=[0.75, 0.25])
    drawn = np.array([delay(slowest, pulse, stream) for _ in lag]) + lag
    logits = np.linspace(-LARGEST_LOGIT, LARGEST_LOGIT, QUANTILES)
    for share in (0.02, 0.2, 0.5, 0.9, 0.99):
        at_time = np.interp(np.log(share / (1 - share)), logits, times[-1])
        below = np.mean(drawn < at_time)
        assert below == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / len(drawn)))


# -- events


def test_drawn_events_resemble_traced_ones() -> None:
    """With coarse tables; `test_tables_close` has fine ones and narrow limits."""
    for depth in (0.05, 0.7, 2.5):
        light = at(lab.points_at(GEOMETRY, lab.WALL, depth, 400, 4), 60.0)
        ids = np.arange(400)
        traced, drawn = trace(light, DETECTOR, 1, ids), drawing()(light, 2, ids)
        sums = [np.add.reduceat(hits.charge, hits.offsets[:-1]) for hits in (traced, drawn)]
        assert sums[1].mean() == pytest.approx(sums[0].mean(), rel=0.02)
        assert sums[1].std() == pytest.approx(sums[0].std(), rel=0.15)
        shares = [
            np.maximum.reduceat(hits.charge, hits.offsets[:-1]) / pe
            for hits, pe in zip((traced, drawn), sums, strict=True)
        ]
        assert ks_2samp(*shares).pvalue > 1e-3
        assert drawn.time.std() == pytest.approx(traced.time.std(), rel=0.03)
        assert drawn.triggered.all()


def test_the_same_bytes_for_any_threads_and_order() -> None:
    light = at(lab.points_at(GEOMETRY, lab.WALL, 0.3, 300, 4), 40.0)
    ids = np.arange(300) + 7
    one = drawing()(light, 5, ids)
    two = drawing()(light, 5, ids, threads=2)
    for name in ("offsets", "channel", "charge", "time", "triggered"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    some = np.zeros(300, dtype=bool)
    some[[250, 3, 77]] = True
    few = drawing()(light.of_events(some), 5, ids[some])
    for k, e in enumerate(np.flatnonzero(some)):
        mine, theirs = slice(*few.offsets[k : k + 2]), slice(*one.offsets[e : e + 2])
        np.testing.assert_array_equal(few.charge[mine], one.charge[theirs])
        np.testing.assert_array_equal(few.time[mine], one.time[theirs])


def test_dead_channels_change_no_others() -> None:
    light = at(lab.points_at(GEOMETRY, lab.WALL, 0.3, 50, 4), 40.0)
    dead = np.zeros(642, dtype=bool)
    dead[::9] = True
    whole, some = drawing()(light, 5, np.arange(50)), drawing()(light, 5, np.arange(50), dead=dead)
    np.testing.assert_array_equal(whole.charge[~dead[whole.channel]], some.charge)
    assert not dead[some.channel].any()


def test_what_tables_do_not_hold_is_traced_in_the_same_event() -> None:
    """A cone, Cherenkov light, and a place deep in the liquid; the last is a photon's business."""
    point = lab.points_at(GEOMETRY, lab.WALL, 0.3, 1, 4)
    light = at(np.concatenate([point] * 3 + [point * 0.5]), 40.0)
    light = replace(
        light,
        event=np.zeros(4, dtype=np.int64),
        cos_min=np.array([-1.0, 0.5, -1.0, -1.0]),
        energy_keV=np.array([40.0, 40.0, 0.0, 40.0]),
        axis=np.tile(-point / np.linalg.norm(point), (4, 1)),
    )
    assert drawing().is_tabled(light).tolist() == [True, False, False, False]
    drawn, traced = (
        np.mean([made(light, k).charge.sum() for k in range(40)])
        for made in (
            lambda light, k: drawing()(light, k, np.array([k])),
            lambda light, k: trace(light, DETECTOR, k, np.array([k])),
        )
    )
    assert drawn == pytest.approx(traced, rel=0.02)


def test_an_event_without_light_has_no_hits() -> None:
    light = replace(
        at(lab.points_at(GEOMETRY, lab.WALL, 0.3, 2, 4), 40.0), photoelectrons=np.zeros(2)
    )
    hits = drawing()(light, 1, np.arange(2))
    assert hits.offsets.tolist() == [0, 0, 0]
    assert not hits.triggered.any()


# -- folders, settings, files


def test_tables_of_any_number_of_threads_are_the_same_and_come_back_from_disk(tmp_path) -> None:
    size = TableSize(frequency=6, depths_cm=(0.001, 3.0), photons=300)
    made = [build_light_tables(DETECTOR, size, seed=2, threads=threads) for threads in (1, 2)]
    made[0].save(tmp_path / "tables")
    made.append(LightTables.load(tmp_path / "tables"))
    for other in made[1:]:
        for name in ("rest", "reflected", "times_ns", "depths_cm"):
            np.testing.assert_array_equal(getattr(made[0], name), getattr(other, name))
    (tmp_path / "tables" / "rest.npy").write_bytes(b"half")
    with pytest.raises(InputError, match="not a complete set of light tables"):
        LightTables.load(tmp_path / "tables")


def tabled(content) -> None:
    content["simulation"]["streams"]["physics"]["light_from_tables_above_keV"] = {"surface": 15}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    return inputs_of(tmp_path_factory.mktemp("tabled"), tabled)


@pytest.fixture(scope="module")
def tables(inputs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables") / "truth"
    settings = light_tables_settings(inputs, 1, "truth")
    make_light_tables(settings, folder, size=SMALL)
    return folder


def test_only_the_asked_for_events_of_a_run_are_drawn(inputs, tables, tmp_path) -> None:
    """All others are traced, byte for byte as without tables."""
    settings = job(inputs, run=1)
    simulate(settings, tmp_path / "drawn.root", light_tables=tables)
    plain = settings | {"stream": settings["stream"] | {"light_from_tables_above_keV": {}}}
    simulate(plain, tmp_path / "traced.root")
    (drawn,), (traced,) = (
        list(read_raw(tmp_path / f"{name}.root")) for name in ("drawn", "traced")
    )
    np.testing.assert_array_equal(drawn.time_s, traced.time_s)
    surface = [what.name for what in Simulation.of(plain).components].index("surface")
    same = np.array(
        [
            np.array_equal(
                drawn.charge[slice(*drawn.offsets[e : e + 2])],
                traced.charge[slice(*traced.offsets[e : e + 2])],
            )
            for e in range(len(drawn))
        ]
    )
    assert same[traced.component != surface].all()
    assert same[traced.true_energy_keV < 15].all()  # nothing is brighter than its energy
    bright = (traced.component == surface) & (traced.true_energy_keV > 15)
    assert bright.sum() > 20
    assert not same[bright].any()


def test_tables_that_are_missing_or_of_another_detector_are_named(inputs, tables) -> None:
    settings = job(inputs, run=1)
    with pytest.raises(InputError, match="asks for light from tables, and none are given"):
        Simulation.of(settings)
    other = settings | {"detector": {"optics": {"absorption_cm": 300}}}
    with pytest.raises(InputError, match="of another detector: `detector` differs"):
        Simulation.of(other, tables)
    short = Detector.from_settings({"electronics": {"charge_window_ns": 200}})
    with pytest.raises(InputError, match="is 200 ns, and light from tables needs 470 ns"):
        Drawing(short, drawing().tables)
    few = replace(drawing().tables, rest=drawing().tables.rest[..., :600])
    with pytest.raises(InputError, match="have 600 channels, the detector has 642"):
        Drawing(DETECTOR, few)


def test_only_runs_and_samples_that_ask_for_tables_wait_for_them(inputs) -> None:
    assert light_tables_used(inputs, run=1) == "truth"
    assert light_tables_used(inputs, run=9) is None
    assert light_tables_used(inputs, sample="surface") is None


def test_raw_files_stay_unless_the_settings_say_so(inputs, tmp_path) -> None:
    def change(content):
        content["simulation"]["keep_raw"] = False

    assert not raw_is_temporary(inputs)
    assert raw_is_temporary(inputs_of(tmp_path, change))


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("streams", "physics"), {"pmt": 30}, "has no 'pmt'"),
        (("samples", "surface"), {"copper": 30}, "has no 'copper'"),
        (("samples", "both-dark"), {"surface": 30}, "the sample is of the variation dark"),
        (("streams", "physics"), {"surface": -1}, "light_from_tables_above_keV"),
    ],
)
def test_settings_that_make_no_sense_are_named(place, value, message, tmp_path) -> None:
    def change(content):
        content["simulation"][place[0]][place[1]]["light_from_tables_above_keV"] = value

    with pytest.raises(InputError, match=message):
        inputs_of(tmp_path, change)


def test_the_step_makes_a_folder(inputs, tmp_path, monkeypatch) -> None:
    from exonu.core.files import canonical_json

    monkeypatch.setattr(
        light_tables_step,
        "make_light_tables",
        lambda given, output, threads: make_light_tables(
            given,
            output,
            threads=threads,
            size=TableSize(frequency=6, depths_cm=(0.001, 3.0), photons=100),
        ),
    )
    words = ["--settings", canonical_json(light_tables_settings(inputs, 1, "nominal"))]
    call(light_tables_step.main, [*words, "--output", str(tmp_path / "made")])
    assert LightTables.load(tmp_path / "made").settings["seed"] == 1
    assert not list(Path(tmp_path).glob(".made*"))
