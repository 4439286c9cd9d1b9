"""What the jobs of the dead-PMT correction read, from a whole analysis."""

from pathlib import Path

import pytest

from exonu.core.errors import InputError
from exonu.core.resources import schema_path
from exonu.core.settings import checked
from exonu.events.runs.event_inputs import EventInputs
from exonu.events.runs.read_inputs import read_event_inputs
from exonu.templates.dead_pmt.closure_windows import ClosureSettings
from exonu.templates.dead_pmt.correction import CorrectionSettings
from exonu.templates.dead_pmt.correction_jobs import (
    closure_settings,
    correction_settings,
    histogram_settings,
    histogram_sources,
    probe_settings,
    probe_sources,
    source_name,
    wants_correction,
)
from exonu.templates.dead_pmt.probes import ProbeSettings

RUNS = (
    "run\tfiles\tstart\tlive_time_s\tdead_pmts\tstream\n"
    "1\ta.root\t2013-11-20T08:00:00\t43200\t3\tphysics\n"
    "2\tb.root\t2013-11-20T08:00:00\t43200\t3\twall-control\n"
    "3\tc.root\t2013-11-21T08:00:00\t43200\t3,17\tphysics\n"
    "4\td.root\t2013-11-21T08:00:00\t40\t-\tcalibration\n"
)
SAMPLES = (
    "sample\tcomponent\tvariation\tfiles\tequivalent_live_days\tactivity_prior\tactivity_uncertainty\n"
    "lxe\tlxe\tnominal\tl.root\t1\t1\t-\n"
    "surface\tsurface\tnominal\ts.root\t1\t1\t0.5\n"
    "up\tsurface,lxe\tabsorption-up\tu.root\t1\t1\t-\n"
)


def inputs(folder: Path, runs: str = RUNS, more: str = "") -> EventInputs:
    (folder / "runs.tsv").write_text(runs)
    (folder / "samples.tsv").write_text(SAMPLES)
    text = (
        "config_version: 1\nname: test\nis_simulated: true\nruns: runs.tsv\nsamples: samples.tsv\n"
        + more
    )
    (folder / "events.yaml").write_text(text)
    return read_event_inputs(folder / "events.yaml", 642)


def test_probes_come_from_runs_of_the_streams_and_nominal_wall_samples(tmp_path: Path) -> None:
    found = inputs(tmp_path)
    assert [source_name(source) for source in probe_sources(found)] == [
        "run_1",
        "run_2",
        "run_3",
        "sample_surface",
    ]
    assert wants_correction(found)
    (tmp_path / "none").mkdir()
    assert not wants_correction(inputs(tmp_path / "none", more="dead_pmt: {components: []}\n"))


def test_a_changed_correction_makes_no_new_probes(tmp_path: Path) -> None:
    before = inputs(tmp_path)
    (tmp_path / "b").mkdir()
    after = inputs(tmp_path / "b", more="dead_pmt: {least_events: 20, merge_above_keV: 8}\n")
    for source in ({"run": 2}, {"sample": "surface"}):
        one, other = (probe_settings(analysis, **source) for analysis in (before, after))
        assert str(one) == str(other).replace(str(after.file.parent), str(before.file.parent))
        assert one["dead_pmt"]["highest_keV"] == 30
    assert correction_settings(before) != correction_settings(after)
    assert correction_settings(after)["dead_pmt"]["least_events"] == 20


def test_histograms_know_their_files(tmp_path: Path) -> None:
    found = histogram_settings(inputs(tmp_path), range(2, 201))
    assert [source.get("run", source.get("sample")) for source in found["sources"]] == [
        1,
        3,
        "lxe",
        "surface",
        "up",
    ]
    assert found["live_days"] == 1
    assert found["components"] == ["surface", "copper", "seal", "pmt"]


def test_histograms_of_a_blind_analysis_leave_the_data_unread(tmp_path: Path) -> None:
    found = inputs(tmp_path)
    settings = histogram_settings(found, range(2, 201), blind=True)
    assert [source["sample"] for source in settings["sources"]] == ["lxe", "surface", "up"]
    names = [source_name(row) for row in histogram_sources(found, blind=True)]
    assert names == ["sample_lxe", "sample_surface", "sample_up"]


def test_closure_has_the_dead_photomultipliers_of_the_last_physics_run(tmp_path: Path) -> None:
    more = "closure: {detector: {optics: {rayleigh_cm: 55}}}\n"
    found = closure_settings(inputs(tmp_path, more=more), seed=3)
    assert found["dead_pmts"] == [3, 17]
    assert found["closure"]["detector"] == {"optics": {"rayleigh_cm": 55}}
    assert ClosureSettings.from_settings(found["closure"]).events_per_bin == 5000


def test_closure_needs_a_dead_photomultiplier(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no dead photomultiplier in its last run"):
        closure_settings(inputs(tmp_path, runs=RUNS.replace("\t3,17\t", "\t-\t")), seed=3)


def test_defaults_are_those_of_the_schema() -> None:
    content = {"config_version": 1, "name": "test", "is_simulated": True, "runs": "runs.tsv"}
    settings = checked(content, schema_path("events.yaml"), "events.yaml")
    assert CorrectionSettings.from_settings(settings["dead_pmt"]) == CorrectionSettings()
    assert ProbeSettings.from_settings(settings["dead_pmt"]) == ProbeSettings()
    other = {"optics": {"rayleigh_cm": 60}}
    assert ClosureSettings.from_settings(
        settings["closure"] | {"detector": other}
    ) == ClosureSettings(detector=other)
