"""The table of what was ingested, and notes on data that are nothing like the simulation."""

import json

import pytest

from exonu.events.ingest_table import COLUMNS, ingest_notes, ingest_table
from exonu.events.plausibility import QUANTITIES
from exonu.steps._step import call
from exonu.steps.events import ingest_table as table_step

MEDIANS = {"charge": 1.1, "total_pe": 90.0, "hit_time_rms_ns": 25.0, "n_hits": 60.0}


def report(name, live_time_s=None, notes=(), **medians):
    return {
        **dict.fromkeys(COLUMNS, 1.0),
        "name": name,
        "live_time_s": live_time_s,
        "notes": list(notes),
        "medians": MEDIANS | medians,
    }


def test_a_row_for_each_with_nothing_where_nothing_is():
    table = ingest_table([report("run 1", 10.0), report("sample a", charge=None)])
    assert list(table.columns) == [*COLUMNS, *(f"median_{name}" for name in QUANTITIES)]
    assert table["median_charge"].tolist() == pytest.approx([1.1, float("nan")], nan_ok=True)
    assert table["live_time_s"].isna().tolist() == [False, True]


def test_like_the_simulation_is_no_note():
    samples = [report("sample a"), report("sample b", total_pe=900.0)]
    assert ingest_notes([report("run 1", 10.0, total_pe=8000.0), *samples]) == []
    assert ingest_notes([report("run 1", 10.0, total_pe=1e9)]) == []  # nothing to compare with


@pytest.mark.parametrize(
    ("quantity", "value", "words"),
    [
        ("charge", 27.5, "charge of a hit [PE] is 27.5, and that of the simulation 1.1 to 1.1"),
        ("charge", 27.5, "an order of magnitude above"),
        ("hit_time_rms_ns", 0.025, "RMS of its hit times [ns] is 0.025, and that of the simulation 25"),
        ("hit_time_rms_ns", 0.025, "an order of magnitude below"),
        ("n_hits", 601.0, "its number of hits is 601"),
    ],
)  # fmt: skip
def test_medians_of_another_unit(quantity, value, words, caplog):
    runs = [report(f"run {number}", 10.0, **{quantity: value}) for number in range(5)]
    (note,) = ingest_notes([*runs, report("sample a")])
    assert note.startswith("run 0, run 1, run 2 and 2 more: the median ")
    assert words in note
    assert "are the units right?" in caplog.text


def test_notes_of_equal_words_stand_once():
    runs = [report(f"run {number}", 10.0, notes=["out of order"]) for number in (7, 8)]
    assert ingest_notes([*runs, report("run 9", 5.0, notes=["late"])]) == [
        "run 7, run 8: out of order",
        "run 9: late",
    ]


def test_the_step_writes_both(tmp_path):
    (tmp_path / "r.json").write_text(json.dumps(report("run 1", 5.0, notes=["late"])))
    files = {name: tmp_path / name for name in ("table", "notes")}
    words = [f"--{name}={file}" for name, file in files.items()]
    call(table_step.main, ["--settings={}", "--reports", str(tmp_path / "r.json"), *words])
    assert "median_total_pe" in files["table"].read_text()
    assert json.loads(files["notes"].read_text()) == {"notes": ["run 1: late"]}
