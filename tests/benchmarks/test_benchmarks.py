"""What the benchmarks print, write and draw, on made-up records; and that each script can be
run."""

import importlib
import json
import re
import runpy
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
from benchmarking import BEGIN, END, ROOT, Record, as_markdown, as_text, records_of, session

HERE = Path(__file__).parent
FIT = {
    "group": "inference",
    "what": "free fit",
    "unit": "ms",
    "exonu": [0.5, 0.4, 0.6],
    "floor": 0.25,
}
FIT |= {"peer": [1000.0, 2000.0, 1500.0], "peer_name": "pyhf"}
READ = {
    "group": "I/O",
    "what": "read",
    "unit": "k events/s",
    "exonu": [300.0],
    "peer": [400.0],
    "peer_name": "uproot",
}
WRITTEN = {"group": "I/O", "what": "written", "unit": "k events/s", "exonu": [100.0], "floor": 70.0}
ALONE = {"group": "I/O", "what": "no one to compare with", "unit": "s", "exonu": [1.0]}
RECORDS = [FIT, READ, WRITTEN, ALONE]


@pytest.fixture
def measured():
    return session() | {"records": RECORDS}


def test_ratios_are_of_medians_and_say_how_many_times_as_fast():
    fit, read, written, alone = (Record(**record) for record in RECORDS)
    assert fit.against(fit.peer) == pytest.approx(3000)
    assert fit.against(fit.floor) == pytest.approx(0.5)
    assert read.against(read.peer) == pytest.approx(0.75)
    assert written.against(written.floor) == pytest.approx(100 / 70)
    assert alone.against(alone.peer) is None


def test_tables_have_every_row_once(measured):
    text, markdown = as_text(records_of(measured)), as_markdown(measured)
    assert "free fit" in text
    (row,) = (line for line in markdown.splitlines() if "free fit" in line)
    assert (
        row
        == "| free fit | ms | 0.500 (0.400-0.600) | 0.250 | 1,500 (1,000-2,000) | pyhf | 3,000 |"
    )
    rows = [line for line in markdown.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + 2 + len(RECORDS)  # heading, two groups
    assert {line.count("|") for line in rows} == {8}
    assert measured["commit"] in markdown.splitlines()[0]


def test_the_driver_writes_json_figures_and_docs(measured, tmp_path, monkeypatch, capsys):
    saved, docs = tmp_path / "saved.json", tmp_path / "docs"
    saved.write_text(json.dumps(measured))
    docs.mkdir()
    (docs / "benchmarks.md").write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    arguments = ["--from", saved, "--output", tmp_path / "made", "--docs", docs]
    monkeypatch.setattr(sys, "argv", ["tests/benchmarks", *map(str, arguments)])
    runpy.run_path(str(HERE / "__main__.py"), run_name="__main__")
    assert json.loads((tmp_path / "made" / "bench.json").read_text()) == measured
    assert (tmp_path / "made" / "bench.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "made" / "bench.pdf").read_bytes().startswith(b"%PDF")
    assert (docs / "figures" / "benchmarks.png").read_bytes().startswith(b"\x89PNG")
    text = (docs / "benchmarks.md").read_text()
    assert text == f"before\n{BEGIN}\n{as_markdown(measured)}\n{END}\nafter\n"
    assert "free fit" in capsys.readouterr().out


def test_a_wrong_name_is_refused(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["tests/benchmarks", "speed"])
    with pytest.raises(SystemExit):
        runpy.run_path(str(HERE / "__main__.py"), run_name="__main__")
    assert "speed" in capsys.readouterr().err


def test_a_script_that_fails_leaves_the_others_and_the_docs_as_they_are(
    tmp_path, monkeypatch, capsys
):
    import bench_signals
    import bench_whole

    def broken():
        yield Record(**FIT)
        raise RuntimeError("another answer")

    monkeypatch.setattr(bench_signals, "records", broken)
    monkeypatch.setattr(bench_whole, "records", lambda run, whole: [Record(**READ)])
    monkeypatch.setattr(
        sys, "argv", ["-", "signals", "whole", "--output", str(tmp_path), "--docs", str(tmp_path)]
    )
    with pytest.raises(SystemExit, match="failed: signals"):
        runpy.run_path(str(HERE / "__main__.py"), run_name="__main__")
    assert json.loads((tmp_path / "bench.json").read_text())["records"] == [
        asdict(Record(**one)) for one in (FIT, READ)
    ]
    assert not (tmp_path / "figures").exists()
    assert "another answer" in capsys.readouterr().err


def test_every_script_is_run_by_the_driver_and_gives_records():
    scripts = {file.stem.removeprefix("bench_") for file in HERE.glob("bench_*.py")}
    assert set(runpy.run_path(str(HERE / "__main__.py"))["SCRIPTS"]) == scripts
    for name in scripts:
        assert callable(importlib.import_module(f"bench_{name}").records)


LOG = """\
  Date: 2026-11-22 20:18:55
Provided cores: 2
[Sun Nov 22 20:19:01 2026]
Finished jobid: 1 (Rule: light_map)
[Sun Nov 22 20:25:55 2026]
Finished jobid: 0 (Rule: all)
177 of 177 steps (100%) done
"""


def test_the_whole_run_is_read_from_its_log_and_tables(tmp_path, capsys):
    from bench_whole import records

    log = tmp_path / ".snakemake" / "log" / "2026.snakemake.log"
    log.parent.mkdir(parents=True)
    log.write_text(LOG.replace("177 of 177 steps (100%)", "176 of 177 steps (99%)"))
    assert list(records(tmp_path)) == []
    assert "no finished run" in capsys.readouterr().out
    log.write_text(LOG)
    tables = tmp_path / "results" / "xmass-demo" / "benchmarks"
    tables.mkdir(parents=True)
    for name, seconds in {
        "light_map": "50.0",
        "simulate_run_1": "20.5",
        "selection": "8",
        "limits_table": "NA",
    }.items():
        (tables / f"{name}.tsv").write_text(f"s\tcpu_time\n1.0\t{seconds}\n")
    wall, every, first = records(tmp_path)
    assert (wall.exonu, wall.unit) == ([7.0], "min")
    assert "2 cores, 2026-11-22 20:18" in wall.what
    assert (every.exonu, first.exonu) == ([78.5], [70.5])


def test_the_page_has_the_marks_of_its_table():
    text = (ROOT / "docs" / "benchmarks.md").read_text()
    assert re.search(f"{BEGIN}\n.*{END}", text, re.DOTALL)
    assert "(figures/benchmarks.png)" in text
