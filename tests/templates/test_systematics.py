"""Systematics: paired ratios and their errors, smoothing, pruning, and what is refused."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exonu.core.errors import InputError
from exonu.templates.paired_sums import LARGEST_RATIO, SMALLEST_RATIO, PairedSums
from exonu.templates.systematics import (
    Effect,
    Paired,
    Systematic,
    declared,
    grid,
)

EDGES = np.arange(2.0, 32.0, 2.0)
REPORT = (2.0, 15.0, 30.0)
BOTH = np.union1d(EDGES, REPORT)


def one(**keys):
    return Systematic(**{"name": "test", "kind": "traced", "status": "assumed", **keys})


def events(seed=1, n=400):
    rng = np.random.default_rng(seed)
    return rng.uniform(2, 30, n), rng.uniform(0.5, 1.5, n)


def test_unchanged_events_have_no_error():
    energy, weight = events()
    ratio, error = Paired(energy, weight, energy, weight).ratio([2, 10, 30])
    np.testing.assert_allclose(ratio, 1)
    np.testing.assert_allclose(error, 0, atol=1e-7)


def test_paired_error_is_that_of_the_scatter_over_many_samples():
    """A tenth of the events is lost at random: the scatter of the ratio is what its error says."""
    ratios, errors = [], []
    rng = np.random.default_rng(5)
    for seed in range(400):
        energy, weight = events(seed)
        kept = rng.uniform(size=len(energy)) > 0.1
        ratio, error = Paired(energy, weight, energy, weight * kept).ratio([2, 30])
        ratios.append(ratio[0])
        errors.append(error[0])
    assert np.std(ratios) == pytest.approx(np.mean(errors), rel=0.15)
    # unpaired samples of this size would scatter by √2/√400
    assert np.mean(errors) < 0.3 * np.sqrt(2 / 400)


def test_events_that_move_between_ranges_count_in_both():
    paired = Paired(np.array([9.0, 5.0, 12.0]), np.ones(3), np.array([11.0, 5.0, 12.0]), np.ones(3))
    ratio, error = paired.ratio([2, 10, 20])
    np.testing.assert_allclose(ratio, [0.5, 2.0])
    # Σ(a − R b)²/(Σb)²: below 10 keV one event goes (R²) and one stays ((1 − R)²); above, one comes
    # (1)
    np.testing.assert_allclose(error, [np.sqrt(0.25 + 0.25) / 2, np.sqrt(1 + 1) / 1])


def test_samples_are_joined_by_the_numbers_of_their_events():
    before = (np.array([7, 1, 4]), np.array([3.0, 5.0, 9.0]), np.ones(3))
    after = (np.array([4, 9]), np.array([9.5, 3.5]), np.ones(2))
    paired = Paired.join(before, after)
    by_number = sorted(
        zip(paired.weight_before, paired.weight_after, paired.energy_after, strict=True)
    )
    assert by_number == [(0, 1, 3.5), (1, 0, 0.0), (1, 0, 0.0), (1, 1, 9.5)]
    with pytest.raises(InputError, match="number twice, so it cannot be paired"):
        Paired.join((np.array([1, 1]), np.ones(2), np.ones(2)), after)


@given(size=st.floats(-0.9, 4.0), slope=st.floats(-2, 2))
def test_smoothed_ratios_are_positive_and_within_those_of_the_ranges(size, slope):
    energy, weight = events()
    after = weight * (1 + size) * np.exp(slope * (energy - 16) / 14)
    paired = Paired(energy, weight, energy, after)
    ratio = paired.summed(BOTH).smoothed(EDGES, REPORT)
    in_ranges, _ = paired.ratio(REPORT)
    assert np.all((ratio >= SMALLEST_RATIO) & (ratio <= LARGEST_RATIO))
    limits = np.clip(in_ranges, SMALLEST_RATIO, LARGEST_RATIO)
    assert np.all((ratio >= limits.min() * (1 - 1e-12)) & (ratio <= limits.max() * (1 + 1e-12)))


@given(size=st.floats(0.001, 0.2))
def test_a_weight_that_is_linear_in_the_size_gives_a_linear_ratio(size):
    energy, weight = events()
    paired = Paired(energy, weight, energy, weight * (1 + size * energy / 30))
    whole = Paired(energy, weight, energy, weight * (1 + energy / 30))
    np.testing.assert_allclose(
        paired.ratio(REPORT)[0] - 1, size * (whole.ratio(REPORT)[0] - 1), rtol=1e-9
    )


def effect_of(systematic, component, up, down, edges, report):
    """The effect of paired events."""
    edges_of_all = grid(systematic, edges, report)
    sums = up.summed(edges_of_all), down.summed(edges_of_all)
    return Effect.of(systematic, component, *sums, edges, report)


def effect(systematic, up, down=None):
    energy, weight = events()
    ways = [
        Paired(energy, weight, energy, weight * way) for way in (up, up if down is None else down)
    ]
    return effect_of(systematic, "seal", *ways, EDGES, REPORT)


def test_verdicts():
    energy, _ = events()
    rng = np.random.default_rng(2)
    assert effect(one(), np.where(energy < 15, 0.8, 1.0)).verdict == "kept"
    assert effect(one(prune_below=0.05), np.full(400, 1.01)).verdict == "pruned: below 0.05"
    chance = np.where(rng.uniform(size=400) < 0.5, 0.0, 2.0)  # scatters, and means nothing
    found = effect(one(significance=0.05), chance)
    assert found.verdict.startswith(
        "kept, not resolved: samples baseline and test of seal need 2.2 times the events"
    )
    assert found.is_kept
    assert (
        effect(one(kind="dead-pmt", significance=0.05), chance).verdict == "kept"
    )  # exact, whatever it scatters
    empty = Paired(*np.zeros((4, 0)))
    assert effect_of(one(), "pmt", empty, empty, EDGES, REPORT).verdict == (
        "pruned: no events in the sample baseline"
    )


def scattered(mean, seed):
    """Weights after a change that keeps, loses or doubles each event by chance, with this mean
    ratio."""
    return np.random.default_rng(seed).choice([0.0, 2.0 * mean], size=400)


def test_two_directions_that_differ_by_chance_only_are_made_inverse_to_each_other():
    up, down = (
        scattered(1.15, 3),
        scattered(1.02, 4),
    )  # both add events, and no more than chance does
    found = effect(one(kind="position", significance=0.01), up, down)
    np.testing.assert_allclose(found.up_bins * found.down_bins, 1)
    asymmetric = effect(one(kind="position"), up, down)  # level 1: never made symmetric
    np.testing.assert_allclose(found.up_bins, np.sqrt(asymmetric.up_bins / asymmetric.down_bins))
    assert (found.verdict, asymmetric.verdict) == ("kept, made symmetric", "kept")
    np.testing.assert_array_equal(found.up, asymmetric.up)  # reported as measured
    # the interval of the dead-PMT correction is asymmetric by itself
    assert effect(one(kind="dead-pmt", significance=0.01), up, down).verdict == "kept"


def test_a_significant_asymmetry_is_kept():
    found = effect(one(significance=0.05), np.full(400, 1.5), np.full(400, 1.02))
    assert found.verdict == "kept"
    np.testing.assert_allclose(found.up_bins, 1.5)
    np.testing.assert_allclose(found.down_bins, 1.02)


@pytest.mark.parametrize("size", [0.0, 0.2])
def test_an_asymmetry_is_called_significant_no_more_often_than_the_level_says(size):
    """Two directions of samples of their own against one baseline: the bound on their correlation
    is conservative."""
    rng, kept = np.random.default_rng(8), 0
    for _ in range(300):
        n_base, n_up, n_down = (rng.poisson(80 * np.exp(s * size)) for s in (0, 1, -1))
        base = np.full(n_base, 5.0)
        ways = []
        for n in (n_up, n_down):
            energy = np.concatenate([base, np.full(n, 5.0)])
            before = np.repeat([1.0, 0.0], [n_base, n])
            ways.append(Paired(energy, before, energy, 1 - before))
        found = effect_of(one(significance=0.05), "copper", *ways, EDGES, (2.0, 15.0))
        kept += not found.symmetric
    assert 0 < kept <= 0.05 * 300 + 3 * np.sqrt(0.05 * 300)


def test_one_heavy_event_is_no_effect_in_either_direction():
    """A ratio of 30 from a single event, and its inverse, whose own error looks small."""
    energy = np.full(11, 5.0)
    light, heavy = np.full(11, 0.1), np.array([30.0] + 10 * [0.1])
    ways = [Paired(energy, light, energy, heavy), Paired(energy, heavy, energy, light)]
    found = effect_of(one(significance=0.05), "surface", *ways, EDGES, REPORT)
    ratio, error = ways[1].ratio([2, 15])
    assert abs(ratio[0] - 1) > 20 * error[0]
    assert found.chance == pytest.approx(0.317, abs=0.01)
    assert found.verdict.startswith(
        "kept, not resolved: samples baseline and test of surface need "
    )
    np.testing.assert_allclose([found.up_bins, 1 / found.down_bins], 1.5)  # no more than that


def test_what_is_not_resolved_keeps_its_central_value_and_says_how_many_events_it_needs():
    """An effect of 10 % with a scatter of 100 % per event: not seen in 200 events, and as many
    times more as it says are enough."""
    rng = np.random.default_rng(11)

    def made(n):
        energy = rng.uniform(2, 15, n)
        ways = (rng.choice([0.0, 2.0], n) * factor for factor in (1.1, 1 / 1.1))
        paired = [Paired(energy, np.ones(n), energy, way) for way in ways]
        return effect_of(one(significance=0.01), "copper", *paired, EDGES, REPORT), paired

    few, (up, down) = made(200)
    assert few.verdict.startswith("kept, not resolved")
    (r_up,), (r_down,) = (way.ratio([2, 30])[0] for way in (up, down))
    np.testing.assert_allclose(few.up_bins, np.sqrt(r_up / r_down))
    np.testing.assert_allclose(few.up_bins * few.down_bins, 1)
    many, _ = made(int(200 * few.times_needed))
    errors = np.concatenate([many.up_error, many.down_error])
    assert np.max(errors[np.isfinite(errors)]) < 1.2 * max(0.05, np.abs(few.up[0]) / 2)


def test_the_error_of_what_a_cut_rejects_is_there_where_it_rejects():
    energy = np.repeat([5.0, 25.0], 100)
    passes = np.arange(200) % 4 != 0
    passes[100:] = True
    up = Paired(energy, passes * 1.0, energy, passes + 0.1 * ~passes)
    found = effect_of(
        one(kind="cut", of="rejected", size=0.1), "lxe", up, up.reversed, EDGES, REPORT
    )
    np.testing.assert_allclose(found.up, [0.1 / 3, 0], atol=1e-12)
    np.testing.assert_allclose(found.up_bins * found.down_bins, 1)
    assert found.verdict == "kept"


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 50))
def test_chance_gives_small_probabilities_as_often_as_it_should(seed):
    rng = np.random.default_rng(seed)
    energy, weight = events(seed)
    chances = []
    for _ in range(40):
        after = weight * rng.choice([0.5, 1.5], len(weight))
        way = Paired(energy, weight, energy, after)
        chances.append(effect_of(one(), "x", way, way, EDGES, REPORT).chance)
    assert 0.05 < np.mean(np.array(chances) < 0.25) < 0.55  # expected 0.25 ± 0.07


def test_ranges_with_too_few_events_take_the_ratio_of_all():
    energy = np.array([5.0] * 100 + [20.0, 21.0])
    after = np.array([2.0] * 100 + [9.0, 0.1])  # 4.6 ± 3 in the second range
    paired = Paired(energy, np.ones(102), energy, after)
    together = after.sum() / 102
    np.testing.assert_allclose(paired.summed(BOTH).smoothed(EDGES, REPORT)[-1], together)
    np.testing.assert_allclose(paired.summed(BOTH).smoothed(EDGES, REPORT)[0], 2.0)


def test_a_line_that_moves_within_a_range_is_kept():
    line = np.full(100, 9.5)
    ways = [Paired(line, np.ones(100), line * factor, np.ones(100)) for factor in (1.1, 0.8)]
    scale = effect_of(one(kind="energy-scale", prune_below=0.01), "i125", *ways, EDGES, REPORT)
    np.testing.assert_allclose(scale.up, 0)
    assert scale.moved == pytest.approx(0.95)
    assert scale.is_kept


CUTS = ("trigger", "fiducial-volume")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            [{"name": "a", "kind": "traced"}, {"name": "a", "kind": "traced"}],
            r"systematics\.1 \(a\): is there twice",
        ),
        ([{"name": "a", "kind": "position"}], "has the size 0; give a relative `size`"),
        (
            [{"name": "a", "kind": "cut", "size": 0.1, "cut": "r"}],
            "is of the cut 'r', which is not there; the cuts are t",
        ),
        (
            [{"name": "a", "kind": "traced", "ranges_keV": [2, 30, 15]}],
            "has ranges that do not ascend",
        ),
    ],
)
def test_faults(content, message):
    with pytest.raises(InputError, match=message):
        declared([{"status": "assumed", **entry} for entry in content], CUTS, "events.yaml")


@given(st.integers(0, 2**32 - 1), st.integers(0, 3))
def test_sums_of_parts_are_those_of_the_whole(seed, cut):
    """In one pass or in several; against the sums written out."""
    rng = np.random.default_rng(seed)
    n = 200
    energy, b = rng.uniform(0, 40, n), rng.uniform(0, 2, n)
    after, a = energy * rng.normal(1, 0.2, n), b * rng.integers(0, 3, n)
    where = [slice(0, 50 * cut), slice(50 * cut, n)]
    first, second = (PairedSums.of(energy[w], b[w], after[w], a[w], BOTH) for w in where)
    ratio, error = (first + second).ratio(REPORT)
    change, spread = (first + second).difference(REPORT)
    for place, (low, high) in enumerate(pairwise(REPORT)):
        before_in = (energy >= low) & (energy < high)
        after_in = (after >= low) & (after < high)
        weight_b, weight_a = np.where(before_in, b, 0), np.where(after_in, a, 0)
        expected = weight_a.sum() / weight_b.sum()
        assert ratio[place] == pytest.approx(expected)
        scatter = np.sqrt(np.sum((weight_a - expected * weight_b) ** 2)) / weight_b.sum()
        assert error[place] == pytest.approx(scatter, rel=1e-6, abs=1e-9)
        assert change[place] == pytest.approx(np.sum(weight_a - weight_b), abs=1e-9)
        assert spread[place] == pytest.approx(np.sqrt(np.sum((weight_a - weight_b) ** 2)), abs=1e-6)
    together = PairedSums.of(energy, b, after, a, BOTH)
    np.testing.assert_allclose((first + second).sums, together.sums, rtol=1e-12, atol=1e-12)
