"""Light of energy deposits: yield, its nonlinearity, the scale keVee, recombination."""

import numpy as np
import pytest
from scipy import stats

from exonu.core.errors import InputError
from exonu.detector.light_yield import electron_equivalent_keV, light_yield, relative_light_yield
from exonu.detector.model import Detector
from exonu.detector.optics import Scintillation
from exonu.simulation.light.photons import recombination_spread, sources_from_deposits


@pytest.fixture(scope="module")
def detector():
    return Detector.from_settings()


@pytest.fixture(scope="module")
def nominal(detector):
    return detector.scintillation


def test_yield_is_linear_in_log_energy_between_the_points(nominal):
    points = np.array(nominal.relative_yield_energy_keV)
    np.testing.assert_allclose(relative_light_yield(points, nominal), nominal.relative_yield)
    middle = relative_light_yield(np.sqrt(points[1:] * points[:-1]), nominal)
    values = np.array(nominal.relative_yield)
    np.testing.assert_allclose(middle, (values[1:] + values[:-1]) / 2)


def test_yield_outside_the_points(nominal):
    slope = (0.80 - 0.685) / np.log(5 / 2)
    assert relative_light_yield(1.0, nominal) == pytest.approx(0.685 - slope * np.log(2))
    assert relative_light_yield(1e-6, nominal) == 0
    assert relative_light_yield(0.0, nominal) == 0
    assert relative_light_yield(2614, nominal) == 1
    assert light_yield(122, nominal) == pytest.approx(14.7)


def test_electron_equivalent_energy_inverts_the_yield(nominal):
    energy = np.geomspace(0.3, 3000, 200)
    np.testing.assert_allclose(
        electron_equivalent_keV(energy * light_yield(energy, nominal), nominal), energy, rtol=1e-5
    )
    assert electron_equivalent_keV(0.0, nominal) == 0


def test_recombination_brings_counting_to_the_resolution(detector):
    counting2 = (1 + detector.electronics.single_pe_resolution**2) / (14.7 * 122)
    assert np.hypot(recombination_spread(detector), np.sqrt(counting2)) == pytest.approx(0.04)
    with pytest.raises(InputError, match=r"scintillation\.resolution: is 0\.02, but counting"):
        recombination_spread(Detector.from_settings({"scintillation": {"resolution": 0.02}}))


def deposits(n, detector, seed=1, ids=None):
    ids = np.arange(n) if ids is None else ids
    return sources_from_deposits(
        np.arange(n), np.zeros((n, 3)), np.full(n, 122.0), detector, seed=seed, event_ids=ids
    )


def test_mean_and_spread_of_the_light(detector):
    light = deposits(20_000, detector).photoelectrons
    assert light.mean() == pytest.approx(122 * detector.emitted_per_keV, rel=1e-3)
    pull = (light / (122 * detector.emitted_per_keV) - 1) / recombination_spread(detector)
    assert stats.kstest(pull, "norm").pvalue > 1e-3


def test_fluctuation_belongs_to_event_and_place(detector):
    """Whatever other events are there; and different for the deposits of one event."""
    whole = deposits(100, detector).photoelectrons
    part = deposits(10, detector, ids=np.arange(50, 60)).photoelectrons
    np.testing.assert_array_equal(part, whole[50:60])
    twice = sources_from_deposits(
        np.array([0, 0, 1]),
        np.zeros((3, 3)),
        np.full(3, 122.0),
        detector,
        seed=1,
        event_ids=np.array([50, 51]),
    ).photoelectrons
    assert twice[0] == whole[50]
    assert twice[1] != twice[0]
    assert twice[2] == whole[51]
    assert not np.any(deposits(100, detector, seed=2).photoelectrons == whole)


def test_escape_and_defaults(detector):
    source = sources_from_deposits(
        np.array([0]),
        np.zeros((1, 3)),
        np.array([5.0]),
        detector,
        seed=1,
        event_ids=np.array([3]),
        escape=0.25,
    )
    whole = sources_from_deposits(
        np.array([0]), np.zeros((1, 3)), np.array([5.0]), detector, seed=1, event_ids=np.array([3])
    )
    assert source.photoelectrons[0] == pytest.approx(0.25 * whole.photoelectrons[0])
    assert source.cos_min[0] == -1
    assert len(source) == 1


def test_unsorted_deposits_are_refused(detector):
    with pytest.raises(InputError, match="event: must be in ascending order"):
        sources_from_deposits(
            np.array([1, 0]),
            np.zeros((2, 3)),
            np.ones(2),
            detector,
            seed=1,
            event_ids=np.array([0, 1]),
        )


def test_slow_time():
    nominal = Scintillation.from_settings()
    np.testing.assert_allclose(nominal.slow_time([1, 5.9, 122, 500]), [27.9, 27.9, 37.0, 37.0])
    assert nominal.slow_time(np.sqrt(5.9 * 122)) == pytest.approx((27.9 + 37.0) / 2)
