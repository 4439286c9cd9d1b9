"""What a rule depends on besides its files: the code of its step, the facts that it reads, the
libraries it calls.

Snakemake re-runs a job when its parameters change. A rule therefore carries, as parameters,
`code_digest(step)` and `library_digest(step)`: the first changes when a module that the step
imports, however indirectly, or a resource that such a module names, changes; the second when an
installed version of a third-party package that these import does. Nothing else changes them, so
that edited physics never leaves stale results and a new sphinx never re-runs 711 days.

The source is neither imported nor parsed: every process with compiled kernels asks for digests of
them, and planning for one of each step. Regular expressions find imports and names of resources
where ruff's formatter puts them, inside functions too; a test compares them with `ast` in every
module. A line of a docstring that reads as an import would be followed as well: one module more
that a step depends on, never one less."""

from __future__ import annotations

import hashlib
import importlib.metadata
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from exonu.core import resources

_ROOT = Path(__file__).resolve().parents[2]  # the folder that holds the package
_PACKAGE = "exonu"
_DISTRIBUTION_NAMES = {
    "yaml": "PyYAML",
    "mpl_toolkits": "matplotlib",
}  # where it is not the package's own name
_LOCATORS = {"resource_path": resources.resource_path, "schema_path": resources.schema_path}
_IMPORT = re.compile(
    r"\n *(?:import +(?P<modules>[\w., ]+)"
    r"|from +(?P<module>[\w.]+) +import +(?:\((?P<names>(?:[^)#]|#.*)*)\)|(?P<name>[\w, ]+)))"
)
_COMMENT = re.compile(r"#.*")
_NAMED = re.compile(r"(?<![`\w])(resource_path|schema_path)\(\s*\"([^\"\n]*)\"")
_DOCTEST = re.compile(r"\n *>>> .*")
_LAZY = "import_module("


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


class _Module(NamedTuple):
    """A module of exonu: the digest of its source, and what it needs directly."""

    digest: bytes
    modules: frozenset[str]
    packages: frozenset[str]
    facts: frozenset[Path]


@cache
def _read_module(name: str) -> _Module:
    """Read a module's source."""
    source = _module_file(name)
    assert source is not None
    content = source.read_bytes()
    text = content.decode()
    imported: set[str] = set()
    facts: set[Path] = set()
    if name != _PACKAGE:  # its names are for notebooks, loaded when used; the library uses none
        imported.update(_imports(text))
        facts.update(_named_resources(text))
        if _LAZY in text:  # names that are loaded when used: anything in the package may be meant
            imported.update(_modules_below(name, source.parent))
    others = {one.partition(".")[0] for one in imported} - {_PACKAGE}
    return _Module(
        hashlib.sha256(content).digest(),
        frozenset().union(*(_with_parents(one) for one in imported)),
        frozenset(others - sys.stdlib_module_names),
        frozenset(facts),
    )


def _imports(text: str) -> Iterator[str]:
    """Dotted names that a source imports; of `from a import b` both `a` and `a.b`, which may be a
    module."""
    for found in _IMPORT.finditer(f"\n{text}"):
        listed = found["modules"] or _COMMENT.sub("", found["names"] or found["name"])
        names = [one.split()[0] for one in listed.split(",") if one.strip()]
        if found["module"]:
            yield found["module"]
            names = [f"{found['module']}.{name}" for name in names]
        yield from names


@cache
def _with_parents(name: str) -> frozenset[str]:
    """The modules of exonu in a dotted name: importing a.b.c runs a and a.b first, and c may be a
    function."""
    if name.partition(".")[0] != _PACKAGE:
        return frozenset()
    return frozenset(part for part in _parents(name) if _module_file(part))


def _named_resources(text: str) -> Iterator[Path]:
    if any(f"{name}(" in text for name in _LOCATORS):
        for function, file in _NAMED.findall(_DOCTEST.sub("", text)):
            yield _LOCATORS[function](file)


def _modules_below(package: str, folder: Path) -> Iterator[str]:
    for file in folder.rglob("*.py"):
        if file.name != "__init__.py":
            yield ".".join((package, *file.relative_to(folder).with_suffix("").parts))


@cache
def closure(module: str) -> tuple[frozenset[str], frozenset[str], frozenset[Path]]:
    """All exonu modules, third-party packages and resource files that a module depends on.

    Args:
        module: dotted name, e.g. ``exonu.steps.search.limits``.

    Returns:
        Names of exonu modules, top-level names of third-party packages, paths of resources.
    """
    waiting, seen = set(_with_parents(module)), set[str]()
    packages: set[str] = set()
    facts: set[Path] = set()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        found = _read_module(name)
        waiting |= found.modules - seen
        packages |= found.packages
        facts |= found.facts
    return frozenset(seen), frozenset(packages), frozenset(facts)


def code_digest(module: str) -> str:
    """Digest of the sources of a step's modules and of the resources that they name (12 hex
    digits)."""
    modules, _, facts = closure(module)
    total = hashlib.sha256()
    for name in sorted(modules):
        total.update(name.encode() + b"\0" + _read_module(name).digest)
    for fact in sorted(facts):
        for name, digest in _digests_of(fact):
            total.update(name.encode() + b"\0" + digest)
    return total.hexdigest()[:12]


@cache
def _digests_of(fact: Path) -> list[tuple[str, bytes]]:
    """Names and digests of a resource's files: itself, or all of a folder."""
    files = sorted(fact.rglob("*")) if fact.is_dir() else [fact]
    return [
        (file.name, hashlib.sha256(file.read_bytes()).digest()) for file in files if file.is_file()
    ]


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
