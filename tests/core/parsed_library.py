"""The library's sources as trees: read once for all tests that look at them."""

import ast
from functools import cache
from pathlib import Path

LIBRARY = Path(__file__).resolve().parents[2] / "workflow" / "src" / "exonu"
MODULES = sorted(LIBRARY.rglob("*.py"))
CHOSEN = (ast.Import, ast.ImportFrom, ast.Call, ast.FunctionDef)
"""The kinds of nodes that tests ask for."""


@cache
def tree(file):
    return ast.parse(file.read_text(encoding="utf-8"), filename=str(file))


@cache
def _nodes(file):
    return [node for node in ast.walk(tree(file)) if isinstance(node, CHOSEN)]


def nodes(file, *kinds):
    """A module's nodes of these kinds."""
    assert set(kinds) <= set(CHOSEN)
    return [node for node in _nodes(file) if isinstance(node, kinds)]
