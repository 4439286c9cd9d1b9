"""`snakemake inject` on the smoke test: signals go through the steps of the data, from raw files to a fit."""

import csv
import json
import shutil

import pytest
from helpers import ROOT, Place, copy_of_repository, plan, snakemake

from exonu.events.raw_files import read_metadata

pytestmark = pytest.mark.slow

ANALYSIS = """\
config_version: 1
events: events.yaml
interactions: {magnetic-moment: {flavours: [all]}}
statistics:
  methods: [asymptotic]
  injection: {hypotheses: [millicharge_all, magnetic-moment_all], strengths: [0, 4], toys: 200}
"""
CASE = "results/smoke/injection/magnetic-moment_all_x4"


@pytest.fixture(scope="module")
def injected(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inject")
    place = Place(copy_of_repository(folder / "repository"), folder / "run")
    shutil.copytree(ROOT / "config" / "smoke", place.folder / "config" / "smoke")
    (place.folder / "config" / "smoke" / "analysis.yaml").write_text(ANALYSIS)
    (place.folder / "config" / "config.yaml").write_text("config_version: 1\nanalyses: [smoke]\n")
    before = plan(place, "inject")
    ended = snakemake(place, "--cores", "2", "inject")
    assert ended.returncode == 0, ended.stdout
    return place, before


def table(place, name):
    lines = (place.folder / "results" / "smoke" / "injection" / name).read_text().splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def test_planned_before_the_limit_is_known(injected):
    """The injected strength follows from a limit that does not exist yet; only what is searched for is injected."""
    _, before = injected
    assert {f"{CASE}/selected/run_{run}.root" for run in (1, 2)} <= before.outputs
    assert not any("millicharge_all" in file or "run_101" in file for file in before.outputs if "injection" in file)


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
    assert metadata["settings"]["run"]["dead_pmts"] == [94, 123, 208, 213, 479, 528, 575, 601]


def test_more_toys_simulate_nothing(injected, tmp_path):
    place = injected[0].copy(tmp_path)
    place.edit("config/smoke/analysis.yaml", "toys: 200", "toys: 201")
    again = plan(place, "inject")
    assert "injection_toys" in again.changed
    assert "injected_simulate" not in again.changed
