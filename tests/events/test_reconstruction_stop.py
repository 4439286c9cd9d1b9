"""Events far outside are searched no further, and nothing else changes."""

from dataclasses import replace

import numpy as np
import pytest
import reconstruction_events as lab

from exonu.detector.geometry import HEXAGON
from exonu.events.raw.raw_events import Events
from exonu.events.reconstruction.charge import EarlyStop

N = 250
DEAD = lab.dead_channels(94, 123, 213, 528, 575, 601)
STOP = EarlyStop(beyond_cm=30, margin=10)


def near_wall(energy_keV: float, seed: int) -> Events:
    """Electrons up to 4 cm from the wall, half of them before windows of dead tubes."""
    random = np.random.default_rng(seed)
    channels = random.integers(0, 642, N)
    channels[::2] = random.choice(np.flatnonzero(DEAD), len(channels[::2]))
    points = lab.on_windows(channels, seed) * (1 - random.uniform(0.005, 0.1, (N, 1)))
    return lab.of_electrons(points, energy_keV, seed, DEAD)


@pytest.mark.parametrize("energy_keV", [4.0, 20.0, 80.0])
def test_an_early_stop_loses_none_inside_and_leaves_all_others_as_they_are(
    energy_keV: float,
) -> None:
    whole = lab.reconstruction().with_dead(DEAD)
    short = replace(whole, stop=STOP)
    inside = lab.of_electrons(33 * lab.directions(N, 6), energy_keV, 7, DEAD)
    for events, least in ((near_wall(energy_keV, 5), 0.2), (inside, 0.0)):
        expected, found = whole(events), short(events)
        stopped = found.is_coarse
        assert stopped.mean() >= least
        assert not expected.is_coarse.any()
        lost = expected.radius_cm[
            stopped
        ]  # between coarse vertices, one at 29 cm may be taken for 31
        assert lost.min(initial=np.inf) > 25
        assert np.mean(lost < STOP.beyond_cm) < 0.01
        for name in ("position_cm", "log_likelihood", "wall_log_likelihood"):
            np.testing.assert_array_equal(
                getattr(found, name)[~stopped], getattr(expected, name)[~stopped]
            )
        np.testing.assert_array_equal(found.light_pe, expected.light_pe)
        assert np.all(found.log_likelihood <= expected.log_likelihood + 1e-6 * found.light_pe)
        if stopped.any():  # near enough for the energy of events at the wall
            light = np.exp((expected.log_total_probability - found.log_total_probability)[stopped])
            assert abs(np.median(light) - 1) < 0.03


def test_bright_events_at_the_wall_stop_early() -> None:
    found = replace(lab.reconstruction(), stop=STOP)(near_wall(80.0, 8))
    assert found.is_coarse.mean() > 0.7
    assert found.radius_cm[found.is_coarse].min() > STOP.beyond_cm - 5
    assert np.isnan(found.wall_log_likelihood[found.is_coarse]).all()


def test_the_margin_decides() -> None:
    events = near_wall(20.0, 9)
    shares = [
        replace(lab.reconstruction(), stop=EarlyStop(30.0, margin))(events).is_coarse.mean()
        for margin in (0.0, 20.0, 200.0, np.inf)
    ]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > shares[2] >= shares[3] == 0


def test_a_stop_beyond_all_vertices_never_comes() -> None:
    found = replace(lab.reconstruction(), stop=EarlyStop(100.0, 0.0))(near_wall(20.0, 9))
    assert not found.is_coarse.any()


def test_an_event_without_light_has_no_vertex() -> None:
    """Its log-likelihood is 0 everywhere, which beats nothing by a margin."""
    found = replace(lab.reconstruction(), stop=EarlyStop(30.0, 0.0))(Events.of([[]], [[]], [[]]))
    assert np.isnan(found.radius_cm).all()
    assert not found.is_coarse.any()


def test_windows_on_edges_and_round_ones_stop_too() -> None:
    """An event on a five-fold tube or on an edge is as far outside as any other."""
    geometry = lab.detector().geometry
    some = np.concatenate(
        [
            np.flatnonzero(geometry.window != HEXAGON),
            np.flatnonzero((geometry.bend < 1 - 1e-9) & (geometry.window == HEXAGON))[:40],
        ]
    )
    events = lab.of_electrons(0.99 * geometry.positions_cm[some], 60.0, 3)
    found = replace(lab.reconstruction(), stop=STOP)(events)
    assert found.is_coarse.mean() > 0.9
    assert np.linalg.norm(found.position_cm - geometry.positions_cm[some], axis=1).max() < 5
