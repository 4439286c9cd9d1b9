"""The rules of the house that a machine can check."""

import ast
import re
import subprocess
import sys
from collections import Counter
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from parsed_library import LIBRARY, MODULES, nodes, tree

ROOT = Path(__file__).resolve().parents[2]
# Each package may import those of the lines above it, and of its own line only itself.
LAYERS = [
    {"core"},
    {"catalogue"},
    {"solar", "targets", "detector", "statistics"},
    {"sources", "xenon"},
    {"interactions", "decays"},
    {"events"},
    {"simulation"},
    {"templates"},
    {"search"},
    {"report"},
    {"archive"},
    {"cli", "front_door", "steps"},
]
LEVEL = {package: level for level, layer in enumerate(LAYERS) for package in layer}
STEPS = ("events", "templates", "search", "report")
LONGEST_FUNCTION = 90


def imported(file):
    for node in nodes(file, ast.Import, ast.ImportFrom):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif node.module:
            yield node.module


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(LIBRARY)))
def test_imports_point_downwards(file):
    own = file.relative_to(LIBRARY).parts[0].removesuffix(".py")
    for name in imported(file):
        assert name.split(".")[0] != "snakemake"
        parts = name.split(".")
        if parts[0] != "exonu" or len(parts) == 1 or own == "__init__":
            continue
        assert parts[1] == own or LEVEL[parts[1]] < LEVEL[own], f"{own} imports {name}"


def module_name(file):
    parts = file.relative_to(LIBRARY.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {module_name(file): file for file in MODULES}


def modules_imported(file):
    """Those of the library, imports inside functions and for types included."""
    for node in nodes(file, ast.Import, ast.ImportFrom):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in NAMES else node.module


def test_no_circle_between_files():
    """`exonu` itself loads what it exports when that is used; of it the library imports its version
    and nothing else."""
    graph = {
        name: {other for other in modules_imported(file) if other in NAMES and other != name}
        for name, file in NAMES.items()
        if name != "exonu"
    }
    for file in MODULES:
        for node in nodes(file, ast.ImportFrom):
            if node.module == "exonu":
                names = {alias.name for alias in node.names}
                assert names <= {"__version__", *LEVEL}, file
    TopologicalSorter(graph).prepare()  # names the circle


def test_a_floor_holds_at_most_fifteen_files():
    for folder in {file.parent for file in MODULES} - {LIBRARY / "steps" / step for step in STEPS}:
        assert len(list(folder.glob("*.py"))) <= 15, folder


def test_a_name_exists_once():
    """Two modules of one name are told apart by nothing where they are spoken of."""
    stems = Counter(
        file.stem
        for file in MODULES
        if file.stem != "__init__" and "steps" not in file.relative_to(LIBRARY).parts
    )
    assert [stem for stem, times in stems.items() if times > 1] == []


def test_packages_say_what_comes_in_and_out():
    for file in MODULES:
        if file.name == "__init__.py":
            assert ast.get_docstring(tree(file)), file


def test_functions_are_short():
    """A function fits on a screen or two; files are as long as their subject."""
    for file in MODULES:
        for node in nodes(file, ast.FunctionDef):
            end = node.end_lineno or node.lineno
            assert end - node.lineno < LONGEST_FUNCTION, f"{file}: {node.name}"


def test_locks_name_no_host():
    for lock in (ROOT / "envs").glob("*.lock"):
        text = lock.read_text()
        assert "--hash=sha256:" in text
        assert "://" not in text


def test_conda_environment_has_the_bounds_of_the_package():
    import tomllib

    import yaml

    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    conda = yaml.safe_load((ROOT / "envs" / "environment.yaml").read_text())["dependencies"]
    bounds = {
        name.lower().replace("matplotlib-base", "matplotlib"): bound
        for name, _, bound in map(split, conda)
    }
    for requirement in wanted:
        name, _, bound = split(requirement)
        assert bounds[name.lower()] == bound


def split(requirement):
    match = re.match(r"([A-Za-z0-9-]+)\s*(.*)", requirement)
    return match[1], " ", match[2]


def test_importing_the_library_is_light():
    """Scripts that need no fit, no figure and no table do not pay for them."""
    code = "import sys, exonu.interactions, exonu.detector, exonu.statistics; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"matplotlib", "pyhf", "pandas", "numba", "jsonschema"} & set(loaded)
