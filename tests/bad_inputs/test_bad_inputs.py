"""The corpus: every bad input ends with one message that names file, field and remedy, and leaves
nothing behind.

Each case changes a valid input (`valid_inputs`) in one place and goes through what a user runs:
planning, `exonu limit`, `exonu verify`, or the step `ingest`; here in this process, and
`test_bad_inputs_snakemake` through the real commands."""

import json

import numpy as np
import pytest
from cases_archives import ARCHIVES
from cases_configuration import CONFIGURATION, SPECTRA
from cases_events import EVENT_FILES, SHEETS
from cases_root import ROOT_FILES
from cases_workspaces import WORKSPACES
from planning import plan
from valid_inputs import (
    write_events,
    write_published,
    write_root,
    write_small_archive,
    write_workspace,
)

from bad_inputs import assert_message
from exonu.cli import main
from exonu.core.errors import InputError
from exonu.core.files import canonical_json
from exonu.events.runs.read_inputs import read_event_inputs
from exonu.steps._step import run
from exonu.steps.events import ingest as ingest_step

CORPUS = {
    "configuration": CONFIGURATION, "spectra": SPECTRA, "events": EVENT_FILES, "sheets": SHEETS,
    "ROOT files": ROOT_FILES, "workspaces": WORKSPACES, "archives": ARCHIVES,
}  # fmt: skip


def of(*kinds):
    """Parametrisation over cases."""
    cases = {name: case for kind in kinds for name, case in CORPUS[kind].items()}
    return pytest.mark.parametrize("case", cases.values(), ids=cases)


def test_the_corpus_is_large():
    assert sum(map(len, CORPUS.values())) >= 250
    assert min(map(len, CORPUS.values())) >= 25


def assert_planning_refuses(write, case, folder):
    write(folder)
    plan(folder / "config" / "config.yaml")  # the valid input is valid
    case.change(folder)
    before = sorted(folder.rglob("*"))
    with pytest.raises(InputError) as error:
        plan(folder / "config" / "config.yaml")
    assert_message(str(error.value), case, folder)
    assert sorted(folder.rglob("*")) == before


@of("configuration", "spectra")
def test_published_spectrum(case, tmp_path):
    assert_planning_refuses(write_published, case, tmp_path)


@of("events", "sheets")
def test_events(case, tmp_path):
    assert_planning_refuses(write_events, case, tmp_path)


def assert_command_refuses(command, case, folder, capsys):
    case.change(folder)
    before = sorted(folder.rglob("*"))
    assert main([*command]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert_message(err.removeprefix("error: "), case, folder)
    assert sorted(folder.rglob("*")) == before


@of("workspaces")
def test_workspace(case, tmp_path, capsys):
    write_workspace(tmp_path)
    assert_command_refuses(["limit", str(tmp_path / "workspace.json")], case, tmp_path, capsys)


def test_the_workspace_is_valid(tmp_path, capsys):
    write_workspace(tmp_path)
    assert main(["limit", str(tmp_path / "workspace.json")]) == 0
    assert json.loads(capsys.readouterr().out)["physical"]["observed"] > 0


@of("archives")
def test_archive(case, tmp_path, capsys):
    write_small_archive(tmp_path)
    assert_command_refuses(["verify", str(tmp_path / "archive.zip")], case, tmp_path, capsys)


def ingest(folder, **source):
    """The step `ingest` as a rule runs it: what it says, empty if all was well."""
    settings = read_event_inputs(folder / "events.yaml", 642).ingest_settings(**source)
    output = [
        "--events",
        str(folder / "made" / "events.root"),
        "--report",
        str(folder / "made" / "report.json"),
    ]
    try:
        run(ingest_step.main, ["--settings", canonical_json(settings), *output])
    except SystemExit as end:
        return str(end.code)  # a text, so it is printed to stderr, and the status is 1
    return ""


@pytest.mark.parametrize("source", [{"run": 1}, {"sample": "lxe"}])
def test_the_root_files_are_valid(source, tmp_path):
    write_root(tmp_path)
    assert ingest(tmp_path, **source) == ""
    assert (tmp_path / "made" / "events.root").stat().st_size > 0


@of("ROOT files")
def test_root_file(case, tmp_path):
    write_root(tmp_path)
    case.change(tmp_path)
    said = ingest(tmp_path, **({"sample": "lxe"} if case.file == "sample.root" else {"run": 1}))
    assert said.startswith("error: ")
    assert_message(said.removeprefix("error: "), case, tmp_path)
    assert not list(tmp_path.glob("made/*"))
    assert not list(tmp_path.glob("made/.*"))


@pytest.mark.parametrize("seed", range(12))
def test_random_bytes_in_a_root_file(seed, tmp_path):
    """A flipped byte is found, or it changes a value that may be so; nothing else happens."""
    write_root(tmp_path)
    content = np.fromfile(tmp_path / "run1.root", dtype=np.uint8)
    rng = np.random.default_rng(seed)
    content[rng.integers(0, len(content), rng.integers(1, 30))] ^= np.uint8(rng.integers(1, 256))
    content.tofile(tmp_path / "run1.root")
    said = ingest(tmp_path, run=1)
    assert said == "" or said.startswith(f"error: {tmp_path}/run1.root: ")
