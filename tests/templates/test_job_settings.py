"""Which jobs of an analysis of events a changed setting runs again: those whose own settings
differ, and no others."""

from pathlib import Path

import pytest

from exonu.events.diagnostics.diagnosed_sources import (
    calibration_settings,
    diagnostics_settings,
    scan_settings,
)
from exonu.events.runs.bins import bin_edges
from exonu.events.runs.simulation_settings import light_map_settings, simulate_settings
from exonu.search.analysis import read_analysis
from exonu.search.event_analysis import event_inputs
from exonu.templates.dead_pmt.correction_jobs import (
    closure_settings,
    correction_settings,
    histogram_settings,
    probe_settings,
)
from exonu.templates.template_jobs import prior_settings, template_settings

FILE = Path(__file__).parents[2] / "config" / "xmass-demo" / "analysis.yaml"
RUN = 1


def jobs(**overrides):
    """Settings of each kind of job of the demonstration, with keys of its events file replaced."""
    analysis = read_analysis("xmass-demo", FILE)
    analysis.settings["events_settings"] = overrides
    inputs = event_inputs(analysis)
    return {
        "simulate": simulate_settings(inputs, 1, run=RUN),
        "light map": light_map_settings(inputs, 1),
        "ingest": inputs.ingest_settings(run=RUN),
        "reconstruct": inputs.reconstruct_settings(run=RUN),
        "select": inputs.select_settings(run=RUN),
        "diagnostics": diagnostics_settings(inputs),
        "calibration": calibration_settings(inputs),
        "optics": scan_settings(inputs),
        "probes": probe_settings(inputs, run=RUN),
        "correction": correction_settings(inputs),
        "histograms": histogram_settings(inputs, bin_edges(inputs)),
        "templates": template_settings(inputs, blind=False),
        "priors": prior_settings(inputs),
        "closure": closure_settings(inputs, 1),
    }


@pytest.fixture(scope="module")
def nominal():
    return jobs()


@pytest.mark.parametrize(
    ("overrides", "run_again"),
    [
        ({"closure": {"events_per_bin": 100}}, {"closure"}),
        ({"dead_pmt": {"least_events": 11}}, {"correction", "closure"}),
        ({"dead_pmt": {"at_wall_cm": 2.4}}, {"probes", "closure"}),
        ({"templates": {"labels": {"lxe": "xenon"}}}, {"templates"}),
        ({"templates": {"bin_width_keV": 1}}, {"templates", "histograms"}),
        ({"efficiency": {"edges_keV": [0, 5, 200]}}, {"select"}),
        ({"name": "Another name"}, {"diagnostics", "calibration", "optics", "templates"}),
        ({"variables": {"early_window_ns": 21}}, {"ingest", "probes", "closure"}),
        ({"simulation": {"truth": {"activities": {"lxe": 1.5}}}}, {"simulate"}),
        (
            {"detector": {"light_map": {"photons_per_vertex": 1000}}},
            {"light map", "reconstruct", "probes", "templates", "closure"},
        ),
    ],
    ids=lambda value: ".".join(map(str, value)) if isinstance(value, dict) else "",
)
def test_a_changed_block(nominal, overrides, run_again):
    changed = jobs(**overrides)
    assert {name for name in nominal if changed[name] != nominal[name]} == run_again


@pytest.mark.parametrize(
    ("key", "runs"),
    [("description", set()), ("keep", {"select", "probes", "diagnostics", "templates", "closure"})],
)
def test_a_changed_cut(nominal, key, runs):
    analysis = read_analysis("xmass-demo", FILE)
    first, *others = event_inputs(analysis).settings["cuts"]
    changed = jobs(cuts=[{**first, key: "inner_trigger"}, *others])
    assert {name for name in nominal if changed[name] != nominal[name]} == runs


def test_the_diagnostics_know_how_far_the_liquid_is_simulated():
    """The smallest radius of a background: the signal's sample is not compared with data."""

    def told(**radii):
        samples = {name: {"liquid_radius_cm": radius} for name, radius in radii.items()}
        return jobs(simulation={"samples": samples})["diagnostics"]["simulated_to_cm"]

    assert told() == 28
    assert told(lxe=27, i125=30, signal=25, baseline=20) == 27
