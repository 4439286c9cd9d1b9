"""Events of the components: the same bytes for any chunks, energy, weights, pseudo-data."""

from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest
from scipy import constants

import exonu.simulation.generation.generate as module
from exonu.core.errors import InputError
from exonu.decays.beta_spectra import beta_spectrum
from exonu.detector.geometry import geodesic_geometry
from exonu.detector.model import Detector
from exonu.detector.random_numbers import start_stream
from exonu.simulation.components import BACKGROUNDS, component
from exonu.simulation.generation.event_kernels import LEAST_WEIGHT, roulette
from exonu.simulation.generation.generate import generate, generate_source, join
from exonu.simulation.generation.pseudo_data import demonstration_runs, pseudo_data, run_of
from exonu.simulation.light.photons import sources_from_deposits

GEOMETRY = geodesic_geometry()
ALL = (*BACKGROUNDS, "signal", "co57")


@pytest.fixture(scope="module")
def parts():
    return {name: component(name, GEOMETRY) for name in ALL}


def same(one, two):
    for field in fields(one):
        np.testing.assert_array_equal(
            getattr(one, field.name), getattr(two, field.name), err_msg=field.name
        )


@pytest.mark.parametrize("name", ["lxe", "copper", "seal", "pmt"])
def test_same_bytes_for_any_chunks(name, parts, monkeypatch):
    whole = generate(parts[name], 3000, GEOMETRY, seed=2)
    cuts = (0, 17, 1000, 1001, 3000)
    pieces = [
        generate(parts[name], 3000, GEOMETRY, seed=2, events=range(first, last))
        for first, last in pairwise(cuts)
    ]
    order = np.argsort(
        np.concatenate([piece.source * 10_000 + piece.number for piece in pieces]), kind="stable"
    )
    same(join(pieces).take(order), whole)
    monkeypatch.setattr(module, "CHUNK", 96)
    monkeypatch.setattr(module, "SITES_PER_EVENT", 1)
    same(generate(parts[name], 3000, GEOMETRY, seed=2), whole)
    other = generate(parts[name], 3000, GEOMETRY, seed=3)
    assert len(other) != len(whole) or not np.array_equal(
        other.true_energy_keV, whole.true_energy_keV
    )


@pytest.mark.parametrize("name", ALL)
def test_sites_belong_to_their_events(name, parts):
    made = generate(parts[name], 3000, GEOMETRY, seed=4)
    np.testing.assert_allclose(
        np.bincount(made.event, made.site_energy_keV), made.true_energy_keV, rtol=1e-12
    )
    assert np.all(np.diff(made.event) >= 0)
    assert made.event[-1] == len(made) - 1
    assert np.all(made.site_energy_keV > 0)
    assert np.all(made.weight_per_day > 0)
    assert GEOMETRY.depth_cm(made.site_position_cm).min() > -1e-3
    np.testing.assert_allclose(np.linalg.norm(made.axis, axis=1), 1, rtol=1e-9)
    assert len(np.unique(made.event_id)) == len(made)


def test_true_energies_stay_below_the_decay_energy(parts):
    made = generate(parts["lxe"], 20_000, GEOMETRY, seed=1)
    highest = {
        "lxe/C14/C14": 156.5,
        "lxe/Ar39/Ar39": 565,
        "lxe/Kr85/Kr85": 687,
        "lxe/Pb214/Pb214": 1018,
    }
    for name, q_value in highest.items():
        of_source = made.true_energy_keV[made.source == made.sources.index(name)]
        assert 0 < of_source.max() <= q_value


def test_mean_energy_of_a_spectrum_survives(parts):
    made = generate(parts["lxe"], 40_000, GEOMETRY, seed=1)
    krypton = made.true_energy_keV[made.source == made.sources.index("lxe/Kr85/Kr85")]
    expected = beta_spectrum("Kr85", 37, 0.0).mean_keV
    assert krypton.mean() == pytest.approx(expected, abs=4 * krypton.std() / np.sqrt(len(krypton)))


@pytest.mark.parametrize(
    ("name", "line", "share"), [("lxe-neutron", 163.93, 0.97), ("co57", 122.06, 0.75)]
)
def test_lines(name, line, share, parts):
    made = generate(parts[name], 20_000, GEOMETRY, seed=1)
    chosen = np.array([source.endswith(("Xe131m", "Co57")) for source in made.sources])[made.source]
    assert np.mean(np.abs(made.true_energy_keV[chosen] - line) < 0.1) > share


def test_a_source_on_the_axis_is_where_it_is_said_to_be():
    """122 keV go 3 mm in xenon, and all of it stays there."""
    scan = component("co57-scan", GEOMETRY)
    made = generate(scan, 2500, GEOMETRY, seed=1)
    heights = np.array([float(name.split("/z")[1].split("/")[0]) for name in made.sources])
    np.testing.assert_array_equal(made.origin_cm[:, 2], heights[made.source])
    off = made.position_cm - made.origin_cm
    assert np.abs(off.mean(axis=0)).max() < 0.05
    assert 0.1 < off.std() < 0.5
    for height in heights:
        of_height = made.true_energy_keV[heights[made.source] == height]
        assert np.median(of_height) == pytest.approx(122.06, abs=0.01)


def test_a_source_outside():
    outside = {"components": {"co57": {"sources": {"Co57": {"position_cm": [0, 0, 42]}}}}}
    with pytest.raises(InputError, match=r"position_cm: is not inside the detector \(got"):
        component("co57", GEOMETRY, outside)


def test_weights_are_the_rates(parts):
    """All decays in the liquid leave energy: their weights add up to the rate; half of the
    surface's electrons do."""
    for name in ("lxe", "solar", "lxe-neutron"):
        weights = generate(parts[name], 5000, GEOMETRY, seed=1).weight_per_day
        assert weights.sum() == pytest.approx(parts[name].rate_per_day, rel=0.01)
    bismuth = [source for source in parts["surface"].sources if source.name.endswith("Bi210")]
    made = generate(parts["surface"], 20_000, GEOMETRY, seed=1)
    chosen = np.array([name.endswith("Bi210") for name in made.sources])[made.source]
    rate = sum(source.rate_per_day for source in bismuth)
    assert made.weight_per_day[chosen].sum() == pytest.approx(rate / 2, rel=0.04)


def test_thinner_samples_have_the_same_rate(parts):
    window = (2.0, 200.0)
    few, many = (
        generate(parts["seal"], n, GEOMETRY, seed=1, window_keV=window) for n in (5000, 100_000)
    )
    error = np.sqrt(sum(np.sum(sample.weight_per_day**2) for sample in (few, many)))
    assert few.weight_per_day.sum() == pytest.approx(many.weight_per_day.sum(), abs=4 * error)
    assert np.all((many.visible_keV >= 2) & (many.visible_keV <= 200))


def test_importance_sampling_against_analogue():
    """γ-rays of the tubes that leave energy in the inner 25 cm: same rate, from fewer events."""
    off = {
        "components": {
            "pmt": {
                "sources": {key: {"importance": {"bias": 0.0}} for key in ("Ra226", "K40", "Co60")}
            }
        }
    }

    def inner(settings, n):
        made = generate("pmt", n, GEOMETRY, settings, seed=7)
        weight = made.weight_per_day[np.linalg.norm(made.position_cm, axis=1) < 25]
        return weight.sum(), np.sqrt(np.sum(weight**2)), len(weight)

    value, error, count = inner(None, 200_000)
    analogue, analogue_error, analogue_count = inner(off, 200_000)
    assert value == pytest.approx(analogue, abs=4 * np.hypot(error, analogue_error))
    assert count > 3 * analogue_count
    assert error < 0.8 * analogue_error


@pytest.mark.parametrize(("name", "n"), [("copper", 60_000), ("seal", 25_000)])
def test_the_point_on_the_wall_may_be_drawn_before_or_after_what_leaves_it(name, n, parts):
    """With importance sampling of directions the point comes first, without it comes last; sampled
    in vain, the first must give what the second does."""
    in_vain = {"bias": 1e-12, "target_cm": 20.0}
    for source in parts[name].sources:
        found = []
        for seed, place in enumerate((source.place, source.place._replace(**in_vain))):
            made = generate_source(
                replace(source, place=place), np.arange(n), GEOMETRY, seed, 1 / n, (0.0, np.inf)
            )
            first = np.searchsorted(made.event, np.arange(len(made)))
            radius = np.linalg.norm(made.origin_cm, axis=1)
            kinds = np.digitize(made.true_energy_keV, [10, 30, 100, 400])
            kinds = kinds * 2 + (made.cos_min[first] < 0)  # the first site outside its pocket
            kinds = kinds * 2 + (radius > 41)
            kinds = kinds * 2 + (np.bincount(made.event) > 1)
            w = made.weight_per_day
            found.append((np.bincount(kinds, w, 40), np.bincount(kinds, w**2, 40)))
        (last, error2), (ahead, other2) = found
        some = (error2 > 0) & (other2 > 0)
        assert np.abs((last - ahead)[some] / np.sqrt(error2 + other2)[some]).max() < 4.5
        assert last.sum() == pytest.approx(
            ahead.sum(), abs=4 * np.sqrt(error2.sum() + other2.sum())
        )


def test_no_light_is_followed_for_hardly_any_weight(parts):
    """X-rays forced into the middle of the detector: their weights are 1e-100, and the sum of all
    stays."""
    (source,) = (s for s in parts["pmt"].sources if s.name.endswith("Pb214"))
    made = generate_source(source, np.arange(40_000), GEOMETRY, 1, 1.0, (1.0, 215.0))
    assert made.weight_per_day.min() >= LEAST_WEIGHT
    stream = np.empty(2, dtype=np.uint64)
    start_stream(stream, 3, 5)
    for weight in (0.0, 1e-300, 0.002, 0.009, LEAST_WEIGHT, 1.3):
        drawn = np.array([roulette(weight, stream) for _ in range(4000)])
        assert set(drawn) <= ({0.0, LEAST_WEIGHT} if weight < LEAST_WEIGHT else {weight})
        spread = LEAST_WEIGHT * np.sqrt(np.clip(weight / LEAST_WEIGHT, 0, 1) / 4000)
        assert drawn.mean() == pytest.approx(weight, abs=4 * spread + 1e-12)


def test_emerging_energies_are_softer_than_emitted(parts):
    """Copper: a continuum from 0, no conversion lines, nothing above the endpoint; more from
    thinner layers."""
    made = generate(parts["copper"], 200_000, GEOMETRY, seed=3)
    electrons = made.true_energy_keV[made.source == made.sources.index("copper/middle/Bi210")]
    assert electrons.max() < 1162
    assert 0.03 < np.mean(electrons < 50) < 0.5
    thin = made.source == made.sources.index("copper/thin/Pb210")
    deep = made.source == made.sources.index("copper/middle/Pb210")
    per_decay = [
        np.sum(made.source == made.sources.index(f"copper/{layer}/Pb210"))
        for layer in ("thin", "middle")
    ]
    assert min(per_decay) > 0
    line = [np.mean(np.abs(made.true_energy_keV[part] - 46.539) < 0.01) for part in (thin, deep)]
    assert line[1] > line[0]  # from deep inside only the γ-ray comes out


def test_pockets_narrow_and_dim_the_light(parts):
    made = generate(parts["seal"], 20_000, GEOMETRY, seed=1)
    place = parts["seal"].sources[0].place
    distance = np.linalg.norm(made.site_position_cm - made.origin_cm[made.event], axis=1)
    within = distance < place.pocket_cm
    assert 0 < within.sum() < len(within)
    assert set(made.escape[within]) == {place.escape_fraction}
    assert set(made.cos_min[within]) == {place.cos_min}
    assert set(made.escape[~within]) == {1.0}
    assert set(made.cos_min[~within]) == {-1.0}
    inward = np.sum(made.axis * made.site_position_cm, axis=1)
    assert inward[within].max() < 0


def test_signal_weights_integrate_a_flat_spectrum(parts):
    """Σ w over a window is its width: one event per day and keV, in any window."""
    made = generate(parts["signal"], 100_000, GEOMETRY, seed=1)
    assert made.true_energy_keV.min() >= 0.5
    for low, high in ((1.0, 2.0), (2.0, 15.0), (30.0, 200.0)):
        weight = made.weight_per_day[(made.true_energy_keV > low) & (made.true_energy_keV < high)]
        assert weight.sum() == pytest.approx(high - low, abs=4 * np.sqrt(np.sum(weight**2)))


def test_inner_sample_stays_inside():
    inner = component("lxe", GEOMETRY, liquid_radius_cm=28.0)
    made = generate(inner, 3000, GEOMETRY, seed=1)
    assert np.linalg.norm(made.origin_cm, axis=1).max() <= 28


def test_pseudo_data_are_unweighted_poisson_draws(parts):
    chosen = [parts["lxe"], parts["pmt"], parts["seal"]]
    days = 0.02
    data = pseudo_data(chosen, days, GEOMETRY, seed=1)
    np.testing.assert_allclose(data.deposits.weight_per_day, 1 / days)
    assert np.all(np.diff(data.time_s) >= 0)
    assert 0 <= data.time_s[0] <= data.time_s[-1] <= days * constants.day
    for name in ("lxe", "pmt", "seal"):
        of_component = np.array([c == name for c in data.deposits.component])[data.deposits.source]
        made = generate(parts[name], 100_000, GEOMETRY, seed=9).weight_per_day
        expected = made.sum() * days
        error = np.hypot(np.sqrt(expected), days * np.sqrt(np.sum(made**2)))
        assert of_component.sum() == pytest.approx(expected, abs=4 * error), name


def test_streams_factors_and_prescale(parts):
    wall = [parts["surface"]]
    physics = pseudo_data(wall, 3.0, GEOMETRY, seed=1)
    control = pseudo_data(wall, 30.0, GEOMETRY, seed=1, stream="wall-control", prescale=10.0)
    doubled = pseudo_data(wall, 3.0, GEOMETRY, seed=1, factors={"surface": 2.0})
    n = len(physics.deposits)
    assert abs(len(control.deposits) - n) < 4 * np.sqrt(2 * n)
    np.testing.assert_allclose(control.deposits.weight_per_day, 10 / 30)
    assert abs(len(doubled.deposits) - 2 * n) < 4 * np.sqrt(6 * n)
    assert not np.isin(physics.deposits.origin_cm, control.deposits.origin_cm).all(axis=1).any()
    same(pseudo_data(wall, 3.0, GEOMETRY, seed=1).deposits, physics.deposits)


def test_runs_lose_photomultipliers():
    runs = demonstration_runs(GEOMETRY, 10.0, seed=1, runs=5, dead_first=6, dead_last=12)
    assert [len(run.dead) for run in runs] == [6, 8, 9, 10, 12]
    for before, after in pairwise(runs):
        assert set(before.dead) < set(after.dead)
        assert after.start_s == pytest.approx(before.start_s + before.live_time_s)
    assert sum(run.live_time_s for run in runs) == pytest.approx(10 * constants.day)
    times = np.array([0.0, 1.99, 2.01, 9.99]) * constants.day
    np.testing.assert_array_equal(run_of(times, runs), [0, 0, 1, 4])


def test_light_follows(parts):
    """The light sources of the tracer take the deposits as they are."""
    made = generate(parts["seal"], 2000, GEOMETRY, seed=1)
    sources = sources_from_deposits(
        made.event,
        made.site_position_cm,
        made.site_energy_keV,
        Detector.from_settings(geometry=GEOMETRY),
        seed=1,
        event_ids=made.event_id,
        axis=made.axis,
        cos_min=made.cos_min,
        escape=made.escape,
    )
    assert len(sources) == len(made.event)
    assert np.all(sources.photoelectrons >= 0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: generate("lxe", 3, GEOMETRY),
            r"n_events: must be at least 5, one per source \(got 3\)",
        ),
        (
            lambda: generate("lxe", 10, GEOMETRY, events=range(5, 11)),
            r"events: must be within 0 and 10",
        ),
        (lambda: join([]), r"deposits: needs at least one list"),
        (lambda: pseudo_data([], 0.0, GEOMETRY), r"live_days: must be > 0 \(got 0.0\)"),
        (
            lambda: pseudo_data([], 1.0, GEOMETRY, prescale=0.5),
            r"prescale: must be ≥ 1 \(got 0.5\)",
        ),
        (
            lambda: pseudo_data([], 1.0, GEOMETRY, factors={"lxe": 1.0}),
            r"activity factors: must be ≥ 0 and of a component \(got 1.0 for 'lxe'\)",
        ),
        (lambda: demonstration_runs(GEOMETRY, 1.0, runs=0), r"runs: must be at least one run"),
        (
            lambda: demonstration_runs(GEOMETRY, 1.0, dead_first=9, dead_last=8),
            r"dead: must be 0 ≤ first ≤ last ≤ 642 \(got 9, 8\)",
        ),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(InputError, match=message):
        call()
