"""`snakemake inject` on the smallest analysis of events: signals go through the steps of the data,
raw files to fit."""

import csv
import json
import shutil

import pytest
from helpers import ROOT, Place, plan, snakemake

from exonu.events.raw.root_files import read_metadata

pytestmark = pytest.mark.slow

ANALYSIS = """\
config_version: 1
events: events.yaml
interactions: {magnetic-moment: {flavours: [all]}}
statistics:
  methods: [asymptotic]
  injection: {hypotheses: [millicharge_all, magnetic-moment_all], strengths: [0, 4], toys: 200}
"""
EVENTS = """\
config_version: 1
name: XMASS-like (test)
is_simulated: true
runs: runs.tsv
samples: samples.tsv
detector:
  light_map: {shells: 8, outer_frequency: 14, photons_per_vertex: 20000, smoothing_vertices: 40}
simulation:
  streams: {physics: {components: [lxe, solar]}}
  samples:
    lxe: {decays: 1000, liquid_radius_cm: 28}
    signal: {decays: 1500, liquid_radius_cm: 28, window_keV: [0.3, 260]}
"""
RUNS = """\
run\tfiles\tstart\tlive_time_s\tdead_pmts\tstream
1\t../../results/smoke/raw/run_1.root\t2013-11-20T08:00:00\t40000\t94,123\tphysics
2\t../../results/smoke/raw/run_2.root\t2013-11-21T08:00:00\t50000\t94,123,208\tphysics
"""
SAMPLES = """\
sample\tcomponent\tfiles\tequivalent_live_days\tactivity_prior\tactivity_uncertainty
lxe\tlxe\t../../results/smoke/raw/sample_lxe.root\t1\t1\t0.06
signal\tsignal\t../../results/smoke/raw/sample_signal.root\t1\t1\t-
"""
CASE = "results/smoke/injection/magnetic-moment_all_x4"


@pytest.fixture(scope="module")
def injected(tmp_path_factory):
    """A finished run, with the repository in its place: compiled kernels are cached by it."""
    place = Place(ROOT, tmp_path_factory.mktemp("inject") / "run")
    config = place.folder / "config" / "smoke"
    config.mkdir(parents=True)
    texts = {
        "analysis.yaml": ANALYSIS,
        "events.yaml": EVENTS,
        "runs.tsv": RUNS,
        "samples.tsv": SAMPLES,
    }
    for name, text in texts.items():
        (config / name).write_text(text)
    (config.parent / "config.yaml").write_text("config_version: 1\nanalyses: [smoke]\n")
    before = plan(place, "inject")
    ended = snakemake(place, "--cores", "2", "inject")
    assert ended.returncode == 0, ended.stdout
    return place, before


def table(place, name):
    lines = (place.folder / "results" / "smoke" / "injection" / name).read_text().splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def test_planned_before_the_limit_is_known(injected):
    """The injected strength follows from a limit that does not exist yet; only what is searched for
    is injected."""
    _, before = injected
    assert {f"{CASE}/selected/run_{run}.root" for run in (1, 2)} <= before.outputs
    assert not any("millicharge" in file for file in before.outputs)


def test_chain_and_toys_are_of_the_injected_limit(injected):
    place, _ = injected
    [record] = json.loads((place.folder / "results/smoke/limits/magnetic-moment.json").read_text())
    median = record["methods"]["asymptotic"]["expected"][2]
    chain, toys = table(place, "injection.csv"), table(place, "toys.csv")
    for rows, column in ((chain, "injected_mu"), (toys, "true_mu")):
        assert [float(row["multiple"]) for row in rows] == [0, 4]
        assert [float(row[column]) for row in rows] == pytest.approx([0, 4 * median], rel=1e-3)
        assert {row["is_simulated"] for row in rows} == {"True"}
    assert float(chain[0]["selected_events"]) == 0
    # The events that pass the chain are those that the response promises.
    selected, expected = (float(chain[1][name]) for name in ("selected_events", "expected_events"))
    assert abs(selected - expected) < 5 * expected**0.5 + 0.3 * expected
    assert [row["data_events"] for row in chain] == [chain[0]["data_events"]] * 2
    assert (place.folder / "results/smoke/figures/injection.png").stat().st_size > 10_000


def test_signal_events_are_simulated_data_of_their_run(injected):
    place, _ = injected
    metadata = read_metadata(place.folder / CASE / "raw" / "run_2.root")
    assert metadata["is_simulated"]
    assert metadata["components"] == ["injected"]
    assert metadata["settings"]["run"]["dead_pmts"] == [94, 123, 208]


def test_more_toys_simulate_nothing(injected, tmp_path):
    place = Place(ROOT, shutil.copytree(injected[0].folder, tmp_path / "run"))
    place.edit("config/smoke/analysis.yaml", "toys: 200", "toys: 201")
    again = plan(place, "inject")
    assert "injection_toys" in again.changed
    assert "injected_simulate" not in again.changed
