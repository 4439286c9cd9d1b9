"""R(T): its densities against closed forms, its vertices against the truth."""

import numpy as np
import pytest
import reconstruction_events as lab

from exonu.detector.model import Detector
from exonu.events.raw.raw_events import Events
from exonu.events.reconstruction.timing import TimeReconstruction, TimeResiduals, pulse_density

TIME = np.arange(-20, 400, 0.05)


@pytest.fixture(scope="module")
def timing() -> TimeReconstruction:
    return TimeReconstruction.of(lab.detector())


@pytest.mark.parametrize("energy_keV", [5.9, 122])
def test_pulse_has_unit_area_and_the_mean_of_its_parts(energy_keV: float) -> None:
    light = lab.detector().scintillation
    density = pulse_density(TIME, lab.detector(), energy_keV)
    slow = {5.9: 27.9, 122: 37.0}[energy_keV]
    mean = light.fast_fraction * light.fast_time_ns + (1 - light.fast_fraction) * slow
    assert np.trapezoid(density, TIME) == pytest.approx(1, abs=1e-4)
    assert np.trapezoid(density * TIME, TIME) == pytest.approx(mean, rel=1e-3)


def test_pulse_is_that_of_random_numbers() -> None:
    detector, random, n = lab.detector(), np.random.default_rng(1), 400_000
    light = detector.scintillation
    decay = np.where(
        random.random(n) < light.fast_fraction, light.fast_time_ns, light.slow_time(10.0)
    )
    sigma = detector.electronics.transit_spread_ns / 2.354820
    times = decay * random.exponential(size=n) + sigma * random.normal(size=n)
    counts, edges = np.histogram(times, np.arange(-4, 60, 1.0))
    expected = n * np.interp(
        (edges[1:] + edges[:-1]) / 2, TIME, pulse_density(TIME, detector, 10.0)
    )
    enough = expected > 100
    chi2 = np.sum((counts - expected)[enough] ** 2 / expected[enough])
    assert chi2 < 2.5 * enough.sum()  # the middle of a bin is not its mean


def test_without_spread_light_begins_at_zero() -> None:
    sharp = Detector.from_settings({"electronics": {"transit_spread_ns": 0}})
    density = pulse_density(TIME, sharp, 10.0)
    assert density[TIME < -1e-9].max() == 0
    assert np.trapezoid(density, TIME) == pytest.approx(1, abs=5e-3)


def test_residuals_are_densities_and_detours_delay_far_light_more(
    timing: TimeReconstruction,
) -> None:
    residuals = timing.residuals
    area = np.exp(residuals.log_density).sum(axis=1) * 0.5
    assert area == pytest.approx(np.ones_like(area), rel=1e-2)
    assert np.all(np.diff(residuals.log_survival, axis=1) <= 0)
    median = residuals.time_ns[np.argmax(residuals.log_survival < np.log(0.5), axis=1)]
    assert (
        median[16] > median[8] > median[2]
    )  # over 82, 42 and 12 cm: ever more of the light was scattered


@pytest.mark.parametrize(("radius_cm", "rms_cm", "bias_cm"), [(0, 4, 0.6), (15, 4, 3)])
def test_vertices_of_bright_events(
    timing: TimeReconstruction, radius_cm: float, rms_cm: float, bias_cm: float
) -> None:
    outward = lab.directions(200, 2)
    found, _ = timing(lab.with_light(radius_cm * outward, 1000))
    assert np.sqrt(np.mean((found - radius_cm * outward) ** 2)) < rms_cm
    assert abs(np.mean(np.sum((found - radius_cm * outward) * outward, axis=1))) < bias_cm


def test_one_density_for_all_distances_is_worse(timing: TimeReconstruction) -> None:
    """What the distance bins are for."""
    from dataclasses import replace

    outward = lab.directions(200, 3)
    events = lab.with_light(15 * outward, 1000)
    mean = np.log(np.exp(timing.residuals.log_density).mean(axis=0))
    later = np.log(np.exp(timing.residuals.log_survival).mean(axis=0))
    shape = timing.residuals.log_density.shape
    one = TimeResiduals(
        np.tile(mean, (shape[0], 1)),
        np.tile(later, (shape[0], 1)),
        timing.residuals.time_ns,
        timing.residuals.velocity_cm_per_ns,
    )
    binned = np.linalg.norm(timing(events)[0], axis=1).mean()
    unbinned = np.linalg.norm(replace(timing, residuals=one)(events)[0], axis=1).mean()
    assert unbinned > binned + 1


def test_chosen_events_dead_channels_and_few_hits(timing: TimeReconstruction) -> None:
    events = lab.with_light(np.zeros((6, 3)), 100)
    everything, _ = timing(events)
    some, values = timing(events, np.array([1, 4]))
    assert np.array_equal(some, everything[[1, 4]])
    assert np.isfinite(values).all()
    dead = np.zeros(642, dtype=bool)
    dead[events.channel[events.offsets[1] : events.offsets[2]][:20]] = True
    silent = timing(events.with_hits(~dead[events.channel]), np.array([1]))[0]
    assert np.array_equal(timing(events, np.array([1]), dead)[0], silent)
    few = Events.of([[1, 2, 3, 4]], [[1.0] * 4], [[0.0, 1.0, 2.0, 3.0]])
    assert np.isnan(timing(few)[0]).all()
