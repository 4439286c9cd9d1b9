"""The wheel alone, in an empty folder, where the repository cannot be imported."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from helpers import ROOT

sys.path.append(str(ROOT / "tests" / "archive"))
from archived_analysis import make_archive, make_results


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from a copy of the repository's sources with what is installed."""
    source = tmp_path_factory.mktemp("source")
    for name in ("workflow", "resources"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy2(ROOT / name, source / name)
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        folder,
        source,
    ]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    [file] = folder.glob("exonu-*-py3-none-any.whl")
    return file


@pytest.fixture(scope="module")
def unpacked(wheel, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def test_it_contains_facts_and_schemas(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder, inside in (("resources", "resources"), ("workflow/schemas", "schemas")):
        files = [
            file
            for file in (ROOT / folder).rglob("*")
            if file.is_file() and "__pycache__" not in file.parts
        ]
        assert files
        for file in files:
            assert f"exonu/_data/{inside}/{file.relative_to(ROOT / folder)}" in names
    assert "exonu/py.typed" in names
    assert {name.split("/")[0].partition("-")[0] for name in names} == {
        "exonu"
    }  # no tests, no configuration


@pytest.fixture
def from_wheel(unpacked, tmp_path):
    """Run Python with the unpacked wheel and the installed packages, but no `.pth` that leads to
    the repository.

    Compiled kernels are those that the tests have: only the source decides which they are.
    """
    packages = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path / "home"),
        "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache"),
        "PYTHONPATH": os.pathsep.join([str(unpacked), *packages]),
    }
    folder = tmp_path / "empty"
    folder.mkdir()

    def run(*arguments):
        command = [sys.executable, "-S", *arguments]
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)

    return run


def test_the_repository_is_out_of_reach(from_wheel, unpacked):
    code = (
        "import sys, exonu, exonu.core.resources as resources\n"
        "print(exonu.__file__, resources.resource_path('solar/fluxes.csv'), *sys.path, sep='\\n')"
    )
    ended = from_wheel("-c", code)
    assert ended.returncode == 0, ended.stderr
    package, fact, *path = ended.stdout.splitlines()
    assert package == str(unpacked / "exonu" / "__init__.py")
    assert fact == str(unpacked / "exonu" / "_data" / "resources" / "solar" / "fluxes.csv")
    assert str(ROOT / "workflow" / "src") not in path


def test_rate_and_limit_run_in_an_empty_folder(from_wheel):
    rate = from_wheel(
        "-m", "exonu.cli", "rate", "--interaction", "weak", "--source", "pp", "--energies", "2"
    )
    assert rate.returncode == 0, rate.stderr
    header, row = rate.stdout.splitlines()
    assert header == "energy_keV,rate_per_tonne_year_keV"
    assert float(row.split(",")[1]) == pytest.approx(
        2.9712 * 44 / 54, rel=5e-3
    )  # free electrons times those unbound
    assert from_wheel("-m", "exonu.cli", "init", "mine").returncode == 0
    limit = from_wheel(
        "-m", "exonu.cli", "limit", "mine/experiment.yaml", "--interaction", "magnetic-moment"
    )
    assert limit.returncode == 0, limit.stderr
    assert json.loads(limit.stdout)["observed"] > 0


@pytest.mark.slow
def test_installed_with_its_dependencies_in_an_empty_environment(wheel, tmp_path):
    """As a user does it; needs the package index that pip is configured for."""
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    programs = tmp_path / "venv" / "bin"
    installed = subprocess.run(
        [programs / "python", "-m", "pip", "install", "--quiet", f"{wheel}[completion]"],
        capture_output=True,
        text=True,
    )
    assert installed.returncode == 0, installed.stderr
    folder = tmp_path / "empty"
    folder.mkdir()
    environment = {
        key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")
    }

    def exonu(*arguments):
        ended = subprocess.run(
            [programs / "exonu", *arguments],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    assert exonu("--version").startswith("exonu ")
    assert exonu("rate", "--interaction", "weak", "--energies", "2").startswith("energy_keV,")
    exonu("init", "mine")
    answers = [
        json.loads(exonu("limit", "mine/experiment.yaml", "--interaction", interaction, *more))
        for interaction, *more in (
            ("magnetic-moment",),
            ("millicharge",),
            ("dark-photon", "--mass-mev", "0.1"),
        )
    ]
    assert all(answer["observed"] > 0 for answer in answers)
    # Without ROOT files it says what to install.
    (folder / "raw.root").write_bytes(b"root")
    shown = subprocess.run(
        [programs / "exonu", "show", "raw.root", "1"],
        cwd=folder, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert shown.returncode == 1
    assert "pip install 'exonu[events]'" in shown.stderr
    # Verification needs nothing more: limits of an archive are found again, and what is none is refused.
    make_results(tmp_path / "results" / "mine")
    archive = make_archive(tmp_path / "results" / "mine")
    assert json.loads(exonu("verify", archive))["limits"]
    refused = subprocess.run(
        [programs / "exonu", "verify", "raw.root"],
        cwd=folder, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: raw.root: ")
    # The first notebook, cell by cell.
    cells = json.loads((ROOT / "docs" / "notebooks" / "first-limit.ipynb").read_text())["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    ended = subprocess.run(
        [programs / "python", "-c", code],
        cwd=folder, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert "magnetic-moment, millicharge" in ended.stdout
    # The Tab key in a bash of its own.
    completed = [
        complete(words, programs, folder)
        for words in ("exonu ver", "exonu limit --interaction mag")
    ]
    assert completed == [["verify"], ["magnetic-moment"]]


COMPLETE = """
eval "$(register-python-argcomplete exonu)"
COMP_LINE=$1 COMP_POINT=${#1} COMP_TYPE=9 COMP_KEY=9
_python_argcomplete exonu
printf '%s\\n' "${COMPREPLY[@]}"
"""


def complete(line, programs, folder):
    """What bash offers for a line that is begun."""
    environment = {"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(folder)}
    ended = subprocess.run(
        ["bash", "--norc", "-c", COMPLETE, "bash", line],
        cwd=folder, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return [word.strip() for word in ended.stdout.splitlines() if word.strip()]
