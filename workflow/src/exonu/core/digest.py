"""What a rule depends on besides its files: the code of its step, the facts that it reads, the
libraries it calls.

Snakemake re-runs a job when its parameters change. A rule therefore carries, as parameters,
`code_digest(step)` and `library_digest(step)`: the first changes when a module that the step
imports, however indirectly, or a resource that such a module names, changes; the second when an
installed version of a third-party package that these import does. Nothing else changes them, so
that edited physics never leaves stale results and a new sphinx never re-runs 711 days.

The source is read with `ast`, not imported: planning stays fast, and imports inside functions are
followed too."""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from exonu.core import resources

_ROOT = Path(__file__).resolve().parents[2]  # the folder that holds the package
_PACKAGE = "exonu"
_DISTRIBUTION_NAMES = {
    "yaml": "PyYAML",
    "mpl_toolkits": "matplotlib",
}  # where it is not the package's own name
_LOCATORS = {"resource_path": resources.resource_path, "schema_path": resources.schema_path}
_CALLED = (*_LOCATORS, "import_module")


@cache
def _module_file(name: str) -> Path | None:
    """Source file of an exonu module, or None where the name is an attribute rather than a
    module."""
    base = _ROOT.joinpath(*name.split("."))
    for candidate in (base.with_suffix(".py"), base / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


def _parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    return (".".join(parts[:length]) for length in range(1, len(parts) + 1))


@cache
def _read_module(name: str) -> tuple[frozenset[str], frozenset[Path]]:
    """The modules that a module imports, exonu's and others', and the resource files that it
    names."""
    if name == _PACKAGE:  # its names are for notebooks, loaded when used; the library uses none
        return frozenset(), frozenset()
    source = _module_file(name)
    assert source is not None
    imported: set[str] = set()
    named: set[Path] = set()
    text = source.read_text(encoding="utf-8")
    tree = ast.parse(text, filename=str(source))
    for node in (
        ast.walk(tree) if any(f"{name}(" in text for name in _CALLED) else _statements(tree)
    ):
        if isinstance(node, ast.Import):
            imported.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            imported.add(node.module)
            imported.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call):
            named.update(_named_resource(node))
            if (
                _function(node) == "import_module"
            ):  # lazily loaded names: anything in the package may be meant
                imported.update(_modules_below(name, source.parent))
    return frozenset(imported), frozenset(named)


def _statements(tree: ast.Module) -> Iterator[ast.AST]:
    """All statements, in functions and branches too: most modules have none of the calls, and few
    nodes are imports."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for block in ("body", "orelse", "finalbody", "handlers", "cases"):
            waiting.extend(getattr(node, block, ()))


def _modules_below(package: str, folder: Path) -> Iterator[str]:
    for file in folder.rglob("*.py"):
        if file.name != "__init__.py":
            yield ".".join((package, *file.relative_to(folder).with_suffix("").parts))


def _function(call: ast.Call) -> str | None:
    return (
        call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", None)
    )


def _named_resource(call: ast.Call) -> Iterator[Path]:
    function = _function(call)
    if function in _LOCATORS and call.args and isinstance(call.args[0], ast.Constant):
        yield _LOCATORS[str(function)](str(call.args[0].value))


@cache
def closure(module: str) -> tuple[frozenset[str], frozenset[str], frozenset[Path]]:
    """All exonu modules, third-party packages and resource files that a module depends on.

    Args:
        module: dotted name, e.g. ``exonu.steps.search.limits``.

    Returns:
        Names of exonu modules, top-level names of third-party packages, paths of resources.
    """
    waiting, seen = [module], set()
    packages: set[str] = set()
    facts: set[Path] = set()
    while waiting:
        name = waiting.pop()
        if name.split(".")[0] != _PACKAGE:
            packages.add(name.split(".")[0])
            continue
        for part in _parents(name):  # importing a.b.c runs a and a.b first
            if part in seen or _module_file(part) is None:
                continue
            seen.add(part)
            imported, named = _read_module(part)
            waiting.extend(imported)
            facts.update(named)
    return frozenset(seen), frozenset(packages - sys.stdlib_module_names), frozenset(facts)


def code_digest(module: str) -> str:
    """Digest of the sources of a step's modules and of the resources that they name (12 hex
    digits)."""
    modules, _, facts = closure(module)
    total = hashlib.sha256()
    for name in sorted(modules):
        file = _module_file(name)
        assert file is not None
        total.update(name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    for fact in sorted(facts):
        for file in sorted(fact.rglob("*")) if fact.is_dir() else [fact]:
            if file.is_file():
                total.update(
                    file.name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest()
                )
    return total.hexdigest()[:12]


@cache
def _version_of(package: str) -> str:
    """Installed version of the distribution that provides a package; `absent` for one that is not
    installed."""
    distribution = _DISTRIBUTION_NAMES.get(package, package)
    try:
        return f"{distribution}=={importlib.metadata.version(distribution)}"
    except importlib.metadata.PackageNotFoundError:
        return f"{distribution}==absent"


def library_digest(module: str) -> str:
    """Digest of the installed versions of the third-party packages that a step's modules import (12
    hex digits)."""
    _, packages, _ = closure(module)
    versions = "\n".join(_version_of(package) for package in sorted(packages))
    return hashlib.sha256(versions.encode()).hexdigest()[:12]
