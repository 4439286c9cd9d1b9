"""A detector of one's own: its walls, its numbers, and a look into all its files before any work."""

import json

import numpy as np
import pytest
import yaml
from synthetic_files import make_events, simulated

from exonu.core.errors import InputError
from exonu.core.resources import resource_path
from exonu.events.ingest import ingest
from exonu.events.one_event import find_event
from exonu.events.raw.channel_map import ChannelMap, read_channel_map
from exonu.events.raw.raw_events import read_events, write_raw
from exonu.events.runs.check_raw import check_settings, faults_of, raw_faults
from exonu.events.runs.read_inputs import read_event_inputs
from exonu.events.runs.simulation_settings import light_map_settings
from exonu.search.analysis import read_analysis
from exonu.search.event_analysis import event_inputs

METADATA = {"is_simulated": True}
IDS = 100 + 2 * np.arange(48)
WALLS = "normal_x,normal_y,normal_z,offset_cm\n0,0,1,48\n0,0,-1,48\n"
WALLS += "".join(
    f"{np.cos(a):.6f},{np.sin(a):.6f},0,50\n" for a in np.linspace(0, 2 * np.pi, 12, False)
)


def two_arrays():
    """48 round windows on the top and bottom of a cylinder, none on its side."""
    head = "channel,x_cm,y_cm,z_cm,normal_x,normal_y,normal_z,round,half_size_cm\n"
    grid = [(x, y) for x in (-40, -24, -8, 8, 24, 40) for y in (-24, -8, 8, 24)]
    places = [(x, y, z) for z in (-48, 48) for x, y in grid]
    return head + "".join(
        f"{n},{x},{y},{z},0,0,{-np.sign(z)},1,3.8\n" for n, (x, y, z) in enumerate(places)
    )


@pytest.fixture
def own(tmp_path):
    """An analysis of a detector with two arrays of photomultipliers, numbered as nobody would."""
    events = make_events(60)
    numbers = IDS[events.channel % 48].astype(np.uint16)
    numbers[::7] = 900  # a tube of the outer detector
    write_raw(tmp_path / "run 1,a.root", make_events(60, channel=numbers), METADATA)
    (tmp_path / "pmts.csv").write_text(two_arrays())
    (tmp_path / "walls.csv").write_text(WALLS)
    rows = "".join(f"{number},{channel}\n" for channel, number in enumerate(IDS))
    (tmp_path / "map.csv").write_text(f"your_id,channel\n{rows}900,-1\n")
    (tmp_path / "runs.tsv").write_text(
        "run\tfiles\tstart\tlive_time_s\tdead_pmts\n"
        "1\trun 1\\,a.root\t2020-01-01T08:00:00\t1000\t104,900\n"
    )
    content = {
        "config_version": 1, "name": "own", "is_simulated": False, "runs": "runs.tsv",
        "geometry": {"file": "pmts.csv", "walls": "walls.csv", "channel_map": "map.csv"},
    }  # fmt: skip
    (tmp_path / "events.yaml").write_text(yaml.safe_dump(content))
    (tmp_path / "analysis.yaml").write_text("config_version: 1\nevents: events.yaml\n")
    return tmp_path


def inputs_of(folder):
    return event_inputs(read_analysis("own", folder / "analysis.yaml"))


def change(folder, **blocks):
    content = yaml.safe_load((folder / "events.yaml").read_text())
    (folder / "events.yaml").write_text(yaml.safe_dump({**content, **blocks}))


def test_walls_numbers_and_commas_reach_the_jobs(own):
    inputs = inputs_of(own)
    assert inputs.n_channels == 48
    assert inputs.runs[1].dead_pmts == (2,)  # by its own number; that outside the geometry is none
    geometry = light_map_settings(inputs, 1)["geometry"]
    assert geometry.keys() == {"file", "walls", "digest"}
    report = ingest(json.loads(json.dumps(inputs.ingest_settings(run=1))), own / "out.root")
    (events,) = read_events(own / "out.root")
    raw = make_events(60).channel % 48
    raw = np.delete(raw, np.s_[::7])
    np.testing.assert_array_equal(events.channel, raw[raw != 2])
    assert report.left_out["not in the geometry"] == len(make_events(60).channel[::7])
    assert (
        find_event(own / "run 1,a.root", 5, settings_file=own / "events.yaml").geometry.n_channels
        == 48
    )


def test_without_the_walls_the_side_is_open(own):
    change(own, geometry={"file": "pmts.csv"})
    with pytest.raises(InputError, match=r"pmts\.csv: walls: leave the detector open"):
        inputs_of(own)


def test_positions_alone_name_what_is_missing_and_its_meaning(own):
    (own / "pmts.csv").write_text("channel,x_cm,y_cm,z_cm\n0,1,1,1\n")
    with pytest.raises(
        InputError, match="normal_x: is not a column of the file; add it: direction"
    ) as error:
        inputs_of(own)
    assert len(error.value.errors) == 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("your_id,channel\n5,0\n5,1\n", r"map\.csv: your_id: has 5 twice; keep one"),
        ("your_id,channel\n5,1\n6,1\n", r"map\.csv: channel: has 1 twice"),
        ("your_id,channel\n5,48\n", r"row 1, column channel: is 48, outside the geometry \(0 to 47\)"),
        ("your_id,channel\n5,-2\n", "is -2, outside the geometry"),
        ("your_id,channel\n5.5,1\n", r"row 1, column your_id: is 5\.5, not a whole number"),
        ("id,channel\n5,1\n", "your_id: is not a column"),
        ("your_id,channel\n5,1\n", r"runs\.tsv: line 2, column dead_pmts: names the photomultiplier 104, which is"),
    ],
)  # fmt: skip
def test_faults_of_a_channel_map(own, text, message):
    (own / "map.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        inputs_of(own)


def test_a_number_that_is_not_in_the_map(own):
    (own / "map.csv").write_text((own / "map.csv").read_text().replace("900,-1\n", ""))
    (own / "runs.tsv").write_text((own / "runs.tsv").read_text().replace(",900", ""))
    (fault,) = raw_faults(inputs_of(own))
    assert "branch channel, entry 0: is 900, which is not in the channel map" in str(fault)
    assert "with channel -1 if its hits are to be left out" in str(fault)


def test_a_map_survives_its_way_to_a_job(own):
    found = read_channel_map(own / "map.csv", 48)
    assert ChannelMap.from_settings(json.loads(json.dumps(found.as_json()))) == found


def test_the_template_has_a_whole_detector():
    from exonu.detector.geometry_table import read_geometry

    folder = resource_path("template_events")
    assert read_geometry(folder / "pmts.csv").n_channels == 24
    channels = read_channel_map(folder / "channel_map.csv", 24).channels
    assert sorted(channels) == [-1, -1, *range(24)]


# -- a look into the files before the long work


def test_sound_files_have_no_fault(own, analysis_folder):
    assert raw_faults(inputs_of(own)) == []
    assert raw_faults(read_event_inputs(analysis_folder / "events.yaml", 642)) == []


def test_all_faults_of_the_raw_files_at_once(analysis_folder):
    """Missing branches, wrong values of what is there, other files of the sample: all in one go, and
    one line for what many files have."""
    text = (analysis_folder / "runs.tsv").read_text()
    (analysis_folder / "runs.tsv").write_text(text.replace("run2.root", "run2.root,b.root,c.root"))
    for name in ("b", "c"):
        write_raw(analysis_folder / f"{name}.root", make_events(20, run=2), METADATA)
    without = simulated(20, weight=None)
    write_raw(analysis_folder / "more.root", without, METADATA)
    text = (analysis_folder / "samples.tsv").read_text()
    (analysis_folder / "samples.tsv").write_text(
        text.replace("signal.root", "signal.root,more.root")
    )
    wrong = {"charge": "pmt_charge / 25", "event": "event + 0.5", "extra": {"veto": "vetoed"}}
    inputs = read_event_inputs(analysis_folder / "events.yaml", 642, {"branches": wrong})
    found = [str(fault) for fault in faults_of(json.loads(json.dumps(check_settings(inputs))))]
    assert len(found) == 4, found
    charge, veto, event, weight = found
    assert "run1.root: branch pmt_charge: is not a branch of 'raw'" in charge
    assert "(and so in 5 other files); did you mean `charge`?" in charge
    assert "branch vetoed: is not a branch" in veto
    assert "branch event + 0.5, entry 0: is 0.5, not a whole number" in event
    assert "more.root: branch weight: is not in the file, and is in" in weight


def test_absent_and_broken_files_do_not_hide_the_others(analysis_folder):
    (analysis_folder / "run1.root").write_text("not ROOT")
    write_raw(analysis_folder / "run2.root", make_events(0), METADATA)
    inputs = read_event_inputs(analysis_folder / "events.yaml", 642)
    first, second = map(str, raw_faults(inputs))
    assert "run1.root: is not a whole ROOT file" in first
    assert "run2.root: tree raw: is empty; leave it out of the list" in second


def test_generated_files_are_not_looked_into(analysis_folder):
    inputs = read_event_inputs(analysis_folder / "events.yaml", 642)
    inputs.settings["simulation"] = {}
    (analysis_folder / "run1.root").unlink()
    assert raw_faults(inputs) == []
