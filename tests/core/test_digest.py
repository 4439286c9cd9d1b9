"""A step's digest changes with the code it runs and the facts it reads, and with nothing else."""

import ast
from pathlib import Path

import pytest

from exonu.core import digest

PACKAGE = Path(digest.__file__).resolve().parents[1]


@pytest.fixture
def library(tmp_path, monkeypatch):
    """A small library in place of the real one."""
    files = {
        "exonu/__init__.py": "",
        "exonu/solar.py": "import numpy\nfrom exonu.core import thing\nresource_path('fluxes.csv')\n",
        "exonu/core/__init__.py": "",
        "exonu/core/thing.py": "def f():\n    import pandas\n    from exonu import late\n",
        "exonu/late.py": "",
        "exonu/other.py": "import scipy\n",
        "exonu/lazy/__init__.py": "import importlib\nimportlib.import_module('x')\n",
        "exonu/lazy/inner.py": "import scipy\n",
        "fluxes.csv": "1",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(digest, "_ROOT", tmp_path)
    monkeypatch.setattr(digest, "_LOCATORS", {"resource_path": lambda name: tmp_path / name})
    forget()
    yield tmp_path
    forget()


def forget():
    for function in (digest._module_file, digest._read_module, digest.closure, digest._version_of):
        function.cache_clear()


def test_imports_are_followed_wherever_they_stand(library):
    modules, packages, facts = digest.closure("exonu.solar")
    assert modules == {"exonu", "exonu.solar", "exonu.core", "exonu.core.thing", "exonu.late"}
    assert packages == {"numpy", "pandas"}
    assert facts == {library / "fluxes.csv"}


@pytest.mark.parametrize(
    "statement",
    [
        "if True:\n    pass\nelif False:\n    {}",
        "try:\n    pass\nexcept ValueError:\n    {}",
        "try:\n    pass\nfinally:\n    {}",
        "while False:\n    pass\nelse:\n    {}",
        "match 1:\n    case 1:\n        {}",
        "class A:\n    async def f(self):\n        with open('x'):\n            {}",
    ],
)
def test_no_statement_hides_an_import(statement):
    nodes = digest._statements(ast.parse(statement.format("import pandas")))
    assert sum(isinstance(node, ast.Import) for node in nodes) == 1


def test_a_package_that_loads_lazily_depends_on_all_its_modules(library):
    modules, packages, _ = digest.closure("exonu.lazy")
    assert "exonu.lazy.inner" in modules
    assert packages == {"scipy"}


@pytest.mark.parametrize(
    ("changed", "matters"),
    [
        ("exonu/late.py", True),
        ("fluxes.csv", True),
        ("exonu/__init__.py", True),
        ("exonu/other.py", False),
    ],
)
def test_what_changes_the_code_digest(library, changed, matters):
    before = digest.code_digest("exonu.solar")
    (library / changed).write_text("# changed\n")
    forget()
    assert (digest.code_digest("exonu.solar") != before) is matters


@pytest.mark.parametrize(("upgraded", "matters"), [("pandas", True), ("scipy", False)])
def test_what_changes_the_library_digest(library, monkeypatch, upgraded, matters):
    before = digest.library_digest("exonu.solar")
    real = digest.importlib.metadata.version
    monkeypatch.setattr(
        digest.importlib.metadata, "version", lambda name: "99" if name == upgraded else real(name)
    )
    forget()
    assert (digest.library_digest("exonu.solar") != before) is matters


def test_the_front_door_is_not_part_of_every_step():
    """Importing `exonu` loads nothing, and the library never takes a name from there."""
    assert digest.closure("exonu") == (frozenset({"exonu"}), frozenset(), frozenset())
    modules, packages, _ = digest.closure("exonu.steps.events.select")
    assert not any("cli" in module.split(".") for module in modules)
    assert "argcomplete" not in packages
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module == "exonu":
                named = {alias.name for alias in node.names} - {"__version__"}
                assert all(digest._module_file(f"exonu.{name}") for name in named), file


def test_every_resource_is_named_by_a_literal():
    """Else the digest would not see that a step reads it."""
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and digest._function(node) in (
                "resource_path",
                "schema_path",
            ):
                assert isinstance(node.args[0], ast.Constant), f"{file}:{node.lineno}"


def test_every_step_has_a_digest_of_existing_facts():
    steps = [f"{file.parent.name}.{file.stem}" for file in (PACKAGE / "steps").glob("*/[a-z]*.py")]
    assert len(steps) > 40
    for step in steps:
        modules, packages, facts = digest.closure(f"exonu.steps.{step}")
        assert f"exonu.steps.{step}" in modules
        assert all(fact.exists() for fact in facts)
        assert "absent" not in "".join(
            digest._version_of(package) for package in packages - {"numba", "uproot"}
        )
