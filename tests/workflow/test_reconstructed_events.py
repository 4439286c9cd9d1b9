"""The dual-phase demonstration: what its DAG asks for, and the same limits from every format."""

import pytest
from helpers import plan, smoke_place, snakemake

TPC = ("--configfile", "config/run-tpc.yaml")
FORMATS = ("parquet", "feather", "hdf5", "csv", "root")


def in_format(folder, form):
    place = smoke_place(folder)
    place.edit("config/tpc-demo/events.yaml", "format: parquet", f"format: {form}")
    return place


def test_nothing_of_hits_is_planned(tmp_path):
    planned = plan(in_format(tmp_path / "run", "root"), *TPC)
    assert {
        "draw_events_tpc_demo",
        "read_reconstructed",
        "table_diagnostics",
        "select",
        "templates",
    } <= planned.rules
    of_hits = {
        "light_map", "light_tables", "simulate", "ingest", "reconstruct", "probes", "check_raw",
        "dead_pmt_correction", "calibration_check", "event_diagnostics",
    }  # fmt: skip
    assert not of_hits & planned.rules


@pytest.mark.slow
def test_every_format_gives_the_same_limits(tmp_path):
    """In every digit: the same bytes of tables, templates and limits."""
    made = {}
    for form in FORMATS:
        place = in_format(tmp_path / form, form)
        targets = (
            "results/tpc-demo/limits/limits.csv", "results/tpc-demo/templates/systematics.csv",
            "results/tpc-demo/cut_flow/cut_flow.csv",
        )  # fmt: skip
        ended = snakemake(place, "--cores", "2", *targets, *TPC)
        assert ended.returncode == 0, ended.stdout
        made[form] = {name: (place.folder / name).read_bytes() for name in targets}
    assert len(made["csv"][targets[0]].splitlines()) >= 2
    for form in FORMATS[1:]:
        assert made[form] == made[FORMATS[0]], form


def test_own_tables_are_looked_into_first(tmp_path):
    """What is wrong with files and columns is said before anything is made."""
    place = smoke_place(tmp_path / "run")
    template = place.repository / "resources" / "template_reconstructed"
    mine = place.folder / "config" / "tpc-demo"
    for file in template.iterdir():
        (mine / file.name).write_text(file.read_text())
    place.edit("config/tpc-demo/events.yaml", "column: r_mm", "column: radius_mm")
    ended = snakemake(place, "results/tpc-demo/cut_flow/cut_flow.csv", *TPC)
    assert ended.returncode != 0
    assert "column radius_mm: is not in the file (wanted by columns.r: radius_mm" in ended.stdout
    assert not (place.folder / "results/tpc-demo/reconstructed").exists()
