"""Files of events through the reconstruction: the same for any chunks, with the dead
photomultipliers of each run."""

from pathlib import Path

import numpy as np
import pytest
import reconstruction_events as lab

from exonu.core.errors import InputError
from exonu.events.raw.raw_events import Events, EventWriter
from exonu.events.raw.root_files import open_tree, read_columns, read_metadata
from exonu.events.reconstruction.chain import COLUMNS, EventReconstruction, ReconstructionSettings
from exonu.events.reconstruction.reconstructed_files import reconstruct, reconstruct_file

RUN = {
    "run": 1,
    "files": [],
    "start": "2013-11-20T00:00:00",
    "live_time_s": 86400.0,
    "dead_pmts": [],
}
RUNS = [RUN | {"stream": "physics"}, RUN | {"stream": "physics", "run": 2, "dead_pmts": [10, 200]}]
SETTINGS = {"run_list": "runs.tsv", "runs": RUNS}


@pytest.fixture(scope="module")
def whole() -> EventReconstruction:
    return EventReconstruction.of(lab.small_map(), lab.detector())


@pytest.fixture(scope="module")
def events() -> Events:
    n = 300
    made = lab.with_light(np.linspace(0, 38, n)[:, None] * lab.directions(n, 1), 120)
    made.run[:] = np.where(np.arange(n) % 3 == 0, 2, 1)
    return made.with_columns(
        light_yield_scale=np.full(n, 1.1), inner_trigger=np.ones(n, dtype=bool)
    )


def write(path: Path, events: Events) -> Path:
    with EventWriter(
        path, {"is_simulated": True, "seed": 5}, tree="events", mantissa_bits=23
    ) as writer:
        writer.write(events)
    return path


def read(path: Path) -> dict[str, np.ndarray]:
    chunks = list(read_columns(path))
    return {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]}


def test_step_adds_columns_and_keeps_the_others(
    tmp_path: Path, events: Events, whole: EventReconstruction
) -> None:
    lab.small_map().save(tmp_path / "map")
    source = write(tmp_path / "in.root", events)
    assert reconstruct(SETTINGS, tmp_path / "map", source, tmp_path / "out.root") == len(events)
    found = read(tmp_path / "out.root")
    assert np.array_equal(found["run"], events.run)
    assert found["inner_trigger"].dtype == bool
    assert read_metadata(tmp_path / "out.root") == {"is_simulated": True, "seed": 5}
    with open_tree(tmp_path / "out.root", "events") as tree:
        assert "channel" not in tree.branches
    dead = np.zeros((2, 642), dtype=bool)
    dead[1, [10, 200]] = True
    expected = whole.columns(events, dead, (events.run == 2).astype(np.int64))
    for name in COLUMNS:
        assert np.array_equal(found[name], expected[name], equal_nan=True), name
    assert np.array_equal(np.isfinite(found["r_t_cm"]), found["r_pe_cm"] < 20)


def test_same_result_for_any_chunks(
    tmp_path: Path, events: Events, whole: EventReconstruction
) -> None:
    source = write(tmp_path / "in.root", events)
    reconstruct_file(source, tmp_path / "a.root", whole)
    reconstruct_file(source, tmp_path / "b.root", whole, chunk_bytes=100_000)
    first, second = read(tmp_path / "a.root"), read(tmp_path / "b.root")
    for name in COLUMNS:
        assert np.allclose(first[name], second[name], rtol=1e-5, atol=1e-4, equal_nan=True), name


def test_empty_file(tmp_path: Path, events: Events, whole: EventReconstruction) -> None:
    source = write(tmp_path / "in.root", events[:0])
    assert reconstruct_file(source, tmp_path / "out.root", whole) == 0
    with open_tree(tmp_path / "out.root", "events", allow_empty=True) as tree:
        assert set(COLUMNS) <= set(tree.branches)


def test_one_event(whole: EventReconstruction) -> None:
    event = lab.of_electrons(np.array([[0.0, 0.0, 10.0]]), 60.0)
    found = {name: float(values[0]) for name, values in whole.columns(event).items()}
    assert [found["x_pe_cm"], found["y_pe_cm"], found["z_pe_cm"]] == pytest.approx(
        [0, 0, 10], abs=5
    )
    assert found["r_t_cm"] == pytest.approx(10, abs=15)
    assert found["energy_keVee"] == pytest.approx(60, rel=0.2)
    assert found["log_likelihood_wall"] < found["log_likelihood_pe"]


def test_without_wall_test_and_without_times(events: Events) -> None:
    settings = ReconstructionSettings.from_settings({"wall_test": False, "r_t_below_r_pe_cm": 0})
    found = EventReconstruction.of(lab.small_map(), lab.detector(), settings).columns(events[:20])
    assert np.isnan(found["log_likelihood_wall"]).all()
    assert np.isnan(found["r_t_cm"]).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"wall": True}, "reconstruction.wall: is not a setting"),
        ({"wall_spacing_cm": -1}, "reconstruction.wall_spacing_cm: must be ≥ 0"),
        ({"r_t_below_r_pe_cm": -1}, "reconstruction.r_t_below_r_pe_cm: must be ≥ 0"),
        ({"stop_margin": -1}, "reconstruction.stop_margin: must be ≥ 0"),
        ({"stop_beyond_cm": 25}, "reconstruction.stop_beyond_cm: must be above 25"),
        ({"stop_beyond_cm": 29, "r_t_below_r_pe_cm": 29}, "stop_beyond_cm: must be above 29"),
    ],
)
def test_settings_are_checked(settings: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        ReconstructionSettings.from_settings(settings)
