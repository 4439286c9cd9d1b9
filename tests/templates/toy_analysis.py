"""A toy detector and its events: selected and reconstructed files as the chain leaves them, without
light.

Energies are smeared with σ = 0.4 √E, vertices with 1 cm; the cut is r < 20 cm of a liquid that is
generated to 28 cm."""

import json
from pathlib import Path

import numpy as np

from exonu.core.files import canonical_json
from exonu.events.raw.writer import ColumnWriter
from exonu.events.runs.read_inputs import read_event_inputs
from exonu.steps._step import call
from exonu.steps.templates import experiment as experiment_step
from exonu.steps.templates import templates as templates_step
from exonu.templates.template_jobs import (
    prior_settings,
    reconstructed_sources,
    template_settings,
)

LIQUID_KG = 832.0
GENERATED_SHARE = 0.3
SIGNAL_KEV = (0.5, 260.0)
EVENTS = """\
config_version: 1
name: toy
is_simulated: true
runs: runs.tsv
samples: samples.tsv
cuts:
  - {name: fiducial-volume, keep: r_pe_cm < 20, status: published}
templates: {liquid_mass_kg: 832, fiducial_mass_kg: 97}
systematics:
  - {name: energy-scale, kind: energy-scale, size: 0.02, status: assumed, description: ± 2 %}
  - {name: position, kind: position, size: 0.02, ranges_keV: [2, 15, 30, 200], status: assumed, description: ± 2 %}
  - {name: fiducial, kind: cut, cut: fiducial-volume, size: 0.03, status: assumed, description: ± 3 %}
  - {name: absorption, kind: traced, ranges_keV: [2, 30, 200], status: assumed, description: toy}
"""
RUNS = "run\tfiles\tstart\tlive_time_s\tdead_pmts\n1\trun1.root\t2013-11-20T08:00:00\t864000\t3\n"
SAMPLES = [
    ("signal", "signal", "nominal", "-"),
    ("solar", "solar", "nominal", "-"),
    ("lxe", "lxe", "nominal", "0.1"),
    ("i125", "i125", "nominal", "-"),
    ("seal-u", "seal", "nominal", "0.4"),
    ("baseline", "lxe,seal", "baseline", "-"),
    ("abs-up", "lxe,seal", "absorption-up", "-"),
]


def write_analysis(folder, events=EVENTS, samples=SAMPLES):
    folder.mkdir(exist_ok=True, parents=True)
    (folder / "events.yaml").write_text(events)
    (folder / "runs.tsv").write_text(RUNS)
    head = "sample\tcomponent\tvariation\tfiles\tequivalent_live_days\tactivity_prior\tactivity_uncertainty\n"
    rows = [f"{s}\t{c}\t{v}\t{s}.root\t1\t1\t{u}\n" for s, c, v, u in samples]
    (folder / "samples.tsv").write_text(head + "".join(rows))
    return read_event_inputs(folder / "events.yaml", 642)


def write_events(path, energy, weight, radius, true=None, component=None, rng=None):
    n = len(energy)
    columns = {
        "energy_keVee": np.asarray(energy, np.float32),
        "weight": np.broadcast_to(np.asarray(weight, float), n).copy(),
        "r_pe_cm": np.asarray(radius, np.float32),
        "event": np.arange(n, dtype=np.uint64),
        "true_energy_keV": np.asarray(energy if true is None else true, float),
        "true_pmt_is_dead": np.zeros(n, dtype=bool),
        "component": np.zeros(n, np.uint16)
        if component is None
        else np.asarray(component, np.uint16),
    }
    with ColumnWriter(path, "events", {"is_simulated": True}) as writer:
        writer.write(columns)
    return columns


def radii(rng, n):
    """Vertices of a liquid filled to 28 cm, smeared by 1 cm."""
    return np.abs(28 * rng.uniform(size=n) ** (1 / 3) + rng.normal(size=n))


def recoils(rng, n):
    """True energies flat in the logarithm with the weights of a signal sample, and what is
    reconstructed."""
    low, high = SIGNAL_KEV
    true = low * (high / low) ** rng.uniform(size=n)
    weight = true * np.log(high / low) / n * GENERATED_SHARE
    return true, weight, true + 0.4 * np.sqrt(true) * rng.normal(size=n)


def make_toy(folder, *, seed=1, n=4000, blind=False, events=EVENTS, signal_weight=None, more=()):
    """All files of the toy analysis; returns its inputs and the file `experiment.json`. `more`: words
    of the step `templates`."""
    rng = np.random.default_rng(seed)
    inputs = write_analysis(folder, events)
    files = {}

    def write(name, *arguments, **keys):
        files[name] = folder / f"{name}.root"
        return write_events(files[name], *arguments, **keys)

    true, weight, energy = recoils(rng, 5 * n)
    weight = weight if signal_weight is None else signal_weight
    write("sample_signal", energy, weight, radii(rng, 5 * n), true)
    from exonu.simulation.components import (
        _recoils,  # the spectrum that the chain's solar sample is drawn from
    )

    grid, rate = _recoils((("interaction", "weak"),))
    cumulated = np.concatenate([[0], np.cumsum((rate[1:] + rate[:-1]) / 2 * np.diff(grid))])
    per_day = cumulated[-1] * LIQUID_KG * 1e-3 / 365.25
    true = np.interp(rng.uniform(size=5 * n) * cumulated[-1], cumulated, grid)
    write("sample_solar", true + 0.4 * np.sqrt(true) * rng.normal(size=5 * n), per_day * GENERATED_SHARE / (5 * n),
          radii(rng, 5 * n), true)  # fmt: skip
    flat = rng.uniform(1, 210, n)
    write("sample_lxe", flat + 0.4 * np.sqrt(flat) * rng.normal(size=n), 100.0 / n, radii(rng, n))
    write("sample_i125", 67.3 + 0.4 * np.sqrt(67.3) * rng.normal(size=n), 20.0 / n, radii(rng, n))
    wall = 2 + rng.exponential(10, n)
    write("sample_seal-u", wall, 300.0 / n, 19 + rng.exponential(2, n))
    # the variation takes every fourth seal event away below 30 keV, and leaves the liquid alone
    both = np.concatenate([flat[:1000], wall[:1000]])
    of = np.repeat([0, 1], 1000)
    write("sample_baseline", both, 1.0, np.zeros(2000), component=of)
    lost = (of == 1) & (both < 30) & (np.arange(2000) % 4 == 0)
    write("sample_abs-up", both, np.where(lost, 0.0, 1.0), np.zeros(2000), component=of)
    write("run_1", np.concatenate([rng.uniform(2, 200, 300), wall[:100]]), 1.0, np.zeros(400))

    settings = template_settings(inputs, blind=blind)
    if settings["parts"]:  # what the cuts leave out is needed then: 900 events of the wall beside
        energy = np.concatenate([rng.uniform(2, 200, 300), wall[:1000]])
        radius = np.concatenate([radii(rng, 300), 19 + rng.exponential(2, 1000)])
        write("all_run_1", energy, 1.0, radius)
        write("run_1", energy[radius < 20], 1.0, radius[radius < 20])
    selected = ["run_1"] * (not blind) + ["sample_baseline", "sample_abs-up"]
    files["sample_absorption-up"] = files["sample_abs-up"]
    reconstructed = [
        f"all_{name}" if name.startswith("run_") else name
        for name in reconstructed_sources(settings)
    ]
    made = {"record": "templates.json", "histograms": "templates.root"}
    made |= {name: f"{name}.csv" for name in ("systematics", "response")}
    outputs = [
        word for name, file in made.items() for word in (f"--{name}", folder / "templates" / file)
    ]
    run_step(
        templates_step, "--settings", canonical_json(settings), "--selected", *(files[name] for name in selected),
        "--reconstructed", *(files[name] for name in reconstructed), *outputs, *more,
    )  # fmt: skip
    result = folder / "templates" / "experiment.json"
    run_step(
        experiment_step, "--settings", canonical_json(prior_settings(inputs)),
        "--templates", folder / "templates" / "templates.json", "--output", result,
    )  # fmt: skip
    return inputs, result


def run_step(step, *arguments):
    call(step.main, list(map(str, arguments)))


if __name__ == "__main__":
    _, made = make_toy(Path("/tmp/toy_analysis"))
    print(json.loads(made.read_text())["solar_check"])
