"""Tables of reconstructed events in every format, and all that can be wrong with them."""

import copy
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exonu.core.errors import InputError
from exonu.events.raw.root_files import read_columns
from exonu.events.runs.run_list import Run, RunList
from exonu.events.tabular import column_files
from exonu.events.tabular.column_files import open_columns
from exonu.events.tabular.column_map import ColumnMap
from exonu.events.tabular.read_reconstructed import faults_of_tables, read_reconstructed
from exonu.events.tabular.units import FACTORS, any_factor, dimension_of, factor
from exonu.simulation.dual_phase.table_writing import write_table
from exonu.solar.sun_position import cos_zenith

NEEDS = {"parquet": "pyarrow", "feather": "pyarrow", "hdf5": "h5py"}
FORMATS = ["parquet", "feather", "hdf5", "csv", "root", "rntuple"]
BLOCK = {
    "tree": "events",
    "energy": {"column": "e", "unit": "eV"},
    "x": {"column": "x", "unit": "mm"},
    "y": {"column": "y", "unit": "mm"},
    "z": {"column": "z", "unit": "m"},
    "time": {"column": "t", "unit": "us", "from": "run"},
    "weight": "w",
    "true_energy": {"column": "e_true", "unit": "keV"},
    "extra": {"drift": {"column": "dt", "unit": "ms"}, "n_s2": "n"},
    "no_value": "refuse",
}
START = datetime(2020, 1, 1)
RUNS = [
    Run(7, (), START, 1000.0, ()),
    Run(8, (), datetime(2020, 1, 3), 3000.0, ()),
]


def events(n=50, seed=1):
    random = np.random.default_rng(seed)
    return {
        "e": np.round(1e3 * random.uniform(1, 30, n), 3),
        "x": np.round(random.normal(0, 100, n), 3),
        "y": np.round(random.normal(0, 100, n), 3),
        "z": np.round(-random.random(n), 6),
        "t": np.sort(random.integers(0, 10**9, n)),
        "w": np.round(random.random(n), 6),
        "e_true": np.round(random.uniform(1, 30, n), 3),
        "dt": np.round(random.uniform(0, 2, n), 4),
        "n": random.integers(1, 4, n),
    }


def written(folder, form, columns, name="events"):
    pytest.importorskip(NEEDS.get(form, "numpy"))
    write_table(folder / f"{name}.{form}", columns, form)
    return folder / f"{name}.{form}"


def settings_of(file, *, run=7, sample=None, block=None):
    rows = [one.as_json() | {"files": [str(file)] if sample is None else []} for one in RUNS]
    rows = [row for row in rows if sample is not None or row["run"] == run]
    made = {
        "columns": block or BLOCK, "file": "events.yaml", "is_simulated": True, "run_list": "runs.tsv",
        "runs": rows, "origin": START.isoformat(),
    }  # fmt: skip
    if sample is None:
        return made | {"run": run}
    return made | {
        "sample": {
            "sample": "lxe",
            "equivalent_live_days": 2.0,
            "runs": "shared",
            "files": [str(file)],
        }
    }


def read(tmp_path, settings):
    report = read_reconstructed(settings, tmp_path / "out.root")
    chunks = list(read_columns(tmp_path / "out.root"))
    return {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]}, report


def altered(**changes):
    block = copy.deepcopy(BLOCK) | changes
    return {name: content for name, content in block.items() if content is not None}


@pytest.mark.parametrize("form", FORMATS)
def test_a_run_of_each_format(form, tmp_path):
    made = events()
    found, report = read(tmp_path, settings_of(written(tmp_path, form, made)))
    assert report.n_events == 50
    assert report.live_time_s == 1000
    np.testing.assert_array_equal(found["energy_keVee"], (made["e"] * 1e-3).astype(np.float32))
    x, y = (made[axis] / 10 for axis in "xy")
    np.testing.assert_allclose(found["r_cm"], np.hypot(x, y), rtol=1e-6)
    np.testing.assert_allclose(found["z_cm"], 100 * made["z"], rtol=1e-6)
    np.testing.assert_array_equal(found["time_s"], made["t"] * 1e-6)
    np.testing.assert_allclose(found["days"], made["t"] * 1e-6 / 86400)
    np.testing.assert_allclose(found["drift"], made["dt"] * 1e-3, rtol=1e-6)
    np.testing.assert_array_equal(found["n_s2"], made["n"])
    assert (found["run"] == 7).all()
    assert (found["weight"] == 1).all()
    assert "true_energy_keV" not in found  # of data none is read
    np.testing.assert_array_equal(found["event"], np.arange(50))


@pytest.mark.parametrize("form", FORMATS)
def test_a_sample_of_each_format(form, tmp_path):
    made = events(400)
    found, report = read(tmp_path, settings_of(written(tmp_path, form, made), sample="lxe"))
    assert report.live_time_s is None
    np.testing.assert_array_equal(found["weight"], made["w"] / 2)
    np.testing.assert_array_equal(found["true_energy_keV"], made["e_true"])
    # Spread over the live time of both runs, 1 to 3, and evenly within them.
    assert np.mean(found["run"] == 8) == pytest.approx(0.75, abs=0.01)
    assert found["time_s"][found["run"] == 8].max() <= 3000
    assert found["time_s"][found["run"] == 8].mean() == pytest.approx(1500, rel=0.02)
    assert found["days"][found["run"] == 8].min() >= 2


def test_chunks_and_row_groups_give_the_same(tmp_path, monkeypatch):
    made = events(1000)
    whole, _ = read(tmp_path, settings_of(written(tmp_path, "root", made)))
    monkeypatch.setattr(column_files, "CHUNK_ROWS", 64)
    for form in ("csv", *NEEDS):
        try:
            file = written(tmp_path, form, made)
        except pytest.skip.Exception:
            continue
        with open_columns(file, "events") as opened:
            parts = list(opened.chunks(["e", "t"], 64))
        assert [start for start, _ in parts] == list(
            np.cumsum([0, *(len(p["e"]) for _, p in parts)])[:-1]
        )
        np.testing.assert_array_equal(np.concatenate([p["e"] for _, p in parts]), made["e"])
        assert len(whole["weight"]) == 1000


def test_numbers_of_a_csv_are_those_that_were_written(tmp_path):
    made = {
        "e": np.random.default_rng(3).normal(size=2000) * 10.0 ** np.arange(-10, 10).repeat(100)
    }
    with open_columns(written(tmp_path, "csv", made), "") as opened:
        [(_, columns)] = opened.chunks(["e"])
    np.testing.assert_array_equal(columns["e"], made["e"])


def test_several_files_of_a_run(tmp_path):
    made = events(60)
    halves = [{name: c[part] for name, c in made.items()} for part in (slice(0, 20), slice(20, 60))]
    files = [written(tmp_path, "csv", half, f"part{n}") for n, half in enumerate(halves)]
    settings = settings_of(files[0])
    settings["runs"][0]["files"] = list(map(str, files))
    found, _ = read(tmp_path, settings)
    np.testing.assert_array_equal(found["event"], np.arange(60))
    settings["runs"][0]["files"].reverse()
    with pytest.raises(
        InputError, match=r"part0.csv: columns.time, row 0: is .* s, before the event above it"
    ):
        read(tmp_path, settings)


def test_times_since_1970(tmp_path):
    made = events() | {"t": np.int64(1577836800) * 10**6 + np.arange(50)}  # 2020-01-01
    block = altered(time={"column": "t", "unit": "us", "from": "unix"})
    found, report = read(tmp_path, settings_of(written(tmp_path, "csv", made), block=block))
    np.testing.assert_allclose(found["time_s"], 1e-6 * np.arange(50), atol=1e-6)
    settings = settings_of(tmp_path / "events.csv")
    settings["runs"][0]["live_time_s"] = 5e4
    found, report = read(tmp_path, settings)
    assert "`from: unix` into `columns.time`" in report.notes[0]


def test_events_without_a_value_may_be_dropped(tmp_path):
    made = events() | {"x": np.where(np.arange(50) % 5 == 0, np.nan, 1.0)}
    found, report = read(
        tmp_path, settings_of(written(tmp_path, "csv", made), block=altered(no_value="drop"))
    )
    np.testing.assert_array_equal(found["event"], np.flatnonzero(np.arange(50) % 5))
    assert report.left_out["without a value"] == 10
    assert "10 events have no value" in report.notes[0]


def test_an_extra_variable_may_have_no_value(tmp_path):
    made = events() | {"dt": np.where(np.arange(50) == 3, np.nan, 1.0)}
    found, _ = read(tmp_path, settings_of(written(tmp_path, "csv", made)))
    assert np.flatnonzero(np.isnan(found["drift"])).tolist() == [3]


def changed(name, values):
    def change(made):
        return made | {name: values(made[name].copy())}

    return change


def put(place, value):
    def values(column):
        column = column.astype(float)
        column[place] = value
        return column

    return values


@pytest.mark.parametrize(
    ("change", "block", "message"),
    [
        (changed("e", put(5, np.nan)), BLOCK, r"events.csv: column e, row 5: is nan; write finite numbers, or leave"),
        (changed("t", lambda t: t[::-1]), BLOCK,
         r"columns.time, row 1: is .* s, before the event above it .*; sort the events of a run by time"),
        (lambda made: made, altered(energy={"column": "en", "unit": "eV"}),
         r"column en: is not in the file \(wanted by columns.energy: en in events.yaml\); did you mean `n`\?"),
        (lambda made: made, altered(run="n"),
         r"columns.run, row 0: is run \d, and runs.tsv lists the file under run 7"),
        (lambda made: made, altered(event="dt"), r"column dt, row 0: is .*, not a whole number from 0"),
        (lambda made: {name: c[:0] for name, c in made.items()}, BLOCK, "events.csv: holds no event"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_table_is_said(change, block, message, tmp_path):
    file = written(tmp_path, "csv", change(events()))
    with pytest.raises(InputError, match=message):
        read(tmp_path, settings_of(file, block=block))


def test_a_sample_may_say_its_runs(tmp_path):
    """Its events are in them, evenly over the live time of each."""
    made = events(400) | {"run": np.repeat([8, 7], 200)}
    settings = settings_of(written(tmp_path, "csv", made), sample="lxe", block=altered(run="run"))
    settings["sample"]["runs"] = "file"
    found, _ = read(tmp_path, settings)
    np.testing.assert_array_equal(found["run"], made["run"])
    for run, live_time_s, first_day in ((7, 1000, 0), (8, 3000, 2)):
        time = found["time_s"][found["run"] == run]
        assert np.histogram(time, 4, (0, live_time_s))[0].tolist() == pytest.approx([50] * 4, abs=3)
        days = found["days"][found["run"] == run]
        np.testing.assert_allclose(days, first_day + time / 86400)
    made["run"][3] = 9
    written(tmp_path, "csv", made)
    with pytest.raises(
        InputError, match=r"columns.run, row 3: is run 9, which is not in runs.tsv; correct the run"
    ):
        read(tmp_path, settings)


def test_the_height_of_the_sun_at_a_site(tmp_path):
    made = events() | {"t": np.arange(50) * 6 * 10**6}  # the first five minutes of a run
    settings = settings_of(written(tmp_path, "csv", made), run=8)
    settings["site"] = {"latitude_deg": 36.4, "longitude_deg": 137.3}
    found, _ = read(tmp_path, settings)
    begin = datetime(2020, 1, 3, tzinfo=UTC).timestamp()
    expected = cos_zenith(begin + 6.0 * np.arange(50), 36.4, 137.3)
    np.testing.assert_allclose(found["cos_zenith"], expected, atol=1e-9)
    assert (found["cos_zenith"] > 0.2).all()  # 9 o'clock in Japan


def test_a_negative_weight_is_refused(tmp_path):
    file = written(tmp_path, "csv", events() | {"w": put(9, -1.0)(np.ones(50))})
    with pytest.raises(InputError, match=r"columns.weight, row 9: is negative \(-1\)"):
        read(tmp_path, settings_of(file, sample="lxe"))


def test_columns_of_several_lengths(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "e.h5", "w") as file:
        for name, column in events().items():
            file[f"events/{name}"] = column[:40] if name == "z" else column
    with pytest.raises(
        InputError, match=r"e.h5: column z: has 40 rows where column . has more; give one value"
    ):
        read(tmp_path, settings_of(tmp_path / "e.h5"))
    file = written(tmp_path, "csv", events())
    lines = file.read_text().splitlines()
    file.write_text("\n".join([*lines[:5], lines[5] + ",3", *lines[6:]]))
    with pytest.raises(
        InputError,
        match=r"cannot be read from row 0 on .*line 6.*; the file is damaged, or its rows",
    ):
        read(tmp_path, settings_of(file))
    file.write_text("\n".join([*lines[:2], *(line + ",3" for line in lines[2:])]))
    with pytest.raises(
        InputError, match=r"rows: have more values than the header's 9; give every column a name"
    ):
        read(tmp_path, settings_of(file))
    file.write_text(
        "\n".join([*lines[:5], lines[5].rpartition(",")[0].rpartition(",")[0], *lines[6:]])
    )
    with pytest.raises(InputError, match=r"is nan"):
        read(
            tmp_path,
            settings_of(
                file, sample="lxe", block=altered(true_energy={"column": "n", "unit": "keV"})
            ),
        )


def test_files_that_are_no_tables(tmp_path):
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4")
    with (
        pytest.raises(
            InputError, match=r"is a PDF; events are read from ROOT, Parquet, Feather, HDF5 and CSV"
        ),
        open_columns(tmp_path / "a.pdf", "events"),
    ):
        pass  # fmt: skip
    for form, cut in (("parquet", 500), ("feather", 500), ("hdf5", 3000)):
        file = written(tmp_path, form, events())
        file.write_bytes(file.read_bytes()[:-cut])
        with (
            pytest.raises(InputError, match=r"is not a whole \w+ file .*; copy it again"),
            open_columns(file, "events") as opened,
        ):
            list(opened.chunks(["e"]))  # fmt: skip


def test_text_is_no_column_of_numbers(tmp_path):
    pd.DataFrame({"e": ["a", "b"], "t": [1, 2]}).to_csv(tmp_path / "e.csv", index=False)
    with (
        open_columns(tmp_path / "e.csv", "") as opened,
        pytest.raises(
            InputError, match="column e: holds text or objects, not one number for each event"
        ),
    ):
        list(opened.chunks(["e", "t"]))  # fmt: skip


def test_hdf5_of_other_layouts(tmp_path):
    h5py = pytest.importorskip("h5py")
    made = events()
    block = np.rec.fromarrays(list(made.values()), names=list(made))
    with h5py.File(tmp_path / "c.h5", "w") as file:
        file["compound"] = block
        file["array"] = np.zeros((3, 2))
        file.create_group("frame")["table"] = block
    for tree in ("compound", "frame"):
        with open_columns(tmp_path / "c.h5", tree) as opened:
            [(_, columns)] = opened.chunks(["e", "n"])
        np.testing.assert_array_equal(columns["e"], made["e"])
    with (
        pytest.raises(
            InputError, match=r"c.h5: group events: is not in the file; name one of its groups"
        ),
        open_columns(tmp_path / "c.h5", "events"),
    ):
        pass  # fmt: skip
    with (
        pytest.raises(InputError, match=r"data set array: is one array, and columns need names"),
        open_columns(tmp_path / "c.h5", "array"),
    ):
        pass  # fmt: skip


def test_a_library_that_is_not_installed(tmp_path, monkeypatch):
    (tmp_path / "e.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    with (
        pytest.raises(InputError, match=r"needs pyarrow, which is not installed; install it"),
        open_columns(tmp_path / "e.parquet", "events"),
    ):
        pass  # fmt: skip


def test_all_faults_of_all_tables_at_once(tmp_path):
    good, bad = written(tmp_path, "csv", events()), written(tmp_path, "root", {"other": np.ones(3)})
    groups = [("run 7", [good, tmp_path / "none.csv"]), ("sample lxe", [bad])]
    found = [
        str(fault) for fault in faults_of_tables({"columns": BLOCK, "file": "events.yaml"}, groups)
    ]
    assert len(found) == 2
    assert "none.csv: cannot be read" in found[0]
    assert "branch e: is not in the file" in found[1]
    assert "branch e_true: is not in the file" in found[1]


# -- the map and its units


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"energy": {"column": "e", "unit": "mm"}},
         r"columns.energy.unit: is in mm, a unit of length; energy is given in eV, keV, keVee, MeV, GeV"),
        ({"x": {"column": "x", "unit": "inch"}}, r"columns.x.unit: has the unit 'inch', which is not known; known: mm"),
        ({"time": {"column": "t", "unit": "kev"}}, r"columns.time.unit: has the unit 'kev', which is not known"),
        ({"energy": {"column": "e", "unit": "kev"}}, r"has the unit 'kev', which is not known; did you mean keV\?"),
        ({"extra": {"drift": {"column": "dt", "unit": "fortnight"}}}, r"columns.extra.drift.unit: has the unit"),
        ({"energy": {"column": "e +", "unit": "eV"}}, r"columns.energy: "),
        ({"y": None}, r"columns.x: is given without y; give both, or the distance from the axis as `r`"),
        ({"r": {"column": "x", "unit": "mm"}}, r"columns.r: follows from x and y"),
        ({"z": {"column": "z > 0", "unit": "mm"}}, r"columns.z: "),
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_map_is_said(changes, message):
    with pytest.raises(InputError, match=message):
        ColumnMap.from_settings(altered(**changes), "events.yaml")


def test_variables_of_a_map():
    found = ColumnMap.from_settings(BLOCK, "events.yaml").variables
    assert {"r_cm", "days", "energy_keVee", "drift"} <= found
    without = ColumnMap.from_settings(altered(time=None, x=None, y=None), "events.yaml").variables
    assert not {"r_cm", "days", "time_s"} & without


@given(st.sampled_from([(unit, name) for name, units in FACTORS.items() for unit in units]))
def test_every_unit_has_one_dimension(pair):
    unit, dimension = pair
    assert dimension_of(unit) == dimension
    assert factor(unit, dimension, "f", "f") == any_factor(unit, "f", "f") > 0
    for other in FACTORS.keys() - {dimension}:
        with pytest.raises(InputError, match=f"a unit of {dimension}"):
            factor(unit, other, "f", "f")


def test_run_list_gives_moments_within_their_runs():
    runs = RunList("runs.tsv", tuple(RUNS))
    entries = np.arange(5000)
    run, moment = runs.moments_by_live_time(entries)
    np.testing.assert_array_equal(run, runs.shared_by_live_time(entries))
    for one in RUNS:
        mine = moment[run == one.run]
        assert 0 <= mine.min() < mine.max() <= one.live_time_s
        counts = np.histogram(mine, 10, (0, one.live_time_s))[0]
        assert counts == pytest.approx(len(mine) / 10, abs=3)  # golden ratio: evenly, not at random
