"""The events file of level `reconstructed`: what it gives, and one message for each fault."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from exonu.core.errors import InputError
from exonu.core.files import canonical_json
from exonu.events.diagnostics.diagnosed_sources import (
    calibration_settings,
    diagnostics_settings,
    event_figures,
    source_names,
)
from exonu.events.diagnostics.table_diagnostics import table_diagnostics
from exonu.events.raw.root_files import read_columns
from exonu.events.runs.check_raw import check_settings, raw_faults
from exonu.events.runs.dual_phase_settings import drawing_settings
from exonu.events.runs.read_inputs import read_event_inputs
from exonu.events.selection.cuts import Selection
from exonu.events.tabular.read_reconstructed import read_reconstructed
from exonu.report.figures.events.cut_variables import draw_energy
from exonu.report.figures.events.vertex_plots import draw_time, draw_vertices
from exonu.report.numbers.event_tables import EventTables
from exonu.simulation.dual_phase.drawn_events import draw_tables
from exonu.templates.dead_pmt.correction_jobs import wall_components, wants_correction
from exonu.templates.template_jobs import template_settings

CONFIG = Path(__file__).resolve().parents[2] / "config" / "tpc-demo"


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(CONFIG, tmp_path / "config" / "tpc-demo"))


def edited(folder, *changes, file="events.yaml"):
    text = (folder / file).read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    (folder / file).write_text(text)
    return read_event_inputs(folder / "events.yaml", 0)


def test_nothing_of_hits_is_asked_for(folder):
    inputs = edited(folder)
    assert inputs.is_reconstructed
    assert inputs.n_channels == 0
    assert calibration_settings(inputs) is None
    assert wall_components(inputs) == []
    assert not wants_correction(inputs)
    assert not {"hit_map", "hits", "resolution"} & set(event_figures(inputs))
    assert {"energy", "vertices", "time", "cut_s1", "cut_efficiency"} <= set(event_figures(inputs))
    for settings in (inputs.table_settings(run=1), inputs.table_settings(sample="lxe")):
        assert not {"branches", "detector", "reconstruction"} & settings.keys()
    assert template_settings(inputs, blind=False)["edges_keV"][0] == 2


@pytest.mark.parametrize(
    ("form", "suffix"),
    [("parquet", ".parquet"), ("hdf5", ".h5"), ("csv", ".csv"), ("root", ".root")],
)
def test_names_of_drawn_files_follow_their_format(form, suffix, folder):
    inputs = edited(folder, ("format: parquet", f"format: {form}"))
    assert {path.suffix for run in inputs.runs.runs for path in run.files} == {suffix}
    assert {path.suffix for row in inputs.samples for path in row.files} == {suffix}


def test_a_changed_cut_reads_no_table_again(folder):
    before = canonical_json(edited(folder).table_settings(run=1))
    after = canonical_json(edited(folder, ("s1_pe > 3", "s1_pe > 4")).table_settings(run=1))
    assert before == after


def test_own_tables_are_looked_into(folder):
    block = (folder / "events.yaml").read_text()
    (folder / "events.yaml").write_text(block.partition("dual_phase:")[0])
    inputs = read_event_inputs(folder / "events.yaml", 0)
    assert len(list(inputs.absent_files())) == 6
    assert {group["name"] for group in check_settings(inputs)["groups"]} >= {"run 1", "sample lxe"}
    assert all("cannot be read" in str(fault) for fault in raw_faults(inputs))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ([("samples: samples.tsv", "samples: samples.tsv\ncalibration: c.tsv")],
         r"calibration: belongs to `level: hits`; remove it: reconstructed events have no hits"),
        ([("cuts:\n", "branches: {tree: raw}\ncuts:\n")], r"branches: belongs to `level: hits`"),
        ([("s1_pe > 3", "total_pe > 3")],
         r"cuts.0.keep \(s1\): 'total_pe' is not in the column map; cut on what your files hold, or name it"),
        ([("  s1: {column: cs1, unit: PE}\n", "")],
         r"cuts.0.keep \(s1\): 's1_pe' is not in the column map; map it: `columns.s1`"),
        ([("  time: {column: t_ns, unit: ns}\n", ""), ("s1_pe > 3", "s1_pe > 3 and days > 2")],
         r"'days' is not in the column map; map it: `columns.time`"),
        ([("s1_pe > 3", "s1_pe > 3 and cos_zenith > 0")],
         r"cuts.0.keep \(s1\): 'cos_zenith' is not in the column map; give `site: {latitude_deg: …, longitude_deg"),
        ([("  time: {column: t_ns, unit: ns}\n", ""), ("r_cm, edges: [0, 26, 37]", "days, edges: [0, 90, 181]")],
         r"templates.second.variable: 'days' is not in the column map; map it: `columns.time`"),
        ([("cuts:\n", "site: {latitude_deg: 95, longitude_deg: 13.6}\ncuts:\n")], r"site.latitude_deg: must be ≤ 90"),
        ([("  weight: weight\n", "")], r"columns.weight: is missing, and the sample `signal` needs it"),
        ([("  true_energy: {column: e_true_eV, unit: eV}\n", "")],
         r"columns.true_energy: is missing, and the sample `signal` needs it"),
        ([("  true_energy: {column: e_true_eV, unit: eV}\n", "")],
         r"systematics.1 \(resolution\): needs the true energy of simulated events"),
        ([("  liquid_mass_kg: 1991 #", "  #")], r"templates.liquid_mass_kg: is missing: no detector model says it"),
        ([("kind: resolution, size", "kind: dead-pmt, size")], r"systematics.1 \(resolution\): is of `level: hits`"),
        ([("energies_keV: [2, 5, 30]", "energies_keV: [2, 5]")],
         r"systematics.2 \(efficiency\): has 2 energies and 3 sizes; give a size at each"),
        ([("energies_keV: [2, 5, 30]", "energies_keV: [2, 50, 30]")], r"which increase"),
        ([("is_simulated: true", "is_simulated: false")],
         r"is_simulated: must be true if the file has a block `dual_phase`"),
        ([("components: [lxe, solar", "components: [lxe, argon")], "dual_phase.components: 'argon' is not known"),
        ([("solar: 8000, ", "")], r"dual_phase.samples: says nothing of the sample solar"),
        ([("level: reconstructed\n", "")], r"columns: belongs to `level: reconstructed`; write that level"),
        ([("unit: keV} # W", "unit: cm} # W")], r"columns.energy.unit: is in cm, a unit of length"),
        ([("  energy: {column: 0.0137 * (cs1 / 0.142 + cs2 / 11.4), unit: keV} # W (S1/g1 + S2/g2)\n", "")],
         r"columns.energy: is missing"),
        ([("  event: number\n", "  event: number\n  extra: {s1_pe: cs1}\n")],
         r"columns.extra.s1_pe: is the name of a documented variable; rename it"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(changes, message, folder):
    with pytest.raises(InputError, match=message):
        template_settings(edited(folder, *changes), blind=False)


def test_cuts_are_asked_for(folder):
    text = (folder / "events.yaml").read_text()
    before, _, after = text.partition("cuts:\n")
    (folder / "events.yaml").write_text(before + "templates" + after.partition("templates")[2])
    with pytest.raises(
        InputError, match="cuts: is missing at `level: reconstructed`; give the cuts in their order"
    ):
        read_event_inputs(folder / "events.yaml", 0)


def test_dead_photomultipliers_are_of_hits(folder):
    lines = (folder / "runs.tsv").read_text().splitlines()
    (folder / "runs.tsv").write_text(
        "\n".join([lines[0] + "\tdead_pmts", lines[1] + "\t3", lines[2] + "\t-"]) + "\n"
    )
    with pytest.raises(
        InputError, match="run 1 names dead photomultipliers, and reconstructed events have no hits"
    ):
        read_event_inputs(folder / "events.yaml", 0)


def test_cuts_of_hits_do_not_know_what_tables_hold(analysis_folder):
    text = (analysis_folder / "events.yaml").read_text()
    (analysis_folder / "events.yaml").write_text(
        text + "cuts: [{name: fiducial, keep: r_cm < 20, status: assumed}]\n"
        if "cuts:" not in text
        else text.replace(
            "cuts:", "cuts:\n  - {name: fiducial, keep: r_cm < 20, status: assumed}", 1
        )
    )
    with pytest.raises(
        InputError, match=r"'r_cm' is a variable of `level: reconstructed`; r_cm is the"
    ):
        read_event_inputs(analysis_folder / "events.yaml", 642)


def test_the_template_is_sound_and_its_example_has_what_it_says(tmp_path):
    folder = Path(
        shutil.copytree(CONFIG.parents[1] / "resources/template_reconstructed", tmp_path / "mine")
    )
    inputs = read_event_inputs(folder / "events.yaml", 0)
    assert list(inputs.absent_files()) == raw_faults(inputs) == []
    report = read_reconstructed(inputs.table_settings(run=1), tmp_path / "run.root")
    assert report.notes == []
    selection = Selection.from_settings(inputs.cuts, inputs.extra)
    columns = next(read_columns(tmp_path / "run.root"))
    assert 0.2 < selection.kept(columns).mean() < 0.7
    template_settings(inputs, blind=True)


def test_a_table_is_diagnosed_and_drawn(folder, tmp_path):
    samples = "{lxe: 2000, solar: 300, materials: 4000, signal: 2000}"
    inputs = edited(
        folder, ("samples: {lxe: 40000, solar: 8000, materials: 60000, signal: 40000}", f"samples: {samples}"),
        ("format: parquet", "format: csv"),
    )  # fmt: skip
    settings = diagnostics_settings(inputs, blind_keVee=(5.0, 10.0))
    files, drawn = [], [tmp_path / file.name for file in inputs.files]
    draw_tables(drawing_settings(inputs, 1), drawn)
    for name in source_names(settings):
        kind, _, which = name.partition("_")
        job = {kind: int(which) if kind == "run" else which}
        told = inputs.table_settings(**job)
        (told["runs"][0] if kind == "run" else told["sample"])["files"] = [
            str(tmp_path / f"{name}.csv")
        ]
        read_reconstructed(told, tmp_path / f"{name}.root")
        files.append(tmp_path / f"{name}.root")
    table_diagnostics(settings, files, tmp_path / "tables")
    tables = EventTables.read(tmp_path / "tables")
    radius, time = tables.histogram("radius"), tables.histogram("time")
    assert radius.edges[0] == 0
    assert radius.data.sum() == pytest.approx(radius.simulation.sum(), rel=0.1)
    gap = (time.edges[:-1] >= 60) & (time.edges[1:] <= 180)
    assert time.data[gap].sum() == time.simulation[gap].sum() == 0
    assert time.simulation[~gap] == pytest.approx(time.simulation[~gap].mean(), rel=0.4)
    energy, blinded = tables.histogram("energy"), slice(3, 8)  # 5 to 10 keV
    np.testing.assert_allclose(energy.data[blinded], energy.simulation[blinded], rtol=1e-6)
    for draw in (draw_vertices, draw_time, draw_energy):
        figure = draw(tables)
        assert len(figure.get_axes()) + sum(len(f.get_axes()) for f in figure.subfigs) >= 2
