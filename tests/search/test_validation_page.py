"""The tables of docs/validation.md are what the code gives today."""

import re
from pathlib import Path

import pytest

from exonu.search.analysis import read_analysis
from exonu.search.experiment.read_experiment import read_experiment
from exonu.search.studies.variants import variant_limits

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "validation.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in re.search(r"<!-- table: limits -->(.*)<!-- end -->", PAGE, re.S)[1].splitlines()
    if line.startswith("| XENON")
]


@pytest.mark.parametrize("name", ["xenonnt-sr0", "xenon1t-sr1"])
def test_limits(name):
    analysis = read_analysis(name, ROOT / "config" / f"{name}.yaml")
    table = variant_limits(name, analysis.experiment_file, analysis.settings)
    experiment = read_experiment(analysis.experiment_file).name
    rows = [row for row in ROWS if row[0] == experiment]
    assert rows
    for _, interaction, variant, observed, expected, interval in rows:
        [row] = table[
            (table["interaction"] == interaction) & (table["variant"] == variant)
        ].to_dict("records")
        low, high = (float(end) for end in interval.split(" – "))
        shown = [float(observed), float(expected), low, high]
        computed = [row["observed"], row["expected"], row["interval_low"], row["interval_high"]]
        assert shown == pytest.approx(computed, rel=0.006)


def test_small_numbers_are_compared_relatively():
    """`tests/conftest.py` takes away the absolute tolerance that would make all limits equal."""
    assert pytest.approx(1.3e-13, rel=0.01) != 1.2e-13
    assert pytest.approx(0.0) == 0.0
