"""Thinned, emphasised and repeated samples: the same spectra as without, bounded weights, and errors
that do not count a decay twice."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exonu.detector.geometry import geodesic_geometry
from exonu.detector.model import Detector
from exonu.simulation.blocks import sample_blocks
from exonu.simulation.components import component
from exonu.simulation.generation.generate import generate_source, join
from exonu.simulation.simulate_raw import Simulation
from exonu.simulation.weighting import Repetition, Thinning, Weighting

GEOMETRY = geodesic_geometry()
WINDOW = (1.0, 230.0)
COPPER_RULES = (
    Thinning(10, 2),
    Thinning(10, 2, beyond_cm=41.1),
    Thinning(15, 2, beyond_cm=30, cosine_below=0.1),
    Thinning(15, 2, beyond_cm=30, origin_beyond_cm=41.5),
    Thinning(30, 3),
    Thinning(45, 2, below_keV=100),
)
COPPER_REPETITIONS = (Repetition(5, 6), Repetition(9, 3), Repetition(12, 2))
SURFACE_EMPHASIS = {"surface/copper": 10.0}


def drawn(name, decays, weighting=None, emphasis=None):
    what = component(name, GEOMETRY, emphasis=emphasis)
    made = list(sample_blocks([what], [decays], GEOMETRY, 3, WINDOW, weighting or Weighting()))
    return join([block.deposits for block in made]), np.concatenate([b.number for b in made])


def copper():
    source = component("copper", GEOMETRY).sources[0]
    return generate_source(source, np.arange(30_000), GEOMETRY, 1, 1.0, WINDOW)


COPPER = copper()


@given(
    rules=st.lists(
        st.builds(
            Thinning,
            above_keV=st.floats(0, 100),
            one_in=st.integers(1, 6),
            beyond_cm=st.sampled_from([0.0, 30.0, 41.0]),
            below_keV=st.sampled_from([np.inf, 30.0, 100.0]),
            origin_beyond_cm=st.sampled_from([0.0, 41.3]),
            cosine_below=st.sampled_from([1.0, 0.15]),
        ),
        max_size=4,
    )
)
@settings(max_examples=40, deadline=None)
def test_rules_are_independent_and_what_is_left_weighs_their_product(rules):
    made = Weighting(tuple(rules)).thinned(COPPER, 30_000)
    product = np.ones(len(COPPER))
    for rule in rules:
        product[rule.applies(COPPER)] *= rule.one_in
    stays = COPPER.number % product == 0
    np.testing.assert_array_equal(made.number, COPPER.number[stays])
    heavier = made.weight_per_day / COPPER.weight_per_day[stays]
    off = np.abs(heavier / product[stays] - 1)
    np.testing.assert_array_less(off, product[stays] / 30_000)  # 30 000 decays are no multiple
    assert np.all(heavier > 0)
    spread = np.sqrt(np.sum(COPPER.weight_per_day**2 * (product - 1)))
    missing = made.weight_per_day.sum() - COPPER.weight_per_day.sum()
    assert abs(missing) <= 5 * spread + 1e-3 * COPPER.weight_per_day.sum()


def test_a_rule_is_for_light_and_place():
    radius = np.full(len(COPPER), np.inf)
    np.minimum.at(radius, COPPER.event, np.linalg.norm(COPPER.site_position_cm, axis=1))
    outer = Thinning(5, 2, beyond_cm=41.1).applies(COPPER)
    np.testing.assert_array_equal(outer, (COPPER.visible_keV > 5) & (radius >= 41.1))
    assert 0.1 < outer.mean() < 0.9


def test_a_rule_is_for_a_range_of_energy_and_for_gaps_and_places_that_are_hardly_found():
    first = np.searchsorted(COPPER.event, np.arange(len(COPPER)))
    visible, radius = COPPER.visible_keV, np.linalg.norm(COPPER.origin_cm, axis=1)
    window = Thinning(5, 2, below_keV=20).applies(COPPER)
    np.testing.assert_array_equal(window, (visible > 5) & (visible < 20))
    outer = Thinning(0, 2, origin_beyond_cm=41.3).applies(COPPER)
    np.testing.assert_array_equal(outer, radius >= 41.3)
    wide = Thinning(0, 2, cosine_below=0.15).applies(COPPER)
    single = np.bincount(COPPER.event) == 1  # of others the narrowest cone counts
    np.testing.assert_array_equal(wide[single], COPPER.cos_min[first][single] < 0.15)
    mixed = join([COPPER, drawn("lxe", 40)[0]])
    assert Thinning(0, 2, cosine_below=-0.5).applies(mixed)[len(COPPER) :].all()
    for rule in (window, outer, wide):
        assert 0.1 < rule.mean() < 0.9


def test_nothing_is_thinned_to_more_than_the_largest_weight():
    rule, largest = Thinning(0, 12), 4 * np.median(COPPER.weight_per_day)
    made = Weighting((rule,), largest_per_day=largest).thinned(COPPER, 30_000)
    before = COPPER.weight_per_day[np.isin(COPPER.number, made.number)]
    assert np.all(made.weight_per_day <= np.maximum(largest * 1.001, before * 1.001))
    factor = np.rint(made.weight_per_day / before)
    np.testing.assert_array_equal(factor, np.clip(np.floor(largest / before), 1, 12))
    assert len(np.unique(factor)) >= 3  # depths of gaps differ in weight
    error = np.sqrt(np.sum(made.weight_per_day**2))
    assert abs(made.weight_per_day.sum() - COPPER.weight_per_day.sum()) < 4 * error


def test_the_first_rule_of_repeating_counts():
    rules = Weighting(
        repeat=(Repetition(4, 6), Repetition(8, 3), Repetition(6, 5), Repetition(20, 2))
    )
    _, which = rules.repeated(COPPER, GEOMETRY)
    visible = COPPER.visible_keV
    expected = np.select([visible < 4, visible < 8, visible < 20], [6, 3, 2], 1)
    np.testing.assert_array_equal(np.bincount(which), expected)


@pytest.mark.parametrize(
    ("name", "decays", "weighting", "emphasis"),
    [
        ("copper", 150_000, Weighting(COPPER_RULES, COPPER_REPETITIONS), None),
        ("surface", 20_000, Weighting((Thinning(10, 3),)), SURFACE_EMPHASIS),
        (
            "seal",
            300_000,
            Weighting(repeat=(Repetition(14, 5, 30),)),
            {"seal/Pb210": 0.5, "seal/Th232/Tl208": 3},
        ),
    ],
)
def test_rates_by_energy_are_those_of_the_plain_sample(name, decays, weighting, emphasis):
    """Counts per day in ranges of visible energy, of samples with other decays."""
    edges = [1, 3, 6, 10, 20, 30, 60, 100, 230]
    found = []
    plain = drawn(name, decays)
    for deposits, number in (plain, drawn(name, decays + 7, weighting, emphasis)):
        place = np.digitize(deposits.visible_keV, edges) - 1
        w = deposits.weight_per_day
        of_decay = np.bincount(np.unique(number, return_inverse=True)[1], w)
        where = place[np.unique(number, return_index=True)[1]]  # copies have the same energy
        found.append((np.bincount(place, w, 9), np.bincount(where, of_decay**2, 9)))
    (before, error2), (after, other2) = found
    error = np.sqrt(error2 + other2)
    assert np.all(np.abs(after - before)[error > 0] < 4.5 * error[error > 0])
    assert after.sum() == pytest.approx(before.sum(), abs=4 * np.sqrt(error2.sum() + other2.sum()))


def test_emphasis_moves_decays_and_keeps_rates():
    plain, more = (component("surface", GEOMETRY, emphasis=e) for e in (None, SURFACE_EMPHASIS))
    for one, other in zip(plain.sources, more.sources, strict=True):
        factor = 10 if one.name.startswith("surface/copper") else 1
        assert other.emphasis == pytest.approx(factor * one.emphasis)
        assert other.rate_per_day == one.rate_per_day
    alike = component("seal", GEOMETRY, emphasis={"seal/Pb": 7})  # a name is whole parts of one
    assert all(source.emphasis == 1 for source in alike.sources)


def test_repetitions_are_turned_onto_the_same_detector():
    """Weights add up to the decay's; energies, depths and places on windows stay; no two are alike."""
    deposits, _ = drawn("surface", 300)
    rules = Weighting(repeat=(Repetition(below_keV=20, times=6),))
    made, which = rules.repeated(deposits, GEOMETRY)
    rare = deposits.visible_keV < 20
    np.testing.assert_array_equal(np.bincount(which), np.where(rare, 6, 1))
    weight = np.bincount(which, made.weight_per_day)
    np.testing.assert_allclose(weight, deposits.weight_per_day, rtol=1e-12)
    assert made.weight_per_day.max() <= deposits.weight_per_day.max()
    np.testing.assert_allclose(made.visible_keV, deposits.visible_keV[which])
    assert len(np.unique(made.event_id)) == len(made)
    depth = [GEOMETRY.depth_cm(d.site_position_cm) for d in (deposits, made)]
    first = np.searchsorted(deposits.event, np.arange(len(deposits)))
    again = np.searchsorted(made.event, np.arange(len(made)))
    np.testing.assert_allclose(depth[1][again], depth[0][first][which], atol=1e-9)
    distance = [
        np.linalg.norm(d.origin_cm[:, None] - GEOMETRY.positions_cm, axis=2).min(axis=1)
        for d in (deposits, made)
    ]
    np.testing.assert_allclose(distance[1], distance[0][which], atol=1e-6)
    along = np.einsum("nx,nx->n", made.axis, made.site_position_cm)
    before = np.einsum("nx,nx->n", deposits.axis, deposits.site_position_cm)
    np.testing.assert_allclose(along[again], before[first][which], atol=1e-9)
    copies = made.origin_cm[which == np.flatnonzero(rare)[0]]
    assert np.linalg.norm(copies[:, None] - copies, axis=2)[~np.eye(6, dtype=bool)].min() > 1


def test_an_event_with_energy_inside_is_not_repeated():
    deposits, _ = drawn("lxe", 400)
    rules = Weighting(repeat=(Repetition(below_keV=1e3, times=4, beyond_cm=30),))
    _, which = rules.repeated(deposits, GEOMETRY)
    radius = np.full(len(deposits), np.inf)
    np.minimum.at(radius, deposits.event, np.linalg.norm(deposits.site_position_cm, axis=1))
    np.testing.assert_array_equal(np.bincount(which), np.where(radius >= 30, 4, 1))


def traced(name, decays, **how):
    """Charges per event and weights, of a sample with its light."""
    what = component(name, GEOMETRY, emphasis=how.pop("emphasis", None))
    weighting = how.pop("weighting", Weighting())
    detector = Detector.from_settings(None, GEOMETRY)
    simulation = Simulation(
        name, detector, (what,),
        lambda: sample_blocks([what], [decays], GEOMETRY, 5, (2.0, 60.0), weighting),
        decays,
    )  # fmt: skip
    events = list(simulation.events(events_at_once=100_000))
    charge = np.concatenate([np.bincount(e.event_of_hit, e.charge, len(e)) for e in events])
    bright = np.concatenate([_largest(e) for e in events]) / np.maximum(charge, 1e-9)
    return (
        charge,
        bright,
        *(np.concatenate([getattr(e, column) for e in events]) for column in ("weight", "event")),
    )


def _largest(events):
    largest = np.zeros(len(events))
    np.maximum.at(largest, events.event_of_hit, events.charge)
    return largest


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "decays", "how"),
    [
        ("copper", 1_000_000, {"weighting": Weighting(COPPER_RULES, COPPER_REPETITIONS)}),
        (
            "surface",
            8000,
            {
                "emphasis": SURFACE_EMPHASIS,
                "weighting": Weighting((Thinning(10, 3),)),
            },
        ),
        (
            "pmt",
            1_500_000,
            {
                "emphasis": {"pmt/K40": 0.4},
                "weighting": Weighting((Thinning(30, 4),), (Repetition(14, 8, 30),)),
            },
        ),
    ],
)
def test_what_is_seen_is_that_of_the_plain_sample(name, decays, how):
    """Light and the brightest tube's share of it: weighted spectra agree with unweighted ones."""
    samples = [traced(name, decays), traced(name, decays + 11, **how)]
    bins = {"charge": [20, 40, 60, 100, 150, 250, 400, 700], "share": [0, 0.03, 0.05, 0.1, 0.2, 1]}
    for column, edges in enumerate(bins.values()):
        found = []
        for sample in samples:
            w, number = sample[2], sample[3]
            lit = sample[0] > 20
            place = np.digitize(sample[column], edges) - 1
            key = np.unique(np.stack([number[lit], place[lit]]), axis=1, return_inverse=True)
            summed = np.bincount(key[1].ravel(), w[lit])
            where = key[0][1].astype(int)
            some = (where >= 0) & (where < len(edges) - 1)
            found += [
                np.bincount(where[some], summed[some], len(edges)),
                np.bincount(where[some], summed[some] ** 2, len(edges)),
            ]
        before, error2, after, other2 = found
        some = (error2 > 0) & (other2 > 0)
        pull = (after - before)[some] / np.sqrt(error2 + other2)[some]
        assert np.abs(pull).max() < 4
        assert some.sum() >= 4


def test_the_numbers_of_events_are_those_of_their_decays():
    what = component("seal", GEOMETRY)
    plain, repeated = (
        next(sample_blocks([what], [100_000], GEOMETRY, 3, WINDOW, how))
        for how in (Weighting(), Weighting(repeat=(Repetition(14, 5),)))
    )
    np.testing.assert_array_equal(np.unique(repeated.number), plain.number)
    assert np.all(np.diff(repeated.number.astype(np.int64)) >= 0)
    assert np.bincount(np.unique(repeated.number, return_inverse=True)[1]).max() == 5
