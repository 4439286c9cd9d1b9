"""What stands beside the code for others: pages that Sphinx does not overwrite, public CI, containers,
schemas that editors find."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from exonu import __version__

ROOT = Path(__file__).resolve().parents[2]
GENERATED = {"search", "genindex", "modindex", "py-modindex", "searchindex", "objects"}
"""Pages that Sphinx makes itself; one of ours of that name is lost on the site."""


def test_no_page_has_the_name_of_one_that_sphinx_makes():
    docs = ROOT / "docs"
    for page in docs.rglob("*.*"):
        if page.relative_to(docs).parts[0] == "_build":  # the site itself
            continue
        assert page.stem.lower() not in GENERATED, page
        assert not page.stem.startswith("_"), page


def test_public_ci_runs_what_ours_runs():
    lines = re.findall(r"^make.*$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    targets = [[word for word in line.split()[1:] if word[:1] != "-"] for line in lines]
    ours = {f"make {target}".strip() for found in targets for target in found or [""]}
    jobs = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]
    commands = {step["run"] for job in jobs.values() for step in job["steps"] if "run" in step}
    assert ours == {"make", "make check", "make docs", "make test"}
    assert ours <= commands
    versions = jobs["tests"]["strategy"]["matrix"]["python-version"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    stated = [one.rpartition(" ")[2] for one in project["classifiers"] if "Python :: 3." in one]
    assert versions == stated


def copied(file, pattern):
    return [
        name
        for line in re.findall(pattern, (ROOT / file).read_text(), re.MULTILINE)
        for name in line.split()[:-1]
    ]


def test_images_copy_the_same_files_which_exist():
    docker = copied("Dockerfile", r"^COPY (.+)$")
    apptainer = copied("envs/exonu.def", r"^    (\S+ /opt/\S+)$")
    assert sorted(docker) == sorted(apptainer)
    for name in docker:
        assert (ROOT / name).exists(), name
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert not {Path(name).parts[0] for name in docker} & set(ignored)


TEMPLATES = sorted((ROOT / "resources").glob("template*/*.yaml"))


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_editors_find_the_schema_of_a_template(file):
    first = file.read_text().splitlines()[0]
    name = first.removeprefix("# yaml-language-server: $schema=")
    assert name != first
    schema = yaml.safe_load((file.parent / name).read_text())
    Draft202012Validator.check_schema(schema)
    assert set(yaml.safe_load(file.read_text())) <= set(schema["properties"])


def test_the_change_log_has_the_release():
    assert re.search(
        rf"^## {re.escape(__version__)} - \d{{4}}-\d\d-\d\d$",
        (ROOT / "CHANGELOG.md").read_text(),
        re.MULTILINE,
    )
