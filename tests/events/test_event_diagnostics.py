"""Tables of the diagnostics against numbers counted by hand."""

import diagnostics_files as lab
import numpy as np
import pandas as pd
import pytest
from synthetic_files import make_events

from exonu.core.errors import InputError
from exonu.core.files import read_json
from exonu.events.diagnostics.diagnosed_sources import (
    calibration_settings,
    diagnostics_settings,
    event_figures,
    source_names,
)
from exonu.events.diagnostics.diagnostic_tables import event_diagnostics
from exonu.events.diagnostics.hit_histograms import HitCounts
from exonu.events.diagnostics.panels import linear_edges, panels_of, with_edges
from exonu.events.diagnostics.resolution_table import LIGHT_EDGES_PE, ResolutionCounts
from exonu.events.diagnostics.stacked_histograms import Counts
from exonu.events.raw.raw_events import Events, write_raw
from exonu.events.runs.read_inputs import read_event_inputs
from exonu.events.runs.run_list import RunList
from exonu.events.selection.cuts import Selection

SELECTION = Selection.from_settings(lab.CUTS, ["veto_pe"])


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder of the tables, and the columns that went in."""
    folder = tmp_path_factory.mktemp("diagnostics")
    columns, files = lab.files(folder)
    event_diagnostics(lab.settings(), files, [], folder / "tables")
    return folder / "tables", columns, files


def histogram(folder, name, stage, source):
    table = pd.read_csv(folder / "histograms.csv", comment="#")
    return table[
        (table["histogram"] == name) & (table["stage"] == stage) & (table["source"] == source)
    ]


# -- what is histogrammed, and in which bins


def test_every_number_that_a_cut_compares_has_a_panel():
    cuts = [
        {
            "name": "box",
            "keep": "hypot(x_pe_cm, y_pe_cm) < 20 and -30 < z_pe_cm < 30",
            "status": "assumed",
        },
        {"name": "there", "keep": "isfinite(r_t_cm) and inner_trigger", "status": "assumed"},
    ]
    panels = panels_of(Selection.from_settings(cuts), [], 40)
    assert [(panel.name, panel.before) for panel in panels] == [
        ("box/hypot(x_pe_cm, y_pe_cm)", ()), ("box/z_pe_cm", ()), ("there/inner_trigger", (0,)),
        ("energy", (0, 1)), ("radius", (1,)),
    ]  # fmt: skip
    assert [(mark.sign, mark.threshold) for mark in panels[1].marks] == [(">", -30), ("<", 30)]


def test_radius_is_marked_by_its_cube():
    (mark,) = panels_of(SELECTION, ["veto_pe"], 40)[-1].marks
    assert (mark.sign, mark.threshold) == ("<", 8.0)


def edges_of(values, keep="veto_pe < 3"):
    cut = {"name": "veto", "keep": keep, "status": "assumed"}
    panel = panels_of(Selection.from_settings([cut], ["veto_pe"]), ["veto_pe"], 40)[0]
    return with_edges(panel, np.asarray(values, dtype=float))


def test_bins_hold_the_values_and_the_cut():
    panel = edges_of(np.linspace(5, 9, 1000))
    assert panel.axis == "linear"
    assert panel.edges[0] == 3.0
    assert panel.edges[-1] >= 8.98
    assert 25 <= len(panel.edges) - 1 <= 51


def test_wide_values_have_a_logarithmic_axis():
    panel = edges_of(np.geomspace(0.1, 1e4, 1000), "veto_pe < 10")
    assert panel.axis == "log"
    assert np.isclose(panel.edges, 10.0).any()  # the cut is on an edge


def test_whole_numbers_lie_in_the_middle_of_bins():
    panel = edges_of(np.arange(8).repeat(9))
    np.testing.assert_array_equal(panel.edges, np.arange(9) - 0.5)


@pytest.mark.parametrize("values", [[], [np.nan, np.inf], [3.0, 3.0]])
def test_bins_without_values_surround_the_cut(values):
    panel = edges_of(values)
    assert panel.edges[0] < 3 < panel.edges[-1]


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-3.3, 1e-3), (1e6, 1e6 + 1), (5, 5), (0, 78.6)])
def test_linear_edges_are_equal_and_hold_both_ends(low, high):
    edges = linear_edges(low, high)
    assert edges[0] <= low <= high <= edges[-1]
    np.testing.assert_allclose(np.diff(edges), edges[1] - edges[0], rtol=1e-5)
    assert len(edges) <= 53


# -- counting


def test_histograms_are_those_of_numpy(made):
    folder, columns, _ = made
    edges = np.array(read_json(folder / "events.json")["histograms"]["fiducial/r_pe_cm"]["edges"])
    for source, parts, scale in (
        ("data", columns[:2], 1.0),
        ("surface", columns[2:3], 0.2 * lab.LIVE_DAYS),
    ):
        joined = {name: np.concatenate([part[name] for part in parts]) for name in columns[0]}
        masks = SELECTION.passed(joined)
        for stage, kept in (("before", masks[0] & masks[1]), ("after", masks.all(axis=0))):
            expected = np.histogram(joined["r_pe_cm"][kept], edges)[0]
            rows = histogram(folder, "fiducial/r_pe_cm", stage, source)
            inside = rows[np.isfinite(rows["low"]) & np.isfinite(rows["high"])]
            np.testing.assert_array_equal(inside["events"], expected[expected > 0])
            np.testing.assert_allclose(
                inside["weighted"], scale * expected[expected > 0], rtol=1e-8
            )
            np.testing.assert_allclose(
                inside["weighted_error"], scale * np.sqrt(expected[expected > 0]), rtol=1e-8
            )
            assert rows["events"].sum() == kept.sum()  # those beyond the edges too


def test_what_is_beyond_and_what_is_not_there_is_counted():
    counts = Counts()
    values = np.array([-1.0, 0.5, 1.0, 2.5, np.inf, np.nan])
    counts.add("x", "before", "data", np.array([0.0, 1.0, 2.0]), values, np.arange(1.0, 7.0))
    table = counts.table(3.0)
    expected = [[-np.inf, 0, 1], [0, 1, 2], [1, 2, 3], [2, np.inf, 9], [np.nan, np.nan, 6]]
    np.testing.assert_array_equal(table[["low", "high", "weighted"]], expected)
    np.testing.assert_allclose(table["weighted_error"][3], np.sqrt(16 + 25))


def test_hits_of_an_event_are_not_independent():
    counts = Counts()
    counts.add_hits(
        "q",
        "data",
        np.array([0.0, 2.0]),
        np.array([1.0, 1.0, 1.0, 5.0]),
        np.array([1.0, 3.0]),
        [2, 2],
    )
    inside, above = counts.table(1.0).to_dict("records")
    assert (inside["events"], inside["weighted"]) == (3, 5.0)
    assert inside["weighted_error"] == pytest.approx(np.sqrt(2**2 + 3**2))
    assert (above["events"], above["weighted"]) == (1, 3.0)


def test_small_chunks_change_nothing(made, tmp_path):
    folder, _, files = made
    event_diagnostics(lab.settings(), files, [], tmp_path, chunk_bytes=20_000)
    for name in ("histograms.csv", "vertices.csv", "resolution.csv", "hit_map.csv", "events.json"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes(), name


def test_vertices_leave_only_the_cuts_on_the_vertex_out(made):
    folder, columns, _ = made
    table = pd.read_csv(folder / "vertices.csv", comment="#")
    expected = [SELECTION.passed(part)[:2].all(axis=0).sum() for part in columns]
    by_source = table.groupby("source")["weighted"].sum()
    assert by_source["data"] == sum(expected[:2])
    simulated = lab.LIVE_DAYS * (0.2 * expected[2] + 0.7 * expected[3])
    assert by_source["simulation"] == pytest.approx(simulated, rel=1e-8)


def test_blinded_data_are_the_expectation(made, tmp_path):
    _, columns, files = made
    event_diagnostics(lab.settings(blind_keVee=[10, 30]), files, [], tmp_path)
    rows = histogram(tmp_path, "energy", "before", "data")
    closed = (rows["low"] >= 10) & (rows["high"] <= 30)

    def passing(part, inside):
        energy = part["energy_keVee"]
        box = (energy >= 10) & (energy < 30)
        return (SELECTION.kept(part) & (box if inside else ~box)).sum()

    simulated = lab.LIVE_DAYS * (0.2 * passing(columns[2], True) + 0.7 * passing(columns[3], True))
    assert rows[closed]["weighted"].sum() == pytest.approx(simulated, rel=1e-8)
    assert rows[~closed]["weighted"].sum() == sum(passing(part, False) for part in columns[:2])
    after_all = histogram(tmp_path, "fiducial/r_pe_cm", "after", "data")["weighted"].sum()
    assert after_all == pytest.approx(rows["weighted"].sum(), rel=1e-8)


def test_signal_is_no_background(made):
    record = read_json(made[0] / "events.json")
    assert record["has_signal"]
    assert record["components"] == [["surface", "²¹⁰Pb surface"], ["background", "background"]]


def test_one_file_for_each_source(made, tmp_path):
    with pytest.raises(InputError, match=r"reconstructed files: are 4 for 5 runs and samples"):
        event_diagnostics(lab.settings(), made[2][:4], [], tmp_path)


def test_a_file_without_the_variable_of_a_cut(made, tmp_path):
    columns = {name: values for name, values in made[1][0].items() if name != "veto_pe"}
    files = [lab.write(tmp_path / "bad.root", columns), *made[2][1:]]
    with pytest.raises(InputError, match=r"bad\.root: branch veto_pe: is not a branch of 'events'"):
        event_diagnostics(lab.settings(), files, [], tmp_path / "tables")


# -- resolution


def test_resolution_of_normal_deviations(made):
    table = pd.read_csv(made[0] / "resolution.csv")
    assert (table["events"] >= 20).all()
    pulls = (table["sigma_cm"] - 1.5) / table["sigma_error_cm"]
    assert np.abs(pulls).max() < 4
    assert np.mean(pulls**2) < 2
    assert (np.abs(table["energy_ratio"] - 1) < 4 * table["energy_ratio_error"]).all()
    assert (np.abs(table["energy_sigma"] - 0.05) < 4 * table["energy_sigma_error"]).all()
    assert (np.abs(table["outward_cm"]) < 4 * table["outward_error_cm"]).all()


def test_bound_and_outward_shift():
    """All events at r = 12 cm, found 1 cm further out; one photoelectron is bounded by 30 cm."""
    n = 100
    direction = np.tile([0.6, 0.0, 0.8], (n, 1))
    columns = {f"true_{axis}_cm": 12 * direction[:, place] for place, axis in enumerate("xyz")}
    columns |= {f"{axis}_pe_cm": 13 * direction[:, place] for place, axis in enumerate("xyz")}
    columns |= {
        "total_pe": np.full(n, 225.0),
        "energy_keVee": np.full(n, 10.5),
        "true_energy_keV": np.full(n, 10.0),
    }
    counts = ResolutionCounts((np.array([0.0, 30.0]), np.array([30.0, 30.0])))
    counts.add(columns)
    (row,) = counts.table().to_dict("records")
    assert (row["true_radius_low_cm"], row["light_low_pe"]) == (
        10.0,
        LIGHT_EDGES_PE[LIGHT_EDGES_PE <= 225][-1],
    )
    assert row["bound_cm"] == pytest.approx(2.0)
    assert row["outward_cm"] == pytest.approx(1.0)
    assert row["rms_cm"] == pytest.approx(np.sqrt(1 / 3))
    assert row["energy_ratio"] == pytest.approx(1.05, abs=0.001)


# -- hits


def runs(**changes):
    rows = lab.settings()["runs"]
    return RunList.from_settings({"run_list": "runs.tsv", "runs": [row | changes for row in rows]})


def test_mean_charge_counts_the_events_in_which_a_photomultiplier_lived():
    events = [
        Events.of([[0, 3], [0]], [[2.0, 4.0], [1.0]], [[0.0, 5.0], [0.0]], run=run)
        for run in (2, 2, 1)
    ]
    hits = HitCounts(SELECTION, runs(), 20, Counts())
    for chunk in (
        events[0],
        events[1],
        events[2].with_hits(np.array([True, False, True])),
    ):  # 3 is dead in run 1
        hits.add(chunk, "data")
    table = hits.table(np.eye(3)[np.arange(20) % 3])
    assert table["data_pe"][0] == pytest.approx(9 / 6)
    assert table["data_pe"][3] == pytest.approx(8 / 4)
    assert table["data_error_pe"][3] == pytest.approx(np.sqrt(32) / 4)
    assert np.isnan(table["data_pe"][17])  # dead in both
    assert table["dead_share"][[0, 3, 17]].tolist() == pytest.approx([0, 2 / 3, 1])
    assert table["longitude_deg"][1] == 90
    assert table["latitude_deg"][2] == 90


def test_hits_after_the_cuts_that_need_no_reconstruction(tmp_path):
    """The cut on the vertex cannot be applied to ingested events; those before it are."""
    events = make_events(200).with_columns(
        inner_trigger=np.ones(200, dtype=bool), outer_trigger=np.arange(200) < 50,
        veto_pe=np.zeros(200), total_pe=np.ones(200),
    )  # fmt: skip
    write_raw(tmp_path / "run_1.root", events, {"is_simulated": True}, tree="events")
    counts = Counts()
    hits = HitCounts(SELECTION, runs(), 642, counts)
    hits.add_file(tmp_path / "run_1.root", "data", chunk_bytes=4000)
    assert hits.before == (0, 1)
    table = counts.table(1.0).groupby("histogram")["events"].sum()
    assert table["event_charge"] == 150
    assert table["hit_charge"] == table["hit_time"] == events[50:].offsets[-1]
    assert set(hits.as_json()) == set(counts.edges)


# -- what a workflow asks for


def test_settings_of_the_jobs(analysis_folder):
    inputs = read_event_inputs(analysis_folder / "events.yaml", 642)
    settings = diagnostics_settings(inputs)
    assert source_names(settings) == ["run_1", "run_2", "sample_signal"]
    assert [row["files"] for row in settings["runs"]] == [
        [],
        [],
    ]  # other raw files change no diagnostics by themselves
    assert calibration_settings(inputs) is None
    cuts = ["cut_trigger", "cut_previous-event", "cut_light"]
    assert event_figures(inputs) == [
        "hit_map", "hits", *cuts, "energy", "vertices", "cut_flow", "resolution", "cut_efficiency",
    ]  # fmt: skip


def test_calibration_runs_are_no_physics(analysis_folder):
    sheet = analysis_folder / "runs.tsv"
    sheet.write_text(
        sheet.read_text().replace("dead_pmts\n", "dead_pmts\tstream\n").replace("3,17\n", "3,17\tphysics\n")
        .replace("43200\t-\n", "43200\t-\tcalibration\n")
    )  # fmt: skip
    samples = analysis_folder / "samples.tsv"
    samples.write_text(samples.read_text() + "source\tco57\tsource.root\t1\t1\t-\n")
    inputs = read_event_inputs(analysis_folder / "events.yaml", 642)
    assert source_names(diagnostics_settings(inputs)) == ["run_1", "sample_signal"]
    assert source_names(calibration_settings(inputs)) == ["run_2", "sample_source"]
