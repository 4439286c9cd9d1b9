"""The block `simulation`: what each job reads of it, and what is refused."""

import pytest
from simulated_analysis import (
    CALIBRATION,
    N_CHANNELS,
    RUNS,
    SAMPLES,
    inputs_of,
    job,
    write_analysis,
)

from exonu.core.errors import InputError
from exonu.core.files import canonical_json
from exonu.events.runs.read_inputs import read_event_inputs
from exonu.events.runs.simulation_settings import (
    light_map_settings,
    light_tables_settings,
    longest_sample,
    simulate_settings,
)


def all_jobs(inputs):
    """Settings of all simulation jobs by name."""
    jobs = {f"run {row.run}": job(inputs, run=row.run) for row in inputs.runs.runs}
    return jobs | {row.sample: job(inputs, sample=row.sample) for row in inputs.samples}


def changed_jobs(folder, change=None, **tables):
    """Names of the jobs whose settings a change alters."""
    before, after = all_jobs(inputs_of(folder)), all_jobs(inputs_of(folder, change, **tables))
    return {name for name in before if canonical_json(before[name]) != canonical_json(after[name])}


def test_a_job_of_a_run(tmp_path):
    inputs = inputs_of(tmp_path)
    assert inputs.is_generated
    assert job(inputs, run=1) == {
        "seed": 1,
        "geometry": {},
        "detector": {},
        "activities": {},
        "calibration": {"gain": 1.02, "time_offset_ns": -3, "light_yield": 0.98},
        "run": {"run": 1, "live_time_s": 86400, "dead_pmts": [3, 17, 100]},
        "stream": {
            "components": ["lxe-neutron", "surface"],
            "prescale": 1,
            "window_keV": [1, 60],
            "live_fraction": 1,
            "light_from_tables_above_keV": {},
        },
        "factors": {"lxe-neutron": 2},
        "injected": None,
    }


def test_a_job_of_a_sample(tmp_path):
    sample = job(inputs_of(tmp_path), sample="surface")["sample"]
    assert sample == {
        "sample": "surface",
        "components": ["surface"],
        "decays": [600],
        "window_keV": [1, 230],
        "liquid_radius_cm": None,
        "focus": {"channels": [3, 17, 100], "share": 0.5},
        "light_from_tables_above_keV": {},
        "thin": [],
        "emphasis": {},
        "repeat": [],
        "largest_weight_per_day": 0,
        "outer_prescale": None,
    }


def test_samples_are_prescaled_as_the_data_are(tmp_path):
    """The rule of the physics data reaches the samples of its components, and no others."""

    def change(content):
        put("streams/physics/outer_prescale", OUTER)(content)

    inputs = inputs_of(tmp_path, change)
    assert job(inputs, run=1)["stream"]["outer_prescale"] == OUTER
    assert job(inputs, sample="surface")["sample"]["outer_prescale"] == OUTER
    changed = changed_jobs(tmp_path, change)
    touched = {row.sample for row in inputs.samples if "surface" in row.components}
    assert {name for name in changed if not name.startswith("run ")} == touched


def test_a_variation_changes_the_detector(tmp_path):
    inputs = inputs_of(tmp_path)
    varied, baseline = job(inputs, sample="both-dark"), job(inputs, sample="both")
    assert varied.pop("detector") == {"optics": {"absorption_cm": 400}}
    assert baseline.pop("detector") == {}
    assert varied.pop("sample") == baseline.pop("sample") | {"sample": "both-dark"}
    assert varied == baseline


def test_the_data_are_of_the_true_detector_and_the_samples_of_the_nominal_one(tmp_path):
    def change(content):
        content["detector"] = {"optics": {"copper_albedo": 0.3}, "light_map": {"shells": 5}}
        content["simulation"]["truth"]["detector"] = {"optics": {"absorption_cm": 700}}

    inputs = inputs_of(tmp_path, change)
    assert job(inputs, run=1)["detector"] == {
        "optics": {"copper_albedo": 0.3, "absorption_cm": 700}
    }
    assert job(inputs, sample="surface")["detector"] == {"optics": {"copper_albedo": 0.3}}
    assert light_map_settings(inputs, 1)["detector"] == {
        "optics": {"copper_albedo": 0.3},
        "light_map": {"shells": 5},
    }


def test_what_drifts_is_of_the_runs_it_is_said_of(tmp_path):
    """The optics of run 2 differ from those of the others; neither samples nor the light map see it."""

    def change(content):
        content["simulation"]["truth"] = {
            "detector": {"optics": {"rayleigh_cm": 52}},
            "by_run": [
                {"from_run": 2, "to_run": 5, "detector": {"optics": {"absorption_cm": 400}}}
            ],
        }

    inputs = inputs_of(tmp_path, change)
    assert job(inputs, run=1)["detector"] == {"optics": {"rayleigh_cm": 52}}
    assert job(inputs, run=2)["detector"] == {"optics": {"rayleigh_cm": 52, "absorption_cm": 400}}
    assert job(inputs, sample="surface")["detector"] == {}
    assert light_tables_settings(inputs, 1, "truth")["detector"] == {"optics": {"rayleigh_cm": 52}}


def test_a_changed_cut_simulates_nothing_again(tmp_path):
    cuts = [{"name": "light", "keep": "total_pe > 60", "status": "assumed"}]
    assert changed_jobs(tmp_path, lambda content: content.update(cuts=cuts)) == set()


def test_an_added_run_simulates_no_other_run_again(tmp_path):
    more = RUNS + "3\traw/run_3.root\t2013-11-22T08:00:00\t86400\t3\tphysics\n"
    assert changed_jobs(tmp_path, runs=more, calibration=CALIBRATION + "3\t1\t0\t1\n") == set()


def test_one_more_dead_photomultiplier_simulates_its_run_and_focused_samples_again(tmp_path):
    dead = RUNS.replace("86400\t3\tphysics", "86400\t3,5\tphysics")
    assert changed_jobs(tmp_path, runs=dead) == {"run 2", "surface"}


def test_an_activity_concerns_its_component_only(tmp_path):
    def change(content):
        content["simulation"]["activities"] = {
            "components": {"co57": {"sources": {"Co57": {"activity": {"value": 9}}}}}
        }

    assert changed_jobs(tmp_path, change) == {"run 9"}


def test_electronics_need_no_new_light_map(tmp_path):
    def change(content):
        content["detector"] = {"electronics": {"coincidence_hits": 5}}

    assert light_map_settings(inputs_of(tmp_path, change), 1) == light_map_settings(
        inputs_of(tmp_path), 1
    )


def test_the_geometry_is_named_from_the_working_folder(tmp_path):
    inputs = inputs_of(tmp_path, lambda content: content.update(geometry={"file": "pmts.csv"}))
    (tmp_path / "pmts.csv").write_text("one")
    before = job(inputs, run=1)["geometry"]
    assert before["file"] == str(tmp_path / "pmts.csv")
    (tmp_path / "pmts.csv").write_text("another")
    assert job(inputs, run=1)["geometry"] != before  # an edited table makes the jobs run again


def test_the_longest_sample_has_the_most_decays_of_all_its_components_together(tmp_path):
    change = put("samples/surface/decays", 10**6)
    assert longest_sample(inputs_of(tmp_path, change)) == "surface"
    two = put("samples/both-dark/decays", {"surface": 10**6, "lxe-neutron": 1})
    assert longest_sample(inputs_of(tmp_path, lambda c: (change(c), two(c)))) == "both-dark"


def test_without_the_block_the_files_are_the_users(tmp_path):
    inputs = inputs_of(tmp_path, lambda content: content.pop("simulation"))
    assert not inputs.is_generated
    assert longest_sample(inputs) is None
    with pytest.raises(
        InputError, match=r"events\.yaml: simulation: is not there: the raw files are yours"
    ):
        simulate_settings(inputs, 1, run=1)


SIMULATION = "events.yaml: simulation"


def put(path, value):
    """Change that sets a value, e.g. at `streams/physics/components` of the block."""
    *way, last = path.split("/")

    def change(content):
        inner = content["simulation"]
        for key in way:
            inner = inner[key]
        inner[last] = value

    return change


OUTER = {"components": ["surface"], "above_keV": 20, "beyond_cm": 30, "one_in": 4}


def period(first, last, **optics):
    """What drifts in some runs."""
    return {"from_run": first, "to_run": last, "detector": {"optics": optics}}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            put("streams/physics/components", ["lxe", "sael"]),
            ".streams.physics.components: has no 'sael'; known: lxe",
        ),
        (
            put("streams/physics/components", []),
            ".streams.physics.components: must have at least 1 entries",
        ),
        (put("streams/physics/prescale", 0.5), ".streams.physics.prescale: must be ≥ 1 (got 0.5)"),
        (
            put("streams/physics/live_fraction", 1.5),
            ".streams.physics.live_fraction: must be ≤ 1 (got 1.5)",
        ),
        (
            put("streams/physics/window_keV", [60, 1]),
            "window_keV: must be two energies, low < high (got 60, 1)",
        ),
        (
            put("streams/physics/outer_prescale", OUTER | {"components": ["co57"]}),
            ".streams.physics.outer_prescale.components: has no 'co57'; known: lxe-neutron, surface",
        ),
        (
            put("streams/physics/outer_prescale", OUTER | {"one_in": 1}),
            ".streams.physics.outer_prescale.one_in: must be ≥ 2 (got 1)",
        ),
        (
            put("truth/by_run", [period(7, 8)]),
            ".truth.by_run.0: holds no run of",
        ),
        (
            put("truth/by_run", [period(1, 2, absorption_cm=-1)]),
            ".truth.by_run.0.detector.optics.absorption_cm: must be > 0",
        ),
        (
            lambda content: (
                put("truth/by_run", [period(1, 2)])(content),
                put("streams/physics/light_from_tables_above_keV", {"surface": 30})(content),
            ),
            ".truth.by_run.0: changes the detector in the stream 'physics', whose light is from tables",
        ),
        (
            put("streams/physics/windows", [1, 2]),
            ".streams.physics.windows: is not a known key; did you mean `window_",
        ),
        (
            put("streams", {"physics": {"components": ["lxe"]}}),
            ".streams: has no stream 'calibration', which run 9 of",
        ),
        (put("streams", {}), ".streams.physics: is missing"),
        (
            put("samples/extra", {"decays": 5}),
            ".samples.extra: is not a sample of the sample sheet; its samples are both",
        ),
        (
            put("samples", {}),
            ".samples.surface: is missing, and is in the sample sheet; give its `decays`",
        ),
        (put("samples/surface", {}), ".samples.surface.decays: is missing"),
        (put("samples/surface/decays", 0), ".samples.surface.decays: must be ≥ 1 (got 0)"),
        (
            put("samples/surface/decays", {"seal": 5}),
            ".samples.surface.decays: is for seal, and the sample is of surf",
        ),
        (
            put("samples/both/decays", 5),
            ".samples.both.decays: is one number for 2 components; write {surface: 5, lxe",
        ),
        (put("samples/surface/focus", 1), ".samples.surface.focus: must be < 1 (got 1)"),
        (
            put("samples/surface/emphasis", {"surface/gold": 2}),
            ".samples.surface.emphasis: has no 'surface/gold'; sources of this sample: surface/quartz, su",
        ),
        (
            put("samples/surface/thin", [{"above_keV": 5, "one_in": 2}, {"one_in": 2}]),
            ".samples.surface.thin.1.above_keV: is missing",
        ),
        (
            put("samples/surface/thin", [{"above_keV": 5, "below_keV": 5, "one_in": 2}]),
            ".samples.surface.thin.0.below_keV: must be above `above_keV` (got 5 and 5)",
        ),
        (
            put("samples/both-dark/repeat", [{"below_keV": 5, "times": 3}]),
            ".samples.both-dark.repeat: is for nominal samples, and this one is of dark; remove it",
        ),
        (
            put("samples/surface/window_keV", [3, 3]),
            ".samples.surface.window_keV: must be two energies, low < high",
        ),
        (
            put("variations", {"baseline": {}}),
            ".variations: has no variation 'dark', which the sample both-dark is of",
        ),
        (put("variations/dark", {"optics": {}}), ".variations.dark.optics: is not a known key"),
        (
            put("variations/dark", {"detector": {"optics": {"absorption": 1}}}),
            "absorption: is not a known key; did you",
        ),
        (put("truth/activities/sael", 1.1), ".truth.activities: has no 'sael'; known: lxe"),
        (put("truth/activities/seal", -1), ".truth.activities.seal: must be ≥ 0 (got -1)"),
        (
            put("truth/injected", {"interaction": "weak", "strength": 1}),
            "interaction: must be one of magnetic-moment",
        ),
        (
            put("truth/injected", {"interaction": "millicharge"}),
            ".truth.injected.strength: is missing",
        ),
        (put("activities", {"components": {"sael": {}}}), ".activities.components: has no 'sael'"),
        (
            put("activities", {"components": {"lxe": {"sources": {"Pb": {}}}}}),
            "components.lxe.sources: has no 'Pb'; kn",
        ),
        (
            put("truth/detector", {"scintillation": {"slow_time_ns": [20, 30, 40]}}),
            ".truth.detector.scintillation.slow_time_ns: must be as long as slow_time_energy_keV",
        ),
        (
            put(
                "variations/dark/detector",
                {"scintillation": {"relative_yield_energy_keV": [9, 5, 10, 20, 60, 122]}},
            ),
            ".variations.dark.detector.scintillation.relative_yield_energy_keV: must be increasing",
        ),
    ],
)
def test_faults_of_the_block(tmp_path, change, message):
    with pytest.raises(InputError) as caught:
        inputs_of(tmp_path, change)
    assert SIMULATION in str(caught.value)
    assert message in str(caught.value)


def test_a_focus_is_for_the_wall(tmp_path):
    samples = SAMPLES + "lxe\tlxe\tnominal\traw/lxe.root\t1\n"
    with pytest.raises(
        InputError,
        match=r"samples\.lxe\.focus: is for what decays in the wall, and the sample is of l",
    ):
        inputs_of(tmp_path, put("samples/lxe", {"decays": 100, "focus": 0.5}), samples=samples)


def test_simulated_data_are_no_data(tmp_path):
    with pytest.raises(
        InputError, match=r"is_simulated: must be true if the file has a block `simulation`"
    ):
        inputs_of(tmp_path, lambda content: content.update(is_simulated=False))


def test_a_component_in_two_nominal_samples(tmp_path):
    samples = SAMPLES + "again\tsurface\tnominal\traw/again.root\t1\n"
    with pytest.raises(
        InputError,
        match=r"samples: 'surface' is in the nominal samples surface and again, which would",
    ):
        inputs_of(tmp_path, put("samples/again", {"decays": 100}), samples=samples)


def test_an_unknown_component_of_a_sample(tmp_path):
    samples = SAMPLES + "odd\tsurfaec\tnominal\traw/odd.root\t1\n"
    with pytest.raises(
        InputError, match=r"samples, odd, column component: has no 'surfaec'; known: lxe"
    ):
        inputs_of(tmp_path, put("samples/odd", {"decays": 100}), samples=samples)


@pytest.mark.parametrize(
    ("table", "old", "new", "message"),
    [
        (
            "runs",
            "raw/run_1.root",
            "a.root,b.root",
            "runs.tsv: files: run 1 has 2 files, and is simulated into one",
        ),
        (
            "samples",
            "raw/surface.root",
            "a.root,b.root",
            "samples.tsv: files: the sample surface has 2 files, and is si",
        ),
        (
            "samples",
            "surface.root\t1",
            "surface.root\t40",
            "equivalent_live_days: is 40 for the sample surface, whose",
        ),
    ],
)
def test_faults_of_the_tables(tmp_path, table, old, new, message):
    text = {"runs": RUNS, "samples": SAMPLES}[table].replace(old, new)
    with pytest.raises(InputError) as caught:
        inputs_of(tmp_path, **{table: text})
    assert message in str(caught.value)


def test_a_simulated_sample_has_no_runs_of_its_own(tmp_path):
    rows = SAMPLES.splitlines()
    samples = "\n".join(
        [f"{rows[0]}\truns", *(f"{row}\tshared" for row in rows[1:-1]), f"{rows[-1]}\tfile"]
    )
    with pytest.raises(
        InputError,
        match=r"samples\.tsv: runs: is 'file' for the sample both-dark, which is simulated w",
    ):
        inputs_of(tmp_path, samples=samples)


def test_the_detector_of_an_events_file_is_checked(tmp_path):
    file = write_analysis(
        tmp_path, lambda content: content.update(detector={"optics": {"absorbtion_cm": 3}})
    )
    with pytest.raises(
        InputError,
        match=r"detector\.optics\.absorbtion_cm: is not a known key; did you mean `absorption",
    ):
        read_event_inputs(file, N_CHANNELS)


@pytest.mark.parametrize("name", ["smoke", "xmass-demo"])
def test_the_analyses_of_the_repository_are_whole(name):
    from pathlib import Path

    inputs = read_event_inputs(Path(__file__).parents[2] / f"config/{name}/events.yaml", N_CHANNELS)
    assert set(all_jobs(inputs)) == {f"run {row.run}" for row in inputs.runs.runs} | {
        row.sample for row in inputs.samples
    }
    streams = {row.stream for row in inputs.runs.runs}
    assert streams - {"source-scan"} == {"physics", "wall-control", "calibration"}
