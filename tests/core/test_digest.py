"""A step's digest changes with the code it runs and the facts it reads, and with nothing else."""

import ast

import pytest
from parsed_library import LIBRARY, MODULES, nodes

from exonu.core import digest


@pytest.fixture
def library(tmp_path, monkeypatch):
    """A small library in place of the real one."""
    files = {
        "exonu/__init__.py": "",
        "exonu/solar.py": 'import numpy\nfrom exonu.core import thing\nresource_path("fluxes.csv")\n',
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
    for function in vars(digest).values():
        if hasattr(function, "cache_clear"):
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
@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("import pandas", {"pandas"}),
        ("import a.b as c, d  # why", {"a.b", "d"}),
        ("from a.b import c", {"a.b", "a.b.c"}),
        ("from a import (  # why (so)\n    b as c,\n    d,  # e, f\n)", {"a", "a.b", "a.d"}),
    ],
)
def test_no_statement_hides_an_import(statement, written, found):
    assert set(digest._imports(statement.format(written))) == found
    assert set(digest._imports(f'"""As\n    >>> {written}\n"""')) == set()


def test_what_is_found_is_what_python_reads():
    """Imports and named resources of every module, and nothing else."""
    for file in MODULES:
        text = file.read_text(encoding="utf-8")
        imported = [
            name
            for node in nodes(file, ast.Import, ast.ImportFrom)
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            )
        ]
        assert set(digest._imports(text)) == set(imported), file
        named = {
            digest._LOCATORS[function](call.args[0].value)
            for call in nodes(file, ast.Call)
            if (function := called(call)) in digest._LOCATORS
        }
        assert set(digest._named_resources(text)) == named, file
        lazy = any(called(call) == "import_module" for call in nodes(file, ast.Call))
        assert (digest._LAZY in text) >= lazy, file


def called(call):
    """The name of the function that is called."""
    return getattr(call.func, "attr", getattr(call.func, "id", None))


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
    for file in MODULES:
        for node in nodes(file, ast.ImportFrom):
            if node.module == "exonu":
                named = {alias.name for alias in node.names} - {"__version__"}
                assert all(digest._module_file(f"exonu.{name}") for name in named), file


def test_every_resource_is_named_by_a_literal():
    """Else the digest would not see that a step reads it."""
    for file in MODULES:
        for call in nodes(file, ast.Call):
            if called(call) in digest._LOCATORS:
                assert isinstance(call.args[0], ast.Constant), f"{file}:{call.lineno}"


def test_every_step_has_a_digest_of_existing_facts():
    steps = [f"{file.parent.name}.{file.stem}" for file in (LIBRARY / "steps").glob("*/[a-z]*.py")]
    assert len(steps) > 40
    for step in steps:
        modules, packages, facts = digest.closure(f"exonu.steps.{step}")
        assert f"exonu.steps.{step}" in modules
        assert all(fact.exists() for fact in facts)
        assert "absent" not in "".join(
            digest._version_of(package) for package in packages - {"numba", "uproot"}
        )
