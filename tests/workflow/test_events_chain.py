"""From simulated events to limits by the real workflow: what runs again after a change, and the
same bytes.

For the plans, a run is only marked as finished: empty files in the place of its outputs, and
    Snakemake's own record of
what each was made from (`--touch`). The slow tier runs the chain.
"""

import os
import re
import signal
import subprocess
import time

import pytest
from helpers import ROOT, SNAKEMAKE, Place, plan, results, same_bytes, snakemake

CONFIG = "config_version: 1\nanalyses: [mini]\n"
FILES = {
    "analysis.yaml": """\
config_version: 1
events: events.yaml
interactions:
  magnetic-moment: {flavours: [all]}
statistics: {methods: [asymptotic], goodness_of_fit_toys: 20}
plots: {dpi: 50}
""",
    "events.yaml": """\
config_version: 1
name: Mini
is_simulated: true
runs: runs.tsv
samples: samples.tsv
detector:
  light_map: {shells: 6, outer_frequency: 10, photons_per_vertex: 10000, smoothing_vertices: 40}
cuts:
  - {name: trigger, keep: inner_trigger and not outer_trigger, status: published}
  - {name: fiducial-volume, keep: r_pe_cm < 20, status: published}
simulation:
  streams: {physics: {components: [lxe, surface, copper]}}
  samples:
    lxe: {decays: 300, liquid_radius_cm: 28}
    surface: {decays: 1500, focus: 0.5}
    signal: {decays: 800, liquid_radius_cm: 28, window_keV: [0.3, 260]}
""",
    "runs.tsv": """\
run	files	start	live_time_s	dead_pmts
1	../../results/mini/raw/run_1.root	2020-01-01T08:00:00	20000	94,123
2	../../results/mini/raw/run_2.root	2020-01-02T08:00:00	25000	94,123,208
""",
    "samples.tsv": """\
sample	component	files	equivalent_live_days	activity_prior	activity_uncertainty
lxe	lxe	../../results/mini/raw/sample_lxe.root	1	1	0.06
surface	surface	../../results/mini/raw/sample_surface.root	1	1	0.5
signal	signal	../../results/mini/raw/sample_signal.root	1	1	-
""",
}
MINI = "config/mini"
SUMMARY = (
    "results/mini/summary.html"  # shows the figures, and quotes the statuses of the events file
)
SOURCES = {"run_1", "run_2", "sample_lxe", "sample_surface", "sample_signal"}


def write_config(folder):
    (folder / MINI).mkdir(parents=True, exist_ok=True)
    (folder / "config" / "config.yaml").write_text(CONFIG)
    for name, text in FILES.items():
        (folder / MINI / name).write_text(text)


@pytest.fixture(scope="session")
def marked(once):
    """A place where everything is marked as finished."""

    def make(place):
        write_config(place.folder)
        for name in plan(place).outputs:
            path = place.folder / name
            (path.parent if path.suffix else path).mkdir(parents=True, exist_ok=True)
            if path.suffix:
                path.touch()
        ended = snakemake(place, "--touch", "--forceall")
        assert ended.returncode == 0, ended.stdout
        ended = snakemake(place, "--dry-run")
        assert "missing provenance" not in ended.stdout, (
            ended.stdout
        )  # without it, no change would be noticed

    return once("marked-events", make)


@pytest.fixture
def chain(marked, tmp_path):
    """A copy of that, to be changed."""
    return marked.copy(tmp_path)


def made(place):
    """All results, the light map as the folder that it is."""
    names = {f"results/{name}" for name in results(place.folder / "results")}
    return {name for name in names if "/light_map/" not in name} | {"results/mini/light_map"}


def stage(name, *stages):
    """Whether a result belongs to one of the stages: `selected`, or also
    `templates/experiment.json`."""
    return any(f"{name}/".startswith(f"results/mini/{one}/") for one in stages)


BEFORE_DETECTOR = ("spectra/weak.csv", "spectra/magnetic-moment.csv")
BEFORE_CUTS = ("raw", "ingested", "reconstructed", "light_map", *BEFORE_DETECTOR)


def test_every_source_goes_through_every_stage_and_nothing_runs_again(marked):
    for name in ("raw", "ingested", "reconstructed", "selected"):
        assert {f"results/mini/{name}/{source}.root" for source in SOURCES} <= made(marked)
    assert plan(marked).outputs == frozenset()


def test_a_cut_selects_again_and_nothing_before(chain):
    """Probes of the dead-PMT correction, histograms and diagnostics read the cuts too."""
    chain.edit(f"{MINI}/events.yaml", "r_pe_cm < 20", "r_pe_cm < 19.5")
    planned = plan(chain)
    assert planned.outputs == {name for name in made(chain) if not stage(name, *BEFORE_CUTS)}
    assert planned.changed == {
        "select",
        "probes",
        "event_diagnostics",
    }  # for the others, new inputs are reason enough
    assert not planned.rules & {"simulate", "ingest", "reconstruct", "light_map"}


def test_comments_run_nothing_but_the_page_that_reads_the_file(chain):
    chain.edit(f"{MINI}/events.yaml", "cuts:\n", "cuts: # in this order\n")
    chain.edit(f"{MINI}/runs.tsv", "run\tfiles", "# my runs\nrun\tfiles")
    assert plan(chain).outputs <= {SUMMARY}


def test_a_plot_setting_draws_again_and_nothing_else(chain):
    chain.edit(f"{MINI}/analysis.yaml", "dpi: 50", "dpi: 55")
    planned = plan(chain).outputs
    assert planned - {SUMMARY} == {name for name in made(chain) if "/figures/" in name}


def test_a_prior_changes_the_experiment_and_what_follows(chain):
    chain.edit(f"{MINI}/samples.tsv", "\t0.06\n", "\t0.07\n")
    planned = plan(chain)
    assert planned.changed == {"experiment"}
    of_events = {
        name
        for name in made(chain)
        if re.search(
            r"/figures/(hit_map|hits|cut_.*|energy|vertices|resolution|dead_pmt)\.\w+$", name
        )
    }
    assert len(of_events) == 2 * 10
    before = (
        *BEFORE_CUTS,
        "selected",
        "cut_flow",
        "probes",
        "dead_pmt",
        "event_diagnostics",
        "templates",
    )
    left = {name for name in made(chain) if stage(name, *before)} - {
        "results/mini/templates/experiment.json",
        "results/mini/templates/simulation_error.csv",
    }
    assert planned.outputs == made(chain) - left - of_events


def test_a_dead_photomultiplier_changes_its_run_and_the_samples_that_share_the_runs(chain):
    chain.edit(f"{MINI}/runs.tsv", "94,123,208", "94,123,209")
    planned = plan(chain).outputs
    for name in ("ingested", "reconstructed", "selected"):
        sources = {one for one in SOURCES if f"results/mini/{name}/{one}.root" in planned}
        assert sources == SOURCES - {"run_1"}
    raw = {one for one in SOURCES if f"results/mini/raw/{one}.root" in planned}
    assert raw == {"run_2", "sample_surface"}  # this sample is focused on the dead ones
    assert "results/mini/light_map" not in planned


def test_another_run_leaves_the_runs_alone(chain):
    """The samples are shared out anew; what is simulated of them stays."""
    with (chain.folder / MINI / "runs.tsv").open("a") as table:
        table.write("3\t../../results/mini/raw/run_3.root\t2020-01-03T08:00:00\t5000\t94,123\n")
    planned = plan(chain).outputs
    assert {name for name in planned if stage(name, "raw", "light_map")} == {
        "results/mini/raw/run_3.root"
    }
    assert not {name for name in planned if re.search(r"/run_[12]\.", name)}
    assert "results/mini/selected/run_3.root" in planned
    assert "results/mini/ingested/sample_lxe.root" in planned
    assert "results/mini/cut_flow/cut_flow.csv" in planned


# -- the slow tier: real runs, with this repository in its place since compiled kernels are cached
# by it


def real(folder):
    write_config(folder)
    return Place(ROOT, folder)


@pytest.fixture(scope="session")
def ran(once):
    """A real run of the chain with two cores."""

    def make(place):
        ended = snakemake(real(place.folder), "--cores", "2")
        assert ended.returncode == 0, ended.stdout

    return once("events", make, copied=False)


@pytest.mark.slow
def test_the_chain_runs_and_says_that_it_is_simulated(ran):
    limits = (ran.folder / "results/mini/limits/limits.csv").read_text()
    assert "magnetic-moment" in limits
    flow = (ran.folder / "results/mini/cut_flow/cut_flow.csv").read_text()
    assert all(f",{source.partition('_')[2]}," in flow for source in SOURCES)
    assert "Simulated" in (ran.folder / "results/mini/tables/cut_flow.md").read_text()
    assert plan(ran).outputs == frozenset()


@pytest.mark.slow
def test_one_core_gives_the_same_bytes_as_two(ran, tmp_path):
    place = real(tmp_path / "run")
    ended = snakemake(place, "--cores", "1", TZ="Asia/Tokyo", PYTHONHASHSEED="7")
    assert ended.returncode == 0, ended.stdout
    same_bytes(ran.folder / "results", place.folder / "results")


@pytest.mark.slow
def test_the_same_bytes_after_a_kill_in_the_middle_and_a_restart(ran, tmp_path):
    place = real(tmp_path / "run")
    command = [SNAKEMAKE, "--snakefile", ROOT / "Snakefile", "--cores", "2"]
    selected = place.folder / "results/mini/selected"
    with (tmp_path / "log").open("w") as log:
        running = subprocess.Popen(
            command, cwd=place.folder, stdout=log, stderr=log, start_new_session=True
        )
        try:
            while running.poll() is None and not any(selected.glob("*.root")):
                time.sleep(0.05)
        finally:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
    assert running.returncode == -signal.SIGKILL, (tmp_path / "log").read_text()
    halfway = results(place.folder / "results")
    assert "mini/limits/limits.csv" not in halfway
    assert snakemake(place, "--unlock").returncode == 0
    ended = snakemake(place, "--cores", "2", "--rerun-incomplete")
    assert ended.returncode == 0, ended.stdout
    for name, file in halfway.items():
        if ".part" in name:  # of the jobs that were killed: beside their places, in nobody's way
            file.unlink(missing_ok=True)  # or already gone
    same_bytes(ran.folder / "results", place.folder / "results")
