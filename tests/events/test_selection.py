"""Selection and cut flow: counts, weights, efficiencies and their errors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from exonu.core.errors import InputError
from exonu.events.raw.raw_events import write_raw
from exonu.events.raw.root_files import read_columns
from exonu.events.raw.writer import ColumnWriter
from exonu.events.selection.cut_conditions import cut_condition_table
from exonu.events.selection.cut_flow import (
    cut_efficiency_table,
    cut_flow_table,
    efficiency_interval,
)
from exonu.events.selection.cuts import CutCounts, Selection, select

CUTS = [
    {"name": "trigger", "keep": "inner_trigger and not outer_trigger", "status": "published"},
    {"name": "energy", "keep": "2 < energy_keVee < 15", "status": "assumed"},
    {"name": "fiducial", "keep": "r_pe_cm < 20", "status": "published"},
]
EDGES = [0, 5, 10, 20]
DATA = {"kind": "data", "stream": "physics"}


def columns(n=4000, seed=1, *, truth=True):
    rng = np.random.default_rng(seed)
    made = {
        "inner_trigger": rng.random(n) < 0.95,
        "outer_trigger": rng.random(n) < 0.1,
        "energy_keVee": rng.uniform(0, 20, n),
        "r_pe_cm": rng.uniform(0, 40, n),
        "weight": rng.exponential(1, n) if truth else np.ones(n),
        "run": np.full(n, 3, dtype=np.uint32),
    }
    return made | ({"true_energy_keV": rng.uniform(0, 20, n)} if truth else {})


def write(path, made):
    with ColumnWriter(path, "events", {"is_simulated": True}) as writer:
        writer.write(made)
    return path


def signal(sample="s1", variation="nominal"):
    return {"kind": "simulation", "sample": sample, "component": "signal", "variation": variation}


def record(made, source):
    counts = CutCounts(Selection.from_settings(CUTS), EDGES)
    counts.add(made)
    return counts.as_json(source)


def test_cuts_in_order(tmp_path):
    made = columns()
    selection = Selection.from_settings(CUTS)
    found = select(
        selection,
        write(tmp_path / "e.root", made),
        tmp_path / "s.root",
        signal(),
        EDGES,
        chunk_bytes=9_000,
    )
    masks = [
        np.ones(4000, dtype=bool),
        made["inner_trigger"] & ~made["outer_trigger"],
        (made["energy_keVee"] > 2) & (made["energy_keVee"] < 15),
        made["r_pe_cm"] < 20,
    ]
    kept = np.logical_and.accumulate(masks)
    weight = made["weight"]
    np.testing.assert_array_equal(found["sums"][0], kept.sum(axis=1))
    np.testing.assert_allclose(found["sums"][1], kept @ weight)
    np.testing.assert_allclose(found["sums"][2], kept @ weight**2)
    expected = [np.histogram(made["true_energy_keV"][mask], EDGES)[0] for mask in kept]
    np.testing.assert_array_equal(found["binned"][0], expected)
    (left,) = read_columns(tmp_path / "s.root")
    for name, values in made.items():
        np.testing.assert_array_equal(left[name], values[kept[-1]], err_msg=name)
        assert left[name].dtype == values.dtype


def test_nothing_passes_and_the_columns_are_there(tmp_path):
    nothing = Selection.from_settings(
        [{"name": "none", "keep": "r_pe_cm < 0", "status": "assumed"}]
    )
    found = select(
        nothing, write(tmp_path / "e.root", columns()), tmp_path / "s.root", signal(), EDGES
    )
    assert found["sums"][0] == [4000, 0]
    assert list(read_columns(tmp_path / "s.root")) == []
    again = select(nothing, tmp_path / "s.root", tmp_path / "t.root", signal(), EDGES)
    assert again["sums"][0] == [0, 0]


def test_events_with_hits_can_be_selected(tmp_path):
    """Before the reconstruction: raw variables only, the hits stay behind."""
    from synthetic_files import simulated

    events = simulated(300).with_columns(total_pe=np.arange(300.0))
    write_raw(tmp_path / "e.root", events, {"is_simulated": True}, tree="events")
    cut = Selection.from_settings(
        [{"name": "light", "keep": "total_pe >= 100", "status": "assumed"}]
    )
    assert select(cut, tmp_path / "e.root", tmp_path / "s.root", signal(), EDGES)["sums"][0] == [
        300,
        200,
    ]
    (left,) = read_columns(tmp_path / "s.root")
    assert not {"channel", "charge", "time", "nhit"} & left.keys()


def test_a_cut_on_what_the_file_does_not_hold(tmp_path):
    file = write(tmp_path / "e.root", {"energy_keVee": np.arange(3.0)})
    with pytest.raises(
        InputError,
        match=r"e\.root: branch r_pe_cm: is not a branch of 'events' \(wanted by the cut 'fid",
    ):
        select(Selection.from_settings(CUTS), file, tmp_path / "s.root", signal(), EDGES)
    assert not (tmp_path / "s.root").exists()


def test_all_faults_of_the_cuts_at_once():
    with pytest.raises(InputError) as error:
        Selection.from_settings(
            [{**CUTS[0], "keep": "x >"}, {**CUTS[1], "keep": "energy_keVee"}], file="e.yaml"
        )
    assert [fault.field for fault in error.value.errors] == [
        "cuts.0.keep (trigger)",
        "cuts.1.keep (energy)",
    ]


def test_the_users_own_variables():
    own = [{"name": "veto", "keep": "veto_pe < 3", "status": "assumed"}]
    assert Selection.from_settings(own, extra=["veto_pe"]).wanted == {"veto_pe": "the cut 'veto'"}
    with pytest.raises(
        InputError, match=r"cuts\.0\.keep \(veto\): 'veto_pe' is not a documented variable"
    ):
        Selection.from_settings(own)


# -- errors of efficiencies


@given(st.integers(0, 50), st.integers(0, 50))
def test_interval_is_that_of_clopper_and_pearson(passed, failed):
    total = passed + failed
    efficiency, low, high = efficiency_interval(np.full(3, float(passed)), np.full(3, float(total)))
    if total == 0:
        assert np.isnan([efficiency, low, high]).all()
        return
    assert efficiency == passed / total
    tail = stats.norm.sf(1)
    if passed:  # the lower end makes so many or more as probable as one tail
        assert stats.binom.sf(passed - 1, total, low) == pytest.approx(tail, rel=1e-6)
    if failed:
        assert stats.binom.cdf(passed, total, high) == pytest.approx(tail, rel=1e-6)
    assert (low == 0) == (passed == 0)
    assert (high == 1) == (failed == 0)


@given(st.floats(0.1, 1000), st.integers(0, 30), st.integers(1, 30))
def test_a_common_weight_changes_no_efficiency(weight, passed, failed):
    powers = weight ** np.arange(3)
    plain = efficiency_interval(np.full(3, float(passed)), np.full(3, float(passed + failed)))
    weighted = efficiency_interval(powers * passed, powers * (passed + failed))
    np.testing.assert_allclose(plain, weighted, rtol=1e-9, atol=1e-12)


def test_weighted_error_is_the_spread_of_repeated_experiments():
    """Weights that go with the efficiency, as in importance sampling."""
    rng = np.random.default_rng(4)
    weight = np.where(np.arange(2000) % 10 == 0, 8.0, 0.5)
    probability = np.where(weight > 1, 0.3, 0.7)
    passes = rng.random((3000, 2000)) < probability
    spread = ((passes * weight).sum(axis=1) / weight.sum()).std()
    sums = np.array(
        [[np.sum(mask), np.sum(weight[mask]), np.sum(weight[mask] ** 2)] for mask in passes[:200]]
    )
    total = np.array([2000, weight.sum(), np.sum(weight**2)])
    _, low, high = efficiency_interval(sums.T, np.repeat(total[:, None], 200, axis=1))
    # within the width of a stratum's own variance: 10 %
    assert np.mean(high - low) / 2 == pytest.approx(spread, rel=0.1)


# -- the tables


def test_cut_flow_by_run_stream_sample_and_component():
    records = [
        record(columns(1000, 1, truth=False), {**DATA, "run": 1}),
        record(columns(500, 2, truth=False), {**DATA, "run": 2}),
        record(columns(300, 3, truth=False), {"kind": "data", "stream": "wall-control", "run": 3}),
        record(columns(2000, 4), signal("s1")),
        record(columns(1000, 5), signal("s2")),
        record(columns(1000, 6), signal("s1-up", "absorption-up")),
    ]
    table = cut_flow_table(records, live_days=2.5)
    assert list(table["cut"].unique()) == ["all", "trigger", "energy", "fiducial"]
    before_cuts = table[table["cut"] == "all"].groupby("level")["events"].apply(list)
    assert before_cuts["run"] == [1000, 500, 300]
    assert before_cuts["stream"] == [1500, 300]
    assert before_cuts["sample"] == [2000, 1000, 1000]
    assert before_cuts["component"] == [3000]  # variations are no part of it
    for place, cut in enumerate(["all", "trigger", "energy", "fiducial"]):
        row = table[(table["sample"] == "s1") & (table["cut"] == cut)].iloc[0]
        assert row["weighted"] == pytest.approx(2.5 * records[3]["sums"][1][place])
        assert row["weighted_error"] == pytest.approx(2.5 * np.sqrt(records[3]["sums"][2][place]))
        assert row["efficiency"] == pytest.approx(
            records[3]["sums"][1][place] / records[3]["sums"][1][0]
        )
        before = records[3]["sums"][1][max(place - 1, 0)]
        assert row["step_efficiency"] == pytest.approx(records[3]["sums"][1][place] / before)
        assert row["efficiency_low"] <= row["efficiency"] <= row["efficiency_high"]
    data = table[table["level"] == "run"]
    np.testing.assert_array_equal(data["weighted"], data["events"])


def test_efficiency_against_true_energy():
    records = [
        record(columns(4000, 4), signal()),
        record(columns(10, 1, truth=False), {**DATA, "run": 1}),
    ]
    table = cut_efficiency_table(records)
    assert set(table["level"]) == {"sample", "component"}
    assert len(table) == 2 * 4 * 3
    row = table[
        (table["level"] == "sample") & (table["cut"] == "energy") & (table["energy_low_keV"] == 5)
    ].iloc[0]
    binned = np.array(records[0]["binned"])[:, :, 1]
    assert row["efficiency"] == pytest.approx(binned[1, 2] / binned[1, 0])
    assert row["step_efficiency"] == pytest.approx(binned[1, 2] / binned[1, 1])
    assert row["events"] == binned[0, 2]


def test_no_simulation_makes_an_empty_table_with_its_columns():
    table = cut_efficiency_table([record(columns(10, 1, truth=False), {**DATA, "run": 1})])
    assert len(table) == 0
    assert "step_efficiency_high" in table


def test_records_of_different_cuts_are_refused():
    records = [record(columns(10), signal("a")), record(columns(10), signal("b"))]
    records[1]["cuts"] = records[1]["cuts"][:2]
    with pytest.raises(
        InputError,
        match="sample b was selected with other cuts than sample a; select all runs and sam",
    ):
        cut_flow_table(records, 1.0)


# -- each cut taken last


def test_a_cut_taken_last_and_events_without_a_value():
    """R(T) is not computed far out: in the cut flow the cut on it keeps nearly all, of the events
    inside it keeps half."""
    rng = np.random.default_rng(5)
    n = 4000
    made = {
        "r_pe_cm": rng.uniform(0, 100, n),
        "energy_keVee": rng.uniform(0, 40, n),
        "weight": rng.exponential(1, n),
        "true_energy_keV": rng.uniform(0, 20, n),
    }
    made["r_t_cm"] = np.where(made["r_pe_cm"] < 20, rng.uniform(30, 46, n), np.nan)
    made["energy_keVee"][:40] = np.nan
    cuts = [
        {"name": "r-t", "keep": "r_t_cm < 38 or not isfinite(r_t_cm)", "status": "assumed"},
        {"name": "fiducial", "keep": "r_pe_cm < 10", "status": "published"},
    ]
    counts = CutCounts(Selection.from_settings(cuts), EDGES, [2, 6, 16])
    for part in (slice(0, 1500), slice(1500, n)):
        counts.add({name: column[part] for name, column in made.items()})
    records = [counts.as_json(signal())]
    flow = cut_flow_table(records, 1.0).set_index(["level", "cut"])
    assert flow.loc[("sample", "r-t"), "efficiency"] > 0.85
    table = cut_condition_table(records)
    assert len(table) == 2 * 3 * 2  # sample and component, all and two ranges, two cuts
    for low, high in (("", ""), (2, 6), (6, 16)):
        chosen = table[(table["level"] == "sample") & (table["energy_low_keVee"] == low)]
        energy = made["energy_keVee"]
        there = np.ones(n, bool) if low == "" else (energy >= low) & (energy < high)
        inside, valued = made["r_pe_cm"] < 10, np.isfinite(made["r_t_cm"])
        kept = made["r_t_cm"] < 38
        row = chosen[chosen["cut"] == "r-t"].iloc[0]
        assert (row["before"], row["no_value"]) == (there.sum(), (there & ~valued).sum())
        assert (row["last"], row["last_no_value"]) == ((there & inside).sum(), 0)
        w = made["weight"]
        for name, of in (("valued", there & valued), ("last_valued", there & inside)):
            share = w[of & kept].sum() / w[of].sum()
            assert row[f"{name}_efficiency"] == pytest.approx(share)
            assert row[f"{name}_efficiency_low"] < share < row[f"{name}_efficiency_high"]
        last = chosen[chosen["cut"] == "fiducial"].iloc[0]
        passes_others = there & (kept | ~valued)
        assert (last["last"], last["before"]) == (passes_others.sum(), passes_others.sum())


def test_of_data_no_energies_are_told():
    """A blinded spectrum does not come out by this door."""
    records = [
        record(columns(10, 1, truth=False), {**DATA, "run": 1}),
        record(columns(9), signal()),
    ]
    table = cut_condition_table(records)
    assert set(table.loc[table["kind"] == "data", "energy_low_keVee"]) == {""}
