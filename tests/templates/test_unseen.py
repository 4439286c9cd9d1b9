"""Components of which no simulated event is left in a bin."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_analysis import EVENTS, make_toy, write_analysis

from exonu.core.errors import InputError
from exonu.core.settings import checked
from exonu.search.analysis import ANALYSIS_SCHEMA
from exonu.search.build_workspaces import build_workspaces
from exonu.search.experiment.binned_spectrum import Background
from exonu.search.experiment.read_experiment import read_experiment
from exonu.search.limit_records import projected_limits
from exonu.search.studies.projections import projection
from exonu.statistics import compile_workspace, upper_limit
from exonu.templates.histograms import fill
from exonu.templates.packing import STATISTICAL_NAME
from exonu.templates.template_jobs import template_settings
from exonu.templates.unseen import Unseen, Weighted, parameter, unseen, without_small

EDGES = np.arange(2.0, 202.0, 2.0)
RANGES = [2, 16, 30, 60, 100, 200]
DAYS = 10.0


def of(energy, weight):
    return Weighted(np.asarray(energy, float), np.broadcast_to(weight, len(energy)).astype(float))


@given(
    st.lists(st.tuples(st.floats(0, 250), st.floats(1e-3, 10), st.booleans()), max_size=60),
    st.floats(0.1, 10),
)
def test_a_range_gets_one_event_of_its_largest_weight(events, factor):
    energy, weight = (np.array([event[i] for event in events], float) for i in (0, 1))
    passes = np.array([event[2] for event in events], bool)
    spectrum = fill(energy[passes], weight[passes], EDGES)
    everywhere = Weighted(energy, weight)
    found = unseen(spectrum, Weighted(energy[passes], weight[passes]), everywhere, RANGES)
    centres = (EDGES[1:] + EDGES[:-1]) / 2
    for low, high in pairwise(RANGES):
        one = found.get(f"{low}_{high}")
        inside = (centres > low) & (centres < high)
        there = weight[(energy >= low) & (energy < high)]
        largest = there.max() if there.size else weight.max(initial=0)
        heavy_seen = np.sqrt(spectrum.variances[inside].sum()) >= largest
        empty = inside & (spectrum.entries == 0) if heavy_seen else inside
        if one is None:
            assert len(events) == 0 or not empty.any()
            continue
        counts = one.counts
        assert counts.sum() == pytest.approx(largest)
        assert (counts[empty] > 0).all()
        assert (counts[~empty] == 0).all()
    scaled = unseen(
        fill(energy[passes], factor * weight[passes], EDGES),
        Weighted(energy[passes], factor * weight[passes]),
        Weighted(energy, factor * weight),
        RANGES,
    )
    for key, one in found.items():
        np.testing.assert_allclose(scaled[key].counts, factor * one.counts, rtol=1e-9)
        assert (one.shape_error <= one.counts * (1 + 1e-12)).all()


def test_its_shape_is_that_of_the_events_beside():
    spectrum = fill([], [], EDGES)
    beside = of([20.0] * 60 + [28.0] * 20, 1.0)
    one_event = unseen(spectrum, beside, of([17.0], 3.0), RANGES)["16_30"]
    counts, relative = one_event.counts, one_event.shape_error / one_event.counts.clip(1e-9)
    assert counts.sum() == pytest.approx(3.0)
    at = np.searchsorted(EDGES, [20.0, 28.0, 24.0], side="right") - 1
    one = 1 / 7  # an event spread evenly over seven bins; the others weigh a third of the largest
    np.testing.assert_allclose(relative[at], [60**-0.5, 20**-0.5, 1])
    np.testing.assert_allclose(
        counts[at], 3 * np.array([20 + one, 20 / 3 + one, one]) / (80 / 3 + 1)
    )


def test_what_changes_no_bin_is_left_out():
    counts = {"a": np.array([0.0, 0.005]), "b": np.array([0.0, 0.02])}
    many = {name: {"2_16": Unseen(one, one)} for name, one in counts.items()}
    assert without_small(many, np.array([0.0, 1.0]), 0.01) == {"a": {}, "b": many["b"]}


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    return read_experiment(make_toy(tmp_path_factory.mktemp("toy"), n=1500)[1])


def settings(**keys):
    return checked({"config_version": 1, "events": "-", **keys}, ANALYSIS_SCHEMA, "test")


def with_wall(toy, energy, weight, radius):
    """The toy's liquid and a wall class made of these events."""
    inside = radius < 20
    spectrum = fill(energy[inside], weight[inside], EDGES)
    found = unseen(spectrum, Weighted(energy, weight), Weighted(energy, weight), RANGES)
    rare = {parameter("wall", key): DAYS * one.counts for key, one in found.items()}
    variance = spectrum.variances + sum(one.shape_error**2 for one in found.values())
    counts = DAYS * spectrum.values + sum(rare.values(), np.zeros(len(EDGES) - 1))
    wall = Background(
        "wall", "wall", counts, DAYS * np.sqrt(variance), 0.2, is_log_normal=True,
        statistical_name=STATISTICAL_NAME, unseen=rare,
    )  # fmt: skip
    return replace(toy, backgrounds=(toy.backgrounds[0], wall))


def expected_limit(experiment, observed=None, **keys):
    [made] = build_workspaces(
        experiment, "millicharge", settings(blind=True, **keys), [("all", None)]
    )
    spec = made.spec
    if observed is not None:
        spec["observations"][0]["data"] = observed
    limit = upper_limit(compile_workspace(spec), confidence_level=0.9)
    assert limit.record["failed_fits"] == 0
    scale = made.meaning["reference_strength"] ** 2
    return scale * limit.expected[2], scale * limit.observed, spec["observations"][0]["data"]


@pytest.mark.parametrize("one_in", [8, 64, 10_000])
def test_taking_simulation_away_makes_no_limit_stronger(toy, one_in):
    """Of 3,000 wall events each is kept with a chance of 1/k and weighs k times as much; of
    10,000 one is left. On average over these subsets neither the expected limit, on the subset's
    own Asimov data, nor the limit on the Asimov data of all events is stronger (in q², 2 % for
    the scatter of the means)."""
    rng = np.random.default_rng(7)
    n = 3000
    energy, radius = 2 + rng.exponential(15, n), 19 + rng.exponential(3, n)
    weight = np.full(n, 60.0 / n)
    full, _, data = expected_limit(with_wall(toy, energy, weight, radius))
    expected, observed = [], []
    for _ in range(8):
        kept = rng.random(n) < 1 / one_in
        kept[rng.integers(n)] |= not kept.any()
        factor = n / kept.sum()
        there = with_wall(toy, energy[kept], factor * weight[kept], radius[kept])
        own, on_full, _ = expected_limit(there, data)
        expected.append(own)
        observed.append(on_full)
    assert np.mean(expected) > 0.98 * full
    assert np.mean(observed) > 0.98 * full
    assert np.mean(expected) > 1.05 * full or one_in < 16


def test_without_the_template_a_limit_would_be_stronger(toy):
    """What the test above would find of a class that vanishes."""
    rng = np.random.default_rng(7)
    energy, radius = 2 + rng.exponential(15, 3000), 19 + rng.exponential(3, 3000)
    weight = np.full(3000, 60.0 / 3000)
    full, _, _ = expected_limit(with_wall(toy, energy, weight, radius))
    nothing, _, _ = expected_limit(replace(toy, backgrounds=toy.backgrounds[:1]))
    assert nothing < 0.9 * full


def test_projections_without_the_simulations_statistics_have_no_such_counts(toy):
    seen = np.full(40, 3.0)
    one = with_wall(
        toy, np.append(seen, 150.0), np.full(41, 0.5), np.append(np.full(40, 10.0), 30.0)
    )
    [made] = build_workspaces(one, "magnetic-moment", settings(blind=True), [("all", None)])
    bounds = {p["name"]: p["bounds"] for p in made.spec["measurements"][0]["config"]["parameters"]}
    assert bounds["unseen_wall_100_200"] == [[-1.0, 5.0]]
    wall = {
        k: projection(made.spec, 1, uncertainties=k)["channels"][0]["samples"][1]
        for k in ("all", "no-mc", "stat")
    }
    np.testing.assert_allclose(wall["all"]["data"], one.backgrounds[1].counts)
    for kind in ("no-mc", "stat"):
        np.testing.assert_allclose(
            wall[kind]["data"], DAYS * fill(seen, 0.5, EDGES).values, atol=1e-9
        )
        assert not [m for m in wall[kind]["modifiers"] if m["name"].startswith("unseen")]
    limits = projected_limits(made.spec, made.meaning, 2 * DAYS, 0.9)
    assert limits["asymptotic-20d-no-mc"]["expected"][2] < limits["asymptotic-20d"]["expected"][2]


def test_the_cut_beside_must_be_there(tmp_path):
    events = EVENTS.replace(
        "fiducial_mass_kg: 97}", "fiducial_mass_kg: 97, beside: {cut: radius, keep: r_pe_cm < 30}}"
    )
    inputs = write_analysis(tmp_path, events)
    with pytest.raises(
        InputError,
        match=r"templates\.beside\.cut: is the cut 'radius', which is not there; the cuts are fid",
    ):
        template_settings(inputs, blind=False)
