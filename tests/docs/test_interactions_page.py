"""The page of the interactions: every one has its test, and the limits that it shows are computed."""

import ast
import re
from pathlib import Path

import pytest

from exonu.catalogue import INTERACTIONS
from exonu.core.resources import resource_path
from exonu.core.tables import read_rows
from exonu.search.analysis import default_settings
from exonu.search.experiment.read_experiment import read_experiment
from exonu.search.limit_records import limit_of_spectrum

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "interactions.md").read_text(encoding="utf-8")
TESTS = ROOT / "tests" / "interactions"


def table(heading, first):
    """Rows of the table below a heading whose first column is `first`, as mappings."""
    text = PAGE[PAGE.index(f"## {heading}\n") :].split("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {first} |"))
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[start:]]
    return [dict(zip(cells[0], row, strict=True)) for row in cells[2:] if len(row) == len(cells[0])]


ROWS = table("Tests", "interaction")


def test_every_interaction_has_a_row():
    named = [name for row in ROWS for name in row["interaction"].split(", ")]
    assert sorted(named) == sorted({one.settings_name for one in INTERACTIONS.values()} | {"CEvNS"})


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["interaction"])
def test_rows_name_tests_within_half_a_per_cent(row):
    for tolerance in row["within"].split("; "):
        assert float(tolerance) <= 5e-3
    for place in row["test"].split("; "):
        file, name = re.fullmatch(r"(\w+): (test_\w+)", place).groups()
        tree = ast.parse((TESTS / f"test_{file}.py").read_text(encoding="utf-8"))
        assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


SR0 = resource_path("published/xenonnt-sr0/experiment.yaml")
PUBLISHED = {
    (row["quantity"], row["flavour"], row["mass_MeV"]): float(row["value"])
    for row in read_rows(resource_path("limits/limits.csv"))
    if row["experiment"] == "XENONnT SR0"
}
LIMITS = table("Limits by XENONnT SR0", "search")


@pytest.fixture(scope="module")
def experiment():
    return read_experiment(SR0)


@pytest.mark.parametrize("row", LIMITS, ids=lambda row: row["search"])
def test_limits_are_those_of_a_fresh_computation(experiment, row):
    """Every number of the table, and its ratio to the published one."""
    name, state, *mass = row["search"].split()
    found = limit_of_spectrum(
        experiment,
        name,
        default_settings(),
        flavour=state,
        mass_MeV=float(mass[0]) if mass else None,
    )["observed"]
    assert float(row["exonu"]) == pytest.approx(found, rel=6e-3)
    published = PUBLISHED.get((name, state, *(mass or [""])))
    if row["published"] == "–":
        assert published is None
        return
    assert float(row["published"]) == pytest.approx(published, rel=1e-6)
    assert float(row["ratio"]) == pytest.approx(found / published, abs=0.006)


def test_what_the_issue_asks_for_is_shown():
    shown = [row["search"] for row in LIMITS]
    assert {"charge-radius e", "charge-radius-negative e", "charge-radius mu"} <= set(shown)
    assert {"lmu-ltau all 0.001", "lmu-ltau all 10"} <= set(shown)
    assert sum(search.startswith("alp all") for search in shown) == 10
    assert all(row["why"] for row in LIMITS)
