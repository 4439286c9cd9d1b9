"""How long templates take: the step `templates` on a toy analysis, and workspaces with their folded
signals.

Run: python tests/benchmarks/bench_templates.py
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from benchmarking import ROOT, Record, main, times

sys.path.insert(0, str(ROOT / "tests" / "templates"))

from toy_analysis import make_toy

from exonu.core.settings import checked
from exonu.events.runs.bins import uniform_edges
from exonu.search.analysis import ANALYSIS_SCHEMA
from exonu.search.build_workspaces import build_workspaces
from exonu.search.experiment.read_experiment import read_experiment
from exonu.templates.filling import fill_templates
from exonu.templates.histograms import fill
from exonu.templates.simulated_samples import Sources
from exonu.templates.template_jobs import template_settings

GROUP, EVENTS = "templates", 50_000
MASSES = np.geomspace(1e-5, 100, 43)


def records() -> Iterator[Record]:
    """A signal, a solar and three background samples, two of variations; four systematics."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        inputs, experiment_file = make_toy(folder, n=EVENTS)
        settings = template_settings(inputs, blind=False)
        sources = Sources(
            data=[folder / "run_1.root"],
            nominal={
                row["sample"]: folder / f"sample_{row['sample']}.root"
                for row in settings["nominal"]
            },
            varied={
                row["sample"]: folder / f"sample_{row['sample']}.root" for row in settings["varied"]
            },
        )
        spent = times("s", lambda: fill_templates(settings, sources))
        yield Record(GROUP, f"all templates of {13 * EVENTS:,} events", "s", spent)
        experiment = read_experiment(experiment_file)
        analysis = checked({"config_version": 1, "events": "-"}, ANALYSIS_SCHEMA, "benchmark")
        cases = [("all", float(mass)) for mass in MASSES]
        spent = times("s", lambda: build_workspaces(experiment, "dark-photon", analysis, cases))
        yield Record(GROUP, f"workspaces of {len(MASSES)} dark-photon masses", "s", spent)
    random, edges = np.random.default_rng(1), uniform_edges(2, 200, 2)
    energy, weight = random.uniform(0, 220, 1_000_000), random.random(1_000_000)
    powers = weight, weight**2, np.ones_like(weight)
    spent = times("ms", lambda: fill(energy, weight, edges), 7)
    peer = times("ms", lambda: [np.histogram(energy, edges, weights=power) for power in powers], 7)
    what = "histogram of 1,000,000 weighted events"
    yield Record(GROUP, what, "ms", spent, peer, "numpy.histogram, three times")


if __name__ == "__main__":
    main(records)
