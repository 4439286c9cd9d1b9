"""The page of the interactions: every one has its test, and the limits that it shows are computed."""

import ast
import importlib.util
import itertools
import re
import sys
from pathlib import Path

import pytest

from exonu.catalogue import INTERACTIONS, SEARCHED
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
    lines = text.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {first} |"))
    return cells(itertools.takewhile(lambda line: line.startswith("|"), lines[start:]))


def cells(lines):
    """Lines of a table of Markdown as mappings."""
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [dict(zip(head, row, strict=True)) for row in rows]


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


def script(name):
    """A script of docs/, as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


alp_variants, charge_radius_variants, derived_limits = map(
    script, ("alp_variants", "charge_radius_variants", "derived_limits")
)
DERIVED_ROWS = list(read_rows(derived_limits.TABLE))
DERIVED = [
    ((row["quantity"], row["flavour"], row["mass_MeV"]), float(row["value"]))
    for row in DERIVED_ROWS
]


def marked(name):
    """Rows of the table between two comments of the page, as mappings."""
    [text] = re.findall(rf"<!-- table: {name} -->\n(.*?)<!-- end -->", PAGE, re.S)
    return cells(text.splitlines())


@pytest.fixture(scope="module")
def experiment():
    return read_experiment(SR0)


def observed(experiment, search):
    """Our limit of a row's search."""
    name, state, *mass = search.split()
    return limit_of_spectrum(
        experiment,
        name,
        default_settings(),
        flavour=state,
        mass_MeV=float(mass[0]) if mass else None,
    )["observed"]


@pytest.mark.parametrize("row", LIMITS, ids=lambda row: row["search"])
def test_limits_are_those_of_a_fresh_computation(experiment, row):
    """Every number of the table, and its ratio to the published one."""
    name, state, *mass = row["search"].split()
    found = observed(experiment, row["search"])
    assert float(row["exonu"]) == pytest.approx(found, rel=6e-3)
    published = PUBLISHED.get((name, state, *(mass or [""])))
    if row["published"].endswith(" (derived)"):
        assert published is None
        published = next(value for case, value in DERIVED if case == (name, state, *mass))
    assert float(row["published"].split()[0]) == pytest.approx(published, rel=1e-6)
    assert float(row["ratio"]) == pytest.approx(found / published, abs=0.006)


@pytest.mark.parametrize("row", DERIVED_ROWS, ids=lambda row: row["from_quantity"])
def test_derived_limits_follow_from_published_ones(row):
    assert float(row["value"]) == pytest.approx(derived_limits.derived(row), rel=5e-3)
    published = PUBLISHED[row["from_quantity"], row["from_flavour"], ""]
    assert float(row["from_value"]) == published
    assert row["status"] == "derived"


def test_derived_limits_stand_beside_ours(experiment):
    want = {" ".join(filter(None, case)): value for case, value in DERIVED}
    shown = marked("derived")
    assert {row["search"] for row in shown} == set(want) - {"lmu-ltau all 0.001", "lmu-ltau all 10"}
    for row in shown:
        found, published = observed(experiment, row["search"]), want[row["search"]]
        assert float(row["exonu"]) == pytest.approx(found, rel=6e-3)
        assert float(row["derived"]) == pytest.approx(published, rel=1e-6)
        assert float(row["ratio"]) == pytest.approx(found / published, abs=0.006)


def test_every_interaction_has_a_limit_of_others():
    """Published, or derived from one that is; a spectrum from a file has none."""
    rows = read_rows(resource_path("limits/limits.csv"))
    known = {row["quantity"] for row in rows} | {row["quantity"] for row in DERIVED_ROWS}
    settings = {SEARCHED[name].settings_name for name in known}
    assert settings == {one.settings_name for one in SEARCHED.values()} - {"spectrum"}


def test_exact_conversions():
    """An anapole is minus a sixth of a radius; moments of mass states have the moment's shape."""
    derived = dict(DERIVED)
    sixth = PUBLISHED["charge-radius-negative", "e", ""] / 6
    assert derived["anapole", "e", ""] == pytest.approx(sixth, rel=5e-3)
    inverse = sum(derived["mass-state-moment", state, ""] ** -2 for state in "123")
    assert inverse**-0.5 == pytest.approx(6.4e-12, rel=5e-3)


def test_a_contact_interaction_is_derived_alike_from_every_radius():
    """L_μ−L_τ at 10 MeV: both signs of two flavours, interfering or not, say the same."""
    values = [value for case, value in DERIVED if case == ("lmu-ltau", "all", "10")]
    assert len(values) == 4
    assert max(values) / min(values) < 1.08


def test_variants_of_the_charge_radius():
    rows = charge_radius_variants.table()
    assert marked("charge radius") == rows
    [last] = [
        row for row in rows if row["variant"].startswith("the same") and "6 %" in row["variant"]
    ]
    ratios = f"{last['ratios e']} {last['ratios μ']}".split()
    assert all(0.96 <= float(ratio) <= 1.04 for ratio in ratios)


def test_variants_of_axion_like_dark_matter():
    head, *rows = alp_variants.table()
    assert marked("alp") == [dict(zip(head, row, strict=True)) for row in rows]
    last = next(row for row in rows if row[0] == "and efficiency of the true energy")
    assert all(0.94 <= float(ratio) <= 1.06 for ratio in last[1:])


def test_what_the_issue_asks_for_is_shown():
    shown = [row["search"] for row in LIMITS]
    assert {"charge-radius e", "charge-radius-negative e", "charge-radius mu"} <= set(shown)
    assert {"lmu-ltau all 0.001", "lmu-ltau all 10"} <= set(shown)
    assert sum(search.startswith("alp all") for search in shown) == 10
    assert all(row["why"] for row in LIMITS)
