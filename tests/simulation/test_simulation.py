"""Simulated runs and samples: rates, weights, dead photomultipliers, calibration, pairs,
reproducibility, memory."""

import tracemalloc

import numpy as np
import pytest
from simulated_analysis import DEAD, inputs_of, job

from exonu.detector.geometry import geodesic_geometry
from exonu.events.ingest import ingest
from exonu.events.raw.raw_events import read_events, read_raw
from exonu.events.raw.root_files import read_metadata
from exonu.events.runs.simulation_settings import light_map_settings
from exonu.simulation import blocks as simulation_blocks
from exonu.simulation.blocks import OuterPrescale, run_blocks, sample_blocks
from exonu.simulation.components import component, injected
from exonu.simulation.generation.generate import ALL_ENERGIES, generate_source
from exonu.simulation.simulate_raw import Simulation, simulate
from exonu.simulation.weighting import AS_DRAWN, Thinning, Weighting
from exonu.steps._step import call
from exonu.steps.events import light_map as light_map_step
from exonu.steps.events import simulate as simulate_step

GEOMETRY = geodesic_geometry()
NEUTRON = component("lxe-neutron", GEOMETRY)


def events_of(settings, **options):
    """All events of a simulation in one list of arrays."""
    chunks = list(Simulation.of(settings).events(**options))
    columns = {
        name: np.concatenate([getattr(chunk, name) for chunk in chunks])
        for name in (
            "event",
            "time_s",
            "trigger",
            "channel",
            "charge",
            "time",
            "true_energy_keV",
            "component",
        )
    }
    columns["n_hits"] = np.concatenate([chunk.n_hits for chunk in chunks])
    columns["true_xyz_cm"] = np.concatenate([chunk.true_xyz_cm for chunk in chunks])
    if chunks[0].weight is not None:
        columns["weight"] = np.concatenate([chunk.weight for chunk in chunks])
    return columns


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    return inputs_of(tmp_path_factory.mktemp("analysis"))


@pytest.fixture(scope="module")
def run(inputs):
    return events_of(job(inputs, run=1))


@pytest.fixture(scope="module")
def baseline(inputs):
    return events_of(job(inputs, sample="both"))


def test_a_run_has_the_events_of_its_live_time():
    """Twice the listed activity for 20 days."""
    blocks = run_blocks(
        [NEUTRON], 20 * 86400.0, GEOMETRY, 1, factors={"lxe-neutron": 2.0}, window_keV=(0, 1e6)
    )
    expected = 40 * NEUTRON.rate_per_day
    assert sum(len(block.deposits) for block in blocks) == pytest.approx(
        expected, abs=4 * expected**0.5
    )


def test_components_of_a_run_have_their_rates(inputs):
    settings = job(inputs, run=1)
    alone = 0.0
    for name in ("lxe-neutron", "surface"):
        one = settings | {
            "stream": settings["stream"] | {"components": [name]},
            "run": settings["run"] | {"live_time_s": 20 * 86400},
        }
        one["factors"] = {"lxe-neutron": 2.0} if name == "lxe-neutron" else {}
        alone += sum(len(block.deposits) for block in Simulation.of(one).blocks()) / 20
    made = sum(len(block.deposits) for block in Simulation.of(settings).blocks())
    assert made == pytest.approx(alone, abs=4 * alone**0.5)


def test_a_run_is_ordered_in_time_and_numbered(run):
    assert np.all(np.diff(run["time_s"]) > 0)
    assert 0 < run["time_s"][0] < 86400 / 10
    assert 0.9 * 86400 < run["time_s"][-1] < 86400
    assert run["event"].tolist() == list(range(len(run["event"])))


def test_events_of_a_run_have_triggered_and_no_weight(run):
    assert set(run["trigger"].tolist()) == {1}
    assert "weight" not in run


def test_time_goes_on_through_the_stretches_of_a_run(monkeypatch):
    monkeypatch.setattr(simulation_blocks, "DECAYS_PER_BLOCK", 100)
    blocks = list(run_blocks([NEUTRON], 5 * 86400.0, GEOMETRY, 1, factors={}, window_keV=(0, 1e6)))
    time_s = np.concatenate([block.time_s for block in blocks])
    assert len(blocks) == 7
    assert np.all(np.diff(time_s) > 0)
    assert np.histogram(time_s, 7, (0, 5 * 86400.0))[0].tolist() == [
        len(block.deposits) for block in blocks
    ]
    expected = 5 * NEUTRON.rate_per_day
    assert len(time_s) == pytest.approx(expected, abs=4 * expected**0.5)
    assert len({block.deposits.origin_cm[0, 0] for block in blocks}) == 7  # not the same again
    assert sum(block.decays for block in blocks) == round(expected)


def test_a_run_takes_longer_than_its_live_time():
    blocks = run_blocks(
        [NEUTRON], 8e5, GEOMETRY, 1, factors={}, window_keV=(0, 1e6), live_fraction=0.5
    )
    time_s = np.concatenate([block.time_s for block in blocks])
    assert time_s.max() == pytest.approx(1.6e6, rel=0.02)
    assert len(time_s) == pytest.approx(NEUTRON.rate_per_day * 1.6e6 / 86400, rel=0.1)


def test_a_prescaled_stream_keeps_one_in_so_many():
    blocks = run_blocks([NEUTRON], 8e7, GEOMETRY, 1, factors={}, window_keV=(0, 1e6), prescale=50.0)
    expected = NEUTRON.rate_per_day * 8e7 / 86400 / 50
    assert sum(len(block.deposits) for block in blocks) == pytest.approx(
        expected, abs=4 * expected**0.5
    )


def test_dead_photomultipliers_record_nothing_in_a_run_and_live_in_samples(run, baseline):
    assert not np.isin(run["channel"], DEAD).any()
    assert set(DEAD) < set(baseline["channel"].tolist())
    assert len(set(run["channel"].tolist())) == 642 - len(DEAD)


def test_an_injected_signal_comes_in_addition(tmp_path):
    signal = {"interaction": "magnetic-moment", "strength": 1e-9}

    def change(content):
        content["simulation"]["truth"]["injected"] = signal
        content["simulation"]["streams"]["physics"]["window_keV"] = [0, 1e6]

    inputs = inputs_of(tmp_path, change)
    simulation = Simulation.of(job(inputs, run=1))
    component = np.concatenate([block.component for block in simulation.blocks()])
    expected = injected(GEOMETRY, **signal).rate_per_day
    assert [what.name for what in simulation.components] == ["lxe-neutron", "surface", "injected"]
    assert np.sum(component == 2) == pytest.approx(expected, abs=4 * expected**0.5)
    assert "injected" not in [what.name for what in Simulation.of(job(inputs, run=9)).components]


def test_weights_of_a_sample_add_up_to_the_rate(tmp_path):
    def change(content):
        content["simulation"]["samples"]["both"]["window_keV"] = [0, 1e6]

    settings = job(inputs_of(tmp_path, change), sample="both")
    deposits = [
        (block.component, block.deposits.weight_per_day)
        for block in Simulation.of(settings).blocks()
    ]
    component, weight = (np.concatenate(parts) for parts in zip(*deposits, strict=True))
    assert weight[component == 1].sum() == pytest.approx(NEUTRON.rate_per_day, rel=1e-9)


def test_samples_keep_events_that_do_not_trigger(tmp_path):
    def change(content):
        content["simulation"]["samples"]["surface"] = {"decays": 12000, "window_keV": [0.01, 0.6]}

    events = events_of(job(inputs_of(tmp_path, change), sample="surface"))
    assert set(events["trigger"].tolist()) == {0, 1}
    assert (
        events["n_hits"][events["trigger"] == 0].mean()
        < events["n_hits"][events["trigger"] == 1].mean()
    )


def test_a_variation_has_the_decays_of_its_baseline_and_other_light(inputs, baseline):
    dark = events_of(job(inputs, sample="both-dark"))
    for name in ("event", "component", "true_energy_keV", "true_xyz_cm", "weight"):
        np.testing.assert_array_equal(dark[name], baseline[name])
    assert dark["charge"].sum() != baseline["charge"].sum()
    inner = np.linalg.norm(baseline["true_xyz_cm"], axis=1) < 15
    assert inner.any()
    ratio = sum_by_event(dark)[inner].sum() / sum_by_event(baseline)[inner].sum()
    assert ratio == pytest.approx(1.0, abs=0.02)  # both are calibrated at the centre


def sum_by_event(events):
    return np.bincount(
        np.repeat(np.arange(len(events["event"])), events["n_hits"]), events["charge"]
    )


def test_calibration_comes_off_again_in_ingest(inputs, tmp_path):
    """The same 57Co decays, once with gain, offset and light yield, once without."""
    settings = job(inputs, run=9)
    plain = {"gain": 1.0, "time_offset_ns": 0.0, "light_yield": 0.9}
    read = []
    for name, changed in (("shifted", settings), ("plain", {**settings, "calibration": plain})):
        simulate(changed, tmp_path / f"{name}.root")
        job_settings = inputs.ingest_settings(run=9)
        job_settings["runs"][0]["files"] = [str(tmp_path / f"{name}.root")]
        job_settings["calibration"] = changed["calibration"]
        ingest(job_settings, tmp_path / f"{name}_ingested.root")
        (events,) = read_events(tmp_path / f"{name}_ingested.root")
        read.append(events)
    shifted, same = read
    np.testing.assert_array_equal(shifted.channel, same.channel)
    np.testing.assert_allclose(shifted.charge, same.charge, rtol=3e-3)  # two roundings to 9 bits
    np.testing.assert_allclose(shifted.time, same.time, rtol=3e-3, atol=0.02)


def test_light_at_the_centre_is_nominal_times_the_light_yield(inputs, tmp_path):
    """Also if more of it is absorbed on the way: 57Co gives 14.7 PE/keV times the row of the
    calibration table."""

    def dark(content):
        content["simulation"]["truth"]["detector"] = {"optics": {"absorption_cm": 300}}

    settings = job(inputs_of(tmp_path, dark), run=9)
    settings = {**settings, "calibration": {"gain": 1.0, "time_offset_ns": 0.0, "light_yield": 0.9}}
    settings["run"]["dead_pmts"] = []
    events = events_of(settings)
    line = np.abs(events["true_energy_keV"] - 122.06) < 0.5
    light = sum_by_event(events)[line] / events["true_energy_keV"][line]
    charge_loss = 0.99  # of charges below the threshold, and of light after the charge window
    assert line.sum() > 100
    assert light.mean() == pytest.approx(14.7 * 0.9 * charge_loss, rel=0.015)


def test_the_same_for_any_threads_and_chunks(inputs, baseline):
    settings = job(inputs, sample="both")
    for options in ({"threads": 2}, {"events_at_once": 7}):
        again = events_of(settings, **options)
        for name, values in baseline.items():
            np.testing.assert_array_equal(again[name], values)


def test_other_seeds_and_runs_are_other_events(inputs, run):
    other_seed = Simulation.of(job(inputs, run=1) | {"seed": 2})
    other_run = Simulation.of(job(inputs, run=2))
    for simulation in (other_seed, other_run):
        (block,) = simulation.blocks()
        assert not np.isin(block.deposits.true_energy_keV[:20], run["true_energy_keV"]).all()


def test_files_hold_the_same_events_for_any_threads(inputs, tmp_path):
    settings = job(inputs, sample="both")
    reports = [simulate(settings, tmp_path / f"{k}.root", threads=k) for k in (1, 2)]
    first, second = (list(read_raw(tmp_path / f"{k}.root")) for k in (1, 2))
    assert reports[0] == reports[1]
    assert reports[0].n_events == sum(map(len, first))
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a.charge, b.charge)
        np.testing.assert_array_equal(a.time, b.time)
        np.testing.assert_array_equal(a.weight, b.weight)


def test_the_file_says_what_it_is(inputs, tmp_path):
    settings = job(inputs, sample="both")
    simulate(settings, tmp_path / "raw.root")
    metadata = read_metadata(tmp_path / "raw.root")
    assert metadata["is_simulated"] is True
    assert metadata["seed"] == 1
    assert metadata["components"] == ["surface", "lxe-neutron"]
    assert metadata["settings"]["sample"]["decays"] == [300, 40]


def test_a_file_without_events_is_whole(inputs, tmp_path):
    settings = job(inputs, run=1)
    settings["stream"]["window_keV"] = [1e7, 1e8]
    assert simulate(settings, tmp_path / "none.root").n_events == 0
    assert read_metadata(tmp_path / "none.root")["is_simulated"] is True


def test_memory_does_not_grow_with_the_number_of_events(inputs, monkeypatch):
    monkeypatch.setattr(simulation_blocks, "DECAYS_PER_BLOCK", 150)
    settings = job(inputs, sample="surface")
    settings["sample"]["focus"] = None

    def peak(decays):
        settings["sample"]["decays"] = [decays]
        simulation = Simulation.of(settings)
        assert simulation.detector.emitted_per_keV > 0  # traced once, not counted
        tracemalloc.start()
        for _ in simulation.events(events_at_once=100):
            pass
        result = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return result

    peak(150)
    assert peak(1200) < 1.3 * peak(300)


def test_progress_is_in_decays(inputs):
    simulation, done = Simulation.of(job(inputs, sample="both")), []
    for _ in simulation.events(events_at_once=50, progress=done.append):
        pass
    assert len(done) > 3
    assert sum(done) == simulation.decays == 340


def test_too_few_decays_for_the_sources(inputs):
    settings = job(inputs, sample="both")
    settings["sample"]["decays"] = [3, 40]
    with pytest.raises(
        ValueError, match=r"samples\.both\.decays \(surface\): has 4 sources, and gets 3 decays"
    ):
        Simulation.of(settings)


def test_steps(inputs, tmp_path):
    from exonu.core.files import canonical_json
    from exonu.detector.light_map.light_map import LightMap

    text = canonical_json(job(inputs, sample="both"))
    call(simulate_step.main, ["--settings", text, "--output", str(tmp_path / "raw.root")])
    assert sum(map(len, read_raw(tmp_path / "raw.root"))) > 100

    settings = light_map_settings(inputs, 1)
    settings["detector"] = {
        "light_map": {
            "shells": 2,
            "outer_frequency": 2,
            "photons_per_vertex": 500,
            "smoothing_vertices": 1,
        }
    }
    words = [
        "--settings",
        canonical_json(settings),
        "--output",
        str(tmp_path / "map"),
        "--threads",
        "2",
    ]
    for _ in range(2):  # the second replaces the first
        call(light_map_step.main, words)
    assert LightMap.load(tmp_path / "map").log_probability.shape[1] == 642
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith("part")] == []


def test_data_far_outside_are_prescaled_and_all_others_stay():
    """Every event of the liquid, of little light or with energy inside is there as without, at the
    same time; of the others one in four."""
    geometry = geodesic_geometry()
    components = [component("lxe", geometry), component("pmt", geometry)]
    arguments = (components, 0.2 * 86400.0, geometry, 3)
    rest = {"factors": {}, "window_keV": (1.0, 230.0)}
    outer = {"components": ["pmt"], "above_keV": 30, "beyond_cm": 35, "one_in": 4}
    prescale = OuterPrescale.of(outer)
    whole, fewer = (
        list(run_blocks(*arguments, **rest, outer_prescale=rule)) for rule in (None, prescale)
    )
    concerned, left = 0, 0
    for one, two in zip(whole, fewer, strict=True):
        dropped = np.isin(one.component, [1]) & prescale.rule.applies(one.deposits)
        concerned += dropped.sum()
        far = np.isin(two.component, [1]) & prescale.rule.applies(two.deposits)
        left += far.sum()
        np.testing.assert_array_equal(one.time_s[~dropped], two.time_s[~far])
        np.testing.assert_array_equal(
            one.deposits.true_energy_keV[~dropped], two.deposits.true_energy_keV[~far]
        )
    assert concerned > 500
    assert left == pytest.approx(concerned / 4, abs=4 * (concerned / 4) ** 0.5)


def test_thinning_keeps_the_rate_and_what_has_little_light():
    geometry = geodesic_geometry()
    copper = component("copper", geometry)
    arguments = ([copper], [30_000], geometry, 3, (1.0, 230.0))
    (whole,) = sample_blocks(*arguments)
    (thin,) = sample_blocks(*arguments, Weighting((Thinning(above_keV=20, one_in=10),)))
    low, kept_low = whole.deposits.visible_keV <= 20, thin.deposits.visible_keV <= 20
    np.testing.assert_array_equal(whole.number[low], thin.number[kept_low])
    np.testing.assert_array_equal(
        whole.deposits.weight_per_day[low], thin.deposits.weight_per_day[kept_low]
    )
    assert (~kept_low).sum() < 0.15 * (~low).sum()
    weights = thin.deposits.weight_per_day[~kept_low]
    expected = whole.deposits.weight_per_day[~low].sum()
    assert abs(weights.sum() - expected) < 4 * np.sqrt(np.sum(weights**2))


def test_a_source_at_a_point_comes_behind_all_others_and_has_no_window():
    """It is whole in samples whose window ends below its line, and others are what they are without it."""
    geometry = geodesic_geometry()
    scan, liquid = (component(name, geometry) for name in ("co57-scan", "lxe"))
    others, block = sample_blocks([scan, liquid], [500, 500], geometry, 3, (1.0, 60.0))
    (alone,) = sample_blocks([liquid], [500], geometry, 3, (1.0, 60.0))
    np.testing.assert_array_equal(others.number, alone.number)
    np.testing.assert_array_equal(others.deposits.event_id, alone.deposits.event_id)
    np.testing.assert_array_equal(others.deposits.site_position_cm, alone.deposits.site_position_cm)
    assert set(others.component) == {1}
    assert set(block.component) == {0}
    assert block.number[0] == 500
    assert block.deposits.true_energy_keV.min() > 100
    assert len(block.number) > 400


def test_what_lies_inside_is_not_thinned():
    geometry = geodesic_geometry()
    liquid = component("lxe", geometry)
    (whole,) = sample_blocks([liquid], [20_000], geometry, 3, (1.0, 230.0))
    thinning = Weighting((Thinning(above_keV=20, one_in=10, beyond_cm=30),))
    (thin,) = sample_blocks([liquid], [20_000], geometry, 3, (1.0, 230.0), thinning)
    inner = []
    for block in (whole, thin):
        made = block.deposits
        radius = np.linalg.norm(made.site_position_cm, axis=1)
        innermost = np.full(len(made), np.inf)
        np.minimum.at(innermost, made.event, radius)
        inner.append(innermost < 30)
    np.testing.assert_array_equal(whole.number[inner[0]], thin.number[inner[1]])
    assert thin.deposits.weight_per_day[inner[1]].max() == whole.deposits.weight_per_day.max()
    assert (~inner[1]).sum() < 0.5 * (~inner[0]).sum()
    expected = whole.deposits.weight_per_day[~inner[0]].sum()
    weights = thin.deposits.weight_per_day[~inner[1]]
    assert abs(weights.sum() - expected) < 4 * np.sqrt(np.sum(weights**2))


def test_a_sample_prescaled_as_the_data_has_their_rates():
    """Weights stay, so that the sum of a region is that of data with the same prescale."""
    geometry = geodesic_geometry()
    arguments = ([component("pmt", geometry)], [30_000], geometry, 3, (1.0, 230.0))
    outer = {"components": ["pmt"], "above_keV": 30, "beyond_cm": 30, "one_in": 5}
    prescale = OuterPrescale.of(outer)
    rule = prescale.rule
    (whole,), (thin,) = sample_blocks(*arguments), sample_blocks(*arguments, AS_DRAWN, prescale)
    outer, left = rule.applies(whole.deposits), rule.applies(thin.deposits)
    assert thin.deposits.weight_per_day[~left].sum() == pytest.approx(
        whole.deposits.weight_per_day[~outer].sum()
    )
    weights = whole.deposits.weight_per_day[outer]
    expected, spread = weights.sum() / 5, np.sqrt(0.16 * np.sum(weights**2))
    assert thin.deposits.weight_per_day[left].sum() == pytest.approx(expected, abs=4 * spread)
    other = ([component("solar", geometry)], [1000], *arguments[2:])
    (alone,), (same,) = sample_blocks(*other), sample_blocks(*other, AS_DRAWN, prescale)
    np.testing.assert_array_equal(alone.deposits.weight_per_day, same.deposits.weight_per_day)


def test_a_sample_thinned_more_than_the_data_has_their_rates_too():
    """More decays at the work of fewer: the events far outside that are left weigh more."""
    geometry = geodesic_geometry()
    arguments = ([component("pmt", geometry)], [60_000], geometry, 3, (1.0, 230.0))
    outer = {"components": ["pmt"], "above_keV": 30, "beyond_cm": 30, "one_in": 2}
    twice = OuterPrescale.of(outer)
    more = Weighting((Thinning(above_keV=30, one_in=10, beyond_cm=30),))
    (as_data,), (thinned,) = (sample_blocks(*arguments, how, twice) for how in (AS_DRAWN, more))
    far, left = (twice.rule.applies(block.deposits) for block in (as_data, thinned))
    assert far.sum() == pytest.approx(5 * left.sum(), abs=20 * left.sum() ** 0.5)
    np.testing.assert_array_equal(
        as_data.deposits.weight_per_day[~far], thinned.deposits.weight_per_day[~left]
    )
    weights = thinned.deposits.weight_per_day[left]
    heaviest = as_data.deposits.weight_per_day[far].max()
    assert weights.max() == pytest.approx(5 * heaviest, rel=0.1)  # exact for multiples of ten
    expected = as_data.deposits.weight_per_day[far].sum()
    assert weights.sum() == pytest.approx(expected, abs=4 * np.sqrt(np.sum(weights**2)))


def test_the_prescale_counts_on_from_one_piece_of_a_run_to_the_next(monkeypatch):
    """Pieces of three decays of which one in ten stays: 10 % of them, not the first of each piece."""
    monkeypatch.setattr("exonu.simulation.blocks.DECAYS_PER_BLOCK", 3)
    geometry = geodesic_geometry()
    solar = component("solar", geometry)
    live_time_s = 300 * 86400.0 / solar.rate_per_day
    arguments = ([solar], live_time_s, geometry, 3)
    rest = {"factors": {}, "window_keV": ALL_ENERGIES}
    rule = OuterPrescale(("solar",), Thinning(above_keV=0.0, one_in=10))
    whole, kept = (
        sum(len(block.deposits) for block in run_blocks(*arguments, **rest, outer_prescale=one))
        for one in (None, rule)
    )
    assert whole > 200
    assert kept == -(-whole // 10)


@pytest.mark.parametrize("decays", [1, 3, 10, 1001])
def test_thinning_is_exact_for_every_number_of_decays(decays):
    """All decays are above the threshold, each with the same weight: the sum of the weights
    stays."""
    source = component("solar", geodesic_geometry()).sources[0]
    made = generate_source(
        source, np.arange(decays), geodesic_geometry(), 1, source.rate_per_day / decays
    )
    kept = Weighting((Thinning(above_keV=0.0, one_in=10),)).thinned(made, decays)
    assert len(kept) == -(-decays // 10)
    assert kept.weight_per_day.sum() == pytest.approx(source.rate_per_day)
