"""Numbers of photoelectrons behind charges: the table against sums, the search with them against
brute force."""

from dataclasses import replace

import numpy as np
import pytest
import reconstruction_events as lab
from scipy.stats import gamma, poisson

from exonu.events.reconstruction.bound import cramer_rao_cm
from exonu.events.reconstruction.photoelectrons import counting_table

SPREAD = 0.4
TABLE = counting_table(SPREAD)
NUMBERS = np.arange(1, 400)


def count(
    charges: np.ndarray, means: np.ndarray, spread: float = SPREAD
) -> tuple[np.ndarray, float]:
    from exonu.events.reconstruction.charge_kernels import count

    numbers, counting = np.empty(len(charges)), (TABLE if spread > 0 else TABLE[:0, :0], spread**2)
    charges = np.asarray(charges, dtype=np.float32)
    worth, total = count(np.arange(len(charges)), charges, np.log(means), 0.0, counting, numbers)
    assert total == pytest.approx(numbers.sum())
    return numbers, worth


def likelihood(charge: float, mean: float) -> np.ndarray:
    """P(k) f(q | k) by k, straight from the definition."""
    return poisson.pmf(NUMBERS, mean) * gamma.pdf(charge, NUMBERS / SPREAD**2, scale=SPREAD**2)


@pytest.mark.parametrize("charge", [0.25, 0.9, 1.5, 2.4, 7.0, 31.0])
@pytest.mark.parametrize("share", [0.003, 0.05, 0.4, 1.0, 2.0])
def test_expected_number_is_that_of_bayes(charge: float, share: float) -> None:
    weights = likelihood(charge, share * charge)
    numbers, _ = count([charge], np.array([share * charge]))
    assert numbers[0] == pytest.approx(np.sum(weights * NUMBERS) / weights.sum(), rel=0.03)


@pytest.mark.parametrize("share", [0.4, 0.8, 1.0, 1.25, 2.0])
def test_beyond_the_table_numbers_are_normal(share: float) -> None:
    weights = likelihood(90.0, share * 90)
    numbers, _ = count([90.0], np.array([share * 90]))
    assert numbers[0] == pytest.approx(np.sum(weights * NUMBERS) / weights.sum(), rel=0.05)


@pytest.mark.parametrize("charge", [0.5, 1.4, 3.0, 12.0])
def test_likelihood_ratio_of_two_means_is_that_of_the_definition(charge: float) -> None:
    means = charge * np.array([0.3, 1.7])
    low, high = (count([charge], means[i : i + 1])[1] for i in (0, 1))
    expected = [np.log(likelihood(charge, mean).sum()) + mean for mean in means]
    assert high - low == pytest.approx(expected[1] - expected[0], abs=0.02)


def test_without_spread_charges_are_numbers() -> None:
    charges = np.array([1.0, 2.0, 70.0])
    numbers, worth = count(charges, np.array([0.1, 3.0, 50.0]), spread=0.0)
    assert np.array_equal(numbers, charges)
    assert worth == pytest.approx(np.log(0.1) + 2 * np.log(3) + 70 * np.log(50))


@pytest.mark.slow
def test_search_finds_the_largest_likelihood_of_the_charges() -> None:
    events = lab.with_light(15 * lab.directions(20, 31), 60)
    found = lab.reconstruction()(events)
    log_p = lab.small_map().log_probability.astype(float)
    log_q = log_p - np.log(np.exp(log_p).sum(axis=1, keepdims=True))
    for i in range(len(events)):
        hits = slice(events.offsets[i], events.offsets[i + 1])
        charges, light = events.charge[hits], events.charge[hits].sum(dtype=float)
        means = light * np.exp(log_q[i::20][:, events.channel[hits]])  # every 20th vertex will do
        best = max(count(charges, row)[1] for row in means)
        assert found.log_likelihood[i] > best - light * np.log(light) - 0.7


def test_counting_makes_dim_events_sharper() -> None:
    """At the centre with 30 PE every second event that was found at the wall is found inside."""
    points = np.zeros((800, 3))
    events = lab.with_light(points, 30)
    counted, plain = (
        replace(made, wall_test=False)(events) for made in (lab.reconstruction(), lab.plain())
    )
    assert np.mean(counted.radius_cm > 36) < 0.75 * np.mean(plain.radius_cm > 36)
    assert np.sqrt(np.mean(counted.position_cm**2)) < 0.93 * np.sqrt(np.mean(plain.position_cm**2))


def test_bound_of_charges_taken_as_numbers() -> None:
    assert cramer_rao_cm(
        lab.small_map(), np.zeros(3), 100, single_pe_resolution=0.4
    ) == pytest.approx(np.sqrt(1.16) * cramer_rao_cm(lab.small_map(), np.zeros(3), 100))
