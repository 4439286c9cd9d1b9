"""Run list, sample sheet, calibration: what they say, and one message per fault."""

import datetime
from pathlib import Path

import numpy as np
import pytest

from exonu.core.errors import InputError
from exonu.core.files import canonical_json
from exonu.events.runs.read_inputs import read_event_inputs
from exonu.events.runs.run_list import (
    RunList,
    read_calibration,
    read_event_settings,
    read_run_list,
    read_samples,
)


def edit(folder, file, old, new):
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1))


def test_run_list(analysis_folder):
    runs = read_run_list(analysis_folder / "runs.tsv", 642)
    assert runs.live_days == 1.5
    assert runs[1].files == (analysis_folder / "run1.root",)
    assert runs[1].start == datetime.datetime(2013, 11, 20, 8)
    assert np.flatnonzero(runs.dead_mask(1, 642)).tolist() == [3, 17]
    assert not runs.dead_mask(2, 642).any()
    assert runs.dead_masks(np.array([2, 1, 1]), 642).sum(axis=1).tolist() == [0, 2, 2]
    with pytest.raises(InputError, match=r"runs\.tsv: holds no run 7"):
        runs[7]


def test_only_physics_is_live_time(analysis_folder):
    edit(analysis_folder, "runs.tsv", "dead_pmts\n", "dead_pmts\tstream\n")
    edit(analysis_folder, "runs.tsv", "3,17\n", "3,17\t-\n")
    edit(analysis_folder, "runs.tsv", "43200\t-", "43200\t-\twall-control")
    edit(analysis_folder, "runs.tsv", "2013-11-21T08", "2013-11-20T09")  # streams may overlap
    runs = read_run_list(analysis_folder / "runs.tsv")
    assert runs.live_days == 1
    assert set(runs.shared_by_live_time(np.arange(100)).tolist()) == {1}


@pytest.mark.parametrize("n", [30, 3000])
def test_simulation_is_shared_by_live_time(analysis_folder, n):
    runs = read_run_list(analysis_folder / "runs.tsv")
    given = runs.shared_by_live_time(np.arange(n))
    assert np.sum(given == 1) == pytest.approx(2 * n / 3, abs=2)
    later = runs.shared_by_live_time(np.arange(n // 2, n))
    np.testing.assert_array_equal(given[n // 2 :], later)  # whatever the chunks
    assert np.sum(later == 1) == pytest.approx(n / 3, abs=2)


def test_samples(analysis_folder):
    (sample,) = read_samples(analysis_folder / "samples.tsv")
    assert (sample.variation, sample.runs, sample.activity_uncertainty) == (
        "nominal",
        "shared",
        None,
    )


def test_calibration(analysis_folder):
    runs = read_run_list(analysis_folder / "runs.tsv")
    table = read_calibration(analysis_folder / "calibration.tsv", runs)
    assert table[1].gain == 1.25
    assert table["simulation"].light_yield == 1
    assert read_calibration(None, runs)[2].gain == 1


def test_defaults_of_the_cuts_are_those_of_the_design():
    settings = read_event_settings_of("")
    assert [cut["name"] for cut in settings["cuts"]] == [
        "trigger", "previous-event", "hit-time-rms", "cherenkov", "r-t", "fiducial-volume",
    ]  # fmt: skip
    assert [cut["status"] for cut in settings["cuts"]].count("published") == 2


def read_event_settings_of(text):
    from exonu.core.resources import schema_path
    from exonu.core.settings import checked

    content = {"config_version": 1, "name": "x", "is_simulated": True, "runs": "runs.tsv"}
    return checked(content, schema_path("events.yaml"), "events.yaml")


def test_settings_of_a_job_hold_what_it_reads(analysis_folder):
    """A changed cut changes no ingest; a new run changes no other run."""
    before = read_event_inputs(analysis_folder / "events.yaml", 642)
    edit(analysis_folder, "events.yaml", "total_pe > 60", "total_pe > 70")
    edit(
        analysis_folder,
        "runs.tsv",
        "43200\t-\n",
        "43200\t-\n3\trun3.root\t2013-12-21T08:00:00\t1000\t-\n",
    )
    edit(analysis_folder, "calibration.tsv", "simulation", "3\t1\t0\t1\nsimulation")
    after = read_event_inputs(analysis_folder / "events.yaml", 642)
    for run in (1, 2):
        assert canonical_json(before.ingest_settings(run=run)) == canonical_json(
            after.ingest_settings(run=run)
        )
    assert before.ingest_settings(sample="signal") != after.ingest_settings(
        sample="signal"
    )  # it is shared anew
    assert before.select_settings(run=1) != after.select_settings(run=1)
    assert after.run_settings(run=3)["runs"] == [after.runs[3].as_json()]
    assert RunList.from_settings(before.run_settings(run=1))[1] == before.runs[1]
    with pytest.raises(InputError, match="holds no sample 'background'"):
        after.ingest_settings(sample="background")


FAULTS = {
    "run twice": ("runs.tsv", "2\trun2", "1\trun2", r"runs\.tsv: line 3: run 1 is listed twice \(first in line 2\)"),
    "file twice": ("runs.tsv", "run2.root", "run1.root", r"runs\.tsv: files: .*run1\.root is listed twice; each file"),
    "file twice in a run": ("runs.tsv", "run2.root", "run2.root,./run2.root", r"run2\.root is listed twice"),
    "no live time": ("runs.tsv", "43200", "0", r"runs\.tsv: line 3, column live_time_s: must be > 0 \(got 0"),
    "negative live time": ("runs.tsv", "43200", "-5", r"line 3, column live_time_s: must be > 0 \(got -5"),
    "live time with unit": ("runs.tsv", "43200", "12 h", r"line 3, column live_time_s: must be a number \(got"),
    "live time nan": ("runs.tsv", "43200", "nan", r"line 3, column live_time_s: must be a finite number"),
    "live time too long": (
        "runs.tsv", "86400", "90000",
        r"live_time_s: run 1 with its live time of 90000 s ends after run 2 begins; at most 86400 s fit",
    ),
    "dead outside": ("runs.tsv", "3,17", "3,642", r"dead_pmts: run 1 names the photomultiplier 642, outside the geome"),
    "dead twice": ("runs.tsv", "3,17", "3,3", r"line 2, column dead_pmts: has an entry twice"),
    "dead no number": ("runs.tsv", "3,17", "3 17", r"line 2, column dead_pmts\.0: must be a whole number"),
    "no date": ("runs.tsv", "2013-11-20T08:00:00", "20.11.2013", r"line 2, column start: .*does not fit the pattern"),
    "no such date": ("runs.tsv", "2013-11-20", "2013-13-20", r"line 2, column start: is not a date"),
    "unknown column": ("runs.tsv", "dead_pmts", "dead_pmt", r"runs\.tsv: dead_pmt: is not a known column; did you"),
    "missing column": ("runs.tsv", "start", "begin", r"runs\.tsv: start: is not a column of the file; add it: St"),
    "column twice": ("runs.tsv", "start", "run", r"runs\.tsv: run: is a column twice"),
    "values missing": ("runs.tsv", "\t3,17", "", r"line 2: has 4 values where the header has 5 columns; separate them"),
    "no files": ("runs.tsv", "run1.root", "-", r"line 2, column files: is missing; add it: ROOT files of the run"),
    "no run list": ("events.yaml", "runs: runs.tsv", "runs: no.tsv", r"no\.tsv: cannot be read \(No such file"),
    "sample twice": (
        "samples.tsv", "signal\tsignal\tsignal.root", "signal\ta\ta.root\t1\t1\t-\nsignal\tsignal\tsignal.root",
        r"samples\.tsv: line 3: sample signal is listed twice",
    ),
    "no normalisation": ("samples.tsv", "\t10\t", "\t0\t", r"line 2, column equivalent_live_days: must be > 0"),
    "odd prior": ("samples.tsv", "10\t1\t-", "10\t1\t0", r"line 2, column activity_uncertainty: must be > 0"),
    "calibration of no run": ("calibration.tsv", "2\t1\t0", "5\t1\t0", r"calibration\.tsv: run: has no row for run 2"),
    "surplus calibration": (
        "calibration.tsv", "simulation", "5\t1\t0\t1\nsimulation", r"calibration\.tsv: run: has run 5, which is not in",
    ),
    "calibration twice": ("calibration.tsv", "2\t1\t0", "1\t1\t0", r"line 3: run 1 is listed twice"),
    "no gain": ("calibration.tsv", "1.25", "0", r"calibration\.tsv: line 2, column gain: must be > 0"),
    "gain nan": ("calibration.tsv", "1.25", "nan", r"line 2, column gain: must be a finite number"),
    "unknown variable": (
        "events.yaml", "total_pe > 60", "totalpe > 60",
        r"events\.yaml: cuts\.2\.keep \(light\): 'totalpe' is not a documented variable at .*did you mean `total_pe`",
    ),
    "two cuts of a name": ("events.yaml", "name: light", "name: trigger", r"cuts: trigger: names two cuts"),
    "cut without status": ("events.yaml", "total_pe > 60, status: assumed", "total_pe > 60", r"cuts\.2\.status: is"),
    "extra name taken": (
        "events.yaml",
        "cuts:",
        "branches: {extra: {total_pe: q}}\ncuts:",
        r"branches\.extra\.total_pe: is the name of a documented variable; rename it",
    ),
    "edges": (
        "events.yaml",
        "cuts:",
        "efficiency: {edges_keV: [1, 3, 2]}\ncuts:",
        r"efficiency\.edges_keV: do not increase \(2 after 3\)",
    ),
    "unknown key": ("events.yaml", "runs: runs", "run_list: runs", r"run_list: is not a known key"),
    "wrong branch map": (
        "events.yaml", "cuts:", "branches: {charge: 'adc[0]'}\ncuts:", r"branches\.charge: '\[' is not part of",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "message"), FAULTS.values(), ids=FAULTS)
def test_fault(analysis_folder, file, old, new, message):
    edit(analysis_folder, file, old, new)
    with pytest.raises(InputError, match=message):
        read_event_inputs(analysis_folder / "events.yaml", 642)


def test_no_run_of_the_physics_stream(analysis_folder):
    text = "run\tfiles\tstart\tlive_time_s\tstream\n1\trun1.root\t2013-11-20T08:00:00\t10\tcalibration\n"
    (analysis_folder / "runs.tsv").write_text(text)
    with pytest.raises(InputError, match=r"runs\.tsv: stream: has no run of the stream 'physics'"):
        read_run_list(analysis_folder / "runs.tsv")


def test_all_faults_of_a_table_at_once(analysis_folder):
    edit(analysis_folder, "runs.tsv", "86400", "0")
    edit(analysis_folder, "runs.tsv", "43200", "-1")
    with pytest.raises(InputError) as error:
        read_run_list(analysis_folder / "runs.tsv")
    assert [fault.field for fault in error.value.errors] == [
        "line 2, column live_time_s",
        "line 3, column live_time_s",
    ]


def test_events_file_is_read_with_its_defaults(analysis_folder):
    settings = read_event_settings(
        analysis_folder / "events.yaml", {"storage": {"mantissa_bits": 12}}
    )
    assert settings["storage"] == {"mantissa_bits": 12, "chunk_MB": 32}
    assert settings["branches"]["channel"] == "channel"


def test_the_example_of_the_documentation(tmp_path):
    page = (Path(__file__).resolve().parents[2] / "docs" / "events.md").read_text()
    blocks = page.split("```")[1::2]
    tables = [block for block in blocks if "\t" in block]
    for name, table in zip(("runs", "samples", "calibration"), tables, strict=True):
        (tmp_path / f"{name}.tsv").write_text(table.strip() + "\n")
    (tmp_path / "events.yaml").write_text(
        next(block for block in blocks if block.startswith("yaml"))[4:]
    )
    inputs = read_event_inputs(tmp_path / "events.yaml", 642)
    assert inputs.runs.live_days == pytest.approx((86120 + 85990) / 86400)
    assert [sample.component for sample in inputs.samples] == ["seal", "seal"]


def test_every_key_of_the_schemas_is_described():
    from exonu.core.resources import schema_path
    from exonu.core.settings import read_schema, resolved

    def keys(schema, root, prefix=""):
        for key, part in schema.get("properties", {}).items():
            part = resolved(part, root)
            yield f"{prefix}{key}", part
            yield from keys(part, root, f"{prefix}{key}.")
            yield from keys(part.get("items", {}), root, f"{prefix}{key}.")

    for file in (
        schema_path("events.yaml"),
        schema_path("run_list.yaml"),
        schema_path("sample_sheet.yaml"),
        schema_path("calibration.yaml"),
    ):
        schema = read_schema(file)
        for key, part in keys(schema, schema):
            if key not in ("rows", "config_version"):
                assert part.get("description"), f"{file.name}: {key}"
