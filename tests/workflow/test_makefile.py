"""The Makefile: its list, the message to an old Python, and what `clean` leaves."""

import os
import re
import shutil
import subprocess

import pytest
from helpers import ROOT


@pytest.fixture
def tree(tmp_path):
    """A copy with the Makefile, the locks it depends on, and some results."""
    shutil.copy2(ROOT / "Makefile", tmp_path / "Makefile")
    shutil.copy2(ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    shutil.copytree(ROOT / "envs", tmp_path / "envs")
    for name in (
        "results/README.md",
        "results/mine/limits/limits.csv",
        "results/mine/.hidden",
        ".snakemake/metadata/x",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def make(tree, *arguments, **environment):
    inherited = {
        key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))
    }
    return subprocess.run(
        ["make", *arguments],
        cwd=tree,
        env={**inherited, **environment},
        capture_output=True,
        text=True,
    )


def test_help_lists_every_target(tree):
    ended = make(tree, "help")
    assert (ended.returncode, ended.stderr) == (0, "")
    listed = set(re.findall(r"^  make ([a-z-]+) ", ended.stdout, re.MULTILINE))
    targets = set(
        re.findall(r"^\.PHONY: ([a-z-]+)$", (tree / "Makefile").read_text(), re.MULTILINE)
    )
    assert {"run", "test", "test-all", "clean", "clean-all", "help"} <= targets
    assert listed == targets


def test_make_alone_runs_the_workflow_in_its_own_environment(tree):
    ended = make(tree, "--dry-run")
    assert ended.returncode == 0
    assert ".venv/bin/snakemake --cores all" in ended.stdout.splitlines()[-1]
    assert "envs/requirements.lock" in ended.stdout
    assert "--require-hashes" in ended.stdout


def test_make_test_sets_up_by_itself(tree):
    ended = make(tree, "--dry-run", "test")
    assert ended.returncode == 0
    assert "envs/dev.lock" in ended.stdout
    assert "pytest" in ended.stdout.splitlines()[-1]


def old_python(folder, version, name="python3"):
    """A program that answers as an old Python would; nothing else is installed."""
    program = folder / "bin" / name
    program.parent.mkdir(exist_ok=True)
    program.write_text(
        f'#!/bin/sh\nif [ "$1" = --version ]; then echo "Python {version}"; exit 0; fi\nexit 1\n'
    )
    program.chmod(0o755)
    return program


@pytest.mark.parametrize("version", ["3.8.20", "3.10.14"])
@pytest.mark.parametrize("target", ["run", "test"])
def test_an_old_python_gets_one_line(tree, version, target):
    old_python(tree, version)
    ended = make(tree, target, PATH=f"{tree / 'bin'}:{os.environ['PATH']}")
    assert ended.returncode != 0
    [line] = [line for line in ended.stderr.splitlines() if not line.startswith("make")]
    assert (
        line
        == f"exonu needs Python 3.11 or newer; python3 is Python {version}. Try: make PYTHON=python3.12"
    )
    assert ended.stdout == ""
    assert not (tree / ".venv").exists()


def test_a_python_that_is_not_there_gets_one_line(tree):
    ended = make(tree, "run", "PYTHON=python3.99")
    assert ended.returncode != 0
    [line] = [line for line in ended.stderr.splitlines() if not line.startswith("make")]
    assert line.startswith("exonu needs Python 3.11 or newer; python3.99 is")


def test_clean_removes_results_and_leaves_their_description(tree):
    (tree / ".venv").mkdir()
    assert make(tree, "clean").returncode == 0
    assert [path.name for path in (tree / "results").rglob("*")] == ["README.md"]
    assert not (tree / ".snakemake").exists()
    assert (tree / ".venv").exists()
    assert make(tree, "clean").returncode == 0  # nothing to remove is no fault


def test_clean_all_removes_environment_and_caches_too(tree):
    for name in (".venv", ".pytest_cache", "tests/__pycache__", "dist"):
        (tree / name).mkdir(parents=True)
    assert make(tree, "clean-all").returncode == 0
    left = {str(path.relative_to(tree)) for path in tree.rglob("*")} - {
        f"envs/{p.name}" for p in (ROOT / "envs").iterdir()
    }
    assert left == {"Makefile", "pyproject.toml", "envs", "results", "results/README.md", "tests"}
