"""One more photomultiplier masked on purpose, and what simulation knows about dead ones."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import reconstruction_events as lab

from exonu.events.raw.raw_events import Events, EventWriter
from exonu.events.raw.root_files import read_columns
from exonu.events.reconstruction.chain import (
    COLUMNS,
    TRUTH_COLUMNS,
    EventReconstruction,
    brightest_channel,
)
from exonu.events.reconstruction.charge import NO_CHANNEL
from exonu.events.reconstruction.reconstructed_files import reconstruct_file

WALL_CHANNELS = np.random.default_rng(21).integers(0, 642, 400)
DEAD = np.stack([lab.dead_channels(17, 100, 355), lab.dead_channels(), lab.dead_channels(444)])


@pytest.fixture(scope="module")
def whole() -> EventReconstruction:
    return EventReconstruction.of(lab.small_map(), lab.detector())


@pytest.fixture(scope="module")
def at_wall() -> Events:
    """Electrons of 6 keV on windows, with their true positions."""
    points = lab.on_windows(WALL_CHANNELS, 22)
    return replace(
        lab.of_electrons(points, 6.0), true_energy_keV=np.full(len(points), 6.0), true_xyz_cm=points
    )


@pytest.fixture(scope="module")
def mask(at_wall: Events) -> np.ndarray:
    return np.arange(len(at_wall)) % len(DEAD)


def test_brightest_channel_is_that_of_the_definition(at_wall: Events) -> None:
    dead = lab.dead_channels(*WALL_CHANNELS[:100])
    found = brightest_channel(at_wall, dead)
    for i in range(0, len(at_wall), 7):
        hits = slice(at_wall.offsets[i], at_wall.offsets[i + 1])
        charge = np.where(dead[at_wall.channel[hits]], -1, at_wall.charge[hits])
        assert found[i] == at_wall.channel[hits][np.argmax(charge)]
        assert not dead[found[i]]


def test_light_is_largest_where_the_electron_was(at_wall: Events) -> None:
    assert np.mean(brightest_channel(at_wall, lab.dead_channels()) == WALL_CHANNELS) > 0.9


def test_masked_again_is_a_reconstruction_with_one_more_dead(
    whole: EventReconstruction, at_wall: Events, mask: np.ndarray
) -> None:
    """Against the plain way: a mask of its own for every event."""
    found = whole.masked_again(at_wall, DEAD, mask)
    masks = DEAD[mask]
    masks[np.arange(len(masks)), found["max_pe_channel"]] = True
    assert not DEAD[mask, found["max_pe_channel"]].any()
    rows = np.arange(0, len(at_wall), 20)
    plain = whole.columns(at_wall[rows], masks[rows], np.arange(len(rows)))
    for name in ("r_pe_cm", "energy_keVee", "log_likelihood_pe", "r_t_cm"):
        assert np.allclose(found[name][rows], plain[name], rtol=2e-3, atol=0.02, equal_nan=True), (
            name
        )


def test_masking_the_brightest_lets_events_leak_inwards(
    whole: EventReconstruction, at_wall: Events
) -> None:
    before, after = whole.columns(at_wall), whole.masked_again(at_wall)
    assert np.mean(after["r_pe_cm"]) < np.mean(before["r_pe_cm"]) - 0.3
    assert np.array_equal(before["max_pe_channel"], after["max_pe_channel"])


def test_masking_a_given_channel(whole: EventReconstruction, at_wall: Events) -> None:
    channel = np.where(np.arange(len(at_wall)) % 2, (WALL_CHANNELS + 321) % 642, NO_CHANNEL)
    found, before = whole.masked_again(at_wall, channel=channel), whole.columns(at_wall)
    assert np.array_equal(found["max_pe_channel"], channel)
    untouched = channel == NO_CHANNEL
    assert np.allclose(found["r_pe_cm"][untouched], before["r_pe_cm"][untouched], atol=1e-3)


def test_events_without_light_are_no_probes(whole: EventReconstruction) -> None:
    dark = Events.of([[5], []], [[3.0], []], [[0.0], []])
    found = whole.masked_again(dark)
    assert found["max_pe_channel"].tolist() == [5, NO_CHANNEL]
    assert np.isnan(found["r_pe_cm"]).all()


def test_whether_the_nearest_photomultiplier_is_dead(
    whole: EventReconstruction, at_wall: Events, mask: np.ndarray
) -> None:
    found = whole.columns(at_wall, DEAD, mask)
    distance = np.linalg.norm(
        at_wall.true_xyz_cm[:, None] - lab.detector().geometry.positions_cm, axis=2
    )
    nearest = np.argmin(distance, axis=1)
    assert np.array_equal(found["true_pmt"], nearest)
    assert np.mean(nearest == WALL_CHANNELS) > 0.97
    assert np.array_equal(found["true_pmt_is_dead"], DEAD[mask, nearest])
    assert found["true_pmt_is_dead"].dtype == bool


def test_truth_is_written_where_it_exists(
    tmp_path: Path, whole: EventReconstruction, at_wall: Events
) -> None:
    simulated = at_wall[:20]
    for name, events in {
        "mc": simulated,
        "data": replace(simulated, true_energy_keV=None, true_xyz_cm=None),
    }.items():
        with EventWriter(
            tmp_path / f"{name}.root", {"is_simulated": True}, tree="events"
        ) as writer:
            writer.write(events)
        reconstruct_file(tmp_path / f"{name}.root", tmp_path / f"{name}_out.root", whole)
        (found,) = read_columns(tmp_path / f"{name}_out.root")
        assert found.keys() >= COLUMNS.keys()
        assert (TRUTH_COLUMNS.keys() <= found.keys()) == (name == "mc")
        assert not TRUTH_COLUMNS.keys() & found.keys() or not found["true_pmt_is_dead"].any()
