"""The rules of the house that a machine can check."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "workflow" / "src" / "exonu"
# Each package may import those of the lines above it, and of its own line only itself.
LAYERS = [
    {"core"},
    {"solar", "xenon", "detector", "statistics"},
    {"interactions"},
    {"events"},
    {"templates"},
    {"publication"},
    {"search"},
    {"injection", "studies", "variants"},
    {"archive"},
    {"crate"},
    {"archiving", "verification"},
    {"cli", "steps"},
]
LEVEL = {package: level for level, layer in enumerate(LAYERS) for package in layer}
MODULES = sorted(LIBRARY.rglob("*.py"))


def imported(file):
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
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


def test_files_are_short():
    for file in MODULES:
        assert len(file.read_text().splitlines()) <= 420, file


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
    bounds = {name.lower().replace("matplotlib-base", "matplotlib"): bound for name, _, bound in map(split, conda)}
    for requirement in wanted:
        name, _, bound = split(requirement)
        assert bounds[name.lower()] == bound


def split(requirement):
    match = re.match(r"([A-Za-z0-9-]+)\s*(.*)", requirement)
    return match[1], " ", match[2]


def test_importing_the_library_is_light():
    """Scripts that need no fit, no figure and no table do not pay for them."""
    code = "import sys, exonu.interactions, exonu.detector, exonu.statistics; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"matplotlib", "pyhf", "pandas", "numba", "jsonschema"} & set(loaded)
