"""The documentation is what the code says, and the version stands in one place with its copies
equal."""

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from exonu import __version__

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


def test_the_page_of_the_command_line_is_made_from_the_parser():
    made = subprocess.run(
        [sys.executable, DOCS / "cli_page.py"], capture_output=True, text=True, check=True
    ).stdout
    assert (DOCS / "cli.md").read_text(encoding="utf-8") == made, (
        "run python docs/cli_page.py > docs/cli.md"
    )
    from exonu.cli import _parser

    [commands] = [
        action for action in _parser()._actions if action.choices and "rate" in action.choices
    ]
    assert set(re.findall(r"^## exonu (\w+)$", made, re.MULTILINE)) == set(commands.choices)


def test_versions_are_equal():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    zenodo = json.loads((ROOT / ".zenodo.json").read_text(encoding="utf-8"))
    assert citation["version"] == zenodo["version"] == __version__
    assert citation["title"] == zenodo["title"]
    assert citation["license"] == zenodo["license"]
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "## Unreleased" in changes or f"## {__version__}" in changes


def test_the_catalog_finds_what_it_needs():
    catalog = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text(encoding="utf-8"))
    assert catalog["usage"]["software-stack-deployment"]["conda"] is True
    assert catalog["usage"]["report"] is True
    for name in ("workflow/Snakefile", "config/README.md", "envs/environment.yaml", "README.md"):
        assert (ROOT / name).is_file()


def test_archives_named_in_the_documentation_have_this_version():
    for page in [ROOT / "README.md", *DOCS.rglob("*.md")]:
        for version in re.findall(
            r"archive/[a-z0-9-]+-(\d+\.\d+\.\d+)\.zip", page.read_text(encoding="utf-8")
        ):
            assert version == __version__, page


def test_files_that_the_documentation_names_are_there():
    """Paths of the repository in backticks, as far as they are no pattern and no result."""
    named = re.compile(
        r"`((?:workflow|config|resources|tests|envs|docs|profiles/default)/[\w./-]+)`"
    )
    for page in [ROOT / "README.md", *DOCS.rglob("*.md")]:
        for name in named.findall(page.read_text(encoding="utf-8")):
            if "my-experiment" not in name:
                assert (ROOT / name).exists(), f"{page.relative_to(ROOT)} names {name}"


DRAWN = ("limits", "coupling_mass", "spectrum", "signals", "diagnostics", "projections")
"""Those of published data: the demonstration's differ a little from processor to processor."""


@pytest.mark.skipif(
    not all(
        (ROOT / "results" / name / "figures" / "limits.png").is_file()
        for name in ("xenonnt-sr0", "xenon1t-sr1", "xmass-demo", "comparison")
    ),
    reason="needs the results of `make`, which CI runs before",
)
def test_figures_of_the_documentation_are_those_of_the_results(tmp_path):
    """Dot by dot, but for what rounding moves by less than the width of a line."""
    from matplotlib.image import imread

    subprocess.run(
        [sys.executable, DOCS / "draw_figures.py", ROOT / "results", tmp_path], check=True
    )
    committed = {file.name for file in (DOCS / "figures").glob("*.png")}
    assert {file.name for file in tmp_path.iterdir()} <= committed
    for file in (tmp_path / f"{name}.png" for name in DRAWN):
        new, shown = imread(file), imread(DOCS / "figures" / file.name)
        assert new.shape == shown.shape, f"{file.name} is stale: run python docs/draw_figures.py"
        assert abs(new - shown).mean() < 1e-3, (
            f"{file.name} is stale: run python docs/draw_figures.py"
        )


@pytest.mark.slow
def test_the_site_builds_without_warnings(tmp_path):
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-W",
        "--keep-going",
        "-q",
        "-b",
        "html",
        "-d",
        tmp_path / "trees",
        DOCS,
        tmp_path / "site",
    ]
    built = subprocess.run(command, capture_output=True, text=True)
    assert (built.returncode, built.stderr) == (0, "")
    page = (tmp_path / "site" / "physics.html").read_text(encoding="utf-8")
    assert page.count("<math") > 10
    assert not re.search(r'<(script|link|img)[^>]*(src|href)="https?:', page)


def test_the_architecture_page_names_what_exists():
    """Every function, class, module and package of the page, and every package of the library."""
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    names = re.findall(r"`(exonu(?:\.\w+)+)`", page)
    assert len(names) >= 30
    for name in names:
        parts = name.split(".")
        for length in range(len(parts), 1, -1):
            try:
                found = importlib.import_module(".".join(parts[:length]))
            except ModuleNotFoundError:
                continue
            for attribute in parts[length:]:
                found = getattr(found, attribute)
            break
        else:
            pytest.fail(f"{name} does not exist")
    packages = {f.parent.name for f in (ROOT / "workflow/src/exonu").glob("*/__init__.py")}
    assert packages <= set(re.findall(r"`(\w+)`", page))


def test_the_ways_through_the_code_have_at_most_twenty_stations():
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    assert max(map(int, re.findall(r"^(\d+)\. ", page, re.MULTILINE))) <= 20


WORDS = ("experiment", "analysis", "sample", "component", "template", "search", "study")


def test_every_word_of_the_vocabulary_is_explained_and_one_module_is_called_so():
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    section = page[page.index("## Vocabulary") : page.index("## One event")]
    modules = list((ROOT / "workflow/src/exonu").rglob("*.py"))
    library = [file for file in modules if "steps" not in file.parts]
    for word in WORDS:
        assert f"**{word}**" in section
        assert len([file for file in library if file.stem == word]) <= 1
