"""Rates in xenon as they were before interactions came from the catalogue, to 1e-9.

The numbers were written by the code of 29 November 2026 that had a branch for each interaction
(commit 45de891); the limits on the millicharge by that of commit cabde12, since which its atomic
uncertainty goes to one side. They are not physics of their own: they hold that the general code
does the same."""

import json
from pathlib import Path

import numpy as np
import pytest

from exonu.interactions import Physics, RecoilSpectra
from exonu.search.limit_records import limit_of_experiment

HERE = Path(__file__).parent
STORED = json.loads((HERE / "xenon_before_catalogue.json").read_text())
PUBLISHED = HERE.parents[1] / "resources" / "published"
OTHER = Physics(
    millicharge_weak_interference=True, beryllium_line="single", couplings="tree-0.2386"
)


@pytest.mark.parametrize(("name", "physics"), [("default", Physics()), ("other", OTHER)])
def test_rates(name, physics):
    spectra = RecoilSpectra(STORED["energies_keV"], physics)
    records = [record for record in STORED["rates"] if record["physics"] == name]
    assert len(records) > 50
    for record in records:
        choice = {key: record[key] for key in record.keys() - {"physics", "rate"}}
        rate = spectra.rate(**choice).sum(axis=0)
        assert rate == pytest.approx(np.array(record["rate"]), rel=1e-9, abs=0)


@pytest.mark.parametrize(
    "record",
    STORED["limits"],
    ids=lambda r: f"{r['experiment']} {r['interaction']} {r['flavour']} {r['mass_MeV']}",
)
def test_limits(record):
    """A limit is found by iteration, to about 1e-9 of itself."""
    found = limit_of_experiment(
        PUBLISHED / record["experiment"] / "experiment.yaml",
        record["interaction"],
        flavour=record["flavour"],
        mass_MeV=record["mass_MeV"],
    )
    assert found["observed"] == pytest.approx(record["observed"], rel=1e-9)
    assert found["expected"] == pytest.approx(record["expected"], rel=1e-9)
