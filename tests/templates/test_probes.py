"""Probes: which events are masked, what the mask changes, and the job from files to files."""

from pathlib import Path

import numpy as np
import pytest
import reconstruction_events as lab

from exonu.core.errors import InputError
from exonu.events.raw.raw_events import Events, EventWriter
from exonu.events.reconstruction.chain import EventReconstruction
from exonu.events.reconstruction.reconstructed_files import reconstruct_file
from exonu.events.runs.run_list import RunList
from exonu.events.selection.cuts import Selection
from exonu.events.variables import raw_variables
from exonu.templates.dead_pmt.probes import (
    ProbeMaker,
    Probes,
    ProbeSettings,
    make_probes,
    read_probes,
)

RUN = {
    "run": 1,
    "files": [],
    "start": "2013-11-20T00:00:00",
    "live_time_s": 86400.0,
    "dead_pmts": [7],
}
RUNS = [
    RUN | {"stream": "physics"},
    RUN | {"stream": "wall-control", "run": 2, "dead_pmts": [10, 200]},
]
CUTS = [
    {"name": "previous-event", "keep": "time_since_previous_ms > 10", "status": "assumed"},
    {"name": "fiducial-volume", "keep": "r_pe_cm < 20", "status": "published"},
]
SETTINGS = {
    "run_list": "runs.tsv",
    "runs": RUNS,
    "cuts": CUTS,
    "extra": [],
    "file": "events.yaml",
    "source": {"kind": "data", "stream": "physics", "run": 1},
    "variables": {"early_window_ns": 20},
    "dead_pmt": {"components": ["surface"]},
}
CHANNELS = np.array([30, 100, 333, 500, 7, 200])
PER_CHANNEL = 150


@pytest.fixture(scope="module")
def maker() -> ProbeMaker:
    reconstruction = EventReconstruction.of(lab.small_map(), lab.detector())
    return ProbeMaker(reconstruction, Selection.from_settings(CUTS), ProbeSettings(), 20.0)


@pytest.fixture(scope="module")
def events() -> Events:
    """4 keV on some windows, and as many in the middle; two runs, and a third of them too soon
    after another event."""
    windows = np.repeat(CHANNELS, PER_CHANNEL)
    inside = 15 * lab.directions(len(windows), 3)
    made = lab.of_electrons(np.concatenate([lab.on_windows(windows, 3), inside]), 4.0)
    n = len(made)
    made.run[:] = 1 + np.arange(n) % 2
    dead = np.zeros((2, 642), dtype=bool)
    dead[0, 7] = dead[1, [10, 200]] = True
    made = made.with_hits(~dead[(made.run - 1)[made.event_of_hit], made.channel])
    since = np.where(np.arange(n) % 3 == 0, 1.0, 50.0)
    return made.with_columns(
        time_since_previous_ms=since,
        light_yield_scale=np.ones(n),
        **raw_variables(made, early_window_ns=20),
    )


def written(folder: Path, events: Events, maker: ProbeMaker) -> tuple[Path, Path]:
    with EventWriter(
        folder / "in.root", {"is_simulated": True}, tree="events", mantissa_bits=23
    ) as writer:
        writer.write(events)
    runs = RunList.from_settings(SETTINGS)
    reconstruct_file(folder / "in.root", folder / "out.root", maker.reconstruction, runs)
    return folder / "in.root", folder / "out.root"


def test_probes_are_wall_events_before_living_photomultipliers(
    tmp_path: Path, events: Events, maker: ProbeMaker
) -> None:
    files = written(tmp_path, events, maker)
    lab.small_map().save(tmp_path / "map")
    number = make_probes(SETTINGS, tmp_path / "map", *files, tmp_path / "probes.root")
    source, probes = read_probes(tmp_path / "probes.root")
    assert source == SETTINGS["source"]
    assert len(probes) == number
    # the middle gives none, dead windows none, living ones nearly all that come late enough after
    # the event before
    on_window = np.repeat(CHANNELS, PER_CHANNEL)
    alive = ~np.isin(on_window, [7, 200]) | ((on_window == 7) & (events.run[: len(on_window)] == 2))
    alive |= (on_window == 200) & (events.run[: len(on_window)] == 1)
    expected = np.sum(alive & (events.columns["time_since_previous_ms"][: len(on_window)] > 10))
    assert 0.8 * expected < number < 1.02 * expected  # the small map places some of them too deep
    assert np.mean(np.isin(probes.channel, CHANNELS)) > 0.98
    assert probes.weight.tolist() == [1.0] * number
    assert 0 < probes.leaked.sum() < 0.2 * number


def test_what_leaks_is_what_a_dead_photomultiplier_would_have_let_through(
    events: Events, maker: ProbeMaker
) -> None:
    """Masked on purpose or dead from the start is the same."""
    some = events[: len(CHANNELS) * PER_CHANNEL]
    channel = np.repeat(CHANNELS, PER_CHANNEL)
    dead = np.zeros((1, 642), dtype=bool)
    dead[0, 55] = True
    probes = maker.masked(some, channel, dead, np.zeros(len(some), dtype=np.int64))
    for one in CHANNELS[:2]:
        rows = channel == one
        also = dead.copy()
        also[0, one] = True
        found = maker.reconstruction.columns(some[rows], also)
        assert np.allclose(
            probes.energy_keVee[rows], found["energy_keVee"], rtol=1e-5, equal_nan=True
        )
        late = some.columns["time_since_previous_ms"][rows] > 10
        assert np.array_equal(probes.leaked[rows], (found["r_pe_cm"] < 20) & late)
    assert np.array_equal(probes.channel, channel)


def test_cuts_see_the_variables_without_the_masked_hits(events: Events, maker: ProbeMaker) -> None:
    some = events[:50]
    channel = np.repeat(CHANNELS, PER_CHANNEL)[:50]
    cut = [{"name": "light", "keep": "total_pe > 35", "status": "assumed"}]
    strict = ProbeMaker(maker.reconstruction, Selection.from_settings(cut), maker.settings, 20.0)
    left = [
        events.charge[first:last][events.channel[first:last] != c].sum()
        for first, last, c in zip(some.offsets[:-1], some.offsets[1:], channel, strict=True)
    ]
    assert np.array_equal(strict.masked(some, channel).leaked, np.array(left) > 35)


def test_light_above_the_highest_energy_gives_no_probes(events: Events, maker: ProbeMaker) -> None:
    some = events[:300]
    columns = {**some.scalars(), **maker.reconstruction.columns(some)}
    low = ProbeMaker(maker.reconstruction, maker.selection, ProbeSettings(highest_keV=2.5), 20.0)
    chosen, fewer = maker.chosen(columns), low.chosen(columns)
    assert not np.any(fewer & ~chosen)
    # none that would have come out below is left out
    energy = maker.masked(some[chosen], columns["max_pe_channel"][chosen]).energy_keVee
    assert np.all(fewer[chosen] | (energy >= 2.5))
    assert fewer.sum() < chosen.sum()


def test_only_wall_components_of_a_sample_give_probes(
    tmp_path: Path, events: Events, maker: ProbeMaker
) -> None:
    n = len(events)
    kept = events.columns["time_since_previous_ms"] > 10
    simulated = Events(
        **(
            vars(events)
            | {"component": (np.arange(n) % 2).astype(np.uint16), "weight": np.full(n, 0.5)}
        )
    )
    files = written(tmp_path, simulated, maker)
    lab.small_map().save(tmp_path / "map")
    source = {
        "kind": "simulation",
        "sample": "wall",
        "component": "lxe,surface",
        "variation": "nominal",
    }
    both = make_probes(SETTINGS, tmp_path / "map", *files, tmp_path / "1.root")
    half = make_probes(SETTINGS | {"source": source}, tmp_path / "map", *files, tmp_path / "2.root")
    assert kept.sum() > both > half > 0.4 * both
    assert read_probes(tmp_path / "2.root")[1].weight.tolist() == [0.5] * half


def test_empty_files_give_no_probes(tmp_path: Path, events: Events, maker: ProbeMaker) -> None:
    lab.small_map().save(tmp_path / "map")
    files = written(tmp_path, events[:0], maker)
    assert make_probes(SETTINGS, tmp_path / "map", *files, tmp_path / "probes.root") == 0
    assert len(read_probes(tmp_path / "probes.root")[1]) == 0


def test_both_files_must_hold_the_same_events(
    tmp_path: Path, events: Events, maker: ProbeMaker
) -> None:
    lab.small_map().save(tmp_path / "map")
    (tmp_path / "other").mkdir()
    one, _ = written(tmp_path, events[:40], maker)
    _, other = written(tmp_path / "other", events[40:80], maker)
    with pytest.raises(InputError, match=r"does not hold the events of .*from entry 0 on"):
        make_probes(SETTINGS, tmp_path / "map", one, other, tmp_path / "probes.root")


def test_a_file_without_probes_is_refused(
    tmp_path: Path, events: Events, maker: ProbeMaker
) -> None:
    one, _ = written(tmp_path, events[:5], maker)
    with pytest.raises(InputError, match="holds no probes"):
        read_probes(one)


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"at_wall_cm": 0}, "dead_pmt.at_wall_cm: must be > 0"),
        ({"least_share": 1}, "dead_pmt.least_share: must be between 0 and 1"),
    ],
)
def test_choices_are_checked(choice: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        ProbeSettings.from_settings(choice)


def test_joined_probes_follow_each_other() -> None:
    one = Probes(np.array([1.0]), np.array([True]), np.array([2.0]), np.array([3]))
    assert Probes.join([one, one]).channel.tolist() == [3, 3]
