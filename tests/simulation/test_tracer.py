"""The tracer: same bytes however it is run, light yield and resolution, times, trigger, dead
channels."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from exonu.core.errors import InputError
from exonu.detector import random_numbers, transport
from exonu.detector.model import Detector
from exonu.simulation.light import tracer_kernel
from exonu.simulation.light.photons import LightSources, sources_from_deposits
from exonu.simulation.light.tracer import EVENTS_PER_BLOCK, trace


@pytest.fixture(scope="module")
def detector():
    return Detector.from_settings()


def light(detector, energy_keV, positions, ids=None, seed=1):
    n = len(positions)
    return sources_from_deposits(
        np.arange(n),
        np.asarray(positions, dtype=float),
        np.full(n, float(energy_keV)),
        detector,
        seed=seed,
        event_ids=np.arange(n) if ids is None else ids,
    )


def prompt(position, photoelectrons, n=1, axis=(0, 0, 1), cos_min=-1.0):
    """n events of prompt light."""
    return LightSources(
        event=np.arange(n),
        position_cm=np.tile(np.asarray(position, dtype=float), (n, 1)),
        energy_keV=np.zeros(n),
        photoelectrons=np.full(n, float(photoelectrons)),
        axis=np.tile(np.asarray(axis, dtype=float), (n, 1)),
        cos_min=np.full(n, cos_min),
        time_ns=np.zeros(n),
    )


def charges(hits):
    cumulative = np.concatenate([[0.0], np.cumsum(hits.charge, dtype=float)])
    return cumulative[hits.offsets[1:]] - cumulative[hits.offsets[:-1]]


def bytes_of(hits):
    return [getattr(hits, name).tobytes() for name in hits.__dataclass_fields__]


def test_light_yield_and_resolution_at_the_centre(detector):
    """14.7 PE/keV; counting alone 2.4 %, with recombination and charge resolution 4 %."""
    n = 500
    ids = np.arange(n)
    total = charges(trace(light(detector, 122, np.zeros((n, 3))), detector, 1, ids))
    assert total.mean() / 122 == pytest.approx(14.7, abs=5 * 14.7 * 0.04 / np.sqrt(n))
    assert total.std() / total.mean() == pytest.approx(0.04, abs=5 * 0.04 / np.sqrt(2 * n))
    counting = replace(
        detector,
        electronics=replace(detector.electronics, single_pe_resolution=0, hit_threshold_pe=0),
    )
    steady = prompt((0, 0, 0), 122 * detector.emitted_per_keV, n)
    total = charges(trace(steady, counting, 1, ids))
    assert total.std() / total.mean() == pytest.approx(
        1 / np.sqrt(14.7 * 122), abs=5 * 0.024 / np.sqrt(2 * n)
    )


def test_same_bytes_for_any_number_of_threads_and_any_chunks(detector):
    n = 2 * EVENTS_PER_BLOCK + 40
    ids = np.arange(1000, 1000 + n)
    positions = np.random.default_rng(1).uniform(-20, 20, (n, 3))
    source = light(detector, 10, positions, ids)
    whole = trace(source, detector, 5, ids)
    assert bytes_of(trace(source, detector, 5, ids, threads=3)) == bytes_of(whole)
    cut = 77
    part = trace(light(detector, 10, positions[cut:], ids[cut:]), detector, 5, ids[cut:])
    assert part.charge.tobytes() == whole.charge[whole.offsets[cut] :].tobytes()
    assert part.time.tobytes() == whole.time[whole.offsets[cut] :].tobytes()
    assert trace(source, detector, 6, ids).charge.tobytes() != whole.charge.tobytes()


def test_dead_channels_vanish_and_nothing_else_changes(detector):
    n, ids = 30, np.arange(30)
    source = light(detector, 30, np.full((n, 3), 8.0))
    alive = trace(source, detector, 2, ids)
    dead = np.zeros((2, 642), dtype=bool)
    dead[1, [5, 100, 333]] = True
    masked = trace(source, detector, 2, ids, dead=dead, mask=ids % 2)
    event = np.repeat(ids, np.diff(alive.offsets))
    kept = ~dead[event % 2, alive.channel]
    np.testing.assert_array_equal(masked.channel, alive.channel[kept])
    same = masked.charge == alive.charge[kept]
    assert (
        same.mean() > 0.99
    )  # all but those of an event whose first photoelectron was in a dead channel
    assert np.count_nonzero(~kept) > 0


def test_times_are_the_flight_at_the_group_velocity(detector):
    """Straight flight only, no emission time, no transit spread."""
    sharp = replace(
        detector,
        optics=replace(
            detector.optics,
            rayleigh_cm=1e15,
            photocathode_reflectance=0,
            n_quartz=1.69,
            copper_albedo=0,
        ),
        electronics=replace(detector.electronics, transit_spread_ns=0, single_pe_resolution=0),
    )
    position = np.array([0, 0, 30.0])
    hits = trace(prompt(position, 300_000), sharp, 1, np.arange(1))
    assert len(hits.channel) == 642
    distance = np.linalg.norm(sharp.geometry.positions_cm - position, axis=1)
    reach = 2 / np.sqrt(3) * sharp.geometry.half_size_cm  # to the nearest point of a window
    first = np.min(
        np.linalg.norm(
            sharp.geometry.on_wall(np.random.default_rng(1).normal(size=(10**5, 3))) - position,
            axis=1,
        )
    )
    lateness = distance - first - hits.time * sharp.optics.group_velocity_cm_per_ns
    assert np.all(lateness > -0.1)
    assert np.all(lateness < reach + 0.1)


def test_delay_is_fast_and_slow_light_with_transit_spread():
    pulse = tracer_kernel.Pulse(2.0, 0.145, 0.0, 0.4, 0.2, 500.0, 200.0, 4)
    stream = np.empty(2, dtype=np.uint64)
    random_numbers.start_stream(stream, 1, 1)
    times = np.array([tracer_kernel.delay(30.0, pulse, stream) for _ in range(20_000)])
    cdf = lambda t: 1 - 0.145 * np.exp(-t / 2.0) - 0.855 * np.exp(-t / 30.0)  # noqa: E731
    assert stats.kstest(times, cdf).pvalue > 1e-3
    spread = pulse._replace(transit_sigma_ns=1.0)
    times = np.array([tracer_kernel.delay(0.0, spread, stream) for _ in range(20_000)])
    assert stats.kstest(times, "norm").pvalue > 1e-3
    np.testing.assert_allclose(tracer_kernel.FWHM_PER_SIGMA, 2.3548, atol=1e-4)


def test_a_cone_shines_only_into_the_cone(detector):
    dark = replace(
        detector,
        optics=replace(
            detector.optics,
            rayleigh_cm=1e15,
            photocathode_reflectance=0,
            n_quartz=1.69,
            copper_albedo=0,
        ),
    )
    axis = np.array([1.0, 2.0, -2.0]) / 3
    hits = trace(prompt((0, 0, 0), 3000, axis=axis, cos_min=0.8), dark, 1, np.arange(1))
    positions = dark.geometry.positions_cm[hits.channel]
    cosine = positions @ axis / np.linalg.norm(positions, axis=1)
    assert cosine.min() > np.cos(np.arccos(0.8) + 0.08)
    assert len(hits.channel) == pytest.approx(64, abs=20)  # a tenth of the sphere


def test_light_on_a_window_is_its_own_as_far_as_it_lets_it_in(detector):
    """Half of the photons goes out, uniform in the cosine; few of the others come back."""
    photons = 200_000
    clear = replace(detector, optics=replace(detector.optics, rayleigh_cm=1e15))
    counts = clear.count_fates(detector.geometry.positions_cm[[50]], photons, seed=3)[0]
    cosine = (np.arange(1000) + 0.5) / 1000
    medium = detector.medium
    absorbed = [
        transport.window_absorbs(c, medium.n_ratio, medium.photocathode_reflectance) for c in cosine
    ]
    assert counts[50] / photons == pytest.approx(
        0.5 * np.mean(absorbed), abs=4 * 0.001 + 0.001
    )  # errors + returns


def test_hits_are_complete_and_in_order(detector):
    n = 200
    hits = trace(light(detector, 5, np.zeros((n, 3))), detector, 3, np.arange(n))
    assert hits.offsets[0] == 0
    assert hits.offsets[-1] == len(hits.channel) == len(hits.charge) == len(hits.time)
    assert (hits.channel.dtype, hits.charge.dtype, hits.time.dtype) == (
        np.uint16,
        np.float32,
        np.float32,
    )
    assert hits.charge.min() >= 0.2
    assert hits.time.min() >= 0
    assert hits.time.max() <= 500
    for event in range(n):
        assert np.all(
            np.diff(hits.channel[hits.offsets[event] : hits.offsets[event + 1]].astype(int)) > 0
        )
    assert hits.triggered.all()


def test_an_event_without_light_has_no_hits_and_no_trigger(detector):
    source = prompt((0, 0, 0), 500)
    hits = trace(replace(source, event=np.array([1])), detector, 1, np.arange(3))
    assert hits.offsets[1] == 0
    assert hits.offsets[3] == hits.offsets[2]
    np.testing.assert_array_equal(hits.triggered, [False, True, False])
    none = LightSources(*(getattr(source, name)[:0] for name in LightSources.__dataclass_fields__))
    assert len(trace(none, detector, 1, np.arange(0)).offsets) == 1


@pytest.mark.parametrize(
    ("times", "fires"),
    [
        ([], False),
        ([1, 2, 3], False),
        ([300, 0, 100, 200], False),
        ([0, 250, 300, 400, 450], True),
        ([0, 0, 0, 200], True),
    ],
)
def test_coincidence(times, fires):
    assert tracer_kernel.is_coincidence(np.array(times, dtype=np.float32), 4, 200.0) == fires


def test_threshold_of_the_trigger_in_light(detector):
    """As many mean photoelectrons as the coincidence asks for fire about half of the time."""
    n = 400
    hits = trace(prompt((0, 0, 0), 4 / detector.collection_at_centre, n), detector, 1, np.arange(n))
    expected = stats.poisson(4).sf(3)
    assert hits.triggered.mean() == pytest.approx(expected, abs=0.12)


def test_bad_sources_are_refused(detector):
    with pytest.raises(
        InputError, match=r"source 0 is outside the detector, at \[0\.0, 0\.0, 60\.0\] cm"
    ):
        trace(prompt((0, 0, 60), 5), detector, 1, np.arange(1))
    with pytest.raises(InputError, match="source 0 is outside"):
        trace(prompt((0, 0, np.nan), 5), detector, 1, np.arange(1))
    with pytest.raises(InputError, match="must be ascending indices into the 1 events"):
        trace(prompt((0, 0, 0), 5, n=2), detector, 1, np.arange(1))


def test_progress_counts_events(detector):
    n, done = EVENTS_PER_BLOCK + 3, []
    trace(light(detector, 1, np.zeros((n, 3))), detector, 1, np.arange(n), progress=done.append)
    assert sum(done) == n


@pytest.mark.parametrize(
    ("optics", "most"),
    [({"absorption_cm": 900}, 0.05), ({"copper_albedo": 0.28}, 0.08), ({"rayleigh_cm": 54}, 0.9)],
)
def test_a_changed_detector_changes_only_the_photons_that_it_touches(optics, most):
    """Variance of the difference in a channel, in units of the photoelectrons: 2.4 for independent
    random numbers (two samples, each with the charge resolution)."""
    points = np.random.default_rng(3).uniform(-15, 15, (60, 3))
    sums = []
    for seed, changed in ((4, {}), (4, {"optics": optics}), (5, {})):
        varied = Detector.from_settings(changed)
        hits = trace(light(varied, 30.0, points), varied, seed, np.arange(60))
        event = np.repeat(np.arange(60), np.diff(hits.offsets))
        charge = np.zeros((60, varied.geometry.n_channels))
        charge[event, hits.channel] = hits.charge
        sums.append(charge)
    nominal, changed, other = sums
    assert ((changed - nominal) ** 2).sum() / nominal.sum() < most
    assert ((other - nominal) ** 2).sum() / nominal.sum() > 1.8
