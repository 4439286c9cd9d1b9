"""A small analysis whose raw files are simulated."""

import json

import yaml

from exonu.core.files import canonical_json
from exonu.events.runs.read_inputs import read_event_inputs
from exonu.events.runs.simulation_settings import simulate_settings

N_CHANNELS = 642
DEAD = (3, 17, 100)
EVENTS = """
config_version: 1
name: simulated
is_simulated: true
runs: runs.tsv
samples: samples.tsv
calibration: calibration.tsv
simulation:
  truth: {activities: {lxe-neutron: 2.0}}
  streams:
    physics: {components: [lxe-neutron, surface], window_keV: [1, 60]}
    calibration: {components: [co57]}
  samples:
    surface: {decays: 600, focus: 0.5}
    both: {decays: {surface: 300, lxe-neutron: 40}}
    both-dark: {decays: {surface: 300, lxe-neutron: 40}}
  variations:
    dark: {detector: {optics: {absorption_cm: 400}}}
"""
RUNS = (
    "run\tfiles\tstart\tlive_time_s\tdead_pmts\tstream\n"
    "1\traw/run_1.root\t2013-11-20T08:00:00\t86400\t3,17,100\tphysics\n"
    "2\traw/run_2.root\t2013-11-21T08:00:00\t86400\t3\tphysics\n"
    "9\traw/run_9.root\t2013-11-19T08:00:00\t3\t3\tcalibration\n"
)
SAMPLES = (
    "sample\tcomponent\tvariation\tfiles\tequivalent_live_days\n"
    "surface\tsurface\tnominal\traw/surface.root\t1\n"
    "both\tsurface,lxe-neutron\tbaseline\traw/both.root\t1\n"
    "both-dark\tsurface,lxe-neutron\tdark\traw/both_dark.root\t1\n"
)
CALIBRATION = (
    "run\tgain\ttime_offset_ns\tlight_yield\n"
    "1\t1.02\t-3\t0.98\n2\t1\t0\t1\n9\t1.25\t-3\t0.9\nsimulation\t1\t0\t1\n"
)


def write_analysis(folder, change=None, **tables):
    """Write the files; `change` alters the content of the events file, `tables` the text of a table
    by its name."""
    content = yaml.safe_load(EVENTS)
    content["simulation"]["variations"]["baseline"] = {}
    if change is not None:
        change(content)
    (folder / "events.yaml").write_text(yaml.safe_dump(content))
    for name, text in {
        "runs": RUNS,
        "samples": SAMPLES,
        "calibration": CALIBRATION,
        **tables,
    }.items():
        (folder / f"{name}.tsv").write_text(text)
    return folder / "events.yaml"


def inputs_of(folder, change=None, **tables):
    return read_event_inputs(write_analysis(folder, change, **tables), N_CHANNELS)


def job(inputs, **what):
    """Settings of a simulation job as the step gets them."""
    return json.loads(canonical_json(simulate_settings(inputs, 1, **what)))
