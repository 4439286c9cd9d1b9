"""Injected signals: what a case is, what its jobs read, and what the tables say of toys and of the
chain."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from exonu.core.errors import InputError
from exonu.core.files import canonical_json, read_json, write_json
from exonu.core.resources import resource_path
from exonu.core.settings import merged
from exonu.detector.geometry import geodesic_geometry
from exonu.events.runs.read_inputs import read_event_inputs
from exonu.events.runs.simulation_settings import simulate_settings
from exonu.report.figures.injected_signals import draw_injection
from exonu.report.figures.style import save
from exonu.report.numbers.figure_records import Heading
from exonu.search.analysis import default_settings
from exonu.search.build_workspaces import build_workspaces, write_meaning
from exonu.search.experiment.read_experiment import read_experiment
from exonu.search.limit_records import limit_record, read_model
from exonu.search.studies.injected_cases import (
    Injected,
    ingest_settings,
    injected_cases,
    injected_hypotheses,
    injected_signal,
    injected_simulate_settings,
)
from exonu.search.studies.injection import chain_rows, summary, toy_rows

SETTINGS = default_settings()
STATISTICS = merged(SETTINGS["statistics"], {"injection": {"strengths": [0, 2], "toys": 400}})
NAME = "magnetic-moment_all"
HEADING = Heading("XENON1T SR1", "arXiv:2006.09721", 0.6473, is_simulated=True, blinded=False)
EVENTS = """\
config_version: 1
name: test
is_simulated: true
runs: runs.tsv
simulation:
  truth: {detector: {optics: {absorption_cm: 750}}, activities: {lxe: 1.1}}
  streams: {physics: {components: [lxe, solar]}}
"""
RUNS = (
    "run\tfiles\tstart\tlive_time_s\tdead_pmts\tstream\n"
    "1\ta.root\t2013-11-20T08:00:00\t43200\t3\tphysics\n"
    "2\tb.root\t2013-11-21T08:00:00\t21600\t3,17\tphysics\n"
)


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """A workspace, and the limits of its interaction as their file has them."""
    folder = tmp_path_factory.mktemp("workspaces")
    experiment = read_experiment(resource_path("published/xenon1t-sr1/experiment.yaml"))
    [workspace] = build_workspaces(experiment, "magnetic-moment", SETTINGS, [("all", None)])
    write_json(folder / f"{NAME}.json", workspace.spec)
    write_meaning(folder, workspace)
    return (
        folder / f"{NAME}.json",
        [limit_record(folder / f"{NAME}.json", ["asymptotic"], 0.9)],
        experiment,
    )


@pytest.fixture
def inputs(tmp_path):
    (tmp_path / "runs.tsv").write_text(RUNS)
    (tmp_path / "events.yaml").write_text(EVENTS)
    return read_event_inputs(tmp_path / "events.yaml", geodesic_geometry().n_channels)


def test_cases_are_of_what_the_analysis_searches_for():
    assert injected_hypotheses(SETTINGS) == ["millicharge_all", NAME]
    one = merged(SETTINGS, {"interactions": {"magnetic-moment": {"flavours": ["all"]}}})
    one["interactions"].pop("millicharge")
    assert injected_hypotheses(one) == [NAME]
    assert injected_cases(one) == [f"{NAME}_x1", f"{NAME}_x2", f"{NAME}_x4"]


def test_a_multiple_is_one_of_the_rate(searched):
    _, records, _ = searched
    one, four = (injected_signal(records, NAME, k) for k in (1.0, 4.0))
    assert four.mu == pytest.approx(4 * one.mu, rel=1e-3)
    assert four.strength == pytest.approx(2 * one.strength, rel=1e-3)
    assert one.mu == pytest.approx(records[0]["methods"]["asymptotic"]["expected"][2], rel=1e-3)
    assert injected_signal(records, NAME, 0.0).mu == 0.0


def test_without_a_limit_nothing_is_injected(searched):
    _, records, _ = searched
    broken = json.loads(json.dumps(records))
    broken[0]["methods"]["asymptotic"]["expected"][2] = None
    with pytest.raises(InputError, match=f"{NAME}: has no median expected limit"):
        injected_signal(broken, NAME, 1.0)


def test_a_case_is_simulated_as_its_run_is_but_for_the_background(inputs):
    signal = Injected(NAME, 2.0, 1e-10, 3.0, "magnetic-moment", "all")
    ordinary, injected = (
        simulate_settings(inputs, 7, run=2),
        injected_simulate_settings(inputs, 7, 2, signal),
    )
    assert injected["injected"] == {
        "interaction": "magnetic-moment",
        "flavour": "all",
        "strength": 1e-10,
    }
    assert injected["stream"]["components"] == []
    assert injected["stream"]["window_keV"] == ordinary["stream"]["window_keV"]
    for same in ("detector", "calibration", "run", "geometry"):
        assert injected[same] == ordinary[same]
    assert injected["detector"]["optics"]["absorption_cm"] == 750
    other = injected_simulate_settings(inputs, 7, 2, replace(signal, multiple=4.0))
    assert len({ordinary["seed"], injected["seed"], other["seed"]}) == 3


def test_a_case_is_ingested_as_its_run_is_but_for_the_file(inputs):
    ordinary, injected = (
        inputs.ingest_settings(run=1),
        ingest_settings(inputs, 1, "case/raw/run_1.root"),
    )
    assert injected["runs"][0].pop("files") == ["case/raw/run_1.root"]
    assert ordinary["runs"][0].pop("files") != ["case/raw/run_1.root"]
    assert canonical_json(injected) == canonical_json(ordinary)


@pytest.fixture(scope="module")
def tables(searched):
    """Toys, pulls, and the chain with exactly the expected signal for its selected events."""
    file, records, experiment = searched
    edges = np.append(experiment.low_keV, experiment.high_keV[-1])
    model, _ = read_model(file)
    signal = injected_signal(records, NAME, 2.0)
    expected = model.expected({"mu": signal.mu}) - model.expected({"mu": 0.0})
    rows, pulls = toy_rows(file, records, STATISTICS, seed=1)
    chain = chain_rows(
        file, records, {f"{NAME}_x2": expected, "millicharge_all_x2": expected}, edges
    )
    return pd.DataFrame(rows), pd.DataFrame(pulls), pd.DataFrame(chain)


def test_toys_say_what_was_injected_and_found(tables):
    toys, pulls, _ = tables
    assert toys["multiple"].tolist() == [0, 2]
    assert (toys["n_toys"] + toys["failed"] == 400).all()
    assert (toys["pull_mean"].abs() < 5 * toys["pull_mean_error"]).all()
    assert toys["fraction_at_bound"][0] == pytest.approx(0.5, abs=0.1)
    assert toys["above_expected"][0] == pytest.approx(0.5, abs=0.1)
    assert toys["coverage"].tolist()[0] == 1.0
    assert toys["coverage"][1] > 0.85
    assert pulls.groupby("multiple")["toys"].sum().tolist() == toys["n_toys"].tolist()


def test_a_one_sided_parameter_is_judged_inside_and_shown_at_its_edge(searched, tmp_path):
    """A millicharge of which the other atomic model predicts half: with the truth at the edge the
    fits that go towards that model find too much of it, inside there is no such bias."""
    file, records, _ = searched
    spec = read_json(file)
    [signal] = [one for one in spec["channels"][0]["samples"] if one["name"] == "signal"]
    signal["modifiers"].append(
        {"name": "atomic_epa", "type": "normsys", "data": {"hi": 0.5, "lo": 1.0}}
    )
    changed = tmp_path / file.name
    write_json(changed, spec)
    meaning = f"{file.stem}.poi_map.yaml"
    (tmp_path / meaning).write_bytes(file.with_name(meaning).read_bytes())
    statistics = {**STATISTICS, "injection": {**STATISTICS["injection"], "strengths": [0, 4]}}
    toys = pd.DataFrame(toy_rows(changed, records, statistics, seed=1)[0]).set_index(
        ["one_sided", "multiple"]
    )
    assert toys.index.to_list() == [("inside", 0), ("inside", 4), ("edge", 4)]
    assert toys["judged"].to_list() == [False, True, False]
    inside, edge = toys.loc[("inside", 4)], toys.loc[("edge", 4)]
    assert edge["pull_mean"] > 0.2 > abs(inside["pull_mean"]) + 2 * inside["pull_mean_error"]


def test_the_chain_recovers_the_expected_signal(tables):
    """Data with the expected signal added: μ̂ moves by μ_inj, and the first row is the data as they
    are."""
    _, _, chain = tables
    assert chain["multiple"].tolist() == [0, 2]
    moved = chain["recovered_mu"][1] - chain["recovered_mu"][0]
    assert moved == pytest.approx(chain["injected_mu"][1], rel=0.15)
    assert chain["selected_events"][1] == pytest.approx(chain["expected_events"][1], abs=1)
    assert (chain["low_mu"] < chain["recovered_mu"]).all()
    assert (chain["recovered_mu"] < chain["high_mu"]).all()
    signs = np.sign(chain["recovered_mu"])
    assert (np.sign(chain["recovered"]) == signs).all()
    said = summary(*(tables[i] for i in (0, 2)))
    assert (said["chain_cases"], said["chain_recovered"]) == (1, int(chain["within_2_sigma"][1]))
    json.dumps(said, allow_nan=False)


def test_bins_of_another_analysis_are_refused(searched):
    file, records, _ = searched
    with pytest.raises(InputError, match="and the injected events have 3"):
        chain_rows(file, records, {f"{NAME}_x2": np.ones(3)}, np.arange(4.0))


def test_the_figure_is_labelled_simulated(tables, tmp_path):
    toys, pulls, chain = tables
    figure = draw_injection(chain, toys, pulls, HEADING)
    top, _, bottom = figure.axes
    assert any("simulated" in text.get_text() for text in top.texts)
    assert "whole chain" in top.get_legend().get_title().get_text()
    assert bottom.get_ylim()[0] < 0 < 1 < bottom.get_ylim()[1]
    save(figure, [tmp_path / "injection.png", tmp_path / "injection.pdf"], 80)
    assert (tmp_path / "injection.png").stat().st_size > 10_000


def test_the_record_is_written_whole(tables, tmp_path):
    write_json(tmp_path / "injection.json", summary(tables[0], tables[2]))
    assert read_json(tmp_path / "injection.json")["demands"]["widths"] == [0.9, 1.1]
