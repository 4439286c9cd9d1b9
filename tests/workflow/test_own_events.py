"""Somebody's own ROOT files: from `exonu init --events` to the cut flow, by configuration alone.

The files are those of tests/events/data, written by ROOT itself in another experiment's layout. Its
detector is made
here: a cube with 107 photomultipliers on each side. There is no simulation, so the analysis ends at
    the cut flow.
"""

import csv
import shutil

import numpy as np
import pytest
from helpers import ROOT, Place, plan, python, results, snakemake

DATA = ROOT / "tests" / "events" / "data"
EVENTS = """\
config_version: 1
name: Another experiment
is_simulated: false
geometry: {{file: pmts.csv}}
runs: runs.tsv
detector: {{light_map: {{shells: 4, outer_frequency: 6, photons_per_vertex: 20000, smoothing_vertices: 30}}}}
branches:
  tree: {tree}
  run: ''
  event: number
  time_s: stamp_ns * 1e-9
  trigger: bit(bits, 3) + 2 * bit(bits, 5)
  channel: {prefix}pmt - 1
  charge: {prefix}adc / 25
  time: {prefix}ps / 1000
cuts:
  - {{name: trigger, keep: inner_trigger and not outer_trigger, status: published}}
  - {{name: light, keep: n_hits >= 8, status: assumed}}
  - {{name: fiducial-volume, keep: r_pe_cm < 35, status: assumed}}
"""
OF_A_SEARCH = [
    "limits/variants.csv",
    "templates/experiment.json",
    "tables/limits.md",
    "coverage/coverage.csv",
]
LAYOUTS = {"ttree": ("daq", ""), "rntuple": ("Physics", "hits.")}
HALF_CM, PER_SIDE, COLUMNS = 40.0, 107, 11


def cube(file):
    """A user's table of photomultipliers: on each side of a cube the 107 places nearest to the
    middle of a grid."""
    grid = [(i, j) for i in range(COLUMNS) for j in range(COLUMNS)]
    grid.sort(key=lambda cell: (abs(cell[0] - COLUMNS // 2) + abs(cell[1] - COLUMNS // 2), cell))
    pitch, rows = 2 * HALF_CM / COLUMNS, []
    for axis in range(3):
        for sign in (1, -1):
            for i, j in grid[:PER_SIDE]:
                place, normal = np.zeros(3), np.zeros(3)
                place[[axis, (axis + 1) % 3, (axis + 2) % 3]] = (
                    sign * HALF_CM,
                    (i - 5) * pitch,
                    (j - 5) * pitch,
                )
                normal[axis] = -sign
                rows.append([len(rows), *place, *normal, 1, 2.4])
    head = "channel,x_cm,y_cm,z_cm,normal_x,normal_y,normal_z,round,half_size_cm\n"
    file.write_text(head + "".join(",".join(f"{value:g}" for value in row) + "\n" for row in rows))


@pytest.fixture
def own(tmp_path):
    """Writes an analysis of such a file; the repository in its place, where compiled kernels are
    cached."""

    def write(kind):
        place = Place(ROOT, tmp_path / "run")
        folder = place.folder / "config" / "own"
        folder.mkdir(parents=True)
        tree, prefix = LAYOUTS[kind]
        shutil.copy(DATA / f"other_experiment_{kind}.root", folder)
        cube(folder / "pmts.csv")
        (folder / "events.yaml").write_text(EVENTS.format(tree=tree, prefix=prefix))
        (folder / "analysis.yaml").write_text(
            "config_version: 1\nevents: events.yaml\nplots: {dpi: 50}\n"
        )
        row = f"7\tother_experiment_{kind}.root\t2020-01-01T00:00:00\t1\n"
        (folder / "runs.tsv").write_text(f"run\tfiles\tstart\tlive_time_s\n{row}")
        (place.folder / "config" / "config.yaml").write_text("config_version: 1\nanalyses: [own]\n")
        return place

    return write


def test_data_alone_are_planned_to_the_cut_flow_and_no_further(own):
    place = own("ttree")
    planned = plan(place)
    assert planned.rules == {
        "all", "check_raw", "ingest", "ingest_table", "light_map", "reconstruct", "select", "cut_flow",
        "event_diagnostics", "figure_events_own",
    }  # fmt: skip
    said = snakemake(place, "--dry-run").stdout
    assert said.count("own: no samples, so it ends at the cut flow and figures of data") == 1


@pytest.mark.parametrize(
    "target",
    ["limits/limits.csv", *(pytest.param(name, marks=pytest.mark.slow) for name in OF_A_SEARCH)],
)
def test_limits_of_data_alone_are_refused_with_the_field_and_the_remedy(own, target):
    ended = snakemake(own("ttree"), "--dry-run", f"results/own/{target}")
    assert ended.returncode == 1
    assert "KeyError" not in ended.stdout
    assert (
        "InputError: config/own/events.yaml: samples: is missing: own has data alone, and templates and limits need "
        "simulation to compare them with; add a sample sheet, see docs/events.md, or ask for "
        "results/own/cut_flow/cut_flow.csv"
    ) in ended.stdout


@pytest.mark.slow
def test_mistyped_branches_are_all_said_before_the_light_map(own):
    place = own("ttree")
    file = place.folder / "config" / "own" / "events.yaml"
    file.write_text(file.read_text().replace("adc / 25", "adcs / 25").replace("ps / 1000", "t_ps"))
    ended = snakemake(place)
    assert ended.returncode == 1
    said = ended.stdout
    first, last = (
        said.index("Error in rule check_raw:"),
        said.index("jobid:", said.index("Error in")),
    )
    message = said[first:last]
    assert "branch adcs: is not a branch of 'daq'" in message
    assert "did you mean `adc`?" in message
    assert "branch t_ps: is not a branch" in message
    assert "--settings" not in said
    assert '"branches"' not in said
    assert not (place.folder / "results" / "own" / "light_map").exists()


@pytest.mark.slow
@pytest.mark.parametrize("kind", LAYOUTS)
def test_a_file_of_another_experiment_by_configuration_alone(own, kind):
    place = own(kind)
    ended = snakemake(place)
    assert ended.returncode == 0, ended.stdout
    with (place.folder / "results/own/cut_flow/cut_flow.csv").open() as table:
        rows = [
            row
            for row in csv.DictReader(line for line in table if line[0] != "#")
            if row["level"] == "run"
        ]
    entry = np.arange(40)  # the numbers follow from the entry, see make_root_files.py
    inner = entry % 10 != 9
    counts = [int(row["events"]) for row in rows]
    assert [row["cut"] for row in rows] == ["all", "trigger", "light", "fiducial-volume"]
    assert counts[:3] == [40, inner.sum(), np.sum(inner & (entry % 7 >= 4))]
    assert 0 <= counts[3] <= counts[2]
    made = results(place.folder / "results" / "own")
    drawn = {name for name in made if name.endswith(".png")}
    assert {
        f"figures/{name}.png" for name in ("hit_map", "vertices", "cut_flow", "cut_fiducial-volume")
    } <= drawn
    assert not [name for name in made if name.startswith(("templates", "workspaces", "limits"))]
    assert plan(place).outputs == frozenset()
    vertices_of_light_in_the_cube(place)


def vertices_of_light_in_the_cube(place):
    """Light traced from known points is found there with the light map that the workflow made."""
    from exonu.detector.geometry_table import read_geometry
    from exonu.detector.light_map.light_map import LightMap
    from exonu.detector.model import Detector
    from exonu.events.raw.raw_events import Events
    from exonu.events.reconstruction.charge import ChargeReconstruction

    detector = Detector.from_settings(None, read_geometry(place.folder / "config/own/pmts.csv"))
    light_map = LightMap.load(place.folder / "results/own/light_map")
    points = np.array([[0.0, 0, 0], [15, 0, 0], [0, -20, 5], [-12, 14, 10]])
    fates = detector.count_fates(points, 20_000, seed=11)[:, : detector.geometry.n_channels]
    channels = [np.flatnonzero(counts) for counts in fates]
    charges = [counts[counts > 0].astype(float) for counts in fates]
    found = ChargeReconstruction.of(light_map, detector.geometry)(
        Events.of(channels, charges, [np.zeros(len(one)) for one in channels])
    )
    assert (
        np.linalg.norm(found.position_cm - points, axis=1).max() < 4
    )  # the map's shells are 10 cm apart


def test_the_fresh_template_names_every_absent_file_before_any_work(tmp_path):
    place = Place(ROOT, tmp_path)
    assert python(place, "-m", "exonu.cli", "init", "--events", "config/mine").returncode == 0
    (tmp_path / "config" / "config.yaml").write_text("config_version: 1\nanalyses: [mine]\n")
    ended = snakemake(place, "--dry-run")
    assert ended.returncode == 1
    told = [line for line in ended.stdout.splitlines() if line.startswith("config/mine/")]
    runs, samples = (
        "config/mine/runs.tsv: line {}, column files: ",
        "config/mine/samples.tsv: line {}, column files: ",
    )
    starts = [
        runs.format(4)
        + "config/mine/data/run1001a.root does not exist (and 1 more of this row); give",
        runs.format(5) + "config/mine/data/run1002.root does not exist; give",
        *(
            samples.format(line) + f"config/mine/simulation/{name}.root does not exist; give"
            for line, name in ((6, "signal"), (7, "seal_u"), (8, "surface_pb210"))
        ),
    ]
    assert len(told) == len(starts)
    assert all(line.startswith(start) for line, start in zip(told, starts, strict=True)), told
    assert not (tmp_path / "results").exists()
    for name in ("data/run1001a", "data/run1001b", "data/run1002", "simulation/signal", "simulation/seal_u",
                 "simulation/surface_pb210"):  # fmt: skip
        file = tmp_path / "config" / "mine" / f"{name}.root"
        file.parent.mkdir(exist_ok=True)
        file.touch()
    assert (
        "results/mine/limits/limits.csv" in plan(place).outputs
    )  # with its files, the template is whole
