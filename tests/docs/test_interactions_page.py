"""The page of the interactions: every one has its test, and the limits that it shows are computed."""

import ast
import re
from pathlib import Path

import pytest

from exonu.catalogue import INTERACTIONS

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
